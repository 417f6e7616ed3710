"""What a recording is to the rest of the server. What `service.py` returns."""

from __future__ import annotations

import msgspec

from recorder.control import Chapter, RecordingState, Rendition
from signaling.messages import RoomId


class Made(msgspec.Struct, frozen=True):
    """What finalising made of a recording."""

    poster: str = ""
    renditions: tuple[Rendition, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    pages: tuple[Chapter, ...] = ()  # page turns: the title holds the page's number


class Recording(msgspec.Struct, frozen=True):
    """A recording of a lesson. `made` is of the last time that it was finalised."""

    id: str
    lesson_id: RoomId
    title: str
    state: RecordingState
    detail: str
    progress_pct: int
    recorded_at_ms: int  # UTC epoch
    duration_ms: int
    made: Made
