"""What a live room needs from the rest of the server, and what the rest may ask of live rooms.

`server/lessons/rooms.py` hosts the rooms of this process and is written against these protocols only;
`server/app.py` wires them. A room never awaits the database between reading and writing its own state: it appends
its events here afterwards, in order.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from recorder.control import RecordingChanged
from signaling.messages import Clip, Deck, Event, LessonInfo, RoomId, Roster
from signaling.playback import Playback
from signaling.roles import Role
from signaling.segments import Segment


class Seat(msgspec.Struct, frozen=True):
    """Who a room token lets in, signed by the server."""

    room: RoomId
    subject: str  # "person:<id>", "device:<id>" or "bot:<name>": the same one gets the same seat again
    role: Role
    name: str
    school: str
    classroom: str | None = None  # a classroom's seat is the classroom's own, whoever the subject is
    school_id: str = ""  # empty: of no school; a school's data cap holds for its seats


class StoredLesson(msgspec.Struct, frozen=True):
    """A lesson as the database has it: enough to open its room, also after a crash of this process."""

    info: LessonInfo
    deck: Deck | None
    opened_wallclock_ms: int | None  # UTC epoch ms of t_ms = 0; None: never opened
    events: tuple[Event, ...]  # all events so far, in order of seq
    playback: tuple[Playback, ...] = ()  # how it played so far
    rosters: tuple[Roster, ...] = ()  # of all its classrooms; one that nobody made yet is empty
    clips: tuple[Clip, ...] = ()
    segments: tuple[Segment, ...] = ()  # of the plan that it is taught by


class LessonStore(Protocol):
    """The persistence of lessons, implemented by `server/lessons/service.py`."""

    async def load(self, lesson: RoomId) -> StoredLesson | None:
        """Return the lesson, or None when there is no such lesson."""

    async def opened(self, lesson: RoomId, wallclock_ms: int) -> None:
        """Note when t_ms = 0 was; only the first call counts."""

    async def append(self, lesson: RoomId, info: LessonInfo, events: tuple[Event, ...]) -> None:
        """Store events and the lesson's state after them, in one transaction.

        Events already stored are skipped by seq.
        """

    async def keep_playback(self, lesson: RoomId, rows: tuple[Playback, ...]) -> None:
        """Store figures in place of the older ones of the same seats."""

    async def live(self) -> tuple[RoomId, ...]:
        """Return the lessons whose state is live: their rooms are opened again at start."""


class RoomTokens(Protocol):
    """Short-lived signed room tokens, implemented by `server/lessons/tokens.py`."""

    def issue(self, seat: Seat) -> str:
        """Return a token for `seat` that is good for a few minutes."""

    def verify(self, token: str) -> Seat:
        """Return the seat.

        Raises:
            Refused: `token_invalid` or `token_expired`.
        """


class RecordingStore(Protocol):
    """Where the recorder's news goes, implemented by `server/library/service.py`."""

    async def begin(self, lesson: RoomId, title: str) -> tuple[str, str]:
        """Return `(recording id, folder)` for the lesson, the same again when it already has one."""

    async def describe(self, lesson: RoomId) -> None:
        """Write beside the lesson's recording what only the database knows of it: finalising needs it."""

    async def changed(self, change: RecordingChanged) -> None:
        """Store what the recorder said of a recording."""
