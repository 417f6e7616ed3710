"""Where on a recording a note belongs that was taken while the lesson went on."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from recorder.pauses import FOREVER, Span, cut_time
from server.lessons import tables as lesson_tables
from server.library import tables as library_tables
from server.library.model import Recording
from server.planning.reviews.desk import Access
from server.planning.reviews.model import Note
from server.storage.database import Transaction
from signaling.messages import Event, LessonEnded, LessonStarted, PageTurned, RecordingPaused


async def on_recording(tx: Transaction, access: Access, notes: Sequence[Note]) -> list[Note]:
    """Return the notes on the recording's clock as far as there is one, in the order of the lesson."""
    live = [one for one in notes if one.clock == "lesson"]
    if live and access.recording_id is not None:
        recording = await library_tables.find_recording(tx, access.recording_id)
        events = await lesson_tables.events_of(tx, access.lesson.id)
        if recording is not None:
            notes = [
                msgspec.structs.replace(one, at_ms=file_time(events, recording, one.at_ms), clock="recording")
                if one.clock == "lesson"
                else one
                for one in notes
            ]
    return sorted(notes, key=lambda one: (one.clock, one.at_ms, one.made_ms))


def file_time(events: Sequence[Event], recording: Recording, t_ms: int) -> int:
    """Return the place in a recording's files of a moment of its room: pauses are not in them.

    Files begin with what came first of the lecturer, some time after class began. When that was the last page turn
    tells, which stands in both; a lesson without one is placed by the begin of class.
    """
    pauses = pauses_of(events)
    began = next((one.t_ms for one in events if isinstance(one.body, LessonStarted)), 0)
    zero_ms = cut_time(pauses, float(began))
    turns = [(one.t_ms, one.body.page) for one in events if isinstance(one.body, PageTurned)]
    if turns and recording.made.pages:
        (turned_ms, page), placed = turns[-1], recording.made.pages[-1]
        if placed.title == str(page) and placed.start_ms > 0:
            zero_ms = cut_time(pauses, float(turned_ms)) - placed.start_ms
    return max(0, min(round(cut_time(pauses, float(t_ms)) - zero_ms), recording.duration_ms))


def pauses_of(events: Sequence[Event]) -> list[Span]:
    """Return when recording was paused, on the room's clock."""
    pauses: list[Span] = []
    for event in events:
        match event.body:
            case RecordingPaused(paused=True) if not pauses or pauses[-1][1] != FOREVER:
                pauses.append((float(event.t_ms), FOREVER))
            case RecordingPaused(paused=False) | LessonEnded() if pauses and pauses[-1][1] == FOREVER:
                pauses[-1] = (pauses[-1][0], float(event.t_ms))
    return pauses
