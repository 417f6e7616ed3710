"""Writing on the lesson's pages: from the lecturer's desk and from a village's wall, through a closed laptop."""

from __future__ import annotations

import functools
import time
from typing import Any

import pytest
from playwright.sync_api import Playwright

from tests.e2e.browser import LAPTOP, WALL, Screen, chromium
from tests.e2e.school import PASSWORD, Region, eventually
from tests.e2e.writer import Writer, compose

pytestmark = pytest.mark.e2e

_KEEP_SOCKETS = """
window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); window.sockets.push(this); }
};
"""


def enter(browser: Any, url: str, username: str, path: str, size: dict[str, int] = WALL) -> Writer:
    screen = Screen(browser, url, size)
    screen.log_in(username, PASSWORD)
    screen.page.add_init_script(_KEEP_SOCKETS)
    screen.page.goto(path)
    return Writer(screen)


def test_ink_from_both_ends(playwright: Playwright, school: Region) -> None:
    lesson, url = school.plan_lesson(), school.server.url
    with chromium(playwright) as browser:
        lecturer = enter(browser, url, "lin", f"/lesson/{lesson}/lecturer", LAPTOP)
        lecturer.page.click("[data-act=start]")
        wall = enter(browser, url, "he", f"/lesson/{lesson}/classroom?classroom={school.rooms[0]['id']}")
        wall.page.wait_for_selector(".ink", state="attached", timeout=30_000)
        try:
            lecturer_writes(lecturer, wall)
            lines_are_typed_with_an_input_method(lecturer)
            a_blank_board_is_drawn_on(lecturer, wall)
            a_room_is_allowed_to_write(lecturer, wall)
            pupil_writes(lecturer, wall)
            the_page_is_turned_and_back(lecturer, wall)
            who_comes_later_sees_it_at_once(school, browser, lesson)
            the_network_is_away(lecturer, wall)
            the_laptop_is_closed_in_mid_stroke(browser, url, lesson, lecturer, wall)
        except BaseException:
            lecturer.screen.shoot("failed-ink-lecturer")
            wall.screen.shoot("failed-ink-wall")
            raise
        assert not wall.screen.problems, wall.screen.problems


def lecturer_writes(lecturer: Writer, wall: Writer) -> None:
    lecturer.page.wait_for_selector(".ink", state="attached")
    lecturer.take("pen")
    lecturer.draw([(0.2, 0.2), (0.4, 0.2), (0.4, 0.4)], lift=False)
    wall.sees_ink((0.3, 0.2))  # while it is drawn
    assert wall.objects() == 0
    lecturer.page.mouse.up()
    eventually("the stroke is an object on the wall", lambda: wall.objects() == 1, 5)
    wall.sees_ink((0.4, 0.3))
    lecturer.take("highlighter")
    lecturer.draw([(0.2, 0.6), (0.5, 0.6)])
    eventually("it is marked on the wall", lambda: wall.objects() == 2, 5)
    lecturer.page.keyboard.press("Control+z")
    eventually("the mark is undone on the wall", lambda: wall.objects() == 1, 5)
    lecturer.page.keyboard.press("Control+y")
    eventually("and done again", lambda: wall.objects() == 2, 5)
    lecturer.take("eraser")
    lecturer.draw([(0.35, 0.55), (0.35, 0.65)])
    eventually("the mark is erased", lambda: wall.objects() == 1, 5)
    lecturer.take("text")
    lecturer.draw([(0.6, 0.3), (0.6, 0.3)])
    compose(lecturer.page, "zheshejiao", "折射角")
    assert lecturer.page.input_value(".sheet__text") == "折射角", "Enter ends the composition, and only that"
    assert wall.objects() == 1
    compose(lecturer.page, "xiaoyu", "小于入射角")
    lecturer.page.keyboard.press("Enter")
    eventually("the text is on the wall", lambda: wall.objects() == 2, 5)


def lines_are_typed_with_an_input_method(lecturer: Writer) -> None:
    page = lecturer.page
    page.click("[data-act=chat]")
    page.click(".chat__input")
    compose(page, "tingdedongma", "听得懂吗")
    assert page.input_value(".chat__input") == "听得懂吗"
    assert page.query_selector(".chat__line") is None
    page.keyboard.press("Enter")
    page.wait_for_selector(".chat__line:has-text('听得懂吗')")
    assert page.input_value(".chat__input") == ""
    page.click("[data-act=chat]")


def a_blank_board_is_drawn_on(lecturer: Writer, wall: Writer) -> None:
    """Shapes, the laser pointer, and a board that goes on to the right, for everybody at once."""
    lecturer.page.click("[data-act=board]")
    wall.page.wait_for_selector("[data-board='board:1']")
    for number, shape in enumerate(("line", "arrow", "rectangle", "ellipse"), 1):
        lecturer.page.click("[data-tool=shapes]")
        lecturer.page.click(f".tools__more [data-tool={shape}]")
        left = 0.1 + 0.15 * number
        lecturer.draw([(left, 0.2), (left + 0.1, 0.4)])
        eventually(f"the {shape} is on the wall", functools.partial(has_objects, wall, number), 5)
    wall.sees_ink((0.3, 0.3))  # the line's middle
    wall.sees_ink((0.55, 0.3))  # a side of the rectangle
    wall.sees_ink((0.6, 0.3), False)
    lecturer.take("pointer")
    lecturer.draw([(0.2, 0.7), (0.3, 0.8)], lift=False)
    wall.sees_ink((0.3, 0.8))
    assert wall.objects() == 4, "the pointer writes nothing"
    lecturer.page.mouse.up()
    lecturer.page.mouse.move(2, 2)
    wall.sees_ink((0.3, 0.8), False)
    wall.screen.shoot("ink-board")
    lecturer.page.click(".move__right")
    wall.sees_ink((0.05, 0.3))  # what stood at 0.55 of the board's first screen
    lecturer.page.click("[data-act=board]")
    eventually("the page is back", lambda: wall.objects() == 2, 10)


def has_objects(writer: Writer, count: int) -> bool:
    return writer.objects() == count


def a_room_is_allowed_to_write(lecturer: Writer, wall: Writer) -> None:
    lecturer.page.click("[data-act=allow-writing]")
    wall.page.wait_for_selector(".tools")
    wall.take("pen")
    wall.draw([(0.7, 0.5), (0.8, 0.5)])
    eventually("the room's stroke is with the lecturer", lambda: lecturer.objects() == 3, 5)
    lecturer.page.click("[data-act=allow-writing]")
    wall.page.wait_for_selector(".tools", state="detached")
    wall.draw([(0.7, 0.55), (0.8, 0.55)])
    lecturer.take("eraser")
    lecturer.draw([(0.75, 0.48), (0.75, 0.52)])
    eventually("the lecturer erases what a room wrote", lambda: wall.objects() == 2, 5)
    assert lecturer.objects() == 2


def pupil_writes(lecturer: Writer, wall: Writer) -> None:
    assert wall.page.query_selector(".tools") is None
    lecturer.page.click("[data-act=call-on]:not([disabled])")
    wall.page.wait_for_selector(".tools")
    wall.take("pen")
    wall.page.click(".tools [data-colour='2']")
    wall.draw([(0.6, 0.7), (0.8, 0.7)])
    eventually("the pupil's stroke is with the lecturer", lambda: lecturer.objects() == 3, 5)
    lecturer.sees_ink((0.7, 0.7))
    wall.screen.shoot("ink-wall")
    lecturer.screen.shoot("ink-lecturer")


def the_page_is_turned_and_back(lecturer: Writer, wall: Writer) -> None:
    lecturer.page.click("[data-act=next]")
    eventually("page 2 is empty", lambda: wall.objects() == 0, 10)
    wall.sees_ink((0.3, 0.2), False)
    lecturer.page.click("[data-act=previous]")
    eventually("page 1 is as it was", lambda: wall.objects() == 3, 10)
    wall.sees_ink((0.3, 0.2))


def who_comes_later_sees_it_at_once(school: Region, browser: Any, lesson: str) -> None:
    later = enter(browser, school.server.url, "wang", f"/lesson/{lesson}/observe")
    later.page.wait_for_selector(".ink", state="attached")
    later.sees_ink((0.3, 0.2), wait_s=10)
    assert later.page.query_selector(".tools") is None
    later.screen.shoot("ink-observer")
    later.page.close()


def the_network_is_away(lecturer: Writer, wall: Writer) -> None:
    """What is drawn meanwhile comes afterwards, once."""
    lecturer.page.context.set_offline(True)
    before = lecturer.objects()
    lecturer.page.evaluate("window.sockets.forEach((socket) => socket.close())")
    lecturer.take("pen")
    lecturer.draw([(0.2, 0.8), (0.3, 0.9)])
    lecturer.page.context.set_offline(False)
    eventually("the wall has it", lambda: wall.objects() == before + 1, 20)
    time.sleep(1)
    assert wall.objects() == before + 1


def the_laptop_is_closed_in_mid_stroke(browser: Any, url: str, lesson: str, lecturer: Writer, wall: Writer) -> None:
    before = wall.objects()
    lecturer.draw([(0.1, 0.5), (0.15, 0.5), (0.15, 0.55)], lift=False)
    wall.sees_ink((0.12, 0.5))
    lecturer.page.context.close()
    eventually("what was drawn stays", lambda: wall.objects() == before + 1, 10)
    wall.sees_ink((0.12, 0.5))
