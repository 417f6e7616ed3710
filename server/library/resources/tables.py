"""Tables of resources and the queries on the resources themselves; `papers.py` has those on what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    insert,
    or_,
    select,
    update,
)

from server.accounts.model import SchoolRef
from server.accounts.tables import people, schools
from server.lessons.model import PersonRef
from server.lessons.tables import lessons
from server.library.resources.model import Metadata, Resource, metadata_of
from server.library.tables import recordings
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata
from signaling.errors import Refused


def _searched() -> tuple[Column[Any], ...]:
    """Return the metadata as a whole, and what lists are filtered by."""
    return (
        Column("meta", Text, nullable=False),  # JSON of `Metadata`
        Column("subject", String(20), nullable=False),
        Column("grade", String(20), nullable=False),
        Column("tier", String(12), nullable=False),
        Column("audience", String(12), nullable=False),
        Column("words", Text, nullable=False),  # what a search looks through
    )


resources = Table(
    "resources",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("recording_id", String(16), ForeignKey("recordings.id"), unique=True),
    Column("school_id", String(16), ForeignKey("schools.id"), nullable=False, index=True),
    Column("owner_id", String(16), ForeignKey("people.id"), nullable=False, index=True),
    Column("state", String(12), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("published", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("reviewer_id", String(16), ForeignKey("people.id")),
    Column("reason", Text, nullable=False),
    *_searched(),
    Column("created_ms", EpochMs, nullable=False),
    Column("changed_ms", EpochMs, nullable=False),
)


def _of_resource(*, is_key: bool = False) -> Column[Any]:
    owner = ForeignKey("resources.id", ondelete="CASCADE")
    return Column("resource_id", String(16), owner, primary_key=is_key, nullable=False, index=not is_key)


resource_versions = Table(
    "resource_versions",
    metadata,
    _of_resource(is_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    *_searched(),
    Column("by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("published_ms", EpochMs, nullable=False),
)
resource_files = Table(
    "resource_files",
    metadata,
    _of_resource(is_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),  # 0: of the work; else of what was published
    Column("name", String(40), primary_key=True),
    Column("path", String(200), nullable=False),
    Column("mime", String(100), nullable=False),
    Column("bytes", EpochMs, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("title", String(200), nullable=False),
    Column("minors", Boolean, nullable=False),
    Column("classrooms", Text, nullable=False),  # JSON list of ids
)
resource_reviews = Table(
    "resource_reviews",
    metadata,
    Column("id", String(16), primary_key=True),
    _of_resource(),
    Column("version", Integer, nullable=False),
    Column("reviewer_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("verdict", String(12), nullable=False),
    Column("standard", String(20), nullable=False),  # the version of the audit standard
    Column("marks", Text, nullable=False),  # JSON of `Mark`s
    Column("remark", Text, nullable=False),
    Column("done_ms", EpochMs, nullable=False),
)
resource_notes = Table(
    "resource_notes",
    metadata,
    Column("id", String(16), primary_key=True),
    _of_resource(),
    Column("version", Integer, nullable=False),
    Column("by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("at_ms", EpochMs),  # on the recording's time; none: of the whole
    Column("text", Text, nullable=False),
    Column("answer", Text, nullable=False),  # of the author
    Column("created_ms", EpochMs, nullable=False),
    Column("resolved_ms", EpochMs),
)
resource_consents = Table(
    "resource_consents",
    metadata,
    Column("id", String(16), primary_key=True),
    _of_resource(),
    Column("subject_kind", String(12), nullable=False),
    Column("subject_id", String(16), nullable=False),
    Column("subject_name", String(120), nullable=False),
    Column("school_id", String(16), nullable=False),
    Column("renditions", Text, nullable=False),  # JSON list of names
    Column("scope", String(12), nullable=False),
    Column("given_on", String(10), nullable=False),
    Column("how", String(12), nullable=False),
    Column("note", Text, nullable=False),
    Column("recorded_by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("recorded_ms", EpochMs, nullable=False),
    Column("revoked_ms", EpochMs),
)

_owner, _reviewer = people.alias("resource_owner"), people.alias("resource_reviewer")
_decode_meta = msgspec.json.Decoder(Metadata).decode


def searched(meta: Metadata) -> dict[str, Any]:
    """Return the columns that hold the metadata."""
    words = [meta.title, meta.description, meta.edition, *(one.name for one in meta.contributors)]
    return {
        "meta": msgspec.json.encode(metadata_of(meta)).decode(),
        "subject": meta.subject,
        "grade": meta.grade,
        "tier": meta.tier,
        "audience": meta.audience,
        "words": "\n".join(words),
    }


def _values(resource: Resource) -> dict[str, Any]:
    return searched(resource) | {
        "state": resource.state,
        "version": resource.version,
        "published": resource.published,
        "reviewer_id": resource.reviewer.id if resource.reviewer else None,
        "reason": resource.reason,
        "changed_ms": resource.changed_ms,
    }


async def add_resource(tx: Transaction, resource: Resource) -> None:
    """Store a new resource."""
    values = _values(resource) | {
        "id": resource.id,
        "kind": resource.kind,
        "recording_id": resource.recording_id,
        "school_id": resource.school.id,
        "owner_id": resource.owner.id,
        "revision": resource.revision,
        "created_ms": resource.created_ms,
    }
    await tx.execute(insert(resources).values(values))


async def save(tx: Transaction, resource: Resource) -> Resource:
    """Store the resource as changed from the revision that it has; return it with the next.

    Raises:
        Refused: `resource_changed` when somebody else was faster.
    """
    known = (resources.c.id == resource.id) & (resources.c.revision == resource.revision)
    done = await tx.execute(
        update(resources).where(known).values(_values(resource) | {"revision": resource.revision + 1})
    )
    if not done.rowcount:
        raise Refused("resource_changed", "这份资源刚才被别人改过。请刷新页面看一看，再继续。")
    return msgspec.structs.replace(resource, revision=resource.revision + 1)


async def find(tx: Transaction, resource_id: str) -> Resource | None:
    """Return the working version of the resource."""
    found = await where(tx, resources.c.id == resource_id, limit=1)
    return found[0] if found else None


async def of_recording(tx: Transaction, recording_id: str) -> Resource | None:
    """Return the working version of the recording's resource."""
    found = await where(tx, resources.c.recording_id == recording_id, limit=1)
    return found[0] if found else None


async def where(tx: Transaction, condition: ColumnElement[bool], limit: int, offset: int = 0) -> list[Resource]:
    """Return working versions, what changed last first."""
    query = _select(resources).where(condition).order_by(resources.c.changed_ms.desc(), resources.c.id)
    return [_resource(row) for row in (await tx.execute(query.limit(limit).offset(offset))).all()]


async def published_where(
    tx: Transaction, condition: ColumnElement[bool], limit: int, offset: int = 0
) -> list[Resource]:
    """Return what is handed out, as it was published, the newest first.

    `condition` may name columns of `resources` and `resource_versions`.
    """
    query = _select(resource_versions).where(resources.c.published == resource_versions.c.version, condition)
    query = query.order_by(resource_versions.c.published_ms.desc(), resources.c.id).limit(limit).offset(offset)
    return [_as_published(row) for row in (await tx.execute(query)).all()]


def _select(meta: Table) -> Any:  # the type of a joined select has no short name
    join = resources.join(schools, schools.c.id == resources.c.school_id).join(
        _owner, _owner.c.id == resources.c.owner_id
    )
    join = join.outerjoin(_reviewer, _reviewer.c.id == resources.c.reviewer_id)
    join = join.outerjoin(recordings, recordings.c.id == resources.c.recording_id)
    join = join.outerjoin(lessons, lessons.c.id == recordings.c.lesson_id)
    current = (resource_versions.c.resource_id == resources.c.id) & (
        resource_versions.c.version == resources.c.published
    )
    return select(
        resources,
        meta.c.meta.label("told"),
        schools.c.name.label("school_name"),
        _owner.c.name.label("owner_name"),
        _reviewer.c.name.label("reviewer_name"),
        recordings.c.duration_ms.label("duration_ms"),
        lessons.c.kind.label("lesson_kind"),
        resource_versions.c.published_ms.label("published_ms"),
    ).select_from(join.outerjoin(resource_versions, current))


def _resource(row: Any) -> Resource:
    meta = _decode_meta(row.told)
    told = {name: getattr(meta, name) for name in Metadata.__struct_fields__}
    return Resource(
        **told,
        id=row.id,
        kind=row.kind,
        school=SchoolRef(row.school_id, row.school_name),
        owner=PersonRef(row.owner_id, row.owner_name),
        state=row.state,
        version=row.version,
        published=row.published,
        recording_id=row.recording_id,
        revision=row.revision,
        reviewer=PersonRef(row.reviewer_id, row.reviewer_name) if row.reviewer_id else None,
        reason=row.reason,
        created_ms=row.created_ms,
        changed_ms=row.changed_ms,
        published_ms=row.published_ms or 0,
        duration_ms=row.duration_ms or 0,
        is_meeting=row.lesson_kind == "meeting",
    )


def _as_published(row: Any) -> Resource:
    return msgspec.structs.replace(_resource(row), state="published", version=row.published, reviewer=None)


def about(table: Table, *, subject: str = "", grade: str = "", tier: str = "", words: str = "") -> ColumnElement[bool]:
    """Return the condition of a list's filters, on the work (`resources`) or on what was published."""
    condition: ColumnElement[bool] = resources.c.id.is_not(None)
    for column, wanted in (("subject", subject), ("grade", grade), ("tier", tier)):
        if wanted:
            condition &= table.c[column] == wanted
    for word in words.split()[:8]:
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        condition &= or_(table.c.words.like(like, escape="\\"), schools.c.name.like(like, escape="\\"))
    return condition


def made_by(person_id: str, school_ids: Sequence[str], *, all_schools: bool) -> ColumnElement[bool]:
    """Return the condition of what a person made, or manages the school of."""
    # Contributors stand in the metadata; their ids are random, so that looking for one in the text finds no other.
    named = resources.c.meta.like(f'%"person_id":"{person_id}"%')
    managed = resources.c.id.is_not(None) if all_schools else resources.c.school_id.in_(school_ids)
    return or_(resources.c.owner_id == person_id, named, managed)
