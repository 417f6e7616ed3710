"""Hashing what goes into a pack: one pass over each file gives its hash, its slices' hashes and its CRC-32."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from recorder.pack.manifest import SLICE_BYTES, PackFile


class Source(msgspec.Struct, frozen=True):
    """A file for a pack: bytes at hand (`file` None), or a file on the disk."""

    path: str
    file: Path | None = None
    data: bytes = b""


class Digest(msgspec.Struct, frozen=True):
    """What a pack says of a file, and the CRC-32 that ZIP wants before the data."""

    entry: PackFile
    crc32: int


class Kept(msgspec.Struct, frozen=True):
    """A digest with the state of the file that it was taken of: while both are as they were, so is the content."""

    bytes: int
    mtime_ns: int
    digest: Digest


class FileChanged(Exception):
    """A file is not what it was when it was hashed: the pack must be built anew."""


def digest_of(source: Source) -> Digest:
    """Return the digest of a source. Reads a megabyte at a time.

    Raises:
        OSError
    """
    if source.file is None:
        pieces = (source.data[at : at + SLICE_BYTES] for at in range(0, len(source.data), SLICE_BYTES))
        return _digest(pieces)
    with source.file.open("rb", buffering=0) as file:
        return _digest(_slices(file))


def kept_digest(source: Source, kept: dict[str, Kept]) -> Digest:
    """Return the digest of a source, from `kept` (by the file's path) when the file is as it was; `kept` is renewed.

    Raises:
        OSError
    """
    if source.file is None:
        return digest_of(source)
    state = source.file.stat()
    known = kept.get(str(source.file))
    if known is not None and (known.bytes, known.mtime_ns) == (state.st_size, state.st_mtime_ns):
        return known.digest
    found = digest_of(source)
    kept[str(source.file)] = Kept(state.st_size, state.st_mtime_ns, found)
    return found


def _slices(file: BinaryIO) -> Iterator[bytes]:
    buffer = bytearray(SLICE_BYTES)
    view = memoryview(buffer)
    while True:
        filled = 0
        while filled < SLICE_BYTES and (got := file.readinto(view[filled:])):  # type: ignore[attr-defined]
            filled += got
        if filled:
            yield view[:filled]  # type: ignore[misc] # hashed before the next is read
        if filled < SLICE_BYTES:
            return


def _digest(pieces: Iterator[bytes]) -> Digest:
    whole, crc, size, slices = hashlib.sha256(), 0, 0, []
    for piece in pieces:
        whole.update(piece)
        crc = zlib.crc32(piece, crc)
        size += len(piece)
        slices.append(hashlib.sha256(piece).hexdigest())
    return Digest(PackFile(size, whole.hexdigest(), tuple(slices)), crc)
