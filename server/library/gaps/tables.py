"""Which schools let their classrooms' screens record themselves, and every query on it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, String, Table, delete, insert, select

from server.accounts.tables import people
from server.library.gaps.model import Consent
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

local_recording = Table(
    "local_recording",
    metadata,
    Column("school_id", String(16), ForeignKey("schools.id", ondelete="CASCADE"), primary_key=True),
    Column("allowed", Boolean, nullable=False),
    Column("by_id", String(16), ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("changed_ms", EpochMs, nullable=False),
)


async def consent_of(tx: Transaction, school_id: str) -> Consent | None:
    """Return what the school said; None when it said nothing, or whoever said it is gone."""
    query = (
        select(local_recording, people.c.name)
        .join(people, people.c.id == local_recording.c.by_id)
        .where(local_recording.c.school_id == school_id)
    )
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else Consent(row.school_id, bool(row.allowed), row.by_id, row.name, row.changed_ms)


async def set_consent(tx: Transaction, school_id: str, by_id: str, now_ms: int, *, allowed: bool) -> None:
    """Store what the school says."""
    await tx.execute(delete(local_recording).where(local_recording.c.school_id == school_id))
    values = {"school_id": school_id, "allowed": allowed, "by_id": by_id, "changed_ms": now_ms}
    await tx.execute(insert(local_recording).values(values))
