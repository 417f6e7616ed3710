from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from server.demo.deck import PAGES, DrawnPage


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
def test_a_page_is_a_safe_picture_that_is_read_from_the_back_row(page: DrawnPage) -> None:
    root = ET.fromstring(page.svg)
    assert root.get("viewBox") == "0 0 1600 900"
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "rect", "line", "circle", "path", "polygon", "text"}
    sizes = [int(size) for size in re.findall(r'font-size="(\d+)"', page.svg)]
    assert min(sizes) >= 40
    assert "http" not in page.svg.replace("http://www.w3.org/2000/svg", "")


def test_text_stays_on_the_page() -> None:
    for page in PAGES:
        for element in ET.fromstring(page.svg).iter("{http://www.w3.org/2000/svg}text"):
            size, x = int(element.get("font-size", "0")), float(element.get("x", "0"))
            words = element.text or ""
            width = sum(size if ord(letter) > 0x2E80 else size * 0.6 for letter in words)
            left = {"start": x, "middle": x - width / 2, "end": x - width}[element.get("text-anchor", "start")]
            assert left >= 40 and left + width <= 1580, words


def test_titles_name_the_chapters() -> None:
    assert len({page.title for page in PAGES}) == len(PAGES) == 6
