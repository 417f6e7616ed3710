from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, strategies as st

from media import rtp

EDGES = (0, 1, 32767, 65534, 65535)


def packet(extensions: bytes = b"", payload: bytes = b"payload") -> bytearray:
    return rtp.build_packet(96, 65535, 0xFFFFFFFF, 0x01020304, payload, marker=True, extensions=extensions)


def test_fixed_header_is_read_in_place() -> None:
    assert rtp.read_fixed(packet()) == (0x80, 0x80 | 96, 65535, 0xFFFFFFFF, 0x01020304)


def test_payload_span_skips_csrcs_extension_and_padding() -> None:
    data = packet(rtp.build_extensions([(1, b"abc")]))
    data[0] |= 0x20 | 2  # padding, two CSRCs
    data[12:12] = bytes(8)
    data += b"\0\0\3"
    start, end = rtp.payload_span(data)
    assert bytes(data[start:end]) == b"payload"


def test_padding_only_packet_has_no_payload() -> None:
    data = packet(payload=b"\0" * 199 + bytes((200,)))
    data[0] |= 0x20
    start, end = rtp.payload_span(data)
    assert start == end


@pytest.mark.parametrize("data", [b"", b"\x80" * 11, bytes(12), b"\x90" + bytes(11), b"\xa0" + bytes(11)])
def test_malformed_headers_are_refused(data: bytes) -> None:
    with pytest.raises(rtp.RtpError):
        rtp.payload_span(data)


@pytest.mark.parametrize(
    ("elements", "profile"),
    [
        ([(1, b"0"), (4, b"q"), (14, b"0123456789abcdef")], rtp.ONE_BYTE_PROFILE),
        ([(1, b"0"), (15, b"q")], rtp.TWO_BYTE_PROFILE),
        ([(1, b""), (200, b"x" * 40)], rtp.TWO_BYTE_PROFILE),
    ],
)
def test_extensions_are_found_in_both_forms(elements: list[tuple[int, bytes]], profile: int) -> None:
    data = packet(rtp.build_extensions(elements))
    assert int.from_bytes(data[12:14], "big") == profile
    assert rtp.read_extensions(data) == dict(elements)
    for element, value in elements:
        offset, length = rtp.find_extension(data, element)
        assert bytes(data[offset : offset + length]) == value
    assert rtp.find_extension(data, 7) == (-1, 0)
    start, end = rtp.payload_span(data)
    assert bytes(data[start:end]) == b"payload"


def test_reading_stops_at_id_15_of_the_one_byte_form() -> None:
    data = packet(bytes.fromhex("bede0001f0001041"))  # RFC 8285 §4.2
    assert rtp.read_extensions(data) == {}
    assert rtp.find_extension(data, 1) == (-1, 0)


def test_known_extensions_are_read() -> None:
    data = packet(rtp.build_extensions([(1, b"mid0"), (2, b"\xff\xfe"), (3, b"\x9f"), (4, b"\xff")]))
    assert rtp.read_text(data, 1) == "mid0"
    assert rtp.read_text(data, 4) == ""
    assert rtp.read_text(data, 0) == ""
    assert rtp.read_u16(data, 2) == 0xFFFE
    assert rtp.read_u16(data, 1) == -1


@pytest.mark.parametrize("seq", EDGES)
def test_sequence_arithmetic_over_the_wrap(seq: int) -> None:
    assert rtp.seq_diff((seq + 5) & 0xFFFF, seq) == 5
    assert rtp.seq_diff(seq, (seq + 5) & 0xFFFF) == -5
    assert rtp.timestamp_diff((seq * 65537 + 90) & 0xFFFFFFFF, (seq * 65537) & 0xFFFFFFFF) == 90


@pytest.mark.parametrize("first", EDGES)
@given(steps=st.lists(st.integers(-100, 1000), max_size=200))
def test_unwrapper_follows_the_true_index(first: int, steps: list[int]) -> None:
    unwrapper = rtp.Unwrapper(16)
    newest = truth = first + 65536
    assert unwrapper.unwrap(first) == truth
    for step in steps:
        truth = max(newest + step, 0)
        newest = max(newest, truth)
        assert unwrapper.unwrap(truth & 0xFFFF) == truth
        assert unwrapper.last == newest


@pytest.mark.parametrize("seq", EDGES)
def test_rtx_round_trip_keeps_the_packet(seq: int) -> None:
    original = rtp.build_packet(96, seq, 1234, 77, b"data", marker=True, extensions=rtp.build_extensions([(1, b"q")]))
    wrapped = rtp.wrap_rtx(original, 97, 78, 5)
    assert rtp.read_fixed(wrapped)[1:] == (0x80 | 97, 5, 1234, 78)
    assert rtp.unwrap_rtx(wrapped, 96, 77) == original


def test_rtx_padding_is_no_packet() -> None:
    probe = rtp.build_packet(97, 1, 2, 3, b"\0" * 9 + bytes((10,)))
    probe[0] |= 0x20
    assert rtp.unwrap_rtx(probe, 96, 77) is None
    assert rtp.unwrap_rtx(b"\x80", 96, 77) is None


@given(st.binary(max_size=80))
def test_any_bytes_give_values_or_rtp_errors(data: bytes) -> None:
    with contextlib.suppress(rtp.RtpError):
        rtp.payload_span(data)
    rtp.unwrap_rtx(data, 96, 1)
    if len(data) >= 12:
        rtp.read_extensions(data)
        for element in range(256):
            offset, length = rtp.find_extension(data, element)
            assert offset + length <= len(data)


@given(st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=30)), max_size=6, unique_by=lambda item: item[0]))
def test_extensions_round_trip(elements: list[tuple[int, bytes]]) -> None:
    assert rtp.read_extensions(packet(rtp.build_extensions(elements))) == dict(elements)
