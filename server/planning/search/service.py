"""Finding plans and published resources: only what the person may read, and nothing said of anything else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select, text, true

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


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks for what."""

    person: Person
    groups: frozenset[str] | None  # whose drafts the person may read; None: everybody's
    terms: Sequence[Term]
    kind: Wanted = ""
    subject: str = ""  # empty: any
    grade: str = ""


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
            groups = (await group_desk.sight_of(tx, person)).groups
            asked = Asked(person=person, groups=groups, terms=terms, kind=kind, subject=subject, grade=grade)
            ids = await matching(tx, asked, start, PAGE + 1)
            found = await _load(tx, asked, ids[:PAGE])
        return Answer(found, start + PAGE if len(ids) > PAGE else None)


async def matching(tx: Transaction, asked: Asked, start: int = 0, limit: int = PAGE) -> list[int]:
    """Return the ids of entries that the person may read and that have all of the words, the best first."""
    match, found = index.match(tx.dialect.name, asked.terms), list[int]()
    # Ranked first and then looked at in batches: whoever may read half of all needs one batch, and nobody all.
    async with aclosing(_batches(tx, match, start + limit + FIRST_LOOK)) as batches:
        async for batch in batches:
            kept = await _readable(tx, asked, match, batch)
            found += [one for one in batch.ids if one in kept]
            if len(found) >= start + limit:
                break
    return found[start : start + limit]


class _Batch(NamedTuple):
    ids: Sequence[int]
    is_titled: bool  # all words are in the titles, which everybody may read of what is final


async def _readable(tx: Transaction, asked: Asked, match: index.Match, batch: _Batch) -> frozenset[int]:
    """Return which of the batch the person may read."""
    if not batch.ids:
        return frozenset()
    allowed: list[ColumnElement[bool]] = []
    if asked.kind in ("", "plan"):
        allowed.append(_open_plans(asked, true() if batch.is_titled else text(match.in_final)))
    if asked.kind in ("", "resource"):
        allowed.append(_open_resources(asked))
    readable = select(entries.c.id).select_from(_ORIGIN).where(entries.c.id.in_(batch.ids), or_(*allowed))
    values = {**match.values, "lowest": min(batch.ids), "highest": max(batch.ids)}
    return frozenset((await tx.execute(readable, values)).scalars())


async def _batches(tx: Transaction, match: index.Match, size: int) -> AsyncGenerator[_Batch, None]:
    """Yield the ids of entries that have all of the words, the best first, in batches that grow."""
    if not await _ids(tx, match.newest, match, 1, index.COMMON):
        async for ids in _in_order(tx, match, match.ranked, size):
            yield _Batch(ids, is_titled=False)
        return
    titled: set[int] = set()
    async for ids in _in_order(tx, match, match.in_titles, size):
        titled.update(ids)
        yield _Batch(ids, is_titled=True)
    async for ids in _in_order(tx, match, match.newest, size):
        yield _Batch([one for one in ids if one not in titled], is_titled=False)


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


def _make_origin() -> Any:  # the type of a join has no short name
    """Return entries with what the rights to them depend on."""
    origin: Any = entries.outerjoin(plans, (entries.c.kind == "plan") & (plans.c.id == entries.c.object_id))
    origin = origin.outerjoin(resources, (entries.c.kind == "resource") & (resources.c.id == entries.c.object_id))
    current = (resource_versions.c.resource_id == resources.c.id) & (
        resource_versions.c.version == resources.c.published
    )
    return origin.outerjoin(resource_versions, current)


_ORIGIN = _make_origin()


def _open_plans(asked: Asked, in_final: ColumnElement[bool] | Any) -> ColumnElement[bool]:
    """Return the condition of plans that the person may read: as `plans/desk.py` decides for one.

    Of a final plan of others only the title and the final text are looked into.
    """
    mine = true() if asked.groups is None else plans.c.group_id.in_(asked.groups)
    readable = or_(mine, and_(plans.c.state == "finalised", in_final))
    return and_(entries.c.kind == "plan", plans.c.id.is_not(None), readable, _about(plans, asked))


def _open_resources(asked: Asked) -> ColumnElement[bool]:
    is_there, readable = resource_versions.c.version.is_not(None), open_to(Asker(asked.person))
    return and_(entries.c.kind == "resource", is_there, readable, _about(resource_versions, asked))


def _about(told: Any, asked: Asked) -> ColumnElement[bool]:
    wanted = (("subject", asked.subject), ("grade", asked.grade))
    terms = [told.c[name] == value for name, value in wanted if value]
    return and_(true(), *terms)


_leads, _makers = people.alias("plan_lead"), people.alias("resource_maker")


def _make_details() -> Select[Any]:
    """Return the query of all that is shown of entries, with their ids as its parameter."""
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
    origin = _ORIGIN
    for other, condition in (
        (_leads, _leads.c.id == plans.c.lead_id),
        (research_groups, research_groups.c.id == plans.c.group_id),
        (_makers, _makers.c.id == resources.c.owner_id),
        (schools, schools.c.id == resources.c.school_id),
    ):
        origin = origin.outerjoin(other, condition)
    return query.select_from(origin).where(entries.c.id.in_(bindparam("ids", expanding=True)))


_DETAILS = _make_details()  # made once: to put it together takes longer than to ask it


async def _load(tx: Transaction, asked: Asked, ids: Sequence[int]) -> tuple[Found, ...]:
    rows = {row.id: row for row in await tx.execute(_DETAILS, {"ids": ids})}
    return tuple(_found(rows[one], asked.groups, asked.terms) for one in ids if one in rows)


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
