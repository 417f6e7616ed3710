"""Table of recordings, and every query on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, insert, select, update

from recorder.control import RecordingChanged
from server.lessons.tables import lessons
from server.library.model import Made, Recording
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata
from signaling.messages import RoomId

recordings = Table(
    "recordings",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("lesson_id", String(8), ForeignKey("lessons.id"), nullable=False, unique=True),
    Column("title", String(80), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("progress_pct", Integer, nullable=False),
    Column("recorded_at_ms", EpochMs, nullable=False, index=True),
    Column("duration_ms", EpochMs, nullable=False),
    Column("made", Text, nullable=False),  # what finalising made, as JSON of `Made`: read and written as a whole
)
_decode_made = msgspec.json.Decoder(Made).decode


async def add_recording(tx: Transaction, recording_id: str, lesson: RoomId, title: str, now_ms: int) -> None:
    """Store a new recording, which has not begun."""
    await tx.execute(
        insert(recordings).values(
            id=recording_id,
            lesson_id=lesson,
            title=title[:80],
            state="recording",
            detail="",
            progress_pct=0,
            recorded_at_ms=now_ms,
            duration_ms=0,
            made=msgspec.json.encode(Made()).decode(),
        )
    )


async def find_recording(tx: Transaction, recording_id: str) -> Recording | None:
    """Return the recording."""
    row = (await tx.execute(select(recordings).where(recordings.c.id == recording_id))).one_or_none()
    return None if row is None else _recording(row)


async def recordings_of(tx: Transaction, lesson_ids: Sequence[str]) -> list[Recording]:
    """Return the recordings of these lessons, the newest first."""
    query = (
        select(recordings)
        .where(recordings.c.lesson_id.in_(lesson_ids))
        .order_by(recordings.c.recorded_at_ms.desc(), recordings.c.id)
    )
    return [_recording(row) for row in (await tx.execute(query)).all()]


async def left_over(tx: Transaction) -> list[Recording]:
    """Return the recordings that are not ready although their lesson is not live."""
    query = (
        select(recordings)
        .join(lessons, lessons.c.id == recordings.c.lesson_id)
        .where(recordings.c.state != "ready", lessons.c.state != "live")
        .order_by(recordings.c.recorded_at_ms)
    )
    return [_recording(row) for row in (await tx.execute(query)).all()]


async def recordings_in(tx: Transaction, state: str) -> list[Recording]:
    """Return the recordings in this state, the oldest first."""
    query = select(recordings).where(recordings.c.state == state).order_by(recordings.c.recorded_at_ms)
    return [_recording(row) for row in (await tx.execute(query)).all()]


async def set_state(tx: Transaction, change: RecordingChanged) -> None:
    """Store the recording's state; what was made stays until something else is."""
    values: dict[str, Any] = {
        "state": change.state,
        "detail": change.step or change.detail,  # while it is made: the step
        "progress_pct": change.progress_pct,
    }
    if change.state == "ready":
        made = Made(change.poster, change.renditions, change.chapters, change.pages)
        values |= {"duration_ms": change.duration_ms, "made": msgspec.json.encode(made).decode()}
    await tx.execute(update(recordings).where(recordings.c.id == change.recording).values(values))


def _recording(row: Any) -> Recording:
    return Recording(
        id=row.id,
        lesson_id=RoomId(row.lesson_id),
        title=row.title,
        state=row.state,
        detail=row.detail,
        progress_pct=row.progress_pct,
        recorded_at_ms=row.recorded_at_ms,
        duration_ms=row.duration_ms,
        made=_decode_made(row.made),
    )
