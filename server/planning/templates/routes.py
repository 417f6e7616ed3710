"""HTTP of templates: docs/http.md, the rows under `/api/plan-templates`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_person
from server.context import services_of
from server.json_http import answer, answer_list, no_content, read_json
from server.planning.templates.model import Name, Scope

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]


class NewTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/plan-templates`."""

    plan_id: _Id
    name: Name
    scope: Scope = "group"
    group_id: Annotated[str, msgspec.Meta(max_length=16)] = ""
    with_text: bool = False


class NewVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/plan-templates/{id}/versions`."""

    plan_id: _Id
    with_text: bool = False


async def list_templates(request: Request) -> Response:
    """`GET /api/plan-templates`."""
    return answer_list(await services_of(request).planning.templates.listed(await require_person(request)))


async def make_template(request: Request) -> Response:
    """`POST /api/plan-templates`."""
    person, body, service = (
        await require_person(request),
        await read_json(request, NewTemplate),
        services_of(request).planning,
    )
    made = await service.templates.make(
        person, body.plan_id, body.name, body.scope, body.group_id, with_text=body.with_text
    )
    return answer(await service.templates.see(person, made.id), 201)


async def get_template(request: Request) -> Response:
    """`GET /api/plan-templates/{id}`."""
    person = await require_person(request)
    return answer(await services_of(request).planning.templates.see(person, request.path_params["template"]))


async def renew_template(request: Request) -> Response:
    """`POST /api/plan-templates/{id}/versions`."""
    person, body = await require_person(request), await read_json(request, NewVersion)
    template = request.path_params["template"]
    await services_of(request).planning.templates.renew(person, template, body.plan_id, with_text=body.with_text)
    return await get_template(request)


async def retire_template(request: Request) -> Response:
    """`DELETE /api/plan-templates/{id}`."""
    await services_of(request).planning.templates.retire(await require_person(request), request.path_params["template"])
    return no_content()


def routes() -> list[Route]:
    """Return the routes of this domain."""
    one = "/api/plan-templates/{template}"
    return [
        Route("/api/plan-templates", list_templates, methods=["GET"]),
        Route("/api/plan-templates", make_template, methods=["POST"]),
        Route(one, get_template, methods=["GET"]),
        Route(one, retire_template, methods=["DELETE"]),
        Route(f"{one}/versions", renew_template, methods=["POST"]),
    ]
