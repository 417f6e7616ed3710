"""Which files of recordings are in the store already, so that nothing is asked twice after a restart."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column, ForeignKey, String, Table, delete, insert, select

from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

object_copies = Table(
    "object_copies",
    metadata,
    Column("recording_id", String(16), ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    Column("path", String(200), primary_key=True),  # in the recording's folder; `DONE`: all of what was made
    Column("version", EpochMs, nullable=False),  # bytes of a part; of `DONE` when the description was written, in ms
    Column("stored_ms", EpochMs, nullable=False),
)
DONE = "*"


async def copies_of(tx: Transaction, recording_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return, by recording, the paths that are stored, each with its version."""
    found: dict[str, dict[str, int]] = {one: {} for one in recording_ids}
    query = select(object_copies).where(object_copies.c.recording_id.in_(recording_ids))
    for row in (await tx.execute(query)).all():
        found[row.recording_id][row.path] = row.version
    return found


async def note_copy(tx: Transaction, recording_id: str, path: str, version: int, now_ms: int) -> None:
    """Note that the path is stored in this version."""
    is_known = (object_copies.c.recording_id == recording_id) & (object_copies.c.path == path)
    await tx.execute(delete(object_copies).where(is_known))
    values = {"recording_id": recording_id, "path": path, "version": version, "stored_ms": now_ms}
    await tx.execute(insert(object_copies).values(values))
