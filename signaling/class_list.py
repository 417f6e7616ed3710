"""The pupils of the classrooms in a lesson, as its teachers see them.

Private to the classroom itself and to lecturers (`signaling.views`): names of minors go to nobody else.
"""

from __future__ import annotations

import msgspec

from signaling.ids import ClassroomId, PupilId

MAX_PUPILS = 60  # a crowded class of a county town; the design speaks of up to 50


class Pupil(msgspec.Struct, frozen=True):
    """One pupil. Seats are counted from 1, from the front and from the left as the teacher looks; 0: no seat yet."""

    id: PupilId
    number: int  # 学号 in the class, from 1
    name: str
    row: int = 0
    column: int = 0
    card: int = -1  # the number of the printed answer card, 0..59; -1: none


class Roster(msgspec.Struct, frozen=True):
    """The pupils of a classroom in order of their numbers."""

    classroom: ClassroomId
    pupils: tuple[Pupil, ...]


class RosterSet(msgspec.Struct, frozen=True, tag_field="kind", tag="roster_set"):
    """Private to the classroom: its roster, whole."""

    roster: Roster

    @property
    def classroom(self) -> ClassroomId:
        """Whose it is."""
        return self.roster.classroom


ClassListEvent = RosterSet


def step(rosters: tuple[Roster, ...], body: ClassListEvent) -> tuple[Roster, ...]:
    """Return the rosters after an event, in order of the classrooms' ids."""
    others = [one for one in rosters if one.classroom != body.roster.classroom]
    return tuple(sorted([*others, body.roster], key=lambda one: one.classroom))
