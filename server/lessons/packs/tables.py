"""Tables of lesson packs, and every query on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from server.lessons.packs.model import Clip, Item, PackPolicy, PackState
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

school_packs = Table(
    "school_packs",
    metadata,
    Column("school_id", String(16), ForeignKey("schools.id", ondelete="CASCADE"), primary_key=True),
    Column("night_from_min", Integer, nullable=False),  # minutes after midnight
    Column("night_to_min", Integer, nullable=False),
    Column("lead_hours", Integer, nullable=False),
    Column("ceiling_kbps", Integer, nullable=False),  # 0: none
)
lesson_clips = Table(
    "lesson_clips",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("title", String(80), nullable=False),
    Column("mime", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("duration_ms", Integer, nullable=False, server_default="0"),  # 0: stored before anybody looked
)
# Whatever was ever in a pack of the lesson: a classroom that is in the middle of an older one may finish it.
pack_blobs = Table(
    "pack_blobs",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("classroom_id", String(16), primary_key=True),  # empty: for everybody who may enter the lesson
    Column("sha256", String(64), primary_key=True),
    Column("mime", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
)
pack_states = Table(
    "pack_states",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("classroom_id", String(16), ForeignKey("classrooms.id", ondelete="CASCADE"), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("have_bytes", BigInteger, nullable=False),
    Column("total_bytes", BigInteger, nullable=False),
    Column("problem", String(16), nullable=False),
    Column("seen_ms", EpochMs, nullable=False),
)


# --- how a school fetches -----------------------------------------------------------------------------------------


async def policy_of(tx: Transaction, school_id: str) -> PackPolicy:
    """Return how the school's classrooms fetch packs."""
    row = (await tx.execute(select(school_packs).where(school_packs.c.school_id == school_id))).first()
    if row is None:
        return PackPolicy()
    return PackPolicy(row.night_from_min, row.night_to_min, row.lead_hours, row.ceiling_kbps * 1000)


async def set_policy(tx: Transaction, school_id: str, policy: PackPolicy) -> None:
    """Store how the school's classrooms fetch packs."""
    await tx.execute(delete(school_packs).where(school_packs.c.school_id == school_id))
    values = {
        "school_id": school_id,
        "night_from_min": policy.night_from_min,
        "night_to_min": policy.night_to_min,
        "lead_hours": policy.lead_hours,
        "ceiling_kbps": policy.ceiling_bps // 1000,
    }
    await tx.execute(insert(school_packs).values(values))


# --- clips --------------------------------------------------------------------------------------------------------


async def clips_of(tx: Transaction, lesson_id: str) -> tuple[Clip, ...]:
    """Return the clips of the lesson in order."""
    query = select(lesson_clips).where(lesson_clips.c.lesson_id == lesson_id).order_by(lesson_clips.c.position)
    return tuple(_clip(row) for row in (await tx.execute(query)).all())


def _clip(row: Row[Any]) -> Clip:
    return Clip(row.sha256, row.title, row.mime, row.bytes, row.duration_ms)


async def add_clip(tx: Transaction, lesson_id: str, clip: Clip) -> None:
    """Put a clip behind the others of the lesson; the same one again gets the new title."""
    same = (lesson_clips.c.lesson_id == lesson_id) & (lesson_clips.c.sha256 == clip.sha256)
    values: dict[str, str | int] = {"title": clip.title, "mime": clip.mime, "duration_ms": clip.duration_ms}
    known = await tx.execute(update(lesson_clips).where(same).values(values))
    if known.rowcount:
        return
    query = select(func.coalesce(func.max(lesson_clips.c.position), 0)).where(lesson_clips.c.lesson_id == lesson_id)
    position = int((await tx.execute(query)).scalar_one()) + 1
    values |= {"lesson_id": lesson_id, "sha256": clip.sha256, "position": position, "bytes": clip.bytes}
    await tx.execute(insert(lesson_clips).values(values))


async def remove_clip(tx: Transaction, lesson_id: str, sha256: str) -> bool:
    """Take a clip off the lesson; return whether it was there."""
    same = (lesson_clips.c.lesson_id == lesson_id) & (lesson_clips.c.sha256 == sha256)
    return bool((await tx.execute(delete(lesson_clips).where(same))).rowcount)


# --- what was ever offered ----------------------------------------------------------------------------------------


async def offered(tx: Transaction, lesson_id: str, classroom_id: str) -> frozenset[tuple[str, str]]:
    """Return (classroom, sha256) of what the lesson's packs have had for this classroom and for everybody."""
    query = select(pack_blobs.c.classroom_id, pack_blobs.c.sha256).where(
        pack_blobs.c.lesson_id == lesson_id, pack_blobs.c.classroom_id.in_(("", classroom_id))
    )
    return frozenset((row.classroom_id, row.sha256) for row in (await tx.execute(query)).all())


async def offer(tx: Transaction, lesson_id: str, items: Iterable[tuple[str, Item]]) -> None:
    """Note what is handed out, each with the classroom that it is for."""
    rows = [
        {"lesson_id": lesson_id, "classroom_id": room, "sha256": one.sha256, "mime": one.mime, "bytes": one.bytes}
        for room, one in items
    ]
    for row in rows:
        same = [pack_blobs.c[name] == row[name] for name in ("lesson_id", "classroom_id", "sha256")]
        if (await tx.execute(select(pack_blobs.c.sha256).where(*same))).first() is None:
            await tx.execute(insert(pack_blobs).values(row))


async def find_blob(tx: Transaction, lesson_id: str, classrooms: Sequence[str], sha256: str) -> tuple[str, int] | None:
    """Return type and size of a blob that was offered to one of these classrooms, or to everybody."""
    query = select(pack_blobs.c.mime, pack_blobs.c.bytes).where(
        pack_blobs.c.lesson_id == lesson_id,
        pack_blobs.c.sha256 == sha256,
        pack_blobs.c.classroom_id.in_(("", *classrooms)),
    )
    row = (await tx.execute(query)).first()
    return None if row is None else (row.mime, row.bytes)


# --- how far classrooms are ---------------------------------------------------------------------------------------


async def set_state(tx: Transaction, lesson_id: str, state: PackState) -> None:
    """Store how far a classroom is."""
    same = (pack_states.c.lesson_id == lesson_id) & (pack_states.c.classroom_id == state.classroom_id)
    await tx.execute(delete(pack_states).where(same))
    values = {
        "lesson_id": lesson_id,
        "classroom_id": state.classroom_id,
        "version": state.version,
        "have_bytes": state.have_bytes,
        "total_bytes": state.total_bytes,
        "problem": state.problem,
        "seen_ms": state.seen_ms,
    }
    await tx.execute(insert(pack_states).values(values))


async def states_of(tx: Transaction, lesson_id: str) -> dict[str, PackState]:
    """Return how far the classrooms of the lesson are, by classroom; those that never said so are not in it."""
    rows = (await tx.execute(select(pack_states).where(pack_states.c.lesson_id == lesson_id))).all()
    return {
        row.classroom_id: PackState(
            row.classroom_id, row.version, row.have_bytes, row.total_bytes, row.problem, row.seen_ms
        )
        for row in rows
    }
