"""A term, people and rooms for the tests of timetables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from server.accounts.model import Classroom, SchoolRef
from server.lessons.model import Lesson, PersonRef
from server.lessons.timetable.model import Holiday, Makeup, Period, Plan, PlannedLesson, Series, Term
from server.lessons.timetable.reconcile import Reconciled
from signaling.messages import RoomId

ZONE = ZoneInfo("Asia/Shanghai")
CITY, HONG, HE = SchoolRef("city", "春城实验小学"), SchoolRef("hong", "红星小学"), SchoolRef("he", "河口小学")
LIN, ZHOU = PersonRef("lin", "林晓云"), PersonRef("zhou", "周明远")
FIVE, RIVER = Classroom("five", "五年级一班", HONG), Classroom("river", "五年级", HE)
# 2026-09-01 is a Tuesday. 国庆: Thursday 1 to Wednesday 7 October; Saturday 10 October is worked as a Thursday.
TERM = Term(
    "t", "2026 秋", date(2026, 9, 1), date(2027, 1, 15),
    (Holiday("国庆节", date(2026, 10, 1), date(2026, 10, 7)),), (Makeup(date(2026, 10, 10), 4),),
)  # fmt: skip
THIRD = Period(3, "第三节", 10 * 60 + 10, 10 * 60 + 50)
SERIES = Series("s", "t", "光的世界", "科学", LIN, CITY, HONG, (FIVE,), 4, 3, "all")


def carried_out(existing: Sequence[PlannedLesson], done: Reconciled, series: Series) -> list[PlannedLesson]:
    """Return the lessons after `done`."""
    after = {one.plan.slot: one for one in (*existing, *done.update)}
    for one, why in done.call_off:
        after[one.plan.slot] = lesson_like(one, cancelled=why, by_series=True)
    for wanted in done.create:
        lesson = Lesson(
            RoomId(f"{series.id}{wanted.slot}"), series.title, series.subject, "scheduled", wanted.starts_at_ms,
            wanted.planned_minutes, series.lecturer, series.lecturer_school, series.paired_school, series.classrooms,
            series.open_to_observers, None, 0, series_id=series.id,
        )  # fmt: skip
        after[wanted.slot] = PlannedLesson(lesson, Plan(lesson.id, wanted.slot))
    return list(after.values())


def lesson_like(one: PlannedLesson, cancelled: str | None, by_series: bool) -> PlannedLesson:
    lesson = msgspec.structs.replace(one.lesson, cancelled=cancelled)
    return PlannedLesson(lesson, msgspec.structs.replace(one.plan, is_cancelled_by_series=by_series))
