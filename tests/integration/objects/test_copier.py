"""Recordings in the store: parts while class goes on, all of it afterwards, and back again after a disk died."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from recorder.control import RecordingChanged
from recorder.journal import Chain, read_journal
from server.objects import copying
from server.objects.copier import EVERY_S, FIRST_RETRY_S, LAST_RETRY_S, Copier
from server.objects.local import MARK, LocalObjects
from server.objects.restoring import restore
from server.objects.tables import copies_of
from signaling.errors import Refused
from tests.integration.library.published import FILM, RENDITIONS, Shelf, open_shelf

CAMERA, MIC = "tracks/camera-f-p1/0001.webm", "tracks/mic-p1/0002.webm"


@dataclass
class Class:
    shelf: Shelf
    store: LocalObjects
    folder: Path  # of the store

    def copier(self) -> Copier:
        return Copier(self.shelf.world.database, self.store, self.shelf.folder.parent, self.shelf.world.clock)

    def teach(self, *, parts: int, closed: int, is_over: bool = False) -> None:
        """Write a journal with `parts` parts, of which the first ones are closed, and the parts."""
        chain, lines = Chain(), b""
        lines += chain.line(
            0,
            "session.start",
            {
                "wall_ms": 0,
                "mono_ns": 0,
                "boot": "b",
                "recording": "r",
                "room": "x",
                "title": "t",
                "lead_role": "lecturer",
            },
        )
        for number, file in enumerate((CAMERA, MIC)[:parts], 1):
            about = {
                "part": number,
                "file": file,
                "peer": "p1",
                "role": "lecturer",
                "source": file.split("/")[1].split("-")[0],
                "codec": "vp8" if number == 1 else "opus",
                "layer": "f",
                "ssrc": 1,
                "clock_rate": 90000,
                "rtp": 0,
                "at": 0.0,
                "width": 1280,
                "height": 720,
                "minors": False,
            }
            lines += chain.line(number, "part.open", about)
            (self.shelf.folder / file).parent.mkdir(parents=True, exist_ok=True)
            (self.shelf.folder / file).write_bytes(FILM)
            if number <= closed:
                lines += chain.line(
                    number + 10,
                    "part.close",
                    {
                        "part": number,
                        "why": "continued",
                        "ms": 1800_000,
                        "lost": 0,
                        "unordered": 0,
                        "dropped": 0,
                        "late": 0,
                    },
                )
        if is_over:
            lines += chain.line(99, "session.end", {})
        (self.shelf.folder / "journal.jsonl").write_bytes(lines + (b"" if is_over else b'{"torn'))

    async def keys(self, prefix: str = "") -> list[str]:
        return [one.key async for one in self.store.list(prefix)]

    async def set_state(self, state: str) -> None:
        renditions = RENDITIONS if state == "ready" else ()
        change = RecordingChanged(self.shelf.recording, state, "", 0, 61_000, "poster.jpg", renditions)  # type: ignore[arg-type]
        await self.shelf.library.changed(change)


@pytest.fixture
async def lesson(tmp_path: Path) -> AsyncIterator[Class]:
    async with open_shelf(tmp_path) as shelf:
        folder = tmp_path / "nas"
        folder.mkdir()
        (folder / MARK).touch()
        yield Class(shelf, LocalObjects(folder), folder)


async def test_closed_parts_are_stored_while_class_goes_on_and_survive_the_disk(lesson: Class, tmp_path: Path) -> None:
    recording = lesson.shelf.recording
    await lesson.set_state("recording")
    lesson.teach(parts=2, closed=1)
    copier = lesson.copier()
    assert await copier.step() == EVERY_S
    stored = await lesson.keys(f"parts/{recording}/")
    assert [key.split("/", 2)[2] for key in stored if "journal" not in key] == [CAMERA], "the other one still grows"
    assert await copier.step() == EVERY_S
    assert await lesson.keys() == stored, "nothing is stored twice"
    lesson.teach(parts=2, closed=2)
    await lesson.copier().step()  # after a restart
    shutil.rmtree(lesson.shelf.folder)  # the disk dies
    back = tmp_path / "back"
    assert await restore(lesson.store, recording, back) == 3
    assert (back / CAMERA).read_bytes() == (back / MIC).read_bytes() == FILM
    journal = read_journal(back / "journal.jsonl")
    assert journal.is_intact and journal.total_bytes == journal.whole_bytes
    assert [one.path for one in copying.closed_parts(back)] == [CAMERA, MIC]
    with pytest.raises(Refused) as raised:
        await restore(lesson.store, recording, back)
    assert raised.value.code == "folder_not_empty"
    with pytest.raises(Refused, match="没有录像"):
        await restore(lesson.store, "nowhere", tmp_path / "other")


async def test_a_finished_recording_is_stored_whole_once_and_again_when_it_is_made_again(
    lesson: Class, tmp_path: Path
) -> None:
    lesson.teach(parts=2, closed=2, is_over=True)
    (first, second) = (lesson.copier(), lesson.copier())
    await asyncio.gather(first.step(), second.step())  # two nodes at once
    await first.step()
    cas = await lesson.keys("cas/")
    assert len(cas) == 5, "three equal films, two kinds of small files, the description, the log and the journal"
    assert len(await lesson.keys(f"recordings/{lesson.shelf.recording}/")) == 1
    (lesson.shelf.folder / "light.webm").write_bytes(FILM[:500])
    (lesson.shelf.folder / "resource.json").touch()
    await second.step()
    assert len(await lesson.keys("cas/")) == len(cas) + 1
    assert len(await lesson.keys(f"recordings/{lesson.shelf.recording}/")) == 2
    await restore(lesson.store, lesson.shelf.recording, tmp_path / "back")
    for name in ("light.webm", "lecturer.webm", "resource.json", "journal.jsonl", MIC):
        assert (tmp_path / "back" / name).read_bytes() == (lesson.shelf.folder / name).read_bytes(), name


async def test_a_store_that_goes_away_is_tried_again_and_nothing_is_lost(
    lesson: Class, caplog: pytest.LogCaptureFixture
) -> None:
    lesson.teach(parts=2, closed=2, is_over=True)
    away = lesson.folder.rename(lesson.folder.with_name("away"))
    copier = lesson.copier()
    waits = [await copier.step() for _ in range(8)]
    assert waits[:3] == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S]
    assert waits[-1] == LAST_RETRY_S
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1, "said once, not each time"
    assert "对象存储现在用不了" in caplog.text
    async with lesson.shelf.world.database.read() as tx:
        assert await copies_of(tx, [lesson.shelf.recording]) == {lesson.shelf.recording: {}}
    away.rename(lesson.folder)
    assert await copier.step() == EVERY_S
    assert await lesson.keys(f"parts/{lesson.shelf.recording}/tracks/")
