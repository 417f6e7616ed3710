"""Write ZIM files: many lessons in one file for Kiwix, which many schools without a network have already.

Format: wiki.openzim.org/wiki/ZIM_file_format, version 6.1 (content in `C/`, metadata in `M/`, the main page by `W/`,
listings in `X/`). Written from the format's description, since libzim is GPL; a test reads it back with libzim.

Theory of operation. A ZIM is a header, a list of media types, an entry for each path, three lists of pointers, the
clusters with the content, and the MD5 of all before it. Media are compressed already, so every cluster is stored and
holds one file: the place of each byte follows from names and sizes, and a server answers any range without a temporary
file. Only the MD5 needs one pass over everything. Two paths may share one cluster: the player is in it once, however
many lessons there are. Nothing in it is of the moment it was made: the same lessons are the same bytes.
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid5

from recorder.pack.digests import Source
from recorder.pack.pieces import Pieces

MIME = "application/x-zim"
MAX_TITLE = 30  # characters of M/Title and M/Description: openZIM's rules for metadata
MAX_DESCRIPTION = 80
_MAGIC, _MAJOR, _MINOR = 72_173_914, 6, 1
_HEADER = struct.Struct("<IHH16sIIQQQQIIQ")
_NONE = 0xFFFF_FFFF
_REDIRECT = 0xFFFF  # in the place of a media type
_STORED, _EXTENDED = 1, 0x10  # first byte of a cluster: not compressed; its offsets have 64 bits
_U32 = 0xFFFF_FFFF
_LISTING = "application/octet-stream+zimlisting"
_TEXT = "text/plain;charset=utf-8"
_NAMESPACE = UUID("1d2a9f0e-6f0b-5c58-9a1c-0b8d7a4f6e21")  # ours, for names of books


class Item(NamedTuple):
    """A file of the book. `title` empty: its path. `is_article`: a page that people look for."""

    path: str
    mime: str
    source: Source
    title: str = ""
    is_article: bool = False


class Book(NamedTuple):
    """What a ZIM says of itself: openZIM's mandatory metadata, and the path of its first page."""

    name: str  # stable over versions, ASCII
    version: str  # what its UUID is made of beside the name: other content is another book
    title: str
    description: str
    creator: str
    publisher: str
    language: str  # ISO 639-3
    date: str  # YYYY-MM-DD
    licence: str
    main: str
    illustration: bytes  # PNG, 48 × 48


class _Entry(NamedTuple):
    namespace: str
    path: str
    title: str
    mime: str  # empty: a redirect
    cluster: int = 0
    is_article: bool = False

    @property
    def full_path(self) -> bytes:
        return (self.namespace + self.path).encode()

    @property
    def full_title(self) -> bytes:
        return (self.namespace + (self.title or self.path)).encode()


class Zim(Pieces):
    """A ZIM that is never written: all its bytes are known."""

    def __init__(self, book: Book, items: Sequence[Item]) -> None:
        """Lay it out. Reads every file once, for the checksum.

        Raises:
            ValueError: no item is the main page, or two have one path.
            OSError
        """
        super().__init__()
        self.uuid = uuid5(_NAMESPACE, f"{book.name}/{book.version}")
        contents = _Contents()
        entries = [
            _Entry("C", one.path, one.title, one.mime, contents.add(one.source), one.is_article) for one in items
        ]
        entries += [
            _Entry("M", name, "", mime, contents.add(Source(name, data=data)))
            for name, mime, data in _facts(book, items)
        ]
        articles = sum(1 for one in entries if one.is_article)
        listing = contents.reserve(4 * articles)
        entries.append(_Entry("X", "listing/titleOrdered/v1", "", _LISTING, listing))
        entries.append(_Entry("W", "mainPage", "", ""))
        entries.sort(key=lambda one: one.full_path)
        paths = [one.full_path for one in entries]
        if len(set(paths)) < len(paths):
            raise ValueError("two files of a ZIM have one path")
        main = paths.index(b"C" + book.main.encode())
        order = sorted(range(len(entries)), key=lambda n: (entries[n].full_title, n))
        contents.sources[listing] = Source("", data=_u32([n for n in order if entries[n].is_article]))
        self._lay_out(entries, order, contents, main, paths.index(b"WmainPage"))

    def _lay_out(self, entries: list[_Entry], order: list[int], contents: _Contents, main: int, entry: int) -> None:
        mimes = sorted({one.mime for one in entries if one.mime})
        types = b"".join(one.encode() + b"\0" for one in mimes) + b"\0"
        dirents = [_dirent(one, mimes, main) for one in entries]
        at = _HEADER.size + len(types)
        places = []
        for one in dirents:
            places.append(at)
            at += len(one)
        path_list, title_list = at, at + 8 * len(entries)
        cluster_list = title_list + 4 * len(entries)
        clusters = contents.clusters()
        at, starts = cluster_list + 8 * len(clusters), []
        for head, _, size in clusters:
            starts.append(at)
            at += len(head) + size
        self.add(
            _HEADER.pack(
                _MAGIC, _MAJOR, _MINOR, self.uuid.bytes, len(entries), len(clusters), path_list, title_list,
                cluster_list, _HEADER.size, entry, _NONE, at,
            )
        )  # fmt: skip
        self.add(types + b"".join(dirents) + _u64(places) + _u32(order) + _u64(starts))
        for head, source, size in clusters:
            self.add(head)
            self.add(source.file if source.file is not None else source.data, size)
        digest = hashlib.md5(usedforsecurity=False)  # what the format asks for: it finds damage, not malice
        for block in self.read():
            digest.update(block)
        self.checksum = digest.hexdigest()
        self.add(digest.digest())


class _Contents:
    """The files by cluster; one that was added before keeps its number."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self._known: dict[object, int] = {}

    def add(self, source: Source) -> int:
        same = source.file if source.file is not None else source.data
        number = self._known.setdefault(same, len(self.sources))
        if number == len(self.sources):
            self.sources.append(source)
        return number

    def reserve(self, size: int) -> int:
        """Make a cluster whose content of `size` bytes comes later."""
        self.sources.append(Source("", data=bytes(size)))
        return len(self.sources) - 1

    def clusters(self) -> list[tuple[bytes, Source, int]]:
        """Return each cluster's first bytes, its content and that one's size."""
        found = []
        for source in self.sources:
            size = len(source.data) if source.file is None else source.file.stat().st_size
            if size + 8 > _U32:
                head = bytes([_STORED | _EXTENDED]) + _u64([16, 16 + size])
            else:
                head = bytes([_STORED]) + _u32([8, 8 + size])
            found.append((head, source, size))
        return found


def _facts(book: Book, items: Sequence[Item]) -> list[tuple[str, str, bytes]]:
    counted = Counter(one.mime for one in items)
    text = {
        "Name": book.name,
        "Title": book.title[:MAX_TITLE],
        "Description": book.description[:MAX_DESCRIPTION],
        "Creator": book.creator,
        "Publisher": book.publisher,
        "Language": book.language,
        "Date": book.date,
        "License": book.licence,
        "Scraper": "tongtang",
        "Tags": "_category:other;_videos:yes;_pictures:yes",
        "Counter": ";".join(f"{mime.split(';')[0]}={number}" for mime, number in sorted(counted.items())),
    }
    facts = [(name, _TEXT, value.encode()) for name, value in text.items()]
    return [*facts, ("Illustration_48x48@1", "image/png", book.illustration)]


def _dirent(entry: _Entry, mimes: list[str], main: int) -> bytes:
    names = entry.path.encode() + b"\0" + entry.title.encode() + b"\0"
    if not entry.mime:
        return struct.pack("<HBcII", _REDIRECT, 0, entry.namespace.encode(), 0, main) + names
    kind = mimes.index(entry.mime)
    return struct.pack("<HBcIII", kind, 0, entry.namespace.encode(), 0, entry.cluster, 0) + names


def _u32(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _u64(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers)
