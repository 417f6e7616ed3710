"""HTTP of terms, bell times and repeating lessons (docs/http.md)."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_known, require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, answer_list, no_content, read_body, read_json
from server.lessons.rosters.routes import table_response
from server.lessons.timetable.answers import (
    imported_answer,
    outcome_answer,
    period_answer,
    series_answer,
    term_answer,
)
from server.lessons.timetable.model import MAX_HOLIDAYS, MAX_PERIODS, Holiday, Makeup, Period, Term
from server.lessons.timetable.rules import MAX_ROOMS, SeriesDraft
from server.lessons.timetable.weeks import local
from server.sheets import MAX_BYTES, read_table
from signaling.errors import Refused

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
SUBJECTS = ("语文", "数学", "英语", "科学", "音乐", "美术", "道德与法治", "信息科技", "综合实践", "体育与健康")


class GivenHoliday(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A holiday of `GivenTerm`."""

    name: Name
    first_day: date
    last_day: date
    school_id: Id | None = None


class GivenMakeup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A made-up day of `GivenTerm`."""

    day: date
    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)]


class GivenTerm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/terms` and `PUT /api/terms/{id}`."""

    name: Name
    first_day: date
    last_day: date
    holidays: Annotated[tuple[GivenHoliday, ...], msgspec.Meta(max_length=MAX_HOLIDAYS)] = ()
    makeups: Annotated[tuple[GivenMakeup, ...], msgspec.Meta(max_length=MAX_HOLIDAYS)] = ()


class GivenPeriod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A period of `GivenBells`."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    start: Clock
    end: Clock


class GivenBells(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/schools/{id}/bells`."""

    periods: Annotated[tuple[GivenPeriod, ...], msgspec.Meta(min_length=1, max_length=MAX_PERIODS)]


class GivenSeries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/series`, `POST /api/series/preview` and `PUT /api/series/{id}`."""

    term_id: Id
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    lecturer_id: Id
    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)]
    period: Annotated[int, msgspec.Meta(ge=1, le=MAX_PERIODS)]
    weeks: Annotated[str, msgspec.Meta(max_length=80)] = "all"
    classroom_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=MAX_ROOMS)] = ()
    paired_school_id: Id | None = None
    open_to_observers: bool = False


async def list_terms(request: Request) -> Response:
    """`GET /api/terms`."""
    await require_known(request)
    timetable = services_of(request).preparing.timetables.service
    today = local(timetable.now_ms(), timetable.zone).date().isoformat()
    shown = [term_answer(one, today) for one in await timetable.terms()]
    return answer({"items": shown, "today": today, "zone": timetable.zone.key, "subjects": SUBJECTS})


async def save_term(request: Request) -> Response:
    """`POST /api/terms`, and `PUT /api/terms/{id}`, which lets the lessons of the term follow."""
    by, timetable = await require_person(request), services_of(request).preparing.timetables.service
    body, term_id = await read_json(request, GivenTerm), request.path_params.get("term", "")
    holidays = tuple(Holiday(one.name, one.first_day, one.last_day, one.school_id) for one in body.holidays)
    makeups = tuple(Makeup(one.day, one.weekday) for one in body.makeups)
    given = Term(term_id, body.name.strip(), body.first_day, body.last_day, holidays, makeups)
    term = await timetable.save_term(by, given)
    today = local(timetable.now_ms(), timetable.zone).date().isoformat()
    return answer(term_answer(term, today), 200 if term_id else 201)


async def remove_term(request: Request) -> Response:
    """`DELETE /api/terms/{id}`."""
    by = await require_person(request)
    await services_of(request).preparing.timetables.service.remove_term(by, request.path_params["term"])
    return no_content()


async def get_bells(request: Request) -> Response:
    """`GET /api/schools/{id}/bells`."""
    await require_known(request)
    periods = await services_of(request).preparing.timetables.service.bells(request.path_params["school"])
    return answer_list(period_answer(one) for one in periods)


async def put_bells(request: Request) -> Response:
    """`PUT /api/schools/{id}/bells`: the lessons that the school gives follow."""
    by = await require_person(request)
    body = await read_json(request, GivenBells)
    periods = tuple(
        Period(number, one.name.strip(), _minute(one.start), _minute(one.end))
        for number, one in enumerate(body.periods, 1)
    )
    await services_of(request).preparing.timetables.service.set_bells(by, request.path_params["school"], periods)
    return answer_list(period_answer(one) for one in periods)


async def list_teachers(request: Request) -> Response:
    """`GET /api/schools/{id}/teachers`."""
    by = await require_person(request)
    return answer_list(
        await services_of(request).preparing.timetables.service.teachers(by, request.path_params["school"])
    )


async def list_series(request: Request) -> Response:
    """`GET /api/series?term=…`."""
    by = await require_person(request)
    found = await services_of(request).preparing.timetables.service.series(by, request.query_params.get("term", ""))
    return answer_list(series_answer(one) for one in found)


async def preview_series(request: Request) -> Response:
    """`POST /api/series/preview?id=…`: what saving it would do."""
    by, timetable = await require_person(request), services_of(request).preparing.timetables.service
    body = await read_json(request, GivenSeries)
    outcome = await timetable.preview(by, _draft(body), request.query_params.get("id") or None)
    return answer(outcome_answer(outcome, timetable))


async def save_series(request: Request) -> Response:
    """`POST /api/series` and `PUT /api/series/{id}`."""
    by, timetable = await require_person(request), services_of(request).preparing.timetables.service
    body, series_id = await read_json(request, GivenSeries), request.path_params.get("series")
    outcome = await timetable.save(by, _draft(body), series_id)
    return answer(outcome_answer(outcome, timetable), 200 if series_id else 201)


async def end_series(request: Request) -> Response:
    """`DELETE /api/series/{id}`."""
    by = await require_person(request)
    return answer(
        series_answer(await services_of(request).preparing.timetables.service.end(by, request.path_params["series"]))
    )


async def import_series(request: Request) -> Response:
    """`POST /api/timetable/import?term=…&apply=1`."""
    by, files = await require_person(request), services_of(request).preparing.timetables.files
    if by.school_id is None and not by.is_manager:
        raise Refused("not_allowed", "只有学校的教师和管理员可以导入课表。")
    lines = await asyncio.to_thread(read_table, await read_body(request, MAX_BYTES))
    is_trial = request.query_params.get("apply") != "1"
    done = await files.load(by, request.query_params.get("term", ""), lines, is_trial)
    return answer(imported_answer(done))


async def export_series(request: Request) -> Response:
    """`GET /api/timetable.csv` and `.xlsx`, `?term=…`."""
    by, timetables = await require_person(request), services_of(request).preparing.timetables
    term_id = request.query_params.get("term", "")
    term = next((one for one in await timetables.service.terms() if one.id == term_id), None)
    if term is None:
        raise field_invalid("term_id", "请选择一个学期。")
    rows = await timetables.files.rows(by, term.id)
    return await table_response(f"课表-{term.name}", term.name, rows, request.url.path.rpartition(".")[2])


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _draft(body: GivenSeries) -> SeriesDraft:
    return SeriesDraft(**msgspec.structs.asdict(body))


def routes() -> list[Route]:
    """Return the routes of terms, bells and series."""
    return [
        Route("/api/terms", list_terms, methods=["GET"]),
        Route("/api/terms", save_term, methods=["POST"]),
        Route("/api/terms/{term}", save_term, methods=["PUT"]),
        Route("/api/terms/{term}", remove_term, methods=["DELETE"]),
        Route("/api/schools/{school}/bells", get_bells, methods=["GET"]),
        Route("/api/schools/{school}/bells", put_bells, methods=["PUT"]),
        Route("/api/schools/{school}/teachers", list_teachers, methods=["GET"]),
        Route("/api/series", list_series, methods=["GET"]),
        Route("/api/series", save_series, methods=["POST"]),
        Route("/api/series/preview", preview_series, methods=["POST"]),
        Route("/api/series/{series}", save_series, methods=["PUT"]),
        Route("/api/series/{series}", end_series, methods=["DELETE"]),
        Route("/api/timetable/import", import_series, methods=["POST"]),
        Route("/api/timetable.csv", export_series, methods=["GET"]),
        Route("/api/timetable.xlsx", export_series, methods=["GET"]),
    ]
