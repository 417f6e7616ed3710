"""HTTP of rosters (docs/http.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.accounts.model import Classroom
from server.accounts.rights import Right, has_right
from server.asking import require_known, require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, answer_list, iso, read_body, read_json
from server.lessons.rosters.model import MAX_NUMBER, MAX_PUPILS, MAX_SEAT, Pupil, RosterPage, Wanted
from server.lessons.rosters.plan import Plan
from server.lessons.rosters.sheet import RosterSheet, as_rows, read_roster, told
from server.sheets import MAX_BYTES, as_csv, as_xlsx, read_table
from signaling.class_list import Roster
from signaling.errors import Refused
from signaling.ids import PupilId

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_TOLD = 60  # mistakes of one file


class GivenPupil(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pupil of `PUT /api/classrooms/{id}/roster`."""

    number: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
    name: Annotated[str, msgspec.Meta(max_length=80)]
    row: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEAT)] | None = None
    column: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEAT)] | None = None
    card: Annotated[int, msgspec.Meta(ge=-1, le=99)] | None = None
    id: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class GivenRoster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/classrooms/{id}/roster`: all pupils; whoever is not in it leaves the class."""

    version: Annotated[int, msgspec.Meta(ge=0)]
    pupils: Annotated[tuple[GivenPupil, ...], msgspec.Meta(max_length=MAX_PUPILS)]


def pupil_answer(pupil: Pupil) -> dict[str, Any]:
    """Return `Pupil` of docs/http.md."""
    return {name: getattr(pupil, name) for name in ("id", "number", "name", "row", "column", "card")}


def _roster_answer(room: Classroom, page: RosterPage, can_edit: bool) -> dict[str, Any]:
    return {
        "classroom": {"id": room.id, "name": room.name, "school": {"id": room.school.id, "name": room.school.name}},
        "version": page.version,
        "pupils": [pupil_answer(one) for one in page.pupils],
        "left": [
            {"id": one.id, "number": one.number, "name": one.name, "left_at": iso(one.left_ms)} for one in page.left
        ],
        "can_edit": can_edit,
    }


async def get_roster(request: Request) -> Response:
    """`GET /api/classrooms/{id}/roster`."""
    person = await require_person(request)
    room, page = await services_of(request).preparing.rosters.see(person, request.path_params["classroom"])
    return answer(_roster_answer(room, page, has_right(person, Right.EDIT_ROSTER, room.school.id)))


async def put_roster(request: Request) -> Response:
    """`PUT /api/classrooms/{id}/roster`."""
    person, rosters = await require_person(request), services_of(request).preparing.rosters
    classroom = request.path_params["classroom"]
    await rosters.see(person, classroom)
    body = await read_json(request, GivenRoster)
    wanted = [
        Wanted(one.number, one.name, one.row, one.column, one.card, None if one.id is None else PupilId(one.id))
        for one in body.pupils
    ]
    await rosters.replace(person, classroom, wanted, True, body.version)
    room, page = await rosters.see(person, classroom)
    _tell_rooms(request, page)
    return answer(_roster_answer(room, page, True))


async def import_roster(request: Request) -> Response:
    """`POST /api/classrooms/{id}/roster/import`: says what the file would do, or with `version` does it."""
    person, rosters = await require_person(request), services_of(request).preparing.rosters
    classroom, others_leave = request.path_params["classroom"], request.query_params.get("others") == "leave"
    await rosters.see(person, classroom)
    sheet = await asyncio.to_thread(_read, await read_body(request, MAX_BYTES))
    version = _version(request)
    page, plan = await rosters.preview(person, classroom, sheet.wanted, others_leave)
    problems = told(sheet, plan.problems)
    if version is not None:
        if problems:
            raise Refused("roster_invalid", f"名单没有导入：第 {problems[0].line} 行：{problems[0].text}")
        page, plan = await rosters.replace(person, classroom, sheet.wanted, others_leave, version)
        _tell_rooms(request, page)
    shown = [msgspec.structs.asdict(one) for one in problems[:MAX_TOLD]]
    return answer({"version": page.version, "problems": shown, **_plan_answer(plan)})


def _tell_rooms(request: Request, page: RosterPage) -> None:
    services_of(request).live.roster_changed(Roster(page.classroom, page.pupils, page.has_cards))


def _read(data: bytes) -> RosterSheet:
    return read_roster(read_table(data))


def _version(request: Request) -> int | None:
    text = request.query_params.get("version")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise field_invalid("version")
    return int(text)


def _plan_answer(plan: Plan) -> dict[str, Any]:
    return {
        "added": _pupils(plan.added),
        "back": _pupils(plan.back),
        "changed": [{"before": pupil_answer(one.before), "after": pupil_answer(one.after)} for one in plan.changed],
        "gone": _pupils(plan.gone),
        "kept": plan.kept,
    }


def _pupils(pupils: Sequence[Pupil]) -> list[dict[str, Any]]:
    return [pupil_answer(one) for one in pupils]


async def export_roster(request: Request) -> Response:
    """`GET /api/classrooms/{id}/roster.csv` and `.xlsx`."""
    person = await require_person(request)
    room, page = await services_of(request).preparing.rosters.see(person, request.path_params["classroom"])
    name = f"学生名单-{room.school.name}-{room.name}"
    return await table_response(name, room.name, as_rows(page.pupils), request.url.path.rpartition(".")[2])


async def table_response(name: str, title: str, rows: list[list[object]], kind: str) -> Response:
    """Return rows as a file to keep: `kind` is "csv" or "xlsx"."""
    if kind == "xlsx":
        data, media_type = await asyncio.to_thread(as_xlsx, title, rows), XLSX
    else:
        data, media_type = as_csv(rows), "text/csv; charset=utf-8"
    headers = {
        "content-disposition": f"attachment; filename=table.{kind}; filename*=UTF-8''{quote(f'{name}.{kind}')}",
        "cache-control": "no-store",
    }
    return Response(data, 200, headers, media_type=media_type)


async def lesson_rosters(request: Request) -> Response:
    """`GET /api/lessons/{id}/rosters`: what the asker may know of the lesson's pupils."""
    asker, services = await require_known(request), services_of(request)
    lesson = await services.lessons.see(asker, request.path_params["lesson"])
    found = await services.preparing.rosters.of_lesson(asker, lesson)
    return answer_list(
        {"classroom": {"id": room.id, "name": room.name, "school": {"id": room.school.id, "name": room.school.name}},
         "pupils": _pupils(found[room.id])}
        for room in lesson.classrooms
        if room.id in found
    )  # fmt: skip


def routes() -> list[Route]:
    """Return the routes of rosters."""
    address = "/api/classrooms/{classroom}/roster"
    return [
        Route(address, get_roster, methods=["GET"]),
        Route(address, put_roster, methods=["PUT"]),
        Route(f"{address}/import", import_roster, methods=["POST"]),
        Route(f"{address}.csv", export_roster, methods=["GET"]),
        Route(f"{address}.xlsx", export_roster, methods=["GET"]),
        Route("/api/lessons/{lesson}/rosters", lesson_rosters, methods=["GET"]),
    ]
