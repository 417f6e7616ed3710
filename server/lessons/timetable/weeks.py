"""On which days of a term a repeating lesson is held. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from server.lessons.timetable.model import MAX_WEEKS, Term

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
NAMED = ("all", "odd", "even")


class TermDay(msgspec.Struct, frozen=True):
    """A day on which a series falls; `skipped` says why it is not held then, or is empty."""

    slot: str
    day: date
    week: int
    skipped: str = ""


def monday(day: date) -> date:
    """Return the Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def week_of(term: Term, day: date) -> int:
    """Return the number of the day's week in the term, from 1; below 1 before it."""
    return (monday(day) - monday(term.first_day)).days // 7 + 1


def weeks_in(term: Term) -> int:
    """Return how many weeks the term has."""
    return week_of(term, term.last_day)


def parse_weeks(text: str) -> frozenset[int] | None:
    """Return the weeks of a list such as "1-8,10", all weeks of the rule for a named one, or None for nonsense."""
    every = range(1, MAX_WEEKS + 1)
    named = {"all": every, "odd": every[::2], "even": every[1::2]}
    if text in named:
        return frozenset(named[text])
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not _is_week(first) or (dash and not _is_week(last)):
            return None
        low, high = int(first), int(last or first)
        if low > high:
            return None
        found |= set(range(low, high + 1))
    return frozenset(found) or None


def _is_week(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= MAX_WEEKS


def write_weeks(weeks: frozenset[int]) -> str:
    """Return a list of weeks as short as it can be written: "1-8,10"."""
    parts: list[str] = []
    numbers = sorted(weeks)
    while numbers:
        length = next((at for at, number in enumerate(numbers) if number != numbers[0] + at), len(numbers))
        parts.append(str(numbers[0]) if length == 1 else f"{numbers[0]}-{numbers[length - 1]}")
        numbers = numbers[length:]
    return ",".join(parts)


def series_days(term: Term, weekday: int, weeks: str, schools: frozenset[str]) -> Iterator[TermDay]:
    """Yield the days of the term on which a lesson of this weekday falls, in order; 1 is Monday.

    A holiday skips a day, unless the day is made up; a made-up day has the lessons of the weekday that it stands for,
    and not its own.
    """
    held = parse_weeks(weeks) or frozenset()
    made_up = {one.day: one.weekday for one in term.makeups}
    for offset in range((term.last_day - term.first_day).days + 1):
        day = term.first_day + timedelta(days=offset)
        week = week_of(term, day)
        if made_up.get(day, day.isoweekday()) != weekday or week not in held:
            continue
        if day in made_up:
            yield TermDay(f"+{day.isoformat()}", day, week)
        else:
            yield TermDay(monday(day).isoformat(), day, week, holiday_on(term, day, schools))


def holiday_on(term: Term, day: date, schools: frozenset[str]) -> str:
    """Return the name of the holiday that one of these schools has on the day, or an empty text."""
    if any(one.day == day for one in term.makeups):
        return ""
    return next(
        (
            one.name
            for one in term.holidays
            if one.first_day <= day <= one.last_day and (one.school_id is None or one.school_id in schools)
        ),
        "",
    )


def moment_ms(day: date, minute: int, zone: ZoneInfo) -> int:
    """Return when it is `minute` minutes after midnight of `day` on the clocks of `zone`: UTC epoch ms.

    By the clock, not by counting from midnight: on a day on which clocks change the bell still rings at its time.
    """
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return int(local.timestamp()) * 1000


def local(moment: int, zone: ZoneInfo) -> datetime:
    """Return UTC epoch ms as the clocks of `zone` show it."""
    return datetime.fromtimestamp(moment / 1000, zone)


def day_in_words(day: date) -> str:
    """Return the day as people say it: 10月12日（周一）."""
    return f"{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"
