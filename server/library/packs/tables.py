"""Tables of schools' libraries and of what was played offline, and every query on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    Select,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from server.accounts.model import SchoolRef
from server.accounts.tables import schools
from server.library.packs.model import SchoolLibrary, Use, UseTotal
from server.library.resources.tables import resource_versions, resources
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

school_libraries = Table(
    "school_libraries",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("school_id", String(16), ForeignKey("schools.id"), nullable=False, index=True),
    Column("name", String(40), nullable=False),
    Column("code", String(64), nullable=True, unique=True),  # digest of the code that it will be paired by
    Column("code_expires_ms", EpochMs, nullable=False),
    Column("secret", String(64), nullable=True, unique=True),  # digest; null: not paired yet
    Column("public_key", String(64), nullable=False),  # that its reports are signed by
    Column("seen_ms", EpochMs, nullable=False),
)

# What was played offline. The id is made where it was played: however often and by whichever way a record is carried
# home, it is one row.
offline_uses = Table(
    "offline_uses",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("resource_id", String(16), ForeignKey("resources.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("school_id", String(16), ForeignKey("schools.id"), nullable=True),
    Column("library_id", String(16), nullable=False),  # empty: from a stick, brought by a person
    Column("class_name", String(40), nullable=False),
    Column("began_ms", EpochMs, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("reported_ms", EpochMs, nullable=False),
)


async def add_library(tx: Transaction, library_id: str, school_id: str, name: str, code: str, expires_ms: int) -> None:
    """Store a library that waits to be paired."""
    await tx.execute(
        insert(school_libraries).values(
            id=library_id,
            school_id=school_id,
            name=name,
            code=code,
            code_expires_ms=expires_ms,
            secret=None,
            public_key="",
            seen_ms=0,
        )
    )


async def pair_library(tx: Transaction, code: str, secret: str, public_key: str, now_ms: int) -> SchoolLibrary | None:
    """Pair the library that waits with this code; None: none does."""
    waiting = (school_libraries.c.code == code) & (school_libraries.c.code_expires_ms > now_ms)
    row = (await tx.execute(select(school_libraries.c.id).where(waiting))).one_or_none()
    if row is None:
        return None
    values = {"code": None, "secret": secret, "public_key": public_key, "seen_ms": now_ms}
    await tx.execute(update(school_libraries).where(school_libraries.c.id == row.id).values(values))
    return await _one(tx, school_libraries.c.id == row.id)


async def library_of(tx: Transaction, secret: str) -> SchoolLibrary | None:
    """Return the library with this secret."""
    return await _one(tx, school_libraries.c.secret == secret)


async def library_with_key(tx: Transaction, public_key: str) -> SchoolLibrary | None:
    """Return the library whose reports are signed by this key."""
    return await _one(tx, school_libraries.c.public_key == public_key)


async def libraries_of(tx: Transaction, school_id: str) -> list[SchoolLibrary]:
    """Return the libraries of a school."""
    query = _libraries().where(school_libraries.c.school_id == school_id).order_by(school_libraries.c.name)
    return [_library(row) for row in (await tx.execute(query)).all()]


async def find_library(tx: Transaction, library_id: str) -> SchoolLibrary | None:
    """Return the library."""
    return await _one(tx, school_libraries.c.id == library_id)


async def remove_library(tx: Transaction, library_id: str) -> None:
    """Forget the library."""
    await tx.execute(delete(school_libraries).where(school_libraries.c.id == library_id))


async def touch_library(tx: Transaction, library_id: str, now_ms: int) -> None:
    """Note that the library was there."""
    await tx.execute(update(school_libraries).where(school_libraries.c.id == library_id).values(seen_ms=now_ms))


async def add_uses(
    tx: Transaction, uses: Sequence[Use], school_id: str | None, library_id: str, now_ms: int
) -> tuple[int, int]:
    """Store what was played; return how many records were new, and how many of resources that are not known.

    A record that is known and has grown (it was reported while the lesson still played) is renewed.
    """
    wanted = {use.pack for use in uses}
    known = set((await tx.execute(select(resources.c.id).where(resources.c.id.in_(wanted)))).scalars())
    added = 0
    for use in uses:
        if use.pack not in known:
            continue
        row = (await tx.execute(select(offline_uses.c.seconds).where(offline_uses.c.id == use.id))).one_or_none()
        if row is None:
            await tx.execute(insert(offline_uses).values(_row(use, school_id, library_id, now_ms)))
            added += 1
        elif use.seconds > row.seconds:
            grown = {"seconds": use.seconds, "class_name": use.class_name}
            await tx.execute(update(offline_uses).where(offline_uses.c.id == use.id).values(grown))
    return added, sum(use.pack not in known for use in uses)


async def uses_of(tx: Transaction, resource_id: str) -> list[UseTotal]:
    """Return where and how long a resource was played offline, the longest first."""
    seconds = func.sum(offline_uses.c.seconds)
    query = (
        select(
            func.coalesce(schools.c.name, "").label("school"),
            offline_uses.c.class_name,
            func.count().label("times"),
            seconds.label("seconds"),
            func.max(offline_uses.c.began_ms).label("last_ms"),
        )
        .outerjoin(schools, schools.c.id == offline_uses.c.school_id)
        .where(offline_uses.c.resource_id == resource_id)
        .group_by(schools.c.name, offline_uses.c.class_name)
        .order_by(seconds.desc())
        .limit(500)
    )
    rows = (await tx.execute(query)).all()
    return [UseTotal(row.school, row.class_name, row.times, int(row.seconds), row.last_ms) for row in rows]


async def withdrawn(tx: Transaction) -> list[tuple[str, int]]:
    """Return the ids of withdrawn resources, and the last version of each that was handed out."""
    last = func.max(resource_versions.c.version)
    query = (
        select(resources.c.id, last.label("version"))
        .join(resource_versions, resource_versions.c.resource_id == resources.c.id)
        .where(resources.c.state == "withdrawn")
        .group_by(resources.c.id)
    )
    return [(row.id, row.version) for row in (await tx.execute(query)).all()]


def _row(use: Use, school_id: str | None, library_id: str, now_ms: int) -> dict[str, object]:
    return {
        "id": use.id,
        "resource_id": use.pack,
        "version": use.version,
        "school_id": school_id,
        "library_id": library_id,
        "class_name": use.class_name,
        "began_ms": use.began_ms,
        "seconds": use.seconds,
        "reported_ms": now_ms,
    }


def _libraries() -> Select[Any]:
    return select(school_libraries, schools.c.name.label("school")).join(
        schools, schools.c.id == school_libraries.c.school_id
    )


async def _one(tx: Transaction, condition: ColumnElement[bool]) -> SchoolLibrary | None:
    row = (await tx.execute(_libraries().where(condition))).one_or_none()
    return None if row is None else _library(row)


def _library(row: Any) -> SchoolLibrary:
    return SchoolLibrary(
        row.id,
        row.name,
        SchoolRef(row.school_id, row.school),
        row.secret is not None,
        row.public_key,
        row.seen_ms,
    )
