"""The plan library without a question: what may be read, by subject, grade, state and group, changed last first.

With words to look for, `server/planning/search` answers.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import ColumnElement, and_, or_, select, true

from server.accounts.model import Person
from server.accounts.tables import people, schools
from server.lessons.model import PersonRef
from server.planning.groups import desk
from server.planning.groups.tables import groups
from server.planning.plans.tables import plans
from server.storage.database import Database

PAGE = 30


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """A plan in the library."""

    id: str
    title: str
    subject: str
    grade: str
    edition: str
    state: str
    lead: PersonRef
    school: str  # of whoever leads it
    group_id: str
    group: str
    is_mine: bool  # whether it is of one of the person's groups
    changed_ms: int


class Shelf(msgspec.Struct, frozen=True):
    """A page of the library."""

    items: tuple[Shelved, ...]
    next: int | None  # where the next page starts


class Library:
    """The plan library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(
        self, person: Person, *, subject: str = "", grade: str = "", state: str = "", group: str = "", start: int = 0
    ) -> Shelf:
        """Return up to `PAGE` plans that the person may read: those of the own groups, and final ones of all."""
        wanted = {"subject": subject, "grade": grade, "state": state, "group_id": group}
        async with self._database.read() as tx:
            mine = (await desk.sight_of(tx, person)).groups
            where: list[ColumnElement[bool]] = [plans.c[name] == value for name, value in wanted.items() if value]
            own = true() if mine is None else plans.c.group_id.in_(mine)
            query = (
                select(plans, people.c.name, schools.c.name.label("school"), groups.c.name.label("group_name"))
                .join(people, people.c.id == plans.c.lead_id)
                .join(groups, groups.c.id == plans.c.group_id)
                .outerjoin(schools, schools.c.id == people.c.school_id)
                .where(and_(or_(own, plans.c.state == "finalised"), *where))
                .order_by(plans.c.changed_ms.desc(), plans.c.id)
                .limit(PAGE + 1)
                .offset(start)
            )
            if state != "archived":
                query = query.where(plans.c.state != "archived")
            rows = (await tx.execute(query)).all()
        told = ("id", "title", "subject", "grade", "edition", "state", "group_id", "changed_ms")
        items = tuple(
            Shelved(
                **{name: getattr(row, name) for name in told},
                lead=PersonRef(row.lead_id, row.name),
                school=row.school or "",
                group=row.group_name,
                is_mine=mine is None or row.group_id in mine,
            )
            for row in rows[:PAGE]
        )
        return Shelf(items, start + PAGE if len(rows) > PAGE else None)
