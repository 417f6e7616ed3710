"""The rules of notes, and of the improvement items that come of them: open until a later version or lesson shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy import ColumnElement

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.planning.groups import desk as group_desk, tables as group_tables
from server.planning.log import ActivityLog
from server.planning.plans import desk as plan_desk, tables as plan_tables
from server.planning.reviews import desk, tables
from server.planning.reviews.evidence import require_after
from server.planning.reviews.model import Clock as NoteClock, Item, Note
from server.planning.reviews.tables import improvement_items
from server.planning.rights import RIGHTS, Right
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

MAX_NOTES = 200  # of one rater in a review: one every 12 s of a lesson
MAX_NOTE = 1_000  # characters


class Evidence(msgspec.Struct, frozen=True):
    """What shows that an item is done: a version of a plan, or a lesson."""

    plan_id: str = ""
    version: int = 0
    lesson_id: str = ""


class NoteService:
    """Notes and improvement items."""

    def __init__(self, database: Database, activity: ActivityLog, clock: Clock = utc_now) -> None:
        self._database = database
        self._activity = activity
        self._clock = clock

    # --- notes ----------------------------------------------------------------------------------------------------

    async def add(self, person: Person, review_id: str, at_ms: int, clock: NoteClock, item: str, text: str) -> Note:
        """Take a note at a moment of the lesson, while watching it live or its recording.

        Raises:
            Refused: what `desk.require_rating` does, `notes_full` or `field_invalid`.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            access = await desk.require_rating(tx, person, review_id)
            if await tables.count_notes(tx, review_id, person.id) >= MAX_NOTES:
                raise Refused("notes_full", f"您已经记了 {MAX_NOTES} 条。请先删掉一些，再记新的。")
            note = Note(new_id(), PersonRef(person.id, person.name), at_ms, clock, item, _said(text), now)
            _check_item(access, item)
            await tables.add_note(tx, review_id, note)
        return note

    async def change(self, person: Person, review_id: str, note_id: str, item: str, text: str) -> None:
        """Write an own note anew.

        Raises:
            Refused: what `desk.require_rating` does, `note_unknown` or `field_invalid`.
        """
        async with self._database.write() as tx:
            access = await desk.require_rating(tx, person, review_id)
            _check_item(access, item)
            await self._own(tx, person, review_id, note_id)
            await tables.change_note(tx, note_id, item=item, text=_said(text))

    async def remove(self, person: Person, review_id: str, note_id: str) -> None:
        """Forget an own note.

        Raises:
            Refused: what `desk.require_rating` does, or `note_unknown`.
        """
        async with self._database.write() as tx:
            await desk.require_rating(tx, person, review_id)
            await self._own(tx, person, review_id, note_id)
            await tables.remove_note(tx, note_id)

    async def _own(self, tx: Transaction, person: Person, review_id: str, note_id: str) -> Note:
        found = await _note(tx, review_id, note_id)
        if found.by.id != person.id:
            raise _no_note()
        return found

    # --- what comes of them ---------------------------------------------------------------------------------------

    async def accept(
        self, person: Person, review_id: str, note_id: str, text: str, owner_id: str, due_day: str
    ) -> Item:
        """Make an improvement item of a note of somebody else.

        Raises:
            Refused: `review_unknown`, `review_state`, `not_allowed`, `group_closed`, `note_unknown` or
                `field_invalid`.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            access, note = await self._deciding(tx, person, review_id, note_id)
            review = access.review
            item = Item(
                id=new_id(), group_id=review.group_id, plan_id=review.plan_id, plan_version=review.plan_version,
                lesson_id=review.lesson_id, review_id=review.id, note_id=note.id, text=_said(text),
                owner=await _owner(tx, review.group_id, owner_id), due_day=_day(due_day), made_ms=now,
            )  # fmt: skip
            await tables.change_note(tx, note_id, verdict="accepted")
            await tables.add_item(tx, item)
            await self._activity.note(
                tx, "note.accepted", person.id, group_id=item.group_id, plan_id=item.plan_id, lesson_id=item.lesson_id,
                object_id=item.id, data={"text": item.text, "person": note.by.id}, idem=f"note.accepted/{note.id}",
            )  # fmt: skip
        return item

    async def decline(self, person: Person, review_id: str, note_id: str, answer: str) -> None:
        """Say why nothing is changed for a note; or that it was praise.

        Raises:
            Refused: as `accept`.
        """
        async with self._database.write() as tx:
            await self._deciding(tx, person, review_id, note_id)
            await tables.change_note(tx, note_id, verdict="declined", answer=answer.strip())

    async def _deciding(
        self, tx: Transaction, person: Person, review_id: str, note_id: str
    ) -> tuple[desk.Access, Note]:
        access = await desk.access_to(tx, person, review_id)
        if not access.review.is_open:
            raise Refused("review_state", "评课人还没有交齐，意见要等公开以后才能采纳。")
        await group_desk.require_in(tx, person, access.group.id, Right.ACCEPT_NOTE)
        note = await _note(tx, review_id, note_id)
        if note.by.id == person.id:
            raise Refused("not_allowed", "自己写的意见请由别的老师采纳。")
        if note.verdict:
            raise Refused("review_state", "这条意见已经处理过了。")
        return access, note

    # --- items ----------------------------------------------------------------------------------------------------

    async def close(self, person: Person, item_id: str, evidence: Evidence, how: str) -> Item:
        """Close an item by what came after it.

        Raises:
            Refused: `item_unknown`, `item_state`, `not_allowed`, `group_closed` or `evidence_invalid`.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            item = await _item(tx, item_id)
            await group_desk.require_in(tx, person, item.group_id, Right.CLOSE_ITEM)
            if item.closed_ms is not None:
                raise Refused("item_state", "这条改进已经关闭。")
            await require_after(tx, item, evidence.plan_id, evidence.version, evidence.lesson_id)
            await tables.close_item(
                tx, item_id, closed_ms=now, closed_by_id=person.id, by_plan_id=evidence.plan_id,
                by_version=evidence.version, by_lesson_id=evidence.lesson_id, how=how.strip(),
            )  # fmt: skip
            await self._activity.note(
                tx, "item.closed", person.id, group_id=item.group_id, plan_id=evidence.plan_id or item.plan_id,
                lesson_id=evidence.lesson_id, object_id=item.id, data={"text": item.text},
                idem=f"item.closed/{item.id}",
            )  # fmt: skip
            return await _item(tx, item_id)

    async def of_plan(self, person: Person, plan_id: str) -> list[Item]:
        """Return the items of a plan and of those that it continues: what its next version has to answer for.

        Raises:
            Refused: `plan_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            access = await plan_desk.require_seen_in(tx, person, plan_id)
            if not access.may(Right.READ_PLAN):
                return []
            return await tables.items_where(tx, improvement_items.c.plan_id.in_(await line_of(tx, plan_id)))

    async def of_lesson(self, person: Person, lesson_id: str) -> list[Item]:
        """Return what a lesson has to answer for: the open items of its plan, and those that came of itself.

        Raises:
            Refused: `lesson_unknown`.
        """
        async with self._database.read() as tx:
            await desk.lesson_to_watch(tx, person, lesson_id)
            condition: ColumnElement[bool] = improvement_items.c.lesson_id == lesson_id
            plan = await plan_tables.of_lesson(tx, lesson_id)
            if plan is not None:
                condition |= improvement_items.c.plan_id.in_(await line_of(tx, plan.id)) & (
                    improvement_items.c.closed_ms.is_(None) | (improvement_items.c.by_lesson_id == lesson_id)
                )
            return await self._readable(tx, person, await tables.items_where(tx, condition))

    async def of_review(self, person: Person, review_id: str) -> list[Item]:
        """Return the items that came of a review.

        Raises:
            Refused: `review_unknown`.
        """
        async with self._database.read() as tx:
            await desk.access_to(tx, person, review_id)
            return await tables.items_where(tx, improvement_items.c.review_id == review_id)

    async def _readable(self, tx: Transaction, person: Person, items: Sequence[Item]) -> list[Item]:
        """Return the items of groups that the person may look into, and those that they own."""
        roles = {group: await group_desk.role_in(tx, person, group) for group in {one.group_id for one in items}}
        return [one for one in items if one.owner.id == person.id or Right.READ_PLAN in RIGHTS[roles[one.group_id]]]


async def line_of(tx: Transaction, plan_id: str) -> list[str]:
    """Return the plan and those before it that it continues, the nearest first."""
    line: list[str] = []
    following: str | None = plan_id
    while following is not None and following not in line and len(line) < 50:  # a term of weekly plans
        line.append(following)
        following = (await plan_tables.find(tx, following)).previous_plan_id
    return line


async def _note(tx: Transaction, review_id: str, note_id: str) -> Note:
    found = next((one for one in await tables.notes_of(tx, review_id) if one.id == note_id), None)
    if found is None:
        raise _no_note()
    return found


async def _item(tx: Transaction, item_id: str) -> Item:
    found = await tables.items_where(tx, improvement_items.c.id == item_id)
    if not found:
        raise Refused("item_unknown", "没有找到这条改进。")
    return found[0]


async def _owner(tx: Transaction, group_id: str, person_id: str) -> PersonRef:
    member = await group_tables.find_member(tx, group_id, person_id)
    if member is None:
        raise field_invalid("owner_id", "负责人要是这个教研组的成员。")
    return member.person


def _check_item(access: desk.Access, item: str) -> None:
    if item and all(one.id != item for one in access.review.rubric.items):
        raise field_invalid("item", "量表里没有这个条目。")


def _said(text: str) -> str:
    cleaned = text.strip()
    if not cleaned or len(cleaned) > MAX_NOTE:
        raise field_invalid("text", f"请写 1 到 {MAX_NOTE} 个字。")
    return cleaned


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise field_invalid("due_day", "请选一个日期。") from error


def _no_note() -> Refused:
    return Refused("note_unknown", "没有找到这条意见，它可能刚被删掉。")
