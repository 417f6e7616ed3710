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
    called: int = 0  # how often called on in earlier lessons: a fair pick remembers


class Roster(msgspec.Struct, frozen=True):
    """The pupils of a classroom in order of their numbers."""

    classroom: ClassroomId
    pupils: tuple[Pupil, ...]
    has_cards: bool = False  # whether their answer cards were printed


class Absence(msgspec.Struct, frozen=True):
    """Who of a classroom is not there today."""

    classroom: ClassroomId
    absent: tuple[PupilId, ...]


class CalledPupil(msgspec.Struct, frozen=True):
    """A pupil who was called on. The name is said aloud in class, so it is for everybody."""

    classroom: ClassroomId
    pupil: PupilId
    name: str


class RosterSet(msgspec.Struct, frozen=True, tag_field="kind", tag="roster_set"):
    """Private to the classroom: its roster, whole."""

    roster: Roster

    @property
    def classroom(self) -> ClassroomId:
        """Whose it is."""
        return self.roster.classroom


class AttendanceSet(msgspec.Struct, frozen=True, tag_field="kind", tag="attendance_set"):
    """Private to the classroom: who is absent, whole."""

    classroom: ClassroomId
    absent: tuple[PupilId, ...]


class PupilCalled(msgspec.Struct, frozen=True, tag_field="kind", tag="pupil_called"):
    """A pupil was called on. It lasts until another one is, or until the classroom's call ends."""

    called: CalledPupil


class SetAttendance(msgspec.Struct, frozen=True, tag_field="type", tag="set_attendance"):
    """Say who of a classroom is absent: a local teacher of the own one."""

    id: int
    classroom: ClassroomId
    absent: tuple[PupilId, ...]


class CallPupil(msgspec.Struct, frozen=True, tag_field="type", tag="call_pupil"):
    """Call on a pupil and on the pupil's classroom.

    Without `pupil` a fair one is picked: of those who are present, one of those who were called on least, in the
    classroom or (without one) in all that are online.
    """

    id: int
    classroom: ClassroomId = ClassroomId("")
    pupil: PupilId = PupilId("")


def set_roster(rosters: tuple[Roster, ...], roster: Roster) -> tuple[Roster, ...]:
    """Return the rosters with this one in place of its older self, in order of the classrooms' ids."""
    others = [one for one in rosters if one.classroom != roster.classroom]
    return tuple(sorted([*others, roster], key=lambda one: one.classroom))


def set_absence(absences: tuple[Absence, ...], absence: Absence) -> tuple[Absence, ...]:
    """Return the absences with this one in place of its older self, in order of the classrooms' ids."""
    others = [one for one in absences if one.classroom != absence.classroom]
    return tuple(sorted([*others, absence], key=lambda one: one.classroom))


MAX_CALLED = 200  # a call every 12 s of a lesson


def add_called(called: tuple[CalledPupil, ...], one: CalledPupil) -> tuple[CalledPupil, ...]:
    """Return the calls of this lesson with one more, the last at the end."""
    return (*called, one)[-MAX_CALLED:]
