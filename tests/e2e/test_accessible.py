"""What a keyboard or a screen reader needs: axe finds nothing serious on any page, and the lesson is led by keys."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from tests.e2e.browser import LAPTOP, PHONE, WALL, Screen, chromium
from tests.e2e.school import PASSWORD, ROOT, Region
from tests.e2e.school_day import plan_day
from tests.e2e.seat import start_lesson

pytestmark = pytest.mark.e2e

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """
async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ html }) => html.slice(0, 160)) }));
}
"""


def serious(screen: Screen) -> list[dict[str, Any]]:
    screen.page.evaluate(AXE.read_text())  # not as a script tag: our own policy forbids that
    found: list[dict[str, Any]] = screen.page.evaluate(_RUN)
    return found


LECTURER = ("/", "/lessons/new", "/recordings", "/school", "/decks", "/resources", "/timetable", "/timetable/series")
PLANNED = ("/lessons/{lesson}/deck", "/lessons/{lesson}/questions", "/lesson/{lesson}/check")
TEACHER = ("/rosters", "/classrooms/{room}/cards")
MANAGER = ("/timetable/settings", "/school")
NAMES = ("李小雨", "普阿依", "岩温", "和丽雪")
CHOICE = {"kind": "single", "title": "折射角____入射角", "options": ["大于", "等于", "小于"], "page": 1, "answer": "C"}


def test_axe_finds_nothing_serious_on_the_portal(playwright: Playwright, devices: Path, school: Region) -> None:
    prepare(school)
    lesson = prepare_lesson(school)
    places = {"lesson": lesson, "room": school.rooms[0]["id"]}
    found: dict[str, Any] = {}
    with chromium(playwright, devices / "lecturer.y4m") as browser:
        for size in (LAPTOP, PHONE):
            for who, paths in (("", ("/login",)), ("lin", LECTURER + PLANNED), ("he", TEACHER), ("wang", MANAGER)):
                screen = Screen(browser, school.server.url, size, is_phone=size is PHONE)
                if who:
                    screen.log_in(who, PASSWORD)
                for path in paths:
                    screen.page.goto(path.format(**places))
                    screen.page.wait_for_selector("main h1")
                    screen.page.wait_for_load_state("networkidle")
                    found[f"{path} at {size['width']}"] = serious(screen)
                screen.close()
    assert not {name: what for name, what in found.items() if what}


def prepare(school: Region) -> None:
    """Give a class names, and the region a term with bells: empty pages have little to find fault with."""
    school.set_roster(0, "he", [(name, -1) for name in NAMES])
    plan_day(school, [timedelta(minutes=40)], rooms=2)


def prepare_lesson(school: Region) -> str:
    """Plan a lesson of three pages with a question; return its id."""
    lesson = school.plan_lesson(minutes=15)  # over before the day's own begins
    address = f"/api/lessons/{lesson}/questions"
    school.lecturer.put(address, {"version": school.lecturer.get(address)["version"], "items": [CHOICE]})
    return lesson


def test_axe_finds_nothing_serious_in_a_lesson(playwright: Playwright, devices: Path, school: Region) -> None:
    school.set_roster(0, "he", [(name, -1) for name in NAMES])
    lesson = prepare_lesson(school)
    start_lesson(school.server.url, lesson, "lin")
    found: dict[str, Any] = {}
    with chromium(playwright, devices / "lecturer.y4m", devices / "voice.wav") as browser:
        screens = {
            name: Screen(browser, school.server.url, size, is_phone=size is PHONE)
            for name, size in (("lecturer", LAPTOP), ("classroom", WALL), ("phone", PHONE), ("observe", LAPTOP))
        }
        for name, who in (("lecturer", "lin"), ("classroom", "he"), ("phone", "he"), ("observe", "wang")):
            screens[name].log_in(who, PASSWORD)
            screens[name].page.goto(f"/lesson/{lesson}/{name}")
        for name, ready in (("lecturer", ".card"), ("classroom", ".deck"), ("phone", ".actions"), ("observe", ".deck")):
            screens[name].page.wait_for_selector(ready)
            found[name] = serious(screens[name])
        lecturer, phone = screens["lecturer"], screens["phone"]
        for act in ("pupils", "private", "chat", "questions"):
            lecturer.page.click(f"[data-act={act}]")
            found[f"lecturer, {act}"] = serious(lecturer)
        lecturer.page.click("[data-tool=pen]")
        lecturer.page.click("[data-tool=shapes]")
        found["lecturer, ink"] = serious(lecturer)
        lecturer.page.keyboard.press("Escape")
        lecturer.page.click("[data-prepared]")
        screens["classroom"].page.wait_for_selector("[data-stage=open]")
        for name, screen in screens.items():
            found[f"{name}, question"] = serious(screen)
        for act in ("list", "line", "wall", "question"):
            phone.page.click(f"[data-act={act}]")
            found[f"phone, {act}"] = serious(phone)
            phone.page.click("[data-act=back]")
        pages_turn_by_keys(lecturer)
        for screen in screens.values():
            screen.close()
    assert not {name: what for name, what in found.items() if what}


def pages_turn_by_keys(lecturer: Screen) -> None:
    lecturer.page.locator("body").press("Escape")
    lecturer.page.keyboard.press("PageDown")
    lecturer.page.wait_for_selector(".deck[data-page='2']")
    lecturer.page.keyboard.press("Home")
    lecturer.page.wait_for_selector(".deck[data-page='1']")
    lecturer.page.focus("[data-act=pupils]")
    lecturer.page.keyboard.press("Enter")
    lecturer.page.wait_for_selector(".drawer")
    lecturer.page.keyboard.press("Escape")
    lecturer.page.wait_for_selector(".drawer", state="hidden")
