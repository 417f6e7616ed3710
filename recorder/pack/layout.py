"""A pack as a ZIP that is never written: all its bytes are known before the first is sent.

Every entry is stored, so the place of each byte follows from names and sizes. `Layout.read` gives any range of the
ZIP, reading only what it covers: a server answers Range requests without a temporary file, and the same pack is the
same bytes at any time and place. Format: APPNOTE.TXT 6.3.10; ZIP64 (§4.5.3) where sizes or offsets need it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from recorder.pack.digests import Digest, Source
from recorder.pack.pieces import Pieces

_U32 = 0xFFFFFFFF
_U16 = 0xFFFF
_DOS_DATE = 0x21  # 1980-01-01, the first there is: a pack has no clock in it
_UTF8 = 0x800
_FILE_MODE = 0o100644 << 16


class Layout(Pieces):
    """The bytes of a ZIP of `(source, digest)` pairs, in this order."""

    def __init__(self, entries: Sequence[tuple[Source, Digest]]) -> None:
        super().__init__()
        directory: list[bytes] = []
        for source, digest in entries:
            at = self.size
            self.add(_local_header(source.path, digest))
            self.add(source.file if source.file is not None else source.data, digest.entry.size)
            directory.append(_central_header(source.path, digest, at))
        central = b"".join(directory)
        self.add(central + _end(len(entries), len(central), self.size))


def _local_header(path: str, digest: Digest) -> bytes:
    name, size = path.encode(), digest.entry.size
    extra = struct.pack("<HHQQ", 1, 16, size, size) if size >= _U32 else b""
    shown = _U32 if extra else size
    fields = (b"PK\3\4", 45 if extra else 20, _UTF8, 0, 0, _DOS_DATE, digest.crc32, shown, shown, len(name), len(extra))
    return struct.pack("<4sHHHHHIIIHH", *fields) + name + extra


def _central_header(path: str, digest: Digest, offset: int) -> bytes:
    name, size = path.encode(), digest.entry.size
    large = [*([size, size] if size >= _U32 else []), *([offset] if offset >= _U32 else [])]
    extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    version = 45 if large else 20
    shown = min(size, _U32)
    head = struct.pack(
        "<4sHHHHHHIIIHHH", b"PK\1\2", 3 << 8 | version, version, _UTF8, 0, 0, _DOS_DATE, digest.crc32, shown, shown,
        len(name), len(extra), 0,
    )  # fmt: skip
    return head + struct.pack("<HHII", 0, 0, _FILE_MODE, min(offset, _U32)) + name + extra


def _end(count: int, central_bytes: int, offset: int) -> bytes:
    """Return the end of the central directory, before it the ZIP64 one when it is needed."""
    zip64 = b""
    if count >= _U16 or central_bytes >= _U32 or offset >= _U32:
        zip64 = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, central_bytes, offset)
        zip64 += struct.pack("<4sIQI", b"PK\6\7", 0, offset + central_bytes, 1)
    shown = min(count, _U16)
    last = (b"PK\5\6", 0, 0, shown, shown, min(central_bytes, _U32), min(offset, _U32), 0)
    return zip64 + struct.pack("<4sHHHHIIH", *last)
