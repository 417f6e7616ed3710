"""HTTP of questions: what is prepared, what came of it, and photos of pupils' work (docs/http.md)."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from server.asking import asker_of, require_known
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, read_body, read_json
from server.lessons.access import entries, seat_for
from server.lessons.model import Lesson
from server.lessons.questions.model import MAX_PHOTO_BYTES, MAX_PREPARED, PreparedList, PreparedQuestion, Results
from server.lessons.questions.sheet import result_rows
from server.sheets import as_csv, as_xlsx
from signaling import messages as m
from signaling.questions import QuestionKind

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FOR_GOOD = "private, max-age=31536000, immutable"
_NOTHING_INSIDE = "default-src 'none'"


class GivenQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question of `PUT /api/lessons/{id}/questions`; without `id` a new one."""

    kind: QuestionKind
    title: Annotated[str, msgspec.Meta(max_length=2000)]
    options: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=400)], ...], msgspec.Meta(max_length=6)] = ()
    page: Annotated[int, msgspec.Meta(ge=0, le=2000)] = 0
    exit_ticket: bool = False
    answer: Annotated[str, msgspec.Meta(max_length=400)] = ""
    id: Annotated[str, msgspec.Meta(max_length=16)] = ""


class GivenList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/lessons/{id}/questions`: all of them, in order."""

    version: Annotated[str, msgspec.Meta(max_length=16)]
    items: Annotated[tuple[GivenQuestion, ...], msgspec.Meta(max_length=MAX_PREPARED)]


class CopyFrom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/lessons/{id}/questions/copy`."""

    lesson_id: Annotated[str, msgspec.Meta(max_length=16)]


async def _lesson(request: Request) -> Lesson:
    return await services_of(request).lessons.see(await require_known(request), request.path_params["lesson"])


async def get_questions(request: Request) -> Response:
    """`GET /api/lessons/{id}/questions`."""
    services, asker, lesson = services_of(request), await asker_of(request), await _lesson(request)
    acts = services.live.is_acting(lesson.id, [seat_for(entry, lesson) for entry in entries(asker, lesson)])
    return _list_answer(await services.preparing.questions.prepared(asker, lesson, acts=acts))


async def put_questions(request: Request) -> Response:
    """`PUT /api/lessons/{id}/questions`."""
    services, asker = services_of(request), await require_known(request)
    body = await read_json(request, GivenList)
    items = [
        PreparedQuestion(one.id, one.kind, one.title, one.options, one.page, one.exit_ticket, one.answer)
        for one in body.items
    ]
    return _list_answer(
        await services.preparing.questions.prepare(asker, request.path_params["lesson"], items, body.version)
    )


async def copy_questions(request: Request) -> Response:
    """`POST /api/lessons/{id}/questions/copy`."""
    services, asker = services_of(request), await require_known(request)
    body = await read_json(request, CopyFrom)
    return _list_answer(await services.preparing.questions.copy(asker, request.path_params["lesson"], body.lesson_id))


async def get_results(request: Request) -> Response:
    """`GET /api/lessons/{id}/results`."""
    lesson = await _lesson(request)
    return answer(
        _results_answer(await services_of(request).preparing.questions.results(await asker_of(request), lesson))
    )


async def export_results(request: Request) -> Response:
    """`GET /api/lessons/{id}/results.csv` and `.xlsx`."""
    lesson, kind = await _lesson(request), request.path_params["kind"]
    if kind not in ("csv", "xlsx"):
        raise field_invalid("kind")
    rows = result_rows(await services_of(request).preparing.questions.results(await asker_of(request), lesson))
    if kind == "csv":
        data, mime = as_csv(rows), "text/csv; charset=utf-8"
    else:
        data, mime = await asyncio.to_thread(as_xlsx, "作答结果", rows), XLSX
    name = quote(f"{lesson.title}-作答结果.{kind}")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}", "cache-control": "no-store"}
    return Response(data, headers=headers, media_type=mime)


async def give_late(request: Request) -> Response:
    """`POST /api/lessons/{id}/answers`: what lay on a phone until the lesson was over."""
    services, lesson = services_of(request), await _lesson(request)
    batch = await read_json(request, m.GiveAnswers | m.CountHands)  # type: ignore[arg-type]  # PEP 747
    is_new = await services.preparing.questions.give_late(await asker_of(request), lesson, batch, time.monotonic())
    return answer({"is_new": is_new})


async def add_photo(request: Request) -> Response:
    """`POST /api/lessons/{id}/photos?classroom=`: the body is the picture."""
    services, lesson = services_of(request), await _lesson(request)
    data = await read_body(request, MAX_PHOTO_BYTES)
    classroom = request.query_params.get("classroom", "")
    photo = await services.preparing.questions.keep_photo(await asker_of(request), lesson, classroom, data)
    return answer({"id": photo.id, "bytes": photo.bytes}, 201)


async def get_photo(request: Request) -> Response:
    """`GET /api/lessons/{id}/photos/{photo}`."""
    services, lesson, photo_id = services_of(request), await _lesson(request), request.path_params["photo"]
    is_shown = services.live.photo_shown(lesson.id) == photo_id
    photo = await services.preparing.questions.photo(await asker_of(request), lesson, photo_id, is_shown=is_shown)
    headers = {"cache-control": _FOR_GOOD, "etag": f'"{photo.id}"', "content-security-policy": _NOTHING_INSIDE}
    return FileResponse(services.preparing.questions.photo_path(photo), headers=headers, media_type=photo.mime)


def _list_answer(questions: PreparedList) -> Response:
    return answer({"version": questions.version, "items": [msgspec.structs.asdict(one) for one in questions.items]})


def _results_answer(results: Results) -> dict[str, Any]:
    return {name: getattr(results, name) for name in ("questions", "classrooms", "answers", "hands")}


def routes() -> list[Route]:
    """Return the routes of questions."""
    return [
        Route("/api/lessons/{lesson}/questions", get_questions, methods=["GET"]),
        Route("/api/lessons/{lesson}/questions", put_questions, methods=["PUT"]),
        Route("/api/lessons/{lesson}/questions/copy", copy_questions, methods=["POST"]),
        Route("/api/lessons/{lesson}/results", get_results, methods=["GET"]),
        Route("/api/lessons/{lesson}/results.{kind}", export_results, methods=["GET"]),
        Route("/api/lessons/{lesson}/answers", give_late, methods=["POST"]),
        Route("/api/lessons/{lesson}/photos", add_photo, methods=["POST"]),
        Route("/api/lessons/{lesson}/photos/{photo}", get_photo, methods=["GET"]),
    ]
