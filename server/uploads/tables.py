"""The table of uploads, and every query on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    String,
    Table,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata
from server.uploads.model import Upload

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("person_id", String(16), ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),  # on the disk for sure
    Column("sha256", String(64)),
    Column("is_taken", Boolean, nullable=False),
    Column("touched_ms", EpochMs, nullable=False),
)


def _upload(row: Any) -> Upload:
    return Upload(row.id, row.person_id, row.name, row.purpose, row.bytes, row.received, row.sha256, bool(row.is_taken))


async def add_upload(tx: Transaction, upload: Upload, now_ms: int) -> None:
    """Store a new upload."""
    await tx.execute(
        insert(uploads).values(
            id=upload.id,
            person_id=upload.person_id,
            name=upload.name,
            purpose=upload.purpose,
            bytes=upload.bytes,
            received=upload.received,
            sha256=upload.sha256,
            is_taken=upload.is_taken,
            touched_ms=now_ms,
        )
    )


async def find_upload(tx: Transaction, upload_id: str) -> Upload | None:
    """Return the upload."""
    row = (await tx.execute(select(uploads).where(uploads.c.id == upload_id))).first()
    return None if row is None else _upload(row)


async def open_uploads(tx: Transaction, person_id: str, purpose: str) -> tuple[int, int]:
    """Return how many uploads of the person wait, and how many bytes those of a purpose have or will have."""
    own = case((uploads.c.purpose == purpose, uploads.c.bytes), else_=0)
    query = select(func.count(), func.coalesce(func.sum(own), 0)).where(
        uploads.c.person_id == person_id, uploads.c.is_taken.is_(False)
    )
    count, size = (await tx.execute(query)).one()
    return int(count), int(size)


async def bytes_to_come(tx: Transaction) -> int:
    """Return how many bytes of all open uploads are still to come."""
    query = select(func.coalesce(func.sum(uploads.c.bytes - uploads.c.received), 0))
    return int((await tx.execute(query)).scalar_one())


async def set_received(tx: Transaction, upload_id: str, received: int, now_ms: int) -> None:
    """Note how much is on the disk."""
    await tx.execute(update(uploads).where(uploads.c.id == upload_id).values(received=received, touched_ms=now_ms))


async def set_taken(tx: Transaction, upload_ids: Sequence[str]) -> None:
    """Note that the uploads belong to something else now."""
    await tx.execute(update(uploads).where(uploads.c.id.in_(upload_ids)).values(is_taken=True))


async def remove_uploads(tx: Transaction, upload_ids: Sequence[str]) -> None:
    """Forget the uploads."""
    await tx.execute(delete(uploads).where(uploads.c.id.in_(upload_ids)))


async def abandoned(tx: Transaction, before_ms: int) -> list[str]:
    """Return the uploads that nobody touched since then."""
    query = select(uploads.c.id).where(uploads.c.is_taken.is_(False), uploads.c.touched_ms < before_ms)
    return [row.id for row in (await tx.execute(query)).all()]


async def all_ids(tx: Transaction) -> set[str]:
    """Return the ids of all uploads."""
    return {row.id for row in (await tx.execute(select(uploads.c.id))).all()}
