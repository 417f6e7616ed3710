"""What a review of a lesson is to the rest of the server. What `service.py` returns."""

from __future__ import annotations

from typing import Literal

import msgspec

from server.lessons.model import PersonRef
from server.planning.reviews.rubric import Rubric

Clock = Literal["lesson", "recording"]
Verdict = Literal["", "accepted", "declined"]


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A lesson that several people watch and rate, each for themselves at first."""

    id: str
    lesson_id: str
    group_id: str
    plan_id: str  # empty: the lesson was taught without a plan
    plan_version: int
    title: str  # of the lesson, as it was called then
    rubric: Rubric
    by: PersonRef
    begun_ms: int  # UTC epoch
    opened_ms: int | None = None  # since when everybody concerned sees all of it

    @property
    def is_open(self) -> bool:
        """Return whether the raters' work may be seen by others."""
        return self.opened_ms is not None


class Rater(msgspec.Struct, frozen=True):
    """Who rates, and whether they have finished."""

    person: PersonRef
    school: str
    handed_ms: int | None
    remark: str


class Note(msgspec.Struct, frozen=True):
    """What somebody saw at a moment of the lesson."""

    id: str
    by: PersonRef
    at_ms: int
    clock: Clock  # which time `at_ms` is on: the room's, or the recording's files
    item: str  # of the rubric; empty: of none
    text: str
    made_ms: int
    verdict: Verdict = ""
    answer: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do better, that came of a note: open until a later version or lesson shows it done."""

    id: str
    group_id: str
    plan_id: str
    plan_version: int  # that was taught
    lesson_id: str
    review_id: str
    note_id: str
    text: str
    owner: PersonRef
    due_day: str  # ISO date
    made_ms: int
    closed_ms: int | None = None
    closed_by: PersonRef | None = None
    by_plan_id: str = ""  # what closed it
    by_version: int = 0
    by_lesson_id: str = ""
    how: str = ""
