"""What counts as working together, and what does not."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from server.lessons.model import PersonRef
from server.planning.calendar.model import Busy, overlapping, weekly
from server.planning.calendar.sessions import by_month, last_months, sessions
from server.planning.log import Activity

ZONE = ZoneInfo("Asia/Shanghai")
HOUR, DAY = 3_600_000, 86_400_000
NINE = 1_793_667_600_000  # 2026-11-03 09:00 in Shanghai


class Log:
    def __init__(self) -> None:
        self.entries: list[Activity] = []

    def add(self, kind: str, at_ms: int, school: str = "", object_id: str = "", **data: Any) -> None:
        number = len(self.entries) + 1
        self.entries.append(
            Activity(
                id=number, ts_ms=at_ms, kind=kind, actor_id="p", object_id=object_id, data=data, school_id=school,
                school=school,
            )
        )  # fmt: skip

    def plan(self, object_id: str, starts_ms: int, kind: str = "gathering.planned") -> None:
        self.add(kind, NINE - DAY, "城", object_id, starts_ms=starts_ms, minutes=60)


def test_two_schools_and_an_output_make_a_session_substantive() -> None:
    log = Log()
    log.plan("a", NINE)
    log.add("comment.made", NINE + 10, "乡")
    log.add("comment.made", NINE + 20, "城")
    (session,) = sessions(log.entries, NINE + DAY)
    assert not session.is_substantive  # talk, and nothing came of it
    log.add("plan.version", NINE + 30, "城")
    (session,) = sessions(log.entries, NINE + DAY)
    assert session.is_substantive
    (month,) = by_month([session], ZONE, ["2026-11"])
    assert (month.held, month.substantive) == (1, 1)
    assert {(one.school, one.sessions) for one in month.schools} == {("乡", 1), ("城", 1)}


def test_one_school_alone_or_mere_presence_is_not_enough() -> None:
    log = Log()
    log.add("meeting.held", NINE + HOUR, "城", started_ms=NINE, ended_ms=NINE + HOUR, people=["a", "b", "c"])
    log.add("plan.finalised", NINE + 30, "城")
    (session,) = sessions(log.entries, NINE + DAY)
    assert (session.schools, session.is_substantive) == (frozenset({"城"}), False)


def test_what_is_called_off_moved_or_ahead_is_counted_as_it_stands() -> None:
    log = Log()
    for name, starts in (("off", NINE), ("moved", NINE), ("ahead", NINE + 9 * DAY)):
        log.plan(name, starts)
    log.add("gathering.cancelled", NINE - HOUR, "城", "off")
    log.plan("moved", NINE + 2 * DAY, "gathering.changed")
    assert [one.starts_ms for one in sessions(log.entries, NINE + 3 * DAY)] == [NINE + 2 * DAY]


def test_overlapping_ones_are_one_and_each_act_counts_once() -> None:
    log = Log()
    log.plan("a", NINE)
    log.add("meeting.held", NINE + HOUR, "城", started_ms=NINE + 5, ended_ms=NINE + 2 * HOUR)
    log.plan("b", NINE + 6 * HOUR)
    log.add("review.rated", NINE - 10 * 60_000, "城")  # a little early
    log.add("task.done", NINE + 3 * HOUR, "乡")
    log.add("task.done", NINE + 7 * HOUR, "乡")
    log.add("task.done", NINE + 40 * HOUR, "乡")  # too late for any
    first, second = sessions(log.entries, NINE + 9 * DAY)
    assert (first.ends_ms, len(first.acts), first.is_substantive) == (NINE + 2 * HOUR, 2, True)
    assert (len(second.acts), second.is_substantive) == (1, False)


def test_weeks_follow_the_clock_on_the_wall() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before = 1_792_486_800_000  # 2026-10-20 11:00 summer time
    assert [two - one for one, two in zip(*[weekly(before, 3, berlin)[n:] for n in (0, 1)], strict=False)] == [
        7 * DAY + HOUR,
        7 * DAY,
    ]
    assert weekly(NINE, 2, ZONE) == (NINE, NINE + 7 * DAY)


def test_months_count_backwards_over_the_year() -> None:
    assert last_months(NINE + 70 * DAY, 4, ZONE) == ("2027-01", "2026-12", "2026-11", "2026-10")


def test_what_ends_as_the_other_begins_does_not_clash() -> None:
    def busy(starts_ms: int, minutes: int) -> Busy:
        return Busy(PersonRef("p", "林"), "lesson", "光", starts_ms, minutes)

    before, during, after = busy(NINE - HOUR, 60), busy(NINE + 10, 40), busy(NINE + HOUR, 40)
    assert overlapping(NINE, 60, [before, during, after]) == (during,)
