"""When somebody talked in a recording: heard by a process of its own, one at a time, and kept beside the recording.

What `recorder.voices` noted counts as long as the recording was not finalised again since. A recording that waits
stands in a queue of as many as there are recordings; what failed is told until somebody asks for it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from recorder.resource import EVENTS, RESOURCE, Events
from recorder.step_notes import read_note
from recorder.voices import STEP, Voices
from server.planning.reviews.picture import LoggedEvent, Picture, picture_of

TIMEOUT_S = 900.0  # an hour of four microphones takes about a minute on a slow box
MAX_LINE_BYTES = 1 << 24  # some thousand spans a microphone
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]
log = logging.getLogger(__name__)


class _Line(msgspec.Struct, frozen=True):
    failed: str = ""


class Heard(NamedTuple):
    """How far the picture of a recording is."""

    state: Literal["ready", "computing", "failed"]
    picture: Picture | None = None
    detail: str = ""


class Listener:
    """Pictures of recordings."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the recordings, each in a folder of its id."""
        self._folder = folder.absolute()
        self._waiting: asyncio.Queue[str] = asyncio.Queue()  # each recording stands in it once at most
        self._working: set[str] = set()
        self._failed: dict[str, str] = {}

    async def picture(self, recording_id: str, *, again: bool = False) -> Heard:
        """Return the picture of a finished recording; begin to compute it when there is none.

        Args:
            recording_id: the recording; the caller has checked who asks.
            again: try once more what failed.
        """
        folder = self._folder / recording_id
        if recording_id in self._working:
            return Heard("computing")
        if again:
            self._failed.pop(recording_id, None)
        elif recording_id in self._failed:
            return Heard("failed", detail=self._failed[recording_id])
        picture = await asyncio.to_thread(_read, folder)
        if picture is not None:
            return Heard("ready", picture)
        self._working.add(recording_id)
        self._waiting.put_nowait(recording_id)
        return Heard("computing")

    async def run(self) -> None:
        """Compute what is asked for, one after the other, until cancelled."""
        while True:
            await self._listen(await self._waiting.get())

    async def _listen(self, recording_id: str) -> None:
        try:
            failed = await _run(self._folder / recording_id)
            if failed:
                self._failed[recording_id] = failed
        except (TimeoutError, OSError, ValueError, msgspec.DecodeError) as error:
            log.error("the picture of recording %s: %s", recording_id, error)
            self._failed[recording_id] = "统计说话时间没有完成。录像不受影响，可以再试一次。"
        finally:
            self._working.discard(recording_id)


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[Listener]:
    """Yield the listener; what it still computes at the end of the block is given up, and begun again when asked."""
    listener = Listener(folder)
    async with asyncio.TaskGroup() as tasks:
        runner = tasks.create_task(listener.run(), name="voices")
        try:
            yield listener
        finally:
            runner.cancel()


def _read(folder: Path) -> Picture | None:
    """Return the picture of what was noted, unless the recording was finalised since. Blocks for the disk."""
    try:
        noted = (folder / "steps" / f"{STEP}.json").stat().st_mtime_ns
        if noted < (folder / RESOURCE).stat().st_mtime_ns:
            return None
        note = read_note(folder, STEP)
        if note is None:
            return None
        voices = msgspec.convert(note.facts, Voices)
        events = msgspec.json.decode((folder / EVENTS).read_bytes(), type=Events).events
    except (OSError, msgspec.MsgspecError):
        return None
    return picture_of(voices, [LoggedEvent(one.t_ms, msgspec.json.decode(one.body)) for one in events])


async def _run(folder: Path) -> str:
    """Let a process listen; return why it failed, or nothing."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.voices", str(folder),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, limit=MAX_LINE_BYTES, cwd=_PACKAGE_ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            line = await process.stdout.readline()
            await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return msgspec.json.decode(line, type=_Line).failed
