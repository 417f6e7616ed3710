"""Files that nothing refers to go after a week; whatever a lesson, a deck or a pack still needs stays."""

from __future__ import annotations

import hashlib
import logging
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete

from server import orphans
from server.ground import FileFolders
from server.lessons.orphans_plan import FEW
from server.lessons.rosters.model import Wanted
from server.lessons.tables import lessons
from server.orphans import OrphanSweep, folders
from tests.films import film
from tests.integration.server.conftest import World
from tests.integration.server.test_questions import picture
from tests.unit.server.lessons.test_pictures import png

WEEK_S = 7 * 86_400
FILM = film()


def sweep_of(world: World) -> OrphanSweep:
    return OrphanSweep(world.database, folders(FileFolders(world.folder)), world.clock)


def age(world: World, days: float = 8) -> None:
    """Let all files have been put that long ago."""
    then = datetime.now(UTC).timestamp() - days * 86_400
    for path in files_of(world):
        os.utime(path, (then, then))


def files_of(world: World, *names: str) -> list[Path]:
    found = (
        path for name in names or ("pages", "photos", "clips", "packs") for path in (world.folder / name).rglob("*")
    )
    return sorted(path for path in found if path.is_file())


async def upload(world: World, lesson: str) -> str:
    """Give the lesson a clip; return its name."""
    client = await world.client("lin")
    asked = await client.post("/api/uploads", json={"name": "日食.mp4", "bytes": len(FILM), "purpose": "clip"})
    address = f"/api/uploads/{asked.json()['id']}"
    headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert (await client.patch(address, content=FILM, headers=headers)).status_code == 200
    added = await client.post(f"/api/lessons/{lesson}/clips", json={"upload": asked.json()["id"]})
    assert added.status_code == 201, added.text
    return hashlib.sha256(FILM).hexdigest()


async def furnished(world: World) -> str:
    """Return a lesson with pages, a photo, a clip and packs."""
    lesson, classroom = (await world.lesson())["id"], await world.classroom_id("红星小学")
    await world.services.preparing.rosters.fill(classroom, [Wanted(1, "李小雨")])
    await world.give_pages(lesson, png(9, 9), png(8, 8))
    await upload(world, lesson)
    yang = await world.client("yang")
    sent = await yang.post(f"/api/lessons/{lesson}/photos", params={"classroom": classroom}, content=picture())
    assert sent.status_code == 201, sent.text
    screen = await world.screen(classroom)
    assert (await screen.get(f"/api/lessons/{lesson}/pack")).status_code == 200
    return str(lesson)


async def forget(world: World, lesson: str) -> None:
    async with world.database.write() as tx:
        await tx.execute(delete(lessons).where(lessons.c.id == lesson))


async def test_nothing_that_is_referred_to_goes(world: World) -> None:
    await furnished(world)
    age(world)
    kept = files_of(world, "pages", "photos", "clips")
    assert len(kept) >= 4
    gone = await sweep_of(world).sweep()
    assert {name: count for name, count in gone.items() if count} == {"packs": 1}
    assert files_of(world) == kept, "what a pack had is made anew when somebody asks"


async def test_what_manifests_name_is_as_young_as_the_last_of_them(world: World) -> None:
    lesson = await furnished(world)
    age(world)
    screen = await world.screen(await world.classroom_id("红星小学"))
    items = (await screen.get(f"/api/lessons/{lesson}/pack")).json()["items"]
    assert (await sweep_of(world).sweep())["packs"] == 0
    roster = next(one for one in items if one["kind"] == "roster")
    assert (await screen.get(roster["url"])).status_code == 200


async def test_files_of_a_deleted_lesson_go_after_a_week(world: World) -> None:
    lesson = await furnished(world)
    before = len(files_of(world, "photos", "clips"))
    await forget(world, lesson)
    age(world, 6.9)
    assert sum((await sweep_of(world).sweep()).values()) == 0
    age(world, 7.1)
    gone = await sweep_of(world).sweep()
    assert (gone["pages"], gone["photos"] + gone["clips"], gone["packs"]) == (2, before, 1)
    assert files_of(world, "photos", "clips", "packs") == []
    assert sum((await sweep_of(world).sweep()).values()) == 0


async def test_a_clip_that_was_taken_off_stays_until_its_lesson_is_over(world: World) -> None:
    lesson = await furnished(world)
    name = hashlib.sha256(FILM).hexdigest()
    assert (await (await world.client("lin")).delete(f"/api/lessons/{lesson}/clips/{name}")).status_code == 200
    age(world)
    assert (await sweep_of(world).sweep())["clips"] == 0, "a classroom may be in the middle of it"
    await forget(world, lesson)
    assert (await sweep_of(world).sweep())["clips"] == 1


async def test_a_file_that_is_put_again_is_young(world: World) -> None:
    data = png(7, 7)
    name = await world.services.files.put(data)
    age(world)
    assert await world.services.files.put(data) == name
    assert (await sweep_of(world).sweep())["pages"] == 0
    found = world.services.files.found_in(name[:2])[0]
    week_ago_s = datetime.now(UTC).timestamp() - WEEK_S
    assert not world.services.files.remove_old(found, week_ago_s), "also when it was found before that"


async def test_strange_files_stay_and_halves_of_a_crash_go(world: World) -> None:
    folder = world.folder / "pages" / "aa"
    folder.mkdir(parents=True)
    target = world.folder / "target"
    target.write_bytes(b"x")
    (folder / ("aa" + "1" * 62)).symlink_to(target)
    (folder / "readme.txt").write_text("mine")
    half = folder / f".aa{'0' * 62}.01234567"
    half.write_bytes(b"x")
    age(world)
    assert (await sweep_of(world).sweep())["pages"] == 1
    assert sorted(path.name for path in folder.iterdir()) == ["aa" + "1" * 62, "readme.txt"]


async def test_the_files_of_another_database_are_left_alone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for n in range(FEW + 1):
        await world.services.files.put(b"page %d" % n)
    age(world)
    count = len(files_of(world, "pages"))
    with caplog.at_level(logging.WARNING):
        assert (await sweep_of(world).sweep())["pages"] == 0
    assert len(files_of(world, "pages")) == count
    assert "right database" in caplog.text


async def test_a_pass_removes_only_so_much(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "MOST", 3)
    monkeypatch.setattr(orphans, "ASKED", 2)
    for n in range(8):
        await world.services.files.put(b"page %d" % n)
    age(world)
    sweep = sweep_of(world)
    assert [(await sweep.sweep())["pages"] for _ in range(4)] == [3, 3, 2, 0]
