"""The story of one lesson: a lecturer, two rural classrooms, a local teacher's phone, breaks that heal, a recording."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.e2e.browser import PHONE, WALL, Screen, chromium
from tests.e2e.pictures import LECTURER, ROOM_TWO
from tests.e2e.relay import Relay, relay
from tests.e2e.school import PASSWORD, Region, eventually

pytestmark = pytest.mark.e2e

FACE = "[data-slot=lecturer] video"
GUEST = "[data-slot=guest] video"


@dataclass
class Class:
    """Everybody of the lesson."""

    school: Region
    lesson: str
    lecturer: Screen
    one: Screen
    two: Screen
    phone: Screen
    way: Relay  # between classroom two and the server


@contextmanager
def in_class(playwright: Playwright, devices: Path, school: Region) -> Iterator[Class]:
    """Bring everybody to the lesson: the lecturer by link, the classrooms by their paired screens."""
    server, voice = school.server, devices / "voice.wav"
    with ExitStack() as open_:
        way = open_.enter_context(relay(server.port, server.media_port))
        browsers = [
            open_.enter_context(chromium(playwright, devices / f"{name}.y4m", voice))
            for name in ("lecturer", "one", "two")
        ]
        lecturer = Screen(browsers[0], server.url, WALL)
        one = Screen(browsers[1], server.url, WALL)
        two = Screen(browsers[2], f"http://127.0.0.1:{way.tcp_port}", WALL, relay_port=way.udp_port)
        phone = Screen(browsers[1], server.url, PHONE, is_phone=True)
        lesson = school.plan_lesson()
        try:
            yield Class(school, lesson, lecturer, one, two, phone, way)
        except BaseException:
            for name, screen in (("lecturer", lecturer), ("one", one), ("two", two), ("phone", phone)):
                screen.shoot(f"failed-{name}")
            raise


def test_one_lesson_from_its_start_to_its_recording(playwright: Playwright, devices: Path, school: Region) -> None:
    with in_class(playwright, devices, school) as now:
        pair_screens(now)
        begin(now)
        everybody_sees_and_hears_the_lecturer(now)
        a_page_is_turned(now)
        a_word_is_not_recorded(now)
        a_classroom_is_called_on(now)
        a_socket_is_cut_and_comes_back(now)
        a_media_path_is_cut_and_comes_back(now)
        end(now)
        the_recording_plays_to_its_end(now)
        for screen in (now.lecturer, now.one, now.two, now.phone):
            assert not screen.problems, screen.problems


def pair_screens(now: Class) -> None:
    for number, screen in enumerate((now.one, now.two)):
        screen.page.goto("/screen")
        code = screen.pairing_code()
        if number == 0:
            screen.shoot("screen-unpaired")
        now.school.pair(code, number)


def begin(now: Class) -> None:
    now.lecturer.page.goto("/login")
    now.lecturer.page.wait_for_selector("input")
    now.lecturer.shoot("login")
    now.lecturer.log_in("lin", PASSWORD)
    now.lecturer.page.goto("/")
    now.lecturer.page.wait_for_selector("text=光的折射")
    now.lecturer.shoot("lobby")
    now.lecturer.page.goto(f"/lesson/{now.lesson}/check?next=lecturer")
    now.lecturer.page.wait_for_selector("video")
    time.sleep(4)  # the checks take their course
    now.lecturer.shoot("check")
    now.lecturer.page.goto(f"/lesson/{now.lesson}/lecturer")
    now.lecturer.page.click("[data-act=start]")
    now.lecturer.page.wait_for_selector("[data-act=end]")
    for screen in (now.one, now.two):
        screen.page.wait_for_selector(".wall[data-view=live]", timeout=30_000)
    now.phone.log_in("he", PASSWORD)
    now.phone.page.goto(f"/lesson/{now.lesson}/phone")


def everybody_sees_and_hears_the_lecturer(now: Class) -> None:
    now.phone.page.click(".actions__sound")  # silent until asked: it lies in the room whose loudspeaker plays
    for screen in (now.one, now.two, now.phone):
        screen.frames(FACE)
        screen.sees(FACE, LECTURER)
        screen.hears()
    now.lecturer.shoot("lecturer")
    now.one.shoot("classroom")
    now.phone.shoot("phone")


def a_page_is_turned(now: Class) -> None:
    now.lecturer.page.click("[data-act=next]")
    for screen in (now.lecturer, now.one, now.two, now.phone):
        screen.page.wait_for_selector(".deck[data-page='2']")


def a_word_is_not_recorded(now: Class) -> None:
    """What becomes of it on the disk is in tests/integration; here, that everybody is told."""
    now.lecturer.page.click("[data-act=pause-recording]")
    now.lecturer.page.wait_for_selector("[data-recording-state]:has-text('录像已暂停 00:0')")
    for screen in (now.one, now.two, now.phone):
        screen.page.wait_for_selector("[data-recording-paused]:has-text('录像已暂停')")
    now.lecturer.shoot("lecturer-paused")
    now.one.shoot("classroom-paused")
    now.phone.shoot("phone-paused")
    now.lecturer.page.click("[data-act=pause-recording]:has-text('继续录像')")
    now.lecturer.page.wait_for_selector("[data-recording-state]:has-text('录制中')")
    for screen in (now.one, now.two, now.phone):
        screen.page.wait_for_selector("[data-recording-paused]:not(:has-text('录像已暂停'))", state="attached")


def a_classroom_is_called_on(now: Class) -> None:
    room = now.school.rooms[1]["school"]["name"]
    card = now.lecturer.page.locator("li.card", has_text=room)
    card.locator("[data-act=call-on]").click()
    now.two.page.wait_for_selector("text=轮到我们了")
    for screen in (now.one, now.phone):
        screen.sees(GUEST, ROOM_TWO)
        screen.frames(GUEST)
    now.two.shoot("classroom-our-turn")
    now.one.shoot("classroom-guest")
    now.lecturer.shoot("lecturer-called-on")
    card.locator("[data-act=call-on]").click()
    now.two.page.wait_for_selector("text=轮到我们了", state="detached")


def a_socket_is_cut_and_comes_back(now: Class) -> None:
    now.way.cut_tcp()
    time.sleep(3)
    assert now.two.is_moving(FACE), "the picture stood still though only the socket was cut"
    now.lecturer.page.click("[data-act=next]")
    now.way.mend_tcp()
    now.two.page.wait_for_selector(".deck[data-page='3']", timeout=20_000)
    now.two.frames(FACE)


def a_media_path_is_cut_and_comes_back(now: Class) -> None:
    now.way.cut_udp()
    eventually("the picture stands still", lambda: not now.two.is_moving(FACE), 10)
    time.sleep(6)
    now.two.shoot("classroom-path-lost")
    now.way.mend_udp()
    now.two.frames(FACE, wait_s=25)
    now.two.sees(FACE, LECTURER)
    now.two.hears()


def end(now: Class) -> None:
    now.lecturer.page.click("[data-act=end]")
    now.lecturer.page.click("[data-act=end-yes]")
    for screen in (now.one, now.two):
        screen.page.wait_for_selector(".wall[data-view=ended]")
    now.one.shoot("classroom-ended")


def the_recording_plays_to_its_end(now: Class) -> None:
    recording = now.school.recording(now.lesson)
    seconds = recording["duration_ms"] / 1000
    assert seconds > 15
    assert [chapter["start_ms"] for chapter in recording["chapters"]] == sorted(
        chapter["start_ms"] for chapter in recording["chapters"]
    )
    assert [page["page"] for page in recording["pages"]][-2:] == [2, 3]
    page = now.lecturer.page
    page.goto("/recordings")
    page.wait_for_selector("text=光的折射")
    now.lecturer.shoot("recordings")
    page.goto(f"/recordings/{recording['id']}")
    video = page.wait_for_selector("video", state="attached")
    assert video is not None
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    video.evaluate("(video) => { video.muted = true; return video.play(); }")
    now.lecturer.frames("video")
    now.lecturer.sees("video", LECTURER)
    now.lecturer.shoot("player")
    video.evaluate("(video) => { video.currentTime = video.duration / 2; video.playbackRate = 4; }")
    now.lecturer.sees("video", LECTURER)
    page.wait_for_function("() => document.querySelector('video').ended", timeout=seconds / 2 / 4 * 1000 + 20_000)
    length = video.evaluate("(video) => video.duration")
    assert abs(length - seconds) < 1
