"""Tables of the groups' calendars, and every query on them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from server.accounts.tables import people, schools
from server.lessons.model import PersonRef
from server.lessons.tables import lessons
from server.planning.calendar.model import MINUTE_MS, Busy, Coming, Draft, Gathering
from server.planning.groups.tables import group_members, groups
from server.planning.plans.tables import plans
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

MAX_READ = 1_000  # rows of one question: a group's two years

gatherings = Table(
    "gatherings",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("group_id", String(16), ForeignKey("research_groups.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("series_id", String(16), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("title", String(80), nullable=False),
    Column("starts_ms", EpochMs, nullable=False, index=True),
    Column("minutes", Integer, nullable=False),
    Column("place", String(80), nullable=False),
    Column("link", String(300), nullable=False),
    Column("plan_id", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("cancelled_ms", EpochMs),
    Column("reason", String(200), nullable=False),
    Column("changed_ms", EpochMs, nullable=False),
)
gathering_answers = Table(
    "gathering_answers",
    metadata,
    Column("gathering_id", String(16), ForeignKey("gatherings.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", String(16), ForeignKey("people.id"), primary_key=True, index=True),
    Column("comes", Boolean, nullable=False),
    Column("answered_ms", EpochMs, nullable=False),
)

_ENDS = gatherings.c.starts_ms + gatherings.c.minutes * MINUTE_MS


async def add(tx: Transaction, gathering: Gathering) -> None:
    """Store a new gathering."""
    await tx.execute(insert(gatherings).values(_values(gathering)))


async def save(tx: Transaction, gathering: Gathering) -> None:
    """Store the gathering as it is now."""
    await tx.execute(update(gatherings).where(gatherings.c.id == gathering.id).values(_values(gathering)))


def _values(gathering: Gathering) -> dict[str, Any]:
    told = (*Draft.__struct_fields__, "id", "group_id", "series_id", "revision", "cancelled_ms", "reason", "changed_ms")
    return {name: getattr(gathering, name) for name in told} | {"by_id": gathering.by.id}


async def find(tx: Transaction, gathering_id: str) -> Gathering | None:
    """Return the gathering."""
    found = await _where(tx, gatherings.c.id == gathering_id)
    return found[0] if found else None


async def of_groups(tx: Transaction, ids: Collection[str], from_ms: int, to_ms: int) -> tuple[Gathering, ...]:
    """Return what these groups do in a stretch of time, called off or not, in order of beginning."""
    where = gatherings.c.group_id.in_(tuple(ids)) & (gatherings.c.starts_ms < to_ms) & (from_ms < _ENDS)
    return await _where(tx, where)


async def of_series(tx: Transaction, series_id: str, from_ms: int) -> tuple[Gathering, ...]:
    """Return those of a series that begin at `from_ms` or later."""
    return await _where(tx, (gatherings.c.series_id == series_id) & (gatherings.c.starts_ms >= from_ms))


async def count_ahead(tx: Transaction, group_id: str, now_ms: int) -> int:
    """Return how many are ahead of a group."""
    query = select(func.count()).where(gatherings.c.group_id == group_id, gatherings.c.starts_ms >= now_ms)
    return int((await tx.execute(query)).scalar_one())


async def _where(tx: Transaction, where: ColumnElement[bool]) -> tuple[Gathering, ...]:
    query = (
        select(gatherings, groups.c.name.label("group_name"), people.c.name.label("by_name"))
        .join(groups, groups.c.id == gatherings.c.group_id)
        .join(people, people.c.id == gatherings.c.by_id)
        .where(where)
        .order_by(gatherings.c.starts_ms, gatherings.c.id)
        .limit(MAX_READ)
    )
    rows = (await tx.execute(query)).all()
    coming = await _coming(tx, [row.id for row in rows])
    return tuple(_gathering(row, tuple(coming.get(row.id, ()))) for row in rows)


def _gathering(row: Any, coming: tuple[Coming, ...]) -> Gathering:
    told = (*Draft.__struct_fields__, "id", "group_id", "group_name", "series_id", "revision", "cancelled_ms", "reason")
    values = {name: getattr(row, name) for name in (*told, "changed_ms")}
    return Gathering(**values, by=PersonRef(row.by_id, row.by_name), coming=coming)


async def _coming(tx: Transaction, ids: Collection[str]) -> dict[str, list[Coming]]:
    query = (
        select(gathering_answers, people.c.name, schools.c.name.label("school"))
        .join(people, people.c.id == gathering_answers.c.person_id)
        .outerjoin(schools, schools.c.id == people.c.school_id)
        .where(gathering_answers.c.gathering_id.in_(tuple(ids)))
        .order_by(gathering_answers.c.answered_ms)
    )
    found: dict[str, list[Coming]] = {}
    for row in (await tx.execute(query)).all():
        one = Coming(PersonRef(row.person_id, row.name), row.school or "", row.comes)
        found.setdefault(row.gathering_id, []).append(one)
    return found


async def set_answer(tx: Transaction, gathering_id: str, person_id: str, comes: bool, now_ms: int) -> None:
    """Store whether somebody comes; the last answer counts."""
    row = {"gathering_id": gathering_id, "person_id": person_id}
    one = (gathering_answers.c.gathering_id == gathering_id) & (gathering_answers.c.person_id == person_id)
    await tx.execute(delete(gathering_answers).where(one))
    await tx.execute(insert(gathering_answers).values(row | {"comes": comes, "answered_ms": now_ms}))


async def group_of_plan(tx: Transaction, plan_id: str) -> str | None:
    """Return whose plan it is."""
    return (await tx.execute(select(plans.c.group_id).where(plans.c.id == plan_id))).scalar()


# --- who is busy --------------------------------------------------------------------------------------------------


async def lessons_given(tx: Transaction, ids: Collection[str], from_ms: int, to_ms: int) -> list[Busy]:
    """Return the lessons that these people give in a stretch of time, without those that are off."""
    ends = lessons.c.starts_at_ms + lessons.c.planned_minutes * MINUTE_MS
    query = (
        select(lessons, people.c.name)
        .join(people, people.c.id == lessons.c.lecturer_id)
        .where(
            lessons.c.lecturer_id.in_(tuple(ids)),
            lessons.c.cancelled.is_(None),
            lessons.c.starts_at_ms < to_ms,
            ends > from_ms,
        )
        .order_by(lessons.c.starts_at_ms)
        .limit(MAX_READ)
    )
    return [
        Busy(PersonRef(row.lecturer_id, row.name), "lesson", row.title, row.starts_at_ms, row.planned_minutes)
        for row in (await tx.execute(query)).all()
    ]


async def gatherings_elsewhere(
    tx: Transaction, ids: Collection[str], group_id: str, from_ms: int, to_ms: int
) -> list[Busy]:
    """Return what these people's other groups do in a stretch of time, unless they said that they do not come."""
    answer = (gathering_answers.c.gathering_id == gatherings.c.id) & (
        gathering_answers.c.person_id == group_members.c.person_id
    )
    query = (
        select(gatherings, people.c.id.label("person_id"), people.c.name.label("person_name"))
        .join(group_members, group_members.c.group_id == gatherings.c.group_id)
        .join(people, people.c.id == group_members.c.person_id)
        .outerjoin(gathering_answers, answer)
        .where(
            group_members.c.person_id.in_(tuple(ids)),
            group_members.c.left_ms.is_(None),
            gatherings.c.group_id != group_id,
            gatherings.c.cancelled_ms.is_(None),
            func.coalesce(gathering_answers.c.comes, True).is_(True),
            gatherings.c.starts_ms < to_ms,
            from_ms < _ENDS,
        )
        .limit(MAX_READ)
    )
    return [
        Busy(PersonRef(row.person_id, row.person_name), "gathering", row.title, row.starts_ms, row.minutes)
        for row in (await tx.execute(query)).all()
    ]
