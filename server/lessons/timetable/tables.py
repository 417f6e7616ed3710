"""Tables of timetables, and every query on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)

from server.accounts.model import SchoolRef
from server.accounts.tables import classrooms, find_classrooms, people, schools
from server.lessons.model import Lesson, PersonRef
from server.lessons.tables import lesson_classrooms, lessons, lessons_where
from server.lessons.timetable.model import Holiday, Makeup, Period, Plan, PlannedLesson, Series, Term
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

MAX_LESSONS = 20_000  # in one answer of the database: a county's term

terms = Table(
    "terms",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(40), nullable=False, unique=True),
    Column("first_day", String(10), nullable=False),  # days as ISO 8601, on the region's clocks
    Column("last_day", String(10), nullable=False),
    Column("holidays", Text, nullable=False),  # JSON of model.Holiday
    Column("makeups", Text, nullable=False),  # JSON of model.Makeup
    Column("version", Integer, nullable=False),  # counts changes of the term and of any of its series
)
bell_periods = Table(
    "bell_periods",
    metadata,
    Column("school_id", String(16), ForeignKey("schools.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", String(20), nullable=False),
    Column("start_min", Integer, nullable=False),
    Column("end_min", Integer, nullable=False),
)
series = Table(
    "series",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("term_id", String(16), ForeignKey("terms.id"), nullable=False, index=True),
    Column("title", String(80), nullable=False),
    Column("subject", String(40), nullable=False),
    Column("lecturer_id", String(16), ForeignKey("people.id"), nullable=False, index=True),
    Column("lecturer_school_id", String(16), ForeignKey("schools.id"), nullable=False, index=True),
    Column("paired_school_id", String(16), ForeignKey("schools.id"), index=True),
    Column("weekday", Integer, nullable=False),
    Column("period", Integer, nullable=False),
    Column("weeks", String(80), nullable=False),
    Column("open_to_observers", Boolean, nullable=False),
    Column("is_ended", Boolean, nullable=False),
)
series_classrooms = Table(
    "series_classrooms",
    metadata,
    Column("series_id", String(16), ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("classroom_id", String(16), ForeignKey("classrooms.id"), nullable=False, index=True),
)
lesson_plans = Table(
    "lesson_plans",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("series_id", String(16), ForeignKey("series.id")),
    Column("slot", String(12)),
    Column("revision", Integer, nullable=False),
    Column("changed_ms", EpochMs, nullable=False),
    Column("changed_by", String(40), nullable=False),
    Column("planned_lecturer_id", String(16), ForeignKey("people.id"), index=True),
    Column("substitute_reason", String(200), nullable=False),
    Column("planned_starts_at_ms", EpochMs),
    Column("move_reason", String(200), nullable=False),
    Column("is_cancelled_by_series", Boolean, nullable=False),
    UniqueConstraint("series_id", "slot"),
)
calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    Column("kind", String(12), primary_key=True),  # "teacher" or "classroom"
    Column("owner_id", String(16), primary_key=True),
    Column("generation", Integer, nullable=False),  # counts new addresses: older ones are not answered any more
)

_HOLIDAYS = msgspec.json.Decoder(tuple[Holiday, ...]).decode
_MAKEUPS = msgspec.json.Decoder(tuple[Makeup, ...]).decode
_planned_lecturer = people.alias("planned_lecturer")
_lecturer_school = schools.alias("series_lecturer_school")
_paired_school = schools.alias("series_paired_school")

# --- terms --------------------------------------------------------------------------------------------------------


async def all_terms(tx: Transaction) -> tuple[Term, ...]:
    """Return every term, the latest first."""
    rows = (await tx.execute(select(terms).order_by(terms.c.first_day.desc()))).all()
    return tuple(
        Term(
            row.id,
            row.name,
            date.fromisoformat(row.first_day),
            date.fromisoformat(row.last_day),
            _HOLIDAYS(row.holidays),
            _MAKEUPS(row.makeups),
            row.version,
        )
        for row in rows
    )


async def find_term(tx: Transaction, term_id: str) -> Term | None:
    """Return the term."""
    return next((one for one in await all_terms(tx) if one.id == term_id), None)


async def write_term(tx: Transaction, term: Term) -> None:
    """Store a term, new or changed."""
    values = {
        "name": term.name,
        "first_day": term.first_day.isoformat(),
        "last_day": term.last_day.isoformat(),
        "holidays": msgspec.json.encode(term.holidays).decode(),
        "makeups": msgspec.json.encode(term.makeups).decode(),
        "version": term.version,
    }
    done = await tx.execute(update(terms).where(terms.c.id == term.id).values(values))
    if done.rowcount == 0:
        await tx.execute(insert(terms).values(id=term.id, **values))


async def remove_term(tx: Transaction, term_id: str) -> None:
    """Forget a term without series."""
    await tx.execute(delete(terms).where(terms.c.id == term_id))


async def touch_terms(tx: Transaction) -> None:
    """Count a change of the timetable: of two at once, one wins and the other is told (on PostgreSQL)."""
    await tx.execute(update(terms).values(version=terms.c.version + 1))


# --- bells --------------------------------------------------------------------------------------------------------


async def bells_of(tx: Transaction, school_ids: Iterable[str]) -> dict[str, tuple[Period, ...]]:
    """Return the periods of each school in order; none of a school that has not set them."""
    wanted = list(school_ids)
    query = select(bell_periods).where(bell_periods.c.school_id.in_(wanted)).order_by(bell_periods.c.number)
    found: dict[str, list[Period]] = {school: [] for school in wanted}
    for row in (await tx.execute(query)).all():
        found[row.school_id].append(Period(row.number, row.name, row.start_min, row.end_min))
    return {school: tuple(periods) for school, periods in found.items()}


async def set_bells(tx: Transaction, school_id: str, periods: Sequence[Period]) -> None:
    """Replace the periods of a school."""
    await tx.execute(delete(bell_periods).where(bell_periods.c.school_id == school_id))
    rows = [{"school_id": school_id, **msgspec.structs.asdict(one)} for one in periods]
    if rows:
        await tx.execute(insert(bell_periods), rows)


# --- series -------------------------------------------------------------------------------------------------------


async def series_where(tx: Transaction, where: ColumnElement[bool]) -> tuple[Series, ...]:
    """Return series in order of weekday and period."""
    query = (
        select(
            series,
            people.c.name.label("lecturer_name"),
            _lecturer_school.c.name.label("lecturer_school_name"),
            _paired_school.c.name.label("paired_school_name"),
        )
        .join(people, people.c.id == series.c.lecturer_id)
        .join(_lecturer_school, _lecturer_school.c.id == series.c.lecturer_school_id)
        .outerjoin(_paired_school, _paired_school.c.id == series.c.paired_school_id)
        .where(where)
        .order_by(series.c.weekday, series.c.period, series.c.id)
    )
    rows = (await tx.execute(query)).all()
    rooms = await _rooms_of(tx, [row.id for row in rows])
    return tuple(_series(row, rooms.get(row.id, ())) for row in rows)


def _series(row: Any, rooms: Sequence[Any]) -> Series:
    return Series(
        id=row.id,
        term_id=row.term_id,
        title=row.title,
        subject=row.subject,
        lecturer=PersonRef(row.lecturer_id, row.lecturer_name),
        lecturer_school=SchoolRef(row.lecturer_school_id, row.lecturer_school_name),
        paired_school=SchoolRef(row.paired_school_id, row.paired_school_name) if row.paired_school_id else None,
        classrooms=tuple(rooms),
        weekday=row.weekday,
        period=row.period,
        weeks=row.weeks,
        open_to_observers=row.open_to_observers,
        is_ended=row.is_ended,
    )


async def _rooms_of(tx: Transaction, series_ids: Sequence[str]) -> dict[str, list[Any]]:
    query = (
        select(series_classrooms)
        .where(series_classrooms.c.series_id.in_(series_ids))
        .order_by(series_classrooms.c.series_id, series_classrooms.c.position)
    )
    rows = (await tx.execute(query)).all()
    known = await find_classrooms(tx, tuple({row.classroom_id for row in rows}))
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.series_id, []).append(known[row.classroom_id])
    return found


async def write_series(tx: Transaction, one: Series) -> None:
    """Store a series, new or changed."""
    values = {
        "term_id": one.term_id,
        "title": one.title,
        "subject": one.subject,
        "lecturer_id": one.lecturer.id,
        "lecturer_school_id": one.lecturer_school.id,
        "paired_school_id": one.paired_school.id if one.paired_school else None,
        "weekday": one.weekday,
        "period": one.period,
        "weeks": one.weeks,
        "open_to_observers": one.open_to_observers,
        "is_ended": one.is_ended,
    }
    done = await tx.execute(update(series).where(series.c.id == one.id).values(values))
    if done.rowcount == 0:
        await tx.execute(insert(series).values(id=one.id, **values))
    await tx.execute(delete(series_classrooms).where(series_classrooms.c.series_id == one.id))
    rooms = [
        {"series_id": one.id, "position": position, "classroom_id": room.id}
        for position, room in enumerate(one.classrooms)
    ]
    if rooms:
        await tx.execute(insert(series_classrooms), rooms)


def concerns_school(school_id: str) -> ColumnElement[bool]:
    """Return the condition of series that a school takes part in."""
    own_rooms = select(series_classrooms.c.series_id).join(
        classrooms, classrooms.c.id == series_classrooms.c.classroom_id
    ).where(classrooms.c.school_id == school_id)  # fmt: skip
    return (
        (series.c.lecturer_school_id == school_id)
        | (series.c.paired_school_id == school_id)
        | series.c.id.in_(own_rooms)
    )


# --- lessons ------------------------------------------------------------------------------------------------------


async def planned_where(tx: Transaction, where: ColumnElement[bool]) -> list[PlannedLesson]:
    """Return lessons with their plans, in order of their beginning."""
    found = await lessons_where(tx, where, MAX_LESSONS)
    plans = await _plans_of(tx, [one.id for one in found])
    planned = [PlannedLesson(one, plans.get(one.id, Plan(one.id))) for one in found]
    return sorted(planned, key=lambda one: (one.lesson.starts_at_ms, one.lesson.id))


def is_substituted_from(person_id: str) -> ColumnElement[bool]:
    """Return the condition of lessons that the person should have given, and another gives."""
    return lessons.c.id.in_(select(lesson_plans.c.lesson_id).where(lesson_plans.c.planned_lecturer_id == person_id))


def was_planned(from_ms: int, to_ms: int) -> ColumnElement[bool]:
    """Return the condition of lessons that were moved, and planned for `from_ms` ≤ t < `to_ms`."""
    planned = lesson_plans.c.planned_starts_at_ms
    return lessons.c.id.in_(select(lesson_plans.c.lesson_id).where(planned >= from_ms, planned < to_ms))


def is_in_classroom(classroom_id: str) -> ColumnElement[bool]:
    """Return the condition of lessons that the classroom takes part in."""
    return lessons.c.id.in_(
        select(lesson_classrooms.c.lesson_id).where(lesson_classrooms.c.classroom_id == classroom_id)
    )


async def _plans_of(tx: Transaction, lesson_ids: Sequence[str]) -> dict[str, Plan]:
    query = (
        select(lesson_plans, _planned_lecturer.c.name.label("planned_lecturer_name"))
        .outerjoin(_planned_lecturer, _planned_lecturer.c.id == lesson_plans.c.planned_lecturer_id)
        .where(lesson_plans.c.lesson_id.in_(lesson_ids))
    )
    return {row.lesson_id: _plan(row) for row in (await tx.execute(query)).all()}


def _plan(row: Any) -> Plan:
    planned = PersonRef(row.planned_lecturer_id, row.planned_lecturer_name) if row.planned_lecturer_id else None
    return Plan(
        lesson_id=row.lesson_id,
        slot=row.slot,
        revision=row.revision,
        changed_ms=row.changed_ms,
        changed_by=row.changed_by,
        planned_lecturer=planned,
        substitute_reason=row.substitute_reason,
        planned_starts_at_ms=row.planned_starts_at_ms,
        move_reason=row.move_reason,
        is_cancelled_by_series=row.is_cancelled_by_series,
    )


async def lesson_ids_taken(tx: Transaction, ids: Iterable[str]) -> bool:
    """Return whether there is a lesson of one of these ids."""
    return (await tx.execute(select(lessons.c.id).where(lessons.c.id.in_(list(ids))))).first() is not None


async def add_planned(tx: Transaction, made: Sequence[Lesson], plans: Sequence[Plan], series_id: str) -> None:
    """Store new lessons of a series, all at once: a term has twenty of each."""
    if not made:
        return
    rows = [
        {"id": one.id, "state": one.state, "pages": 0, "series_id": series_id, **_lesson_values(one)} for one in made
    ]
    await tx.execute(insert(lessons), rows)
    rooms = [row for one in made for row in _room_rows(one)]
    if rooms:
        await tx.execute(insert(lesson_classrooms), rooms)
    await tx.execute(insert(lesson_plans), [_plan_values(plan, series_id) for plan in plans])


async def write_plan(tx: Transaction, plan: Plan, series_id: str | None) -> None:
    """Store the plan of a lesson, new or changed."""
    values = _plan_values(plan, series_id)
    done = await tx.execute(update(lesson_plans).where(lesson_plans.c.lesson_id == plan.lesson_id).values(values))
    if done.rowcount == 0:
        await tx.execute(insert(lesson_plans).values(values))


def _plan_values(plan: Plan, series_id: str | None) -> dict[str, object]:
    values = msgspec.structs.asdict(plan)
    planned = values.pop("planned_lecturer")
    return values | {"planned_lecturer_id": planned.id if planned else None, "series_id": series_id}


async def rewrite_lesson(tx: Transaction, lesson: Lesson) -> None:
    """Store what the timetable says about a lesson; its state, deck and log stay."""
    await tx.execute(update(lessons).where(lessons.c.id == lesson.id).values(_lesson_values(lesson)))
    await tx.execute(delete(lesson_classrooms).where(lesson_classrooms.c.lesson_id == lesson.id))
    if lesson.classrooms:
        await tx.execute(insert(lesson_classrooms), _room_rows(lesson))


def _lesson_values(lesson: Lesson) -> dict[str, object]:
    return {
        "title": lesson.title,
        "subject": lesson.subject,
        "starts_at_ms": lesson.starts_at_ms,
        "planned_minutes": lesson.planned_minutes,
        "lecturer_id": lesson.lecturer.id,
        "lecturer_school_id": lesson.lecturer_school.id,
        "paired_school_id": lesson.paired_school.id if lesson.paired_school else None,
        "open_to_observers": lesson.open_to_observers,
        "cancelled": lesson.cancelled,
    }


def _room_rows(lesson: Lesson) -> list[dict[str, object]]:
    return [
        {"lesson_id": lesson.id, "position": position, "classroom_id": room.id}
        for position, room in enumerate(lesson.classrooms)
    ]


# --- people and feeds ---------------------------------------------------------------------------------------------


async def teachers_of(tx: Transaction, school_id: str) -> list[PersonRef]:
    """Return the people of a school by name."""
    query = select(people.c.id, people.c.name).where(people.c.school_id == school_id).order_by(people.c.name)
    return [PersonRef(row.id, row.name) for row in (await tx.execute(query)).all()]


async def person_name(tx: Transaction, person_id: str) -> str | None:
    """Return the name of a person."""
    return (await tx.execute(select(people.c.name).where(people.c.id == person_id))).scalar()


async def find_teacher(tx: Transaction, person_id: str) -> tuple[PersonRef, SchoolRef] | None:
    """Return a person who belongs to a school."""
    query = (
        select(people.c.id, people.c.name, schools.c.id.label("school_id"), schools.c.name.label("school_name"))
        .join(schools, schools.c.id == people.c.school_id)
        .where(people.c.id == person_id)
    )
    row = (await tx.execute(query)).first()
    return None if row is None else (PersonRef(row.id, row.name), SchoolRef(row.school_id, row.school_name))


async def feed_generation(tx: Transaction, kind: str, owner_id: str) -> int:
    """Return how often the calendar's address was renewed."""
    query = select(calendar_feeds.c.generation).where(
        calendar_feeds.c.kind == kind, calendar_feeds.c.owner_id == owner_id
    )
    return int((await tx.execute(query)).scalar() or 0)


async def renew_feed(tx: Transaction, kind: str, owner_id: str) -> int:
    """Count a new address of the calendar; return how many there were."""
    generation = await feed_generation(tx, kind, owner_id) + 1
    done = await tx.execute(
        update(calendar_feeds)
        .where(calendar_feeds.c.kind == kind, calendar_feeds.c.owner_id == owner_id)
        .values(generation=generation)
    )
    if done.rowcount == 0:
        await tx.execute(insert(calendar_feeds).values(kind=kind, owner_id=owner_id, generation=generation))
    return generation
