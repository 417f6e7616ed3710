"""HTTP of what is taken out of the workshop as files: docs/http.md, the rows that end in `.{form}`."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_person
from server.context import services_of
from server.fields import field_invalid
from server.planning.export.paper import Paper
from server.planning.export.service import WRITERS
from signaling.errors import Refused


async def export_plan(request: Request) -> Response:
    """Return a plan, or with `version` one of its versions."""
    person = await require_person(request)
    form = _form(request)
    text = request.query_params.get("version", "0")
    if not text.isdecimal() or len(text) > 6:
        raise field_invalid("version")
    paper = await services_of(request).planning.exports.plan(person, _id(request), int(text), form)
    return await _send(request, paper, form)


async def export_review(request: Request) -> Response:
    """Return a review that is open."""
    person = await require_person(request)
    form = _form(request)
    return await _send(request, await services_of(request).planning.exports.review(person, _id(request)), form)


async def export_minutes(request: Request) -> Response:
    """Return a meeting with its minutes and resolutions."""
    person = await require_person(request)
    form = _form(request)
    return await _send(request, await services_of(request).planning.exports.minutes(person, _id(request)), form)


async def export_cases(request: Request) -> Response:
    """Return a group's case collection: the plans of `plan`, or all that are final."""
    person = await require_person(request)
    form = _form(request)
    wanted = [one[:16] for one in request.query_params.getlist("plan")[:100]]
    return await _send(request, await services_of(request).planning.exports.cases(person, _id(request), wanted), form)


def _id(request: Request) -> str:
    return str(request.path_params["id"])[:16]


def _form(request: Request) -> str:
    form = str(request.path_params["form"])
    if form not in WRITERS:
        raise Refused("form_unknown", "可以导出为 Word（docx）、PDF、Markdown（md）或网页（html）。")
    return form


async def _send(request: Request, paper: Paper, form: str) -> Response:
    data = await services_of(request).planning.exports.write(paper, form)
    name = quote(f"{paper.title[:60]}.{form}")
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{name}",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(data, headers=headers, media_type=WRITERS[form][0])


def routes() -> list[Route]:
    """Return the routes of this domain."""
    return [
        Route("/api/plans/{id}/export.{form}", export_plan, methods=["GET"]),
        Route("/api/reviews/{id}/export.{form}", export_review, methods=["GET"]),
        Route("/api/meetings/{id}/export.{form}", export_minutes, methods=["GET"]),
        Route("/api/groups/{id}/cases.{form}", export_cases, methods=["GET"]),
    ]
