"""Uploads that go on where they were cut: by a bad link, a reload of the page, or a restart of the server.

Theory of operation. A file is announced with its length, then sent in pieces, each at the offset where the last one
ended. What counts as received is noted in the database only after it is on the disk, at the end of each piece, also of
one that was cut in the middle; a client that lost its way asks for the offset and goes on there. One piece at a time is
taken: a newer one takes over from one whose connection hangs. When all of it is here, whatever it was sent for takes
it in its own transaction (`claim`), moves the file and then lets the upload go (`release`).
"""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

import msgspec

from server.accounts.limits import AttemptLimit
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from server.uploads import tables
from server.uploads.files import UploadFiles
from server.uploads.model import Upload
from signaling.errors import ProtocolViolation, Refused, Unavailable

MAX_PIECE_BYTES = 8 << 20  # of one PATCH: 16 s at 4 Mbit/s
MAX_OPEN = 320  # uploads of one person that wait: a deck of 300 scanned pages
OPEN_TIMES = 2  # as many bytes as this many of a purpose's largest files may wait for one person
NEW_PER_HOUR = 1_000  # uploads a person may begin: three decks of 300 pictures
KEEP_FOR = timedelta(hours=24)  # an upload that nobody goes on with
SWEEP_S = 3_600.0
RESERVE_BYTES = 1 << 30  # stays free for the recordings of two lessons that go on (0.4 GB each)
ROOM_TIMES = 2  # what becomes of a file takes about as much room again

P = ParamSpec("P")
T = TypeVar("T")


class _Writing:
    """One upload that is being written: who writes, and how far."""

    def __init__(self, received: int) -> None:
        self.received = received
        self.writer: object | None = None
        self.lock = asyncio.Lock()
        self.users = 0


class UploadService:
    """Files on their way to the server.

    Args:
        limits: how many bytes a file may have, by purpose; other purposes are refused.
    """

    def __init__(self, database: Database, folder: Path, limits: Mapping[str, int], clock: Clock = utc_now) -> None:
        self._database = database
        self._files = UploadFiles(folder)
        self._limits = dict(limits)
        self._clock = clock
        self._new = AttemptLimit(NEW_PER_HOUR, 3_600.0)
        self._writing: dict[str, _Writing] = {}

    # --- people ---------------------------------------------------------------------------------------------------

    async def begin(self, person_id: str, name: str, size_bytes: int, purpose: str, sha256: str | None) -> Upload:
        """Announce a file.

        Raises:
            Refused: `field_invalid`, `file_empty`, `upload_too_large`, `uploads_full` or `too_many_attempts`.
            Unavailable: `disk_full`.
        """
        limit = self._limits.get(purpose)
        if limit is None:
            raise field_invalid("purpose", "不认识这种用途。")
        if size_bytes == 0:
            raise Refused("file_empty", f"“{name}”是空文件，里面没有内容。请重新导出后再上传。")
        if size_bytes > limit:
            raise Refused("upload_too_large", f"“{name}”有 {_mb(size_bytes)} MB，最大 {_mb(limit)} MB。请压缩或拆开。")
        now = time.monotonic()
        if not self._new.is_allowed(person_id, now):
            raise Refused("too_many_attempts", "一小时里上传的文件太多了，请过一会儿再传。")
        upload = Upload(new_id(), person_id, _plain(name), purpose, size_bytes, 0, sha256)
        async with self._database.write() as tx:
            await self._require_room(tx, upload)
            await tables.add_upload(tx, upload, epoch_ms(self._clock()))
        self._new.count(person_id, now)
        await self._on_disk(self._files.make, upload.id)
        return upload

    async def _require_room(self, tx: Transaction, upload: Upload) -> None:
        count, waiting = await tables.open_uploads(tx, upload.person_id, upload.purpose)
        if count >= MAX_OPEN or waiting + upload.bytes > OPEN_TIMES * self._limits[upload.purpose]:
            raise Refused("uploads_full", "您还有没传完或没用上的文件。请先用完或取消它们，再传新的。")
        to_come = await tables.bytes_to_come(tx) + upload.bytes
        if await self._on_disk(self._files.free_bytes) - ROOM_TIMES * to_come < RESERVE_BYTES:
            raise _disk_full()

    async def find(self, person_id: str, upload_id: str) -> Upload:
        """Return the upload as far as it is here.

        Raises:
            Refused: `upload_unknown`, also for somebody else's.
        """
        async with self._database.read() as tx:
            upload = await tables.find_upload(tx, upload_id)
        if upload is None or upload.person_id != person_id or upload.is_taken:
            raise Refused("upload_unknown", "没有这个上传，可能隔了太久已经清理。请重新选择文件。")
        writing = self._writing.get(upload_id)
        known = writing.received if writing else await self._on_disk(self._files.known, upload_id, upload.received)
        return msgspec.structs.replace(upload, received=known)

    async def append(self, person_id: str, upload_id: str, offset: int, pieces: AsyncIterator[bytes]) -> Upload:
        """Write what `pieces` brings at `offset`; what came of it is kept also when it is cut.

        Raises:
            Refused: `upload_unknown`, `upload_offset`, `upload_taken_over` or `upload_broken`.
            ProtocolViolation: `upload_too_long`.
            Unavailable: `disk_full` or `storage_failed`.
        """
        upload = await self.find(person_id, upload_id)
        async with self._writer(upload) as (writing, me):
            if offset != writing.received:
                raise Refused("upload_offset", f"这一段应从第 {writing.received} 字节开始，请从那里接着传。")
            try:
                async for piece in pieces:
                    async with writing.lock:
                        await self._write(upload, writing, me, piece)
            finally:
                async with writing.lock:
                    if writing.writer is me:
                        await self._settle(upload_id, writing.received)
            upload = msgspec.structs.replace(upload, received=writing.received)
            if upload.is_whole:
                await self._verify(upload, writing)
        return upload

    @asynccontextmanager
    async def _writer(self, upload: Upload) -> AsyncIterator[tuple[_Writing, object]]:
        me = object()
        writing = self._writing.setdefault(upload.id, _Writing(upload.received))
        writing.users += 1
        writing.writer = me  # whoever wrote until now stops at its next piece
        try:
            async with writing.lock:
                pass
            yield writing, me
        finally:
            writing.users -= 1
            if writing.users == 0:
                self._writing.pop(upload.id, None)

    async def _write(self, upload: Upload, writing: _Writing, me: object, piece: bytes) -> None:
        if writing.writer is not me:
            raise Refused("upload_taken_over", "这个文件已从另一个连接接着上传。")
        if writing.received + len(piece) > upload.bytes:
            raise ProtocolViolation("upload_too_long", "传来的内容比说好的长，已经停下。请重新选择文件。")
        await self._on_disk(self._files.write, upload.id, writing.received, piece)
        writing.received += len(piece)

    async def _settle(self, upload_id: str, received: int) -> None:
        await self._on_disk(self._files.settle, upload_id, received)
        async with self._database.write() as tx:
            await tables.set_received(tx, upload_id, received, epoch_ms(self._clock()))

    async def _verify(self, upload: Upload, writing: _Writing) -> None:
        if upload.sha256 is None or await self._on_disk(self._files.sha256, upload.id) == upload.sha256:
            return
        writing.received = 0
        await self._settle(upload.id, 0)
        raise Refused("upload_broken", "文件在路上损坏了，校验不一致。请重新上传。")

    async def drop(self, person_id: str, upload_id: str) -> None:
        """Give an upload up.

        Raises:
            Refused: `upload_unknown`.
        """
        upload = await self.find(person_id, upload_id)
        await self._forget([upload.id])

    # --- what they are for ----------------------------------------------------------------------------------------

    async def claim(self, tx: Transaction, person_id: str, purpose: str, upload_ids: Sequence[str]) -> list[Upload]:
        """Take whole uploads in the transaction of what they were sent for; then move the files and `release`.

        Raises:
            Refused: `upload_unknown` or `upload_incomplete`.
        """
        found = [await tables.find_upload(tx, upload_id) for upload_id in upload_ids]
        uploads = [one for one in found if one is not None and not one.is_taken and one.person_id == person_id]
        if len(uploads) != len(set(upload_ids)) or any(one.purpose != purpose for one in uploads):
            raise Refused("upload_unknown", "有文件已经不在服务器上，请重新选择文件。")
        for one in uploads:
            if not one.is_whole or self._files.known(one.id, one.bytes) != one.bytes:
                raise Refused("upload_incomplete", f"“{one.name}”还没有传完，请等它传完。")
        await tables.set_taken(tx, upload_ids)
        return uploads

    def path(self, upload_id: str) -> Path:
        """Return where the file of a claimed upload lies, until it is moved."""
        return self._files.path(upload_id)

    async def release(self, upload_ids: Sequence[str]) -> None:
        """Forget claimed uploads whose files were moved."""
        await self._forget(upload_ids)

    # --- the shell ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Clear away what was abandoned, until cancelled."""
        while True:
            await self.sweep()
            await asyncio.sleep(SWEEP_S)

    async def sweep(self) -> None:
        """Clear away what was abandoned."""
        before = self._clock() - KEEP_FOR
        async with self._database.read() as tx:
            found = await tables.abandoned(tx, epoch_ms(before))
            known = await tables.all_ids(tx)
        await self._forget([one for one in found if one not in self._writing])
        for stray in await self._on_disk(self._files.strays, known, before.timestamp()):
            await self._on_disk(self._files.remove, stray)

    async def _forget(self, upload_ids: Sequence[str]) -> None:
        async with self._database.write() as tx:
            await tables.remove_uploads(tx, upload_ids)
        for upload_id in upload_ids:
            await self._on_disk(self._files.remove, upload_id)

    async def _on_disk(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _disk_full() from error
            raise Unavailable("storage_failed", "文件没有保存成功。请管理员检查数据目录。") from error


def _plain(name: str) -> str:
    """Return the last part of a file's name, as browsers of all systems send it."""
    return name.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "").strip()[:200] or "未命名"


def _mb(size_bytes: int) -> int:
    return max(1, round(size_bytes / (1 << 20)))


def _disk_full() -> Unavailable:
    return Unavailable("disk_full", "服务器磁盘快满了，不能再上传。已传的部分保留着；请管理员清理磁盘后接着传。")
