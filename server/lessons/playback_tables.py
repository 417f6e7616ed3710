"""The table of how lessons played at each seat, and every query on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, String, Table, delete, insert, or_, select

from server.accounts.tables import schools
from server.lessons.model import PlayedLesson
from server.lessons.tables import lessons
from server.storage.database import Transaction
from server.storage.schema import metadata
from signaling.messages import PeerId, RoomId
from signaling.playback import Playback
from signaling.roles import Role

lesson_playback = Table(
    "lesson_playback",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("peer", String(16), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("name", String(80), nullable=False),
    Column("school", String(80), nullable=False),
    Column("school_id", String(16), ForeignKey("schools.id"), index=True),
    Column("classroom", String(16)),
    Column("watched_ms", BigInteger, nullable=False),
    Column("video_stall_ms", BigInteger, nullable=False),
    Column("paused_ms", BigInteger, nullable=False),
    Column("audio_ms", BigInteger, nullable=False),
    Column("audio_concealed_ms", BigInteger, nullable=False),
    Column("received_bytes", BigInteger, nullable=False),
    Column("line_ms", BigInteger, nullable=False),
    Column("sent_bytes", BigInteger, nullable=False),
    Column("hd_ms", BigInteger, nullable=False),
    Column("clear_ms", BigInteger, nullable=False),
    Column("smooth_ms", BigInteger, nullable=False),
    Column("slides_audio_ms", BigInteger, nullable=False),
    Column("audio_only_ms", BigInteger, nullable=False),
    Column("path", String(8), nullable=False),
    Column("limited", Boolean, nullable=False),
)

_FIELDS = tuple(field.name for field in msgspec.structs.fields(Playback))
_host_school = schools.alias("host_school")


async def keep_playback(tx: Transaction, lesson_id: str, rows: Sequence[Playback]) -> None:
    """Store figures in place of the older ones of the same seats."""
    peers = [row.peer for row in rows]
    await tx.execute(
        delete(lesson_playback).where(lesson_playback.c.lesson_id == lesson_id, lesson_playback.c.peer.in_(peers))
    )
    wanted = {row.school_id for row in rows}
    known = set((await tx.execute(select(schools.c.id).where(schools.c.id.in_(wanted)))).scalars())
    values = [{"lesson_id": lesson_id, **_values(row, known)} for row in rows]
    if values:
        await tx.execute(insert(lesson_playback), values)


async def playback_of(tx: Transaction, lesson_id: str) -> tuple[Playback, ...]:
    """Return the figures of a lesson, classrooms first, then by school and name."""
    query = select(lesson_playback).where(lesson_playback.c.lesson_id == lesson_id)
    return _in_order([_playback(row) for row in (await tx.execute(query)).all()])


async def playback_between(
    tx: Transaction, from_ms: int, to_ms: int, school_id: str | None, limit: int
) -> list[PlayedLesson]:
    """Return the lessons that were planned for `from_ms` ≤ t < `to_ms` with their figures, oldest first.

    With a `school_id`, only what concerns it: all seats of its own lessons, and its own seats of others'.
    """
    host = lessons.c.lecturer_school_id
    query = (
        select(lesson_playback, lessons.c.title, lessons.c.subject, lessons.c.starts_at_ms)
        .add_columns(_host_school.c.name.label("lecturer_school"))
        .join(lessons, lessons.c.id == lesson_playback.c.lesson_id)
        .join(_host_school, _host_school.c.id == host)
        .where(lessons.c.kind == "lesson", lessons.c.starts_at_ms >= from_ms, lessons.c.starts_at_ms < to_ms)
        .order_by(lessons.c.starts_at_ms, lessons.c.id)
        .limit(limit)
    )
    if school_id is not None:
        query = query.where(or_(host == school_id, lesson_playback.c.school_id == school_id))
    found: dict[str, list[Any]] = {}
    for row in (await tx.execute(query)).all():
        found.setdefault(row.lesson_id, []).append(row)
    return [
        PlayedLesson(
            RoomId(lesson_id),
            rows[0].title,
            rows[0].subject,
            rows[0].starts_at_ms,
            rows[0].lecturer_school,
            _in_order([_playback(row) for row in rows]),
        )
        for lesson_id, rows in found.items()
    ]


def _in_order(rows: list[Playback]) -> tuple[Playback, ...]:
    return tuple(sorted(rows, key=lambda row: (row.role is not Role.CLASSROOM, row.school, row.name, row.peer)))


def _values(row: Playback, known_schools: set[str]) -> dict[str, Any]:
    values = msgspec.structs.asdict(row)
    values["role"] = row.role.value
    values["school_id"] = row.school_id if row.school_id in known_schools else None
    return values


def _playback(row: Any) -> Playback:
    values = {name: getattr(row, name) for name in _FIELDS}
    values |= {"peer": PeerId(row.peer), "role": Role(row.role), "school_id": row.school_id or ""}
    return Playback(**values)
