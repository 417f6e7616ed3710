"""From plan to lesson and back: a final version makes a lesson, and the lesson is laid against it afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from sqlalchemy import select

from server.accounts.model import Asker, Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.lessons import tables as lesson_tables
from server.lessons.access import entries, require_visible
from server.lessons.decks import tables as deck_tables
from server.lessons.decks.service import may_use
from server.lessons.model import Lesson
from server.lessons.questions.service import QuestionService
from server.lessons.segments import segments_of, set_segments
from server.planning.document import read_tree
from server.planning.log import ActivityLog
from server.planning.plans import desk as plan_desk, tables as plan_tables
from server.planning.plans.cutting import document_of
from server.planning.plans.model import Plan
from server.planning.plans.tables import plan_versions
from server.planning.rights import Right
from server.planning.teaching.model import Comparison
from server.planning.teaching.outline import OWN, Outline, outline_of
from server.planning.teaching.taught import laid_against
from server.storage.database import Database, Transaction
from signaling.errors import Refused
from signaling.messages import RoomId, Segment
from signaling.roles import Role

SegmentsChanged = Callable[[RoomId, tuple[Segment, ...]], None]


class Taken(msgspec.Struct, frozen=True):
    """A lesson that a plan was taken for."""

    lesson: Lesson
    outline: Outline
    version: int
    deck_title: str  # empty: none was taken


class Laid(msgspec.Struct, frozen=True):
    """A lesson beside its plan."""

    lesson: Lesson
    plan: Plan | None
    version: int
    comparison: Comparison


class TeachingService:
    """Lessons that are taught by plans."""

    def __init__(
        self,
        database: Database,
        activity: ActivityLog,
        questions: QuestionService,
        changed: SegmentsChanged,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._activity = activity
        self._questions = questions
        self._changed = changed
        self._clock = clock

    async def outline(self, person: Person, plan_id: str, version: int) -> tuple[Plan, int, Outline]:
        """Return what a lesson would take of a final version; 0: of the last one.

        Raises:
            Refused: `plan_unknown`, `not_allowed` or `plan_not_final`.
        """
        async with self._database.read() as tx:
            return await self._final(tx, person, plan_id, version)

    async def take(self, asker: Asker, person: Person, plan_id: str, version: int, lesson_id: str) -> Taken:
        """Teach a lesson, which has not begun, by a final version of a plan: title, subject, segments, questions, deck.

        Questions and segments of an earlier taking are replaced; what was prepared besides stays. The deck is wished
        for here and given by `DeckService.fulfil`.

        Raises:
            Refused: `plan_unknown`, `not_allowed`, `plan_not_final`, `lesson_unknown` or `lesson_state`.
        """
        async with self._database.write() as tx:
            plan, number, outline = await self._final(tx, person, plan_id, version)
            lesson = require_visible(asker, await lesson_tables.find_lesson(tx, lesson_id))
            if not any(entry.role is Role.LECTURER for entry in entries(asker, lesson)):
                raise Refused("not_allowed", "只有这节课的主讲教师和同校的教师可以选用教案。")
            if lesson.state != "scheduled" or lesson.cancelled is not None:
                raise Refused("lesson_state", "这节课已经开始或取消，不能再换教案。")
            before = await plan_tables.of_lesson(tx, lesson_id)
            if before is not None:
                await plan_tables.remove_lesson(tx, before.id, lesson_id)
            await plan_tables.add_lesson(tx, plan.id, lesson_id, number, epoch_ms(self._clock()))
            await lesson_tables.set_title(tx, lesson_id, plan.title, plan.subject or lesson.subject)
            await set_segments(tx, lesson_id, outline.segments)
            await self._questions.give(tx, lesson_id, outline.questions, OWN)
            deck_title, outline = await _wish(tx, person, lesson_id, outline)
            await self._activity.note(
                tx, "plan.taught", person.id, group_id=plan.group_id, plan_id=plan.id, lesson_id=lesson_id,
                data={"title": plan.title, "number": number}, idem=f"plan.taught/{plan.id}/{number}/{lesson_id}",
            )  # fmt: skip
            found = await lesson_tables.find_lesson(tx, lesson_id)
        assert found is not None, "read in the transaction that wrote it"
        self._changed(found.id, outline.segments)
        return Taken(found, outline, number, deck_title)

    async def laid(self, asker: Asker, lesson_id: str) -> Laid:
        """Return a lesson beside its plan: for those who taught or planned it.

        Raises:
            Refused: `lesson_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            lesson = require_visible(asker, await lesson_tables.find_lesson(tx, lesson_id))
            plan = await plan_tables.of_lesson(tx, lesson_id)
            is_teacher = any(entry.role in (Role.LECTURER, Role.LOCAL_TEACHER) for entry in entries(asker, lesson))
            if not is_teacher and (plan is None or asker.person is None):
                raise Refused("not_allowed", "计划与实际的对照只给上这节课的老师和写教案的老师看。")
            if not is_teacher and plan is not None and asker.person is not None:
                await plan_desk.require_in(tx, asker.person, plan.id, Right.READ_PLAN)
            taken = await plan_tables.lesson_version(tx, lesson_id)
            planned = await segments_of(tx, lesson_id)
            events = await lesson_tables.events_of(tx, lesson_id)
        return Laid(lesson, plan, 0 if taken is None else taken[1], laid_against(planned, events))

    async def _final(self, tx: Transaction, person: Person, plan_id: str, version: int) -> tuple[Plan, int, Outline]:
        access = await plan_desk.access_in(tx, person, plan_id)
        if not access.may(Right.READ_PLAN) and not access.may(Right.READ_FINAL):
            raise Refused("not_allowed", "您不能使用这份教案。")
        query = select(plan_versions.c.number, plan_versions.c.blob)
        query = query.where(plan_versions.c.plan_id == plan_id, plan_versions.c.is_final)
        if version:
            query = query.where(plan_versions.c.number == version)
        row = (await tx.execute(query.order_by(plan_versions.c.number.desc()).limit(1))).first()
        if row is None:
            raise Refused("plan_not_final", "这份教案还没有定稿。请先定稿，再用它上课。")
        doc = await asyncio.to_thread(document_of, [row.blob])
        return access.plan, row.number, outline_of(read_tree(doc))


async def _wish(tx: Transaction, person: Person, lesson_id: str, outline: Outline) -> tuple[str, Outline]:
    """Let the lesson wait for the plan's deck when the person may use it; return its title, and what is left out."""
    if not outline.deck_id:
        return "", outline
    deck = await deck_tables.find_deck(tx, outline.deck_id)
    if deck is None or deck.state not in ("ready", "converting") or not may_use(person, deck):
        text = "教案里的课件属于别的学校或已经删除，没有带过来。请让课件的作者导出给您，再放到课件页。"
        return "", msgspec.structs.replace(outline, deck_id="", left_out=(*outline.left_out, text))
    await deck_tables.set_wish(tx, lesson_id, deck.id)
    return deck.title, outline
