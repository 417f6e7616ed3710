"""What a lesson is to the rest of the server. What `service.py` returns."""

from __future__ import annotations

import msgspec

from server.accounts.model import Classroom, SchoolRef
from signaling.messages import LessonState, RoomId, RoomKind
from signaling.playback import Playback


class PersonRef(msgspec.Struct, frozen=True):
    """A person as other things mention it."""

    id: str
    name: str


PAGE_WIDTHS = (640, 1280, 1920)  # px of the longer side: a phone or preview, a classroom's link, a 1080p wall
CLASSROOM_WIDTH = 1280  # what a classroom gets unless it asks for another


class PageFile(msgspec.Struct, frozen=True):
    """A page as one file, stored by the hash of its content."""

    width: int  # one of PAGE_WIDTHS, or 0: a drawing that is sharp at any size
    sha256: str
    mime: str
    bytes: int


class Page(msgspec.Struct, frozen=True):
    """One page of a deck."""

    title: str
    files: tuple[PageFile, ...]  # of each width, the smallest first; small pictures may have one file for several
    ratio: float = 16 / 9  # width to height
    text: str = ""  # what stands on it, for search

    def file(self, width: int) -> PageFile:
        """Return the smallest file that is at least `width` wide, or the widest."""
        return next((file for file in self.files if file.width >= width), self.files[-1])


class PlayedLesson(msgspec.Struct, frozen=True):
    """How a lesson played, as far as it concerns the asker."""

    id: RoomId
    title: str
    subject: str
    starts_at_ms: int
    lecturer_school: str
    rows: tuple[Playback, ...]


class Invited(msgspec.Struct, frozen=True):
    """Somebody who is let into a meeting, and what was made of it."""

    person_id: str
    convenes: bool = False  # may take the chair


class Lesson(msgspec.Struct, frozen=True):
    """A lesson: 1 lecturer school, 1 paired school, N classrooms. Or a meeting, whose lecturer is who called it."""

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
    cancelled: str | None = None  # why it is off; nobody enters it then
    series_id: str | None = None  # the repeating lesson of the timetable that it belongs to
    kind: RoomKind = "lesson"
    people: tuple[Invited, ...] = ()  # of a meeting
