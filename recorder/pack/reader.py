"""Read a pack that somebody brought: believe nothing before it is checked.

A pack's ZIP is a narrow profile, and all that a reader may meet in other ZIPs is refused: compressed or encrypted
entries, links, comments, gaps, entries that overlap, two names for one file, entries that the signed manifest does not
name. Central directory and local headers must say the same, and the entries must lie one after the other from the first
byte to the directory: then nothing is hidden, and no byte is counted twice. Nothing is unpacked to find its size.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from recorder.pack.digests import Digest, Source, digest_of
from recorder.pack.layout import Layout
from recorder.pack.manifest import (
    MANIFEST,
    MAX_FILES,
    MAX_MANIFEST_BYTES,
    MIME,
    MIMETYPE,
    SLICE_BYTES,
    Manifest,
    check_paths,
    slice_size,
)
from recorder.pack.trust import SignedManifest, Trust, check, decode_signed
from signaling.errors import Refused

_END_BYTES = 22
_LOCATOR_BYTES = 20
_END64_BYTES = 56
_CENTRAL_BYTES = 46
_LOCAL_BYTES = 30
_MAX_CENTRAL = (MAX_FILES + 2) * 250  # names of at most 150 bytes and 28 of ZIP64 each
_U32 = 0xFFFFFFFF
_LINK_OR_ODD = 0o170000
_REGULAR = 0o100000
_FLAGS = 0x800  # the one that we set: names are UTF-8


class Place(NamedTuple):
    """Where an entry's data lies in the ZIP."""

    offset: int
    size: int


class Damage(NamedTuple):
    """A slice whose bytes are not what was signed; `slice` -1: all slices hold, but not the hash of the whole file.

    An empty path: the ZIP's own headers. What the pack holds is sound then, but other programs may not open it.
    """

    path: str
    slice: int


class _Entry(NamedTuple):
    name: str
    header: int
    size: int


class OpenPack(NamedTuple):
    """A pack whose signature and shape hold; its content is not yet verified."""

    file: BinaryIO
    places: dict[str, Place]
    manifest: Manifest
    signed: SignedManifest
    raw: bytes  # manifest.dsse.json
    trust: Trust  # what to remember once it is kept


def read_signed(file: BinaryIO) -> tuple[bytes, dict[str, Place]]:
    """Return `manifest.dsse.json` and where every entry lies.

    Raises:
        Refused: `offline_not_a_pack`, `offline_compressed`, `offline_link`, `offline_overlap`, `offline_path`,
            `offline_duplicate`.
        OSError
    """
    places = _places(file)
    names = list(places)
    if names[:2] != [MIMETYPE, MANIFEST] or places[MANIFEST].size > MAX_MANIFEST_BYTES:
        raise not_a_pack()
    if places[MIMETYPE].size != len(MIME) or _at(file, places[MIMETYPE].offset, len(MIME)) != MIME.encode():
        raise not_a_pack()
    return _at(file, places[MANIFEST].offset, places[MANIFEST].size), places


def open_pack(file: BinaryIO, trust: Trust, now_ms: int) -> OpenPack:
    """Return the pack when its shape, its signature and its sizes are right.

    Raises:
        Refused: one of `read_signed` or of `trust.check`, `offline_extra`, `offline_missing`, `offline_size`.
        OSError
    """
    raw, places = read_signed(file)
    signed = decode_signed(raw)
    manifest, after = check(signed, trust, now_ms)
    inside = set(places) - {MIMETYPE, MANIFEST}
    if extra := sorted(inside - set(manifest.files)):
        raise Refused(
            "offline_extra",
            f"离线包里多出了没有签名的文件（{extra[0]}），没有导入。这个包被人改动过，请重新下载，不要使用这一个。",
        )
    if missing := sorted(set(manifest.files) - inside):
        raise Refused("offline_missing", f"离线包不完整，缺少 {missing[0]}，没有导入。请重新拷贝或重新下载。")
    for path, entry in manifest.files.items():
        if places[path].size != entry.size:
            raise Refused(
                "offline_size", f"离线包里 {path} 的大小和签名的不一样，没有导入。请重新下载，不要使用这一个。"
            )
    return OpenPack(file, places, manifest, signed, raw, after)


def damaged(pack: OpenPack) -> Iterator[Damage]:
    """Yield what is not as it was signed and built, slice by slice. Reads the whole pack once, a megabyte at a time."""
    head = [Source(MIMETYPE, data=MIME.encode()), Source(MANIFEST, data=pack.raw)]
    entries, is_known = [(source, digest_of(source)) for source in head], True
    for path, entry in sorted(pack.manifest.files.items()):
        whole, is_sound, crc = hashlib.sha256(), True, 0
        pack.file.seek(pack.places[path].offset)
        for index, wanted in enumerate(entry.slices):
            data = pack.file.read(slice_size(entry.size, index))
            whole.update(data)
            crc = zlib.crc32(data, crc)
            if hashlib.sha256(data).hexdigest() != wanted:
                is_sound = False
                yield Damage(path, index)
        if is_sound and whole.hexdigest() != entry.sha256:
            yield Damage(path, -1)
        entries.append((Source(path, file=Path(path)), Digest(entry, crc)))
        if not is_sound:
            is_known = False  # the CRC that belongs into its headers
    if is_known and any(_at(pack.file, at, len(piece)) != piece for at, piece in Layout(entries).frame()):
        yield Damage("", -1)


def read_slice(pack: OpenPack, path: str, index: int) -> bytes:
    """Return one slice of a file as it lies in the pack, unverified."""
    place = pack.places[path]
    return _at(pack.file, place.offset + index * SLICE_BYTES, slice_size(place.size, index))


def verify(path: Path, trust: Trust, now_ms: int) -> tuple[Manifest, list[Damage]]:
    """Return the manifest of the pack at `path` and what is damaged in it.

    Raises:
        Refused: as `open_pack`.
        OSError
    """
    with path.open("rb") as file:
        pack = open_pack(file, trust, now_ms)
        return pack.manifest, list(damaged(pack))


def not_a_pack() -> Refused:
    """Return the refusal of a file that is no pack."""
    return Refused(
        "offline_not_a_pack", "这个文件不是同堂的离线包，或者没有拷贝完整。请选择以 .pack.zip 结尾的文件，或重新拷贝。"
    )


def _places(file: BinaryIO) -> dict[str, Place]:
    size = file.seek(0, 2)
    count, central_bytes, central = _end(file, size)
    if count > MAX_FILES + 2 or central_bytes > _MAX_CENTRAL:
        raise not_a_pack()
    entries = list(_central(_at(file, central, central_bytes), count))
    check_paths([entry.name for entry in entries])
    places: dict[str, Place] = {}
    expected = 0
    for entry in entries:
        if entry.header != expected:
            raise _overlap()
        data = entry.header + _local(file, entry)
        places[entry.name] = Place(data, entry.size)
        expected = data + entry.size
        if expected > central:
            raise _overlap()
    if expected != central:
        raise _overlap()
    return places


def _end(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """Return number of entries, bytes and offset of the central directory."""
    if size < _END_BYTES:
        raise not_a_pack()
    tail = _at(file, max(0, size - _END_BYTES - _LOCATOR_BYTES), min(size, _END_BYTES + _LOCATOR_BYTES))
    magic, disk, first, here, count, central_bytes, central, comment = struct.unpack("<4sHHHHIIH", tail[-_END_BYTES:])
    if magic != b"PK\5\6" or disk or first or here != count or comment:
        raise not_a_pack()
    end = size - _END_BYTES
    if len(tail) == _END_BYTES + _LOCATOR_BYTES and tail[:4] == b"PK\6\7":
        at = struct.unpack("<4sIQI", tail[:_LOCATOR_BYTES])[2]
        end -= _LOCATOR_BYTES + _END64_BYTES
        if at != end:
            raise not_a_pack()
        fields = struct.unpack("<4sQHHIIQQQQ", _at(file, at, _END64_BYTES))
        if fields[0] != b"PK\6\6" or fields[6] != fields[7]:
            raise not_a_pack()
        count, central_bytes, central = fields[7:]
    if central + central_bytes != end:
        raise not_a_pack()
    return count, central_bytes, central


def _central(data: bytes, count: int) -> Iterator[_Entry]:
    at = 0
    for _ in range(count):
        head = data[at : at + _CENTRAL_BYTES]
        if len(head) < _CENTRAL_BYTES or head[:4] != b"PK\1\2":
            raise not_a_pack()
        flags, method = struct.unpack_from("<HH", head, 8)
        packed, size, name_bytes, extra_bytes, comment_bytes, disk, _, mode, header = struct.unpack_from(
            "<IIHHHHHII", head, 20
        )
        end = at + _CENTRAL_BYTES + name_bytes + extra_bytes
        name = _name(data[at + _CENTRAL_BYTES : at + _CENTRAL_BYTES + name_bytes])
        _require_plain(flags, method, mode, name)
        extra = data[end - extra_bytes : end]
        if comment_bytes or disk or end > len(data) or packed != size:
            raise not_a_pack()
        size, header = _large(size, header, extra)
        yield _Entry(name, header, size)
        at = end
    if at != len(data):
        raise not_a_pack()


def _large(size: int, header: int, extra: bytes) -> tuple[int, int]:
    """Return size and offset, from the ZIP64 field where the short ones are full."""
    wanted = (2 if size == _U32 else 0) + (1 if header == _U32 else 0)
    if len(extra) != (4 + 8 * wanted if wanted else 0):
        raise not_a_pack()
    if not wanted:
        return size, header
    kind, length, *values = struct.unpack(f"<HH{wanted}Q", extra)
    if (kind, length) != (1, 8 * wanted):
        raise not_a_pack()
    if size == _U32:
        if values[0] != values[1]:
            raise not_a_pack()
        size = values[0]
    return size, values[-1] if header == _U32 else header


def _local(file: BinaryIO, entry: _Entry) -> int:
    """Return the length of the entry's local header when it says what the directory says."""
    head = _at(file, entry.header, _LOCAL_BYTES)
    if len(head) < _LOCAL_BYTES or head[:4] != b"PK\3\4":
        raise _overlap()
    _, flags, method, _, _, _, packed, size, name_bytes, extra_bytes = struct.unpack_from("<HHHHHIIIHH", head, 4)
    rest = _at(file, entry.header + _LOCAL_BYTES, name_bytes + extra_bytes)
    _require_plain(flags, method, 0, entry.name)
    extra = rest[name_bytes:]
    if size == _U32 and len(extra) == 20:
        kind, length, size, packed = struct.unpack("<HHQQ", extra)
        if (kind, length) != (1, 16):
            raise not_a_pack()
    elif extra:
        raise not_a_pack()
    if rest[:name_bytes] != entry.name.encode() or (packed, size) != (entry.size, entry.size):
        raise _overlap()
    return _LOCAL_BYTES + len(rest)


def _require_plain(flags: int, method: int, attributes: int, name: str) -> None:
    if method or flags & ~_FLAGS:
        raise Refused(
            "offline_compressed",
            "这个离线包被重新压缩或加密过，没有导入。请使用原来的 .pack.zip 文件，不要先解压再打包。",
        )
    kind = attributes >> 16 & _LINK_OR_ODD
    if kind not in (0, _REGULAR) or attributes & 0x10:
        raise Refused("offline_link", f"离线包里有不是普通文件的东西（{name[:60]!r}），没有导入。请不要使用这个包。")


def _name(raw: bytes) -> str:
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError:
        return raw.decode("latin-1")  # refused by name


def _overlap() -> Refused:
    return Refused(
        "offline_overlap", "离线包里的文件互相重叠或留有空隙，没有导入。请重新下载这个包；如果是别人给的，不要使用。"
    )


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    found = bytearray()
    while len(found) < size and (block := file.read(size - len(found))):
        found += block
    return bytes(found)
