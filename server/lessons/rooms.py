"""The rooms of this process: opened from the database when somebody comes, closed when they are over.

`RoomHost` is what the WebSocket, the WHIP doors and the lobby ask. It owns the recorder, the media workers and a scope
for each room; a room that fails is logged, closed and opened anew from its log, and takes nobody else with it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from prometheus_client import Gauge

from media.control import ClosePeer
from recorder.control import DiskLow, RecordingChanged, RecordingOpened, RecordingStalled
from server.lessons.catchup import Spare
from server.lessons.live_room import LiveRoom
from server.lessons.log_keeper import LogKeeper
from server.lessons.packs.pace import Pace
from server.lessons.playback_keeper import PlaybackKeeper
from server.lessons.ports import LessonStore, RecordingStore, RoomTokens, Seat, StoredLesson
from server.lessons.recording import LessonRecording
from server.processes.media import MediaWorkers, Report
from server.processes.recorder import RecorderLink
from signaling.data_caps import DataCap
from signaling.effects import Outcome, both
from signaling.errors import Refused, Unavailable
from signaling.messages import Clip, Deck, RoomId, Roster, Rung, Segment
from signaling.room import Room
from signaling.seats import Admission, peer_id, room_of_resume

log = logging.getLogger(__name__)

MAX_ROOMS = 500  # of one process; a county has about 200 lessons at a time
NEWS_QUEUE = 1000  # recordings' news that wait for the database; past it the oldest goes: the newest says most
PATH_TEST_ROOM = "path-test"  # no lesson's id: those have no hyphen
PATH_TEST_S = 20.0  # a browser gives up its checks after about 15 s
MAX_PATH_TESTS = 20

_T = TypeVar("_T")

_rooms = Gauge("tongtang_rooms", "Open rooms")


class LiveSettings(msgspec.Struct, frozen=True):
    """Times of live rooms, in seconds."""

    store_timeout_s: float = 10.0  # for one question to the database
    ended_grace_s: float = 10.0  # between the end of class and the end of the sockets: time to say good-bye
    shutdown_s: float = 5.0  # to store the last events when the process ends


class Seats(msgspec.Struct, frozen=True):
    """Who is in a lesson now, for the lobby."""

    classrooms_online: int = 0
    people_online: int = 0
    online_classrooms: frozenset[str] = frozenset()  # classroom ids


class RoomHost:
    """All live rooms of this process.

    Args:
        store: where lessons and their events are.
        tokens: signs and checks room tokens.
        recordings: where the recorder's news goes.
        media: the media workers; run by this host.
        recorder: the recorder; run by this host.
        settings: times.
        caps: the data caps of schools, by school id.
    """

    def __init__(
        self,
        store: LessonStore,
        tokens: RoomTokens,
        recordings: RecordingStore,
        media: MediaWorkers,
        recorder: RecorderLink,
        settings: LiveSettings | None = None,
        caps: Mapping[str, DataCap] | None = None,
    ) -> None:
        self.tokens = tokens
        self.media = media
        self.recorder = recorder
        self._store = store
        self._recordings = recordings
        self._settings = settings or LiveSettings()
        self._rooms: dict[RoomId, LiveRoom] = {}
        self._opening: dict[RoomId, asyncio.Lock] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._owned: set[asyncio.Task[None]] = set()
        self._news: asyncio.Queue[RecordingChanged] = asyncio.Queue(NEWS_QUEUE)
        self._path_tests = 0
        self._caps = dict(caps or {})
        self._rng = random.SystemRandom()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the recorder, the media workers and all rooms inside the block: the lifespan of the web application.

        Lessons that were live are opened again at the start. At the end sockets get `Bye` with `shutdown`, waiting
        events are stored, and the children have ended.
        """
        self.media.listen(self)
        self.recorder.listen(self)
        async with asyncio.TaskGroup() as children:
            running = [children.create_task(self.recorder.run()), children.create_task(self.media.run())]
            try:
                async with asyncio.TaskGroup() as self._tasks:
                    self._spawn(self._reopen_live())
                    self._spawn(self._store_news())
                    try:
                        yield
                    finally:
                        self._tasks = None
                        for task in tuple(self._owned):
                            task.cancel()
            finally:
                for task in running:
                    task.cancel()

    # --- for the doors and the lobby

    async def room_of(self, lesson: RoomId) -> LiveRoom:
        """Return the open room of `lesson`, opening it when needed.

        Raises:
            Refused: `lesson_unknown` or `lesson_ended`.
            Unavailable: `storage_unavailable`, `server_full` or `shutdown`.
        """
        room = self._rooms.get(lesson)
        if room is not None and not room.is_closing:
            return room
        lock = self._opening.setdefault(lesson, asyncio.Lock())
        try:
            async with lock:
                room = self._rooms.get(lesson)
                if room is not None and room.is_closing:
                    await self._ask(room.finished.wait())
                elif room is not None:
                    return room
                return await self._open(lesson)
        finally:
            if not lock.locked():
                self._opening.pop(lesson, None)

    async def admit(self, token: str, resume: str) -> tuple[LiveRoom, Seat | None]:
        """Return the room and the seat that a `Hello` may enter; no seat: only its resume token may bring it back.

        Raises:
            Refused: `token_invalid`, `token_expired`, or as `room_of`.
            Unavailable: as `room_of`.
        """
        try:
            seat = self.tokens.verify(token)
        except Refused:
            room = self._rooms.get(room_of_resume(resume))
            if room is None or room.is_closing:
                raise
            return room, None
        return await self.room_of(seat.room), seat

    def seats(self, lesson: RoomId) -> Seats:
        """Return who is in `lesson` now; nobody when its room is not open."""
        room = self._rooms.get(lesson)
        if room is None:
            return Seats()
        people, classrooms = room.online()
        return Seats(len(classrooms), people, classrooms)

    def open_room(self, lesson: RoomId) -> LiveRoom | None:
        """Return the room of `lesson` when it is open."""
        room = self._rooms.get(lesson)
        return None if room is None or room.is_closing else room

    def end(self, lesson: RoomId) -> None:
        """End a live lesson from outside; another is left as it is."""
        room = self._rooms.get(lesson)
        if room is not None:
            room.end()

    def deck_changed(self, lesson: RoomId, deck: Deck | None) -> None:
        """Give an open room its new deck; a closed one reads it when it opens."""
        room = self._rooms.get(lesson)
        if room is not None:
            room.set_deck(deck)

    def clips_changed(self, lesson: RoomId, clips: tuple[Clip, ...]) -> None:
        """Tell an open room which clips its lesson has now; a closed one reads them when it opens."""
        room = self._rooms.get(lesson)
        if room is not None:
            room.set_clips(clips)

    def segments_changed(self, lesson: RoomId, segments: tuple[Segment, ...]) -> None:
        """Tell an open room, before class, by which segments it is taught; a closed one reads them when it opens."""
        room = self._rooms.get(lesson)
        if room is not None and room.room.state.lesson.state == "scheduled":
            room.set_segments(segments)

    def called_off(self, lesson: RoomId, reason: str) -> None:
        """Send home whoever waits in a lesson that was cancelled; one that is live goes on to its end."""
        room = self._rooms.get(lesson)
        if room is not None and room.room.state.lesson.state == "scheduled":
            room.dismiss_all("lesson_cancelled", f"这节课取消了：{reason}")

    def roster_changed(self, roster: Roster) -> None:
        """Tell the open rooms of a classroom who its pupils are now; a closed one reads it when it opens."""
        for room in self._rooms.values():
            if roster.classroom in room.classrooms:
                room.set_roster(roster)

    def set_cap(self, school_id: str, cap: DataCap) -> None:
        """Change the data cap of a school, in all rooms at once."""
        self._caps[school_id] = cap
        for room in self._rooms.values():
            room.set_cap(school_id, cap)

    def downloaded(self, lesson: RoomId, seats: Sequence[Seat], size_bytes: int) -> None:
        """Count what whoever may hold one of these seats fetched over HTTP."""
        room = self._rooms.get(lesson)
        if room is not None:
            room.room.media.on_download([peer_id(lesson, admission_of(seat)) for seat in seats], size_bytes)

    def spares(self, school_id: str) -> list[Spare]:
        """Return what the links of a school have to spare in the lessons that it takes part in now."""
        now = time.monotonic()
        return [spare for room in self._rooms.values() for spare in room.spares_of(school_id, now)]

    def page_pace(self, lesson: RoomId, seats: Sequence[Seat], page: int) -> Pace | None:
        """Return how fast a page goes to whoever may hold one of these seats; None: at once."""
        room = self.open_room(lesson)
        return None if room is None else room.page_pace([peer_id(lesson, admission_of(seat)) for seat in seats], page)

    def rungs(self) -> list[tuple[str, Rung]]:
        """Return the school and the rung of each classroom in an open room."""
        return [one for room in self._rooms.values() for one in room.rungs()]

    async def test_path(self, offer: str) -> str:
        """Answer a sending connection that belongs to no lesson: does its media path come up? Forgotten soon after.

        Raises:
            Refused: `too_many_attempts`, or the worker's reason.
            Unavailable: the worker does not answer.
        """
        if self._path_tests >= MAX_PATH_TESTS:
            raise Refused("too_many_attempts", "正在检测的设备太多，请稍候再试。")
        peer = f"{self._rng.getrandbits(64):016x}"
        self._spawn(self._forget_path_test(peer))
        self._path_tests += 1
        self.media.open_room(PATH_TEST_ROOM)
        return await self.media.publish(PATH_TEST_ROOM, peer, offer, ())

    # --- from the children

    def on_media_report(self, report: Report) -> None:
        """Pass a worker's report to its room."""
        room = self._rooms.get(RoomId(report.room))
        if room is not None:
            room.on_media_report(report)

    def on_media_reset(self, room: str) -> None:
        """Tell a room that its media is gone."""
        live = self._rooms.get(RoomId(room))
        if live is not None:
            live.on_media_reset()

    def on_recorder_lost(self) -> None:
        """Tell all rooms that nothing is recorded."""
        for room in self._rooms.values():
            room.on_recorder_lost()

    def on_recorder_message(self, message: RecordingOpened | RecordingChanged | RecordingStalled | DiskLow) -> None:
        """Pass news of a recording to its room and to the library."""
        for room in self._rooms.values():
            if room.on_recorder_message(message):
                break
        if isinstance(message, RecordingStalled):
            words = (
                "磁盘写不进去，录像有缺口：请清理磁盘，腾出空间后会自动继续。" if message.stalled else "录像又在写了。"
            )
            log.warning("recording %s: %s", message.recording, words)
        if isinstance(message, DiskLow):
            log.warning("磁盘快满了，只剩 %d MB：请清理磁盘，否则录像会停下。", message.free_bytes >> 20)
        if isinstance(message, RecordingChanged):
            if self._news.full():
                self._news.get_nowait()
                log.error("the library does not keep up: news of a recording was dropped")
            self._news.put_nowait(message)

    # --- inside

    async def _open(self, lesson: RoomId) -> LiveRoom:
        if len(self._rooms) >= MAX_ROOMS:
            raise Unavailable("server_full", "这台服务器上的课堂已满，请稍后再试。")
        stored = await self._ask(self._store.load(lesson))
        if stored is None:
            raise Refused("lesson_unknown", "没有这节课，请检查课堂码。")
        if stored.info.state == "ended":
            raise Refused("lesson_ended", "这节课已经结束。")
        wallclock_ms = int(datetime.now(UTC).timestamp() * 1000)
        opened_ms = stored.opened_wallclock_ms
        if opened_ms is None:
            opened_ms = wallclock_ms
            await self._ask(self._store.opened(lesson, wallclock_ms))
        room = self._rooms.get(lesson)
        if room is not None and not room.is_closing:
            return room  # somebody else came while this one asked
        room, restored = self._restore(stored, opened_ms, wallclock_ms)
        self._spawn(self._run(room))
        self._rooms[lesson] = room
        room.open(restored)
        _rooms.set(len(self._rooms))
        return room

    def _restore(self, stored: StoredLesson, opened_ms: int, wallclock_ms: int) -> tuple[LiveRoom, Outcome]:
        now = time.monotonic()
        told_ms = stored.events[-1].t_ms if stored.events else 0  # a clock that was set back does not take it back
        opened_at = now - max(told_ms, wallclock_ms - opened_ms) / 1000
        core, restored = Room.restore(
            stored.info,
            stored.deck,
            stored.events,
            opened_at=opened_at,
            now=now,
            rng=self._rng,
            playback=stored.playback,
        )
        for school_id, cap in self._caps.items():
            core.media.set_cap(school_id, cap)  # nobody is in yet, so nobody is to be told
        restored = both(restored, core.set_clips(stored.clips, now))
        if stored.info.state == "scheduled":  # a plan is not changed under a class that goes on
            restored = both(restored, core.set_segments(stored.segments, now))
        for roster in stored.rosters:
            restored = both(restored, core.set_roster(roster, now))
        recording = LessonRecording(core.id, int(opened_at * 1e9), self._recordings, self.media, self.recorder)
        recording.add(stored.events)
        keeper = LogKeeper(core.id, self._store, self._settings.store_timeout_s)
        room = LiveRoom(
            core,
            keeper,
            recording,
            PlaybackKeeper(core.id, self._store, self._settings.store_timeout_s, stored.playback),
            self.media,
            timeout_s=self._settings.store_timeout_s,
            ended_grace_s=self._settings.ended_grace_s,
            flush_s=self._settings.shutdown_s,
            classrooms=frozenset(roster.classroom for roster in stored.rosters),
        )
        return room, restored

    async def _run(self, room: LiveRoom) -> None:
        """Own one room; its failure ends here."""
        try:
            await room.run()
        except Exception:
            log.exception("the room of lesson %s failed and is opened anew from its log", room.room.id)
        finally:
            room.finished.set()
            if self._rooms.get(room.room.id) is room:
                del self._rooms[room.room.id]
            _rooms.set(len(self._rooms))

    async def _reopen_live(self) -> None:
        delay_s = 0.5
        while True:
            try:
                for lesson in await self._ask(self._store.live()):
                    await self.room_of(lesson)
                return
            except Exception:
                log.exception("live lessons could not be opened again; trying again in %.1f s", delay_s)
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, 30.0)

    async def _store_news(self) -> None:
        while True:
            message = await self._news.get()
            for attempt in range(3):
                try:
                    await self._ask(self._recordings.changed(message))
                    break
                except Exception:
                    log.exception("news of recording %s was not stored, try %d", message.recording, attempt + 1)
                    await asyncio.sleep(1.0)

    async def _forget_path_test(self, peer: str) -> None:
        try:
            await asyncio.sleep(PATH_TEST_S)
        finally:
            self._path_tests -= 1
            self.media.tell(ClosePeer(PATH_TEST_ROOM, peer))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        """Start a task that this host owns.

        Raises:
            Unavailable: `shutdown`: the host is not running.
        """
        if self._tasks is None:
            work.close()
            raise Unavailable("shutdown", "服务器正在关闭，请稍后重新进入。")
        task = self._tasks.create_task(work)
        self._owned.add(task)
        task.add_done_callback(self._owned.discard)

    async def _ask(self, question: Awaitable[_T]) -> _T:
        """Wait for the database.

        Raises:
            Unavailable: `storage_unavailable`: no answer in time.
        """
        try:
            async with asyncio.timeout(self._settings.store_timeout_s):
                return await question
        except TimeoutError:
            raise Unavailable("storage_unavailable", "数据库暂时没有回应，请稍候再试。") from None


def admission_of(seat: Seat) -> Admission:
    """Return what the room needs to know of a verified seat."""
    return Admission(seat.subject, seat.role, seat.name, seat.school, seat.classroom, seat.school_id)
