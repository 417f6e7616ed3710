"""What a classroom's roster is to the rest of the server. `Pupil` itself is the lesson's (`signaling.class_list`)."""

from __future__ import annotations

import msgspec

from signaling.class_list import MAX_PUPILS, Pupil
from signaling.ids import ClassroomId, PupilId

__all__ = ["CARDS", "MAX_LEFT", "MAX_NUMBER", "MAX_PUPILS", "MAX_SEAT", "FormerPupil", "Pupil", "RosterPage", "Wanted"]

CARDS = 60  # the markers that the printed answer cards have: 0..59, one for each pupil of the largest class
MAX_SEAT = 20  # rows and columns: 60 pupils one behind the other do not happen
MAX_NUMBER = 999_999_999  # school-wide numbers such as 20260123 are used as well as 1..50
MAX_LEFT = 200  # former pupils that are shown


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pupil as somebody writes it down. `id` of one who is known; 0 and -1: as `Pupil`; None: as it was, or found."""

    number: int
    name: str
    row: int | None = None
    column: int | None = None
    card: int | None = None
    id: PupilId | None = None


class FormerPupil(msgspec.Struct, frozen=True):
    """One who left the class; kept, because old results are theirs."""

    id: PupilId
    number: int
    name: str
    left_ms: int


class RosterPage(msgspec.Struct, frozen=True):
    """A classroom's roster, and how many times it was changed."""

    classroom: ClassroomId
    version: int
    pupils: tuple[Pupil, ...]
    left: tuple[FormerPupil, ...] = ()
    has_cards: bool = False  # whether the answer cards were ever printed
