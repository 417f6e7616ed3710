"""What a lesson is to the rest of the server. What `service.py` returns."""

from __future__ import annotations

import msgspec

from server.accounts.model import Classroom, SchoolRef
from signaling.messages import LessonState, RoomId
from signaling.playback import Playback


class PersonRef(msgspec.Struct, frozen=True):
    """A person as other things mention it."""

    id: str
    name: str


class Page(msgspec.Struct, frozen=True):
    """One page of a deck: a picture, stored by the hash of its content."""

    sha256: str
    mime: str
    title: str = ""


class PlayedLesson(msgspec.Struct, frozen=True):
    """How a lesson played, as far as it concerns the asker."""

    id: RoomId
    title: str
    subject: str
    starts_at_ms: int
    lecturer_school: str
    rows: tuple[Playback, ...]


class Lesson(msgspec.Struct, frozen=True):
    """A lesson: 1 lecturer school, 1 paired school, N classrooms."""

    id: RoomId
    title: str
    subject: str
    state: LessonState
    starts_at_ms: int
    planned_minutes: int
    lecturer: PersonRef
    lecturer_school: SchoolRef
    paired_school: SchoolRef | None
    classrooms: tuple[Classroom, ...]
    open_to_observers: bool
    deck_id: str | None
    pages: int
    opened_wallclock_ms: int | None = None
    started_t_ms: int | None = None
    ended_t_ms: int | None = None
