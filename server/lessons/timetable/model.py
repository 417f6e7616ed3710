"""What a timetable is made of. Days and minutes are those of the region's clocks; moments are UTC epoch ms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from server.accounts.model import Classroom, SchoolRef
from server.lessons.model import Lesson, PersonRef

MAX_TERM_DAYS = 300  # a school year of one term; usual terms have 150
MAX_WEEKS = 53
MAX_HOLIDAYS = 40
MAX_PERIODS = 20
MAX_SERIES = 2_000  # of one term: a county's schools
DAY_MINUTES = 1_440


class Holiday(msgspec.Struct, frozen=True):
    """Days without lessons, both ends in it; of one school only when `school_id` is given."""

    name: str
    first_day: date
    last_day: date
    school_id: str | None = None


class Makeup(msgspec.Struct, frozen=True):
    """A day off on which lessons are held all the same, those of `weekday` (调休); 1 is Monday."""

    day: date
    weekday: int


class Term(msgspec.Struct, frozen=True):
    """A term of the region. Its week 1 is the week of `first_day`; weeks begin on Monday."""

    id: str
    name: str
    first_day: date
    last_day: date
    holidays: tuple[Holiday, ...] = ()
    makeups: tuple[Makeup, ...] = ()
    version: int = 0


class Period(msgspec.Struct, frozen=True):
    """When a period of a school begins and ends: minutes since midnight."""

    number: int
    name: str
    start_min: int
    end_min: int


Bells = Sequence[Period]


class Series(msgspec.Struct, frozen=True):
    """A lesson that repeats every week: 1 lecturer school, 1 paired school, N classrooms.

    `period` is one of the lecturer school; `weeks` is "all", "odd", "even" or a list such as "1-8,10".
    """

    id: str
    term_id: str
    title: str
    subject: str
    lecturer: PersonRef
    lecturer_school: SchoolRef
    paired_school: SchoolRef | None
    classrooms: tuple[Classroom, ...]
    weekday: int
    period: int
    weeks: str
    open_to_observers: bool = False
    is_ended: bool = False

    @property
    def school_ids(self) -> frozenset[str]:
        """Return the ids of the schools that take part."""
        paired = {self.paired_school.id} if self.paired_school else set()
        return frozenset({self.lecturer_school.id, *(room.school.id for room in self.classrooms)} | paired)


class Plan(msgspec.Struct, frozen=True):
    """How a lesson stands to the timetable: where it comes from, and what was changed about it.

    `slot` names its place in the series: the Monday of its week, or "+" and its day for a made-up day.
    """

    lesson_id: str
    slot: str | None = None
    revision: int = 0  # SEQUENCE of RFC 5545 §3.8.7.4
    changed_ms: int = 0
    changed_by: str = ""
    planned_lecturer: PersonRef | None = None  # before a substitution
    substitute_reason: str = ""
    planned_starts_at_ms: int | None = None  # before a move
    move_reason: str = ""
    is_cancelled_by_series: bool = False  # comes back when the series wants it again


class PlannedLesson(msgspec.Struct, frozen=True):
    """A lesson and its plan."""

    lesson: Lesson
    plan: Plan

    @property
    def ends_at_ms(self) -> int:
        """Return when it is planned to end."""
        return self.lesson.starts_at_ms + self.lesson.planned_minutes * 60_000


def clock(minute: int) -> str:
    """Return minutes since midnight as people write them: 08:30."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
