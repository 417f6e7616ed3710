"""Bytes that are never put together: a long file as a row of pieces, each in memory or a stretch of a file on the disk.

The place of each byte is known before the first is read, so a server answers any range of a ZIP or a ZIM without a
temporary file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from recorder.pack.digests import FileChanged, Source

READ_BYTES = 1 << 18


class Pieces:
    """A row of pieces; `size` is the length of all."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._pieces: list[tuple[int, bytes | Path]] = []
        self.size = 0

    def add(self, piece: bytes | Path, size: int | None = None) -> None:
        """Append bytes, or the first `size` bytes of a file."""
        length = len(piece) if size is None and isinstance(piece, bytes) else size or 0
        if length:
            self._starts.append(self.size)
            self._pieces.append((length, piece))
            self.size += length

    def frame(self) -> Iterator[tuple[int, bytes]]:
        """Yield `(offset, bytes)` of all that does not come from files."""
        for start, (_, piece) in zip(self._starts, self._pieces, strict=True):
            if isinstance(piece, bytes):
                yield start, piece

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to before `end`. Blocks for the disk.

        Raises:
            FileChanged: a file is shorter than it was.
            OSError
        """
        stop = self.size if end is None else min(end, self.size)
        at = start
        index = bisect_right(self._starts, start) - 1
        while at < stop:
            length, piece = self._pieces[index]
            first = at - self._starts[index]
            last = min(length, stop - self._starts[index])
            if isinstance(piece, bytes):
                yield piece[first:last]
            else:
                yield from _file_range(piece, first, last)
            at = self._starts[index] + last
            index += 1


def source_range(source: Source, first: int, last: int) -> Iterator[bytes]:
    """Yield bytes `first` up to before `last` of a source. Blocks for the disk.

    Raises:
        FileChanged: the file is shorter than it was.
        OSError
    """
    if source.file is None:
        yield source.data[first:last]
    else:
        yield from _file_range(source.file, first, last)


def _file_range(path: Path, first: int, last: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        file.seek(first)
        while first < last:
            block = file.read(min(READ_BYTES, last - first))
            if not block:
                raise FileChanged(str(path))
            yield block
            first += len(block)
