"""Meetings over HTTP: who is let in, agenda, minutes, resolutions that evidence closes, and what is logged."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recorder.control import RecordingChanged, Rendition
from server.accounts.model import Person
from server.library import tables as recordings
from server.library.access import Act, acts
from server.library.resources import desk, tables as resources
from server.library.resources.drafts import make_draft
from signaling import messages as m
from signaling.roles import Role
from signaling.room import Room
from signaling.seats import Admission
from tests.integration.server.conftest import World
from tests.integration.server.planning.conftest import taken_out

GROUP = {"kind": "jiaoyanzu", "name": "云岭小学科学教研组", "subject": "科学", "stage": "小学"}
JOINT: dict[str, Any] = {"title": "十一月联席会议", "kind": "joint", "minutes": 40}


class Workshop:
    """A group that Lin leads, with 和志强 as a member; 杨秀英 and 马 are strangers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.group = ""

    async def found(self) -> None:
        self.group = (await self.send("lin", "POST", "/api/groups", GROUP, 201))["group"]["id"]
        body = {"person_id": await self.id_of("he"), "role": "member"}
        sheet = await self.send("lin", "POST", f"/api/groups/{self.group}/invitations", body, 201)
        invitation = sheet["invitations"][0]["id"]
        await self.send("he", "POST", f"/api/invitations/{invitation}/accept", expect=204)

    async def send(self, by: str, method: str, path: str, body: Any = None, expect: int = 200, **more: Any) -> Any:
        answer = await (await self.world.client(by)).request(method, path, json=body, **more)
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    async def refused(self, by: str, method: str, path: str, body: Any = None, **more: Any) -> str:
        answer = await (await self.world.client(by)).request(method, path, json=body, **more)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["code"])

    async def id_of(self, username: str) -> str:
        found = await self.world.person(username)
        assert found.person is not None
        return found.person.id

    async def known(self, username: str) -> Person:
        found = (await self.world.person(username)).person
        assert found is not None
        return found

    async def call(self, by: str = "lin", **changes: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.send(
            by, "POST", "/api/meetings", {"group_id": self.group} | JOINT | changes, 201
        )
        return made

    async def hold(self, meeting_id: str, *usernames: str, minutes: int = 30) -> None:
        """Let these people sit in the meeting with open microphones, the first one in the chair, and end it."""
        lessons = self.world.services.lessons
        stored = await lessons.load(m.RoomId(meeting_id))
        assert stored is not None
        opened = datetime.now(UTC) - timedelta(minutes=minutes)
        await lessons.opened(m.RoomId(meeting_id), int(opened.timestamp() * 1000))
        room = Room(stored.info, None, opened_at=0.0, now=0.0, rng=random.Random(1))
        events: list[m.Event] = []
        seats = []
        for name in usernames:
            person = (await self.world.person(name)).person
            assert person is not None
            role = Role.CONVENER if name == "lin" else Role.MEMBER
            joined = room.join(Admission(f"person:{person.id}/{role}", role, person.name, ""), 0.0)
            seats.append(joined.you)
            events += [*joined.outcome.events, *room.on_track(joined.you, "mic", True, 1.0).events]
        events += room.handle(seats[0], m.EndLesson(1), minutes * 60.0).events
        await lessons.append(m.RoomId(meeting_id), room.state.lesson, tuple(events))


@pytest.fixture
async def workshop(world: World) -> Workshop:
    made = Workshop(world)
    await made.found()
    return made


async def test_members_and_guests_are_let_in_and_nobody_else(workshop: Workshop) -> None:
    meeting = await workshop.call(guests=[await workshop.id_of("yang")])
    path, token = f"/api/meetings/{meeting['id']}", f"/api/lessons/{meeting['id']}/token"
    assert (meeting["state"], meeting["kind"], meeting["caller"]["name"]) == ("scheduled", "joint", "林晓云")
    assert (await workshop.send("lin", "POST", token, {"role": "convener"}))["roles"] == ["convener"]
    assert (await workshop.send("he", "POST", token, {"role": "member"}))["roles"] == ["member"]
    assert await workshop.refused("he", "POST", token, {"role": "convener"}) == "not_allowed"
    assert (await workshop.send("yang", "POST", token, {"role": "member"}))["roles"] == ["member"]
    assert await workshop.refused("yang", "PUT", f"{path}/minutes", {"text": "x", "revision": 0}) == "not_allowed"
    assert await workshop.refused("ma", "GET", path) == "meeting_unknown"
    assert await workshop.refused("ma", "POST", token, {"role": "member"}) == "lesson_unknown"
    assert await workshop.refused("ma", "POST", "/api/meetings", {"group_id": workshop.group} | JOINT) == "not_allowed"
    # who left the group is not let in any more, whatever page is still open
    he = await workshop.id_of("he")
    await workshop.send("lin", "DELETE", f"/api/groups/{workshop.group}/members/{he}", {"reason": ""}, 204)
    assert await workshop.refused("he", "POST", token, {"role": "member"}) == "meeting_unknown"


async def test_a_guest_of_one_meeting_reads_its_plan_and_changes_nothing(workshop: Workshop) -> None:
    yang = await workshop.id_of("yang")
    body = {"group_id": workshop.group, "title": "光的折射", "subject": "科学"}
    plan = (await workshop.send("lin", "POST", "/api/plans", body, 201))["id"]
    other = (await workshop.send("lin", "POST", "/api/plans", body, 201))["id"]
    path = f"/api/plans/{plan}"
    assert await workshop.refused("yang", "GET", path) == "not_allowed"
    meeting = await workshop.call(kind="plan", plan_id=plan, guests=[yang])
    of = f"/api/meetings/{meeting['id']}"
    seen = await workshop.send("yang", "GET", path)
    assert (seen["role"], seen["may_write"]) == ("meeting_guest", False)
    assert seen["rights"] == ["join_meeting", "read_final", "read_plan"]
    assert (await workshop.send("yang", "POST", f"{path}/ticket"))["read_only"]
    listed = await workshop.send("yang", "GET", f"/api/meetings?plan_id={plan}")
    (row,) = listed["items"]
    assert not listed["may_call"]
    assert (row["id"], row["as_guest"]) == (meeting["id"], True)
    task = {"text": "写反思", "owner_id": yang}
    resolution = {"text": "决定", "owner_id": yang, "due": "2026-12-01"}
    template = {"scope": "group", "group_id": workshop.group, "plan_id": plan, "name": "模板", "with_text": True}
    denied: list[tuple[str, str, Any]] = [
        ("PATCH", path, {"revision": seen["revision"], "title": "我的"}),
        ("POST", f"{path}/versions", {"name": "一稿"}),
        ("POST", f"{path}/versions", {"name": "定稿", "is_final": True}),
        ("POST", f"{path}/versions/1/restore", None),
        ("POST", f"{path}/comments", {"kind": "comment", "text": "好"}),
        ("POST", f"{path}/tasks", task),
        ("GET", f"{path}/export.docx", None),
        ("POST", "/api/plan-templates", template),
        ("POST", "/api/plans", body),
        ("GET", f"/api/plans/{other}", None),  # of the same group, and none of this meeting's business
        ("GET", f"/api/groups/{workshop.group}", None),
        ("GET", f"/api/groups/{workshop.group}/activity", None),
        ("GET", f"/api/meetings?group_id={workshop.group}&plan_id={other}", None),
        ("GET", f"/api/meetings/candidates?plan_id={plan}&words=马", None),
        ("POST", "/api/meetings", {"group_id": workshop.group} | JOINT),
        ("POST", f"{of}/guests", {"person_id": await workshop.id_of("ma")}),
        ("DELETE", f"{of}/guests/{yang}", None),
        ("DELETE", of, None),
        ("PUT", f"{of}/agenda", {"items": [], "revision": 1}),
        ("POST", f"{of}/item", {"item": ""}),
        ("PUT", f"{of}/minutes", {"text": "x", "revision": 0}),
        ("POST", f"{of}/resolutions", resolution),
    ]
    for method, where, given in denied:
        assert await workshop.refused("yang", method, where, given) == "not_allowed", (method, where)
    made = await workshop.send("lin", "POST", f"{of}/resolutions", resolution, 201)
    given = {"kind": "plan_version", "id": plan, "number": 1}
    assert await workshop.refused("yang", "POST", f"/api/resolutions/{made['id']}/close", given) == "not_allowed"
    assert await workshop.refused("yang", "PATCH", f"/api/resolutions/{made['id']}", resolution) == "not_allowed"
    # it ends with the meeting: what came of it can be read, the plan cannot
    await workshop.hold(meeting["id"], "lin", "yang")
    assert (await workshop.send("yang", "GET", of))["state"] == "ended"
    assert await workshop.refused("yang", "GET", path) == "not_allowed"
    assert await workshop.refused("yang", "POST", f"{path}/ticket") == "not_allowed"


async def test_guests_are_found_asked_and_asked_no_more(workshop: Workshop) -> None:
    yang, he = await workshop.id_of("yang"), await workshop.id_of("he")
    find = f"/api/meetings/candidates?group_id={workshop.group}&words="
    found = (await workshop.send("he", "GET", f"{find}杨"))["items"]
    assert [one["person"]["id"] for one in found] == [yang] and set(found[0]) == {"person", "school", "region"}
    assert (await workshop.send("he", "GET", f"{find}和志强"))["items"] == []  # of the group
    assert (await workshop.send("he", "GET", find))["items"] == []  # no list of everybody
    assert await workshop.refused("ma", "GET", f"{find}杨") == "not_allowed"
    meeting = await workshop.call()
    of = f"/api/meetings/{meeting['id']}"
    assert await workshop.refused("yang", "GET", of) == "meeting_unknown"
    for guest in (yang, yang, he):
        await workshop.send("he", "POST", f"{of}/guests", {"person_id": guest}, 204)
    assert await workshop.refused("he", "POST", f"{of}/guests", {"person_id": "nobody"}) == "field_invalid"
    shown = await workshop.send("yang", "GET", of)
    assert ([one["id"] for one in shown["guests"]], shown["as_guest"]) == ([yang], True)
    mine = await workshop.send("yang", "GET", "/api/meetings/mine")
    assert [(one["id"], one["as_guest"]) for one in mine["meetings"]] == [(meeting["id"], True)]
    await workshop.send("lin", "DELETE", f"{of}/guests/{yang}", expect=204)
    assert await workshop.refused("yang", "GET", of) == "meeting_unknown"
    assert (await workshop.send("yang", "GET", "/api/meetings/mine"))["meetings"] == []
    await workshop.hold(meeting["id"], "lin", "he")
    assert await workshop.refused("lin", "POST", f"{of}/guests", {"person_id": yang}) == "meeting_state"


async def test_a_meeting_is_no_lesson_and_stands_in_the_calendar(workshop: Workshop) -> None:
    starts = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    meeting = await workshop.call(starts_at=starts)
    lessons = (await workshop.send("lin", "GET", "/api/lessons"))["items"]
    assert meeting["id"] not in [one["id"] for one in lessons]
    mine = await workshop.send("he", "GET", "/api/meetings/mine")
    assert [one["id"] for one in mine["meetings"]] == [meeting["id"]]
    assert [
        one["id"] for one in (await workshop.send("he", "GET", f"/api/meetings?group_id={workshop.group}"))["items"]
    ]
    log = (await workshop.send("he", "GET", f"/api/groups/{workshop.group}/activity"))["items"]
    assert log[0]["kind"] == "gathering.planned"
    assert await workshop.refused("he", "DELETE", f"/api/meetings/{meeting['id']}") == "not_allowed"
    assert await workshop.refused("lin", "DELETE", f"/api/lessons/{meeting['id']}") == "lesson_state"
    await workshop.send("lin", "DELETE", f"/api/meetings/{meeting['id']}?reason=改期", expect=204)
    token = f"/api/lessons/{meeting['id']}/token"
    assert await workshop.refused("lin", "POST", token, {"role": "convener"}) == "lesson_cancelled"
    entries = await workshop.world.services.planning.gatherings.of_group(
        await workshop.known("lin"), workshop.group, 0, 1 << 45
    )
    assert [(one.gathering.link, one.gathering.reason) for one in entries] == [(f"/meetings/{meeting['id']}", "改期")]


async def test_agenda_and_minutes_are_not_written_over(workshop: Workshop) -> None:
    meeting = await workshop.call()
    path = f"/api/meetings/{meeting['id']}"
    items = [{"title": "上次决议的落实", "minutes": 10, "person": "和志强"}, {"title": "下月听评课", "minutes": 20}]
    shown = await workshop.send("lin", "PUT", f"{path}/agenda", {"items": items, "revision": 1})
    first = shown["agenda"]["items"][0]["id"]
    assert await workshop.refused("he", "PUT", f"{path}/agenda", {"items": [], "revision": 1}) == "agenda_changed"
    long = [{"title": "长" * 10_000, "minutes": 10}]
    assert await workshop.refused("lin", "PUT", f"{path}/agenda", {"items": long, "revision": 2}) == "field_invalid"
    await workshop.send("he", "POST", f"{path}/item", {"item": first}, expect=204)
    assert await workshop.refused("he", "POST", f"{path}/item", {"item": "nothing"}) == "field_invalid"
    kept = await workshop.send("he", "PUT", f"{path}/minutes", {"text": "一、落实情况", "revision": 0})
    assert (kept["revision"], kept["by"]["name"]) == (1, "和志强")
    body = {"text": "另一份", "revision": 0}
    assert await workshop.refused("lin", "PUT", f"{path}/minutes", body) == "minutes_changed"
    shown = await workshop.send("lin", "GET", path)
    assert (shown["minutes"]["text"], shown["agenda"]["item"]) == ("一、落实情况", first)
    body = {"text": "把实验步骤改成学生分组", "owner_id": await workshop.id_of("he"), "due": "2030-12-01"}
    await workshop.send("lin", "POST", f"{path}/resolutions", body, 201)
    for form, words in (await taken_out(workshop.world, "he", f"{path}/export")).items():
        for one in ("上次决议的落实", "下月听评课", "一、落实情况", "把实验步骤改成学生分组", "和志强"):
            assert one in words, (form, one)


async def test_a_resolution_is_closed_by_evidence_alone(workshop: Workshop) -> None:
    meeting = await workshop.call()
    due = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    body = {"text": "把实验步骤改成学生分组", "owner_id": await workshop.id_of("he"), "due": due}
    path = f"/api/meetings/{meeting['id']}/resolutions"
    stranger = body | {"owner_id": await workshop.id_of("ma")}
    assert await workshop.refused("lin", "POST", path, stranger) == "field_invalid"
    made = await workshop.send("lin", "POST", path, body, 201)
    assert (made["state"], made["owner"]["name"]) == ("late", "和志强")
    mine = await workshop.send("he", "GET", "/api/meetings/mine")
    assert [one["text"] for one in mine["resolutions"]] == ["把实验步骤改成学生分组"]
    close = f"/api/resolutions/{made['id']}/close"
    for given in (
        {"kind": "lesson", "id": "nolesson"},
        {"kind": "plan_version", "id": "noplan", "number": 1},
        {"kind": "resource", "id": "none"},
        {"kind": "file", "id": "a" * 64, "title": "没有传过.pdf"},
        {"kind": "file", "id": "../../secret", "title": "x"},
    ):
        assert await workshop.refused("he", "POST", close, given) == "evidence_unknown"
    files = f"/api/resolutions/{made['id']}/files?name=记录.pdf"
    he = await workshop.world.client("he")
    kept = (await he.post(files, content=b"%PDF-1.4 evidence")).json()
    closed = await workshop.send("he", "POST", close, {one: kept[one] for one in ("kind", "id", "title", "bytes")})
    assert (closed["state"], closed["evidence"]["title"], closed["closed_by"]["name"]) == ("done", "记录.pdf", "和志强")
    assert await workshop.refused("lin", "POST", close, {"kind": "resource", "id": "x"}) == "resolution_closed"
    assert (await workshop.send("he", "GET", "/api/meetings/mine"))["resolutions"] == []
    got = await he.get(f"/api/resolutions/{made['id']}/file")
    assert got.content == b"%PDF-1.4 evidence" and got.headers["content-disposition"].startswith("attachment")
    assert await workshop.refused("ma", "GET", f"/api/resolutions/{made['id']}/file") == "meeting_unknown"
    kinds = [
        one["kind"] for one in (await workshop.send("lin", "GET", f"/api/groups/{workshop.group}/activity"))["items"]
    ]
    assert kinds[:2] == ["resolution.closed", "resolution.made"]


async def test_what_was_held_is_logged_once_with_who_was_there(workshop: Workshop) -> None:
    meeting = await workshop.call()
    await workshop.hold(meeting["id"], "lin", "he")
    path = f"/api/meetings/{meeting['id']}"
    shown = await workshop.send("lin", "GET", path)
    assert shown["state"] == "ended"
    assert {(one["name"], one["school"], one["heard"]) for one in shown["attendees"]} == {
        ("林晓云", "春城实验小学", True),
        ("和志强", "河口小学", True),
    }
    assert not shown["substance"]["is_substantive"]  # nothing came of it yet
    text = "会议决定：十二月第一周到河口小学听课，由和志强老师准备，林晓云老师记录并整理反馈。"
    await workshop.send("he", "PUT", f"{path}/minutes", {"text": text, "revision": 0})
    assert (await workshop.send("he", "GET", path))["substance"]["is_substantive"]
    await the_recording_belongs_to_who_spoke(workshop, meeting["id"])
    held = [
        one
        for one in await workshop.world.services.planning.activity.read(kinds=("meeting.held",))
        if one.object_id == meeting["id"]
    ]
    assert len(held) == 1
    assert set(held[0].data["people"]) == {await workshop.id_of("lin"), await workshop.id_of("he")}
    assert held[0].data["ended_ms"] - held[0].data["started_ms"] == 30 * 60_000


async def the_recording_belongs_to_who_spoke(workshop: Workshop, meeting_id: str) -> None:
    file = Rendition("lecturer", "lecturer.webm", "video/webm", 1000, 60_000, 640, 360, "a" * 64)
    made = RecordingChanged("r1", "ready", duration_ms=60_000, renditions=(file,))
    async with workshop.world.database.write() as tx:
        await recordings.add_recording(tx, "r1", m.RoomId(meeting_id), "十一月联席会议", 1_000)
        await recordings.set_state(tx, made)
        await make_draft(tx, "r1", 2_000)
        resource = await resources.of_recording(tx, "r1")
        assert resource is not None
        needs = (await desk.consents_of(tx, resource)).needs
        holding = await desk.holding_of(tx, resource)
    assert resource.is_meeting
    assert {(one.name, one.role) for one in resource.contributors} == {("林晓云", "author"), ("和志强", "author")}
    assert {one.subject.name for one in needs} == {"林晓云", "和志强"}
    assert Act.PLAY in acts(await workshop.world.person("he"), holding)
    assert Act.SEE not in acts(await workshop.world.person("ma"), holding)
