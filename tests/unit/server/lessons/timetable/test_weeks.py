"""On which days a repeating lesson is held."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, strategies as st

from server.lessons.timetable.model import Holiday
from server.lessons.timetable.weeks import (
    holiday_on,
    local,
    moment_ms,
    parse_weeks,
    series_days,
    week_of,
    weeks_in,
    write_weeks,
)
from tests.unit.server.lessons.timetable.autumn import TERM, ZONE


def days(weekday: int, weeks: str = "all", schools: frozenset[str] = frozenset()) -> list[str]:
    return [f"{one.day:%m-%d}" for one in series_days(TERM, weekday, weeks, schools) if not one.skipped]


def test_weeks_are_counted_from_the_first_days_week() -> None:
    assert week_of(TERM, date(2026, 9, 1)) == week_of(TERM, date(2026, 9, 6)) == 1
    assert week_of(TERM, date(2026, 9, 7)) == 2
    assert weeks_in(TERM) == 20


def test_a_weekday_before_the_first_day_begins_in_week_two() -> None:
    assert days(1)[:2] == ["09-07", "09-14"]
    assert days(2)[:2] == ["09-01", "09-08"]


def test_odd_even_and_listed_weeks() -> None:
    assert days(2, "odd")[:3] == ["09-01", "09-15", "09-29"]
    assert days(2, "even")[:2] == ["09-08", "09-22"]
    assert days(2, "1-2,4") == ["09-01", "09-08", "09-22"]


def test_a_holiday_is_skipped_and_a_made_up_day_stands_for_its_weekday() -> None:
    assert days(4)[3:7] == ["09-24", "10-08", "10-10", "10-15"]
    skipped = [one for one in series_days(TERM, 4, "all", frozenset()) if one.skipped]
    assert [(one.day, one.skipped) for one in skipped] == [(date(2026, 10, 1), "国庆节")]
    assert "10-10" not in days(6)
    assert [one.slot for one in series_days(TERM, 4, "6", frozenset())] == ["2026-10-05", "+2026-10-10"]


def test_a_schools_own_holiday_is_for_lessons_with_that_school() -> None:
    festival = Holiday("火把节", date(2026, 9, 10), date(2026, 9, 10), "hong")
    term = msgspec.structs.replace(TERM, holidays=(festival,))
    assert holiday_on(term, date(2026, 9, 10), frozenset({"hong"})) == "火把节"
    assert holiday_on(term, date(2026, 9, 10), frozenset({"he"})) == ""


@pytest.mark.parametrize("text", ["", "0", "54", "3-1", "1-", "-1", "1,,2", "all,1", "一", "1 2", "１", "1-2-3"])
def test_nonsense_is_no_list_of_weeks(text: str) -> None:
    assert parse_weeks(text) is None


@given(st.frozensets(st.integers(1, 53), min_size=1))
def test_a_list_of_weeks_is_written_and_read(weeks: frozenset[int]) -> None:
    assert parse_weeks(write_weeks(weeks)) == weeks


@given(st.integers(1, 7), st.sampled_from(["all", "odd", "even", "1-8,10"]))
def test_no_lesson_on_a_holiday_or_outside_the_term(weekday: int, weeks: str) -> None:
    found = list(series_days(TERM, weekday, weeks, frozenset()))
    assert len({one.slot for one in found}) == len(found)
    for one in found:
        assert TERM.first_day <= one.day <= TERM.last_day
        assert one.week in (parse_weeks(weeks) or ())
        assert bool(one.skipped) == (date(2026, 10, 1) <= one.day <= date(2026, 10, 7))


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"])
def test_the_bell_rings_at_its_time_in_every_zone_also_when_clocks_change(zone: str) -> None:
    here = ZoneInfo(zone)
    for offset in range(0, 365, 7):
        day = date(2026, 1, 4) + timedelta(days=offset)
        shown = local(moment_ms(day, 8 * 60 + 30, here), here)
        assert (shown.date(), shown.hour, shown.minute) == (day, 8, 30)


def test_shanghai_is_eight_hours_ahead() -> None:
    assert moment_ms(date(1970, 1, 1), 8 * 60, ZONE) == 0
