"""From a series to its lessons, and who would be in two at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from hypothesis import given, settings, strategies as st

from server.lessons.timetable.clashes import Booking, Bookings, fit_notes, in_words
from server.lessons.timetable.model import Period, PlannedLesson, Series
from server.lessons.timetable.reconcile import Reconciled, reconcile
from server.lessons.timetable.weeks import local, moment_ms
from tests.unit.server.lessons.timetable.autumn import (
    CITY,
    FIVE,
    LIN,
    RIVER,
    SERIES,
    TERM,
    THIRD,
    ZHOU,
    ZONE,
    carried_out,
)

BEFORE = moment_ms(date(2026, 8, 1), 0, ZONE)
OCTOBER = moment_ms(date(2026, 10, 9), 0, ZONE)
replace = msgspec.structs.replace


def run(
    series: Series = SERIES,
    existing: Sequence[PlannedLesson] = (),
    now_ms: int = BEFORE,
    period: Period | None = THIRD,
    others: Sequence[Booking] = (),
) -> Reconciled:
    return reconcile(series, TERM, period, existing, Bookings(others), now_ms, ZONE)


def made(series: Series = SERIES) -> list[PlannedLesson]:
    return carried_out((), run(series), series)


def days(lessons: Sequence[PlannedLesson]) -> list[date]:
    return sorted(local(one.lesson.starts_at_ms, ZONE).date() for one in lessons if one.lesson.cancelled is None)


def booking(day: date, minute: int, lecturer: object = ZHOU, rooms: object = (FIVE,)) -> Booking:
    start_ms = moment_ms(day, minute, ZONE)
    return Booking("other", "分数", start_ms, start_ms + 40 * 60_000, lecturer, rooms)  # type: ignore[arg-type]


def test_a_term_of_lessons_without_holidays_and_with_the_made_up_day() -> None:
    done = run()
    assert (len(done.create), [one.skipped for one in done.skipped]) == (20, ["国庆节"])
    first = local(done.create[0].starts_at_ms, ZONE)
    assert (first.date(), first.hour, first.minute, done.create[0].planned_minutes) == (date(2026, 9, 3), 10, 10, 40)


def test_what_was_held_is_left_alone() -> None:
    lessons = made()
    ended = [replace(one, lesson=replace(one.lesson, state="ended")) for one in lessons[:5]] + lessons[5:]
    moved = replace(SERIES, weekday=5)
    done = run(moved, ended, OCTOBER)
    held = {one.lesson.id for one in lessons if one.lesson.starts_at_ms <= OCTOBER}
    assert not held & {one.lesson.id for one in done.update}
    assert not held & {one.lesson.id for one, _ in done.call_off}


def test_a_lesson_keeps_its_id_when_the_series_moves_within_the_week() -> None:
    lessons = made()
    done = run(replace(SERIES, weekday=2), lessons)
    kept = {one.lesson.id for one in done.update}
    # The made-up Saturday belongs to Thursdays, week 6's Tuesday is a holiday; week 1's Tuesday is there, 1 September.
    assert len(kept) == 18
    assert [why for _, why in done.call_off] == ["放假：国庆节", "课表调整"]
    assert days(carried_out(lessons, done, SERIES))[0] == date(2026, 9, 1)


def test_a_lesson_that_comes_back_is_the_same_lesson() -> None:
    lessons = made()
    off = carried_out(lessons, run(replace(SERIES, weeks="1-3"), lessons), SERIES)
    assert len(days(off)) == 3
    back = run(SERIES, off)
    assert (back.create, len(back.update)) == ((), 17)
    assert {one.lesson.id for one in carried_out(off, back, SERIES)} == {one.lesson.id for one in lessons}


def test_what_people_did_to_a_single_lesson_outlives_the_series() -> None:
    first, second, third, *rest = made()
    first = replace(first, lesson=replace(first.lesson, cancelled="老师生病"))
    second = PlannedLesson(replace(second.lesson, lecturer=ZHOU), replace(second.plan, planned_lecturer=LIN))
    other_ms = moment_ms(date(2026, 9, 18), 8 * 60, ZONE)
    moved_plan = replace(third.plan, planned_starts_at_ms=third.lesson.starts_at_ms)
    third = PlannedLesson(replace(third.lesson, starts_at_ms=other_ms), moved_plan)
    done = run(replace(SERIES, title="影子"), [first, second, third, *rest])
    after = {one.plan.slot: one for one in done.update}
    assert after[first.plan.slot].lesson.cancelled == "老师生病"
    assert after[second.plan.slot].lesson.lecturer == ZHOU
    assert after[third.plan.slot].lesson.starts_at_ms == other_ms
    assert {one.lesson.title for one in done.update} == {"影子"}


def test_an_ended_series_calls_everything_off_also_what_was_moved() -> None:
    lessons = made()
    moved_plan = replace(lessons[0].plan, planned_starts_at_ms=1)
    lessons[0] = replace(lessons[0], plan=moved_plan)
    done = run(replace(SERIES, is_ended=True), lessons)
    assert {why for _, why in done.call_off} == {"课表已取消"}
    assert len(done.call_off) == 20


def test_a_period_that_is_gone_calls_the_lessons_off() -> None:
    assert len(run(SERIES, made(), period=None).call_off) == 20


def test_a_clash_says_who_which_lesson_and_when() -> None:
    room = run(others=[booking(date(2026, 9, 10), 10 * 60 + 45)]).clashes
    assert [in_words(one, ZONE) for one in room] == [
        "9月10日（周四）10:45–11:25，红星小学五年级一班已有《分数》，周明远主讲。"
    ]
    person = run(others=[booking(date(2026, 9, 10), 9 * 60 + 40, LIN, (RIVER,))]).clashes
    assert [in_words(one, ZONE) for one in person] == ["9月10日（周四）09:40–10:20，林晓云老师已有《分数》。"]


def test_lessons_that_touch_do_not_clash() -> None:
    assert run(others=[booking(date(2026, 9, 10), 9 * 60 + 30), booking(date(2026, 9, 10), 10 * 60 + 50)]).clashes == ()


def test_other_bells_are_told_but_refuse_nothing() -> None:
    bells = (Period(3, "第三节", 9 * 60 + 50, 10 * 60 + 30), Period(4, "第四节", 10 * 60 + 40, 11 * 60 + 20))
    notes = fit_notes(THIRD.start_min, THIRD.end_min, [("红星小学", bells), ("河口小学", (THIRD,)), ("青山", ())])
    assert notes == ["红星小学的作息不同：这节课占用第三节（09:50–10:30）、第四节（10:40–11:20），请和对方商量。"]
    assert fit_notes(720, 760, [("红星小学", bells)]) == ["红星小学这时不在上课时间里（12:00–12:40）。"]


SERIES_OF_ANY_KIND = st.builds(
    lambda weekday, weeks, title, rooms, is_ended: replace(
        SERIES, weekday=weekday, weeks=weeks, title=title, classrooms=rooms, is_ended=is_ended
    ),
    st.integers(1, 7),
    st.sampled_from(["all", "odd", "even", "2-5,9"]),
    st.sampled_from(["光的世界", "影子"]),
    st.sampled_from([(FIVE,), (FIVE, RIVER), ()]),
    st.booleans(),
)


@settings(max_examples=25)
@given(st.lists(SERIES_OF_ANY_KIND, min_size=1, max_size=3), st.sampled_from([BEFORE, OCTOBER]))
def test_reconciled_once_nothing_is_left_to_do(path: list[Series], now_ms: int) -> None:
    lessons: list[PlannedLesson] = []
    for series in path:
        lessons = carried_out(lessons, run(series, lessons, now_ms), series)
    again = run(path[-1], lessons, now_ms)
    assert (again.create, again.update, again.call_off) == ((), (), ())
    fresh = run(path[-1], (), now_ms)
    coming = [one for one in lessons if one.lesson.starts_at_ms > now_ms]
    assert days(coming) == sorted(one.day for one in fresh.create)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(1, 12), st.sampled_from("ab"), st.sampled_from(["", "x", "y", "xy"])),
        max_size=8,
    )
)
def test_two_bookings_clash_exactly_when_they_overlap_and_share_somebody(
    drawn: list[tuple[int, int, str, str]],
) -> None:
    found = [
        Booking(
            str(at), "t", start, start + length, replace(LIN, id=who), tuple(replace(FIVE, id=one) for one in rooms)
        )
        for at, (start, length, who, rooms) in enumerate(drawn)
    ]
    bookings = Bookings(found)
    for one in found:
        slow = {
            other.lesson_id
            for other in found
            if other is not one
            and max(one.start_ms, other.start_ms) < min(one.end_ms, other.end_ms)
            and (one.lecturer.id == other.lecturer.id or {r.id for r in one.rooms} & {r.id for r in other.rooms})
        }
        clashes = bookings.clashes(one)
        assert {clash.other.lesson_id for clash in clashes} == slow
        assert all(clash.is_lecturer or clash.rooms for clash in clashes)
    bookings.remove(frozenset(one.lesson_id for one in found))
    assert all(not bookings.clashes(one) for one in found)


def test_the_school_is_the_lecturers() -> None:
    assert SERIES.school_ids == {CITY.id, "hong"}
