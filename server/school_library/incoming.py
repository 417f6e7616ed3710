"""Packs that a browser sends: resumable by name and size, so that a page that was closed goes on where it stopped."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from server.school_library.shelf import RESERVE_BYTES
from signaling.errors import Refused, Unavailable

MAX_WAITING = 20  # files that are on their way


class Upload(msgspec.Struct, frozen=True):
    """A file on its way."""

    id: str
    bytes: int
    received: int


class Incoming:
    """The folder of files that are on their way: `<id>-<bytes>`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, name: str, size: int) -> Upload:
        """Return how far the file of this name and size is.

        Raises:
            Refused: `uploads_full`.
            Unavailable: `disk_full`.
        """
        upload = hashlib.sha256(f"{name}\0{size}".encode()).hexdigest()[:16]
        path = self._folder / f"{upload}-{size}"
        if not path.exists():
            if len(list(self._folder.iterdir())) >= MAX_WAITING:
                raise Refused("uploads_full", "没有传完的文件太多。请先传完或重新启动资源库，再试一次。")
            # Once as it came, once on the shelf.
            if shutil.disk_usage(self._folder).free < 2 * size + RESERVE_BYTES:
                raise Unavailable("disk_full", "磁盘空间不够，放不下这个离线包。请清理磁盘，或移除不用的课，再试一次。")
            path.touch()
        return Upload(upload, size, path.stat().st_size)

    async def append(self, upload: str, offset: int, stream: AsyncIterator[bytes]) -> Upload:
        """Write the next piece; what came before a broken line is kept.

        Raises:
            Refused: `upload_unknown`, `upload_offset` or `upload_too_long`.
        """
        path, size = self._find(upload)
        received = path.stat().st_size
        if offset != received:
            raise Refused("upload_offset", f"这一段不是接着上次的：已经收到 {received} 字节。请从那里继续。")
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            async for data in stream:
                if received + len(data) > size:
                    raise Refused("upload_too_long", "收到的比说好的多，文件可能被改过。请重新选择文件。")
                await asyncio.to_thread(os.write, descriptor, data)
                received += len(data)
            await asyncio.to_thread(os.fdatasync, descriptor)
        finally:
            os.close(descriptor)
        return Upload(upload, size, received)

    def whole(self, upload: str) -> Path:
        """Return the file when all of it is here.

        Raises:
            Refused: `upload_unknown` or `upload_incomplete`.
        """
        path, size = self._find(upload)
        if path.stat().st_size != size:
            raise Refused("upload_incomplete", "离线包还没有传完，请继续上传。")
        return path

    def _find(self, upload: str) -> tuple[Path, int]:
        for path in self._folder.glob("*-*"):
            name, _, size = path.name.partition("-")
            if name == upload:
                return path, int(size)
        raise Refused("upload_unknown", "没有这个上传，请重新选择文件。")
