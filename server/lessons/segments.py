"""The segments of the plan that a lesson is taught by: stored with the lesson, in its room, and in its packs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Column, ForeignKey, Integer, String, Table, delete, insert, select

from server.lessons.model import Lesson
from server.lessons.packs.contents import Prepared
from server.storage.database import Database, Transaction
from server.storage.schema import metadata
from signaling.segments import Segment

lesson_segments = Table(
    "lesson_segments",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("segment_id", String(40), nullable=False),  # of the plan's step
    Column("title", String(120), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("leader", String(10), nullable=False),
    Column("page", Integer, nullable=False),  # of the lesson's deck; 0: of no page
)


async def segments_of(tx: Transaction, lesson_id: str) -> tuple[Segment, ...]:
    """Return the segments of the lesson, in order; none when no plan was taken for it."""
    query = select(lesson_segments).where(lesson_segments.c.lesson_id == lesson_id)
    rows = (await tx.execute(query.order_by(lesson_segments.c.position))).all()
    return tuple(Segment(row.segment_id, row.title, row.minutes, row.leader, row.page) for row in rows)


async def set_segments(tx: Transaction, lesson_id: str, segments: Sequence[Segment]) -> None:
    """Store the segments in place of those it had."""
    await tx.execute(delete(lesson_segments).where(lesson_segments.c.lesson_id == lesson_id))
    for position, one in enumerate(segments):
        values = msgspec.structs.asdict(one) | {"lesson_id": lesson_id, "position": position}
        values["segment_id"] = values.pop("id")
        await tx.execute(insert(lesson_segments).values(values))


class SegmentSource:
    """Adds the segments to the packs of classrooms: what comes next is known there without a network, too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prepared(self, lesson: Lesson, classroom_id: str | None) -> Prepared | None:
        """Return the segments for a classroom; nothing for observers, and nothing when there are none."""
        if classroom_id is None:
            return None
        async with self._database.read() as tx:
            segments = await segments_of(tx, lesson.id)
        return Prepared("plan", msgspec.json.encode({"segments": segments}), classroom_id) if segments else None
