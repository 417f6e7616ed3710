"""Store how a room's lesson plays, behind the room's back, and count it for Prometheus."""

from __future__ import annotations

import asyncio
import logging

from prometheus_client import Counter

from server.lessons.ports import LessonStore
from signaling.messages import PeerId, RoomId
from signaling.playback import Playback
from signaling.roles import Role

log = logging.getLogger(__name__)

RETRY_S = 5.0
LAST_RETRY_S = 0.2  # while a room ends, which waits for this
MAX_SCHOOLS = 500  # label values of one process: a county has about 200 schools; the rest share one
OTHER_SCHOOLS = "other"

_watched = Counter("tongtang_playback_watched_seconds_total", "Time that classrooms watched live lessons", ["school"])
_stalled = Counter("tongtang_playback_stalled_seconds_total", "Time of it in which the picture stood still", ["school"])
_audio = Counter("tongtang_playback_audio_seconds_total", "Sound that classrooms played in live lessons", ["school"])
_concealed = Counter(
    "tongtang_playback_audio_concealed_seconds_total", "Sound of it that was lost and filled in", ["school"]
)
_bytes = Counter("tongtang_playback_sent_bytes_total", "Media sent to classrooms in live lessons", ["school"])
_failed = Counter("tongtang_playback_batches_failed_total", "Batches of figures that had to be stored again")
_labels: set[str] = set()


class PlaybackKeeper:
    """The figures of one room that are not stored yet.

    Its overflow rule: newer figures of a seat replace those that wait, so there are never more than seats.
    """

    def __init__(self, lesson: RoomId, store: LessonStore, timeout_s: float, stored: tuple[Playback, ...] = ()) -> None:
        self._lesson = lesson
        self._store = store
        self._timeout_s = timeout_s
        self._counted = {row.peer: row for row in stored}
        self._waiting: dict[PeerId, Playback] = {}
        self._wake = asyncio.Event()

    def add(self, rows: tuple[Playback, ...]) -> None:
        """Queue figures; those that are known already are left out."""
        for row in rows:
            before = self._counted.get(row.peer)
            if row == before:
                continue
            if row.role is Role.CLASSROOM:
                _count(before, row)
            self._counted[row.peer] = self._waiting[row.peer] = row
            self._wake.set()

    async def run(self) -> None:
        """Store figures as they come, until cancelled."""
        while True:
            await self._wake.wait()
            if not await self._store_batch():
                await asyncio.sleep(RETRY_S)

    async def flush(self, patience_s: float) -> None:
        """Store what waits: the last figures of a room that ends."""
        try:
            async with asyncio.timeout(patience_s):
                while self._waiting:
                    if not await self._store_batch():
                        await asyncio.sleep(LAST_RETRY_S)
        except TimeoutError:
            log.error("the last figures of lesson %s could not be stored", self._lesson)

    async def _store_batch(self) -> bool:
        batch, self._waiting = self._waiting, {}
        self._wake.clear()
        if not batch:
            return True
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._store.keep_playback(self._lesson, tuple(batch.values()))
        except BaseException as error:
            self._waiting = batch | self._waiting
            self._wake.set()
            if not isinstance(error, Exception):
                raise
            _failed.inc()
            log.exception("storing figures of lesson %s failed; trying again", self._lesson)
            return False
        return True


def school_label(school: str) -> str:
    """Return the label value of a school, so that the number of series stays bounded."""
    if school not in _labels:
        if len(_labels) >= MAX_SCHOOLS:
            return OTHER_SCHOOLS
        _labels.add(school)
    return school


def _count(before: Playback | None, after: Playback) -> None:
    before = before or Playback(after.peer, after.role, after.name, after.school)
    label = school_label(after.school)
    for counter, name, unit in (
        (_watched, "watched_ms", 1000),
        (_stalled, "video_stall_ms", 1000),
        (_audio, "audio_ms", 1000),
        (_concealed, "audio_concealed_ms", 1000),
        (_bytes, "sent_bytes", 1),
    ):
        counter.labels(label).inc(max(0, getattr(after, name) - getattr(before, name)) / unit)
