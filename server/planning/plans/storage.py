"""The document of a plan on the disk: one snapshot, and the updates since, in the order that they were taken up.

Every update is a row with its author; the sequence of rows is the truth. A snapshot is what they make together, with
the state of the attribution, so that loading need not replay a term of keystrokes; the rows that are in it go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import delete, func, insert, select, update

from server.planning.plans.tables import plan_clients, plan_snapshots, plan_updates
from server.storage.database import Transaction


class Row(msgspec.Struct, frozen=True):
    """One update of a document."""

    seq: int
    author: str  # whose words
    blob: bytes
    carrier: str | None = None  # who brought them, when somebody else


class Stored(msgspec.Struct, frozen=True):
    """A document as it lies on the disk."""

    seq: int  # of the last update in `blob`
    blob: bytes
    runs: bytes  # `Attribution.encode`; empty: nobody wrote anything yet
    rows: tuple[Row, ...]  # since then
    clients: dict[int, str]  # who a Yjs client id is


async def begin(tx: Transaction, plan_id: str, blob: bytes, runs: bytes = b"") -> None:
    """Store the first snapshot of a document."""
    await tx.execute(insert(plan_snapshots).values(plan_id=plan_id, seq=0, blob=blob, runs=runs))


async def load(tx: Transaction, plan_id: str) -> Stored:
    """Return a document as it lies there."""
    snapshot = (await tx.execute(select(plan_snapshots).where(plan_snapshots.c.plan_id == plan_id))).one()
    query = select(plan_updates).where(plan_updates.c.plan_id == plan_id, plan_updates.c.seq > snapshot.seq)
    rows = (await tx.execute(query.order_by(plan_updates.c.seq))).all()
    known = await tx.execute(select(plan_clients).where(plan_clients.c.plan_id == plan_id))
    return Stored(
        snapshot.seq,
        snapshot.blob,
        snapshot.runs,
        tuple(Row(row.seq, row.author_id, row.blob, row.carrier_id) for row in rows),
        {row.client_id: row.person_id for row in known},
    )


async def append(tx: Transaction, plan_id: str, rows: Sequence[Row], clients: Mapping[int, str], now_ms: int) -> None:
    """Store updates, and Yjs client ids that were not seen before."""
    if clients:
        new = [{"plan_id": plan_id, "client_id": c, "person_id": p, "first_ms": now_ms} for c, p in clients.items()]
        await tx.execute(insert(plan_clients), new)
    if rows:
        about = {"plan_id": plan_id, "ts_ms": now_ms}
        values = [
            {**about, "seq": row.seq, "author_id": row.author, "carrier_id": row.carrier, "blob": row.blob}
            for row in rows
        ]
        await tx.execute(insert(plan_updates), values)


async def last_seq(tx: Transaction, plan_id: str) -> int:
    """Return the number of the document's last update."""
    newest = select(func.max(plan_updates.c.seq)).where(plan_updates.c.plan_id == plan_id)
    found = (await tx.execute(newest)).scalar_one_or_none()
    if found is not None:
        return int(found)
    snapshot = select(plan_snapshots.c.seq).where(plan_snapshots.c.plan_id == plan_id)
    return int((await tx.execute(snapshot)).scalar_one())


async def compact(tx: Transaction, plan_id: str, seq: int, blob: bytes, runs: bytes) -> None:
    """Put a snapshot in the place of everything up to the update `seq`."""
    changed = update(plan_snapshots).where(plan_snapshots.c.plan_id == plan_id)
    await tx.execute(changed.values(seq=seq, blob=blob, runs=runs))
    await tx.execute(delete(plan_updates).where(plan_updates.c.plan_id == plan_id, plan_updates.c.seq <= seq))
