"""What closes an improvement item: something that came after it, of the same plan or of one that continues it."""

from __future__ import annotations

from sqlalchemy import select

from server.lessons import tables as lesson_tables
from server.planning.plans import tables as plan_tables
from server.planning.plans.tables import plan_versions
from server.planning.reviews.model import Item
from server.storage.database import Transaction
from signaling.errors import Refused


async def require_after(tx: Transaction, item: Item, plan_id: str, version: int, lesson_id: str) -> None:
    """Pass when the version, or else the lesson, exists and came after what the item is about.

    A version counts when it was named after the item was made, a lesson when its room was opened after that.

    Raises:
        Refused: `evidence_invalid`.
    """
    if bool(version) == bool(lesson_id):
        raise Refused("evidence_invalid", "请选一个后来的教案版本，或者一节后来的课，作为依据。")
    if version:
        await _version_after(tx, item, plan_id, version)
    else:
        await _lesson_after(tx, item, lesson_id)


async def follows(tx: Transaction, plan_id: str, earlier: str) -> bool:
    """Return whether a plan is the earlier one, or continues it by however many steps."""
    seen: set[str] = set()
    following: str | None = plan_id
    while following is not None and following not in seen:
        if following == earlier:
            return True
        seen.add(following)
        following = (await plan_tables.find(tx, following)).previous_plan_id
    return False


async def _version_after(tx: Transaction, item: Item, plan_id: str, version: int) -> None:
    query = select(plan_versions.c.made_ms).where(plan_versions.c.plan_id == plan_id, plan_versions.c.number == version)
    row = (await tx.execute(query)).first()
    if row is None:
        raise Refused("evidence_invalid", "没有找到这个教案版本。")
    plan = await plan_tables.find(tx, plan_id)
    is_line = await follows(tx, plan_id, item.plan_id) if item.plan_id else plan.group_id == item.group_id
    is_later = plan_id != item.plan_id or version > item.plan_version
    if not (is_line and is_later and row.made_ms > item.made_ms):
        raise Refused("evidence_invalid", "这个版本不在这条改进之后，或者是另一份教案的，不能作为依据。")


async def _lesson_after(tx: Transaction, item: Item, lesson_id: str) -> None:
    lesson = await lesson_tables.find_lesson(tx, lesson_id)
    watched = await lesson_tables.find_lesson(tx, item.lesson_id)
    if lesson is None or watched is None or lesson.state == "scheduled":
        raise Refused("evidence_invalid", "没有找到这节课，或者它还没有上。")
    plan = await plan_tables.of_lesson(tx, lesson_id)
    if item.plan_id:
        is_line = plan is not None and await follows(tx, plan.id, item.plan_id)
    else:
        is_line = lesson.lecturer.id == watched.lecturer.id
    is_later = lesson.id != watched.id and (lesson.opened_wallclock_ms or 0) > item.made_ms
    if not (is_line and is_later):
        raise Refused("evidence_invalid", "这节课不在这条改进之后，或者上的是另一份教案，不能作为依据。")
