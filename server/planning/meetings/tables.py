"""Tables of meetings, and every query on them. The room of a meeting is a row of `lessons` of the same id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, ForeignKey, Integer, String, Table, Text, insert, select, update

from server.accounts.model import SchoolRef
from server.accounts.tables import people, schools
from server.lessons import tables as lesson_tables
from server.lessons.model import Lesson, PersonRef
from server.planning.meetings.model import AgendaItem, Evidence, Meeting, Minutes, Resolution, Seated
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

meetings = Table(
    "meetings",
    metadata,
    Column("id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("group_id", String(16), ForeignKey("research_groups.id"), nullable=False, index=True),
    Column("plan_id", String(16), ForeignKey("plans.id"), index=True),
    Column("kind", String(8), nullable=False),
    Column("guests", Text, nullable=False),  # JSON: ids of people who are let in without being of the group
    Column("agenda", Text, nullable=False),  # JSON: read and written as a whole
    Column("item_id", String(16), nullable=False),  # which item is on; empty: none
    Column("item_since_ms", EpochMs, nullable=False),
    Column("agenda_revision", Integer, nullable=False),
    Column("minutes", Text, nullable=False),
    Column("minutes_revision", Integer, nullable=False),
    Column("minutes_by_id", String(16), ForeignKey("people.id")),
    Column("minutes_ms", EpochMs, nullable=False),
)
resolutions = Table(
    "resolutions",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("meeting_id", String(8), ForeignKey("meetings.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("owner_id", String(16), ForeignKey("people.id"), nullable=False, index=True),
    Column("due", String(10), nullable=False),  # ISO 8601 day
    Column("made_by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("made_ms", EpochMs, nullable=False),
    Column("evidence", Text, nullable=False),  # JSON; empty: it is open
    Column("closed_by_id", String(16), ForeignKey("people.id")),
    Column("closed_ms", EpochMs),
)
_read_guests = msgspec.json.Decoder(frozenset[str]).decode
_read_agenda = msgspec.json.Decoder(tuple[AgendaItem, ...]).decode
_read_evidence = msgspec.json.Decoder(Evidence).decode


# --- meetings -----------------------------------------------------------------------------------------------------


async def add_meeting(tx: Transaction, meeting: Meeting) -> None:
    """Store a new meeting; its room is there already."""
    values = {
        "id": meeting.id,
        "group_id": meeting.group_id,
        "plan_id": meeting.plan_id,
        "kind": meeting.kind,
        "guests": _json(meeting.guests),
        "agenda": _json(meeting.agenda),
        "item_id": "",
        "item_since_ms": 0,
        "agenda_revision": 1,
        "minutes": "",
        "minutes_revision": 0,
        "minutes_ms": 0,
    }
    await tx.execute(insert(meetings).values(values))


async def change(tx: Transaction, meeting_id: str, **values: object) -> None:
    """Write columns of a meeting; agenda and guests are given as they are."""
    for name in {"agenda", "guests"} & values.keys():
        values[name] = _json(values[name])
    await tx.execute(update(meetings).where(meetings.c.id == meeting_id).values(**values))


async def find_meeting(tx: Transaction, meeting_id: str) -> Meeting | None:
    """Return the meeting."""
    found = await meetings_where(tx, meetings.c.id == meeting_id, limit=1)
    return found[0] if found else None


async def is_guest_beside(tx: Transaction, person_id: str, plan_id: str, now_ms: int) -> bool:
    """Return whether the person is a guest of a meeting beside the plan that runs or is to come."""
    asked = meetings.c.guests.contains(f'"{person_id}"', autoescape=True)
    found = await meetings_where(tx, (meetings.c.plan_id == plan_id) & asked, limit=100)
    return any(one.is_ahead(now_ms) for one in found)


async def meetings_where(tx: Transaction, where: ColumnElement[bool], limit: int) -> list[Meeting]:
    """Return up to `limit` meetings: those that run, then coming ones, then past ones."""
    lessons = lesson_tables.lessons
    query = select(meetings, people.c.name.label("minutes_by")).join(lessons, lessons.c.id == meetings.c.id)
    query = query.outerjoin(people, people.c.id == meetings.c.minutes_by_id).where(where)
    rows = {row.id: row for row in (await tx.execute(query.order_by(lessons.c.starts_at_ms.desc()).limit(limit)))}
    if not rows:
        return []
    rooms = await lesson_tables.lessons_where(tx, lessons.c.id.in_(list(rows)), limit)
    return [_meeting(rows[room.id], room) for room in rooms]


def _meeting(row: Any, room: Lesson) -> Meeting:
    by = None if row.minutes_by_id is None else PersonRef(row.minutes_by_id, row.minutes_by)
    return Meeting(
        id=row.id,
        group_id=row.group_id,
        plan_id=row.plan_id,
        kind=row.kind,
        room=room,
        guests=_read_guests(row.guests),
        agenda=_read_agenda(row.agenda),
        item_id=row.item_id,
        item_since_ms=row.item_since_ms,
        agenda_revision=row.agenda_revision,
        minutes=Minutes(row.minutes, row.minutes_revision, by, row.minutes_ms),
    )


async def seated(tx: Transaction, person_ids: Sequence[str]) -> dict[str, Seated]:
    """Return people with their schools, by id."""
    query = (
        select(people.c.id, people.c.name, schools.c.id.label("school_id"), schools.c.name.label("school"))
        .outerjoin(schools, schools.c.id == people.c.school_id)
        .where(people.c.id.in_(list(person_ids)))
        .order_by(people.c.name, people.c.id)
    )
    return {
        row.id: Seated(PersonRef(row.id, row.name), SchoolRef(row.school_id, row.school) if row.school_id else None)
        for row in (await tx.execute(query)).all()
    }


# --- resolutions --------------------------------------------------------------------------------------------------


async def add_resolution(tx: Transaction, one: Resolution) -> None:
    """Store a new resolution, which is open."""
    values = {
        "id": one.id,
        "meeting_id": one.meeting_id,
        "text": one.text,
        "owner_id": one.owner.id,
        "due": one.due,
        "made_by_id": one.made_by.id,
        "made_ms": one.made_ms,
        "evidence": "",
    }
    await tx.execute(insert(resolutions).values(values))


async def change_resolution(tx: Transaction, resolution_id: str, **values: object) -> None:
    """Write columns of a resolution; evidence is given as it is."""
    if "evidence" in values:
        values["evidence"] = _json(values["evidence"])
    await tx.execute(update(resolutions).where(resolutions.c.id == resolution_id).values(**values))


async def resolutions_where(tx: Transaction, where: ColumnElement[bool], limit: int) -> list[Resolution]:
    """Return up to `limit` resolutions, the one that is due first in front."""
    owner, maker, closer = (people.alias(name) for name in ("owner", "maker", "closer"))
    query = (
        select(
            resolutions,
            meetings.c.group_id,
            lesson_tables.lessons.c.title.label("meeting"),
            owner.c.name.label("owner"),
            maker.c.name.label("maker"),
            closer.c.name.label("closer"),
        )
        .join(meetings, meetings.c.id == resolutions.c.meeting_id)
        .join(lesson_tables.lessons, lesson_tables.lessons.c.id == meetings.c.id)
        .join(owner, owner.c.id == resolutions.c.owner_id)
        .join(maker, maker.c.id == resolutions.c.made_by_id)
        .outerjoin(closer, closer.c.id == resolutions.c.closed_by_id)
        .where(where)
        .order_by(resolutions.c.due, resolutions.c.made_ms, resolutions.c.id)
        .limit(limit)
    )
    return [_resolution(row) for row in (await tx.execute(query)).all()]


async def evidence_files(tx: Transaction) -> frozenset[str]:
    """Return the names of all files that resolutions were closed with: SHA-256 in hex digits."""
    kept = (await tx.execute(select(resolutions.c.evidence).where(resolutions.c.evidence != ""))).scalars()
    return frozenset(one.id for one in map(_read_evidence, kept) if one.kind == "file")


def _resolution(row: Any) -> Resolution:
    return Resolution(
        id=row.id,
        meeting_id=row.meeting_id,
        meeting=row.meeting,
        group_id=row.group_id,
        text=row.text,
        owner=PersonRef(row.owner_id, row.owner),
        due=row.due,
        made_by=PersonRef(row.made_by_id, row.maker),
        made_ms=row.made_ms,
        evidence=_read_evidence(row.evidence) if row.evidence else None,
        closed_by=None if row.closed_by_id is None else PersonRef(row.closed_by_id, row.closer),
        closed_ms=row.closed_ms,
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
