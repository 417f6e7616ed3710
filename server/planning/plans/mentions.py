"""Naming somebody with '@', in a plan's text or in a comment: told in the activity log, and on their workshop's page.

Whoever was named is told until they open the plan: one row says who named whom, a later one that they have looked.
While the first waits, the same two people and plan get no second one, so the log stays short whatever a page sends.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from sqlalchemy import Row, Select, func, select

from server.accounts.model import Person
from server.accounts.tables import people
from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.planning.groups import tables as group_tables
from server.planning.log import ActivityLog, activity
from server.planning.plans import desk
from server.planning.rights import Right
from server.storage.database import Database, Transaction

MAX_MENTIONED = 20  # people in one remark: a whole research group
MADE, SEEN = "mention.made", "mention.seen"

Where = Literal["text", "comment"]


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody was named and has not looked yet."""

    by: PersonRef
    where: Where
    text: str  # of a comment: what was said; empty for the plan's own text
    made_ms: int


class MentionService:
    """Who was named in plans, and has not looked yet."""

    def __init__(self, database: Database, activity_log: ActivityLog) -> None:
        self._database = database
        self._activity = activity_log

    async def tell(self, person: Person, plan_id: str, person_id: str) -> None:
        """Tell somebody that they are named in the plan's text.

        Raises:
            Refused: `plan_unknown`, `not_allowed`, `group_closed`, `plan_state` or `field_invalid`.
        """
        async with self._database.write() as tx:
            access = await desk.require_open_in(tx, person, plan_id, Right.EDIT_PLAN)
            await tell_in(tx, self._activity, person, access, (person_id,), "text")

    async def look(self, person: Person, plan_id: str) -> list[Mention]:
        """Return where the person was named since they looked last, and note that they look now.

        Raises:
            Refused: `plan_unknown` or `not_allowed`.
        """
        async with self._database.write() as tx:
            access = await desk.require_in(tx, person, plan_id, Right.READ_PLAN)
            query = waiting(person.id).where(activity.c.plan_id == plan_id).order_by(activity.c.id)
            found = [mention_of(row) for row in (await tx.execute(query)).all()]
            if found:
                data = {"title": access.plan.title}
                group_id = access.group.id
                await self._activity.note(tx, SEEN, person.id, group_id=group_id, plan_id=plan_id, data=data)
        return found


async def tell_in(
    tx: Transaction,
    log: ActivityLog,
    person: Person,
    access: desk.Access,
    named: tuple[str, ...],
    where: Where,
    text: str = "",
) -> None:
    """Tell people that they were named, in the transaction of what names them.

    Raises:
        Refused: `field_invalid` for somebody who is not in the group.
    """
    for one in dict.fromkeys(named):
        member = await group_tables.find_member(tx, access.group.id, one)
        if member is None:
            raise field_invalid("mentions", "提到的人不在这个教研组里。")
        told = waiting(one).where(activity.c.plan_id == access.plan.id, activity.c.actor_id == person.id)
        if one == person.id or (await tx.execute(told.limit(1))).first() is not None:
            continue
        data = {"title": access.plan.title, "where": where, "person": one, "name": member.person.name, "text": text}
        await log.note(
            tx, MADE, person.id, group_id=access.group.id, plan_id=access.plan.id, object_id=one, data=data
        )  # fmt: skip


def waiting(person_id: str) -> Select[tuple[int, int, str, str, str, str, str]]:
    """Return the query for where somebody was named and has not looked since."""
    looked = activity.alias("looked")
    last = (
        select(func.coalesce(func.max(looked.c.id), 0))
        .where(looked.c.kind == SEEN, looked.c.actor_id == person_id, looked.c.plan_id == activity.c.plan_id)
        .scalar_subquery()
    )
    columns = (activity.c.id, activity.c.ts_ms, activity.c.actor_id, activity.c.group_id, activity.c.plan_id)
    query = select(*columns, activity.c.data, people.c.name.label("actor"))
    query = query.join_from(activity, people, people.c.id == activity.c.actor_id)
    return query.where(activity.c.kind == MADE, activity.c.object_id == person_id, activity.c.id > last)


class _Said(msgspec.Struct):
    where: Where
    text: str = ""


def mention_of(row: Row[Any]) -> Mention:
    """Return what a row of `waiting` tells."""
    said = msgspec.json.decode(row.data, type=_Said)
    return Mention(by=PersonRef(row.actor_id, row.actor), where=said.where, text=said.text, made_ms=row.ts_ms)
