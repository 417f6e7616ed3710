"""What is left for the night: when it is night, and what gives way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from recorder.finalise import Progress
from recorder.jobs import Job, Jobs
from recorder.resource import Resource
from recorder.settings import FinaliseSettings, is_night
from server.setting_values import night as parse_night


@pytest.mark.parametrize(
    ("words", "minute", "expected"),
    [
        ("01:00-05:00", 59, False),
        ("01:00-05:00", 60, True),
        ("01:00-05:00", 300, False),
        ("22:30-06:00", 23 * 60, True),
        ("22:30-06:00", 5 * 60, True),
        ("22:30-06:00", 12 * 60, False),
        ("off", 120, False),
    ],
)
def test_a_night_may_go_over_midnight(words: str, minute: int, expected: bool) -> None:
    night = parse_night(words)
    assert night is None or isinstance(night, tuple)
    assert is_night(night, minute) is expected


@pytest.mark.parametrize("words", ["", "1-5", "25:00-05:00", "01:00-01:00", "01:00", "01:60-02:00"])
def test_what_is_no_night_is_refused(words: str) -> None:
    with pytest.raises(ValueError):
        parse_night(words)


class QuickJobs(Jobs):
    """Jobs whose process says at once that all is done, and whether there is work for the night."""

    def __init__(self, minute: int, log: list[str]) -> None:
        super().__init__(lambda change: log.append(change.state), FinaliseSettings(), lambda zone: minute)
        self._log = log

    async def _lines(self, job: Job) -> AsyncGenerator[Progress, None]:
        self._log.append("night" if job.night else "day")
        yield Progress(ready=Resource(job.recording, "", 0, 1), night=not job.night)


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (12 * 60, ["finalising", "day", "ready"]),
        (2 * 60, ["finalising", "day", "ready", "night", "ready"]),
    ],
)
async def test_night_work_waits_for_the_night_and_the_recording_is_ready_before(
    minute: int, expected: list[str], tmp_path: Path
) -> None:
    log: list[Any] = []
    jobs = QuickJobs(minute, log)
    jobs.add(Job("r1", tmp_path, "水的三态"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(jobs.run())
        for _ in range(50):
            await asyncio.sleep(0)
        task.cancel()
    assert log == expected
