"""The demonstration's school year makes sense on every day."""

from __future__ import annotations

from datetime import date, timedelta

from server.demo.school_year import _BELLS, bells, pupils, term_around
from server.lessons.rosters.plan import plan_roster
from server.lessons.timetable.rules import check_bells, check_term
from signaling.ids import PupilId


def test_every_day_is_in_its_term() -> None:
    for offset in range(0, 800, 5):
        day = date(2026, 1, 1) + timedelta(days=offset)
        term = term_around(day)
        check_term(term, ())
        assert term.first_day <= day <= term.last_day


def test_no_two_schools_ring_alike() -> None:
    found = [bells(school) for school in _BELLS]
    for one in found:
        check_bells(one)
    assert len(set(found)) == len(found) == 5


def test_the_same_pupils_on_every_machine() -> None:
    first = pupils("红星小学/五年级一班", 42)
    assert first == pupils("红星小学/五年级一班", 42)
    assert first != pupils("河口小学/五年级", 42)
    plan = plan_roster((), (), first, False, iter(PupilId(str(n)) for n in range(60)).__next__)
    assert not plan.problems
    assert len({one.name for one in plan.pupils}) == 42
