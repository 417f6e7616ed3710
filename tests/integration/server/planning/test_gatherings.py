"""A group's calendar over HTTP: planning, answering, clashes, calling off, and what phones subscribe to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from tests.integration.server.conftest import World
from tests.integration.server.planning.conftest import Workshop

HOUR_MS, WEEK_MS = 3_600_000, 7 * 86_400_000


def at(**ahead: int) -> int:
    return int((datetime.now(UTC).replace(microsecond=0) + timedelta(**ahead)).timestamp() * 1000)


def body(starts_ms: int, **more: Any) -> dict[str, Any]:
    return {"kind": "planning", "title": "《光的折射》集体备课", "starts_ms": starts_ms, "minutes": 60, **more}


async def listed(workshop: Workshop, by: str, group: bool = False) -> list[dict[str, Any]]:
    path = f"/api/gatherings?from_ms={at(days=-30)}&to_ms={at(days=200)}"
    path += f"&group={workshop.group}" if group else ""
    items: list[dict[str, Any]] = (await workshop.send(by, "GET", path))["items"]
    return items


async def events(world: World, url: str) -> list[Any]:
    answer = await (await world.client()).get(url)
    assert answer.status_code == 200, answer.text
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


async def test_a_weekly_gathering_is_answered_changed_and_called_off(workshop: Workshop) -> None:
    await workshop.join("he")
    made = await workshop.send("he", "POST", "G/gatherings", body(at(days=1), repeats=4, place="河口小学"), 201)
    first, second, third, fourth = made["items"]
    assert [one["starts_ms"] - first["starts_ms"] for one in made["items"]] == [n * WEEK_MS for n in range(4)]
    await workshop.send("lin", "PUT", f"/api/gatherings/{first['id']}/answer", {"comes": True}, 204)
    await workshop.send("lin", "PUT", f"/api/gatherings/{first['id']}/answer", {"comes": False}, 204)
    assert (
        await workshop.refused("yang", "PUT", f"/api/gatherings/{first['id']}/answer", {"comes": True}) == "not_allowed"
    )
    moved = body(second["starts_ms"] + HOUR_MS, link="https://meet.example/1", revision=0)
    await workshop.send("he", "PUT", f"/api/gatherings/{second['id']}", moved)
    assert await workshop.refused("he", "PUT", f"/api/gatherings/{second['id']}", moved) == "gathering_changed"
    cancel = {"reason": "期中考试", "following": True}
    await workshop.send("lin", "POST", f"/api/gatherings/{third['id']}/cancel", cancel, 204)
    late = await workshop.refused("he", "PUT", f"/api/gatherings/{fourth['id']}/answer", {"comes": True})
    assert late == "gathering_off"
    shown = await listed(workshop, "lin", group=True)
    assert [one["gathering"]["cancelled_ms"] is None for one in shown] == [True, True, False, False]
    assert (shown[0]["comes"], shown[0]["may_change"]) == (False, True)
    answers = [(one["person"]["name"], one["school"], one["comes"]) for one in shown[0]["gathering"]["coming"]]
    assert answers == [("林晓云", "春城实验小学", False)]
    assert (await workshop.kinds())[:4] == [*["gathering.cancelled"] * 2, "gathering.changed", "gathering.planned"]


async def test_others_gatherings_and_nonsense_are_refused(workshop: Workshop) -> None:
    await workshop.join("he")
    await workshop.join("ma", "guest")
    assert await workshop.refused("ma", "POST", "G/gatherings", body(at(days=1))) == "not_allowed"
    made = (await workshop.send("lin", "POST", "G/gatherings", body(at(days=1)), 201))["items"][0]
    changed = body(at(days=2), revision=0)
    assert await workshop.refused("he", "PUT", f"/api/gatherings/{made['id']}", changed) == "not_allowed"
    assert await workshop.refused("he", "POST", f"/api/gatherings/{made['id']}/cancel", {}) == "not_allowed"
    assert await workshop.refused("he", "POST", "/api/gatherings/none/cancel", {}) == "gathering_unknown"
    for nonsense in (
        body(at(days=900)),
        body(at(days=1), link="javascript:alert(1)"),
        body(at(days=1), repeats=99),
        body(at(days=1)) | {"title": "  "},
        body(at(days=1)) | {"kind": "party"},
        body(at(days=1), plan_id="of-nobody"),
    ):
        assert await workshop.refused("he", "POST", "G/gatherings", nonsense) == "field_invalid"
    assert await workshop.refused("he", "GET", "/api/gatherings?from_ms=1") == "field_invalid"
    assert len(await listed(workshop, "he")) == 1


async def test_lessons_at_the_same_time_are_told(workshop: Workshop) -> None:
    await workshop.join("he")
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    lesson = await workshop.world.lesson("lin", starts_at=soon.isoformat())
    starts_ms = int(soon.timestamp() * 1000)
    tried = {"starts_ms": starts_ms + 10 * 60_000, "minutes": 60}
    found = (await workshop.send("he", "POST", "G/gatherings/clashes", tried))["items"]
    assert [(one["person"]["name"], one["what"], one["title"]) for one in found] == [
        ("林晓云", "lesson", lesson["title"])
    ]
    await workshop.send("he", "POST", "G/gatherings", body(tried["starts_ms"]), 201)
    (mine,), (his,) = await listed(workshop, "lin"), await listed(workshop, "he")
    assert ([one["title"] for one in mine["clashes"]], his["clashes"]) == ([lesson["title"]], [])
    free = {"starts_ms": starts_ms + 40 * 60_000, "minutes": 60}
    assert (await workshop.send("he", "POST", "G/gatherings/clashes", free))["items"] == []
    # another group of the same people
    other = await (await workshop.world.client("he")).post(
        "/api/groups", json={"kind": "mingshi", "name": "和志强名师工作室", "subject": "科学"}
    )
    client = await workshop.world.client("he")
    path = f"/api/groups/{other.json()['group']['id']}/gatherings/clashes"
    (busy,) = (await client.post(path, json=tried)).json()["items"]
    assert (busy["person"]["name"], busy["what"]) == ("和志强", "gathering")


async def test_phones_subscribe_by_a_secret_address(workshop: Workshop) -> None:
    world = workshop.world
    await workshop.join("he")
    one = body(at(days=1), place="河口小学会议室", note="带上实验记录")
    made = (await workshop.send("lin", "POST", "G/gatherings", one, 201))["items"][0]
    await workshop.send("he", "PUT", f"/api/gatherings/{made['id']}/answer", {"comes": True}, 204)
    feeds = {one["name"]: one for one in (await workshop.send("he", "GET", "/api/research/calendars"))["items"]}
    own, group = feeds["和志强的教研"], feeds["云岭小学科学教研组"]
    for feed in (own, group):
        (event,) = await events(world, feed["url"])
        assert (event["uid"], event["summary"], event["location"]) == (
            f"gathering-{made['id']}@localhost",
            "集体备课 · 《光的折射》集体备课",
            "河口小学会议室",
        )
        assert "参加：河口小学 和志强" in event["description"]
    await workshop.send("lin", "POST", f"/api/gatherings/{made['id']}/cancel", {"reason": "停电"}, 204)
    (event,) = await events(world, own["url"])
    assert (event["status"], event["sequence"], event["summary"][:4]) == ("CANCELLED", 1, "【取消】")
    assert (
        await workshop.refused("he", "POST", f"/api/research/calendars/group/{workshop.group}/renew") == "not_allowed"
    )
    renewed = await workshop.send("lin", "POST", f"/api/research/calendars/group/{workshop.group}/renew")
    nobody = await world.client()
    assert (await nobody.get(group["url"])).json()["code"] == "calendar_unknown"
    assert len(await events(world, renewed["url"])) == 1
    # addresses of the timetable and of the workshop do not open each other
    assert (await nobody.get(own["url"].replace("/research/", "/"))).status_code == 404
    timetable = (await workshop.send("he", "GET", "/api/calendars"))["items"][0]["url"]
    assert (await nobody.get(timetable.replace("/calendar/", "/calendar/research/"))).status_code == 404


async def test_figures_count_only_sessions_in_which_several_schools_worked(workshop: Workshop) -> None:
    await workshop.join("he")
    await workshop.send("lin", "POST", "G/gatherings", body(at(minutes=5)), 201)
    world, activity = workshop.world, workshop.world.services.planning.activity

    async def act(kind: str, who: str, minutes: int) -> None:
        async with world.database.write() as tx:
            person = await workshop.id_of(who)
            await activity.note(tx, kind, person, group_id=workshop.group, ts_ms=at(minutes=minutes))

    world.clock.ahead = timedelta(hours=2)
    await act("comment.made", "he", 20)
    month = (await workshop.send("he", "GET", "G/figures"))["items"]
    assert sum(one["held"] for one in month) == 1 and sum(one["substantive"] for one in month) == 0
    await act("plan.version", "lin", 30)
    month = (await workshop.send("he", "GET", "G/figures"))["items"]
    (counted,) = [one for one in month if one["substantive"]]
    assert {(one["school"], one["sessions"]) for one in counted["schools"]} == {("春城实验小学", 1), ("河口小学", 1)}


@pytest.mark.parametrize("path", ["teacher-x-y", "workshop-x-y", "x", "group--"])
async def test_made_up_addresses_open_nothing(world: World, path: str) -> None:
    assert (await (await world.client()).get(f"/calendar/research/{path}.ics")).status_code == 404
