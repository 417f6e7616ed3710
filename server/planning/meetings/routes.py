"""HTTP of meetings (docs/meetings.md): calling, agenda, minutes, resolutions. The room itself is a lesson's."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from server.accounts.model import Person
from server.asking import require_person
from server.context import services_of
from server.json_http import answer, answer_list, iso, no_content, read_body, read_json
from server.planning.meetings.model import (
    MAX_FILE_BYTES,
    MAX_GUESTS,
    MAX_ITEMS,
    MAX_MINUTES,
    AgendaItem,
    Call,
    Day,
    Evidence,
    EvidenceKind,
    Id,
    Kind,
    Meeting,
    Resolution,
    Seated,
    Text,
)
from server.planning.meetings.service import Shown
from server.planning.meetings.substance import Attendee

Agenda = Annotated[tuple[AgendaItem, ...], msgspec.Meta(max_length=MAX_ITEMS)]
Revision = Annotated[int, msgspec.Meta(ge=0)]


class NewMeeting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/meetings`."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    group_id: Id = ""
    kind: Kind = "plan"
    plan_id: Id | None = None
    starts_at: datetime | None = None
    minutes: Annotated[int, msgspec.Meta(ge=10, le=240)] = 60
    agenda: Agenda = ()
    guests: Annotated[tuple[Id, ...], msgspec.Meta(max_length=MAX_GUESTS)] = ()


class NewGuest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/meetings/{id}/guests`."""

    person_id: Id


class NewAgenda(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/meetings/{id}/agenda`."""

    items: Agenda
    revision: Revision


class NewItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/meetings/{id}/item`."""

    item: Id


class NewMinutes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/meetings/{id}/minutes`."""

    text: Annotated[str, msgspec.Meta(max_length=MAX_MINUTES)]
    revision: Revision


class NewResolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/meetings/{id}/resolutions` and `PATCH /api/resolutions/{id}`."""

    text: Text
    owner_id: Id
    due: Day


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/resolutions/{id}/close`."""

    kind: EvidenceKind
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    number: Annotated[int, msgspec.Meta(ge=0)] = 0
    title: Annotated[str, msgspec.Meta(max_length=100)] = ""
    bytes: Annotated[int, msgspec.Meta(ge=0, le=MAX_FILE_BYTES)] = 0


async def list_meetings(request: Request) -> Response:
    """`GET /api/meetings?group_id=` or `?plan_id=`."""
    person, query = await require_person(request), request.query_params
    service = services_of(request).planning.meetings.service
    found, may_call = await service.listed(person, query.get("group_id", ""), query.get("plan_id", ""))
    return answer({"items": await _rows(request, person, found), "may_call": may_call})


async def list_mine(request: Request) -> Response:
    """`GET /api/meetings/mine`: what runs and what comes, and what is due."""
    person, meetings = await require_person(request), services_of(request).planning.meetings
    coming = await _rows(request, person, await meetings.service.coming(person))
    today = meetings.resolutions.today
    due = [_resolution(one, today) for one in await meetings.resolutions.due(person)]
    return answer({"meetings": coming, "resolutions": due})


async def list_candidates(request: Request) -> Response:
    """`GET /api/meetings/candidates?group_id=` or `?plan_id=`, and `&words=`: who can be asked as a guest."""
    person, query = await require_person(request), request.query_params
    group_id, plan_id, words = (query.get(name, "")[:40] for name in ("group_id", "plan_id", "words"))
    return answer_list(await services_of(request).planning.meetings.guests.candidates(person, group_id, plan_id, words))


async def add_guest(request: Request) -> Response:
    """`POST /api/meetings/{id}/guests`."""
    person, body = await require_person(request), await read_json(request, NewGuest)
    await services_of(request).planning.meetings.guests.ask(person, request.path_params["meeting"], body.person_id)
    return no_content()


async def remove_guest(request: Request) -> Response:
    """`DELETE /api/meetings/{id}/guests/{person}`."""
    person, given = await require_person(request), request.path_params
    await services_of(request).planning.meetings.guests.uninvite(person, given["meeting"], given["person"])
    return no_content()


async def add_meeting(request: Request) -> Response:
    """`POST /api/meetings`."""
    person = await require_person(request)
    body = await read_json(request, NewMeeting)
    wanted = Call(**msgspec.structs.asdict(body))
    made = await services_of(request).planning.meetings.service.call(person, wanted)
    return answer((await _rows(request, person, [made]))[0], 201)


async def get_meeting(request: Request) -> Response:
    """`GET /api/meetings/{id}?known=`: 204 when it is as the asker knows it: pages ask every few seconds."""
    person = await require_person(request)
    seen = await services_of(request).planning.meetings.service.see(person, request.path_params["meeting"])
    shown = await _shown(request, person, seen)
    return no_content() if request.query_params.get("known") == shown["tag"] else answer(shown)


async def cancel_meeting(request: Request) -> Response:
    """`DELETE /api/meetings/{id}?reason=`."""
    person, services = await require_person(request), services_of(request)
    meeting_id, reason = request.path_params["meeting"], request.query_params.get("reason", "").strip()
    await services.planning.meetings.service.cancel(person, meeting_id, reason)
    return no_content()


async def set_agenda(request: Request) -> Response:
    """`PUT /api/meetings/{id}/agenda`."""
    person = await require_person(request)
    body = await read_json(request, NewAgenda)
    service, meeting_id = services_of(request).planning.meetings.service, request.path_params["meeting"]
    await service.set_agenda(person, meeting_id, body.items, body.revision)
    return answer(await _shown(request, person, await service.see(person, meeting_id)))


async def turn_to(request: Request) -> Response:
    """`POST /api/meetings/{id}/item`."""
    person = await require_person(request)
    body = await read_json(request, NewItem)
    await services_of(request).planning.meetings.service.turn_to(person, request.path_params["meeting"], body.item)
    return no_content()


async def set_minutes(request: Request) -> Response:
    """`PUT /api/meetings/{id}/minutes`."""
    person = await require_person(request)
    body = await read_json(request, NewMinutes)
    service = services_of(request).planning.meetings.service
    return answer(_minutes(await service.set_minutes(person, request.path_params["meeting"], body.text, body.revision)))


async def add_resolution(request: Request) -> Response:
    """`POST /api/meetings/{id}/resolutions`."""
    person = await require_person(request)
    body = await read_json(request, NewResolution)
    service = services_of(request).planning.meetings.resolutions
    made = await service.make(person, request.path_params["meeting"], body.text, body.owner_id, body.due)
    return answer(_resolution(made, service.today), 201)


async def change_resolution(request: Request) -> Response:
    """`PATCH /api/resolutions/{id}`."""
    person = await require_person(request)
    body = await read_json(request, NewResolution)
    service = services_of(request).planning.meetings.resolutions
    changed = await service.change(person, request.path_params["resolution"], body.text, body.owner_id, body.due)
    return answer(_resolution(changed, service.today))


async def add_file(request: Request) -> Response:
    """`POST /api/resolutions/{id}/files?name=`: the body is the file."""
    person, service = await require_person(request), services_of(request).planning.meetings.resolutions
    data = await read_body(request, MAX_FILE_BYTES)
    name = request.query_params.get("name", "")
    kept = await service.keep_file(person, request.path_params["resolution"], name, data)
    return answer(msgspec.structs.asdict(kept), 201)


async def close_resolution(request: Request) -> Response:
    """`POST /api/resolutions/{id}/close`."""
    person = await require_person(request)
    body = await read_json(request, Given)
    service = services_of(request).planning.meetings.resolutions
    given = Evidence(**msgspec.structs.asdict(body))
    closed = await service.close(person, request.path_params["resolution"], given)
    return answer(_resolution(closed, service.today))


async def get_file(request: Request) -> Response:
    """`GET /api/resolutions/{id}/file`: always as something to save, and never as a page of this site."""
    person, service = await require_person(request), services_of(request).planning.meetings.resolutions
    kept = await service.file(person, request.path_params["resolution"])
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(kept.title)}",
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, no-cache",
    }
    return FileResponse(service.path(kept), headers=headers, media_type=kept.mime)


async def _rows(request: Request, person: Person, meetings: list[Meeting]) -> list[dict[str, Any]]:
    services = services_of(request)
    recordings = await services.live.ids_by_lesson(tuple(one.room.id for one in meetings))
    return [_row(request, person, one, recordings.get(one.room.id)) for one in meetings]


def _row(request: Request, person: Person, one: Meeting, recording: str | None) -> dict[str, Any]:
    room = one.room
    return {
        "id": one.id,
        "group_id": one.group_id,
        "plan_id": one.plan_id,
        "kind": one.kind,
        "title": room.title,
        "state": room.state if room.cancelled is None else "cancelled",
        "starts_at": iso(room.starts_at_ms),
        "planned_minutes": room.planned_minutes,
        "caller": msgspec.structs.asdict(room.lecturer),
        "school": room.lecturer_school.name,
        "people_online": services_of(request).live.seats(room.id).people_online,
        "recording_id": recording,
        "reason": room.cancelled or "",
        "as_guest": person.id in one.guests,
    }


async def _shown(request: Request, person: Person, shown: Shown) -> dict[str, Any]:
    one, today = shown.meeting, services_of(request).planning.meetings.resolutions.today
    agenda = {
        "items": [msgspec.structs.asdict(item) for item in one.agenda],
        "revision": one.agenda_revision,
        "item": one.item_id,
        "item_since": iso(one.item_since_ms) if one.item_id else None,
    }
    whole = (await _rows(request, person, [one]))[0] | {
        "group": shown.group_name,
        "rights": sorted(shown.rights),
        "seat": "convener" if shown.convenes else "member",
        "agenda": agenda,
        "minutes": _minutes(one),
        "resolutions": [_resolution(made, today) for made in shown.resolutions],
        "people": [_seated(who) for who in shown.people],
        "guests": [_seated(who) for who in shown.people if who.person.id in one.guests],
        "attendees": [_attendee(who) for who in shown.attendees],
        "substance": None if shown.substance is None else msgspec.structs.asdict(shown.substance),
    }
    return whole | {"tag": hashlib.sha256(msgspec.json.encode(whole)).hexdigest()[:16]}


def _seated(one: Seated) -> dict[str, Any]:
    return {"id": one.person.id, "name": one.person.name, "school": one.school.name if one.school else ""}


def _attendee(one: Attendee) -> dict[str, Any]:
    told = {"person_id": one.person_id, "name": one.name, "school": one.school}
    return told | {"minutes": one.ms // 60_000, "heard": one.heard, "acts": one.acts}


def _minutes(one: Meeting) -> dict[str, Any]:
    minutes = one.minutes
    by = None if minutes.by is None else msgspec.structs.asdict(minutes.by)
    return {"text": minutes.text, "revision": minutes.revision, "by": by, "at": iso(minutes.ms) if by else None}


def _resolution(one: Resolution, today: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "meeting_id": one.meeting_id,
        "meeting": one.meeting,
        "group_id": one.group_id,
        "text": one.text,
        "owner": msgspec.structs.asdict(one.owner),
        "due": one.due,
        "state": one.state(today),
        "made_by": msgspec.structs.asdict(one.made_by),
        "evidence": None if one.evidence is None else msgspec.structs.asdict(one.evidence),
        "closed_by": None if one.closed_by is None else msgspec.structs.asdict(one.closed_by),
        "closed_at": None if one.closed_ms is None else iso(one.closed_ms),
    }


def routes() -> list[Route]:
    """Return the routes of meetings and resolutions."""
    meeting, resolution = "/api/meetings/{meeting}", "/api/resolutions/{resolution}"
    return [
        Route("/api/meetings", list_meetings, methods=["GET"]),
        Route("/api/meetings", add_meeting, methods=["POST"]),
        Route("/api/meetings/mine", list_mine, methods=["GET"]),
        Route("/api/meetings/candidates", list_candidates, methods=["GET"]),
        Route(meeting, get_meeting, methods=["GET"]),
        Route(meeting, cancel_meeting, methods=["DELETE"]),
        Route(f"{meeting}/guests", add_guest, methods=["POST"]),
        Route(f"{meeting}/guests/{{person}}", remove_guest, methods=["DELETE"]),
        Route(f"{meeting}/agenda", set_agenda, methods=["PUT"]),
        Route(f"{meeting}/item", turn_to, methods=["POST"]),
        Route(f"{meeting}/minutes", set_minutes, methods=["PUT"]),
        Route(f"{meeting}/resolutions", add_resolution, methods=["POST"]),
        Route(resolution, change_resolution, methods=["PATCH"]),
        Route(f"{resolution}/files", add_file, methods=["POST"]),
        Route(f"{resolution}/file", get_file, methods=["GET"]),
        Route(f"{resolution}/close", close_resolution, methods=["POST"]),
    ]
