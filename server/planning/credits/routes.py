"""HTTP of the credit bank: docs/http.md, the rows under `/api/credits`."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.accounts.service import epoch_ms, utc_now
from server.asking import require_person
from server.context import services_of
from server.json_http import answer, answer_list, no_content, read_json
from server.planning.credits.model import RuleSet
from server.planning.credits.transcript import transcript
from server.planning.export.pdf import write_pdf
from signaling.errors import Refused

JWT = "application/vc+jwt"  # W3C, Securing Verifiable Credentials using JOSE and COSE §6.1.1


class Reversal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/credits/claims/{id}/reverse`."""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/credits/badges`."""

    badge: Annotated[str, msgspec.Meta(min_length=1, max_length=24)]


async def get_statement(request: Request) -> Response:
    """Return one's own statement, or that of `person`."""
    person = await require_person(request)
    of_id = request.query_params.get("person", person.id)[:16]
    return answer(await services_of(request).planning.credits.statement(person, of_id))


async def get_transcript(request: Request) -> Response:
    """Return one's own transcript as PDF."""
    person = await require_person(request)
    services = services_of(request)
    statement = await services.planning.credits.statement(person, request.query_params.get("person", person.id)[:16])
    paper = transcript(statement, services.planning.credits.zone, epoch_ms(utc_now()))
    data = await asyncio.to_thread(write_pdf, paper)
    name = quote(f"教研学分证明-{statement.name}.pdf")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}", "cache-control": "no-store"}
    return Response(data, headers=headers, media_type="application/pdf")


async def add_rules(request: Request) -> Response:
    """Take a new version of the rules."""
    person = await require_person(request)
    await services_of(request).planning.credits.add_rules(person, await read_json(request, RuleSet))
    return no_content()


async def reverse_claim(request: Request) -> Response:
    """Take credits back by a second entry."""
    person = await require_person(request)
    body = await read_json(request, Reversal)
    await services_of(request).planning.credits.reverse(person, str(request.path_params["id"])[:16], body.reason)
    return no_content()


async def list_audit(request: Request) -> Response:
    """Return the sample that a school's audit looks at."""
    person = await require_person(request)
    return answer_list(
        await services_of(request).planning.credits.audit(person, request.query_params.get("school", "")[:16])
    )


async def issue_badge(request: Request) -> Response:
    """Issue a badge to oneself."""
    person = await require_person(request)
    body = await read_json(request, Wanted)
    return answer({"id": await services_of(request).planning.credits.issue(person, body.badge)}, 201)


async def get_credential(request: Request) -> Response:
    """Return a badge of one's own as a signed credential."""
    person = await require_person(request)
    badge_id = str(request.path_params["id"])[:16]
    name, token = await services_of(request).planning.credits.credential(person, badge_id, base_of(request))
    file = quote(f"徽章-{name}.jwt")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{file}", "cache-control": "no-store"}
    return Response(token, headers=headers, media_type=JWT)


async def get_status_list(request: Request) -> Response:
    """Return which badges were taken back: public, as whoever verifies a badge has no account here."""
    token = await services_of(request).planning.credits.status_list(base_of(request))
    return Response(token, headers={"cache-control": "public, max-age=3600"}, media_type=JWT)


async def get_achievement(request: Request) -> Response:
    """Return what a badge stands for: public."""
    credits = services_of(request).planning.credits
    one = await credits.achievement(str(request.path_params["badge"])[:24])
    if one is None:
        raise Refused("badge_unknown", "没有这种徽章。")
    about = {
        "@context": "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        "id": f"{base_of(request)}/api/credits/achievements/{one.badge}",
        "type": ["Achievement"],
        "name": one.name,
        "description": one.criteria,
        "criteria": {"narrative": one.criteria},
        "creator": {"id": credits.issuer.did, "type": ["Profile"]},
    }
    return answer(about)


def base_of(request: Request) -> str:
    """Return this server's address as the asker reached it."""
    return str(request.base_url).rstrip("/")


def routes() -> list[Route]:
    """Return the routes of this domain."""
    return [
        Route("/api/credits", get_statement, methods=["GET"]),
        Route("/api/credits/transcript.pdf", get_transcript, methods=["GET"]),
        Route("/api/credits/rules", add_rules, methods=["POST"]),
        Route("/api/credits/audit", list_audit, methods=["GET"]),
        Route("/api/credits/claims/{id}/reverse", reverse_claim, methods=["POST"]),
        Route("/api/credits/badges", issue_badge, methods=["POST"]),
        Route("/api/credits/badges/{id}.jwt", get_credential, methods=["GET"]),
        Route("/api/credits/status", get_status_list, methods=["GET"]),
        Route("/api/credits/achievements/{badge}", get_achievement, methods=["GET"]),
    ]
