"""The recording of one live lesson: from `LessonStarted` to `LessonEnded`, told to the recorder."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

import msgspec

from recorder.control import NamePeer, StartRecording
from server.lessons.ports import RecordingStore
from server.processes.media import MediaWorkers
from server.processes.recorder import MAX_EVENTS, RecorderLink
from signaling.messages import Event, Participant, ParticipantJoined, RecordingPaused, RoomId
from signaling.room import Room
from signaling.views import PUBLIC, view_event

log = logging.getLogger(__name__)

RETRY_S = 2.0  # the database that names recordings may be busy
DRAIN_S = 1.0  # from the worker's queue through the tap to the recorder takes up to 0.3 s: the last word is kept


class LessonRecording:
    """What the recorder is told about a lesson. Everything from the room's first event on is told, in order."""

    def __init__(
        self, lesson: RoomId, opened_mono_ns: int, recordings: RecordingStore, media: MediaWorkers, link: RecorderLink
    ) -> None:
        self.id: str | None = None
        self.folder = ""  # where it lies, once it has an id
        self._lesson = lesson
        self._opened_mono_ns = opened_mono_ns
        self._recordings = recordings
        self._media = media
        self._link = link
        self._early: deque[Event] = deque(maxlen=MAX_EVENTS)  # until the recording has a name
        self._started = asyncio.Event()
        self._over = asyncio.Event()

    def add(self, events: tuple[Event, ...]) -> None:
        """Journal events of the room."""
        if self.id is None:
            self._early.extend(events)
            return
        for event in events:
            self._tell(self.id, event)
            if isinstance(event.body, RecordingPaused):
                self._link.pause(self.id, self._mono_ns(event.t_ms) if event.body.paused else None)

    def start(self) -> None:
        """Let `run` begin: class has begun."""
        self._started.set()

    def stop(self) -> None:
        """Let `run` end: class is over."""
        self._over.set()

    async def run(self, room: Room, timeout_s: float) -> None:
        """Record from `start` to `stop`; on cancel between them the recording goes on with the next process."""
        await self._started.wait()
        recording, folder = await self._named(room.state.lesson.title, timeout_s)
        paused_t_ms = room.state.recording_paused_t_ms
        paused_ns = None if paused_t_ms is None else self._mono_ns(paused_t_ms)
        title = room.state.lesson.title
        self._link.start(StartRecording(recording, self._lesson, title, folder, paused_ns=paused_ns))
        self.id, self.folder = recording, folder
        for one in room.state.participants:
            self._name(recording, one)
        while self._early:
            self._tell(recording, self._early.popleft())
        self._media.set_tap(self._lesson, self._link.tap_path)
        try:
            await self._describe(timeout_s)  # so that a recording that a crash ends can be finalised
            await self._over.wait()
            self._media.set_tap(self._lesson, "")
            await asyncio.sleep(DRAIN_S)
            await self._describe(timeout_s)  # once more: questions are prepared during class, too
        finally:
            if self._over.is_set():
                self._link.stop(recording)

    async def _named(self, title: str, timeout_s: float) -> tuple[str, str]:
        while True:
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._recordings.begin(self._lesson, title)
            except Exception:
                log.exception("the recording of lesson %s cannot begin yet", self._lesson)
            await asyncio.sleep(RETRY_S)

    async def _describe(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._recordings.describe(self._lesson)
        except Exception:  # the recording is whole without it; it is described again when it is made again
            log.exception("the description of lesson %s's recording was not written", self._lesson)

    def _tell(self, recording: str, event: Event) -> None:
        if isinstance(event.body, ParticipantJoined):
            self._name(recording, event.body.participant)
        body = msgspec.json.encode(view_event(event, PUBLIC).body)
        self._link.event(recording, event.seq, self._mono_ns(event.t_ms), body)

    def _mono_ns(self, t_ms: int) -> int:
        return self._opened_mono_ns + t_ms * 1_000_000

    def _name(self, recording: str, one: Participant) -> None:
        self._link.name(NamePeer(recording, one.peer, one.role.value, one.name, one.school))
