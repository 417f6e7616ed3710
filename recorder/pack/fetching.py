"""What to ask for next of a pack that is fetched over a link that breaks: a core, it only touches the store.

`next_wanted` names a stretch of missing bytes; what comes of it goes to `feed`, in whatever pieces. When the
connection breaks, what came of the slice that is not whole yet is kept in memory (at most one slice), and the next
stretch begins right behind it: a broken link costs no byte twice. After a power cut it costs the rest of one slice.
"""

from __future__ import annotations

from typing import NamedTuple

from recorder.pack.manifest import SLICE_BYTES, Manifest, PackFile, slice_size
from recorder.pack.store import SliceStore, SliceWrong


class Wanted(NamedTuple):
    """Bytes `start` up to before `end` of a file."""

    path: str
    entry: PackFile
    start: int
    end: int


class Fetching:
    """The fetch of one pack, small files first: what a lesson is listed and begins with."""

    def __init__(self, manifest: Manifest, store: SliceStore) -> None:
        self._store = store
        self._files = sorted(manifest.files.items(), key=lambda item: (item[1].size, item[0]))
        self._at = 0  # index in _files
        self._missing: list[int] = []  # slices of the file at hand
        self._buffer = bytearray()  # of the first missing slice
        self.total = manifest.bytes
        self._begin_file()

    @property
    def is_done(self) -> bool:
        """Return whether all files are whole."""
        return self._at >= len(self._files)

    @property
    def have_bytes(self) -> int:
        """Return how much of the pack is here."""
        done = sum(entry.size for _, entry in self._files[: self._at])
        later = sum(entry.size for _, entry in self._files[self._at + 1 :] if self._store.has(entry))
        if self.is_done:
            return done
        entry = self._files[self._at][1]
        return done + later + entry.size - sum(slice_size(entry.size, index) for index in self._missing)

    def next_wanted(self) -> Wanted | None:
        """Return the next stretch to ask for, or None when all is here."""
        if self.is_done:
            return None
        path, entry = self._files[self._at]
        first = last = self._missing[0]
        for index in self._missing[1:]:
            if index != last + 1:
                break
            last = index
        end = last * SLICE_BYTES + slice_size(entry.size, last)
        return Wanted(path, entry, first * SLICE_BYTES + len(self._buffer), end)

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stretch. Blocks for the disk.

        Raises:
            SliceWrong: a slice is not what was signed; it is missing still, from its first byte.
            OSError
        """
        view = memoryview(data)
        while view:
            entry = self._files[self._at][1]
            index = self._missing[0]
            room = slice_size(entry.size, index) - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]
            if len(self._buffer) < slice_size(entry.size, index):
                return
            slice_data = bytes(self._buffer)
            self._buffer.clear()
            self._store.put(entry, index, slice_data)
            del self._missing[0]
            if not self._missing:
                self._end_file()
                return

    def _end_file(self) -> None:
        entry = self._files[self._at][1]
        if self._store.finish(entry):
            self._at += 1
            self._begin_file()
            return
        self._missing = self._store.missing(entry)
        raise SliceWrong(entry.sha256)

    def _begin_file(self) -> None:
        """Go on to the first file that lacks something."""
        self._buffer.clear()
        while self._at < len(self._files):
            entry = self._files[self._at][1]
            self._missing = self._store.missing(entry)
            if self._missing:
                return
            if self._store.finish(entry):
                self._at += 1
            # else: slices turned out to be damaged, and are missing now
