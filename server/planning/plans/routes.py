"""HTTP of plans: docs/http.md, the rows under `/api/plans`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.asking import require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, read_json
from server.planning.plans import shown
from server.planning.plans.model import Id, Short, State, Title
from server.planning.plans.service import PAGE, Change, Cover
from server.planning.plans.socket import routes as socket_routes
from server.planning.rights import Right

_MAX_START = 10_000
_Revision = Annotated[int, msgspec.Meta(ge=1, le=1 << 31)]


class NewPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/plans`."""

    group_id: Id
    title: Title
    subject: Short
    grade: Short = ""
    edition: Short = ""
    lead_id: Id | None = None
    template_id: Id | None = None
    previous_plan_id: Id | None = None


class Changed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PATCH /api/plans/{id}`: what is to be different."""

    revision: _Revision
    title: Title | None = None
    subject: Short | None = None
    grade: Short | None = None
    edition: Short | None = None
    lead_id: Id | None = None
    state: State | None = None


def plan_id_of(request: Request) -> str:
    """Return the id of the plan in the path."""
    return str(request.path_params["plan"])


async def list_plans(request: Request) -> Response:
    """`GET /api/plans`: of the groups that the person is in, or of one."""
    person, query = await require_person(request), request.query_params
    start = query.get("start", "0")
    if not (start.isascii() and start.isdigit() and int(start) <= _MAX_START):
        raise field_invalid("start")
    found = await services_of(request).planning.plans.service.listed(
        person, group_id=query.get("group") or None, archived=query.get("archived") == "1", start=int(start)
    )
    items = [shown.plan(one) for one in found]
    return answer({"items": items, "next": int(start) + PAGE if len(found) == PAGE else None})


async def make_plan(request: Request) -> Response:
    """`POST /api/plans`."""
    person, service = await require_person(request), services_of(request).planning.plans.service
    body = await read_json(request, NewPlan)
    cover = Cover(**{name: getattr(body, name) for name in Cover.__struct_fields__})
    tree = await services_of(request).planning.templates.beginning(person, body.template_id, body.previous_plan_id)
    plan = await service.make(person, body.group_id, cover, tree)
    return answer(shown.sheet(await service.see(person, plan.id)), 201)


async def get_plan(request: Request) -> Response:
    """`GET /api/plans/{id}`."""
    person = await require_person(request)
    return answer(shown.sheet(await services_of(request).planning.plans.service.see(person, plan_id_of(request))))


async def change_plan(request: Request) -> Response:
    """`PATCH /api/plans/{id}`."""
    person, plans = await require_person(request), services_of(request).planning.plans
    body = await read_json(request, Changed)
    change = Change(**{name: getattr(body, name) for name in Change.__struct_fields__})
    await plans.service.change(person, plan_id_of(request), body.revision, change)
    return await get_plan(request)


async def make_ticket(request: Request) -> Response:
    """`POST /api/plans/{id}/ticket`: to open the plan's socket with, within half a minute."""
    person, plans = await require_person(request), services_of(request).planning.plans
    access = await plans.service.require(person, plan_id_of(request), Right.READ_PLAN)
    return answer(
        {
            "ticket": plans.ticket(access.plan.id, person.id),
            "person_id": person.id,
            "generation": access.plan.generation,
            "read_only": not access.may_write,
        }
    )


def routes() -> list[BaseRoute]:
    """Return the routes of plans."""
    one = "/api/plans/{plan}"
    return [
        *socket_routes(),
        Route("/api/plans", list_plans, methods=["GET"]),
        Route("/api/plans", make_plan, methods=["POST"]),
        Route(one, get_plan, methods=["GET"]),
        Route(one, change_plan, methods=["PATCH"]),
        Route(f"{one}/ticket", make_ticket, methods=["POST"]),
    ]
