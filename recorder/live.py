"""A live recording with its hands: the session that decides, the folder that holds, the thread that writes."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from recorder.folder import Folder, FolderBusy, Moment
from recorder.ops import Op
from recorder.session import Session

SYNC_INTERVAL_NS = 1_000_000_000  # a power cut takes at most the last second
BUSY_TRIES, BUSY_PAUSE_S = 40, 0.25  # a finaliser or recorder that is just ending lets go of its lock
_log = logging.getLogger(__name__)


def read_moment() -> Moment:
    """Return now on both clocks."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    mono_ns = time.monotonic_ns()
    wall_ms = time.time_ns() // 1_000_000
    return Moment(mono_ns, wall_ms, boot.read_text().strip() if boot.exists() else "")


class Live:
    """One recording that runs. All methods are for the event loop; files are touched in the thread only."""

    def __init__(self, session: Session, folder: Folder, thread: ThreadPoolExecutor, title: str) -> None:
        self.session = session
        self.title = title
        self.path = folder.path
        self._folder = folder
        self._thread = thread
        self._writing: Future[None] | None = None
        self._synced_ns = 0
        self._failures = 0
        self._is_stalled = False

    @classmethod
    async def open(cls, path: Path, recording: str, room: str, title: str, lead_role: str) -> Live:
        """Open or continue the recording in `path`.

        Raises:
            FolderBusy: another process writes there.
            OSError: the folder cannot be written.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="folder")
        start = {"recording": recording, "room": room, "title": title, "lead_role": lead_role}
        try:
            folder = await cls._open_folder(path, start, thread)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        session = Session(recording, room, folder.origin_ns, folder.next_part, folder.last_event_seq, folder.paused_ns)
        return cls(session, folder, thread, title)

    @staticmethod
    async def _open_folder(path: Path, start: dict[str, str], thread: ThreadPoolExecutor) -> Folder:
        loop = asyncio.get_running_loop()
        for _ in range(BUSY_TRIES):
            try:
                return await loop.run_in_executor(thread, lambda: Folder(path, read_moment(), start))
            except FolderBusy:
                await asyncio.sleep(BUSY_PAUSE_S)
        raise FolderBusy(str(path))

    @property
    def is_disk_failing(self) -> bool:
        """Whether a write failed since the last time this was asked."""
        failures = self._folder.write_failures
        failed, self._failures = failures != self._failures, failures
        return failed

    def poll_stalled(self) -> bool | None:
        """Return whether the disk takes nothing just now, when that has changed since the last time this was asked."""
        stalled = self._folder.is_stalled
        if stalled is self._is_stalled:
            return None
        self._is_stalled = stalled
        return stalled

    def tick(self, now_ns: int) -> None:
        """Hand what is to be written to the thread, unless it is still busy with the last."""
        self.session.on_timeout(now_ns)
        if self._writing is not None:
            if not self._writing.done():
                return
            self._writing.result()
            self._writing = None
        ops = self.session.poll_ops()
        is_sync = now_ns >= self._synced_ns + SYNC_INTERVAL_NS
        if ops or is_sync:
            if is_sync:
                self._synced_ns = now_ns
            self._writing = self._thread.submit(self._write, ops, self.session.t_ms(now_ns), is_sync)

    async def close(self, kind: str = "session.end") -> None:
        """End the session (`session.suspend`: only this process ends) and close the folder."""
        now_ns = time.monotonic_ns()
        self.session.stop(now_ns, kind)
        ops, t_ms = self.session.poll_ops(), self.session.t_ms(now_ns)
        try:
            await asyncio.shield(asyncio.wrap_future(self._thread.submit(self._finish, ops, t_ms)))
        finally:
            self._thread.shutdown(wait=False)

    def _write(self, ops: list[Op], t_ms: float, is_sync: bool) -> None:
        self._folder.apply(ops, t_ms)
        if is_sync:
            self._folder.sync(t_ms)

    def _finish(self, ops: list[Op], t_ms: float) -> None:
        self._folder.apply(ops, t_ms)
        self._folder.close(t_ms)
