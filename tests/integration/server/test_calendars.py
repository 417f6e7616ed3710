"""Calendars that phones subscribe to."""

from __future__ import annotations

from typing import Any

from icalendar import Calendar

from tests.integration.server.conftest import World
from tests.integration.server.test_timetable import HONG, Autumn, autumn

__all__ = ["autumn"]  # the fixture


async def events(world: World, url: str) -> dict[str, dict[str, Any]]:
    answer = await (await world.client()).get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    found = Calendar.from_ical(answer.content)
    return {str(one["uid"]): one for one in found.walk("VEVENT")}


async def addresses(world: World, username: str) -> dict[str, str]:
    items = (await (await world.client(username)).get("/api/calendars")).json()["items"]
    return {one["name"]: one["url"] for one in items}


async def test_a_teachers_calendar_follows_the_timetable(autumn: Autumn) -> None:
    world = autumn.world
    await autumn.add()
    url = (await addresses(world, "lin"))["林晓云的课"]
    before = await events(world, url)
    assert len(before) == 20
    lesson = (await autumn.lessons("2026-09-10", "2026-09-10"))[0]
    uid = f"lesson-{lesson['id']}@localhost"
    event = before[uid]
    assert event["dtstart"].to_ical() == b"20260910T022000Z"
    assert event["dtend"].to_ical() == b"20260910T030000Z"
    assert (event["summary"], event["sequence"], event["status"]) == ("科学 · 光的世界", 0, "CONFIRMED")
    lin = await world.client("lin")
    path = f"/api/lessons/{lesson['id']}"
    await lin.post(f"{path}/cancel", json={"reason": "停电"})
    off = (await events(world, url))[uid]
    assert (off["summary"], off["sequence"], off["status"]) == ("【取消】科学 · 光的世界", 1, "CANCELLED")
    assert "停电" in off["description"]
    await lin.post(f"{path}/restore")
    wang = await world.client("wang")
    await wang.post(f"{path}/substitute", json={"lecturer_id": await autumn.person("zhou"), "reason": "出差"})
    given = (await events(world, url))[uid]
    assert (given["sequence"], given["status"]) == (3, "CANCELLED")
    assert "由周明远代课：出差" in given["description"]
    other = (await events(world, (await addresses(world, "yang"))[f"{HONG}五年级一班的课"]))[uid]
    assert other["status"] == "CONFIRMED"
    assert set(await events(world, url)) == set(before)


async def test_an_address_is_secret_and_can_be_renewed(autumn: Autumn) -> None:
    world = autumn.world
    await autumn.add()
    old = (await addresses(world, "lin"))["林晓云的课"]
    nobody, lin, yang = await world.client(), await world.client("lin"), await world.client("yang")
    lin_id, room = await autumn.person("lin"), await world.classroom_id(HONG)
    assert (await yang.post(f"/api/calendars/teacher/{lin_id}/renew")).status_code == 403
    assert (await lin.post(f"/api/calendars/classroom/{room}/renew")).status_code == 403
    assert (await yang.post(f"/api/calendars/classroom/{room}/renew")).status_code == 200
    new = (await lin.post(f"/api/calendars/teacher/{lin_id}/renew")).json()["url"]
    assert new != old
    assert (await nobody.get(old)).json()["code"] == "calendar_unknown"
    assert (await nobody.get(new)).status_code == 200
    forged = new[:-5] + ("0" if new[-5] != "0" else "1") + ".ics"
    for url in (
        forged,
        "/calendar/teacher-x-y.ics",
        "/calendar/x.ics",
        "/calendar/teacher-%ff-a.ics",
    ):
        assert (await nobody.get(url)).status_code == 404, url
