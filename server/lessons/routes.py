"""HTTP of the lessons domain: lessons, their pages and room tokens (docs/http.md). Live doors are elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from server.asking import asker_of, require_known, require_person
from server.context import Services, services_of
from server.json_http import answer, answer_list, iso, no_content, read_json
from server.lessons.access import entries, may_see_figures, require_entry, seat_for
from server.lessons.model import CLASSROOM_WIDTH, Lesson, PageFile
from server.lessons.packs.pace import Pace
from server.lessons.packs.paced import trickled_file
from server.lessons.service import MAX_CLASSROOMS
from server.lessons.tokens import TOKEN_LIFE_S, WHIP_TOKEN_LIFE_S
from server.turn import turn_servers
from signaling.errors import Refused
from signaling.roles import Role

# A page that never changes under its address: the deck's id is part of it.
_FOR_GOOD = "private, max-age=31536000, immutable"
# A drawing may carry styles but no script, whoever opens it by itself.
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]


class NewLesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/lessons`."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    starts_at: datetime
    planned_minutes: Annotated[int, msgspec.Meta(ge=5, le=240)]
    classroom_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=MAX_CLASSROOMS)] = ()
    paired_school_id: Id | None = None
    open_to_observers: bool = False


class WantedSeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/lessons/{id}/token`."""

    role: Role
    classroom_id: Id | None = None


async def _answers(request: Request, lessons: list[Lesson]) -> list[dict[str, Any]]:
    services, asker = services_of(request), await asker_of(request)
    recordings = await services.live.ids_by_lesson(tuple(lesson.id for lesson in lessons))
    found = []
    for lesson in lessons:
        ways = entries(asker, lesson) if lesson.cancelled is None else ()
        roles = dict.fromkeys(entry.role.value for entry in ways)
        shown = _lesson_answer(services, lesson, list(roles), recordings.get(lesson.id))
        found.append(shown | {"figures": may_see_figures(asker, lesson)})
    return found


def _lesson_answer(services: Services, lesson: Lesson, roles: list[str], recording: str | None) -> dict[str, Any]:
    seats = services.live.seats(lesson.id)
    paired = lesson.paired_school
    return {
        "id": lesson.id,
        "title": lesson.title,
        "subject": lesson.subject,
        "state": lesson.state,
        "starts_at": iso(lesson.starts_at_ms),
        "planned_minutes": lesson.planned_minutes,
        "lecturer": {"id": lesson.lecturer.id, "name": lesson.lecturer.name},
        "lecturer_school": {"id": lesson.lecturer_school.id, "name": lesson.lecturer_school.name},
        "paired_school": {"id": paired.id, "name": paired.name} if paired else None,
        "classrooms": [
            {
                "id": room.id,
                "name": room.name,
                "school": {"id": room.school.id, "name": room.school.name},
                "online": room.id in seats.online_classrooms,
            }
            for room in lesson.classrooms
        ],
        "pages": lesson.pages,
        "open_to_observers": lesson.open_to_observers,
        "roles": roles,
        "seats": {"classrooms_online": seats.classrooms_online, "people_online": seats.people_online},
        "recording_id": recording,
        "cancelled": lesson.cancelled,
        "series_id": lesson.series_id,
    }


async def answer_lesson(request: Request, lesson: Lesson, status: int = 200) -> Response:
    """Answer with a lesson as the asker sees it."""
    return answer((await _answers(request, [lesson]))[0], status)


async def list_lessons(request: Request) -> Response:
    """`GET /api/lessons`."""
    asker, services = await require_known(request), services_of(request)
    if services.demo is not None:
        services.demo.visit()
    return answer_list(await _answers(request, await services.lessons.visible(asker)))


async def add_lesson(request: Request) -> Response:
    """`POST /api/lessons`."""
    person = await require_person(request)
    body = await read_json(request, NewLesson)
    lesson = await services_of(request).lessons.plan(
        person,
        body.title.strip(),
        body.subject.strip(),
        body.starts_at,
        body.planned_minutes,
        body.classroom_ids,
        body.paired_school_id,
        body.open_to_observers,
        require_free=services_of(request).preparing.timetables.service.require_free,
    )
    return await answer_lesson(request, lesson, 201)


async def get_lesson(request: Request) -> Response:
    """`GET /api/lessons/{id}`."""
    lesson = await services_of(request).lessons.see(await asker_of(request), request.path_params["lesson"])
    return await answer_lesson(request, lesson)


async def remove_lesson(request: Request) -> Response:
    """`DELETE /api/lessons/{id}`."""
    await services_of(request).lessons.cancel(await asker_of(request), request.path_params["lesson"])
    return no_content()


async def get_page(request: Request) -> Response:
    """`GET /api/lessons/{id}/pages/{n}`: for who may see the lesson, or holds a token of its room."""
    services, lesson_id = services_of(request), request.path_params["lesson"]
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    token = bearer or request.query_params.get("token", "")
    if token:
        seats = [services.tokens.verify(token)]
        if seats[0].room != lesson_id:
            raise Refused("token_invalid", "这个凭证属于另一节课。")
        lesson = await services.lessons.find(lesson_id)
        if lesson is None:
            raise Refused("lesson_unknown", "没有找到这节课。")
    else:
        asker = await asker_of(request)
        lesson = await services.lessons.see(asker, lesson_id)
        seats = [seat_for(entry, lesson) for entry in entries(asker, lesson)]
    page = await services.lessons.page(lesson_id, request.path_params["page"])
    is_fixed = request.query_params.get("deck") == lesson.deck_id
    file = page.file(wanted_width(request))
    pace = services.live.page_pace(lesson.id, seats, request.path_params["page"])
    response = page_file(services, file, is_fixed, pace)
    services.live.downloaded(lesson.id, seats, services.files.path(file.sha256).stat().st_size)
    return response


def wanted_width(request: Request) -> int:
    """Return the width that the address asks for, or that of a classroom's link; a wrong one is as good as none."""
    width = request.query_params.get("w", "")
    return int(width) if width.isascii() and width.isdigit() and len(width) <= 5 else CLASSROOM_WIDTH


def page_file(services: Services, page: PageFile, is_fixed: bool, pace: Pace | None = None) -> Response:
    """Return the picture of a page, no faster than `pace`; `is_fixed` when its address will never mean another one."""
    path = services.files.path(page.sha256)
    if not path.is_file():
        raise Refused("page_unknown", "这一页课件的文件已不在服务器上，请重新上传课件。")
    headers = {
        "cache-control": _FOR_GOOD if is_fixed else "private, no-cache",
        "etag": f'"{page.sha256}"',
        "content-security-policy": _PAGE_POLICY,
    }
    if pace is not None:
        return trickled_file(path, page.mime, headers, pace)
    return FileResponse(path, headers=headers, media_type=page.mime)


async def make_token(request: Request) -> Response:
    """`POST /api/lessons/{id}/token`."""
    services, asker = services_of(request), await require_known(request)
    lesson = await services.lessons.see(asker, request.path_params["lesson"])
    wanted = await read_json(request, WantedSeat)
    if lesson.kind == "meeting":  # who is let in may have changed since it was called
        lesson = await services.planning.meetings.service.admit(await require_person(request), lesson.id)
    entry = require_entry(asker, lesson, wanted.role, wanted.classroom_id)
    if lesson.state == "ended":
        raise Refused("lesson_state", "这节课已经结束。可以到“录像”里回看。")
    roles = dict.fromkeys(entry.role.value for entry in entries(asker, lesson))
    seat = seat_for(entry, lesson)
    servers = turn_servers(services.settings, seat.subject)
    token = services.tokens.issue(seat)
    return answer({"token": token, "expires_s": TOKEN_LIFE_S, "ice_servers": servers, "roles": list(roles)})


async def make_whip_token(request: Request) -> Response:
    """`POST /api/lessons/{id}/whip-token`: a seat of its own beside the lecturer's page."""
    services, asker = services_of(request), await require_known(request)
    lesson = await services.lessons.see(asker, request.path_params["lesson"])
    entry = require_entry(asker, lesson, Role.LECTURER, None)
    if lesson.state == "ended":
        raise Refused("lesson_state", "这节课已经结束。")
    seat = seat_for(entry, lesson)
    seat = msgspec.structs.replace(seat, subject=f"{seat.subject}/whip", name=f"{seat.name}（推流）")
    url = f"{request.url.scheme}://{request.url.netloc}/whip/{lesson.id}"
    return answer({"url": url, "token": services.tokens.issue(seat, WHIP_TOKEN_LIFE_S)})


def routes() -> list[Route]:
    """Return the routes of this domain."""
    return [
        Route("/api/lessons", list_lessons, methods=["GET"]),
        Route("/api/lessons", add_lesson, methods=["POST"]),
        Route("/api/lessons/{lesson}", get_lesson, methods=["GET"]),
        Route("/api/lessons/{lesson}", remove_lesson, methods=["DELETE"]),
        Route("/api/lessons/{lesson}/pages/{page:int}", get_page, methods=["GET"]),
        Route("/api/lessons/{lesson}/token", make_token, methods=["POST"]),
        Route("/api/lessons/{lesson}/whip-token", make_whip_token, methods=["POST"]),
    ]
