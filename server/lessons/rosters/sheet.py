"""Rosters as tables: the headings people use, and each line that cannot be read named with its number. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from server.lessons.rosters.model import MAX_PUPILS, Pupil, Wanted
from server.lessons.rosters.plan import Problem
from server.sheets import Line
from signaling.errors import Refused

HEADER = ("学号", "姓名", "行", "列", "卡号")
_HEADINGS: dict[str, str] = {
    **dict.fromkeys(("学号", "序号", "座号", "编号", "number", "no", "no.", "id", "student number"), "number"),
    **dict.fromkeys(("姓名", "学生姓名", "名字", "name", "student", "student name"), "name"),
    **dict.fromkeys(("行", "排", "座位行", "row"), "row"),
    **dict.fromkeys(("列", "座位列", "column", "col"), "column"),
    **dict.fromkeys(("卡号", "答题卡", "答题卡号", "card", "card number"), "card"),
}
_WORDS = {"number": "学号", "name": "姓名", "row": "行", "column": "列", "card": "卡号"}
_HEAD_LINES = 5  # a title such as 五年级一班学生名单 may stand above the headings
_MAX_DIGITS = 9
_ASCII_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")


class SheetProblem(msgspec.Struct, frozen=True):
    """What is wrong at a line of the file, in words."""

    line: int
    text: str


class RosterSheet(msgspec.Struct, frozen=True):
    """A file of pupils as it was read."""

    wanted: tuple[Wanted, ...]
    lines: tuple[int, ...]  # where each of `wanted` stands
    problems: tuple[SheetProblem, ...]


def read_roster(lines: Sequence[Line]) -> RosterSheet:
    """Return the pupils of a table.

    Raises:
        Refused: `sheet_headings` when no line has the headings, `sheet_too_large`.
    """
    head, columns = _headings(lines)
    wanted: list[Wanted] = []
    places: list[int] = []
    problems: list[SheetProblem] = []
    for line in lines[head + 1 :]:
        cells = {name: line.cells[at] if at < len(line.cells) else "" for name, at in columns.items()}
        if not any(cells.values()):
            continue
        wrong = [*_wrong_numbers(cells), *([] if cells["name"] else ["姓名没有填。"])]
        problems += [SheetProblem(line.number, text) for text in wrong]
        if not wrong:
            number, row, column, card = (_number(cells.get(name, "")) for name in ("number", "row", "column", "card"))
            wanted.append(Wanted(number or 0, cells["name"], row, column, card))
            places.append(line.number)
    if len(wanted) > 2 * MAX_PUPILS:
        many = f"这个文件有 {len(wanted)} 名学生，一个班最多 {MAX_PUPILS} 名。"
        raise Refused("sheet_too_large", many + "请按班分开导入。")
    return RosterSheet(tuple(wanted), tuple(places), tuple(problems))


def told(sheet: RosterSheet, problems: Sequence[Problem]) -> list[SheetProblem]:
    """Return all that is wrong with the file, in order of its lines."""
    found = [*sheet.problems, *(SheetProblem(sheet.lines[one.index], one.text) for one in problems)]
    return sorted(found, key=lambda one: one.line)


def as_rows(pupils: Sequence[Pupil]) -> list[list[object]]:
    """Return the roster as the rows of a table that `read_roster` reads back to the same pupils."""
    rows: list[list[object]] = [list(HEADER)]
    for one in pupils:
        rows.append([one.number, one.name, one.row or "", one.column or "", "" if one.card == -1 else one.card])
    return rows


def _headings(lines: Sequence[Line]) -> tuple[int, dict[str, int]]:
    for at, line in enumerate(lines[:_HEAD_LINES]):
        columns: dict[str, int] = {}
        for position, cell in enumerate(line.cells):
            name = _HEADINGS.get(" ".join(cell.lower().split()))
            if name is not None:
                columns.setdefault(name, position)
        if "name" in columns:
            return at, columns
    wanted = "、".join(HEADER)
    raise Refused("sheet_headings", f"没有找到表头。第一行要写列名：{wanted}（“姓名”必须有，其他可以没有）。")


def _wrong_numbers(cells: dict[str, str]) -> list[str]:
    wrong = []
    for name in ("number", "row", "column", "card"):
        text = cells.get(name, "")
        if text and _number(text) is None:
            wrong.append(f"{_WORDS[name]}“{text[:20]}”不是整数。")
    return wrong


def _number(text: str) -> int | None:
    digits = text.translate(_ASCII_DIGITS)
    if not digits.isascii() or not digits.isdigit() or len(digits) > _MAX_DIGITS:
        return None
    return int(digits)
