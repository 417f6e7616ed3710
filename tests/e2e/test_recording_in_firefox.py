"""A lesson's recording plays, seeks and ends in stock Firefox."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.e2e.firefox import firefox
from tests.e2e.lesson_bot import bot, teaching
from tests.e2e.school import Region, eventually
from tests.e2e.seat import end_lesson

pytestmark = pytest.mark.e2e

SEEK_AND_PLAY = """
(async () => {
  const video = document.querySelector('video');
  video.muted = true;
  await video.play();
  const before = video.getVideoPlaybackQuality().totalVideoFrames;
  video.currentTime = video.duration / 2;
  await new Promise((done) => video.addEventListener('seeked', done, { once: true }));
  await new Promise((done) => setTimeout(done, 1500));
  const frames = video.getVideoPlaybackQuality().totalVideoFrames - before;
  video.currentTime = video.duration - 1;
  await new Promise((done) => video.addEventListener('ended', done, { once: true }));
  return JSON.stringify({ frames, duration: video.duration, width: video.videoWidth });
})()
"""


def test_recording_plays_seeks_and_ends(school: Region, clip: Path, tmp_path: Path) -> None:
    lesson = school.plan_lesson()
    log = tmp_path / "teach.log"
    with bot(*teaching(school, lesson, clip), log=log):
        eventually("the bot teaches", lambda: "正在讲课" in log.read_text(), 30)
        time.sleep(8)
    end_lesson(school.server.url, lesson, "lin")
    recording = school.recording(lesson)
    with firefox(tmp_path) as browser:
        for name, value in school.lecturer.cookies().items():
            browser.set_cookie(name, value)
        browser.open(f"{school.server.url}/recordings/{recording['id']}")
        ready = "(document.querySelector('video')?.readyState ?? 0) >= 2"
        eventually("the recording is loaded", lambda: bool(browser.run(ready)), 30, 0.5)
        seen = json.loads(str(browser.run(SEEK_AND_PLAY)))
    assert seen["width"] == 640  # what `tongtang teach` sends of the 960×540 clip
    assert seen["frames"] >= 10
    assert seen["duration"] == pytest.approx(recording["duration_ms"] / 1000, abs=1)
