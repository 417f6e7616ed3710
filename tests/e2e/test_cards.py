"""The local teacher reads a class's answer cards with the phone: a camera that shows a room, a thumb for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from bench.card_photos import LIGHTS, PAPERS, Truth, photo
from server.lessons.cards.codes import LETTERS
from tests.e2e.browser import PHONE, Screen, chromium
from tests.e2e.school import PASSWORD, Person, Region, eventually

SEED = 20261122
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
    shots = [photo(SEED, number, LIGHTS["normal"], PAPERS[2]) for number in range(FRAMES)]
    camera.write_bytes(b"".join(data for data, _ in shots))
    truths = shots[0][1]
    room = school.rooms[0]["id"]
    _enter(school, room, truths)
    with chromium(playwright, camera) as browser:
        phone = Screen(browser, school.server.url, PHONE, is_phone=True)
        phone.log_in("he", PASSWORD)
        phone.page.goto(f"/classrooms/{room}/cards")
        phone.page.click("[data-act=scan]")
        visible = {_name(truth): LETTERS[truth.turn] for truth in truths if not truth.is_hidden}
        phone.page.context.set_offline(True)  # reading needs no line
        phone.page.click("[data-list=done]")
        eventually("every card that nothing hides is read", lambda: visible.items() <= _read(phone).items(), 30)
        everyone = {_name(truth): LETTERS[truth.turn] for truth in truths}
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


def _enter(school: Region, room: str, truths: list[Truth]) -> None:
    """Enter the pupils who hold these cards, and one who has none."""
    teacher = Person(school.server.url, "he")
    try:
        version = teacher.get(f"/api/classrooms/{room}/roster")["version"]
        pupils = [{"number": at + 1, "name": _name(truth), "card": truth.card} for at, truth in enumerate(truths)]
        pupils.append({"number": 99, "name": "转来的学生", "card": -1})
        teacher.put(f"/api/classrooms/{room}/roster", {"version": version, "pupils": pupils})
    finally:
        teacher.close()


def _name(truth: Truth) -> str:
    return f"学生{truth.card:02d}"


def _read(phone: Screen) -> dict[str, str]:
    rows: dict[str, str] = phone.page.evaluate(_ROWS)
    return rows
