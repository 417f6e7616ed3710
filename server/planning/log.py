"""The activity log of the workshop: what happened, who did it, in which group, once and for good.

Append-only: the database itself refuses to change or to remove a row (triggers of migration 0017). Credits, the chain
plan → lesson → review → next plan, and a group's figures are computed from these rows alone, so a row is written in the
very transaction that does what it tells, and carries in `data` what a reader needs to say it in a sentence even when
the thing itself was renamed or removed since. An entry with a key (`idem`) that is there already is not written twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, Integer, String, Table, Text, insert, select

from server.accounts.service import Clock, epoch_ms, utc_now
from server.accounts.tables import people, schools
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from server.storage.schema import EpochMs, metadata

# Every kind, and what its `data` holds besides. A kind is never renamed: old rows keep it.
KINDS: dict[str, str] = {
    "group.made": "name, kind",
    "group.changed": "name, subject, stage; before: the same",
    "group.rules": "version",
    "group.confirmed": "version of the rules that the actor agreed to",
    "group.invited": "person, name, school, role",
    "group.uninvited": "person, name",
    "group.joined": "role",
    "group.declined": "—",
    "group.role": "person, name, role, before",
    "group.left": "—",
    "group.removed": "person, name, reason",
    "group.lead": "person, name: who leads it from now on",
    "group.closed": "reason",
    "group.opened": "—",
    "gathering.planned": "title, what, starts_ms, minutes; object: the gathering",
    "gathering.changed": "title, what, starts_ms, minutes",
    "gathering.cancelled": "title, starts_ms, reason",
    "template.made": "name, scope; object: the template",
    "template.version": "name, version",
    "template.retired": "name",
    "plan.made": "title, subject, grade; from: the plan it was copied from; template",
    "plan.version": "title, number, name",
    "plan.finalised": "title, number",
    "plan.restored": "title, number",
    "plan.archived": "title",
    "plan.led": "title, person, name: who leads it from now on",
    "plan.exported": "title, format",
    "plan.taught": "title, number; lesson_id",
    "comment.made": "title, kind, quote; object: the comment",
    "comment.resolved": "title",
    "suggestion.accepted": "title, person: who suggested",
    "mention.made": "title, where: text or comment, text: of a comment, person, name; object: whom",
    "mention.seen": "title: whoever was named in it has opened it",
    "task.made": "title, text, person, name, due_ms; object: the task",
    "task.done": "title, text",
    "meeting.held": "title, started_ms, ended_ms, people: [ids that were in]; object: the meeting",
    "minutes.made": "title",
    "resolution.made": "text, person, name, due_ms; object: the resolution",
    "resolution.closed": "text",
    "review.given": "title; lesson_id; object: the review, which begins",
    "review.rated": "title, notes: how many; lesson_id: handed in, written when the review opens",
    "note.accepted": "text, person: who gave the note; lesson_id; object: the item",
    "item.closed": "text; plan_id or lesson_id: where it was closed; object: the item",
}
PAGE = 50  # entries
MAX_SAID = 200  # characters of one text in `data`: a sentence's worth, never a document; the rest is cut off

activity = Table(
    "activity",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ts_ms", EpochMs, nullable=False, index=True),
    Column("kind", String(24), nullable=False, index=True),
    Column("actor_id", String(16), nullable=False, index=True),
    Column("group_id", String(16), nullable=False, index=True),
    Column("plan_id", String(16), nullable=False, index=True),
    Column("lesson_id", String(16), nullable=False, index=True),
    Column("object_id", String(16), nullable=False),
    Column("data", Text, nullable=False),  # JSON
    Column("idem", String(80), nullable=False, unique=True),
)


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. Empty ids: it has to do with none."""

    id: int
    ts_ms: int
    kind: str
    actor_id: str
    group_id: str = ""
    plan_id: str = ""
    lesson_id: str = ""
    object_id: str = ""
    data: dict[str, Any] = {}
    actor: str = ""  # name and school as they are called now
    school_id: str = ""
    school: str = ""
    region: str = ""


class ActivityLog:
    """The one way into the log."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def note(
        self,
        tx: Transaction,
        kind: str,
        actor_id: str,
        *,
        group_id: str = "",
        plan_id: str = "",
        lesson_id: str = "",
        object_id: str = "",
        data: Mapping[str, Any] | None = None,
        idem: str | None = None,
        ts_ms: int | None = None,
    ) -> bool:
        """Write one entry inside the caller's transaction; return False when one of this `idem` is there already.

        Args:
            tx: the transaction that does what the entry tells.
            kind: one of `KINDS`.
            actor_id: the person who did it.
            group_id: the group that it happened in.
            plan_id: the plan that it has to do with.
            lesson_id: the lesson that it has to do with.
            object_id: what else it is about: a comment, task, meeting, resolution, review, item.
            data: what the sentence needs, see `KINDS`.
            idem: a key that the same event always gives, up to 80 characters; None: it cannot come twice.
            ts_ms: when it happened; None: now.
        """
        assert kind in KINDS, f"{kind} is not a kind of activity"
        said = {key: value[:MAX_SAID] if isinstance(value, str) else value for key, value in (data or {}).items()}
        if idem is not None:
            known = select(activity.c.id).where(activity.c.idem == idem)
            if (await tx.execute(known)).first() is not None:
                return False
        values = {
            "ts_ms": epoch_ms(self._clock()) if ts_ms is None else ts_ms,
            "kind": kind,
            "actor_id": actor_id,
            "group_id": group_id,
            "plan_id": plan_id,
            "lesson_id": lesson_id,
            "object_id": object_id,
            "data": msgspec.json.encode(said).decode(),
            "idem": idem or f"#{new_id()}",
        }
        await tx.execute(insert(activity).values(values))
        return True

    async def read(
        self,
        *,
        kinds: Collection[str] = (),
        since_ms: int = 0,
        until_ms: int | None = None,
        group_id: str | None = None,
        plan_id: str | None = None,
        lesson_id: str | None = None,
        actor_id: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> tuple[Activity, ...]:
        """Return entries, the newest first; see `read_in`."""
        async with self._database.read() as tx:
            return await read_in(
                tx, kinds=kinds, since_ms=since_ms, until_ms=until_ms, group_id=group_id, plan_id=plan_id,
                lesson_id=lesson_id, actor_id=actor_id, before=before, limit=limit,
            )  # fmt: skip


async def read_in(
    tx: Transaction,
    *,
    kinds: Collection[str] = (),
    since_ms: int = 0,
    until_ms: int | None = None,
    group_id: str | None = None,
    plan_id: str | None = None,
    lesson_id: str | None = None,
    actor_id: str | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> tuple[Activity, ...]:
    """Return entries, the newest first.

    Args:
        tx: the caller's transaction.
        kinds: only of these kinds; none: of all.
        since_ms: not older.
        until_ms: older than this.
        group_id: only of this group; None: of any. The same for plan, lesson and actor.
        plan_id: see `group_id`.
        lesson_id: see `group_id`.
        actor_id: see `group_id`.
        before: only those that were written before the entry of this id: the last one of the page before.
        limit: how many at the most; None: all.
    """
    query = (
        select(activity, people.c.name, schools.c.id.label("sid"), schools.c.name.label("school"), schools.c.region)
        .outerjoin_from(activity, people, people.c.id == activity.c.actor_id)
        .outerjoin(schools, schools.c.id == people.c.school_id)
        .where(activity.c.ts_ms >= since_ms)
        .order_by(activity.c.id.desc())
        .limit(limit)
    )
    if kinds:
        query = query.where(activity.c.kind.in_(tuple(kinds)))
    if until_ms is not None:
        query = query.where(activity.c.ts_ms < until_ms)
    if before is not None:
        query = query.where(activity.c.id < before)
    wanted = {"group_id": group_id, "plan_id": plan_id, "lesson_id": lesson_id, "actor_id": actor_id}
    for column, value in wanted.items():
        if value is not None:
            query = query.where(activity.c[column] == value)
    return tuple(_activity(row) for row in (await tx.execute(query)).all())


def _activity(row: Any) -> Activity:
    return Activity(
        id=row.id,
        ts_ms=row.ts_ms,
        kind=row.kind,
        actor_id=row.actor_id,
        group_id=row.group_id,
        plan_id=row.plan_id,
        lesson_id=row.lesson_id,
        object_id=row.object_id,
        data=msgspec.json.decode(row.data),
        actor=row.name or "",
        school_id=row.sid or "",
        school=row.school or "",
        region=row.region or "",
    )
