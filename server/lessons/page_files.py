"""Page pictures on the disk, named by the SHA-256 of their content: the same picture is kept once."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import secrets
from pathlib import Path

from signaling.errors import Unavailable


class PageFiles:
    """The folder of page pictures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes) -> str:
        """Store `data` durably and return its name.

        Raises:
            Unavailable: `disk_full` or `storage_failed`.
        """
        try:
            return await asyncio.to_thread(self._put, data)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Unavailable("disk_full", "服务器磁盘已满，课件没有保存。请管理员清理磁盘后再试。") from error
            raise Unavailable("storage_failed", "课件没有保存成功。请管理员检查数据目录。") from error

    def path(self, sha256: str) -> Path:
        """Return where the picture of this name lies."""
        return self._folder / sha256[:2] / sha256

    def _put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        path = self.path(name)
        if path.exists():
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{name}.{secrets.token_hex(4)}")
        try:
            with half.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)
        return name
