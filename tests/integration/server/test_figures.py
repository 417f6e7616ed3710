"""Figures and data caps over HTTP and in the database: who sees what, and that nothing is lost on the way."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from server.storage.database import open_database, sqlite_url
from server.storage.migrate import upgrade
from signaling.data_caps import DataCap
from signaling.messages import PeerId, RoomId
from signaling.playback import Playback
from signaling.roles import Role
from tests.integration.server.conftest import PASSWORD, World
from tests.unit.server.lessons.test_pictures import png


async def played(world: World, **changes: Any) -> tuple[str, tuple[Playback, ...]]:
    """Return a lesson of 春城实验小学 for 红星小学, with the figures of three seats."""
    lesson = (await world.lesson(**changes))["id"]
    schools = {name: await world.school_id(name) for name in ("红星小学", "河口小学", "春城实验小学")}
    rows = tuple(
        Playback(PeerId(f"peer{n}"), role, name, school, schools[school], watched_ms=100_000, video_stall_ms=n * 1_000)
        for n, (role, name, school) in enumerate(
            (
                (Role.CLASSROOM, "五年级", "红星小学"),
                (Role.LOCAL_TEACHER, "赵老师", "河口小学"),
                (Role.LECTURER, "林晓云", "春城实验小学"),
            )
        )
    )
    await world.services.lessons.keep_playback(RoomId(lesson), rows)
    return lesson, rows


async def seen(world: World, who: str, lesson: str) -> list[str]:
    answer = await (await world.client(who)).get(f"/api/lessons/{lesson}/figures")
    assert answer.status_code == 200, answer.text
    return [one["peer"] for one in answer.json()["items"]]


async def test_newer_figures_replace_older_ones_and_are_loaded_with_the_lesson(world: World) -> None:
    lesson, rows = await played(world)
    newer = replace(rows[0], watched_ms=200_000, sent_bytes=3 << 30, path="turn_udp", limited=True)
    await world.services.lessons.keep_playback(RoomId(lesson), (newer,))
    stored = await world.services.lessons.load(RoomId(lesson))
    assert stored is not None
    assert set(stored.playback) == {newer, rows[1], rows[2]}


async def test_a_seat_of_an_unknown_school_is_kept_without_it(world: World) -> None:
    lesson, rows = await played(world)
    await world.services.lessons.keep_playback(RoomId(lesson), (replace(rows[0], school_id="gone"),))
    stored = await world.services.lessons.load(RoomId(lesson))
    assert stored is not None and "" in {row.school_id for row in stored.playback}


async def test_the_host_sees_all_and_others_their_own(world: World) -> None:
    lesson, _ = await played(world)
    assert await seen(world, "lin", lesson) == await seen(world, "wang", lesson) == ["peer0", "peer2", "peer1"]
    assert await seen(world, "yang", lesson) == ["peer0"]
    shown = (await (await world.client("lin")).get(f"/api/lessons/{lesson}")).json()
    assert shown["figures"] is True


async def test_the_table_of_a_lesson_and_of_a_stretch_of_time(world: World) -> None:
    lesson, _ = await played(world, starts_at="2026-11-22T09:00:00+00:00")
    later, _ = await played(world, starts_at="2026-12-02T09:00:00+00:00")
    one = await (await world.client("lin")).get(f"/api/lessons/{lesson}/figures.csv")
    assert one.headers["content-type"] == "text/csv; charset=utf-8"
    assert "filename*=UTF-8''%E4%B8%8A%E8%AF%BE" in one.headers["content-disposition"]
    assert len(list(csv.reader(io.StringIO(one.content.decode("utf-8-sig"))))) == 4
    manager = await world.client("wang")
    for last, codes in (("2026-11-20", []), ("2026-11-30", [lesson] * 3), ("2026-12-31", [lesson] * 3 + [later] * 3)):
        answer = await manager.get("/api/figures.csv", params={"from": "2026-11-01", "to": last})
        lines = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert [line["课堂代码"] for line in lines] == codes


async def test_a_school_manager_exports_what_concerns_the_school(world: World) -> None:
    await played(world, starts_at="2026-11-22T09:00:00+00:00")
    for school, expected in (("红星小学", ["红星小学"]), ("春城实验小学", ["红星小学", "春城实验小学", "河口小学"])):
        username = f"head{len(expected)}"
        school_id = await world.school_id(school)
        await world.services.accounts.enrol(username, PASSWORD, "校长", school_id, is_manager=True)
        client = await world.new_client()
        await client.post("/api/session", json={"username": username, "password": PASSWORD})
        answer = await client.get("/api/figures.csv", params={"from": "2026-11-01", "to": "2026-11-30"})
        lines = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert [line["学校"] for line in lines] == expected


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [("", "2026-11-01", "from"), ("2026-11-02", "2026-11-01", "to"), ("2020-01-01", "2026-01-01", "to"),
     ("2026-13-01", "2026-12-01", "from"), ("2026-11-01", "9999-12-31", "to")],
)  # fmt: skip
async def test_a_wrong_stretch_of_time_is_told(world: World, first: str, last: str, field: str) -> None:
    answer = await (await world.client("wang")).get("/api/figures.csv", params={"from": first, "to": last})
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_cap_is_stored_told_to_the_rooms_and_shown(world: World) -> None:
    school = await world.school_id("红星小学")
    teacher = await world.client("yang")
    for body, cap in (
        ({"ceiling_kbps": 300, "video": True}, DataCap(300_000)),
        ({"ceiling_kbps": None, "video": False}, DataCap(0, video_allowed=False)),
    ):
        answer = await teacher.put(f"/api/schools/{school}/data-cap", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data_cap"] == body
        assert world.live.caps[-1] == (school, cap)
        assert await world.services.accounts.caps() == {school: cap}
    shown = (await teacher.get("/api/schools")).json()["items"]
    own = next(one for one in shown if one["id"] == school)
    expected = [
        "add_classroom",
        "pair_screen",
        "set_data_cap",
        "see_figures",
        "see_roster",
        "edit_roster",
        "plan_own",
        "use_decks",
        "record_consents",
    ]
    assert own["rights"] == expected
    assert all(one["rights"] == [] for one in shown if one["id"] != school)
    await teacher.put(f"/api/schools/{school}/data-cap", json={"ceiling_kbps": None, "video": True})
    assert await world.services.accounts.caps() == {}


@pytest.mark.parametrize("kbps", [0, 63, 10_001, "300", -1, 1.5])
async def test_a_ceiling_that_no_lesson_fits_under_is_refused(world: World, kbps: object) -> None:
    school = await world.school_id("红星小学")
    answer = await (await world.client("wang")).put(
        f"/api/schools/{school}/data-cap", json={"ceiling_kbps": kbps, "video": True}
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "ceiling_kbps")
    assert world.live.caps == []


async def test_page_pictures_are_counted_for_whoever_fetches_them(world: World) -> None:
    lesson = (await world.lesson())["id"]
    picture = png(40, 30)
    await world.give_pages(lesson, picture)
    screen = await world.screen(await world.classroom_id("红星小学"))
    token = (await screen.post(f"/api/lessons/{lesson}/token", json={"role": "classroom"})).json()["token"]
    await screen.get(f"/api/lessons/{lesson}/pages/1")
    await (await world.client()).get(f"/api/lessons/{lesson}/pages/1", params={"token": token})
    assert world.live.downloads == [(lesson, [Role.CLASSROOM], len(picture))] * 2
    await screen.get(f"/api/lessons/{lesson}/pages/7")
    assert len(world.live.downloads) == 2


async def test_a_school_that_is_not_there_has_no_cap(world: World) -> None:
    manager = await world.client("wang")
    answer = await manager.put("/api/schools/none/data-cap", json={"ceiling_kbps": 300, "video": True})
    assert (answer.status_code, answer.json()["code"]) == (404, "school_unknown")


async def test_rungs_are_shown_to_prometheus_while_they_are_known(world: World) -> None:
    client = await world.client()
    world.live.rungs_now = [("红星小学", "hd"), ("红星小学", "smooth"), ("河口小学", "audio")]
    shown = (await client.get("/metrics")).text
    assert 'tongtang_classroom_rung{school="红星小学"} 2.0' in shown
    assert 'tongtang_classroom_rung{school="河口小学"} 0.0' in shown
    world.live.rungs_now = []
    assert "tongtang_classroom_rung{" not in (await client.get("/metrics")).text


async def test_schools_and_lessons_of_the_version_before_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    await upgrade(engine, "0002")
    await engine.dispose()
    with sqlite3.connect(path) as old:
        old.execute("INSERT INTO schools VALUES ('s1', '红星小学', 'rural', '云岭县')")
        old.execute("INSERT INTO people VALUES ('p1', 'lin', '林', 'x', 's1', 0)")
        old.execute(
            "INSERT INTO lessons VALUES "
            "('abcd2345', '光', '科学', 'ended', 1, 40, 'p1', 's1', NULL, 0, NULL, 0, 1, 2, 3)"
        )
    old.close()
    async with open_database(sqlite_url(path)) as database, database.read() as tx:
        assert (await tx.execute(text("SELECT cap_kbps, cap_video FROM schools"))).one() == (0, 1)
        assert (await tx.execute(text("SELECT title FROM lessons"))).scalar_one() == "光"
        assert (await tx.execute(text("SELECT count(*) FROM lesson_playback"))).scalar_one() == 0
