"""What waits for one person in the workshop: open tasks of plans, improvement items of lessons, being named."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Select, select

from server.planning.groups.tables import group_members, groups
from server.planning.log import activity
from server.planning.plans.mentions import waiting
from server.planning.plans.tables import plan_tasks, plans
from server.planning.reviews.tables import improvement_items
from server.storage.database import Database, Transaction

MAX_DUE = 100  # of each kind: whoever has more than that needs no list, but a talk with the lead


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do."""

    kind: Literal["task", "item", "mention"]
    id: str
    text: str  # of a mention: who named them
    due: str | None  # ISO 8601 day
    group_id: str
    plan_id: str = ""
    plan: str = ""  # its title
    review_id: str = ""  # of an improvement item


class DueReader:
    """What waits for people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, person_id: str) -> list[Due]:
        """Return what waits for the person in groups that go on: what is due first comes first, undated last."""
        async with self._database.read() as tx:
            found = await _tasks(tx, person_id) + await _items(tx, person_id) + await _mentions(tx, person_id)
        return sorted(found, key=lambda one: (one.due or "9999", one.text))


async def _tasks(tx: Transaction, person_id: str) -> list[Due]:
    query = (
        select(plan_tasks, plans.c.title, plans.c.group_id)
        .join(plans, plans.c.id == plan_tasks.c.plan_id)
        .join(groups, groups.c.id == plans.c.group_id)
        .where(
            plan_tasks.c.owner_id == person_id,
            plan_tasks.c.done_ms.is_(None),
            plans.c.state != "archived",
            groups.c.state == "open",
            plans.c.group_id.in_(_groups_of(person_id)),
        )
        .order_by(plan_tasks.c.made_ms)
        .limit(MAX_DUE)
    )
    return [
        Due(
            kind="task", id=row.id, text=row.text, due=row.due, group_id=row.group_id, plan_id=row.plan_id,
            plan=row.title,
        )
        for row in (await tx.execute(query)).all()
    ]  # fmt: skip


async def _items(tx: Transaction, person_id: str) -> list[Due]:
    query = (
        select(improvement_items, plans.c.title)
        .outerjoin(plans, plans.c.id == improvement_items.c.plan_id)
        .where(
            improvement_items.c.owner_id == person_id,
            improvement_items.c.closed_ms.is_(None),
            improvement_items.c.group_id.in_(_groups_of(person_id)),
        )
        .order_by(improvement_items.c.made_ms)
        .limit(MAX_DUE)
    )
    return [
        Due(
            kind="item", id=row.id, text=row.text, due=row.due_day or None, group_id=row.group_id, plan_id=row.plan_id,
            plan=row.title or "", review_id=row.review_id,
        )
        for row in (await tx.execute(query)).all()
    ]  # fmt: skip


async def _mentions(tx: Transaction, person_id: str) -> list[Due]:
    query = (
        waiting(person_id)
        .add_columns(plans.c.title)
        .join(plans, plans.c.id == activity.c.plan_id)
        .where(plans.c.state != "archived", activity.c.group_id.in_(_groups_of(person_id)))
        .order_by(activity.c.id.desc())
        .limit(MAX_DUE)
    )
    return [
        Due(
            kind="mention", id=str(row.id), text=row.actor, due=None, group_id=row.group_id, plan_id=row.plan_id,
            plan=row.title,
        )
        for row in (await tx.execute(query)).all()
    ]  # fmt: skip


def _groups_of(person_id: str) -> Select[tuple[str]]:
    return select(group_members.c.group_id).where(
        group_members.c.person_id == person_id, group_members.c.left_ms.is_(None)
    )
