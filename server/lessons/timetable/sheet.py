"""Timetables as tables: one line a repeating lesson, in the words of school offices. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from server.lessons.timetable.model import Series
from server.lessons.timetable.rules import SeriesDraft
from server.lessons.timetable.weeks import NAMED, WEEKDAYS, parse_weeks
from server.sheets import Line
from signaling.errors import Refused

HEADER = ("星期", "节次", "周次", "课题", "学科", "主讲教师", "账号", "结对学校", "听课教室", "观摩")
MAX_ROWS = 150  # repeating lessons of one file: a school gives about 30
_HEADINGS: dict[str, str] = {
    **dict.fromkeys(("星期", "weekday", "day"), "weekday"),
    **dict.fromkeys(("节次", "节", "period"), "period"),
    **dict.fromkeys(("周次", "周", "weeks"), "weeks"),
    **dict.fromkeys(("课题", "课程", "课程名称", "title"), "title"),
    **dict.fromkeys(("学科", "科目", "subject"), "subject"),
    **dict.fromkeys(("主讲教师", "教师", "lecturer", "teacher"), "lecturer"),
    **dict.fromkeys(("账号", "用户名", "username"), "username"),
    **dict.fromkeys(("结对学校", "paired school"), "paired"),
    **dict.fromkeys(("听课教室", "教室", "classrooms"), "classrooms"),
    **dict.fromkeys(("观摩", "开放观摩", "observers"), "observers"),
}
_NEEDED = ("weekday", "period", "title", "subject")
_NEEDED_WORDS = {"weekday": "星期", "period": "节次", "title": "课题", "subject": "学科"}
_HEAD_LINES = 5
_DAY_WORDS: dict[str, int] = {
    **{word: number for number, word in enumerate(WEEKDAYS, 1)},
    **{f"星期{word[1]}": number for number, word in enumerate(WEEKDAYS, 1)},
    **{word: number for number, word in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 1)},
    **{str(number): number for number in range(1, 8)},
    "星期天": 7,
    "周天": 7,
}
_WEEK_WORDS = {"": "all", "全部": "all", "每周": "all", "all": "all", "单周": "odd", "单": "odd", "odd": "odd"}
_WEEK_WORDS |= {"双周": "even", "双": "even", "even": "even"}
_WEEK_NAMES = {"all": "全部", "odd": "单周", "even": "双周"}
_ROOMS = re.compile(r"[;；\n]+")
_PERIOD = re.compile(r"第?\s*(\d{1,2})\s*节?")


class Directory(msgspec.Struct, frozen=True):
    """Whom and what the names in a file mean."""

    teachers: Mapping[str, Sequence[str]]  # name → ids
    usernames: Mapping[str, str]
    schools: Mapping[str, str]
    classrooms: Mapping[tuple[str, str], str]  # (school, classroom) → id


class SeriesLine(msgspec.Struct, frozen=True):
    """A line of the file that could be read."""

    line: int
    draft: SeriesDraft


class LineProblem(msgspec.Struct, frozen=True):
    """What is wrong at a line of the file, in words."""

    line: int
    text: str


def read_series(
    lines: Sequence[Line], term_id: str, directory: Directory
) -> tuple[list[SeriesLine], list[LineProblem]]:
    """Return the repeating lessons of a table, and what could not be read of it.

    Raises:
        Refused: `sheet_headings` or `sheet_too_large`.
    """
    head, columns = _headings(lines)
    found: list[SeriesLine] = []
    problems: list[LineProblem] = []
    if len(lines) - head - 1 > MAX_ROWS:
        raise Refused("sheet_too_large", f"一次最多导入 {MAX_ROWS} 行课表，请分成几个文件。")
    for line in lines[head + 1 :]:
        cells = {name: line.cells[at] if at < len(line.cells) else "" for name, at in columns.items()}
        draft, wrong = _draft(cells, term_id, directory)
        problems += [LineProblem(line.number, text) for text in wrong]
        if draft is not None and not wrong:
            found.append(SeriesLine(line.number, draft))
    return found, problems


def _draft(cells: Mapping[str, str], term_id: str, directory: Directory) -> tuple[SeriesDraft | None, list[str]]:
    wrong = [f"{_NEEDED_WORDS[name]}没有填。" for name in _NEEDED if not cells[name]]
    weekday = _DAY_WORDS.get(cells["weekday"].lower(), 0)
    if cells["weekday"] and not weekday:
        wrong.append(f"星期“{cells['weekday'][:20]}”看不懂，请写周一到周日。")
    period = _PERIOD.fullmatch(cells["period"])
    if cells["period"] and period is None:
        wrong.append(f"节次“{cells['period'][:20]}”看不懂，请写数字，例如 3。")
    weeks = _weeks(cells.get("weeks", ""))
    if weeks is None:
        wrong.append(f"周次“{cells['weeks'][:20]}”看不懂，请写“全部”“单周”“双周”，或“1-8,10周”这样。")
    lecturer = _lecturer(cells, directory, wrong)
    paired = cells.get("paired", "")
    if paired and paired not in directory.schools:
        wrong.append(f"没有叫“{paired[:40]}”的学校。")
    rooms = _rooms(cells.get("classrooms", ""), directory, wrong)
    if wrong or weeks is None or period is None:
        return None, wrong
    is_open = cells.get("observers", "").lower() in ("是", "开放", "1", "yes", "true")
    draft = SeriesDraft(
        term_id, cells["title"], cells["subject"], lecturer, weekday, int(period[1]), weeks, rooms,
        directory.schools.get(paired), is_open,
    )  # fmt: skip
    return draft, []


def _lecturer(cells: Mapping[str, str], directory: Directory, wrong: list[str]) -> str:
    username, name = cells.get("username", ""), cells.get("lecturer", "")
    if username:
        if username not in directory.usernames:
            wrong.append(f"没有账号为“{username[:40]}”的教师，或不在您的学校。")
        return directory.usernames.get(username, "")
    ids = directory.teachers.get(name, ())
    if not ids:
        wrong.append(f"没有叫“{name[:40]}”的教师，或不在您的学校。" if name else "主讲教师没有填。")
    elif len(ids) > 1:
        wrong.append(f"有 {len(ids)} 位教师叫“{name}”，请在“账号”一列写明账号。")
    return ids[0] if len(ids) == 1 else ""


def _rooms(text: str, directory: Directory, wrong: list[str]) -> tuple[str, ...]:
    found = []
    for part in _ROOMS.split(text):
        school, _, room = (one.strip() for one in part.strip().partition("/"))
        if not school:
            continue
        classroom = directory.classrooms.get((school, room))
        if classroom is None:
            wrong.append(f"没有教室“{part.strip()[:60]}”，请写成“学校/教室”，几间之间用分号。")
        elif classroom in found:
            wrong.append(f"教室“{part.strip()}”写了两次。")
        else:
            found.append(classroom)
    return tuple(found)


def _weeks(text: str) -> str | None:
    plain = text.strip().lower().translate(str.maketrans("，、；—－～~", ",,,----")).replace(" ", "")
    if plain in _WEEK_WORDS:
        return _WEEK_WORDS[plain]
    plain = plain.removeprefix("第").removesuffix("周")
    return plain if parse_weeks(plain) is not None else None


def as_rows(series: Sequence[Series], usernames: Mapping[str, str]) -> list[list[object]]:
    """Return series as the rows of a table that `read_series` reads back; `usernames` by person's id."""
    rows: list[list[object]] = [list(HEADER)]
    for one in series:
        # "1-8" alone would be taken for the 8th of January by spreadsheet programs.
        weeks = _WEEK_NAMES[one.weeks] if one.weeks in NAMED else f"{one.weeks}周"
        rooms = "；".join(f"{room.school.name}/{room.name}" for room in one.classrooms)
        paired = one.paired_school.name if one.paired_school else ""
        rows.append(
            [WEEKDAYS[one.weekday - 1], one.period, weeks, one.title, one.subject, one.lecturer.name,
             usernames.get(one.lecturer.id, ""), paired, rooms, "是" if one.open_to_observers else "否"]
        )  # fmt: skip
    return rows


def _headings(lines: Sequence[Line]) -> tuple[int, dict[str, int]]:
    for at, line in enumerate(lines[:_HEAD_LINES]):
        columns: dict[str, int] = {}
        for position, cell in enumerate(line.cells):
            name = _HEADINGS.get(" ".join(cell.lower().split()))
            if name is not None:
                columns.setdefault(name, position)
        if all(name in columns for name in _NEEDED):
            return at, columns
    raise Refused("sheet_headings", f"没有找到表头。第一行要写列名：{'、'.join(HEADER)}。")
