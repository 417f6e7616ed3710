"""A lecturer's link fails in class; afterwards the browser itself brings what was lost, and it is in the recording."""

from __future__ import annotations

import io
import time
import wave
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Playwright

from server.bot import melody
from tests.e2e.browser import LAPTOP, Screen, chromium
from tests.e2e.relay import Relay, relay
from tests.e2e.school import PASSWORD, Region, eventually
from tests.voices import RATE, SYLLABLE

pytestmark = pytest.mark.e2e

BEFORE_S, CUT_S, AFTER_S = 5.0, 5.0, 4.0
LEAST_MS = 500  # of a cut of seconds: browsers queue what they speak meanwhile, and send some of it late
QUIET = 0.02  # of full scale: what the network lost is silence, not one sample of it louder

# How many chunks of each take this browser keeps.
_KEPT = """
async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('local-recording').catch(() => null);
  const kept = [];
  if (folder) for await (const [, take] of folder) {
    let chunks = 0;
    for await (const [name] of take) chunks += name === 'take.json' ? 0 : 1;
    kept.push(chunks);
  }
  return kept;
}
"""


@dataclass
class Cockpit:
    """The lecturer's page, and its way to the server."""

    screen: Screen
    way: Relay
    lesson: str


def write_voice(path: Path, seconds: int = 60) -> Path:
    """Write what a microphone hears: notes as loud and as high as chance has it, so that no stretch is like another."""
    random = np.random.default_rng(3)
    count = melody.SAMPLE_RATE_HZ * seconds
    step = SYLLABLE * melody.SAMPLE_RATE_HZ // RATE
    notes = -(-count // step)
    loud = np.repeat(10 ** random.uniform(-1.6, -0.1, notes), step)[:count]
    pitch = np.repeat(random.uniform(120, 420, notes), step)[:count]
    phase = np.cumsum(2 * np.pi * pitch / melody.SAMPLE_RATE_HZ)
    samples = sum(np.sin(phase * overtone) / overtone for overtone in range(1, 8))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(melody.SAMPLE_RATE_HZ)
        file.writeframes((samples * loud * 9_000).astype(np.int16).tobytes())
    return path


@contextmanager
def teaching(playwright: Playwright, devices: Path, school: Region, folder: Path) -> Iterator[Cockpit]:
    """Let a lecturer begin a lesson over a way that can be cut."""
    with ExitStack() as open_:
        way = open_.enter_context(relay(school.server.port, school.server.media_port))
        browser = open_.enter_context(chromium(playwright, devices / "lecturer.y4m", write_voice(folder / "voice.wav")))
        screen = Screen(browser, f"http://127.0.0.1:{way.tcp_port}", LAPTOP, relay_port=way.udp_port)
        lesson = school.plan_lesson(has_pages=False)
        screen.log_in("lin", PASSWORD)
        try:
            screen.page.goto(f"/lesson/{lesson}/lecturer")
            yield Cockpit(screen, way, lesson)
        except BaseException:
            screen.shoot("failed-gap")
            raise
        assert not screen.problems, screen.problems


def test_the_lecturers_own_browser_brings_what_the_network_lost(
    playwright: Playwright, devices: Path, school: Region, tmp_path: Path
) -> None:
    with teaching(playwright, devices, school, tmp_path) as now:
        page = now.screen.page
        page.click("[data-act=start]")
        page.wait_for_selector("[data-local=asks]")
        now.screen.shoot("local-asks")
        assert page.evaluate(_KEPT) == [], "nothing is recorded before the answer"
        page.click("[data-act=local-yes]")
        page.wait_for_selector("[data-local=runs]")
        now.screen.shoot("local-runs")
        time.sleep(BEFORE_S)
        lose_the_link(now)
        time.sleep(AFTER_S)
        page.click("[data-act=end]")
        page.click("[data-act=end-yes]")
        page.wait_for_selector("[data-over=lesson_ended]")
        assert page.evaluate(_KEPT), "it is kept until it is known what is missing"
        page.wait_for_selector("[data-local-upload=done]", timeout=60_000)
        now.screen.shoot("local-done")
        assert page.evaluate(_KEPT) == [], "and then it is kept no longer"
    the_recording_is_whole(school, now.lesson)


def lose_the_link(now: Cockpit) -> None:
    """Cut socket and media, and bring them back."""
    page = now.screen.page
    now.way.cut_udp()
    now.way.cut_tcp()
    page.wait_for_selector("[data-status=outageLead], [data-status=restoring]")
    time.sleep(CUT_S)
    now.way.mend_udp()
    now.way.mend_tcp()
    page.wait_for_selector("[data-status=outageLead], [data-status=restoring]", state="detached", timeout=30_000)


def the_recording_is_whole(school: Region, lesson: str) -> None:
    """The recording says what was filled; there it is heard, and its picture moves."""
    id_ = school.recording(lesson)["id"]

    def told() -> dict[str, Any] | None:
        resource: dict[str, Any] = school.lecturer.get(f"/api/recordings/{id_}/files/resource.json")
        return resource if resource.get("filled") else None

    resource = eventually("the recording is made again", told, 40)
    sound = next(one for one in resource["filled"] if one["what"] == "sound")
    assert {one["what"] for one in resource["filled"]} == {"sound", "picture"}
    assert sound["end_ms"] - sound["start_ms"] >= LEAST_MS
    film = school.lecturer.download(f"/api/recordings/{id_}/files/lecturer.webm")
    loud = loudness(film)[sound["start_ms"] // 100 : sound["end_ms"] // 100]
    assert np.mean(loud > QUIET) > 0.8, "what was said while the link was down is heard"


def loudness(film: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the loudest sample of each tenth of a second, 1 is full scale."""
    with av.open(io.BytesIO(film), "r") as container:
        pieces = [frame.to_ndarray()[0] for frame in container.decode(container.streams.audio[0])]
    wave_ = np.abs(np.concatenate(pieces).astype(np.float64))
    wave_ = wave_ / 32_768 if wave_.max() > 2 else wave_
    peaks: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        wave_[: len(wave_) // 4_800 * 4_800].reshape(-1, 4_800).max(axis=1)
    )
    return peaks
