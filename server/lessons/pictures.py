"""What an uploaded page picture is, read from its header: nothing is decoded here. Pure; fuzzed.

JPEG: ITU-T T.81 Annex B (SOF segments). PNG: RFC 2083 §4.1.1 (IHDR). WebP: RFC 9649 §2 (VP8, VP8L, VP8X).
"""

from __future__ import annotations

import struct

import msgspec

from signaling.errors import Refused

MAX_PICTURE_BYTES = 32 << 20  # a scanner's A4 page at 300 dpi as PNG is 10 to 25 MB
MAX_SIDE = 8_000  # px: a scanner's A3 page; an old school PC's browser still decodes it
_SOF = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and RSTn: no length follows (T.81 table B.1)


class Picture(msgspec.Struct, frozen=True):
    """The kind and size of a picture."""

    mime: str
    width: int
    height: int


def inspect(data: bytes) -> Picture:
    """Return what picture `data` is.

    Raises:
        Refused: `picture_unsupported`, `picture_broken` or `picture_too_large`.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise Refused("picture_too_large", f"一页课件最大 {MAX_PICTURE_BYTES >> 20} MB，请缩小后再上传。")
    if data.startswith(b"\xff\xd8\xff"):
        mime, size = "image/jpeg", _jpeg_size(data)
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        mime, size = "image/png", _png_size(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        mime, size = "image/webp", _webp_size(data)
    else:
        raise Refused("picture_unsupported", "课件页只能是 JPEG、PNG 或 WebP 图片。")
    if size is None or min(size) < 1:
        raise Refused("picture_broken", "这张图片已损坏或不完整，请重新导出后再上传。")
    if max(size) > MAX_SIDE:
        raise Refused("picture_too_large", f"课件页每边最多 {MAX_SIDE} 像素，请缩小后再上传。")
    return Picture(mime, *size)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes before a marker (T.81 B.1.1.2)
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        (length,) = struct.unpack_from("!H", data, at + 2)
        if marker in _SOF:
            if length < 8 or at + 9 > len(data):
                return None
            height, width = struct.unpack_from("!HH", data, at + 5)
            return width, height
        if length < 2 or marker in (0xD9, 0xDA):  # the scan began before any frame header
            return None
        at += 2 + length
    return None


def _png_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 33 or data[8:16] != b"\x00\x00\x00\x0dIHDR":
        return None
    width, height = struct.unpack_from("!II", data, 16)
    return width, height


def _webp_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 30:
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
