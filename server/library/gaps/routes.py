"""HTTP of gap filling: docs/http.md, the rows of `local-recording` and `gaps`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_known, require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, iso, no_content, read_json
from server.library.gaps.model import Consent, NewPiece
from signaling.roles import Role

_MAX_ID = 16  # characters


class NewConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/schools/{id}/local-recording`."""

    allowed: Annotated[bool, msgspec.Meta(description="whether the classrooms' screens may record themselves")]


def _consent(consent: Consent | None) -> dict[str, object]:
    if consent is None:
        return {"allowed": False, "by": "", "changed_at": None}
    return {"allowed": consent.allowed, "by": consent.by_name, "changed_at": iso(consent.changed_ms)}


async def get_policy(request: Request) -> Response:
    """`GET /api/lessons/{id}/local-recording?role=…&classroom=…`."""
    asker = await require_known(request)
    try:
        role = Role(request.query_params.get("role", ""))
    except ValueError as error:
        raise field_invalid("role") from error
    classroom = request.query_params.get("classroom", "")[:_MAX_ID] or None
    gaps = services_of(request).library.gaps
    return answer(msgspec.to_builtins(await gaps.policy(asker, request.path_params["lesson"], role, classroom)))


async def get_consent(request: Request) -> Response:
    """`GET /api/schools/{id}/local-recording`."""
    await require_person(request)
    return answer(_consent(await services_of(request).library.gaps.consent(request.path_params["school"])))


async def put_consent(request: Request) -> Response:
    """`PUT /api/schools/{id}/local-recording`."""
    by = await require_person(request)
    body = await read_json(request, NewConsent)
    gaps = services_of(request).library.gaps
    return answer(_consent(await gaps.set_consent(by, request.path_params["school"], allowed=body.allowed)))


async def get_gaps(request: Request) -> Response:
    """`GET /api/lessons/{id}/gaps`: what the asker's browser is asked for."""
    asker = await require_known(request)
    return answer(
        msgspec.to_builtins(await services_of(request).library.gaps.asked(asker, request.path_params["lesson"]))
    )


async def post_gap(request: Request) -> Response:
    """`POST /api/lessons/{id}/gaps`: a file that was asked for and is uploaded."""
    asker = await require_known(request)
    piece = await read_json(request, NewPiece)
    await services_of(request).library.gaps.take(asker, request.path_params["lesson"], piece)
    return no_content()


async def post_done(request: Request) -> Response:
    """`POST /api/lessons/{id}/gaps/done`: all that the browser has is sent."""
    asker = await require_known(request)
    await services_of(request).library.gaps.done(asker, request.path_params["lesson"])
    return no_content()


def routes() -> list[Route]:
    """Return the routes of this domain."""
    return [
        Route("/api/lessons/{lesson}/local-recording", get_policy),
        Route("/api/schools/{school}/local-recording", get_consent, methods=["GET"]),
        Route("/api/schools/{school}/local-recording", put_consent, methods=["PUT"]),
        Route("/api/lessons/{lesson}/gaps", get_gaps, methods=["GET"]),
        Route("/api/lessons/{lesson}/gaps", post_gap, methods=["POST"]),
        Route("/api/lessons/{lesson}/gaps/done", post_done, methods=["POST"]),
    ]
