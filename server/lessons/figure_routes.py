"""HTTP of how lessons played (docs/http.md)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.accounts.service import epoch_ms
from server.asking import asker_of, require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer_list
from server.lessons.figures import as_csv, figure

MAX_DAYS = 400  # a school year with its summer


async def lesson_figures(request: Request) -> Response:
    """`GET /api/lessons/{id}/figures`."""
    played = await services_of(request).lessons.figures(await asker_of(request), request.path_params["lesson"])
    return answer_list(figure(row) for row in played.rows)


async def lesson_csv(request: Request) -> Response:
    """`GET /api/lessons/{id}/figures.csv`."""
    played = await services_of(request).lessons.figures(await asker_of(request), request.path_params["lesson"])
    return _csv(as_csv([played]), f"上课情况-{played.title}-{played.id}.csv")


async def range_csv(request: Request) -> Response:
    """`GET /api/figures.csv?from=2026-09-01&to=2026-12-31`: both days are in it."""
    person = await require_person(request)
    first, last = _day(request, "from"), _day(request, "to")
    if not timedelta(0) <= last - first <= timedelta(days=MAX_DAYS):
        raise field_invalid("to", f"结束日期要在开始日期之后，最多 {MAX_DAYS} 天。")
    lessons = await services_of(request).lessons.figures_between(
        person, _midnight_ms(first), _midnight_ms(last + timedelta(days=1))
    )
    return _csv(as_csv(lessons), f"上课情况-{first:%Y%m%d}-{last:%Y%m%d}.csv")


def _day(request: Request, name: str) -> date:
    try:
        day = date.fromisoformat(request.query_params.get(name, ""))
    except ValueError as error:
        raise field_invalid(name, "请给出日期，例如 2026-11-22。") from error
    if not 2000 <= day.year < 2200:
        raise field_invalid(name, "这个日期不在范围里。")
    return day


def _midnight_ms(day: date) -> int:
    """Return when the day begins where the server stands."""
    return epoch_ms(datetime.combine(day, time()).astimezone())


def _csv(data: bytes, name: str) -> Response:
    headers = {
        "content-disposition": f"attachment; filename=figures.csv; filename*=UTF-8''{quote(name)}",  # RFC 6266 §5
        "cache-control": "no-store",
    }
    return Response(data, 200, headers, media_type="text/csv; charset=utf-8")


def routes() -> list[Route]:
    """Return the routes of figures."""
    return [
        Route("/api/lessons/{lesson}/figures", lesson_figures, methods=["GET"]),
        Route("/api/lessons/{lesson}/figures.csv", lesson_csv, methods=["GET"]),
        Route("/api/figures.csv", range_csv, methods=["GET"]),
    ]
