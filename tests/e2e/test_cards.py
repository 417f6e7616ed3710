"""The local teacher reads a class's answer cards with the phone: a camera that shows a room, a thumb for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from server.lessons.cards.codes import LETTERS
from tests.e2e.answers import name_of, write_room
from tests.e2e.browser import PHONE, Screen, chromium
from tests.e2e.school import PASSWORD, Region, eventually

FRAMES = 4  # the fake camera shows them again and again

_ROWS = """
() => Object.fromEntries([...document.querySelectorAll('[data-pupil]')].map(
  (row) => [row.querySelector('.row__name').textContent, row.querySelector('strong')?.textContent ?? '']))
"""


@pytest.mark.e2e
def test_a_class_raises_its_cards_and_the_phone_reads_them(
    playwright: Playwright, school: Region, tmp_path: Path
) -> None:
    camera = tmp_path / "room.mjpeg"
    truths = write_room(camera, FRAMES)
    room = school.rooms[0]["id"]
    school.set_roster(0, "he", [*((name_of(truth), truth.card) for truth in truths), ("转来的学生", -1)])
    with chromium(playwright, camera) as browser:
        phone = Screen(browser, school.server.url, PHONE, is_phone=True)
        phone.log_in("he", PASSWORD)
        phone.page.goto(f"/classrooms/{room}/cards")
        phone.page.click("[data-act=scan]")
        visible = {name_of(truth): LETTERS[truth.turn] for truth in truths if not truth.is_hidden}
        phone.page.context.set_offline(True)  # reading needs no line
        phone.page.click("[data-list=done]")
        eventually("every card that nothing hides is read", lambda: visible.items() <= _read(phone).items(), 30)
        everyone = {name_of(truth): LETTERS[truth.turn] for truth in truths}
        assert _read(phone).items() <= everyone.items()  # no card was read wrong, hidden or not
        phone.shoot("cards-scanner")
        before = len(_read(phone))
        assert before < len(truths) + 1
        phone.page.click("[data-list=missing]")
        phone.page.click("text=转来的学生")
        phone.page.click("[data-choice=C]")
        phone.page.click("[data-list=done]")
        assert _read(phone)["转来的学生"] == "C"
        phone.page.click(".scanner__finish")
        phone.page.wait_for_selector("[data-act=scan]")
        assert phone.problems == []
        phone.close()


def _read(phone: Screen) -> dict[str, str]:
    rows: dict[str, str] = phone.page.evaluate(_ROWS)
    return rows
