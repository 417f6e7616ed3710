"""What people and screens read of the timetable."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
from sqlalchemy import ColumnElement, or_

from server.accounts.model import Asker, Classroom
from server.lessons.access import may_see
from server.lessons.tables import concerns, is_invited_school, lessons as lesson_table
from server.lessons.timetable import tables
from server.lessons.timetable.model import Period, PlannedLesson, Term
from server.lessons.timetable.service import TimetableService
from server.lessons.timetable.weeks import holiday_on, local, moment_ms, week_of
from server.storage.database import Database

NEXT_DAYS = 14  # a screen without lessons today says when the next one is
FEED_PAST_DAYS, FEED_AHEAD_DAYS = 60, 300


class Day(msgspec.Struct, frozen=True):
    """A day of a timetable; `week` 0 outside of every term."""

    day: date
    week: int
    holiday: str
    makeup_weekday: int


class Stretch(msgspec.Struct, frozen=True):
    """The lessons of some days."""

    days: tuple[Day, ...]
    lessons: tuple[PlannedLesson, ...]
    bells: tuple[Period, ...]  # of the school that was asked for


class Today(msgspec.Struct, frozen=True):
    """What a classroom's screen shows: today's lessons, those that left today, and the first one after today."""

    day: date
    lessons: tuple[PlannedLesson, ...]
    later: PlannedLesson | None


class TimetableReader:
    """Reads lessons by day, classroom and person."""

    def __init__(self, database: Database, timetable: TimetableService) -> None:
        self._database = database
        self._timetable = timetable

    async def stretch(
        self,
        asker: Asker,
        first: date,
        last: date,
        school: str | None = None,
        teacher: str | None = None,
        classroom: str | None = None,
    ) -> Stretch:
        """Return the lessons of these days that the asker may see: of a school, teacher or classroom when given."""
        where = concerns(asker) & self._between(first, last)
        if school is not None:
            where &= _of_school(school)
        if teacher is not None:
            where &= (lesson_table.c.lecturer_id == teacher) | tables.is_substituted_from(teacher)
        if classroom is not None:
            where &= tables.is_in_classroom(classroom)
        async with self._database.read() as tx:
            found = await tables.planned_where(tx, where)
            terms = await tables.all_terms(tx)
            bells = (await tables.bells_of(tx, (school,)))[school] if school is not None else ()
        schools = frozenset({school}) if school is not None else frozenset()
        days = tuple(_day(terms, first + timedelta(days=n), schools) for n in range((last - first).days + 1))
        return Stretch(days, tuple(one for one in found if may_see(asker, one.lesson)), bells)

    async def today(self, room: Classroom) -> Today:
        """Return what the classroom's screen shows now."""
        day = local(self._timetable.now_ms(), self._timetable.zone).date()
        where = tables.is_in_classroom(room.id)
        async with self._database.read() as tx:
            near = await tables.planned_where(tx, where & self._between(day, day + timedelta(days=NEXT_DAYS)))
            live = await tables.planned_where(tx, where & (lesson_table.c.state == "live"))
            away = await tables.planned_where(tx, where & tables.was_planned(*self._range(day, day)))
        tomorrow_ms = moment_ms(day + timedelta(days=1), 0, self._timetable.zone)
        own = [one for one in near if one.lesson.starts_at_ms < tomorrow_ms]
        shown = {one.lesson.id: one for one in (*own, *live, *away)}
        later = next(
            (one for one in near if one.lesson.starts_at_ms >= tomorrow_ms and one.lesson.cancelled is None), None
        )
        order = sorted(shown.values(), key=lambda one: (self._shown_at(one, day), one.lesson.id))
        return Today(day, tuple(order), later)

    async def of_teacher(self, person_id: str) -> list[PlannedLesson]:
        """Return the lessons that the person gives, or should have given: some past, and all coming ones."""
        who = (lesson_table.c.lecturer_id == person_id) | tables.is_substituted_from(person_id)
        return await self._feed(who)

    async def of_classroom(self, classroom_id: str) -> list[PlannedLesson]:
        """Return the lessons that the classroom takes part in: some past, and all coming ones."""
        return await self._feed(tables.is_in_classroom(classroom_id))

    async def _feed(self, where: ColumnElement[bool]) -> list[PlannedLesson]:
        today = local(self._timetable.now_ms(), self._timetable.zone).date()
        first, last = today - timedelta(days=FEED_PAST_DAYS), today + timedelta(days=FEED_AHEAD_DAYS)
        async with self._database.read() as tx:
            return await tables.planned_where(tx, where & self._between(first, last))

    def _shown_at(self, one: PlannedLesson, day: date) -> int:
        """Return where in the day's list the lesson stands: one that left the day, where it was."""
        planned, zone = one.plan.planned_starts_at_ms, self._timetable.zone
        is_here = local(one.lesson.starts_at_ms, zone).date() == day
        return one.lesson.starts_at_ms if is_here or planned is None else planned

    def _range(self, first: date, last: date) -> tuple[int, int]:
        zone = self._timetable.zone
        return moment_ms(first, 0, zone), moment_ms(last + timedelta(days=1), 0, zone)

    def _between(self, first: date, last: date) -> ColumnElement[bool]:
        from_ms, to_ms = self._range(first, last)
        return (lesson_table.c.starts_at_ms >= from_ms) & (lesson_table.c.starts_at_ms < to_ms)


def _of_school(school_id: str) -> ColumnElement[bool]:
    return or_(
        lesson_table.c.lecturer_school_id == school_id,
        lesson_table.c.paired_school_id == school_id,
        is_invited_school(school_id),
    )


def _day(terms: tuple[Term, ...], day: date, schools: frozenset[str]) -> Day:
    term = next((one for one in terms if one.first_day <= day <= one.last_day), None)
    if term is None:
        return Day(day, 0, "", 0)
    makeup = next((one.weekday for one in term.makeups if one.day == day), 0)
    return Day(day, week_of(term, day), holiday_on(term, day, schools), makeup)
