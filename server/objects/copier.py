"""Copies recordings into the store: closed parts while class goes on, finished files once they are made.

One file at a time, so that class has the line. What is stored is noted in the database; what was stored but not noted
(a crash in between) is found there already. A store that cannot be reached is tried again after 10 s, 20 s, … 10 min;
nothing is removed from the data folder, so nothing is lost meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from prometheus_client import Counter, Gauge

from server.accounts.service import Clock, epoch_ms, utc_now
from server.library import tables as recording_tables
from server.library.model import Recording
from server.objects import copying, tables
from server.objects.store import ObjectStore
from server.objects.tables import DONE
from server.storage.database import Database
from signaling.errors import TongtangError, Unavailable

log = logging.getLogger("tongtang.objects")

EVERY_S = 60.0  # a part is closed after 30 min: a minute more is little
FIRST_RETRY_S, LAST_RETRY_S = 10.0, 600.0

_copied = Counter("tongtang_objects_copied_bytes_total", "Bytes copied into the object store")
_waiting = Gauge("tongtang_objects_waiting", "Recordings with something that is not in the object store yet")
_reached = Gauge("tongtang_objects_reached", "Whether the object store could be used the last time")


class Copier:
    """Copies what is due."""

    def __init__(self, database: Database, store: ObjectStore, recordings: Path, clock: Clock = utc_now) -> None:
        self._database = database
        self._store = store
        self._recordings = recordings
        self._clock = clock
        self._retry_s = 0.0  # 0: the store was there the last time

    async def run(self) -> None:
        """Copy for as long as it is not cancelled."""
        while True:
            wait_s = await self.step()
            await asyncio.sleep(wait_s)

    async def step(self) -> float:
        """Copy everything that is due now; return in how many seconds to look again."""
        try:
            await self._pass()
        except Unavailable as error:
            if not self._retry_s:
                log.warning("%s: %s", self._store.where, error)
            self._retry_s = min(LAST_RETRY_S, self._retry_s * 2 or FIRST_RETRY_S)
            _reached.set(0)
            return self._retry_s
        except (TongtangError, OSError):  # two nodes noted the same at once, or a file went away: the next pass sees
            log.exception("copying to %s", self._store.where)
            return EVERY_S
        if self._retry_s:
            log.info("%s is back", self._store.where)
        self._retry_s = 0.0
        _reached.set(1)
        return EVERY_S

    async def _pass(self) -> None:
        async with self._database.read() as tx:
            found = [
                one
                for state in ("ready", "recording", "ended", "finalising", "failed")
                for one in await recording_tables.recordings_in(tx, state)
            ]
            stored = await tables.copies_of(tx, [one.id for one in found])
        due = [one for one in found if await asyncio.to_thread(self._is_due, one, stored[one.id])]
        _waiting.set(len(due))
        for number, recording in enumerate(due):
            await self._copy(recording, stored[recording.id])
            _waiting.set(len(due) - number - 1)

    def _is_due(self, recording: Recording, stored: dict[str, int]) -> bool:
        folder = self._recordings / recording.id
        if not folder.is_dir():
            return False
        return recording.state != "ready" or stored.get(DONE) != copying.made_ms(folder)

    async def _copy(self, recording: Recording, stored: dict[str, int]) -> None:
        folder = self._recordings / recording.id
        parts = await asyncio.to_thread(copying.closed_parts, folder)
        new = [one for one in parts if stored.get(one.path) != one.bytes]
        for part in new:
            await self._put(copying.part_key(recording.id, part.path), folder / part.path, part.bytes)
            await self._note(recording.id, part.path, part.bytes)
        if new:
            await self._put_journal(recording.id, folder)
        if recording.state == "ready":
            await self._copy_made(recording.id, folder)

    async def _put_journal(self, recording: str, folder: Path) -> None:
        """Store the journal as it is now: without it nobody knows when the parts were."""
        with tempfile.TemporaryDirectory(prefix="tongtang-") as name:
            snapshot = Path(name) / "journal"
            size = await asyncio.to_thread(copying.snapshot_journal, folder, snapshot)
            await self._put(copying.part_key(recording, f"journal-{size:012d}.jsonl"), snapshot, size)

    async def _copy_made(self, recording: str, folder: Path) -> None:
        version = await asyncio.to_thread(copying.made_ms, folder)
        manifest = await asyncio.to_thread(copying.manifest_of, recording, folder)
        if manifest is None or version is None:
            return
        for path, kept in manifest.files.items():
            await self._put(copying.file_key(kept.sha256), folder / path, kept.bytes)
        if await asyncio.to_thread(copying.made_ms, folder) != version:
            return  # it was made again meanwhile: the next pass takes it whole
        with tempfile.TemporaryDirectory(prefix="tongtang-") as name:
            written = Path(name) / "manifest"
            await asyncio.to_thread(written.write_bytes, msgspec.json.encode(manifest))
            await self._put(f"recordings/{recording}/{version:015d}.json", written, 0)
        await self._note(recording, DONE, version)

    async def _put(self, key: str, path: Path, size: int) -> None:
        if await self._store.put_if_absent(key, path):
            _copied.inc(size)

    async def _note(self, recording: str, path: str, version: int) -> None:
        async with self._database.write() as tx:
            await tables.note_copy(tx, recording, path, version, epoch_ms(self._clock()))


@asynccontextmanager
async def copying_to(copier: Copier | None) -> AsyncIterator[None]:
    """Keep the copying running inside the block; None: there is no store."""
    if copier is None:
        yield
        return
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(copier.run(), name="objects")
        try:
            yield
        finally:
            running.cancel()
