"""The files of uploads on the disk: written at an offset, synced, cut back to what is known, hashed.

All methods block for the disk and are called from threads.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

HASH_BLOCK_BYTES = 1 << 20


class UploadFiles:
    """The folder of files that are on their way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, upload_id: str) -> Path:
        """Return where the file of an upload lies."""
        return self._folder / upload_id

    def make(self, upload_id: str) -> None:
        """Make an empty file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.path(upload_id).touch()

    def write(self, upload_id: str, offset: int, data: bytes) -> None:
        """Write `data` at `offset`."""
        descriptor = os.open(self.path(upload_id), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            view = memoryview(data)
            while view:
                written = os.pwrite(descriptor, view, offset)
                offset, view = offset + written, view[written:]
        finally:
            os.close(descriptor)

    def settle(self, upload_id: str, received: int) -> None:
        """Bring the file to the disk, exactly `received` bytes of it."""
        descriptor = os.open(self.path(upload_id), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, received)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def known(self, upload_id: str, received: int) -> int:
        """Return how many of the bytes that were noted are really here: a disk may have been restored or emptied."""
        with contextlib.suppress(FileNotFoundError):
            return min(received, self.path(upload_id).stat().st_size)
        return 0

    def sha256(self, upload_id: str) -> str:
        """Return the hash of the file."""
        found = hashlib.sha256()
        with self.path(upload_id).open("rb") as file:
            while block := file.read(HASH_BLOCK_BYTES):
                found.update(block)
        return found.hexdigest()

    def remove(self, upload_id: str) -> None:
        """Remove the file, if it is there."""
        self.path(upload_id).unlink(missing_ok=True)

    def strays(self, known: set[str], before_s: float) -> list[str]:
        """Return the names of files that belong to no upload and are older than `before_s` (UTC epoch seconds)."""
        if not self._folder.is_dir():
            return []
        files = [file for file in self._folder.iterdir() if file.is_file() and file.name not in known]
        return [file.name for file in files if file.stat().st_mtime < before_s]

    def free_bytes(self) -> int:
        """Return how much room the disk has."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._folder).free
