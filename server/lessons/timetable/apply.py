"""Carries out what `reconcile` found: makes, changes and calls off the lessons of a series, within one transaction."""

from __future__ import annotations

import msgspec

from server.lessons.model import Lesson
from server.lessons.timetable.model import Plan, PlannedLesson, Series
from server.lessons.timetable.reconcile import Reconciled, Wanted
from server.lessons.timetable.tables import add_planned, lesson_ids_taken, rewrite_lesson, write_plan
from server.storage.database import Transaction
from server.storage.ids import new_code
from signaling.messages import RoomId


async def apply(tx: Transaction, series: Series, done: Reconciled, by: str, now_ms: int) -> None:
    """Store what `done` says about the lessons of the series; every change is a new revision of the lesson."""
    codes = await _free_codes(tx, len(done.create))
    made = [_lesson(code, series, wanted) for code, wanted in zip(codes, done.create, strict=True)]
    plans = [Plan(one.id, wanted.slot, 0, now_ms, by) for one, wanted in zip(made, done.create, strict=True)]
    await add_planned(tx, made, plans, series.id)
    for one in done.update:
        await store(tx, one, by, now_ms)
    for one, why in done.call_off:
        off = msgspec.structs.replace(one.lesson, cancelled=why)
        plan = msgspec.structs.replace(one.plan, is_cancelled_by_series=True)
        await store(tx, PlannedLesson(off, plan), by, now_ms)


async def store(tx: Transaction, one: PlannedLesson, by: str, now_ms: int) -> PlannedLesson:
    """Store a changed lesson as its next revision, and return it."""
    plan = msgspec.structs.replace(one.plan, revision=one.plan.revision + 1, changed_ms=now_ms, changed_by=by)
    await rewrite_lesson(tx, one.lesson)
    await write_plan(tx, plan, one.lesson.series_id)
    return PlannedLesson(one.lesson, plan)


def _lesson(code: RoomId, series: Series, wanted: Wanted) -> Lesson:
    return Lesson(
        id=code,
        title=series.title,
        subject=series.subject,
        state="scheduled",
        starts_at_ms=wanted.starts_at_ms,
        planned_minutes=wanted.planned_minutes,
        lecturer=series.lecturer,
        lecturer_school=series.lecturer_school,
        paired_school=series.paired_school,
        classrooms=series.classrooms,
        open_to_observers=series.open_to_observers,
        deck_id=None,
        pages=0,
        series_id=series.id,
    )


async def _free_codes(tx: Transaction, many: int) -> list[RoomId]:
    while True:  # each is one of 8.5e11: the first ones are free
        codes = {new_code() for _ in range(many)}
        if len(codes) == many and not await lesson_ids_taken(tx, codes):
            return [RoomId(code) for code in codes]
