"""Tables of lesson plans, and the queries on the plans themselves; `papers.py` has those on what hangs on them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from server.accounts.tables import people
from server.lessons.model import PersonRef
from server.planning.plans.model import Plan
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata
from signaling.errors import Refused

plans = Table(
    "plans",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("group_id", String(16), ForeignKey("research_groups.id"), nullable=False, index=True),
    Column("title", String(80), nullable=False),
    Column("subject", String(20), nullable=False),
    Column("grade", String(20), nullable=False),
    Column("edition", String(20), nullable=False),
    Column("lead_id", String(16), ForeignKey("people.id"), nullable=False, index=True),
    Column("state", String(12), nullable=False, index=True),
    Column("generation", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("template_id", String(16)),
    Column("previous_id", String(16), ForeignKey("plans.id"), index=True),
    Column("by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("created_ms", EpochMs, nullable=False),
    Column("changed_ms", EpochMs, nullable=False),
)


def _of_plan(*, is_key: bool = False) -> Column[Any]:
    owner = ForeignKey("plans.id", ondelete="CASCADE")
    return Column("plan_id", String(16), owner, primary_key=is_key, nullable=False, index=not is_key)


def _person(name: str, *, is_optional: bool = False) -> Column[Any]:
    return Column(name, String(16), ForeignKey("people.id"), nullable=is_optional)


plan_updates = Table(  # what was written since the snapshot, in the order it was taken up
    "plan_updates",
    metadata,
    _of_plan(is_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _person("author_id"),  # whose words they are
    _person("carrier_id", is_optional=True),  # who brought them, when that was somebody else
    Column("ts_ms", EpochMs, nullable=False),
    Column("blob", LargeBinary, nullable=False),
)
plan_snapshots = Table(
    "plan_snapshots",
    metadata,
    _of_plan(is_key=True),
    Column("seq", Integer, nullable=False),  # of the last update in it
    Column("blob", LargeBinary, nullable=False),
    Column("runs", LargeBinary, nullable=False),  # who wrote what: `Attribution.encode`
)
plan_clients = Table(  # who a Yjs client id is: random for each session of an editor, a person for ever
    "plan_clients",
    metadata,
    _of_plan(is_key=True),
    Column("client_id", BigInteger, primary_key=True, autoincrement=False),
    _person("person_id"),
    Column("first_ms", EpochMs, nullable=False),
)
plan_versions = Table(
    "plan_versions",
    metadata,
    _of_plan(is_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(80), nullable=False),
    _person("by_id"),
    Column("made_ms", EpochMs, nullable=False),
    Column("is_final", Boolean, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("characters", Integer, nullable=False),
    Column("text", Text, nullable=False),  # Markdown
    Column("blob", LargeBinary, nullable=False),
    Column("runs", LargeBinary, nullable=False),
)
plan_comments = Table(
    "plan_comments",
    metadata,
    Column("id", String(16), primary_key=True),
    _of_plan(),
    Column("kind", String(12), nullable=False),
    _person("by_id"),
    Column("text", Text, nullable=False),
    Column("anchor_start", String(200)),  # base64 of a Yjs relative position; none: of the whole plan
    Column("anchor_end", String(200)),
    Column("quote", Text, nullable=False),
    Column("replacement", Text),
    Column("made_ms", EpochMs, nullable=False),
    Column("resolved_ms", EpochMs),
    _person("resolved_by_id", is_optional=True),
    Column("outcome", String(12), nullable=False),
)
plan_replies = Table(
    "plan_replies",
    metadata,
    Column("id", String(16), primary_key=True),
    Column(
        "comment_id",
        String(16),
        ForeignKey("plan_comments.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    _person("by_id"),
    Column("text", Text, nullable=False),
    Column("made_ms", EpochMs, nullable=False),
)
plan_tasks = Table(
    "plan_tasks",
    metadata,
    Column("id", String(16), primary_key=True),
    _of_plan(),
    Column("text", Text, nullable=False),
    Column("owner_id", String(16), ForeignKey("people.id"), nullable=False, index=True),
    Column("due", String(10)),  # ISO 8601 day
    _person("by_id"),
    Column("made_ms", EpochMs, nullable=False),
    Column("done_ms", EpochMs),
    _person("done_by_id", is_optional=True),
)
plan_pictures = Table(
    "plan_pictures",
    metadata,
    _of_plan(is_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("mime", String(40), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    _person("by_id"),
    Column("added_ms", EpochMs, nullable=False),
)
plan_lessons = Table(  # lessons that were made of a plan
    "plan_lessons",
    metadata,
    _of_plan(is_key=True),
    Column("lesson_id", String(16), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("number", Integer, nullable=False),  # of the version that was final then
    Column("added_ms", EpochMs, nullable=False),
)


# --- plans ----------------------------------------------------------------------------------------------------------


async def add(tx: Transaction, plan: Plan, by_id: str) -> None:
    """Store a new plan."""
    await tx.execute(insert(plans).values(id=plan.id, by_id=by_id, created_ms=plan.created_ms, **_changing(plan)))


async def save(tx: Transaction, plan: Plan, seen: int) -> None:
    """Store a plan that was changed since its revision `seen`.

    Raises:
        Refused: `plan_changed` when somebody else was first.
    """
    changed = update(plans).where(plans.c.id == plan.id, plans.c.revision == seen).values(**_changing(plan))
    if (await tx.execute(changed)).rowcount != 1:
        raise Refused("plan_changed", "这份教案的信息刚刚被别人修改过，请查看最新内容后再改。")


def _changing(plan: Plan) -> dict[str, Any]:
    return {
        "group_id": plan.group_id,
        "title": plan.title,
        "subject": plan.subject,
        "grade": plan.grade,
        "edition": plan.edition,
        "lead_id": plan.lead.id,
        "state": plan.state,
        "generation": plan.generation,
        "revision": plan.revision,
        "template_id": plan.template_id,
        "previous_id": plan.previous_plan_id,
        "changed_ms": plan.changed_ms,
    }


async def find(tx: Transaction, plan_id: str) -> Plan:
    """Return the plan.

    Raises:
        Refused: `plan_unknown`.
    """
    found = await _found(tx, _select().where(plans.c.id == plan_id))
    if not found:
        raise Refused("plan_unknown", "没有找到这份教案，它可能不存在，或者不向您开放。")
    return found[0]


async def of_groups(
    tx: Transaction, group_ids: Collection[str] | None, *, states: Collection[str], limit: int, start: int = 0
) -> tuple[Plan, ...]:
    """Return plans of groups (None: of all), those that were changed last first."""
    query = _select().where(plans.c.state.in_(tuple(states)))
    if group_ids is not None:
        query = query.where(plans.c.group_id.in_(tuple(group_ids)))
    return await _found(tx, query.order_by(plans.c.changed_ms.desc(), plans.c.id).limit(limit).offset(start))


async def count_of_group(tx: Transaction, group_id: str) -> int:
    """Return how many plans the group has."""
    query = select(func.count()).select_from(plans).where(plans.c.group_id == group_id)
    return int((await tx.execute(query)).scalar_one())


async def next_of(tx: Transaction, plan_id: str) -> tuple[Plan, ...]:
    """Return the plans that continue this one."""
    return await _found(tx, _select().where(plans.c.previous_id == plan_id).order_by(plans.c.created_ms))


async def of_lesson(tx: Transaction, lesson_id: str) -> Plan | None:
    """Return the plan that a lesson was made of."""
    of = select(plan_lessons.c.plan_id).where(plan_lessons.c.lesson_id == lesson_id)
    found = await _found(tx, _select().where(plans.c.id.in_(of)))
    return found[0] if found else None


async def touch(tx: Transaction, plan_id: str, now_ms: int) -> None:
    """Note that the plan's words were changed."""
    await tx.execute(update(plans).where(plans.c.id == plan_id).values(changed_ms=now_ms))


async def add_lesson(tx: Transaction, plan_id: str, lesson_id: str, number: int, now_ms: int) -> None:
    """Note that a lesson was made of a version of the plan; noting it again changes nothing."""
    of = (plan_lessons.c.plan_id == plan_id) & (plan_lessons.c.lesson_id == lesson_id)
    if (await tx.execute(select(plan_lessons.c.number).where(of))).first() is None:
        values = {"plan_id": plan_id, "lesson_id": lesson_id, "number": number, "added_ms": now_ms}
        await tx.execute(insert(plan_lessons).values(**values))


async def lesson_version(tx: Transaction, lesson_id: str) -> tuple[str, int] | None:
    """Return the plan and the number of its version that a lesson was made of."""
    query = select(plan_lessons.c.plan_id, plan_lessons.c.number).where(plan_lessons.c.lesson_id == lesson_id)
    row = (await tx.execute(query)).first()
    return None if row is None else (row.plan_id, row.number)


async def remove_lesson(tx: Transaction, plan_id: str, lesson_id: str) -> None:
    """Forget that a lesson was made of the plan."""
    of = (plan_lessons.c.plan_id == plan_id) & (plan_lessons.c.lesson_id == lesson_id)
    await tx.execute(delete(plan_lessons).where(of))


def _select() -> Any:  # the type of a joined select has no short name
    return select(plans, people.c.name).join_from(plans, people, people.c.id == plans.c.lead_id)


async def _found(tx: Transaction, query: Any) -> tuple[Plan, ...]:
    rows = (await tx.execute(query)).all()
    lessons = await _lessons(tx, [row.id for row in rows])
    return tuple(_plan(row, lessons.get(row.id, ())) for row in rows)


async def _lessons(tx: Transaction, plan_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    if plan_ids:
        query = select(plan_lessons.c.plan_id, plan_lessons.c.lesson_id).where(plan_lessons.c.plan_id.in_(plan_ids))
        for row in await tx.execute(query.order_by(plan_lessons.c.added_ms, plan_lessons.c.lesson_id)):
            found[row.plan_id] = (*found.get(row.plan_id, ()), row.lesson_id)
    return found


def _plan(row: Any, lesson_ids: tuple[str, ...]) -> Plan:
    return Plan(
        id=row.id,
        group_id=row.group_id,
        title=row.title,
        subject=row.subject,
        grade=row.grade,
        edition=row.edition,
        lead=PersonRef(row.lead_id, row.name),
        state=row.state,
        generation=row.generation,
        revision=row.revision,
        template_id=row.template_id,
        lesson_ids=lesson_ids,
        previous_plan_id=row.previous_id,
        created_ms=row.created_ms,
        changed_ms=row.changed_ms,
    )
