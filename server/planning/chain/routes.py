"""HTTP of the chain: docs/http.md."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_person
from server.context import services_of
from server.json_http import answer, iso
from server.planning.chain.service import Chain, Link, Taught, open_items
from server.planning.reviews import shown


async def of_plan(request: Request) -> Response:
    """`GET /api/plans/{id}/chain`."""
    person = await require_person(request)
    return answer(
        _chain(await services_of(request).planning.observing.chain.of_plan(person, request.path_params["plan"]))
    )


async def of_lesson(request: Request) -> Response:
    """`GET /api/lessons/{id}/chain`."""
    person = await require_person(request)
    return answer(
        _chain(await services_of(request).planning.observing.chain.of_lesson(person, request.path_params["lesson"]))
    )


def _chain(chain: Chain) -> dict[str, Any]:
    return {
        "focus": chain.focus,
        "plans": [_link(one) for one in chain.links],
        "lesson": None if chain.lesson is None else _taught(chain.lesson),
    }


def _link(link: Link) -> dict[str, Any]:
    plan = link.plan
    return {
        "id": plan.id,
        "title": plan.title,
        "subject": plan.subject,
        "grade": plan.grade,
        "state": plan.state,
        "lead": plan.lead.name,
        "previous_plan_id": plan.previous_plan_id,
        "versions": [
            {"number": one.number, "name": one.name, "is_final": one.is_final, "made_at": iso(one.made_ms)}
            for one in link.versions
        ],
        "lessons": [_taught(one) for one in link.lessons],
        "items": [shown.item(one) for one in link.items],
        "open_items": open_items(link.items),
    }


def _taught(one: Taught) -> dict[str, Any]:
    recording = one.recording
    return {
        **shown.lesson(one.lesson),
        "version": one.version,
        "is_open": one.is_open,
        "recording": None
        if recording is None
        else {"id": recording.id, "state": recording.state, "duration_ms": recording.duration_ms},
        "reviews": [shown.brief(each) for each in one.reviews],
    }


def routes() -> list[Route]:
    """Return the routes of the chain."""
    return [
        Route("/api/plans/{plan}/chain", of_plan, methods=["GET"]),
        Route("/api/lessons/{lesson}/chain", of_lesson, methods=["GET"]),
    ]
