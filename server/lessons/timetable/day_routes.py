"""HTTP of timetables by the day: weeks, changes of single lessons, screens and calendars (docs/http.md)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import asker_of, require_device, require_known, require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, answer_list, iso, read_json
from server.lessons.timetable.answers import day_answer, lesson_answer, period_answer
from server.lessons.timetable.feed_service import Feed
from server.lessons.timetable.feeds import KINDS
from server.lessons.timetable.model import PlannedLesson
from server.lessons.timetable.weeks import local
from signaling.errors import Refused

MAX_DAYS = 42  # six weeks: a month's page
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
Reason = Annotated[str, msgspec.Meta(max_length=400)]


class Cancellation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/lessons/{id}/cancel`."""

    reason: Reason


class Substitution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/lessons/{id}/substitute`."""

    lecturer_id: Id
    reason: Reason


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/lessons/{id}/move`: `day` and `start` on the region's clocks."""

    day: date
    start: Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    reason: Reason
    planned_minutes: Annotated[int, msgspec.Meta(ge=5, le=240)] | None = None


async def get_timetable(request: Request) -> Response:
    """`GET /api/timetable?from=…&to=…[&school=…][&teacher=…][&classroom=…]`."""
    asker, timetables = await require_known(request), services_of(request).preparing.timetables
    first, last = _day(request, "from"), _day(request, "to")
    if not timedelta(0) <= last - first < timedelta(days=MAX_DAYS):
        raise field_invalid("to", f"结束日期要在开始日期之后，最多 {MAX_DAYS} 天。")
    query = {name: request.query_params.get(name) or None for name in ("school", "teacher", "classroom")}
    found = await timetables.reader.stretch(asker, first, last, **query)
    zone = timetables.service.zone
    return answer(
        _clocks(request)
        | {
            "days": [day_answer(one) for one in found.days],
            "lessons": [lesson_answer(one, zone, asker) for one in found.lessons],
            "bells": [period_answer(one) for one in found.bells],
        }
    )


async def get_screen(request: Request) -> Response:
    """`GET /api/screen`: what the classroom's screen shows today."""
    device, timetables = await require_device(request), services_of(request).preparing.timetables
    room, zone = device.classroom, timetables.service.zone
    if room is None:
        raise Refused("not_allowed", "这块屏幕还没有配对教室。")
    demo = services_of(request).demo
    if demo is not None:
        demo.visit()
    today = await timetables.reader.today(room)
    return answer(
        _clocks(request)
        | {
            "classroom": {"id": room.id, "name": room.name, "school": {"id": room.school.id, "name": room.school.name}},
            "lessons": [lesson_answer(one, zone) for one in today.lessons],
            "later": lesson_answer(today.later, zone) if today.later else None,
        }
    )


def _clocks(request: Request) -> dict[str, Any]:
    """Return what time it is: a screen's own clock may be an hour wrong."""
    timetable = services_of(request).preparing.timetables.service
    now = local(timetable.now_ms(), timetable.zone)
    offset = now.utcoffset() or timedelta()
    return {
        "time": iso(timetable.now_ms()),
        "today": now.date().isoformat(),
        "zone": timetable.zone.key,
        "zone_offset_min": int(offset.total_seconds() // 60),
    }


async def cancel_lesson(request: Request) -> Response:
    """`POST /api/lessons/{id}/cancel`."""
    body, changes = await read_json(request, Cancellation), services_of(request).preparing.timetables.changes
    done = await changes.cancel(await asker_of(request), request.path_params["lesson"], body.reason)
    services_of(request).live.called_off(done.lesson.id, body.reason)
    return await _changed(request, done)


async def restore_lesson(request: Request) -> Response:
    """`POST /api/lessons/{id}/restore`."""
    changes = services_of(request).preparing.timetables.changes
    return await _changed(request, await changes.restore(await asker_of(request), request.path_params["lesson"]))


async def substitute_lesson(request: Request) -> Response:
    """`POST /api/lessons/{id}/substitute`."""
    body, changes = await read_json(request, Substitution), services_of(request).preparing.timetables.changes
    lesson = request.path_params["lesson"]
    return await _changed(
        request, await changes.substitute(await asker_of(request), lesson, body.lecturer_id, body.reason)
    )


async def move_lesson(request: Request) -> Response:
    """`POST /api/lessons/{id}/move`."""
    body, timetables = await read_json(request, Move), services_of(request).preparing.timetables
    hour, minute = int(body.start[:2]), int(body.start[3:])
    day = body.day
    starts_at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=timetables.service.zone)
    asker, lesson = await asker_of(request), request.path_params["lesson"]
    done = await timetables.changes.move(asker, lesson, starts_at, body.planned_minutes, body.reason)
    return await _changed(request, done)


async def _changed(request: Request, done: PlannedLesson) -> Response:
    zone = services_of(request).preparing.timetables.service.zone
    return answer(lesson_answer(done, zone, await asker_of(request)))


async def list_feeds(request: Request) -> Response:
    """`GET /api/calendars`."""
    by = await require_person(request)
    return answer_list(_feed(request, one) for one in await services_of(request).preparing.timetables.feeds.of(by))


async def renew_feed(request: Request) -> Response:
    """`POST /api/calendars/{kind}/{id}/renew`."""
    by = await require_person(request)
    kind = next((one for one in KINDS if one == request.path_params["kind"]), None)
    if kind is None:
        raise Refused("calendar_unknown", "没有这种日历。")
    feeds = services_of(request).preparing.timetables.feeds
    return answer(_feed(request, await feeds.renew(by, kind, request.path_params["id"])))


async def get_calendar(request: Request) -> Response:
    """`GET /calendar/{token}.ics`: the address is the key."""
    host = request.url.hostname or "tongtang"
    base_url = f"{request.url.scheme}://{request.url.netloc}"
    data = await services_of(request).preparing.timetables.feeds.read(request.path_params["token"], host, base_url)
    headers = {"cache-control": "private, max-age=300", "content-disposition": "inline; filename=tongtang.ics"}
    return Response(data, 200, headers, media_type="text/calendar; charset=utf-8")


def _feed(request: Request, feed: Feed) -> dict[str, Any]:
    url = f"{request.url.scheme}://{request.url.netloc}/calendar/{feed.token}.ics"
    return {"kind": feed.kind, "id": feed.id, "name": feed.name, "url": url}


def _day(request: Request, name: str) -> date:
    try:
        day = date.fromisoformat(request.query_params.get(name, ""))
    except ValueError as error:
        raise field_invalid(name, "请给出日期，例如 2026-11-22。") from error
    if not 2000 <= day.year < 2200:
        raise field_invalid(name, "这个日期不在范围里。")
    return day


def routes() -> list[Route]:
    """Return the routes of weeks, changes, screens and calendars."""
    lesson = "/api/lessons/{lesson}"
    return [
        Route("/api/timetable", get_timetable, methods=["GET"]),
        Route("/api/screen", get_screen, methods=["GET"]),
        Route(f"{lesson}/cancel", cancel_lesson, methods=["POST"]),
        Route(f"{lesson}/restore", restore_lesson, methods=["POST"]),
        Route(f"{lesson}/substitute", substitute_lesson, methods=["POST"]),
        Route(f"{lesson}/move", move_lesson, methods=["POST"]),
        Route("/api/calendars", list_feeds, methods=["GET"]),
        Route("/api/calendars/{kind}/{id}/renew", renew_feed, methods=["POST"]),
        Route("/calendar/{token}.ics", get_calendar, methods=["GET"]),
    ]
