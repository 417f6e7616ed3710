"""HTTP of teaching by a plan: docs/http.md."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import asker_of, require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, iso, read_json
from server.planning.teaching.outline import Outline
from server.planning.teaching.service import Laid, Taken

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
_Version = Annotated[int, msgspec.Meta(ge=0, le=1 << 20)]


class NewLesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lesson to plan for it: as `POST /api/lessons`, without what the plan says."""

    starts_at: datetime
    planned_minutes: Annotated[int, msgspec.Meta(ge=5, le=240)]
    classroom_ids: Annotated[tuple[_Id, ...], msgspec.Meta(max_length=60)] = ()
    paired_school_id: _Id | None = None
    open_to_observers: bool = False


class Teaching(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/plans/{id}/lessons`: a lesson of the timetable, or a new one. Version 0: the last final."""

    version: _Version = 0
    lesson_id: _Id | None = None
    lesson: NewLesson | None = None


async def get_outline(request: Request) -> Response:
    """`GET /api/plans/{id}/outline[?version=]`: what a lesson would take of the plan."""
    person, said = await require_person(request), request.query_params.get("version", "0")
    if not (said.isascii() and said.isdigit() and len(said) < 7):
        raise field_invalid("version")
    plan, number, outline = await services_of(request).planning.teaching.outline(
        person, request.path_params["plan"], int(said)
    )
    return answer({"plan_id": plan.id, "title": plan.title, "subject": plan.subject, "version": number}
                  | _outline(outline))  # fmt: skip


async def teach(request: Request) -> Response:
    """`POST /api/plans/{id}/lessons`."""
    person, services, asker = await require_person(request), services_of(request), await asker_of(request)
    body, plan_id = await read_json(request, Teaching), request.path_params["plan"]
    if (body.lesson_id is None) is (body.lesson is None):
        raise field_invalid("lesson_id", "请选课表里的一节课，或者新排一节。")
    lesson_id = body.lesson_id
    if body.lesson is not None:
        plan, _, _ = await services.planning.teaching.outline(
            person, plan_id, body.version
        )  # refused before a lesson is made
        new = body.lesson
        made = await services.lessons.plan(
            person, plan.title, plan.subject, new.starts_at, new.planned_minutes, new.classroom_ids,
            new.paired_school_id, new.open_to_observers,
            require_free=services.preparing.timetables.service.require_free,
        )  # fmt: skip
        lesson_id = made.id
    assert lesson_id is not None, "one of both was said"
    taken = await services.planning.teaching.take(asker, person, plan_id, body.version, lesson_id)
    if taken.outline.deck_id:
        await services.preparing.decks.fulfil(lesson_id, taken.outline.deck_id)
    return answer(_taken(taken), 201)


async def get_segments(request: Request) -> Response:
    """`GET /api/lessons/{id}/segments`: planned and taught, side by side."""
    asker = await asker_of(request)
    return answer(_laid(await services_of(request).planning.teaching.laid(asker, request.path_params["lesson"])))


def _outline(outline: Outline) -> dict[str, Any]:
    return {
        "segments": msgspec.to_builtins(outline.segments),
        "questions": [{"title": one.title, "kind": one.kind, "page": one.page} for one in outline.questions],
        "deck_id": outline.deck_id,
        "left_out": outline.left_out,
    }


def _taken(taken: Taken) -> dict[str, Any]:
    told = {"lesson_id": taken.lesson.id, "title": taken.lesson.title, "version": taken.version}
    return told | {"deck_title": taken.deck_title} | _outline(taken.outline)


def _laid(laid: Laid) -> dict[str, Any]:
    lesson, plan = laid.lesson, laid.plan
    return {
        "lesson": {
            "id": lesson.id, "title": lesson.title, "state": lesson.state, "starts_at": iso(lesson.starts_at_ms),
            "planned_minutes": lesson.planned_minutes, "lecturer": lesson.lecturer.name,
        },
        "plan": None if plan is None else {"id": plan.id, "title": plan.title, "version": laid.version},
        **msgspec.to_builtins(laid.comparison),
    }  # fmt: skip


def routes() -> list[Route]:
    """Return the routes of teaching by a plan."""
    return [
        Route("/api/plans/{plan}/outline", get_outline, methods=["GET"]),
        Route("/api/plans/{plan}/lessons", teach, methods=["POST"]),
        Route("/api/lessons/{lesson}/segments", get_segments, methods=["GET"]),
    ]
