"""HTTP of research groups: docs/http.md, the rows under `/api/groups` and `/api/invitations`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, answer_list, no_content, read_json
from server.planning.groups.due import DueReader
from server.planning.groups.library import Library
from server.planning.groups.model import MAX_RULES, Kind, Name, Stage, SubjectName
from server.planning.log import PAGE
from server.planning.rights import Right

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
_Version = Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
_Reason = Annotated[str, msgspec.Meta(max_length=500)]
_MAX_START = 10_000
_Guest = Literal["member", "guest"]


class NewGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/groups`."""

    kind: Kind
    name: Name
    subject: SubjectName
    stage: Stage = "小学"
    rules: Annotated[str, msgspec.Meta(max_length=MAX_RULES)] = ""


class EditedGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/groups/{id}`."""

    name: Name
    subject: SubjectName
    stage: Stage


class NewRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/groups/{id}/rules`; `version` is the one that the text was written from."""

    text: Annotated[str, msgspec.Meta(max_length=MAX_RULES)]
    version: _Version


class Confirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/groups/{id}/rules/confirm`."""

    version: _Version


class NewInvitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/groups/{id}/invitations`."""

    person_id: _Id
    role: _Guest = "member"
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""


class NewRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/groups/{id}/members/{person}`."""

    role: _Guest


class NewLead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/groups/{id}/lead`."""

    person_id: _Id


class Reasoned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of closing a group, and of taking somebody out of it."""

    reason: _Reason = ""


def _group(request: Request) -> str:
    return str(request.path_params["group"])


async def _sheet(request: Request, status: int = 200) -> Response:
    person = await require_person(request)
    return answer(await services_of(request).planning.groups.see(person, _group(request)), status)


async def list_groups(request: Request) -> Response:
    """`GET /api/groups`: the own ones and the invitations; with `?all=1` every group, to the region's manager."""
    person, services = await require_person(request), services_of(request)
    if request.query_params.get("all") == "1":
        return answer_list(await services.planning.groups.all(person))
    invitations = await services.planning.joining.invitations(person)
    return answer({"items": await services.planning.groups.mine(person), "invitations": invitations})


async def list_at_school(request: Request) -> Response:
    """`GET /api/groups/at-school`."""
    return answer_list(await services_of(request).planning.groups.at_school(await require_person(request)))


async def make_group(request: Request) -> Response:
    """`POST /api/groups`."""
    person, body = await require_person(request), await read_json(request, NewGroup)
    groups = services_of(request).planning.groups
    made = await groups.make(person, body.kind, body.name, body.subject, body.stage, body.rules)
    return answer(await groups.see(person, made.id), 201)


async def get_group(request: Request) -> Response:
    """`GET /api/groups/{id}`."""
    return await _sheet(request)


async def edit_group(request: Request) -> Response:
    """`PUT /api/groups/{id}`."""
    person, body = await require_person(request), await read_json(request, EditedGroup)
    await services_of(request).planning.groups.edit(person, _group(request), body.name, body.subject, body.stage)
    return await _sheet(request)


async def set_rules(request: Request) -> Response:
    """`PUT /api/groups/{id}/rules`."""
    person, body = await require_person(request), await read_json(request, NewRules)
    await services_of(request).planning.groups.set_rules(person, _group(request), body.text, body.version)
    return await _sheet(request)


async def confirm_rules(request: Request) -> Response:
    """`POST /api/groups/{id}/rules/confirm`."""
    person, body = await require_person(request), await read_json(request, Confirmed)
    await services_of(request).planning.groups.confirm(person, _group(request), body.version)
    return await _sheet(request)


async def close_group(request: Request) -> Response:
    """`POST /api/groups/{id}/close`."""
    person, body = await require_person(request), await read_json(request, Reasoned)
    await services_of(request).planning.groups.close(person, _group(request), body.reason)
    return await _sheet(request)


async def open_group(request: Request) -> Response:
    """`POST /api/groups/{id}/open`."""
    await services_of(request).planning.groups.open(await require_person(request), _group(request))
    return await _sheet(request)


async def list_candidates(request: Request) -> Response:
    """`GET /api/groups/{id}/candidates?words=`."""
    person, words = await require_person(request), request.query_params.get("words", "")[:40]
    return answer_list(await services_of(request).planning.joining.candidates(person, _group(request), words))


async def invite(request: Request) -> Response:
    """`POST /api/groups/{id}/invitations`."""
    person, body = await require_person(request), await read_json(request, NewInvitation)
    await services_of(request).planning.joining.invite(person, _group(request), body.person_id, body.role, body.note)
    return await _sheet(request, 201)


async def answer_invitation(request: Request) -> Response:
    """`POST /api/invitations/{id}/accept` and `…/decline`."""
    person, accepts = await require_person(request), request.url.path.endswith("/accept")
    await services_of(request).planning.joining.answer(person, request.path_params["invitation"], accepts=accepts)
    return no_content()


async def withdraw_invitation(request: Request) -> Response:
    """`DELETE /api/invitations/{id}`."""
    await services_of(request).planning.joining.withdraw(
        await require_person(request), request.path_params["invitation"]
    )
    return no_content()


async def set_role(request: Request) -> Response:
    """`PUT /api/groups/{id}/members/{person}`."""
    person, body = await require_person(request), await read_json(request, NewRole)
    await services_of(request).planning.joining.set_role(
        person, _group(request), request.path_params["person"], body.role
    )
    return await _sheet(request)


async def remove_member(request: Request) -> Response:
    """`DELETE /api/groups/{id}/members/{person}`: the own one is leaving."""
    person, body = await require_person(request), await read_json(request, Reasoned)
    await services_of(request).planning.joining.remove(
        person, _group(request), request.path_params["person"], body.reason
    )
    return no_content()


async def hand_over(request: Request) -> Response:
    """`POST /api/groups/{id}/lead`."""
    person, body = await require_person(request), await read_json(request, NewLead)
    await services_of(request).planning.joining.hand_over(person, _group(request), body.person_id)
    return await _sheet(request)


async def list_activity(request: Request) -> Response:
    """`GET /api/groups/{id}/activity?before=`: a page of the group's log, the newest first."""
    person, services = await require_person(request), services_of(request)
    await services.planning.groups.require(person, _group(request), Right.READ_GROUP)
    text = request.query_params.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
    found = await services.planning.activity.read(group_id=_group(request), before=before, limit=PAGE)
    return answer({"items": found, "next": found[-1].id if len(found) == PAGE else None})


async def list_due(request: Request) -> Response:
    """`GET /api/research/due`: tasks and improvement items that wait for the person."""
    person = await require_person(request)
    return answer_list(await DueReader(services_of(request).database).of(person.id))


async def list_library(request: Request) -> Response:
    """`GET /api/research/library`: plans that the person may read, narrowed by what is given."""
    person, query = await require_person(request), request.query_params
    start = query.get("start", "0")
    if not (start.isascii() and start.isdigit() and int(start) <= _MAX_START):
        raise field_invalid("start", "没有这一页。")
    wanted = {name: query.get(name, "")[:20] for name in ("subject", "grade", "state", "group")}
    return answer(await Library(services_of(request).database).listed(person, **wanted, start=int(start)))


def routes() -> list[Route]:
    """Return the routes of this domain."""
    one, asked = "/api/groups/{group}", "/api/invitations/{invitation}"
    return [
        Route("/api/groups", list_groups, methods=["GET"]),
        Route("/api/groups", make_group, methods=["POST"]),
        Route("/api/groups/at-school", list_at_school, methods=["GET"]),
        Route(one, get_group, methods=["GET"]),
        Route(one, edit_group, methods=["PUT"]),
        Route(f"{one}/rules", set_rules, methods=["PUT"]),
        Route(f"{one}/rules/confirm", confirm_rules, methods=["POST"]),
        Route(f"{one}/close", close_group, methods=["POST"]),
        Route(f"{one}/open", open_group, methods=["POST"]),
        Route(f"{one}/candidates", list_candidates, methods=["GET"]),
        Route(f"{one}/invitations", invite, methods=["POST"]),
        Route(f"{one}/members/{{person}}", set_role, methods=["PUT"]),
        Route(f"{one}/members/{{person}}", remove_member, methods=["DELETE"]),
        Route(f"{one}/lead", hand_over, methods=["POST"]),
        Route(f"{one}/activity", list_activity, methods=["GET"]),
        Route("/api/research/library", list_library, methods=["GET"]),
        Route("/api/research/due", list_due, methods=["GET"]),
        Route(f"{asked}/accept", answer_invitation, methods=["POST"]),
        Route(f"{asked}/decline", answer_invitation, methods=["POST"]),
        Route(asked, withdraw_invitation, methods=["DELETE"]),
    ]
