"""Rosters as tables."""

from __future__ import annotations

import pytest

from server.lessons.rosters.model import Pupil, Wanted
from server.lessons.rosters.plan import Problem
from server.lessons.rosters.sheet import SheetProblem, as_rows, read_roster, told
from server.sheets import as_csv, read_table
from signaling.errors import Refused
from signaling.ids import PupilId


def test_headings_in_both_languages_under_a_title_in_any_order() -> None:
    chinese = read_roster(read_table("五年级名单\n姓名,备注,学号,卡号\n李小雨,,1,7\n岩温,x,,\n".encode()))
    assert chinese.wanted == (Wanted(1, "李小雨", None, None, 7), Wanted(0, "岩温"))
    assert chinese.lines == (3, 4)
    english = read_roster(read_table(b"Number,Name,Row,Column,Card\n1,Li,2,3,4\n"))
    assert english.wanted == (Wanted(1, "Li", 2, 3, 4),)


def test_each_line_that_cannot_be_read_is_named() -> None:
    sheet = read_roster(read_table("学号,姓名,行\n一,李小雨,2\n2,,3\n０３,岩温,1.5\n4,刀美兰,\n".encode()))
    assert sheet.problems == (
        SheetProblem(2, "学号“一”不是整数。"),
        SheetProblem(3, "姓名没有填。"),
        SheetProblem(4, "行“1.5”不是整数。"),
    )
    assert sheet.wanted == (Wanted(4, "刀美兰"),)
    assert told(sheet, [Problem(0, "card", "不行。")])[-1] == SheetProblem(5, "不行。")


@pytest.mark.parametrize(("text", "code"), [("1,李小雨", "sheet_headings"), ("", "sheet_headings")])
def test_without_headings_it_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        read_roster(read_table(text.encode()))
    assert caught.value.code == code


def test_a_roster_goes_out_and_comes_back() -> None:
    pupils = (Pupil(PupilId("a"), 1, "=cmd", 1, 2, 0), Pupil(PupilId("b"), 2, "岩温"))
    read = read_roster(read_table(as_csv(as_rows(pupils))))
    assert read.wanted == (Wanted(1, "=cmd", 1, 2, 0), Wanted(2, "岩温"))
    assert not read.problems
