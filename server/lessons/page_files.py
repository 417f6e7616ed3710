"""Page pictures on the disk, named by the SHA-256 of their content: the same picture is kept once.

A file is as old as the last time that somebody put it: whoever puts one that is there already is about to refer to it,
so that clearing away (`server/lessons/orphans.py`) must leave it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import secrets
import threading
from pathlib import Path

from server.lessons.orphans_plan import Found
from server.whole_file import write_whole
from signaling.errors import Unavailable

_SHARD = re.compile(r"[0-9a-f]{2}")


class PageFiles:
    """The folder of page pictures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._between = threading.Lock()  # finding a file there and renewing it, against removing it as an old one

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

    def adopt(self, source: Path) -> str:
        """Give a file that lies on the same disk a second name, by its content, and return that. Blocks for the disk.

        Raises:
            OSError: it could not be read or linked.
        """
        with source.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if not self.renew(sha256):
            kept = self.path(sha256)
            kept.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.link(source, kept)
            self.renew(sha256)  # the link is as old as its source
        return sha256

    def path(self, sha256: str) -> Path:
        """Return where the picture of this name lies."""
        return self._folder / sha256[:2] / sha256

    def renew(self, name: str) -> bool:
        """Make a file as young as one that is put now; return whether it is there. Blocks for the disk."""
        with self._between:
            try:
                os.utime(self.path(name))
            except FileNotFoundError:
                return False
            return True

    def shards(self) -> list[str]:
        """Return the names of the folders that files lie in. Blocks for the disk."""
        if not self._folder.is_dir():
            return []
        return sorted(one.name for one in self._folder.iterdir() if _SHARD.fullmatch(one.name) and one.is_dir())

    def found_in(self, shard: str) -> list[Found]:
        """Return everything that lies in one of those folders. Blocks for the disk."""
        found = []
        with os.scandir(self._folder / shard) as entries:
            for entry in entries:
                try:
                    about = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # the beginning of one that has its name by now
                    continue
                is_file = entry.is_file(follow_symlinks=False)
                found.append(Found(shard, entry.name, about.st_mtime, about.st_size, is_file))
        return found

    def remove_old(self, one: Found, before_s: float) -> bool:
        """Remove a file that is still older than `before_s` (UTC epoch seconds); return whether. Blocks."""
        path = self._folder / one.shard / one.name
        with self._between:
            try:
                if path.lstat().st_mtime >= before_s:
                    return False
                path.unlink()
            except FileNotFoundError:
                return False
            return True

    def _put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        path = self.path(name)
        if self.renew(name):
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data, path.with_name(f".{name}.{secrets.token_hex(4)}"))
        return name
