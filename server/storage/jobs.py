"""Durable jobs: what must be done once, whatever happens to the process that does it.

A job is known by its kind and key; to ask for it twice is to ask for it once. Who claims it holds it for a lease and
renews the lease while working. A process that dies lets its leases run out, and the next one goes on. A job that is
finished is forgotten.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Column, ColumnElement, Integer, String, Table, delete, insert, select, update

from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("kind", String(24), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("due_ms", EpochMs, nullable=False),
    Column("lease_ms", EpochMs, nullable=False),  # held until then; 0: by nobody
    Column("holder", String(16), nullable=False),
)


class Job(msgspec.Struct, frozen=True):
    """A job that was claimed; `tries` counts this time too."""

    kind: str
    key: str
    tries: int


def _is(kind: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return (jobs.c.kind == kind, jobs.c.key == key)


async def add_job(tx: Transaction, kind: str, key: str, now_ms: int) -> None:
    """Ask for a job; nothing changes when it was asked for already."""
    found = (await tx.execute(select(jobs.c.key).where(*_is(kind, key)))).first()
    if found is None:
        values = {"kind": kind, "key": key, "tries": 0, "due_ms": now_ms, "lease_ms": 0, "holder": ""}
        await tx.execute(insert(jobs).values(values))


async def claim_job(tx: Transaction, kind: str, holder: str, now_ms: int, lease_ms: int) -> Job | None:
    """Take the job that has been due the longest and that nobody holds, until `now_ms + lease_ms`."""
    query = select(jobs).where(jobs.c.kind == kind, jobs.c.due_ms <= now_ms, jobs.c.lease_ms <= now_ms)
    row = (await tx.execute(query.order_by(jobs.c.due_ms, jobs.c.key).limit(1))).first()
    if row is None:
        return None
    values = {"tries": row.tries + 1, "lease_ms": now_ms + lease_ms, "holder": holder}
    await tx.execute(update(jobs).where(*_is(kind, row.key)).values(values))
    return Job(kind, row.key, row.tries + 1)


async def renew_job(tx: Transaction, job: Job, holder: str, until_ms: int) -> bool:
    """Hold the job until `until_ms`; False when it was finished or taken by another meanwhile."""
    held = (*_is(job.kind, job.key), jobs.c.holder == holder)
    done = await tx.execute(update(jobs).where(*held).values(lease_ms=until_ms))
    return bool(done.rowcount)


async def put_back_job(tx: Transaction, job: Job, holder: str, due_ms: int, *, is_try: bool = True) -> None:
    """Let the job be claimed again from `due_ms` on; without `is_try` this time does not count."""
    held = (*_is(job.kind, job.key), jobs.c.holder == holder)
    values = {"due_ms": due_ms, "lease_ms": 0, "holder": "", "tries": job.tries - (0 if is_try else 1)}
    await tx.execute(update(jobs).where(*held).values(values))


async def finish_job(tx: Transaction, kind: str, key: str) -> None:
    """Forget the job: it is done, or no longer wanted."""
    await tx.execute(delete(jobs).where(*_is(kind, key)))
