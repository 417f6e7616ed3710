"""Finalising jobs: one at a time, each in a process of its own, so that a crash of FFmpeg costs no recording.

What was left for the night waits until it is night and nothing else is to be done, and gives way to what comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from recorder.control import Chapter, RecordingChanged
from recorder.finalise import Progress
from recorder.resource import Resource
from recorder.settings import FinaliseSettings, encode_settings, is_night

STEP_TIMEOUT_S = 3600.0  # the longest step is encoding a codec change anew: an hour of 720p takes 17 min
EXIT_TIMEOUT_S = 10.0  # it has said all: it only unmaps its files
LOOK_S = 60.0  # how often to look whether it is night
MAX_LINE_BYTES = 1 << 22
MAX_TRIES = 5  # of a job that finds the disk full although there seemed to be room
_log = logging.getLogger(__name__)
_PACKAGE_ROOT = Path(__file__).resolve().parent.parent


class Job(NamedTuple):
    """A recording to finalise."""

    recording: str
    folder: Path
    title: str
    night: bool = False  # only what was left for the night


def local_minute(zone: str) -> int:
    """Return the minute of the day in a time zone."""
    now = datetime.now(ZoneInfo(zone))
    return now.hour * 60 + now.minute


class Jobs:
    """The queue of jobs. It is bounded by the number of recordings: a recording stands in it at most once.

    Args:
        tell: hears what becomes of the jobs.
        settings: how recordings are finalised, and when it is night.
        minute: the clock: which minute of the day it is in a time zone.
    """

    def __init__(
        self,
        tell: Callable[[RecordingChanged], None],
        settings: FinaliseSettings | None = None,
        minute: Callable[[str], int] = local_minute,
    ) -> None:
        self._tell = tell
        self._settings = settings or FinaliseSettings()
        self._minute = minute
        self._waiting: deque[Job] = deque()
        self._night: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._running: tuple[str, asyncio.subprocess.Process] | None = None
        self._cancelled: set[str] = set()
        self._starved: dict[str, Job] = {}  # failed for want of space
        self._tries: Counter[str] = Counter()  # of these
        self._night_runs: Job | None = None

    def starved(self) -> list[Job]:
        """Return the jobs to add again when there is more space on the disk."""
        return list(self._starved.values())

    def add(self, job: Job) -> None:
        """Finalise `job` when its turn comes; a night job that runs gives way to another."""
        if job.night:
            self._add_night(job)
            return
        self._cancelled.discard(job.recording)
        self._starved.pop(job.recording, None)
        if all(waiting.recording != job.recording for waiting in self._waiting):
            self._waiting.append(job)
        if self._night_runs is not None:
            self._add_night(self._night_runs)
            self._kill(self._night_runs.recording)
        self._wake.set()

    def _add_night(self, job: Job) -> None:
        if all(waiting.recording != job.recording for waiting in self._night):
            self._night.append(job)
        self._wake.set()

    def cancel(self, recording: str) -> None:
        """Forget the job of `recording`: it goes on and will be finalised later."""
        self._starved.pop(recording, None)
        self._waiting = deque(job for job in self._waiting if job.recording != recording)
        self._night = deque(job for job in self._night if job.recording != recording)
        self._kill(recording)

    def _kill(self, recording: str) -> None:
        if self._running is not None and self._running[0] == recording:
            self._cancelled.add(recording)
            with contextlib.suppress(ProcessLookupError):
                self._running[1].kill()

    async def run(self) -> None:
        """Carry out the jobs, until cancelled."""
        while True:
            while self._waiting:
                await self._carry_out(self._waiting.popleft())
            if self._night and is_night(self._settings.night, self._minute(self._settings.timezone)):
                await self._work_at_night(self._night.popleft())
                continue
            self._wake.clear()
            try:
                async with asyncio.timeout(LOOK_S if self._night else None):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _work_at_night(self, job: Job) -> None:
        """Do what was left for the night; the recording is ready before, and stays so whatever comes of it."""
        self._night_runs = job
        try:
            async with contextlib.aclosing(self._lines(job)) as lines:
                async for line in lines:
                    if line.ready is not None:
                        self._tell(ready_message(job.recording, line.ready))
                    elif line.failed:
                        _log.error("night work on %s: %s", job.recording, line.failed)
        except (TimeoutError, OSError, ValueError, msgspec.DecodeError) as error:
            _log.error("night work on %s: %s", job.recording, error)
        finally:
            self._night_runs = None
            self._cancelled.discard(job.recording)

    async def _carry_out(self, job: Job) -> None:
        self._tell(RecordingChanged(job.recording, "finalising"))
        failed, is_full, has_night_work = "", False, False
        resource: Resource | None = None
        try:
            async with contextlib.aclosing(self._lines(job)) as lines:
                async for line in lines:
                    failed, resource = line.failed or failed, line.ready or resource
                    is_full, has_night_work = is_full or line.full, has_night_work or line.night
                    if line.progress is not None:
                        self._tell(
                            RecordingChanged(job.recording, "finalising", progress_pct=line.progress, step=line.step)
                        )
        except TimeoutError:
            failed = "生成回放用时过长，已经停下。录制的内容都还在，可以重新生成。"
        except (OSError, ValueError, msgspec.DecodeError) as error:
            _log.error("finalising %s: %s", job.recording, error)
        if job.recording in self._cancelled:
            self._cancelled.discard(job.recording)
            return
        if resource is not None:
            self._tell(ready_message(job.recording, resource))
            if has_night_work and self._settings.night is not None:
                self._add_night(job._replace(night=True))
            return
        if is_full and self._tries[job.recording] < MAX_TRIES:
            self._tries[job.recording] += 1
            self._starved[job.recording] = job
        detail = failed or "生成回放的进程意外结束。录制的内容都还在，可以重新生成。"
        self._tell(RecordingChanged(job.recording, "failed", detail=detail))

    async def _lines(self, job: Job) -> AsyncGenerator[Progress, None]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "recorder.finalise", str(job.folder.resolve()), "--title", job.title, "--child",
            "--settings", encode_settings(self._settings), *(["--night"] if job.night else []),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=MAX_LINE_BYTES, cwd=_PACKAGE_ROOT,
        )  # fmt: skip
        self._running = (job.recording, process)
        assert process.stdout is not None
        try:
            while True:
                async with asyncio.timeout(STEP_TIMEOUT_S):
                    line = await process.stdout.readline()
                if not line:
                    async with asyncio.timeout(EXIT_TIMEOUT_S):
                        await process.wait()
                    return
                yield msgspec.json.decode(line, type=Progress)
        finally:
            self._running = None
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def ready_message(recording: str, resource: Resource) -> RecordingChanged:
    """Return what is told of a finished resource."""
    return RecordingChanged(
        recording, "ready", progress_pct=100, duration_ms=resource.duration_ms, poster=resource.poster,
        renditions=resource.renditions, chapters=resource.chapters,
        pages=tuple(Chapter(turn.start_ms, str(turn.page)) for turn in resource.pages),
    )  # fmt: skip
