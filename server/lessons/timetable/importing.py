"""Timetables from and to files: shown first, then done in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from server.accounts import tables as accounts
from server.accounts.model import Person
from server.accounts.tables import people
from server.lessons.timetable import tables
from server.lessons.timetable.model import Series
from server.lessons.timetable.rules import SeriesDraft
from server.lessons.timetable.service import TimetableService
from server.lessons.timetable.sheet import Directory, LineProblem, SeriesLine, as_rows, read_series
from server.sheets import Line
from server.storage.database import Database, Transaction
from signaling.errors import Refused


class Imported(msgspec.Struct, frozen=True):
    """What a file did, or would do; with problems nothing was done."""

    added: tuple[Series, ...]
    changed: tuple[Series, ...]
    kept: int
    lessons: int  # made for the added ones
    notes: tuple[str, ...]
    problems: tuple[LineProblem, ...]


class _NotDone(Exception):
    """Rolls the transaction back."""


class TimetableFiles:
    """Reads and writes timetables as tables."""

    def __init__(self, database: Database, timetable: TimetableService) -> None:
        self._database = database
        self._timetable = timetable

    async def rows(self, by: Person, term_id: str) -> list[list[object]]:
        """Return the term's series that the person's school takes part in, as rows of a table."""
        found = [one for one in await self._timetable.series(by, term_id) if not one.is_ended]
        async with self._database.read() as tx:
            rows = await tx.execute(
                select(people.c.id, people.c.username).where(people.c.id.in_([one.lecturer.id for one in found]))
            )
            return as_rows(found, {row.id: row.username for row in rows.all()})

    async def load(self, by: Person, term_id: str, lines: Sequence[Line], is_trial: bool) -> Imported:
        """Store the series of a file; a trial does all of it and then takes it back.

        Raises:
            Refused: `term_unknown`, `sheet_headings`, `sheet_too_large`.
        """
        done: Imported | None = None
        try:
            async with self._database.write() as tx:
                if await tables.find_term(tx, term_id) is None:
                    raise Refused("term_unknown", "没有这个学期，请刷新后重选。")
                await tables.touch_terms(tx)
                found, problems = read_series(lines, term_id, await _directory(tx, by))
                done = await self._load(tx, by, term_id, found, problems)
                if is_trial or done.problems:
                    raise _NotDone
        except _NotDone:
            pass
        assert done is not None, "or refused"
        return done

    async def _load(
        self, tx: Transaction, by: Person, term_id: str, found: list[SeriesLine], problems: list[LineProblem]
    ) -> Imported:
        known = {_place(one): one for one in await _series_of(tx, term_id)}
        bookings = await self._timetable.bookings(tx)
        added: list[Series] = []
        changed: list[Series] = []
        notes: list[str] = []
        wrong, seen, kept, lessons = list(problems), set(), 0, 0
        for one in found:
            place = (one.draft.lecturer_id, one.draft.weekday, one.draft.period, one.draft.weeks)
            before = known.get(place)
            if place in seen:
                wrong.append(LineProblem(one.line, "这位教师的这一节已经在前面写过了。"))
                continue
            seen.add(place)
            if before is not None and draft_of(before) == one.draft:
                kept += 1
                continue
            try:
                series_id = before.id if before else None
                outcome = await self._timetable.save_within(tx, by, one.draft, series_id, bookings)
            except Refused as refused:  # raised before anything of the line is written
                wrong.append(LineProblem(one.line, refused.detail))
                continue
            (changed if before else added).append(outcome.series)
            lessons += len(outcome.reconciled.create)
            notes += [f"第 {one.line} 行：{note}" for note in outcome.notes]
        wrong.sort(key=lambda one: one.line)
        return Imported(tuple(added), tuple(changed), kept, lessons, tuple(notes), tuple(wrong))


def draft_of(one: Series) -> SeriesDraft:
    """Return the series as somebody would write it down."""
    return SeriesDraft(
        one.term_id,
        one.title,
        one.subject,
        one.lecturer.id,
        one.weekday,
        one.period,
        one.weeks,
        tuple(room.id for room in one.classrooms),
        one.paired_school.id if one.paired_school else None,
        one.open_to_observers,
    )


def _place(one: Series) -> tuple[str, int, int, str]:
    return one.lecturer.id, one.weekday, one.period, one.weeks


async def _series_of(tx: Transaction, term_id: str) -> tuple[Series, ...]:
    return await tables.series_where(tx, (tables.series.c.term_id == term_id) & ~tables.series.c.is_ended)


async def _directory(tx: Transaction, by: Person) -> Directory:
    query = select(people.c.id, people.c.name, people.c.username).where(people.c.school_id.is_not(None))
    if by.school_id is not None:
        query = query.where(people.c.school_id == by.school_id)
    teachers: dict[str, list[str]] = {}
    usernames: dict[str, str] = {}
    for row in (await tx.execute(query)).all():
        teachers.setdefault(row.name, []).append(row.id)
        usernames[row.username] = row.id
    schools = await accounts.all_schools(tx)
    rooms = {(school.name, room.name): room.id for school in schools for room in school.classrooms}
    return Directory(teachers, usernames, {school.name: school.id for school in schools}, rooms)
