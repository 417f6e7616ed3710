from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from signaling.messages import Event, LessonInfo, PageTurned, RoomId
from tests.integration.server.conftest import World
from tests.unit.server.lessons.test_pictures import png


async def test_a_lesson_is_planned_listed_and_cancelled(world: World) -> None:
    lesson = await world.lesson()
    assert lesson["state"] == "scheduled" and lesson["starts_at"] == "2026-11-22T01:00:00.000Z"
    assert len(lesson["id"]) == 8 and lesson["lecturer"]["name"] == "林晓云" and lesson["roles"] == ["lecturer"]
    local = await world.client("yang")
    listed = (await local.get("/api/lessons")).json()["items"]
    assert [one["id"] for one in listed] == [lesson["id"]]
    assert listed[0]["roles"] == ["local_teacher", "classroom"]
    assert (await (await world.client("ma")).get("/api/lessons")).json()["items"] == []
    assert (await local.delete(f"/api/lessons/{lesson['id']}")).status_code == 403
    assert (await (await world.client("lin")).delete(f"/api/lessons/{lesson['id']}")).status_code == 204
    assert (await local.get(f"/api/lessons/{lesson['id']}")).json()["code"] == "lesson_unknown"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "长" * 81}, "title"),
        ({"starts_at": "2026-11-22T09:00:00"}, "starts_at"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"planned_minutes": 4}, "planned_minutes"),
        ({"classroom_ids": ["nope"]}, "classroom_ids"),
        ({"classroom_ids": ["a"] * 61}, "classroom_ids"),
        ({"paired_school_id": "nope"}, "paired_school_id"),
        ({"state": "live"}, None),
    ],
)
async def test_a_wrong_field_is_named(world: World, change: dict[str, object], field: str | None) -> None:
    body = {"title": "水", "subject": "科学", "starts_at": "2026-11-22T09:00:00Z", "planned_minutes": 40, **change}
    answer = await (await world.client("lin")).post("/api/lessons", json=body)
    assert answer.status_code in (400, 422)
    assert answer.json().get("field") == field
    assert (await (await world.client("lin")).get("/api/lessons")).json()["items"] == []


async def test_who_is_in_a_lesson_already_is_not_planned_into_another(world: World) -> None:
    begins = datetime.now(UTC) + timedelta(days=2)
    await world.lesson(starts_at=begins.isoformat(), title="水的三态")
    body = {"title": "认识时钟", "subject": "数学", "planned_minutes": 40}
    room, lecturer = await world.classroom_id("红星小学"), await world.client("lin")
    half = (begins + timedelta(minutes=20)).isoformat()
    own = await lecturer.post("/api/lessons", json={**body, "starts_at": half})
    assert (own.status_code, own.json()["code"]) == (409, "timetable_conflict")
    assert "林晓云老师" in own.json()["detail"] and "《水的三态》" in own.json()["detail"]
    other = await world.client("he")
    taken = await other.post("/api/lessons", json={**body, "starts_at": half, "classroom_ids": [room]})
    assert taken.status_code == 409 and "红星小学" in taken.json()["detail"] and "林晓云主讲" in taken.json()["detail"]
    assert len((await lecturer.get("/api/lessons")).json()["items"]) == 1
    after = (begins + timedelta(minutes=40)).isoformat()
    assert (await other.post("/api/lessons", json={**body, "starts_at": after, "classroom_ids": [room]})).is_success


async def test_pages_are_served(world: World) -> None:
    lesson, lecturer = await world.lesson(), await world.client("lin")
    await world.give_pages(lesson["id"], png(1600, 900), png(800, 600))
    assert (await lecturer.get(f"/api/lessons/{lesson['id']}")).json()["pages"] == 2
    deck = (await lecturer.get(f"/api/lessons/{lesson['id']}/deck")).json()["deck"]
    assert deck["titles"] == ["第1页", "第2页"] and deck["pages"] == 2 and deck["widths"] == []
    local = await world.client("yang")
    fixed = await local.get(deck["page_url"].replace("{page}", "2"))
    assert fixed.content == png(800, 600) and fixed.headers["content-type"] == "image/png"
    assert "immutable" in fixed.headers["cache-control"] and fixed.headers["x-content-type-options"] == "nosniff"
    assert fixed.headers["content-security-policy"].startswith("default-src 'none'")
    plain = await local.get(f"/api/lessons/{lesson['id']}/pages/1")
    assert plain.headers["cache-control"] == "private, no-cache"
    assert (await local.get(f"/api/lessons/{lesson['id']}/pages/3")).json()["code"] == "page_unknown"
    assert (await (await world.client("ma")).get(f"/api/lessons/{lesson['id']}/pages/1")).status_code == 404
    nobody = await world.client()
    assert (await nobody.get(f"/api/lessons/{lesson['id']}/pages/1")).status_code == 401


async def test_a_room_token_opens_the_pages_of_its_lesson_only(world: World) -> None:
    lesson, other, lecturer = await world.lesson(), await world.lesson(), await world.client("lin")
    for one in (lesson, other):
        await world.give_pages(one["id"], png(9, 9))
    asked = await lecturer.post(f"/api/lessons/{lesson['id']}/token", json={"role": "lecturer"})
    headers = {"Authorization": f"Bearer {asked.json()['token']}"}
    nobody = await world.client()
    assert (await nobody.get(f"/api/lessons/{lesson['id']}/pages/1", headers=headers)).status_code == 200
    assert (await nobody.get(f"/api/lessons/{other['id']}/pages/1", headers=headers)).status_code == 401
    forged = {"Authorization": "Bearer x.y.z"}
    assert (await nobody.get(f"/api/lessons/{lesson['id']}/pages/1", headers=forged)).status_code == 401


async def test_tokens_are_for_those_who_may_take_the_seat(world: World) -> None:
    lesson = await world.lesson()
    path = f"/api/lessons/{lesson['id']}/token"
    screen = await world.screen(await world.classroom_id("红星小学"))
    given = await screen.post(path, json={"role": "classroom"})
    assert given.status_code == 200
    seat = world.services.tokens.verify(given.json()["token"])
    assert (seat.name, seat.school, seat.room) == ("五年级一班", "红星小学", lesson["id"])
    assert (given.json()["expires_s"], given.json()["ice_servers"], given.json()["roles"]) == (300, [], ["classroom"])
    refused = await (await world.client("yang")).post(path, json={"role": "lecturer"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    king = await (await world.client("yang")).post(path, json={"role": "king"})
    assert (king.status_code, king.json()["field"]) == (422, "role")


async def test_a_whip_token_is_a_seat_of_its_own(world: World) -> None:
    lesson, lecturer = await world.lesson(), await world.client("lin")
    answer = (await lecturer.post(f"/api/lessons/{lesson['id']}/whip-token")).json()
    assert answer["url"] == f"http://localhost:8000/whip/{lesson['id']}"
    page = (await lecturer.post(f"/api/lessons/{lesson['id']}/token", json={"role": "lecturer"})).json()
    verify = world.services.tokens.verify
    assert verify(answer["token"]).subject != verify(page["token"]).subject
    assert (await (await world.client("yang")).post(f"/api/lessons/{lesson['id']}/whip-token")).status_code == 403


def info(lesson_id: str, state: str) -> LessonInfo:
    return LessonInfo(lesson_id, "水的三态", "科学", "春城实验小学", 40, state, 5 if state != "scheduled" else None)  # type: ignore[arg-type]


async def test_the_log_is_kept_in_order_and_once(world: World) -> None:
    room = RoomId((await world.lesson())["id"])
    store = world.services.lessons
    events = tuple(Event(seq, seq * 10, PageTurned(seq, "第一页")) for seq in range(1, 6))
    await store.opened(room, 1000)
    await store.opened(room, 2000)
    await store.append(room, info(room, "live"), events[:3])
    await store.append(room, info(room, "live"), events[1:])
    stored = await store.load(room)
    assert stored is not None and stored.events == events and stored.opened_wallclock_ms == 1000
    assert stored.info.state == "live" and stored.info.started_t_ms == 5
    assert await store.live() == (room,)
    await store.append(room, info(room, "ended"), ())
    assert await store.live() == ()
    assert await store.load(RoomId("nothing2")) is None


async def test_concurrent_appends_of_many_lessons_lose_nothing(world: World) -> None:
    rooms = [RoomId((await world.lesson())["id"]) for _ in range(5)]
    async with asyncio.TaskGroup() as tasks:
        for seq in range(1, 11):
            for room in rooms:
                event = Event(seq, seq, PageTurned(seq))
                tasks.create_task(world.services.lessons.append(room, info(room, "live"), (event,)))
    for room in rooms:
        stored = await world.services.lessons.load(room)
        assert stored is not None
        assert [event.seq for event in stored.events] == list(range(1, 11))


async def test_a_lesson_that_began_keeps_its_deck_and_stays(world: World) -> None:
    lesson, lecturer = await world.lesson(), await world.client("lin")
    await world.services.lessons.append(RoomId(lesson["id"]), info(lesson["id"], "live"), ())
    deck = await lecturer.put(f"/api/lessons/{lesson['id']}/deck", json={"deck_id": "none"})
    assert (deck.status_code, deck.json()["code"]) == (409, "lesson_state")
    assert (await lecturer.delete(f"/api/lessons/{lesson['id']}")).json()["code"] == "lesson_state"
    await world.services.lessons.append(RoomId(lesson["id"]), info(lesson["id"], "ended"), ())
    token = await lecturer.post(f"/api/lessons/{lesson['id']}/token", json={"role": "lecturer"})
    assert token.json()["code"] == "lesson_state"


async def test_the_demonstration_is_seeded_once_and_begins_anew_when_over(world: World) -> None:
    from server.demo.seed import Demo

    demo = Demo(world.services.accounts, world.services.lessons)
    await demo.seed()
    assert len(await world.services.accounts.schools()) == 5
    first = await demo.lesson()
    assert (await demo.lesson()).id == first.id and first.pages == 6
    assert [room.school.name for room in first.classrooms] == ["红星小学", "河口小学", "青山教学点"]
    page = await (await world.client("yang")).get(f"/api/lessons/{first.id}/pages/1")
    assert page.headers["content-type"].startswith("image/svg+xml") and "光的折射" in page.text
    await world.services.lessons.append(first.id, info(first.id, "ended"), ())
    assert await demo.is_over(first.id)
    assert (await demo.lesson()).id != first.id
