"""What the rest of the server asks of the live plane: `server/live.py` has it, and so has a test without lessons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from starlette.routing import BaseRoute

from server.lessons.catchup import Spare
from server.lessons.packs.pace import Pace
from server.lessons.ports import Seat
from signaling.data_caps import DataCap
from signaling.messages import Clip, Deck, RoomId, Roster, Rung, Segment


class SeatCount(Protocol):
    """Who is in a lesson now."""

    @property
    def classrooms_online(self) -> int:
        """Return how many classrooms are in."""

    @property
    def people_online(self) -> int:
        """Return how many people are in."""

    @property
    def online_classrooms(self) -> frozenset[str]:
        """Return the ids of the classrooms that are in."""


class Presence(Protocol):
    """Who is in the live rooms now."""

    def seats(self, lesson: RoomId) -> SeatCount:
        """Return who is in the lesson's room; nobody when it is not open."""


class Rooms(Protocol):
    """What may be asked of live rooms from outside."""

    def end(self, lesson: RoomId) -> None:
        """End the lesson for everybody."""


class RecordingIndex(Protocol):
    """Which recording belongs to which lesson."""

    async def ids_by_lesson(self, lessons: tuple[RoomId, ...]) -> dict[str, str]:
        """Return the recording's id for those lessons that have one."""


class Live(Presence, Rooms, RecordingIndex, Protocol):
    """The live plane: media workers, recorder, and the throw-away connection of the device check."""

    @property
    def is_media_ready(self) -> bool:
        """Return whether the media workers serve."""

    @property
    def is_recorder_ready(self) -> bool:
        """Return whether the recorder serves."""

    async def test_path(self, offer: str) -> str:
        """Answer a throw-away connection's SDP offer."""

    def cap_changed(self, school_id: str, cap: DataCap) -> None:
        """Hold a school to another data cap from now on."""

    def downloaded(self, lesson: RoomId, seats: Sequence[Seat], size_bytes: int) -> None:
        """Count what whoever may hold one of these seats fetched over HTTP."""

    def spares(self, school_id: str) -> Sequence[Spare]:
        """Return what the links of a school have to spare in the lessons that it takes part in now."""

    def page_pace(self, lesson: RoomId, seats: Sequence[Seat], page: int) -> Pace | None:
        """Return how fast a page goes to whoever may hold one of these seats; None: at once."""

    def rungs(self) -> list[tuple[str, Rung]]:
        """Return the school and the rung of each classroom that is in."""

    def deck_changed(self, lesson: RoomId, deck: Deck | None) -> None:
        """Tell the lesson's room, when it is open, that it has another deck."""

    def clips_changed(self, lesson: RoomId, clips: tuple[Clip, ...]) -> None:
        """Tell the lesson's room, when it is open, which clips it has now."""

    def segments_changed(self, lesson: RoomId, segments: tuple[Segment, ...]) -> None:
        """Tell the lesson's room, when it is open, by which segments of a plan it is taught now."""

    def called_off(self, lesson: RoomId, reason: str) -> None:
        """Send home whoever waits in a lesson that was cancelled."""

    def roster_changed(self, roster: Roster) -> None:
        """Tell the open rooms of a classroom who its pupils are now."""

    def photo_shown(self, lesson: RoomId) -> str:
        """Return the pupil's photo that the lesson's walls show now; empty: none."""

    def remake(self, recording: str, folder: str, title: str) -> None:
        """Have a finished recording made again."""

    def is_acting(self, lesson: RoomId, seats: Sequence[Seat]) -> bool:
        """Return whether who may hold one of these seats leads the lesson in the lecturer's place now."""

    def routes(self) -> list[BaseRoute]:
        """Return the routes of rooms and recordings."""
