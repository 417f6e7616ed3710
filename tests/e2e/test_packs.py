"""Packs before class: three classrooms fetch one, one of them over a line that is cut; then class asks for no page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Playwright

from bench.cut_line import CutLine
from tests.e2e.browser import LAPTOP, WALL, Screen, chromium
from tests.e2e.pictures import rough_page
from tests.e2e.school import PASSWORD, Region, eventually

PAGES = 6
CUT_BYTES = 150_000  # of answers with the pack's files: in the middle of a page, which is larger
NEVER = 1 << 40
LAN = "screen.school.test"  # an http address of a school's network: no service worker, no Cache API, no crypto.subtle


@dataclass
class Packs:
    """Three classrooms, each behind a line of its own, and the lecturer."""

    school: Region
    lines: list[CutLine]
    rooms: list[Screen]
    lecturer: Screen
    lesson: str


_FORGET_PACKS = """
() => new Promise((done, failed) => {
  const asked = indexedDB.deleteDatabase('tongtang-packs');
  asked.onsuccess = () => done();
  asked.onerror = () => failed(asked.error);
})
"""


def test_three_classrooms_get_a_pack_and_class_asks_for_no_page(
    playwright: Playwright, devices: Path, school: Region
) -> None:
    with before_class(playwright, devices, school) as now:
        the_packs_arrive_though_one_line_is_cut_twice(now)
        the_lecturer_sees_who_is_ready(now)
        class_begins_and_pages_turn_without_a_request(now)
        a_room_whose_pack_is_gone_gets_its_pages_live(now)
        for screen in (*now.rooms, now.lecturer):
            assert not screen.problems, screen.problems


@contextmanager
def before_class(playwright: Playwright, devices: Path, school: Region) -> Iterator[Packs]:
    added = school.manager.post(f"/api/schools/{school.rooms[1]['school']['id']}/classrooms", {"name": "六年级"})
    school.rooms.append({**added, "school": school.rooms[1]["school"]})
    lesson = school.plan_lesson(rooms=3, has_pages=False)
    school.lecturer.put_pages(lesson, [rough_page(number) for number in range(PAGES)])
    flag = f"--host-resolver-rules=MAP {LAN} 127.0.0.1"
    with ExitStack() as stack:
        lines = [stack.enter_context(CutLine(school.server.port).serving()) for _ in range(3)]
        browser = stack.enter_context(chromium(playwright, devices / "one.y4m", devices / "voice.wav", flags=[flag]))
        rooms = []
        for number, line in enumerate(lines):
            host = LAN if number == 2 else "127.0.0.1"
            rooms.append(Screen(browser, f"http://{host}:{line.port}", WALL))
            stack.callback(rooms[-1].close)
        lecturer = Screen(browser, school.server.url, LAPTOP)
        stack.callback(lecturer.close)
        yield Packs(school, lines, rooms, lecturer, lesson)


def the_packs_arrive_though_one_line_is_cut_twice(now: Packs) -> None:
    line, pack = now.lines[0], f"/{now.lesson}/pack/"
    for number, room in enumerate(now.rooms):
        room.page.goto("/screen")
        if number == 0:
            line.cut_after(CUT_BYTES, pack)
        now.school.pair(room.pairing_code(), number)
    for until_next in (CUT_BYTES, NEVER):
        assert line.was_cut.wait(60)
        line.cut_after(until_next, pack)
        line.mend()
    for room in now.rooms:
        room.page.wait_for_selector("[data-packs=ready]", timeout=60_000)
    resumed = [one for one in line.asked if pack in one.path and one.start > 0]
    assert resumed, line.asked  # once at least: a reset line may throw away all that the browser had not read yet
    assert not now.rooms[2].page.evaluate("isSecureContext")
    assert now.rooms[0].page.evaluate("isSecureContext")
    now.rooms[1].shoot("screen-pack-ready")


def the_lecturer_sees_who_is_ready(now: Packs) -> None:
    path = f"/api/lessons/{now.lesson}/packs"

    def ready() -> bool:
        return [one["state"] for one in now.school.lecturer.get(path)["items"]] == ["ready"] * 3

    eventually("all three are ready", ready, 20)
    now.lecturer.log_in("lin", PASSWORD)
    now.lecturer.page.goto("/")
    now.lecturer.page.wait_for_selector("[data-pack=ready] >> nth=2")
    now.lecturer.shoot("lobby-packs-ready")


def class_begins_and_pages_turn_without_a_request(now: Packs) -> None:
    before = [(line.count("/pages/"), line.count(f"/{now.lesson}/pack/")) for line in now.lines]
    now.lecturer.page.goto(f"/lesson/{now.lesson}/lecturer")
    now.lecturer.page.click("[data-act=start]")
    now.lecturer.page.wait_for_selector("[data-act=end]")
    for room in now.rooms:
        room.page.wait_for_selector(".wall[data-view=live] .deck[data-page='1']", timeout=40_000)
    for page in range(2, PAGES + 1):
        now.lecturer.page.click("[data-act=next]")
        for room in now.rooms:
            room.page.wait_for_selector(f".deck[data-page='{page}']")
    for room in now.rooms:
        assert str(room.page.get_attribute(".deck__page", "src")).startswith("blob:")
        assert room.page.evaluate("document.querySelector('.deck__page').naturalWidth") > 0
    asked = [(line.count("/pages/"), line.count(f"/{now.lesson}/pack/")) for line in now.lines]
    assert asked == before, json.dumps([before, asked])
    now.rooms[0].shoot("classroom-page-from-pack")


def a_room_whose_pack_is_gone_gets_its_pages_live(now: Packs) -> None:
    """Somebody cleared the browser's data: the lesson goes on, and the pack comes back by itself."""
    room, line = now.rooms[1], now.lines[1]
    room.page.evaluate(_FORGET_PACKS)
    before = line.count("/pages/")
    now.lecturer.page.click("[data-act=previous]")
    room.page.wait_for_selector(f".deck[data-page='{PAGES - 1}']")
    eventually("the page is asked for", lambda: before < line.count("/pages/"), 10)
    assert line.count("/pages/") <= before + 3  # it, and the ones beside it
