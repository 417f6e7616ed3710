"""Store a room's events in order, behind the room's back: the room never waits for the database."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from prometheus_client import Counter, Gauge

from server.lessons.ports import LessonStore
from signaling.errors import Unavailable
from signaling.messages import Event, LessonInfo, RoomId

log = logging.getLogger(__name__)

BATCH_EVENTS = 500  # one transaction's worth
MAX_PENDING = 20_000  # events; with a database that is down, about as long as a lesson. Past it requests are refused
# How long events wait for the next ones before they are stored. Where people pour into 25 rooms, each event stored by
# itself lets the rooms wait for the single writer until they time out (`bench.events --only crowd`). A power cut may
# lose this much more of a lesson than the commit under way.
GATHER_S = 0.05
FIRST_RETRY_S, LAST_RETRY_S = 0.2, 5.0

_stored = Counter("tongtang_room_events_stored_total", "Events stored in the database")
_failed = Counter("tongtang_room_event_batches_failed_total", "Batches of events that had to be stored again")
_pending = Gauge("tongtang_room_events_pending", "Events that wait to be stored")


class LogKeeper:
    """The events of one room that are not stored yet.

    Its overflow rule: `check` refuses requests before the bound is passed; an event that happened is never dropped.
    """

    def __init__(self, lesson: RoomId, store: LessonStore, timeout_s: float) -> None:
        self._lesson = lesson
        self._store = store
        self._timeout_s = timeout_s
        self._waiting: deque[tuple[Event, LessonInfo]] = deque()
        self._wake = asyncio.Event()
        self._is_urgent = asyncio.Event()  # a whole batch waits, or the end of the lesson

    def check(self) -> None:
        """Pass when there is room for more.

        Raises:
            Unavailable: `storage_unavailable`.
        """
        if len(self._waiting) >= MAX_PENDING:
            raise Unavailable("storage_unavailable", "数据库暂时无法写入，请稍候再试。")

    def add(self, events: tuple[Event, ...], info: LessonInfo) -> None:
        """Queue events with the lesson's state after them."""
        self._waiting.extend((event, info) for event in events)
        _pending.inc(len(events))
        self._wake.set()
        if len(self._waiting) >= BATCH_EVENTS or info.state == "ended":
            self._is_urgent.set()

    async def run(self) -> None:
        """Store events as they come, those of a moment together, until cancelled; then `flush` is at once."""
        delay_s = FIRST_RETRY_S
        while True:
            await self._wake.wait()
            await self._gather()
            if await self._store_batch():
                delay_s = FIRST_RETRY_S
            else:
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, LAST_RETRY_S)

    async def flush(self, patience_s: float) -> None:
        """Store what waits: the last words of a room that ends."""
        try:
            async with asyncio.timeout(patience_s):
                while self._waiting:
                    if not await self._store_batch():
                        await asyncio.sleep(FIRST_RETRY_S)
        except TimeoutError:
            log.error("%d events of lesson %s could not be stored", len(self._waiting), self._lesson)
        finally:
            _pending.dec(len(self._waiting))

    async def _gather(self) -> None:
        try:
            async with asyncio.timeout(GATHER_S):
                await self._is_urgent.wait()
        except TimeoutError:
            pass

    async def _store_batch(self) -> bool:
        batch = [self._waiting[n] for n in range(min(BATCH_EVENTS, len(self._waiting)))]
        if batch:
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._store.append(self._lesson, batch[-1][1], tuple(event for event, _ in batch))
            except Exception:
                _failed.inc()
                log.exception("storing %d events of lesson %s failed; trying again", len(batch), self._lesson)
                return False
            for _ in batch:
                self._waiting.popleft()
            _pending.dec(len(batch))
            _stored.inc(len(batch))
        if not self._waiting:
            self._wake.clear()
            self._is_urgent.clear()
        return True
