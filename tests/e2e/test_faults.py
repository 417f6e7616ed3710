"""What a killed process costs: a media worker nothing but a moment, the whole server nothing that was recorded.

What is left of such a lesson, in parts, is then played in stock Firefox.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.firefox import firefox
from tests.e2e.lesson_bot import bot, teaching
from tests.e2e.school import Region, eventually
from tests.e2e.seat import end_lesson

pytestmark = pytest.mark.e2e

BACK_S = 3.0  # from the kill of a worker to media again
TAUGHT_S = 6.0  # before each kill
SEEK_AND_PLAY = """
(async () => {
  const video = document.querySelector('video');
  video.muted = true;
  await video.play();
  const before = video.getVideoPlaybackQuality().totalVideoFrames;
  video.currentTime = video.duration * 0.75;  // behind both moments without a picture
  await new Promise((done) => video.addEventListener('seeked', done, { once: true }));
  await new Promise((done) => setTimeout(done, 1500));
  const frames = video.getVideoPlaybackQuality().totalVideoFrames - before;
  video.currentTime = video.duration - 1;
  await new Promise((done) => video.addEventListener('ended', done, { once: true }));
  return JSON.stringify({ frames, duration: video.duration, width: video.videoWidth });
})()
"""


def test_a_killed_worker_and_a_killed_server_lose_nothing_and_firefox_plays_what_was_taught(
    school: Region, clip: Path, tmp_path: Path
) -> None:
    lesson = school.plan_lesson()
    log = tmp_path / "teach.log"
    with bot(*teaching(school, lesson, clip), log=log):
        eventually("the bot teaches", lambda: "正在讲课" in log.read_text(), 30)
        taught = time.monotonic()
        time.sleep(TAUGHT_S)
        took_s = kill_the_worker(school, log)
        time.sleep(TAUGHT_S)
        school.server.child("media.transport.worker")
        school.server.kill()
        seconds = time.monotonic() - taught
    school.server.start()
    end_lesson(school.server.url, lesson, "lin")
    eventually("the lesson is over", lambda: school.lecturer.get(f"/api/lessons/{lesson}")["state"] == "ended", 10)
    recording = school.recording(lesson)
    assert recording["duration_ms"] / 1000 > seconds - 3
    assert took_s < BACK_S
    it_plays_seeks_and_ends_in_firefox(school, recording, tmp_path)


def kill_the_worker(school: Region, log: Path) -> float:
    """Kill the media worker; return after how many seconds the bot teaches again."""
    os.kill(school.server.child("media.transport.worker"), signal.SIGKILL)
    killed = time.monotonic()
    eventually("the bot teaches again", lambda: log.read_text().count("正在讲课") == 2, 10, 0.05)
    return time.monotonic() - killed


def it_plays_seeks_and_ends_in_firefox(school: Region, recording: dict[str, Any], folder: Path) -> None:
    with firefox(folder) as browser:
        for name, value in school.lecturer.cookies().items():
            browser.set_cookie(name, value)
        browser.open(f"{school.server.url}/recordings/{recording['id']}")
        ready = "(document.querySelector('video')?.readyState ?? 0) >= 2"
        eventually("the recording is loaded", lambda: bool(browser.run(ready)), 30, 0.5)
        seen = json.loads(str(browser.run(SEEK_AND_PLAY)))
    assert seen["width"] == 640  # what `tongtang teach` sends of the 960×540 clip
    assert seen["frames"] >= 10
    assert seen["duration"] == pytest.approx(recording["duration_ms"] / 1000, abs=1)
