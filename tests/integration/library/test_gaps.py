"""What the network lost, from the first question to the recording that is whole: over HTTP, with real media."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from bench.recorder_feed import RecorderProcess
from recorder.control import RecordingChanged
from recorder.finalise import Finaliser
from recorder.folder import STEPS
from recorder.splice.gap_parts import read_gap_parts
from recorder.splice.missing import Stretch
from recorder.splice.step import MISSING, Missing
from recorder.step_notes import StepNote
from server.lessons.page_files import PageFiles
from server.lessons.tables import lessons
from server.library.service import LibraryService
from server.storage.database import Database
from signaling.messages import RoomId
from tests.integration.server.conftest import World, open_world
from tests.voices import browser_picture, browser_sound, record

PIECE = {"Content-Type": "application/offset+octet-stream"}
LESSON_S, LOST, OFF_MS = 20.0, (7.0, 12.0), 420.0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "data") as opened:
        yield opened


async def over(world: World, lesson: str) -> tuple[LibraryService, str, Path]:
    """End a lesson and begin its recording."""
    library = LibraryService(
        world.database, world.folder / "recordings", PageFiles(world.folder / "pages"), world.clock
    )
    recording, folder = await library.begin(RoomId(lesson), "水的三态")
    await set_state(world.database, lesson, "ended")
    (Path(folder) / STEPS).mkdir(parents=True)
    return library, recording, Path(folder)


async def set_state(database: Database, lesson: str, state: str) -> None:
    async with database.write() as tx:
        await tx.execute(lessons.update().where(lessons.c.id == lesson).values(state=state))


def tell_missing(folder: Path, *stretches: Stretch, **more: Any) -> None:
    missing = Missing(1_000.0, 60_000.0, stretches, **more)
    (folder / STEPS / f"{MISSING}.json").write_bytes(
        msgspec.json.encode(StepNote("x", {}, msgspec.to_builtins(missing)))
    )


async def upload(client: httpx.AsyncClient, data: bytes) -> str:
    body = {"name": "gap.webm", "bytes": len(data), "purpose": "gap"}
    begun = await client.post("/api/uploads", json=body)
    assert begun.status_code == 201, begun.text
    half, address = len(data) // 2, f"/api/uploads/{begun.json()['id']}"
    for offset, piece in ((0, data[:half]), (half, data[half:])):
        sent = await client.patch(address, content=piece, headers={"Upload-Offset": str(offset), **PIECE})
        assert sent.status_code == 200, sent.text
    return str(begun.json()["id"])


async def bring(
    client: httpx.AsyncClient, lesson: str, wanted: dict[str, Any], data: bytes, since_t_ms: float
) -> httpx.Response:
    maps = [(ms, since_t_ms + ms + 50.0) for ms in range(0, 12_000, 3_000)]
    stretch = {key: wanted[key] for key in ("peer", "source", "from_t_ms", "to_t_ms")}
    body = stretch | {"upload": await upload(client, data), "browser": "tab-1", "maps": maps}
    return await client.post(f"/api/lessons/{lesson}/gaps", json=body)


async def asked(client: httpx.AsyncClient, lesson: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/lessons/{lesson}/gaps")).json()
    return found


async def test_a_lecturers_browser_brings_what_is_missing_and_the_recording_is_whole(
    world: World, tmp_path: Path
) -> None:
    lin, lesson = await world.client("lin"), (await world.lesson())["id"]
    assert (await asked(lin, lesson))["state"] == "wait", "class has not been yet"
    library, recording, folder = await over(world, lesson)
    waiting = await asked(lin, lesson)
    (peer,) = waiting["peers"]
    recorder = RecorderProcess(tmp_path)
    try:
        begin_ms = await asyncio.to_thread(record, recorder, folder, peer, LESSON_S, LOST)
    finally:
        recorder.kill()
    await library.changed(RecordingChanged(recording, "ready", duration_ms=20_000))
    found = await asked(lin, lesson)
    assert (waiting["state"], found["state"], found["is_busy"]) == ("wait", "open", False)
    wanted = [one for one in found["wanted"] if one["to_t_ms"] > begin_ms + 1_000]  # a slow machine begins late
    assert {one["source"] for one in wanted} == {"mic", "camera"}
    since_t_ms = begin_ms + 2_000 + OFF_MS
    for one in wanted:
        data = browser_sound(2, 18) if one["source"] == "mic" else browser_picture(2, 18)
        assert (await bring(lin, lesson, one, data, since_t_ms)).status_code == 204
    left = (await asked(lin, lesson))["wanted"]
    assert [one for one in left if one in wanted] == [], "it is not asked for again"
    assert (await lin.post(f"/api/lessons/{lesson}/gaps/done")).status_code == 204
    assert world.live.remade == [(recording, str(folder), "水的三态")]
    resource = await asyncio.to_thread(Finaliser(folder).run)
    assert {one.what for one in resource.filled} == {"sound", "picture"}
    await lin.post(f"/api/lessons/{lesson}/gaps/done")
    assert len(world.live.remade) == 1, "nothing new was brought"


async def test_only_what_is_missing_is_taken_and_only_of_who_sent_it(world: World) -> None:
    lin, lesson = await world.client("lin"), (await world.lesson())["id"]
    library, recording, folder = await over(world, lesson)
    (peer,) = (await asked(lin, lesson))["peers"]
    await library.changed(RecordingChanged(recording, "ready"))
    assert (await asked(lin, lesson))["state"] == "none", "made by a server that did not look"
    tell_missing(folder, Stretch(peer, "mic", 11_000, 14_000), Stretch("somebody", "mic", 11_000, 14_000))
    (one,) = (await asked(lin, lesson))["wanted"]
    assert (one["from_t_ms"], one["to_t_ms"], one["beside_ms"]) == (10_000, 13_000, 10_000), "on the room's clock"
    sound = browser_sound(0, 2)
    elsewhere = one | {"from_t_ms": 30_000, "to_t_ms": 33_000}
    for wrong, since in ((elsewhere, 30_000), (one | {"peer": "somebody"}, 8_000), (one, 500_000)):
        refused = await bring(lin, lesson, wrong, sound, since)
        assert (refused.status_code, refused.json()["code"]) == (409, "gap_unwanted")
    broken = await bring(lin, lesson, one, b"\x1aE\xdf\xa3" + bytes(900), 8_000)
    picture = await bring(lin, lesson, one, browser_picture(0, 1), 8_000)
    assert (broken.status_code, broken.json()["code"], picture.json()["code"]) == (422, "gap_broken", "gap_broken")
    assert read_gap_parts(folder) == [] and not world.live.remade
    foreign = await world.client("ma")
    assert (await foreign.get(f"/api/lessons/{lesson}/gaps")).status_code == 404
    assert (await asked(await world.client("yang"), lesson))["state"] == "none", "a guest sends nothing of hers"


async def test_a_classroom_records_itself_only_when_its_school_said_so(world: World) -> None:
    lesson, room = (await world.lesson())["id"], await world.classroom_id("红星小学")
    school = await world.school_id("红星小学")
    screen, ma = await world.screen(room), await world.client("lin")
    policy = f"/api/lessons/{lesson}/local-recording?role=classroom&classroom={room}"
    assert (await screen.get(policy)).json()["allowed"] is False
    own = f"/api/schools/{school}/local-recording"
    assert (await ma.put(own, json={"allowed": True})).json()["code"] == "not_allowed", "another school's teacher"
    manager = await world.client("wang")
    assert (await manager.put(own, json={"allowed": True})).json()["allowed"] is True
    told = (await screen.get(policy)).json()
    assert (told["allowed"], told["asks"], told["days"]) == (True, False, 7)
    library, recording, folder = await over(world, lesson)
    (peer,) = (await asked(screen, lesson))["peers"]
    await library.changed(RecordingChanged(recording, "ready"))
    tell_missing(folder, Stretch(peer, "mic", 11_000, 14_000), pauses=((12_000.0, 13_000.0),))
    found = await asked(screen, lesson)
    assert found["pauses"] == [[11_000, 12_000]]
    assert (await bring(screen, lesson, found["wanted"][0], browser_sound(0, 9), 6_000)).status_code == 204
    (part,) = read_gap_parts(folder)
    assert part.minors and part.codec == "opus"
    await manager.put(own, json={"allowed": False})
    assert (await asked(screen, lesson))["state"] == "none"
    assert (await screen.post("/api/uploads", json={"name": "a", "bytes": 9, "purpose": "gap"})).status_code == 401


async def test_a_lecturer_is_asked_and_nobody_when_it_is_turned_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, lesson = await world.client("lin"), (await world.lesson())["id"]
    address = f"/api/lessons/{lesson}/local-recording"
    told = (await lin.get(f"{address}?role=lecturer")).json()
    assert (told["allowed"], told["asks"]) == (True, True)
    assert (await lin.get(f"{address}?role=king")).json()["code"] == "field_invalid"
    assert (await (await world.client("ma")).get(f"{address}?role=lecturer")).status_code == 404
    monkeypatch.setattr(world.services.library.gaps, "_days", 0)
    assert (await lin.get(f"{address}?role=lecturer")).json()["allowed"] is False
