"""What is changed about a single lesson: another lecturer, another time, off, or on again; each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from server.accounts.model import Asker, Person
from server.accounts.rights import Right, has_right
from server.accounts.service import epoch_ms
from server.fields import field_invalid
from server.lessons.access import require_visible
from server.lessons.tables import lessons as lesson_table
from server.lessons.timetable import tables
from server.lessons.timetable.apply import store
from server.lessons.timetable.model import PlannedLesson
from server.lessons.timetable.service import TimetableService
from server.lessons.timetable.weeks import day_in_words, holiday_on, local
from server.storage.database import Database, Transaction
from signaling.errors import Refused

MAX_REASON = 200  # as in the database
MAX_AHEAD = timedelta(days=400)  # a lesson is moved within the school year

Step = Callable[[PlannedLesson], PlannedLesson]


class LessonChanges:
    """Changes of single lessons."""

    def __init__(self, database: Database, timetable: TimetableService) -> None:
        self._database = database
        self._timetable = timetable

    async def cancel(self, asker: Asker, lesson_id: str, reason: str) -> PlannedLesson:
        """Call the lesson off.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown`, `not_allowed`, `lesson_state` or `field_invalid`.
        """
        why = _reason(reason)

        def off(one: PlannedLesson) -> PlannedLesson:
            plan = msgspec.structs.replace(one.plan, is_cancelled_by_series=False)
            return PlannedLesson(msgspec.structs.replace(one.lesson, cancelled=why), plan)

        async with self._database.write() as tx:
            return await self._change(tx, asker, lesson_id, off)

    async def restore(self, asker: Asker, lesson_id: str) -> PlannedLesson:
        """Hold a lesson that was called off after all.

        Raises:
            Refused: as `cancel`, or `timetable_conflict`: its time or people are taken by now.
        """
        async with self._database.write() as tx:
            return await self._change(tx, asker, lesson_id, _on_again)

    async def substitute(self, asker: Asker, lesson_id: str, lecturer_id: str, reason: str) -> PlannedLesson:
        """Let another teacher of the same school give the lesson; its planned lecturer again ends a substitution.

        Raises:
            Refused: as `restore`.
        """
        why = _reason(reason)
        async with self._database.write() as tx:
            teacher = await tables.find_teacher(tx, lecturer_id)

            def given_by(one: PlannedLesson) -> PlannedLesson:
                if teacher is None or teacher[1].id != one.lesson.lecturer_school.id:
                    raise field_invalid("lecturer_id", f"请选择{one.lesson.lecturer_school.name}的教师。")
                planned = one.plan.planned_lecturer or one.lesson.lecturer
                is_back = planned.id == teacher[0].id
                plan = msgspec.structs.replace(
                    one.plan,
                    planned_lecturer=None if is_back else planned,
                    substitute_reason="" if is_back else why,
                )
                return PlannedLesson(msgspec.structs.replace(one.lesson, lecturer=teacher[0]), plan)

            return await self._change(tx, asker, lesson_id, given_by)

    async def move(
        self, asker: Asker, lesson_id: str, starts_at: datetime, planned_minutes: int | None, reason: str
    ) -> PlannedLesson:
        """Hold the lesson at another time; its planned time again ends a move.

        Raises:
            Refused: as `restore`.
        """
        why, now_ms = _reason(reason), self._timetable.now_ms()
        if starts_at.tzinfo is None:
            raise field_invalid("starts_at", "时间要带时区。")
        starts_at_ms = epoch_ms(starts_at)
        if not now_ms < starts_at_ms < now_ms + MAX_AHEAD.total_seconds() * 1000:
            raise field_invalid("starts_at", "请选择以后的时间，一年以内。")

        def moved(one: PlannedLesson) -> PlannedLesson:
            planned = one.plan.planned_starts_at_ms or one.lesson.starts_at_ms
            is_back = planned == starts_at_ms
            plan = msgspec.structs.replace(
                one.plan, planned_starts_at_ms=None if is_back else planned, move_reason="" if is_back else why
            )
            minutes = planned_minutes or one.lesson.planned_minutes
            lesson = msgspec.structs.replace(one.lesson, starts_at_ms=starts_at_ms, planned_minutes=minutes)
            return PlannedLesson(lesson, plan)

        async with self._database.write() as tx:
            return await self._change(tx, asker, lesson_id, moved)

    async def _change(self, tx: Transaction, asker: Asker, lesson_id: str, step: Step) -> PlannedLesson:
        await tables.touch_terms(tx)
        found = await tables.planned_where(tx, lesson_table.c.id == lesson_id)
        require_visible(asker, found[0].lesson if found else None)
        before = found[0]
        by = _require_change(asker, before)
        if before.lesson.state != "scheduled":
            raise Refused("lesson_state", "这节课已经开始过，不能再改。")
        after = step(before)
        if after == before:
            return before
        if after.lesson.cancelled is None:
            await self._require_free(tx, before, after)
        return await store(tx, after, by.name, self._timetable.now_ms())

    async def _require_free(self, tx: Transaction, before: PlannedLesson, after: PlannedLesson) -> None:
        zone = self._timetable.zone
        await self._timetable.require_free(tx, after.lesson)
        if after.lesson.starts_at_ms != before.lesson.starts_at_ms:
            day = local(after.lesson.starts_at_ms, zone).date()
            schools = frozenset({after.lesson.lecturer_school.id, *(one.school.id for one in after.lesson.classrooms)})
            for term in await tables.all_terms(tx):
                holiday = holiday_on(term, day, schools)
                if holiday:
                    raise Refused("timetable_conflict", f"{day_in_words(day)}放假（{holiday}），请换一天。")


def may_change(asker: Asker, one: PlannedLesson) -> bool:
    """Return whether the asker may change this lesson: its lecturers, and who plans for their school."""
    person, school = asker.person, one.lesson.lecturer_school.id
    if person is None:
        return False
    if has_right(person, Right.PLAN_ANY, school):
        return True
    planned = one.plan.planned_lecturer
    return has_right(person, Right.PLAN_OWN, school) and person.id in (
        one.lesson.lecturer.id,
        planned.id if planned else "",
    )


def _require_change(asker: Asker, one: PlannedLesson) -> Person:
    if asker.person is None or not may_change(asker, one):
        raise Refused("not_allowed", "只有这节课的主讲教师和主讲学校的管理员可以调课。")
    return asker.person


def _on_again(one: PlannedLesson) -> PlannedLesson:
    plan = msgspec.structs.replace(one.plan, is_cancelled_by_series=False)
    return PlannedLesson(msgspec.structs.replace(one.lesson, cancelled=None), plan)


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not 1 <= len(reason) <= MAX_REASON:
        raise field_invalid("reason", f"请写明原因，最多 {MAX_REASON} 个字；相关的教师和教室会看到。")
    return reason
