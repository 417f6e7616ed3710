"""Objects in a folder: another disk of this machine, or one of the network that is mounted. Standard library only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from server.objects.store import READ_BYTES, Found, checked, unavailable

MARK = ".tongtang-objects"  # made once by hand: a folder that nothing is mounted on looks like an empty disk


class LocalObjects:
    """Objects as files named by their keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def where(self) -> str:
        """Return the folder."""
        return str(self._folder)

    async def put_if_absent(self, key: str, path: Path) -> bool:
        """Store the file's content; the file itself may be gone or changed afterwards."""
        return await asyncio.to_thread(self._put, self._path(key), path)

    def _put(self, target: Path, path: Path) -> bool:
        with path.open("rb") as source, _told():
            self._require_mounted()
            if target.exists():
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            half = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
            try:
                with half.open("xb") as file:
                    shutil.copyfileobj(source, file, READ_BYTES)
                    file.flush()
                    os.fsync(file.fileno())
                try:
                    os.link(half, target)  # unlike a rename it takes nobody else's place
                except FileExistsError:
                    return False
                except OSError:  # FAT, exFAT and some network folders have no links
                    half.replace(target)
                _sync(target.parent)
                return True
            finally:
                half.unlink(missing_ok=True)

    async def open_range(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Yield the object's bytes."""
        path = self._path(key)
        with _told():
            try:
                file = await asyncio.to_thread(path.open, "rb")
            except FileNotFoundError as error:
                raise KeyError(key) from error
            with file:
                file.seek(start)
                left = length
                while left is None or left > 0:
                    data = await asyncio.to_thread(file.read, READ_BYTES if left is None else min(left, READ_BYTES))
                    if not data:
                        return
                    left = None if left is None else left - len(data)
                    yield data

    async def head(self, key: str) -> Found | None:
        """Return the object without its content."""
        path = self._path(key)
        with _told():
            self._require_mounted()
            try:
                return Found(key, (await asyncio.to_thread(path.stat)).st_size)
            except FileNotFoundError:
                return None

    async def list(self, prefix: str) -> AsyncIterator[Found]:
        """Yield the objects below `prefix`."""
        folder = self._path(prefix.rstrip("/")) if prefix else self._folder
        with _told():
            found = await asyncio.to_thread(lambda: sorted(self._below(folder)))
        for one in found:
            yield one

    def _below(self, folder: Path) -> Iterator[Found]:
        for path in folder.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                yield Found(path.relative_to(self._folder).as_posix(), path.stat().st_size)

    async def delete(self, key: str) -> None:
        """Forget the object."""
        with _told():
            await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def sign_get(self, key: str, seconds: int) -> str | None:
        """Return None: a folder has no addresses."""
        return None

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)

    def _require_mounted(self) -> None:
        if not (self._folder / MARK).exists():
            raise unavailable(f"{self._folder} 没有挂载好，或还没有标记。第一次使用请运行 touch {self._folder / MARK}")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unavailable(error.strerror or str(error)) from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
