"""Catching up: a classroom is cut off, and replays what it missed while the lesson goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from tests.e2e.browser import PHONE, WALL, Screen, chromium
from tests.e2e.lesson_bot import bot, teaching
from tests.e2e.relay import Relay, relay
from tests.e2e.school import PASSWORD, Region, eventually

pytestmark = pytest.mark.e2e

LIVE = "[data-slot=lecturer] video"
PANEL = "section[data-catchup]"
REPLAYED = "[data-catchup=camera] video"
PAGE_S = 4
LATE_S = 26.0  # of the lesson before the classroom comes
CUT_S = 7.0

# What the replay's elements are doing: [the voice (not in the page), the camera].
_WATCH_MEDIA = """
() => {
  window.made = [];
  const make = document.createElement.bind(document);
  document.createElement = (name, ...rest) => {
    const element = make(name, ...rest);
    if (name === 'audio' || name === 'video') window.made.push(element);
    return element;
  };
}
"""
_REPLAYING = """
() => window.made.filter((one) => one.src.startsWith('blob:') && one.buffered.length > 0).map((one) => ({
  kind: one.localName, muted: one.muted, rate: one.playbackRate, pitch: one.preservesPitch, at: one.currentTime,
  paused: one.paused, height: one.videoHeight ?? 0,
}))
"""


@dataclass
class Room:
    """A classroom whose way to the lesson can be cut."""

    wall: Screen
    phone: Screen
    way: Relay


@contextmanager
def in_class(playwright: Playwright, devices: Path, school: Region, clip: Path, log: Path) -> Iterator[Room]:
    """Let the bot teach, turning a page every few seconds, and bring a classroom in."""
    lesson = school.plan_lesson()
    with ExitStack() as open_:
        way = open_.enter_context(relay(school.server.port, school.server.media_port))
        open_.enter_context(bot(*teaching(school, lesson, clip), "--pages", str(PAGE_S), log=log))
        eventually("the bot teaches", lambda: "正在讲课" in log.read_text(), 30)
        time.sleep(LATE_S)
        browser = open_.enter_context(chromium(playwright, devices / "one.y4m", devices / "voice.wav"))
        wall = Screen(browser, f"http://127.0.0.1:{way.tcp_port}", WALL)
        wall.page.add_init_script(f"({_WATCH_MEDIA})()")
        wall.log_in("he", PASSWORD)
        try:
            wall.page.goto(f"/lesson/{lesson}/classroom")
            wall.frames(LIVE)
            phone = Screen(browser, school.server.url, PHONE, is_phone=True)
            phone.log_in("he", PASSWORD)
            phone.page.goto(f"/lesson/{lesson}/phone")
            yield Room(wall, phone, way)
        except BaseException:
            wall.shoot("failed-catchup")
            raise
        assert not wall.problems, wall.problems


def cut_off(room: Room, seconds: float) -> None:
    """Lose the lesson's socket for a while: its media goes on and needs no time to recover."""
    room.way.cut_tcp()
    time.sleep(seconds)
    room.way.mend_tcp()


def position(room: Room) -> float:
    panel = room.wall.page.query_selector(PANEL)
    return float(panel.get_attribute("data-pos") or 0) / 1000 if panel is not None else 0.0


def replaying(room: Room) -> dict[str, Any]:
    found = room.wall.page.evaluate(_REPLAYING)
    return {one["kind"]: one for one in found if not one["paused"]}


def test_a_classroom_that_came_late_replays_the_lesson_until_it_is_live(
    playwright: Playwright, devices: Path, school: Region, clip: Path, tmp_path: Path
) -> None:
    with in_class(playwright, devices, school, clip, tmp_path / "teach.log") as room:
        page = room.wall.page
        page.wait_for_selector("[data-catchup=offer]", timeout=20_000)
        room.wall.shoot("catchup-offer")
        assert page.query_selector(PANEL) is None, "nothing opens by itself"
        page.click("[data-catchup=offer] button >> nth=0")
        page.wait_for_selector(f"{PANEL}[data-state=playing]", timeout=20_000)
        page.click(f"{PANEL} button >> nth=1")  # 1.5 times
        it_is_seen_and_heard(room)
        into_the_corner(room)
        page.wait_for_selector("[data-catchup=reached]", timeout=120_000)
        room.wall.shoot("catchup-reached")
        page.wait_for_selector("[data-catchup]", state="detached", timeout=15_000)
        room.wall.frames(LIVE)
        room.wall.hears()
        an_outage_is_offered(room)
        the_phone_starts_and_ends_it(room)


def it_is_seen_and_heard(room: Room) -> None:
    page = room.wall.page
    # Pictures are replayed once the link has room for them beside live, which on a busy machine is found out late.
    page.wait_for_selector(REPLAYED, state="attached", timeout=45_000)
    room.wall.frames(REPLAYED)
    eventually("the voice is replayed", lambda: "audio" in replaying(room), 10)
    begun, begun_at = position(room), time.monotonic()
    pages = set()
    while time.monotonic() - begun_at < 6:
        stage = page.query_selector("[data-stage=page][data-page]")
        pages.add(stage.get_attribute("data-page") if stage is not None else None)
        time.sleep(0.2)
    speed = (position(room) - begun) / (time.monotonic() - begun_at)
    assert 1.3 < speed < 1.65, speed
    assert len(pages) >= 2, "a page of 4 s is turned within 9 s"
    now = replaying(room)
    assert now["audio"]["rate"] == now["video"]["rate"] == 1.5
    assert now["audio"]["pitch"]
    assert not now["audio"]["muted"]
    assert abs(now["audio"]["at"] - now["video"]["at"]) < 0.5
    room.wall.shoot("catchup-full")
    assert room.wall.is_moving(f"{PANEL} {LIVE}"), "live stands still meanwhile"


def into_the_corner(room: Room) -> None:
    page = room.wall.page
    page.click(f"{PANEL} footer > button >> nth=0")
    page.wait_for_selector("section[data-catchup=corner]")
    room.wall.frames(REPLAYED)
    assert replaying(room)["audio"]["muted"], "two voices at once"
    assert room.wall.is_moving(LIVE)
    room.wall.shoot("catchup-corner")


def an_outage_is_offered(room: Room) -> None:
    cut_off(room, CUT_S)
    words = room.wall.page.wait_for_selector("[data-catchup=offer]", timeout=30_000)
    assert words is not None
    assert "断开" in words.inner_text()
    room.wall.shoot("catchup-offer-outage")


def the_phone_starts_and_ends_it(room: Room) -> None:
    phone, wall = room.phone.page, room.wall.page
    phone.wait_for_selector("[data-catchup=phone-offered]", timeout=15_000)
    room.phone.shoot("catchup-phone")
    phone.click("[data-catchup=phone-offered]")
    wall.wait_for_selector("section[data-catchup=full]")
    phone.click("[data-catchup=phone-running]")
    wall.wait_for_selector("section[data-catchup]", state="detached")
