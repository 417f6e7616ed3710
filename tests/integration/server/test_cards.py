from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2
import pytest
from PIL import Image

from server.lessons.cards.codes import modules
from server.lessons.cards.sheet import MARKER_MM, Printed, print_cards
from server.lessons.rosters.tables import live_rosters
from tests.integration.server.conftest import World

SCALE = 2.0  # pixels a point
MM = 72 / 25.4 * SCALE
Gray = npt.NDArray[np.uint8]
LAYOUT = {1: (1, 1), 2: (1, 2), 4: (2, 2)}


def pages_of(data: bytes) -> list[Gray]:
    document = pypdfium2.PdfDocument(data)
    try:
        return [np.asarray(page.render(scale=SCALE).to_pil().convert("L")) for page in document]
    finally:
        document.close()


def cards_on(page: Gray, per_page: int) -> list[tuple[tuple[bool, ...], ...]]:
    """Return the modules of each marker on a page, found by its frame: the longest black line of its part."""
    columns, rows = LAYOUT[per_page]
    high, wide = page.shape[0] / rows, page.shape[1] / columns
    found = []
    for row in range(rows):
        for column in range(columns):
            part = page[round(row * high) : round((row + 1) * high), round(column * wide) : round((column + 1) * wide)]
            grid = marker_in(part, MARKER_MM[per_page] * MM)
            if grid:
                found.append(grid)
    return found


def marker_in(part: Gray, side: float) -> tuple[tuple[bool, ...], ...] | None:
    dark = part < 128
    lines = np.flatnonzero(dark.sum(axis=1) > side * 0.95)
    if not len(lines):
        return None
    top, left = int(lines[0]), int(np.flatnonzero(dark[lines[0]])[0])
    unit = side / 7
    return tuple(
        tuple(bool(dark[int(top + (r + 0.5) * unit), int(left + (c + 0.5) * unit)]) for c in range(7)) for r in range(7)
    )


async def enter(world: World, names: dict[str, int | None]) -> tuple[Any, str]:
    """Put these pupils with these cards on the roster of the village's classroom."""
    teacher = await world.client("yang")
    schools = (await teacher.get("/api/schools")).json()["items"]
    own = (await teacher.get("/api/hello")).json()["me"]["school"]["id"]
    room = next(one for one in schools if one["id"] == own)["classrooms"][0]["id"]
    pupils = [{"number": at + 1, "name": name, "card": card} for at, (name, card) in enumerate(names.items())]
    answer = await teacher.put(f"/api/classrooms/{room}/roster", json={"version": 0, "pupils": pupils})
    assert answer.status_code == 200, answer.text
    return teacher, room


@pytest.mark.parametrize("per_page", [1, 2, 4])
async def test_each_pupil_s_card_is_printed_and_can_be_read(world: World, per_page: int) -> None:
    teacher, room = await enter(world, {"王大山": 3, "李小雨": 59, "赵云": 17, "没有卡": -1, "欧阳明月": 0})
    answer = await teacher.get(f"/api/classrooms/{room}/cards.pdf?per_page={per_page}")
    assert answer.headers["content-type"] == "application/pdf" and answer.headers["cache-control"] == "no-store"
    pages = pages_of(answer.content)
    assert len(pages) == -(-4 // per_page)
    printed = [card for page in pages for card in cards_on(page, per_page)]
    assert printed == [modules(card) for card in (3, 59, 17, 0)]
    for page in pages:  # nothing where a school's printer cannot print
        edge = round(7.5 * MM)
        rim = page.copy()
        rim[edge:-edge, edge:-edge] = 255
        assert rim.min() > 200


async def test_a_back_shows_the_same_letters_on_the_same_edges(world: World) -> None:
    teacher, room = await enter(world, {"王大山": 3})
    pages = pages_of((await teacher.get(f"/api/classrooms/{room}/cards.pdf?per_page=4&backs=1")).content)
    assert len(pages) == 2
    face, back = pages
    wide = face.shape[1]
    assert cards_on(face, 4) == [modules(3)] and cards_on(back, 4) == []
    # The sheet is turned over on its long edge: what was on the left is on the right.
    assert (back[:, : wide // 2] < 128).sum() == 0 < (back[: back.shape[0] // 2, wide // 2 :] < 128).sum()


async def test_only_teachers_of_the_school_print_its_cards(world: World) -> None:
    teacher, room = await enter(world, {"王大山": 3})
    assert (await teacher.get(f"/api/classrooms/{room}/cards")).json()["cards"] == 1
    for path in ("cards", "cards.pdf"):
        assert (await (await world.client()).get(f"/api/classrooms/{room}/{path}")).status_code == 401
        for stranger in ("lin", "ma"):
            answer = await (await world.client(stranger)).get(f"/api/classrooms/{room}/{path}")
            assert answer.json()["code"] == "not_allowed"


@pytest.mark.parametrize("query", ["per_page=3", "per_page=x", "backs=2"])
async def test_a_wrong_choice_is_named(world: World, query: str) -> None:
    teacher, room = await enter(world, {"王大山": 3})
    answer = await teacher.get(f"/api/classrooms/{room}/cards.pdf?{query}")
    assert answer.status_code == 422 and answer.json()["field"] == query.split("=")[0]


async def test_lesson_knows_whether_cards_were_printed(world: World) -> None:
    teacher, room = await enter(world, {"王大山": 12})
    assert not world.live.rosters[-1].has_cards
    assert (await teacher.get(f"/api/classrooms/{room}/cards.pdf")).status_code == 200
    assert world.live.rosters[-1].has_cards
    pupils = [{"number": 1, "name": "王大山"}, {"number": 2, "name": "李小雨"}]
    await teacher.put(f"/api/classrooms/{room}/roster", json={"version": 1, "pupils": pupils})
    async with world.services.database.read() as tx:
        (stored,) = await live_rosters(tx, [room])
    assert stored == world.live.rosters[-1]
    assert stored.has_cards and len(stored.pupils) == 2


async def test_a_class_without_cards_is_told_what_to_do(world: World) -> None:
    teacher, room = await enter(world, {"没有卡": -1})
    answer = await teacher.get(f"/api/classrooms/{room}/cards.pdf")
    assert answer.status_code == 422 and answer.json()["code"] == "cards_none" and "花名册" in answer.json()["detail"]


def test_without_a_chinese_font_numbers_are_printed_and_what_to_install() -> None:
    data = print_cards([Printed(12, "王大山", 5)], 2, ("河口小学", "五年级"), [], backs=False)
    assert cards_on(pages_of(data)[0], 2) == [modules(12)]
    document = pypdfium2.PdfDocument(data)
    page = document[0]
    text_page = page.get_textpage()
    text = text_page.get_text_range()
    for one in (text_page, page, document):
        one.close()
    assert "12" in text and "fonts-noto-cjk" in text


def test_a_printed_face_is_upright_where_its_letter_says() -> None:
    """The letter B stands upright once the card was turned so that its right edge is up."""
    page = pages_of(print_cards([Printed(7)], 1, ("", ""), [], backs=False))[0]
    turned = np.asarray(Image.fromarray(page).rotate(90, expand=True))
    straight = _letter_above(page, 160 * MM)
    assert straight.shape[0] > 10 and not np.array_equal(straight, _letter_above(turned, 160 * MM))


def _letter_above(page: Gray, side: float) -> Gray:
    middle = (page.shape[0] / 2, page.shape[1] / 2)
    top = int(middle[0] - side / 2 - 14 * MM)
    return page[top : int(middle[0] - side / 2 - 1), int(middle[1] - 5 * MM) : int(middle[1] + 5 * MM)]
