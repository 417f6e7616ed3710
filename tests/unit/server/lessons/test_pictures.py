from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given, strategies as st

from server.lessons.pictures import MAX_PICTURE_BYTES, Picture, inspect
from signaling.errors import Refused


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack("!I", 13) + header + struct.pack("!I", zlib.crc32(header)) + b"rest"


def jpeg(width: int, height: int, sof: int = 0xC0) -> bytes:
    app = b"\xff\xe0\x00\x10JFIF\x00" + bytes(9)
    return b"\xff\xd8" + app + b"\xff\xff" + bytes([sof]) + struct.pack("!HBHHB", 17, 8, height, width, 3) + bytes(9)


def webp(chunk: bytes) -> bytes:
    return (b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk).ljust(40, b"\0")


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (png(1600, 900), "image/png"),
        (jpeg(1600, 900), "image/jpeg"),
        (jpeg(1600, 900, 0xC2), "image/jpeg"),
        (
            webp(b"VP8X" + struct.pack("<II", 10, 0) + (1599).to_bytes(3, "little") + (899).to_bytes(3, "little")),
            "image/webp",
        ),
        (webp(b"VP8L" + struct.pack("<IB", 5, 0x2F) + (1599 | 899 << 14).to_bytes(4, "little")), "image/webp"),
        (webp(b"VP8 " + struct.pack("<I", 10) + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 1600, 900)), "image/webp"),
    ],
)
def test_kind_and_size_are_read_from_the_header(data: bytes, mime: str) -> None:
    assert inspect(data) == Picture(mime, 1600, 900)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "picture_unsupported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture_unsupported"),
        (b"GIF89a" + bytes(40), "picture_unsupported"),
        (b"%PDF-1.7", "picture_unsupported"),
        (png(1600, 900)[:20], "picture_broken"),
        (png(0, 900), "picture_broken"),
        (png(0xFFFFFFFF, 1), "picture_too_large"),
        (png(8001, 1), "picture_too_large"),
        (jpeg(1600, 900)[:24], "picture_broken"),
        (b"\xff\xd8\xff\xda\x00\x02", "picture_broken"),
        (b"\xff\xd8\xff\xe0\x00\x00", "picture_broken"),
        (webp(b"ABCD"), "picture_broken"),
        (png(1, 1) + bytes(MAX_PICTURE_BYTES), "picture_too_large"),
    ],
)
def test_anything_else_is_refused_in_words(data: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        inspect(data)
    assert caught.value.code == code


@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b""]), st.binary(max_size=400))
def test_no_bytes_make_it_stumble(magic: bytes, rest: bytes) -> None:
    try:
        picture = inspect(magic + rest)
    except Refused:
        return
    assert 1 <= picture.width <= 8000 and 1 <= picture.height <= 8000
