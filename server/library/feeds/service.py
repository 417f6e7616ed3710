"""What of the resources is public, as feeds tell it: by the table of access, for somebody whom nobody knows."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from server.accounts.tables import schools
from server.library.access import Act, public_acts
from server.library.feeds.oai import PAGE, Query, Record
from server.library.resources import desk, papers, tables
from server.library.resources.crate import dublin_core, identifier_of, oai_dc
from server.library.resources.leaving import leaving_names
from server.library.resources.model import FileEntry, Resource
from server.library.resources.tables import resource_versions, resources
from server.storage.database import Database, Transaction

FEED_ITEMS = 50  # podcast players show some; whoever wants all of them harvests
_PREFERRED = ("light", "low", "audio")  # of an enclosure, what a phone on a small plan would take first

_current = resource_versions.alias("current")
_is_public = _current.c.audience == "public"
_was_public = exists().where(
    resource_versions.c.resource_id == resources.c.id, resource_versions.c.audience == "public"
)


class Told(NamedTuple):
    """A resource as a feed tells it, with the file to fetch."""

    resource: Resource
    file: FileEntry


class FeedService:
    """Public resources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, *, region: str = "", school: str = "", subject: str = "") -> list[Told]:
        """Return the newest public lessons that anybody may play, each with its smallest rendition."""
        condition = resource_versions.c.audience == "public"
        condition &= resources.c.recording_id.is_not(None)
        if school:
            condition &= resources.c.school_id == school
        if region:
            condition &= schools.c.region == region
        if subject:
            condition &= resource_versions.c.subject == subject
        async with self._database.read() as tx:
            found = await tables.published_where(tx, condition, FEED_ITEMS)
            told = [(one, await _public_files(tx, one)) for one in found]
        return [Told(one, file) for one, files in told if (file := _preferred(files)) is not None]

    async def earliest_s(self) -> int:
        """Return when the first of all records was made."""
        async with self._database.read() as tx:
            found = (await tx.execute(select(func.min(_whole_s())).select_from(_joined()).where(_was_public))).scalar()
        return int(found or 0)

    async def record(self, identifier: str, site: str) -> Record | None:
        """Return the record of this identifier."""
        async with self._database.read() as tx:
            rows = (await tx.execute(_rows().where(resources.c.id == identifier.rpartition(":")[2]))).all()
            found = [await _record(tx, row, site) for row in rows]
        return next((one for one in found if one.identifier == identifier), None)

    async def page(self, query: Query, site: str) -> tuple[list[Record], int, bool]:
        """Return a piece of the list that is asked for, how long it is in all, and whether this is its end."""
        within: list[ColumnElement[bool]] = []
        if query.from_s is not None:
            within.append(_whole_s() >= query.from_s)
        if query.until_s is not None:
            within.append(_whole_s() <= query.until_s)
        condition = and_(_was_public, *within)
        async with self._database.read() as tx:
            count = select(func.count()).select_from(_joined()).where(condition)
            total = int((await tx.execute(count)).scalar_one())
            if query.after is not None:
                last = query.after.id.rpartition(":")[2]
                later = _whole_s() > query.after.stamp_s
                condition &= or_(later, and_(_whole_s() == query.after.stamp_s, resources.c.id > last))
            rows = (
                await tx.execute(_rows().where(condition).order_by(_whole_s(), resources.c.id).limit(PAGE + 1))
            ).all()
            found = [await _record(tx, row, site) for row in rows[:PAGE]]
        return found, total, len(rows) <= PAGE


def _whole_s() -> ColumnElement[int]:
    """Return when a record became what it is, in UTC epoch seconds: published as it is now, or taken back."""
    stamp_ms = func.coalesce(_current.c.published_ms, resources.c.changed_ms)
    return stamp_ms // 1000


def _joined() -> Any:  # the type of a join has no short name
    is_current = (_current.c.resource_id == resources.c.id) & (_current.c.version == resources.c.published)
    return resources.outerjoin(_current, is_current)


def _rows() -> Any:
    shown = case((_is_public, 1), else_=0)
    return (
        select(resources.c.id, _whole_s().label("stamp_s"), shown.label("is_public"))
        .select_from(_joined())
        .where(_was_public)
    )


async def _record(tx: Transaction, row: Any, site: str) -> Record:
    resource = await desk.published(tx, row.id) if row.is_public else None
    if resource is None:
        return Record(f"urn:tongtang:resource:{row.id}", row.stamp_s, None)
    elements = dublin_core(resource, await _public_files(tx, resource), f"{site}/resources/{resource.id}")
    return Record(identifier_of(resource), row.stamp_s, oai_dc(elements))


async def _public_files(tx: Transaction, resource: Resource) -> list[FileEntry]:
    """Return the files that anybody may have now."""
    if Act.PLAY not in public_acts(await desk.holding_of(tx, resource)):
        return []
    files = await papers.files_of(tx, resource.id, resource.version)
    names = leaving_names(files, await desk.consents_of(tx, resource), "public")
    return [one for one in files if one.name in names]


def _preferred(files: list[FileEntry]) -> FileEntry | None:
    by_name = {one.name: one for one in files}
    return next((by_name[name] for name in _PREFERRED if name in by_name), None)
