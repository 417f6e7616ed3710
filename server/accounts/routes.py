"""HTTP of the accounts domain: sessions, people, schools, classrooms and screens (docs/http.md)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.accounts.model import Classroom, Device, Person, School, SchoolKind
from server.accounts.rights import Right, has_right
from server.asking import (
    DEVICE_COOKIE,
    SESSION_COOKIE,
    address_of,
    drop_cookie,
    require_device,
    require_person,
    secret_in,
    set_cookie,
)
from server.context import services_of
from server.json_http import answer, answer_list, no_content, read_json
from signaling.data_caps import MAX_CEILING_BPS, MIN_CEILING_BPS, DataCap

Username = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{1,39}$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
SchoolName = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]


class LogIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/session`."""

    username: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class NewPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/people`."""

    username: Username
    password: Annotated[str, msgspec.Meta(max_length=128)]
    name: Name
    school_id: Id | None
    is_manager: bool = False


class NewSchool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/schools`."""

    name: SchoolName
    kind: SchoolKind
    region: SchoolName


class NewClassroom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/schools/{id}/classrooms`."""

    name: Name


class NewDataCap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/schools/{id}/data-cap`."""

    ceiling_kbps: Annotated[int, msgspec.Meta(ge=MIN_CEILING_BPS // 1000, le=MAX_CEILING_BPS // 1000)] | None
    video: bool


class Pairing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/devices/pair`."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$")]
    classroom_id: Id


def me_answer(person: Person) -> dict[str, Any]:
    """Return `Me` of docs/http.md."""
    school = person.school
    return {
        "id": person.id,
        "username": person.username,
        "name": person.name,
        "school": {"id": school.id, "name": school.name, "kind": school.kind} if school else None,
        "is_manager": person.is_manager,
    }


def device_answer(device: Device) -> dict[str, Any]:
    """Return `Device` of docs/http.md."""
    room = device.classroom
    return {
        "id": device.id,
        "code": device.code,
        "paired": room is not None,
        "classroom": {"id": room.id, "name": room.name} if room else None,
        "school": {"id": room.school.id, "name": room.school.name} if room else None,
    }


def school_answer(school: School, by: Person) -> dict[str, Any]:
    """Return a school of docs/http.md, as `by` sees it."""
    return {
        "id": school.id,
        "name": school.name,
        "kind": school.kind,
        "region": school.region,
        "classrooms": [classroom_answer(room) for room in school.classrooms],
        "data_cap": {"ceiling_kbps": school.cap.ceiling_bps // 1000 or None, "video": school.cap.video_allowed},
        "rights": [right for right in Right if has_right(by, right, school.id)],
    }


def classroom_answer(room: Classroom) -> dict[str, Any]:
    """Return a school's classroom of docs/http.md."""
    return {"id": room.id, "name": room.name, "paired": room.paired}


async def logged_in(request: Request, person: Person, token: str) -> Response:
    """Answer a log-in. It ends the one that this browser had: computers are shared."""
    if before := secret_in(request, SESSION_COOKIE):
        await end_session(request, before)
    response = answer(me_answer(person))
    set_cookie(response, request, SESSION_COOKIE, token)
    return response


async def end_session(request: Request, token: str) -> None:
    """End a session; its pages with a plan open are told at once."""
    services = services_of(request)
    await services.accounts.log_out(token)
    services.planning.plans.rooms.log_out(token)


async def log_in(request: Request) -> Response:
    """`POST /api/session`."""
    body = await read_json(request, LogIn)
    person, token = await services_of(request).accounts.log_in(body.username, body.password, address_of(request))
    return await logged_in(request, person, token)


async def log_out(request: Request) -> Response:
    """`DELETE /api/session`."""
    await require_person(request)
    token = secret_in(request, SESSION_COOKIE)
    if token:
        await end_session(request, token)
    response = no_content()
    drop_cookie(response, request, SESSION_COOKIE)
    return response


async def add_person(request: Request) -> Response:
    """`POST /api/people`."""
    by = await require_person(request)
    body = await read_json(request, NewPerson)
    person = await services_of(request).accounts.add_person(
        by, body.username, body.password, body.name, body.school_id, body.is_manager
    )
    return answer(me_answer(person), 201)


async def list_schools(request: Request) -> Response:
    """`GET /api/schools`."""
    by = await require_person(request)
    return answer_list(school_answer(school, by) for school in await services_of(request).accounts.schools())


async def add_school(request: Request) -> Response:
    """`POST /api/schools`."""
    by = await require_person(request)
    body = await read_json(request, NewSchool)
    school = await services_of(request).accounts.add_school(by, body.name, body.kind, body.region)
    return answer(school_answer(school, by), 201)


async def put_data_cap(request: Request) -> Response:
    """`PUT /api/schools/{id}/data-cap`: holds at once, also in lessons that are going on."""
    by, services = await require_person(request), services_of(request)
    body = await read_json(request, NewDataCap)
    cap = DataCap((body.ceiling_kbps or 0) * 1000, body.video)
    school = await services.accounts.set_cap(by, request.path_params["school"], cap)
    services.live.cap_changed(school.id, cap)
    return answer(school_answer(school, by))


async def add_classroom(request: Request) -> Response:
    """`POST /api/schools/{id}/classrooms`."""
    by = await require_person(request)
    body = await read_json(request, NewClassroom)
    room = await services_of(request).accounts.add_classroom(by, request.path_params["school"], body.name)
    return answer(classroom_answer(room), 201)


async def register_device(request: Request) -> Response:
    """`POST /api/devices`."""
    device, secret = await services_of(request).devices.register(address_of(request))
    response = answer(device_answer(device), 201)
    set_cookie(response, request, DEVICE_COOKIE, secret)
    return response


async def this_device(request: Request) -> Response:
    """`GET /api/devices/me`: also renews the cookie, so that a screen in use is never forgotten."""
    device = await services_of(request).devices.with_fresh_code(await require_device(request))
    response = answer(device_answer(device))
    set_cookie(response, request, DEVICE_COOKIE, secret_in(request, DEVICE_COOKIE) or "")
    return response


async def pair_device(request: Request) -> Response:
    """`POST /api/devices/pair`."""
    by = await require_person(request)
    body = await read_json(request, Pairing)
    device = await services_of(request).devices.pair(by, body.code, body.classroom_id, address_of(request))
    return answer(device_answer(device))


async def unpair_device(request: Request) -> Response:
    """`DELETE /api/devices/me`."""
    await services_of(request).devices.remove(await require_device(request))
    response = no_content()
    drop_cookie(response, request, DEVICE_COOKIE)
    return response


def routes() -> list[Route]:
    """Return the routes of this domain."""
    return [
        Route("/api/session", log_in, methods=["POST"]),
        Route("/api/session", log_out, methods=["DELETE"]),
        Route("/api/people", add_person, methods=["POST"]),
        Route("/api/schools", list_schools, methods=["GET"]),
        Route("/api/schools", add_school, methods=["POST"]),
        Route("/api/schools/{school}/data-cap", put_data_cap, methods=["PUT"]),
        Route("/api/schools/{school}/classrooms", add_classroom, methods=["POST"]),
        Route("/api/devices", register_device, methods=["POST"]),
        Route("/api/devices/me", this_device, methods=["GET"]),
        Route("/api/devices/me", unpair_device, methods=["DELETE"]),
        Route("/api/devices/pair", pair_device, methods=["POST"]),
    ]
