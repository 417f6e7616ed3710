"""What terms, bell times and series must be like, said in words where they are not. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from server.fields import field_invalid
from server.lessons.timetable.model import DAY_MINUTES, MAX_HOLIDAYS, MAX_PERIODS, MAX_TERM_DAYS, Period, Term, clock
from server.lessons.timetable.weeks import NAMED, day_in_words, parse_weeks, weeks_in, write_weeks
from signaling.errors import Refused

MIN_PERIOD, MAX_PERIOD = 5, 240  # minutes, as of any lesson
MAX_ROOMS = 60


class SeriesDraft(msgspec.Struct, frozen=True):
    """A series as somebody writes it down."""

    term_id: str
    title: str
    subject: str
    lecturer_id: str
    weekday: int
    period: int
    weeks: str = "all"
    classroom_ids: tuple[str, ...] = ()
    paired_school_id: str | None = None
    open_to_observers: bool = False


def check_term(term: Term, others: Sequence[Term]) -> None:
    """Pass when the term makes sense beside the others.

    Raises:
        Refused: `field_invalid` or `name_taken`.
    """
    if not 0 <= (term.last_day - term.first_day).days < MAX_TERM_DAYS:
        raise field_invalid("last_day", f"学期的最后一天要在第一天之后，最长 {MAX_TERM_DAYS} 天。")
    for other in others:
        if other.name == term.name:
            raise Refused("name_taken", f"已经有一个学期叫“{term.name}”。")
        if other.first_day <= term.last_day and term.first_day <= other.last_day:
            raise field_invalid("first_day", f"和“{other.name}”的日期重叠了。")
    if len(term.holidays) > MAX_HOLIDAYS or len(term.makeups) > MAX_HOLIDAYS:
        raise field_invalid("holidays", f"最多 {MAX_HOLIDAYS} 项。")
    for holiday in term.holidays:
        if holiday.last_day < holiday.first_day or not (
            term.first_day <= holiday.last_day and holiday.first_day <= term.last_day
        ):
            raise field_invalid("holidays", f"“{holiday.name}”不在学期里，或最后一天在第一天之前。")
    days = [one.day for one in term.makeups]
    for makeup in term.makeups:
        if not term.first_day <= makeup.day <= term.last_day or days.count(makeup.day) > 1:
            raise field_invalid("makeups", f"补课日{day_in_words(makeup.day)}不在学期里，或写了两次。")


def check_bells(periods: Sequence[Period]) -> None:
    """Pass when the periods follow each other within a day.

    Raises:
        Refused: `field_invalid`.
    """
    if not 1 <= len(periods) <= MAX_PERIODS:
        raise field_invalid("periods", f"一天要有 1 到 {MAX_PERIODS} 节。")
    last: Period | None = None
    for number, one in enumerate(periods, 1):
        if one.number != number:
            raise field_invalid("periods", "节次要从 1 开始依次编号。")
        if not MIN_PERIOD <= one.end_min - one.start_min <= MAX_PERIOD or not 0 <= one.start_min < DAY_MINUTES:
            times = f"{clock(one.start_min)}–{clock(one.end_min)}"
            raise field_invalid("periods", f"{one.name}（{times}）要有 {MIN_PERIOD} 到 {MAX_PERIOD} 分钟。")
        if last is not None and one.start_min < last.end_min:
            raise field_invalid("periods", f"{one.name}在{last.name}下课（{clock(last.end_min)}）之前就开始了。")
        last = one


def check_draft(draft: SeriesDraft, term: Term) -> str:
    """Return the weeks of the series as they are stored: named, or as short a list as possible.

    Raises:
        Refused: `field_invalid`.
    """
    if not draft.title.strip() or len(draft.title) > 80:
        raise field_invalid("title", "课题要有 1 到 80 个字。")
    if not draft.subject.strip() or len(draft.subject) > 40:
        raise field_invalid("subject", "学科要有 1 到 40 个字。")
    if not 1 <= draft.weekday <= 7:
        raise field_invalid("weekday", "请选择周一到周日。")
    if len(draft.classroom_ids) > MAX_ROOMS:
        raise field_invalid("classroom_ids", f"一节课最多 {MAX_ROOMS} 间教室。")
    weeks, many = parse_weeks(draft.weeks), weeks_in(term)
    if weeks is None or (draft.weeks not in NAMED and max(weeks) > many):
        raise field_invalid("weeks", f"请写成“1-8,10”这样，本学期有 {many} 周。")
    return draft.weeks if draft.weeks in NAMED else write_weeks(weeks)
