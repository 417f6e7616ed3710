"""A store of verified files, each under its hash, filled slice by slice so that nothing is fetched twice.

    cas/ab/<sha256>          a whole file, verified; never changed
    cas/ab/<sha256>.part     one that is on its way
    cas/ab/<sha256>.bits     which of its slices are there, a byte each

A slice is written only after its hash was found right, and synced before its byte in `.bits` says so: what a power cut
takes is at most the slice that was being written. A file that is whole is hashed once more before it gets its name.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from recorder.pack.manifest import SLICE_BYTES, PackFile, slice_count, slice_size

_NAME = re.compile(r"[0-9a-f]{64}")


class SliceWrong(Exception):
    """The bytes of a slice are not what was signed: nothing was written."""


class SliceStore:
    """Files by their hash. All methods block for the disk and may raise OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Return where the whole file lies, or will."""
        return self._folder / sha256[:2] / sha256

    def has(self, entry: PackFile) -> bool:
        """Return whether the whole file is there."""
        return self.has_hash(entry.sha256)

    def has_hash(self, sha256: str) -> bool:
        """Return whether the whole file with this hash is there."""
        return bool(_NAME.fullmatch(sha256)) and self.path(sha256).is_file()

    def missing(self, entry: PackFile) -> list[int]:
        """Return which slices are not there yet."""
        if self.has(entry):
            return []
        bits = self._bits(entry)
        return [index for index, bit in enumerate(bits) if not bit]

    def put(self, entry: PackFile, index: int, data: bytes) -> None:
        """Keep a slice.

        Raises:
            SliceWrong: its hash is another.
        """
        is_right = len(data) == slice_size(entry.size, index)
        if not is_right or hashlib.sha256(data).hexdigest() != entry.slices[index]:
            raise SliceWrong(f"{entry.sha256} slice {index}")
        bits = self._bits(entry)
        part = self._side(entry, ".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        _write_at(part, data, index * SLICE_BYTES)
        bits[index] = 1
        _write_at(self._side(entry, ".bits"), bytes(bits), 0)

    def finish(self, entry: PackFile) -> bool:
        """Name the file when all its slices are there and its own hash is right; return whether it is whole now.

        Slices that are not what was signed (a disk that lost them in a power cut) are missing again afterwards.
        """
        if self.has(entry):
            return True
        if self.missing(entry):
            return False
        part = self._side(entry, ".part")
        if not entry.slices:
            part.parent.mkdir(parents=True, exist_ok=True)
            part.touch()
        good, whole = _check(part, entry)
        if not all(good):
            _write_at(self._side(entry, ".bits"), bytes(good), 0)
            return False
        if whole != entry.sha256:  # signed slices of another file: it must never stand under this name
            self.drop(entry)
            return False
        _sync(part)
        part.replace(self.path(entry.sha256))
        _sync(part.parent)
        self._side(entry, ".bits").unlink(missing_ok=True)
        return True

    def recheck(self, entry: PackFile) -> list[int]:
        """Hash a whole file again and return which slices are damaged: they are missing from then on, and only they."""
        path = self.path(entry.sha256)
        good, whole = _check(path, entry)
        if all(good) and whole == entry.sha256:
            return []
        _write_at(self._side(entry, ".bits"), bytes(good), 0)
        path.replace(self._side(entry, ".part"))
        return [index for index, is_good in enumerate(good) if not is_good]

    def drop(self, entry: PackFile) -> None:
        """Forget a file that is on its way."""
        self._side(entry, ".part").unlink(missing_ok=True)
        self._side(entry, ".bits").unlink(missing_ok=True)

    def sweep(self, wanted: Collection[str], stale_before_s: float = 0.0) -> int:
        """Remove every file whose hash is not in `wanted`; return how many bytes that freed.

        What is on its way stays, unless nothing came of it since `stale_before_s` (UTC epoch seconds).
        """
        freed = 0
        for path in list(self._files()):
            name, _, suffix = path.name.partition(".")
            state = path.stat()
            if name not in wanted and (not suffix or state.st_mtime < stale_before_s):
                freed += state.st_size
                path.unlink()
        return freed

    def free_bytes(self) -> int:
        """Return how much room the disk has."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._folder).free

    def _files(self) -> Iterator[Path]:
        return (path for path in self._folder.glob("??/*") if _NAME.fullmatch(path.name.partition(".")[0]))

    def _side(self, entry: PackFile, suffix: str) -> Path:
        return self.path(entry.sha256).with_name(entry.sha256 + suffix)

    def _bits(self, entry: PackFile) -> bytearray:
        """Return a byte for each slice; none is there when the two files do not belong together."""
        count = slice_count(entry.size)
        try:
            bits = bytearray(self._side(entry, ".bits").read_bytes())
            size = self._side(entry, ".part").stat().st_size
        except FileNotFoundError:
            return bytearray(count)
        if len(bits) != count:
            return bytearray(count)
        for index in range(count):
            if index * SLICE_BYTES + slice_size(entry.size, index) > size:
                bits[index] = 0
        return bits


def _check(path: Path, entry: PackFile) -> tuple[list[bool], str]:
    """Return which slices are right, and the hash of the whole."""
    whole, good = hashlib.sha256(), []
    with path.open("rb") as file:
        for index, wanted in enumerate(entry.slices):
            data = file.read(slice_size(entry.size, index))
            whole.update(data)
            good.append(hashlib.sha256(data).hexdigest() == wanted)
        whole.update(file.read(1))  # a longer file is another file
    return good, whole.hexdigest()


def _write_at(path: Path, data: bytes, offset: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        view = memoryview(data)
        while view:
            written = os.pwrite(descriptor, view, offset)
            offset, view = offset + written, view[written:]
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
