"""Finding plans and published resources: only what the person may read, and nothing said of anything else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Select, and_, or_, select, text, true

from server.accounts.model import Asker, Person
from server.accounts.tables import people, schools
from server.library.resources.finding import open_to
from server.library.resources.tables import resource_versions, resources
from server.planning.groups import desk as group_desk
from server.planning.groups.tables import groups as research_groups
from server.planning.plans.tables import plans
from server.planning.search import index
from server.planning.search.snippets import Snippet, marked, snippet
from server.planning.search.tables import entries
from server.planning.search.terms import Term, query
from server.storage.database import Database, Transaction

PAGE = 20
MAX_START = 10_000
FIRST_LOOK = 80  # entries of the first batch beyond what is asked for
MAX_LOOK = 5_000  # of any batch; SQLite takes 32,766 parameters

Wanted = Literal["", "plan", "resource"]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A plan or a resource that was found."""

    kind: index.Kind
    id: str
    title: Snippet
    snippet: Snippet
    subject: str
    grade: str
    by: str  # who leads the plan, or made the resource
    owner: str  # the group of the plan, or the school of the resource
    state: str  # of the plan; "published"
    changed_ms: int  # UTC epoch: the plan's last change, the resource's publication


class Answer(msgspec.Struct, frozen=True):
    """One page of what was found, the best first."""

    items: tuple[Found, ...]
    next: int | None  # where the next page starts


class SearchService:
    """Search."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self, person: Person, typed: str, *, kind: Wanted = "", subject: str = "", grade: str = "", start: int = 0
    ) -> Answer:
        """Return up to `PAGE` of what the person may read that has all words of the query, from the `start`th.

        What there is nothing to look for in (only signs, only spaces) finds nothing.
        """
        terms = query(typed)
        if not terms:
            return Answer((), None)
        async with self._database.read() as tx:
            ids = await matching(tx, person, terms, kind, subject, grade, start, PAGE + 1)
            found = await self._load(tx, person, ids[:PAGE], terms)
        return Answer(found, start + PAGE if len(ids) > PAGE else None)

    async def _load(
        self, tx: Transaction, person: Person, ids: Sequence[int], terms: Sequence[Term]
    ) -> tuple[Found, ...]:
        sight = await group_desk.sight_of(tx, person)
        rows = {row.id: row for row in await tx.execute(_details().where(entries.c.id.in_(ids)))}
        return tuple(_found(rows[one], sight.groups, terms) for one in ids if one in rows)


async def matching(
    tx: Transaction,
    person: Person,
    terms: Sequence[Term],
    kind: Wanted = "",
    subject: str = "",
    grade: str = "",
    start: int = 0,
    limit: int = PAGE,
) -> list[int]:
    """Return the ids of entries that the person may read and that have all of the words, the best first."""
    match = index.match(tx.dialect.name, terms)
    allowed: list[ColumnElement[bool]] = []
    if kind in ("", "plan"):
        allowed.append(await _open_plans(tx, person, text(match.in_final), subject, grade))
    if kind in ("", "resource"):
        allowed.append(await _open_resources(tx, person, subject, grade))
    readable = select(entries.c.id).select_from(_origin()).where(or_(*allowed))
    found: list[int] = []
    # Ranked first and then looked at in batches: whoever may read half of all needs one batch, and nobody all.
    async with aclosing(_batches(tx, match, start + limit + FIRST_LOOK)) as batches:
        async for ranked in batches:
            mine = readable.where(entries.c.id.in_(ranked))
            kept = frozenset((await tx.execute(mine, match.values)).scalars())
            found += [one for one in ranked if one in kept]
            if len(found) >= start + limit:
                break
    return found[start : start + limit]


async def _batches(tx: Transaction, match: index.Match, size: int) -> AsyncGenerator[Sequence[int], None]:
    """Yield the ids of entries that have all of the words, the best first, in batches that grow."""
    if not await _ids(tx, match.newest, match, 1, index.COMMON):
        async for batch in _in_order(tx, match, match.ranked, size):
            yield batch
        return
    titled: set[int] = set()
    async for batch in _in_order(tx, match, match.in_titles, size):
        titled.update(batch)
        yield batch
    async for batch in _in_order(tx, match, match.newest, size):
        yield [one for one in batch if one not in titled]


async def _in_order(tx: Transaction, match: index.Match, order: str, size: int) -> AsyncIterator[Sequence[int]]:
    offset = 0
    while True:
        size = min(size, MAX_LOOK)
        batch = await _ids(tx, order, match, size, offset)
        yield batch
        if len(batch) < size:
            return
        offset, size = offset + size, size * 8


async def _ids(tx: Transaction, order: str, match: index.Match, limit: int, offset: int) -> Sequence[int]:
    values = {**match.values, "limit": limit, "offset": offset}
    return (await tx.execute(text(order), values)).scalars().all()


def _origin() -> Any:  # the type of a join has no short name
    """Return entries with what the rights to them depend on."""
    origin: Any = entries.outerjoin(plans, (entries.c.kind == "plan") & (plans.c.id == entries.c.object_id))
    origin = origin.outerjoin(resources, (entries.c.kind == "resource") & (resources.c.id == entries.c.object_id))
    current = (resource_versions.c.resource_id == resources.c.id) & (
        resource_versions.c.version == resources.c.published
    )
    return origin.outerjoin(resource_versions, current)


async def _open_plans(
    tx: Transaction, person: Person, in_final: ColumnElement[bool] | Any, subject: str, grade: str
) -> ColumnElement[bool]:
    """Return the condition of plans that the person may read: as `plans/desk.py` decides for one.

    Of a final plan of others only the title and the final text are looked into.
    """
    groups = (await group_desk.sight_of(tx, person)).groups
    mine = true() if groups is None else plans.c.group_id.in_(groups)
    readable = or_(mine, and_(plans.c.state == "finalised", in_final))
    return and_(entries.c.kind == "plan", plans.c.id.is_not(None), readable, _about(plans, subject, grade))


async def _open_resources(tx: Transaction, person: Person, subject: str, grade: str) -> ColumnElement[bool]:
    is_there = resource_versions.c.version.is_not(None)
    readable = await open_to(tx, Asker(person))
    return and_(entries.c.kind == "resource", is_there, readable, _about(resource_versions, subject, grade))


def _about(told: Any, subject: str, grade: str) -> ColumnElement[bool]:
    terms = [told.c[name] == wanted for name, wanted in (("subject", subject), ("grade", grade)) if wanted]
    return and_(true(), *terms)


_leads, _makers = people.alias("plan_lead"), people.alias("resource_maker")


def _details() -> Select[Any]:
    query = select(
        *(entries.c[name] for name in ("id", "kind", "object_id", "title", "body", "final", "changed_ms")),
        plans.c.state.label("plan_state"),
        plans.c.group_id.label("group_id"),
        plans.c.subject.label("plan_subject"),
        plans.c.grade.label("plan_grade"),
        plans.c.changed_ms.label("plan_changed_ms"),
        resource_versions.c.subject.label("resource_subject"),
        resource_versions.c.grade.label("resource_grade"),
        _leads.c.name.label("lead"),
        _makers.c.name.label("maker"),
        research_groups.c.name.label("group_name"),
        schools.c.name.label("school_name"),
    )
    origin = _origin()
    for other, condition in (
        (_leads, _leads.c.id == plans.c.lead_id),
        (research_groups, research_groups.c.id == plans.c.group_id),
        (_makers, _makers.c.id == resources.c.owner_id),
        (schools, schools.c.id == resources.c.school_id),
    ):
        origin = origin.outerjoin(other, condition)
    return query.select_from(origin)


def _found(row: Any, groups: frozenset[str] | None, terms: Sequence[Term]) -> Found:
    is_plan = row.kind == "plan"
    sees_all = not is_plan or groups is None or row.group_id in groups
    return Found(
        kind=row.kind,
        id=row.object_id,
        title=marked(row.title, terms),
        snippet=snippet(row.body if sees_all else row.final, terms),
        subject=row.plan_subject if is_plan else row.resource_subject,
        grade=row.plan_grade if is_plan else row.resource_grade,
        by=row.lead if is_plan else row.maker,
        owner=row.group_name if is_plan else row.school_name,
        state=row.plan_state if is_plan else "published",
        changed_ms=row.plan_changed_ms if is_plan else row.changed_ms,
    )
