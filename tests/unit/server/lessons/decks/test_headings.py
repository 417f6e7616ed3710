from __future__ import annotations

import pytest

from server.lessons.decks.headings import Line, clean, title_of
from server.lessons.decks.photographs import as_counted, page_title


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ([Line("五年级科学", 12), Line("光的折射", 40), Line("第一课时", 38)], "光的折射"),
        ([Line("光的折射", 40), Line("很大的结论", 42)], "光的折射"),  # nearly as large, and first
        ([Line("12", 90), Line("做一做", 30), Line("3 / 6", 80)], "做一做"),  # a page's number is no title
        ([Line("长" * 50, 20)], "长" * 39 + "…"),
        ([Line("光的\n  折射", 20)], "光的 折射"),
        ([Line("7", 20)], ""),
        ([], ""),
    ],
)
def test_the_first_of_the_largest_lines_is_the_title(lines: list[Line], title: str) -> None:
    assert title_of(lines) == title


def test_what_no_person_wrote_is_left_out() -> None:
    assert clean("光\x00的\ufffe折\ufffd射\x1b\n") == "光的折射\n"


def test_pictures_are_sorted_as_people_count() -> None:
    names = ["第10页.png", "第2页.png", "第1页.png", "封面.png", "b2.jpg", "B10.jpg"]
    assert sorted(names, key=as_counted) == ["b2.jpg", "B10.jpg", "封面.png", "第1页.png", "第2页.png", "第10页.png"]
    assert page_title("课件/第2页 实验.png") == "第2页 实验"
