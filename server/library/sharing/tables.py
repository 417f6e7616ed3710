"""Table of links, and every query on it."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text, func, insert, or_, select, update

from server.accounts.tables import people, schools
from server.lessons.model import PersonRef
from server.library.resources.tables import resources
from server.library.sharing.model import Share
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

shares = Table(
    "shares",
    metadata,
    Column("id", String(22), primary_key=True),
    Column("resource_id", String(16), ForeignKey(resources.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("renditions", Text, nullable=False),  # JSON list of names
    Column("scope", String(8), nullable=False),
    Column("school_id", String(16), ForeignKey(schools.c.id)),
    Column("note", String(80), nullable=False),
    Column("may_take", Boolean, nullable=False),
    Column("frames", Text, nullable=False),  # JSON list of origins
    Column("expires_ms", EpochMs, nullable=False),
    Column("max_uses", Integer),
    Column("used", Integer, nullable=False),
    Column("made_by_id", String(16), ForeignKey(people.c.id), nullable=False),
    Column("made_ms", EpochMs, nullable=False),
    Column("revoked_ms", EpochMs),
)
_names = msgspec.json.Decoder(tuple[str, ...]).decode


async def add_share(tx: Transaction, share: Share) -> None:
    """Store a new link."""
    await tx.execute(
        insert(shares).values(
            id=share.id,
            resource_id=share.resource_id,
            renditions=msgspec.json.encode(share.renditions).decode(),
            scope=share.scope,
            school_id=share.school_id,
            note=share.note,
            may_take=share.may_take,
            frames=msgspec.json.encode(share.frames).decode(),
            expires_ms=share.expires_ms,
            max_uses=share.max_uses,
            used=0,
            made_by_id=share.made_by.id,
            made_ms=share.made_ms,
            revoked_ms=None,
        )
    )


async def find_share(tx: Transaction, share_id: str) -> Share | None:
    """Return the link."""
    row = (await tx.execute(_select().where(shares.c.id == share_id))).one_or_none()
    return None if row is None else _share(row)


async def shares_of(tx: Transaction, resource_id: str) -> list[Share]:
    """Return the resource's links, the newest first."""
    query = _select().where(shares.c.resource_id == resource_id).order_by(shares.c.made_ms.desc(), shares.c.id)
    return [_share(row) for row in (await tx.execute(query)).all()]


async def count_shares(tx: Transaction, resource_id: str) -> int:
    """Return how many links the resource has."""
    return int((await tx.execute(select(func.count()).where(shares.c.resource_id == resource_id))).scalar_one())


async def use(tx: Transaction, share_id: str, now_ms: int) -> bool:
    """Count that the link was opened; return False when it is over, used up or revoked. Two at once count as two."""
    is_open = (
        (shares.c.id == share_id)
        & shares.c.revoked_ms.is_(None)
        & (shares.c.expires_ms > now_ms)
        & or_(shares.c.max_uses.is_(None), shares.c.used < shares.c.max_uses)
    )
    done = await tx.execute(update(shares).where(is_open).values(used=shares.c.used + 1))
    return bool(done.rowcount)


async def revoke(tx: Transaction, share_id: str, now_ms: int) -> None:
    """Take the link back; the first time counts."""
    known = (shares.c.id == share_id) & shares.c.revoked_ms.is_(None)
    await tx.execute(update(shares).where(known).values(revoked_ms=now_ms))


async def remove_finished(tx: Transaction, resource_id: str, now_ms: int) -> None:
    """Forget the resource's links that are revoked or over."""
    is_done = shares.c.revoked_ms.is_not(None) | (shares.c.expires_ms <= now_ms)
    await tx.execute(shares.delete().where((shares.c.resource_id == resource_id) & is_done))


def _select() -> Any:  # the type of a joined select has no short name
    join = shares.join(people, people.c.id == shares.c.made_by_id).outerjoin(
        schools, schools.c.id == shares.c.school_id
    )
    return select(shares, people.c.name.label("maker_name"), schools.c.name.label("school_name")).select_from(join)


def _share(row: Any) -> Share:
    return Share(
        id=row.id,
        resource_id=row.resource_id,
        renditions=_names(row.renditions),
        scope=row.scope,
        school_id=row.school_id,
        school_name=row.school_name or "",
        note=row.note,
        may_take=row.may_take,
        frames=_names(row.frames),
        expires_ms=row.expires_ms,
        max_uses=row.max_uses,
        used=row.used,
        made_by=PersonRef(row.made_by_id, row.maker_name),
        made_ms=row.made_ms,
        revoked_ms=row.revoked_ms,
    )
