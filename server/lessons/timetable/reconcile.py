"""From a series to its lessons: what must be made, changed and called off so that the lessons are as the series says.

Pure, and idempotent: carried out and asked again, nothing is left to do. A lesson keeps its id, and with it its pages
and questions, when its series moves to another weekday or period: its place is the week. What people did to a single
lesson (cancelled, moved, substituted) outlives a change of the series. Lessons that began are never touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from server.accounts.model import Classroom
from server.lessons.model import Lesson, PersonRef
from server.lessons.timetable.clashes import Booking, Bookings, Clash, booking_of
from server.lessons.timetable.model import Period, PlannedLesson, Series, Term
from server.lessons.timetable.weeks import TermDay, moment_ms, series_days

RESCHEDULED = "课表调整"  # why a lesson is off that its series does not have any more
DROPPED = "课表已取消"


class Wanted(msgspec.Struct, frozen=True):
    """A lesson as the series wants it."""

    slot: str
    day: date
    starts_at_ms: int
    planned_minutes: int


class Reconciled(msgspec.Struct, frozen=True):
    """What to do; to be left undone while there are clashes."""

    create: tuple[Wanted, ...]
    update: tuple[PlannedLesson, ...]  # as they shall be
    call_off: tuple[tuple[PlannedLesson, str], ...]  # and why
    skipped: tuple[TermDay, ...]
    clashes: tuple[Clash, ...]
    stand: tuple[Booking, ...]  # the lessons from now on, afterwards


def reconcile(
    series: Series,
    term: Term,
    period: Period | None,
    existing: Sequence[PlannedLesson],
    bookings: Bookings,
    now_ms: int,
    zone: ZoneInfo,
) -> Reconciled:
    """Return how the lessons of the series follow it.

    Args:
        series: as it shall be.
        term: the term it is in.
        period: its period of the lecturer school; None: the school has no such period any more.
        existing: all lessons that were made for it.
        bookings: the lessons of everybody else.
        now_ms: lessons that begin before are left alone.
        zone: of the region.
    """
    days = [] if series.is_ended or period is None else _days(series, term)
    wanted = _wanted(days, period, now_ms, zone)
    skipped = tuple(day for day in days if day.skipped and moment_ms(day.day, 0, zone) > now_ms)
    reasons = {day.slot: day.skipped for day in skipped}
    by_slot = {one.plan.slot: one for one in existing}
    create = tuple(one for slot, one in wanted.items() if slot not in by_slot)
    update, off, stand = [], [], []
    for slot, one in by_slot.items():
        if one.lesson.state != "scheduled" or one.lesson.starts_at_ms <= now_ms:
            continue
        if slot in wanted:
            after = _follow(one, series, wanted[slot])
            if after != one:
                update.append(after)
            if after.lesson.cancelled is None:
                stand.append(booking_of(after))
        elif one.lesson.cancelled is None and (one.plan.planned_starts_at_ms is None or series.is_ended):
            why = DROPPED if series.is_ended else f"放假：{reasons[slot]}" if slot in reasons else RESCHEDULED
            off.append((one, why))
    stand += [_new_booking(one, series) for one in create]
    clashes = [clash for booking in stand for clash in bookings.clashes(booking)]
    return Reconciled(create, tuple(update), tuple(off), skipped, tuple(clashes), tuple(stand))


def _days(series: Series, term: Term) -> list[TermDay]:
    return list(series_days(term, series.weekday, series.weeks, series.school_ids))


def _wanted(days: Sequence[TermDay], period: Period | None, now_ms: int, zone: ZoneInfo) -> dict[str, Wanted]:
    if period is None:
        return {}
    minutes = period.end_min - period.start_min
    found = (
        Wanted(day.slot, day.day, moment_ms(day.day, period.start_min, zone), minutes)
        for day in days
        if not day.skipped
    )
    return {one.slot: one for one in found if one.starts_at_ms > now_ms}


def _follow(one: PlannedLesson, series: Series, wanted: Wanted) -> PlannedLesson:
    lesson, plan = one.lesson, one.plan
    if plan.planned_lecturer is not None:
        plan = msgspec.structs.replace(plan, planned_lecturer=_same(plan.planned_lecturer, series.lecturer))
    is_moved = plan.planned_starts_at_ms is not None
    if is_moved:
        plan = msgspec.structs.replace(plan, planned_starts_at_ms=wanted.starts_at_ms)
    is_back = lesson.cancelled is not None and plan.is_cancelled_by_series
    after = msgspec.structs.replace(
        lesson,
        title=series.title,
        subject=series.subject,
        lecturer=lesson.lecturer if plan.planned_lecturer is not None else _same(lesson.lecturer, series.lecturer),
        lecturer_school=series.lecturer_school,
        paired_school=series.paired_school,
        classrooms=_same_rooms(lesson, series),
        open_to_observers=series.open_to_observers,
        starts_at_ms=lesson.starts_at_ms if is_moved else wanted.starts_at_ms,
        planned_minutes=lesson.planned_minutes if is_moved else wanted.planned_minutes,
        cancelled=None if is_back else lesson.cancelled,
    )
    if is_back:
        plan = msgspec.structs.replace(plan, is_cancelled_by_series=False)
    return PlannedLesson(after, plan)


def _same(before: PersonRef, after: PersonRef) -> PersonRef:
    """Return who it is now; a new name of the same person is no change."""
    return before if before.id == after.id else after


def _same_rooms(lesson: Lesson, series: Series) -> tuple[Classroom, ...]:
    is_same = [room.id for room in lesson.classrooms] == [room.id for room in series.classrooms]
    return lesson.classrooms if is_same else series.classrooms


def _new_booking(one: Wanted, series: Series) -> Booking:
    end_ms = one.starts_at_ms + one.planned_minutes * 60_000
    return Booking(
        f"{series.id}@{one.slot}", series.title, one.starts_at_ms, end_ms, series.lecturer, series.classrooms
    )
