"""RFC 2198, written and read."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, strategies as st

from media import red
from media.rtp import RtpError, build_packet

OPUS, RED = 111, 63


def packet(payload: bytes, *, timestamp: int = 100) -> bytes:
    return bytes(build_packet(RED, 1, timestamp, 3, payload))


def payload_of(blocks: list[tuple[int, bytes]], primary: bytes) -> bytes:
    data = bytearray(2048)
    end = red.write_into(data, 5, OPUS, blocks, primary)
    assert end - 5 == red.payload_bytes([*(len(frame) for _, frame in blocks), len(primary)])
    return bytes(data[5:end])


def test_blocks_are_written_as_rfc_2198_says() -> None:
    # §3: F, block PT, timestamp offset (14), block length (10); the primary's head is one byte
    head = bytes((0x80 | OPUS,)) + (960 << 10 | 3).to_bytes(3, "big") + bytes((OPUS,))
    assert payload_of([(960, b"old")], b"new!") == head + b"oldnew!"
    blocks = red.read(packet(head + b"oldnew!"))
    assert [(b.payload_type, b.timestamp, b.payload) for b in blocks] == [
        (OPUS, (100 - 960) & 0xFFFFFFFF, b"old"),
        (OPUS, 100, b"new!"),
    ]


@pytest.mark.parametrize(
    ("offset", "size", "fits"),
    [
        (960, 60, True),
        (16_383, 1_023, True),
        (16_384, 60, False),
        (960, 1_024, False),
        (0, 60, False),
        (-960, 6, False),
    ],
)
def test_limits_of_a_block(offset: int, size: int, fits: bool) -> None:
    assert red.fits(offset, size) is fits


@given(
    st.lists(st.tuples(st.integers(1, red.MAX_OFFSET_TICKS), st.binary(min_size=1, max_size=200)), max_size=5),
    st.binary(max_size=200),
    st.integers(0, 0xFFFFFFFF),
)
def test_what_is_written_is_read(blocks: list[tuple[int, bytes]], primary: bytes, timestamp: int) -> None:
    found = red.read(packet(payload_of(blocks, primary), timestamp=timestamp))
    expected = [((timestamp - offset) & 0xFFFFFFFF, frame) for offset, frame in blocks]
    assert [(block.timestamp, block.payload) for block in found] == [*expected, (timestamp, primary)]


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for given_packet in (data, packet(data)):
        with contextlib.suppress(RtpError):
            red.read(given_packet)


def test_headers_that_do_not_end_are_refused() -> None:
    with pytest.raises(RtpError):
        red.read(packet((bytes((0x80 | OPUS,)) + bytes(3)) * red.MAX_BLOCKS + bytes((OPUS,))))
