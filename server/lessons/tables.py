"""Tables of the lessons domain, and every query on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from server.accounts.model import Asker, Classroom, Person, SchoolRef
from server.accounts.tables import classrooms, devices, people, schools
from server.lessons.model import Invited, Lesson, Page, PageFile, PersonRef
from server.lessons.questions.tables import keep_results
from server.lessons.rosters.tables import count_calls
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata
from signaling.messages import Event, LessonEnded, LessonInfo, PupilCalled, RoomId

lessons = Table(
    "lessons",
    metadata,
    Column("id", String(8), primary_key=True),
    Column("title", String(80), nullable=False),
    Column("subject", String(40), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("starts_at_ms", EpochMs, nullable=False, index=True),
    Column("planned_minutes", Integer, nullable=False),
    Column("lecturer_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("lecturer_school_id", String(16), ForeignKey("schools.id"), nullable=False, index=True),
    Column("paired_school_id", String(16), ForeignKey("schools.id"), index=True),
    Column("open_to_observers", Boolean, nullable=False),
    Column("deck_id", String(64)),
    Column("pages", Integer, nullable=False),
    Column("opened_wallclock_ms", EpochMs),
    Column("started_t_ms", EpochMs),
    Column("ended_t_ms", EpochMs),
    Column("cancelled", String(200)),  # why it is off
    Column("series_id", String(16), index=True),  # the repeating lesson of the timetable that it belongs to
    Column("kind", String(8), nullable=False, server_default="lesson"),
)
lesson_people = Table(  # who was ever let into a meeting
    "lesson_people",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", String(16), ForeignKey("people.id"), primary_key=True, index=True),
    Column("convenes", Boolean, nullable=False),
)
lesson_classrooms = Table(
    "lesson_classrooms",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("classroom_id", String(16), ForeignKey("classrooms.id"), nullable=False, index=True),
)
lesson_pages = Table(
    "lesson_pages",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("title", String(80), nullable=False),
    Column("ratio", Float, nullable=False),
    Column("text", Text, nullable=False),
)
lesson_page_files = Table(
    "lesson_page_files",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("width", Integer, primary_key=True),  # of PageFile: 0 for drawings
    Column("sha256", String(64), nullable=False, index=True),
    Column("mime", String(32), nullable=False),
    Column("bytes", Integer, nullable=False),
)
lesson_events = Table(
    "lesson_events",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("t_ms", EpochMs, nullable=False),
    Column("body", Text, nullable=False),  # the whole event as JSON, as in signaling.messages
)

_lecturer_school = schools.alias("lecturer_school")
_paired_school = schools.alias("paired_school")
_decode_event = msgspec.json.Decoder(Event).decode


async def add_lesson(tx: Transaction, lesson: Lesson) -> None:
    """Store a new lesson, without pages."""
    await tx.execute(
        insert(lessons).values(
            id=lesson.id,
            title=lesson.title,
            subject=lesson.subject,
            state=lesson.state,
            starts_at_ms=lesson.starts_at_ms,
            planned_minutes=lesson.planned_minutes,
            lecturer_id=lesson.lecturer.id,
            lecturer_school_id=lesson.lecturer_school.id,
            paired_school_id=None if lesson.paired_school is None else lesson.paired_school.id,
            open_to_observers=lesson.open_to_observers,
            deck_id=None,
            pages=0,
            series_id=lesson.series_id,
            kind=lesson.kind,
        )
    )
    for one in lesson.people:
        await invite(tx, lesson.id, one)
    for position, classroom in enumerate(lesson.classrooms):
        await tx.execute(
            insert(lesson_classrooms).values(lesson_id=lesson.id, position=position, classroom_id=classroom.id)
        )


async def invite(tx: Transaction, lesson_id: str, one: Invited) -> None:
    """Let somebody into a meeting, or change what they are there."""
    table = lesson_people
    await tx.execute(delete(table).where(table.c.lesson_id == lesson_id, table.c.person_id == one.person_id))
    await tx.execute(insert(table).values(lesson_id=lesson_id, **msgspec.structs.asdict(one)))


async def find_lesson(tx: Transaction, lesson_id: str) -> Lesson | None:
    """Return the lesson."""
    found = await lessons_where(tx, lessons.c.id == lesson_id, limit=1)
    return found[0] if found else None


async def lessons_near(
    tx: Transaction, asker: Asker, limit: int, repeated_before_ms: int, *, meetings: bool = False
) -> list[Lesson]:
    """Return up to `limit` lessons that may concern the asker: live ones, then coming ones, then past ones.

    A superset of what the asker may see: `access.py` has the rule. Of lessons that repeat those that begin before
    `repeated_before_ms`, without those that are off: the timetable has the whole term.
    """
    is_near = lessons.c.series_id.is_(None) | (lessons.c.starts_at_ms < repeated_before_ms)
    concerned = with_meetings(asker) if meetings else concerns(asker)
    return await lessons_where(tx, concerned & is_near & lessons.c.cancelled.is_(None), limit)


async def lessons_of_state(tx: Transaction, state: str) -> tuple[RoomId, ...]:
    """Return the ids of the lessons in this state."""
    rows = (await tx.execute(select(lessons.c.id).where(lessons.c.state == state))).all()
    return tuple(RoomId(row.id) for row in rows)


def concerns(asker: Asker) -> ColumnElement[bool]:
    """Return the condition of `lessons_near`: no meeting is a lesson."""
    return (lessons.c.kind == "lesson") & _concerns(asker)


def with_meetings(asker: Asker) -> ColumnElement[bool]:
    """Return the condition of lessons and meetings that may concern the asker."""
    person_id = "" if asker.person is None else asker.person.id
    is_invited = exists().where(lesson_people.c.lesson_id == lessons.c.id, lesson_people.c.person_id == person_id)
    return concerns(asker) | is_invited


def _concerns(asker: Asker) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [lessons.c.id.is_(None)]
    if asker.device is not None and asker.device.classroom is not None:
        terms.append(_invited(classrooms.c.id == asker.device.classroom.id))
    if asker.person is not None:
        terms += _concerns_person(asker.person)
    return or_(*terms)


def _concerns_person(person: Person) -> list[ColumnElement[bool]]:
    if person.is_manager and person.school is None:
        return [lessons.c.id.is_not(None)]
    school_id = person.school_id or ""
    return [
        lessons.c.lecturer_id == person.id,
        lessons.c.lecturer_school_id == school_id,
        lessons.c.paired_school_id == school_id,
        lessons.c.open_to_observers,
        _invited(classrooms.c.school_id == school_id),
    ]


def is_invited_school(school_id: str) -> ColumnElement[bool]:
    """Return the condition of lessons that a classroom of the school takes part in."""
    return _invited(classrooms.c.school_id == school_id)


def _invited(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        lesson_classrooms.c.lesson_id == lessons.c.id, classrooms.c.id == lesson_classrooms.c.classroom_id, which
    )


async def lessons_where(tx: Transaction, where: ColumnElement[bool], limit: int) -> list[Lesson]:
    """Return up to `limit` lessons: live ones, then coming ones, then past ones."""
    rank = case({"live": 0, "scheduled": 1}, value=lessons.c.state, else_=2)
    coming = case((lessons.c.state == "ended", -lessons.c.starts_at_ms), else_=lessons.c.starts_at_ms)
    query = (
        select(
            lessons,
            people.c.name.label("lecturer_name"),
            _lecturer_school.c.name.label("lecturer_school_name"),
            _paired_school.c.name.label("paired_school_name"),
        )
        .join(people, people.c.id == lessons.c.lecturer_id)
        .join(_lecturer_school, _lecturer_school.c.id == lessons.c.lecturer_school_id)
        .outerjoin(_paired_school, _paired_school.c.id == lessons.c.paired_school_id)
        .where(where)
        .order_by(rank, coming, lessons.c.id)
        .limit(limit)
    )
    rows = (await tx.execute(query)).all()
    rooms = await _classrooms_of(tx, [row.id for row in rows])
    people_in = await _people_of(tx, [row.id for row in rows if row.kind == "meeting"])
    return [_lesson(row, rooms.get(row.id, ()), people_in.get(row.id, ())) for row in rows]


async def _people_of(tx: Transaction, meeting_ids: Sequence[str]) -> dict[str, list[Invited]]:
    found: dict[str, list[Invited]] = {}
    if meeting_ids:
        query = select(lesson_people).where(lesson_people.c.lesson_id.in_(meeting_ids))
        for row in (await tx.execute(query.order_by(lesson_people.c.person_id))).all():
            found.setdefault(row.lesson_id, []).append(Invited(row.person_id, row.convenes))
    return found


def _lesson(row: Any, rooms: Sequence[Classroom], invited: Sequence[Invited]) -> Lesson:
    return Lesson(
        id=RoomId(row.id),
        title=row.title,
        subject=row.subject,
        state=row.state,
        starts_at_ms=row.starts_at_ms,
        planned_minutes=row.planned_minutes,
        lecturer=PersonRef(row.lecturer_id, row.lecturer_name),
        lecturer_school=SchoolRef(row.lecturer_school_id, row.lecturer_school_name),
        paired_school=SchoolRef(row.paired_school_id, row.paired_school_name) if row.paired_school_id else None,
        classrooms=tuple(rooms),
        open_to_observers=row.open_to_observers,
        deck_id=row.deck_id,
        pages=row.pages,
        opened_wallclock_ms=row.opened_wallclock_ms,
        started_t_ms=row.started_t_ms,
        ended_t_ms=row.ended_t_ms,
        cancelled=row.cancelled,
        series_id=row.series_id,
        kind=row.kind,
        people=tuple(invited),
    )


async def _classrooms_of(tx: Transaction, lesson_ids: Sequence[str]) -> dict[str, list[Classroom]]:
    query = (
        select(
            lesson_classrooms.c.lesson_id,
            classrooms.c.id,
            classrooms.c.name,
            classrooms.c.school_id,
            schools.c.name.label("school_name"),
            devices.c.id.label("device_id"),
        )
        .join(classrooms, classrooms.c.id == lesson_classrooms.c.classroom_id)
        .join(schools, schools.c.id == classrooms.c.school_id)
        .outerjoin(devices, devices.c.classroom_id == classrooms.c.id)
        .where(lesson_classrooms.c.lesson_id.in_(lesson_ids))
        .order_by(lesson_classrooms.c.lesson_id, lesson_classrooms.c.position)
    )
    found: dict[str, list[Classroom]] = {}
    for row in (await tx.execute(query)).all():
        school = SchoolRef(row.school_id, row.school_name)
        found.setdefault(row.lesson_id, []).append(Classroom(row.id, row.name, school, row.device_id is not None))
    return found


async def set_title(tx: Transaction, lesson_id: str, title: str, subject: str) -> None:
    """Call a lesson otherwise."""
    await tx.execute(update(lessons).where(lessons.c.id == lesson_id).values(title=title, subject=subject))


async def remove_lesson(tx: Transaction, lesson_id: str) -> None:
    """Forget the lesson, its pages and its log."""
    await tx.execute(delete(lessons).where(lessons.c.id == lesson_id))


# --- pages --------------------------------------------------------------------------------------------------------


async def set_pages(tx: Transaction, lesson_id: str, deck_id: str, pages: Sequence[Page]) -> None:
    """Replace the deck of the lesson."""
    for table in (lesson_page_files, lesson_pages):
        await tx.execute(delete(table).where(table.c.lesson_id == lesson_id))
    own = {"lesson_id": lesson_id}
    await tx.execute(insert(lesson_pages), [own | row for row in page_rows(pages)])
    await tx.execute(insert(lesson_page_files), [own | row for row in page_file_rows(pages)])
    await tx.execute(update(lessons).where(lessons.c.id == lesson_id).values(deck_id=deck_id, pages=len(pages)))


async def pages_of(tx: Transaction, lesson_id: str) -> tuple[Page, ...]:
    """Return the pages of the lesson in order."""
    return await read_pages(tx, lesson_pages, lesson_page_files, lesson_pages.c.lesson_id == lesson_id)


async def page_of(tx: Transaction, lesson_id: str, number: int) -> Page | None:
    """Return one page of the lesson, from 1."""
    where = (lesson_pages.c.lesson_id == lesson_id) & (lesson_pages.c.page == number)
    found = await read_pages(tx, lesson_pages, lesson_page_files, where)
    return found[0] if found else None


async def read_pages(tx: Transaction, pages: Table, files: Table, where: ColumnElement[bool]) -> tuple[Page, ...]:
    """Return the pages of a table in order; `pages` and `files` have the owner's id as first column."""
    both = pages.join(files, (pages.columns[0] == files.columns[0]) & (pages.c.page == files.c.page))
    columns = (pages.c.page, pages.c.title, pages.c.ratio, pages.c.text)
    query = select(*columns, files.c.width, files.c.sha256, files.c.mime, files.c.bytes).select_from(both)
    rows = (await tx.execute(query.where(where).order_by(pages.c.page, files.c.width))).all()
    found = []
    for _, group in groupby(rows, key=lambda row: row.page):
        same = list(group)
        kept = tuple(PageFile(row.width, row.sha256, row.mime, row.bytes) for row in same)
        found.append(Page(same[0].title, kept, same[0].ratio, same[0].text))
    return tuple(found)


def page_rows(pages: Sequence[Page], first: int = 1) -> list[dict[str, Any]]:
    """Return the rows of pages, without their owner."""
    return [
        {"page": number, "title": page.title, "ratio": page.ratio, "text": page.text}
        for number, page in enumerate(pages, first)
    ]


def page_file_rows(pages: Sequence[Page], first: int = 1) -> list[dict[str, Any]]:
    """Return the rows of pages' files, without their owner."""
    return [
        {"page": number, **msgspec.structs.asdict(file)}
        for number, page in enumerate(pages, first)
        for file in page.files
    ]


# --- the log ------------------------------------------------------------------------------------------------------


async def events_of(tx: Transaction, lesson_id: str) -> tuple[Event, ...]:
    """Return the log of the lesson in order of seq."""
    query = select(lesson_events.c.body).where(lesson_events.c.lesson_id == lesson_id).order_by(lesson_events.c.seq)
    return tuple(_decode_event(row.body) for row in (await tx.execute(query)).all())


async def set_opened(tx: Transaction, lesson_id: str, wallclock_ms: int) -> None:
    """Note when t_ms = 0 was, once."""
    await tx.execute(
        update(lessons)
        .where(lessons.c.id == lesson_id, lessons.c.opened_wallclock_ms.is_(None))
        .values(opened_wallclock_ms=wallclock_ms)
    )


async def append_events(tx: Transaction, lesson_id: str, info: LessonInfo, events: Sequence[Event]) -> None:
    """Append those events that are newer than the log, and store the lesson's state after them."""
    query = select(func.coalesce(func.max(lesson_events.c.seq), 0)).where(lesson_events.c.lesson_id == lesson_id)
    last = int((await tx.execute(query)).scalar_one())
    rows = [
        {
            "lesson_id": lesson_id,
            "seq": event.seq,
            "t_ms": event.t_ms,
            "body": msgspec.json.encode(event).decode(),
        }
        for event in events
        if event.seq > last
    ]
    if rows:
        await tx.execute(insert(lesson_events), rows)
        await keep_results(tx, lesson_id, [event for event in events if event.seq > last])
    if any(event.seq > last and isinstance(event.body, LessonEnded) for event in events):
        called = [one.body.called.pupil for one in await events_of(tx, lesson_id) if isinstance(one.body, PupilCalled)]
        await count_calls(tx, Counter(called))  # a fair pick of the next lesson remembers this one
    await tx.execute(
        update(lessons)
        .where(lessons.c.id == lesson_id)
        .values(state=info.state, started_t_ms=info.started_t_ms, ended_t_ms=info.ended_t_ms)
    )
