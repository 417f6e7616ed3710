"""A disk without room: for a recording that wants to begin, and for one that is finalised."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bench.recorder_feed import RecorderProcess, Stream, make_clip
from recorder import process
from recorder.control import DiskLow, Message, RecordingChanged, RecordingOpened, RecordingStalled, StartRecording
from recorder.journal import read_journal
from recorder.process import Recorder
from server.processes.recorder import RecorderLink

FLOOR = 1 << 20


class Usage(NamedTuple):
    """What `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


class News:
    """Who hears of recordings."""

    def __init__(self) -> None:
        self.said: list[Message] = []

    def on_recorder_message(self, message: RecordingOpened | RecordingChanged | RecordingStalled | DiskLow) -> None:
        self.said.append(message)

    def on_recorder_lost(self) -> None:
        pass

    def states(self) -> list[str]:
        return [message.state for message in self.said if isinstance(message, RecordingChanged)]


async def until(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not wanted():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def linked(scratch: Path) -> AsyncIterator[tuple[RecorderLink, News]]:
    """Yield the web process's link to a real recorder that runs in this process."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    link, news = RecorderLink(scratch / "tap"), News()
    link.listen(news)
    reader, writer = await asyncio.open_connection(sock=ours)
    async with asyncio.TaskGroup() as group:
        group.create_task(Recorder(theirs, scratch / "tap", FLOOR).run())
        serving = group.create_task(link._serve(reader, writer))
        await until(lambda: link.is_ready)
        yield link, news
        writer.close()
        await serving
    theirs.close()


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The free space that the recorder sees."""
    space = [FLOOR // 2]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 40, 0, space[0]))
    monkeypatch.setattr(process, "SPACE_INTERVAL_S", 0.05)
    return space


async def test_a_refused_recording_begins_when_there_is_room_and_misses_no_event(
    tmp_path: Path, free: list[int]
) -> None:
    folder = tmp_path / "lesson"
    async with linked(tmp_path) as (link, news):
        link.start(StartRecording("r1", "room", "光合作用", str(folder)))
        await until(lambda: news.states() == ["failed"])
        assert any(isinstance(message, DiskLow) and message.refused == "r1" for message in news.said)
        link.event("r1", 1, time.monotonic_ns(), b'{"kind":"page_turned","page":1,"title":""}')
        await asyncio.sleep(0.2)
        assert news.states() == ["failed"], "it is said once"
        free[0] = 100 << 30
        await until(lambda: news.states() == ["failed", "recording"])
        link.event("r1", 2, time.monotonic_ns(), b'{"kind":"page_turned","page":2,"title":""}')
        link.stop("r1")
        await until(lambda: "ended" in news.states())
    journal = read_journal(folder / "journal.jsonl")
    assert [line["event"] for line in journal.lines if line["kind"] == "event"] == [1, 2]


async def test_a_refused_recording_does_not_begin_after_its_lesson(tmp_path: Path, free: list[int]) -> None:
    async with linked(tmp_path) as (link, news):
        link.start(StartRecording("r1", "room", "光合作用", str(tmp_path / "lesson")))
        await until(lambda: news.states() == ["failed"])
        link.stop("r1")
        await asyncio.sleep(0.1)
        free[0] = 100 << 30
        await asyncio.sleep(0.3)
        assert news.states() == ["failed"]
    assert not (tmp_path / "lesson" / "journal.jsonl").exists()


async def test_a_disk_that_takes_nothing_is_told_at_once_and_when_it_takes_again(
    tmp_path: Path, free: list[int]
) -> None:
    free[0] = 100 << 30
    folder = tmp_path / "lesson"
    full = folder / "tracks" / "camera-teacher" / "0001.webm"
    full.parent.mkdir(parents=True)
    full.symlink_to("/dev/full")
    stream, begin = Stream(make_clip(2.0, 200_000, 320, 180)), time.monotonic_ns()
    async with linked(tmp_path) as (link, news):
        link.start(StartRecording("r1", "room", "光合作用", str(folder)))
        await until(lambda: news.states() == ["recording"])
        _, tap = await asyncio.open_unix_connection(str(tmp_path / "tap"))
        tap.write(stream.opening() + stream.until(2, begin))
        await until(lambda: RecordingStalled("r1", True) in news.said)
        full.unlink()
        tap.write(stream.until(8, begin))
        await until(lambda: RecordingStalled("r1", False) in news.said)
        tap.close()
    kinds = [line["kind"] for line in read_journal(folder / "journal.jsonl").lines]
    assert kinds.index("write.failed") < kinds.index("gap")


async def test_finalising_is_tried_again_when_there_is_room(tmp_path: Path, free: list[int]) -> None:
    free[0] = 100 << 30
    folder = tmp_path / "lesson"
    (folder / "steps").mkdir(parents=True)
    (folder / "audio.webm.tmp").symlink_to("/dev/full")
    async with linked(tmp_path) as (link, news):
        link.start(StartRecording("r1", "room", "光合作用", str(folder)))
        await until(lambda: news.states() == ["recording"])
        stream = Stream(make_clip(2.0, 200_000, 320, 180))
        _, tap = await asyncio.open_unix_connection(str(tmp_path / "tap"))
        tap.write(stream.opening() + stream.until(4, time.monotonic_ns()) + stream.closing())
        await asyncio.sleep(0.8)
        free[0] = FLOOR
        link.stop("r1")
        await until(lambda: "failed" in news.states())
        await asyncio.sleep(0.2)
        assert news.states()[-1] == "failed", "there is no room yet"
        free[0] = 100 << 30
        await until(lambda: news.states()[-1] == "ready")
        tap.close()


def finalise(folder: Path) -> subprocess.CompletedProcess[str]:
    command: list[Any] = [sys.executable, "-m", "recorder.finalise", folder]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("full", ["lecturer.webm.tmp", "audio.webm.tmp", "resource.json.tmp", "steps/poster.json.tmp"])
def test_finalising_on_a_full_disk_fails_in_words_and_can_be_run_again(tmp_path: Path, full: str) -> None:
    folder = tmp_path / "lesson"
    recorder = RecorderProcess(tmp_path)
    recorder.send(StartRecording("r1", "room", "光合作用", str(folder)))
    recorder.wait_for_state("recording")
    stream = Stream(make_clip(2.0, 200_000, 320, 180))
    tap = recorder.connect_tap()
    tap.sendall(stream.opening() + stream.until(6, time.monotonic_ns()) + stream.closing())
    time.sleep(1.0)
    assert recorder.end() == 0
    (folder / "steps").mkdir()
    (folder / full).symlink_to("/dev/full")  # each write to it fails as on a full disk
    done = finalise(folder)
    assert done.returncode == 1
    assert "磁盘已满" in done.stdout
    assert not [*folder.rglob("*.tmp")], "nothing unfinished is left in the way"
    assert "磁盘已满" in (folder / "failed.json").read_text()
    assert finalise(folder).returncode == 0
    assert (folder / "resource.json").exists() and not (folder / "failed.json").exists()
