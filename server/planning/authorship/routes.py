"""HTTP of authorship: docs/http.md, `/api/plans/{id}/shares` and `/api/research/figures/western-lead`."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_person
from server.context import services_of
from server.json_http import answer
from server.planning.authorship.shares import PRESENT, Led


def _led(led: Led) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(led)
    verdict = {"by_lead": led.by_lead, "by_share": led.by_share, "by_regions": led.by_regions, "is_led": led.is_led}
    return told | verdict


async def get_shares(request: Request) -> Response:
    """`GET /api/plans/{id}/shares`."""
    person = await require_person(request)
    written = await services_of(request).planning.authorship.of_plan(person, str(request.path_params["plan"]))
    shares: dict[str, Any] = msgspec.to_builtins(written.shares)
    not_counted = {"template": written.template, "copied": written.copied}
    return answer(shares | {"led": _led(written.shares.led), "not_counted": not_counted, "present": PRESENT})


async def get_western_lead(request: Request) -> Response:
    """`GET /api/research/figures/western-lead?group=`."""
    person = await require_person(request)
    group = request.query_params.get("group") or None
    return answer(msgspec.to_builtins(await services_of(request).planning.authorship.western_lead(person, group)))


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/api/plans/{plan}/shares", get_shares, methods=["GET"]),
        Route("/api/research/figures/western-lead", get_western_lead, methods=["GET"]),
    ]
