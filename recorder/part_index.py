"""What a growing part holds: where its whole clusters lie and which time they cover, read from the file itself.

The recorder writes nothing for this and knows nothing of it. Every cluster of a live part begins with the same twelve
bytes (`recorder.ebml.CLUSTER_MARK`), so that a look at what has been appended since the last one finds them: about
1 ms for a megabyte. The bytes could stand inside a frame too; there they are not followed by a time that fits, once in
2^96.

A cluster is handed out when the next one has begun, with a whole first block, or when the part is closed: what is
handed out never changes. The one exception is a full disk, where the recorder cuts the file back to its last whole
write: a file that has shrunk is read anew. Files are read, never mapped: a mapped file that shrinks kills its reader.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from pathlib import Path
from typing import NamedTuple

from recorder.ebml import CLUSTER_MARK, HEAD_BYTES, Block, PartReader, read_cluster_head

READ_BYTES = 1 << 20
LAST_BLOCK_MS = 20  # how long the last frame of a closed part is taken to be: one packet of Opus
MAX_OPEN_BYTES = 8 << 20  # a cluster is a second of media; more without another one is no part of ours


class Cluster(NamedTuple):
    """A whole cluster: the part's times `ms` to `end_ms`, the bytes from `offset` to `end`."""

    ms: int
    end_ms: int
    offset: int
    end: int
    keyframe: bool


class _Head(NamedTuple):
    ms: int
    offset: int
    keyframe: bool


class PartIndex:
    """The clusters of one part. Not thread-safe; touches the file in `refresh` and `read` only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._heads: list[_Head] = []
        self._scanned = 0  # every head that begins before this byte is known
        self._end: tuple[int, int] | None = None  # (ms, byte) where a closed part ends
        self.clusters: list[Cluster] = []

    @property
    def header_bytes(self) -> int:
        """Return how long the part's head is: what a player needs before any cluster. 0: not known yet."""
        return self._heads[0].offset if self._heads else 0

    def refresh(self, *, closed: bool = False) -> None:
        """Take in what was appended; `closed`: nothing will be any more.

        Raises:
            OSError: the file cannot be read.
        """
        if self._end is not None:
            return
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # its first frame has not been written yet
        try:
            size = os.fstat(fd).st_size
            if size < self._scanned:
                self._forget()
            self._scan(fd, size)
        finally:
            os.close(fd)
        if closed and self._heads:
            self._finish()
        self._extend()

    def cluster_at(self, offset: int) -> int | None:
        """Return the number of the cluster that begins at byte `offset`."""
        number = bisect_right(self.clusters, offset, key=lambda cluster: cluster.offset) - 1
        return number if number >= 0 and self.clusters[number].offset == offset else None

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end`, or nothing when they are no longer there.

        Raises:
            OSError: the file cannot be read.
        """
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.pread(fd, end - start, start)
            following = os.pread(fd, len(CLUSTER_MARK), end) if self._end is None else CLUSTER_MARK
        finally:
            os.close(fd)
        return data if len(data) == end - start and following == CLUSTER_MARK else b""

    def _forget(self) -> None:
        self._heads.clear()
        self.clusters.clear()
        self._scanned = 0

    def _scan(self, fd: int, size: int) -> None:
        while self._scanned + len(CLUSTER_MARK) <= size:
            start = self._scanned
            data = os.pread(fd, READ_BYTES, start)
            if len(data) < len(CLUSTER_MARK):
                return
            at = data.find(CLUSTER_MARK)
            while at >= 0:
                head = read_cluster_head(os.pread(fd, HEAD_BYTES, start + at))
                if head is None and start + at + HEAD_BYTES > size:
                    self._scanned = start + at  # it may still be written
                    return
                if head is not None and (not self._heads or head.ms >= self._heads[-1].ms):
                    self._heads.append(_Head(head.ms, start + at, head.keyframe))
                at = data.find(CLUSTER_MARK, at + 1)
            self._scanned = start + len(data) - len(CLUSTER_MARK) + 1

    def _extend(self) -> None:
        """Make clusters of the heads that have a next one."""
        for number in range(len(self.clusters), len(self._heads) - 1):
            head, following = self._heads[number], self._heads[number + 1]
            self.clusters.append(Cluster(head.ms, following.ms, head.offset, following.offset, head.keyframe))
        if self._end is not None and len(self.clusters) == len(self._heads) - 1:
            head, (end_ms, end) = self._heads[-1], self._end
            self.clusters.append(Cluster(head.ms, end_ms, head.offset, end, head.keyframe))

    def _finish(self) -> None:
        """Find where the last cluster of a closed part ends: with its last whole block."""
        head = self._heads[-1]
        last: Block | None = None
        reader = PartReader(self._path, head.offset, MAX_OPEN_BYTES)
        for block in reader.blocks():
            last = block
        reader.close()
        if last is None:
            self._heads.pop()
            if self._heads:
                self._finish()
            return
        self._end = (last.ms + LAST_BLOCK_MS, head.offset + last.offset + last.length)
