"""Two teachers, one class: names, fair calls, the private line, timer, groups, and carrying on for one another."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.e2e.browser import PHONE, WALL, Screen, chromium
from tests.e2e.relay import Relay, relay
from tests.e2e.school import PASSWORD, Person, Region, eventually

pytestmark = pytest.mark.e2e

FACE = "[data-slot=lecturer] video"
NAMES = ("李小雨", "普阿依", "岩温", "和丽雪", "马清风", "白玉兰")
TABLE = "学号,姓名,行,列\n" + "".join(
    f"{n},{name},{(n - 1) // 3 + 1},{(n - 1) % 3 + 1}\n" for n, name in enumerate(NAMES, 1)
)

_LINE_ENERGY = """
async () => {
  let energy = 0;
  for (const connection of window.connections) {
    for (const receiver of connection.getReceivers()) {
      const element = document.querySelector('audio[data-slot=audio2]');
      if (!element?.srcObject?.getTracks().includes(receiver.track)) continue;
      for (const report of (await receiver.getStats()).values()) {
        if (report.type === 'inbound-rtp') energy += report.totalAudioEnergy ?? 0;
      }
    }
  }
  return energy;
}
"""

_LOUDNESS = "() => document.querySelector('audio[data-slot=audio0]')?.volume"


@dataclass
class Class:
    school: Region
    lesson: str
    lecturer: Screen
    wall: Screen
    phone: Screen
    way: Relay  # between the lecturer and the server


@contextmanager
def in_class(playwright: Playwright, devices: Path, school: Region) -> Iterator[Class]:
    server, voice = school.server, devices / "voice.wav"
    teacher = Person(server.url, "he")
    room = school.rooms[0]["id"]
    version = teacher.get(f"/api/classrooms/{room}/roster")["version"]
    teacher.post_text(f"/api/classrooms/{room}/roster/import?version={version}", TABLE)
    teacher.close()
    with ExitStack() as open_:
        way = open_.enter_context(relay(server.port, server.media_port))
        browsers = [
            open_.enter_context(chromium(playwright, devices / f"{name}.y4m", voice)) for name in ("lecturer", "one")
        ]
        lecturer = Screen(browsers[0], f"http://127.0.0.1:{way.tcp_port}", WALL, relay_port=way.udp_port)
        wall = Screen(browsers[1], server.url, WALL)
        phone = Screen(browsers[1], server.url, PHONE, is_phone=True)
        lesson = school.plan_lesson(rooms=1)
        try:
            yield Class(school, lesson, lecturer, wall, phone, way)
        except BaseException:
            for name, screen in (("lecturer", lecturer), ("wall", wall), ("phone", phone)):
                screen.shoot(f"failed-{name}")
            raise


def test_two_teachers_hold_one_lesson(playwright: Playwright, devices: Path, school: Region) -> None:
    with in_class(playwright, devices, school) as now:
        begin(now)
        attendance_by_glance(now)
        a_pupil_is_picked(now)
        teachers_write_and_speak_privately(now)
        timer_and_mark(now)
        the_phone_controls_the_wall(now)
        group_work(now)
        the_local_teacher_carries_on(now)
        for screen in (now.lecturer, now.wall, now.phone):
            assert not screen.problems, screen.problems


def begin(now: Class) -> None:
    now.lecturer.log_in("lin", PASSWORD)
    now.lecturer.page.goto(f"/lesson/{now.lesson}/lecturer")
    now.lecturer.page.click("[data-act=start]")
    now.wall.page.goto("/screen")
    now.school.pair(now.wall.pairing_code(), 0)
    now.wall.page.wait_for_selector(".wall[data-view=live]", timeout=30_000)
    now.phone.log_in("he", PASSWORD)
    now.phone.page.goto(f"/lesson/{now.lesson}/phone")
    now.wall.frames(FACE)


def attendance_by_glance(now: Class) -> None:
    now.phone.page.click("[data-act=list]")
    for name in NAMES[:5]:
        now.phone.page.click(f".seats__pupil:has-text('{name}')")
    now.phone.page.wait_for_selector("text=到 1 人，应到 6 人")
    now.phone.shoot("phone-list")
    now.phone.page.click(f".seats__pupil:has-text('{NAMES[1]}')")
    now.phone.page.wait_for_selector("text=到 2 人，应到 6 人")
    now.phone.page.click("[data-act=back]")
    now.lecturer.page.click("[data-act=pupils]")
    now.lecturer.page.wait_for_selector("text=到 2 人，应到 6 人")


def a_pupil_is_picked(now: Class) -> None:
    picked: set[str] = set()
    for _ in range(2):
        now.lecturer.page.click("[data-act=pick-any]")
        spoken = eventually("somebody else is picked", lambda: _picked(now, picked), 10)
        picked.add(spoken)
        now.wall.page.wait_for_selector(f"text=轮到我们了，请{spoken}同学发言")
    assert picked == {NAMES[1], NAMES[5]}, "the absent are never picked, and nobody twice before all"
    now.wall.shoot("classroom-pupil")
    now.lecturer.shoot("lecturer-pupils")
    now.lecturer.page.click("li.card [data-act=call-on]")
    now.wall.page.wait_for_selector("text=轮到我们了", state="hidden")
    now.lecturer.page.click("[data-act=pupils]")


def _picked(now: Class, before: set[str]) -> str | None:
    words = now.lecturer.page.inner_text(".pupils__current").removeprefix("正在请：")
    return words if words and words not in before else None


def teachers_write_and_speak_privately(now: Class) -> None:
    now.phone.page.click("[data-act=line]")
    now.phone.page.fill(".talk input", "我们这边有两位同学没跟上")
    now.phone.page.press(".talk input", "Enter")
    now.lecturer.page.click("[data-act=private]")
    now.lecturer.page.wait_for_selector("text=我们这边有两位同学没跟上")
    now.phone.page.click("[data-act=line-ring]")
    now.lecturer.page.wait_for_selector("[data-act=line-accept]")
    now.lecturer.shoot("lecturer-private")
    now.lecturer.page.click("[data-act=line-accept]")
    now.wall.page.wait_for_selector("text=主讲老师和助教老师正在商量")
    for screen in (now.phone, now.lecturer):
        before: float = screen.page.evaluate(_LINE_ENERGY)
        eventually("the line is heard", functools.partial(_is_heard, screen, before), 20)
    now.phone.shoot("phone-line")
    now.phone.page.click("[data-act=line-end]")
    now.lecturer.page.wait_for_selector("[data-act=line-end]", state="hidden")
    now.lecturer.page.wait_for_function("() => document.querySelector('[data-kind=mic]')?.dataset.on === 'true'")
    now.phone.page.click("[data-act=back]")
    now.lecturer.page.click("[data-act=private]")
    now.wall.hears()


def _is_heard(screen: Screen, before: float) -> bool:
    energy: float = screen.page.evaluate(_LINE_ENERGY)
    return energy - before > 0.01


def timer_and_mark(now: Class) -> None:
    now.lecturer.page.click("[data-act=timer]")
    now.lecturer.page.click("[data-minutes='3']")
    for screen in (now.wall, now.phone, now.lecturer):
        screen.page.wait_for_selector("[role=timer]:has-text('2:5')")
    now.lecturer.page.click("[data-act=mark]")
    now.lecturer.page.wait_for_selector("text=已标记")


def the_phone_controls_the_wall(now: Class) -> None:
    now.phone.page.click("[data-act=wall]")
    now.phone.page.click("[data-layout=lecturer]")
    now.wall.page.wait_for_selector(".stage[data-stage=lecturer]")
    now.wall.shoot("classroom-lecturer-large")
    now.phone.page.click("[data-layout=page]")
    now.wall.page.wait_for_selector(".side", state="detached")
    now.phone.page.click("[data-act=quieter]")
    eventually("the wall is quieter", lambda: now.wall.page.evaluate(_LOUDNESS) == 0.8, 10)
    now.phone.shoot("phone-wall")
    now.wall.page.reload()
    now.wall.page.wait_for_selector(".wall[data-view=live]", timeout=30_000)
    eventually("it stays so", lambda: now.wall.page.evaluate(_LOUDNESS) == 0.8, 20)
    now.phone.page.click("[data-layout=auto]")
    now.wall.page.wait_for_selector(".side")
    now.phone.page.click("[data-act=back]")


def group_work(now: Class) -> None:
    now.wall.frames(FACE)
    now.lecturer.page.click("[data-act=groups]")
    now.wall.page.wait_for_selector("text=小组活动")
    eventually("the picture rests", lambda: not now.wall.is_moving(FACE), 15)
    now.wall.hears()
    now.phone.page.wait_for_selector("text=现在由您带领")
    now.wall.shoot("classroom-groups")
    now.lecturer.shoot("lecturer-groups")
    now.lecturer.page.click("[data-act=groups]")
    now.wall.frames(FACE)


def the_local_teacher_carries_on(now: Class) -> None:
    now.way.cut_tcp()
    now.way.cut_udp()
    now.phone.page.wait_for_selector("text=您可以先带着学习", timeout=15_000)
    now.phone.page.click("[data-act=next]")
    now.wall.page.wait_for_selector(".deck[data-page='2']")
    now.wall.page.wait_for_selector("text=和志强老师正在带课")
    now.phone.shoot("phone-acting")
    now.wall.shoot("classroom-acting")
    now.way.mend_tcp()
    now.way.mend_udp()
    now.lecturer.page.wait_for_selector("[data-act=take-back]", timeout=30_000)
    now.lecturer.page.wait_for_selector(".deck[data-page='2']")
    now.lecturer.shoot("lecturer-take-back")
    now.lecturer.page.click("[data-act=take-back]")
    now.phone.page.wait_for_selector("text=您可以先带着学习", state="hidden")
    now.lecturer.page.click("[data-act=next]")
    now.wall.page.wait_for_selector(".deck[data-page='3']")
    now.wall.frames(FACE)
