"""What a killed process costs: a media worker nothing but a moment, the whole server nothing that was recorded."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.lesson_bot import bot, teaching
from tests.e2e.school import Region, eventually
from tests.e2e.seat import end_lesson

pytestmark = pytest.mark.e2e

BACK_S = 3.0  # from the kill of a worker to media again


def test_killed_media_worker_is_back_at_once_and_the_recording_keeps_both_parts(
    school: Region, clip: Path, tmp_path: Path
) -> None:
    lesson = school.plan_lesson()
    log = tmp_path / "teach.log"
    with bot(*teaching(school, lesson, clip), log=log):
        eventually("the bot teaches", lambda: "正在讲课" in log.read_text(), 30)
        time.sleep(6)
        worker = school.server.child("media.transport.worker")
        os.kill(worker, signal.SIGKILL)
        killed = time.monotonic()
        eventually("the bot teaches again", lambda: log.read_text().count("正在讲课") == 2, 10, 0.05)
        took_s = time.monotonic() - killed
        time.sleep(6)
        school.server.child("media.transport.worker")
    end(school, lesson)
    recording = school.recording(lesson)
    assert recording["duration_ms"] > 11_000
    assert took_s < BACK_S


def test_killed_server_loses_nothing_that_was_recorded(school: Region, clip: Path, tmp_path: Path) -> None:
    lesson = school.plan_lesson()
    log = tmp_path / "teach.log"
    with bot(*teaching(school, lesson, clip), log=log):
        eventually("the bot teaches", lambda: "正在讲课" in log.read_text(), 30)
        taught = time.monotonic()
        time.sleep(8)
        school.server.kill()
        seconds = time.monotonic() - taught
    school.server.start()
    end(school, lesson)
    recording = school.recording(lesson)
    assert recording["duration_ms"] / 1000 > seconds - 3


def end(school: Region, lesson: str) -> None:
    """End the lesson as the lecturer does."""
    end_lesson(school.server.url, lesson, "lin")
    eventually("the lesson is over", lambda: school.lecturer.get(f"/api/lessons/{lesson}")["state"] == "ended", 10)
