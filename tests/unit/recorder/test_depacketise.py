from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bench.recorder_feed import h264_payloads, rtp, vp8_payloads
from recorder.depacketise import OpusAssembler, Unit, Vp8Assembler, opus_duration_ms, parse_rtp
from recorder.h264_frames import H264Assembler, nal_units, parameter_sets, sps_size, to_annex_b

KEY = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00" + b"k" * 3_000
DELTA = b"\x11\x00\x00" + b"d" * 2_500
# libx264 baseline, 320x180 (cropped from 192 lines)
SPS = bytes.fromhex("6742c00dda0504f684000003000400000300c83c50aa80")[:20]
PPS = bytes.fromhex("68ce0fc8")


def feed(assembler: Vp8Assembler | H264Assembler, payloads: list[tuple[bytes, bool]], ticks: int = 0) -> list[Unit]:
    return [unit for payload, last in payloads for unit in assembler.push(ticks, last, payload)]


def test_rtp_header_extension_csrc_and_padding_are_left_out() -> None:
    plain = rtp(7, 9, True, b"abc")
    assert parse_rtp(plain) == (7, 9, True, b"abc")
    extended = bytes((0xB1, 0xE0)) + plain[2:12] + b"CSRC" + b"\xbe\xde\x00\x01" + b"extn" + b"abc" + b"\0\0\3"
    assert parse_rtp(extended) == (7, 9, True, b"abc")


@given(st.binary(max_size=64))
def test_rubbish_is_no_rtp_error(data: bytes) -> None:
    parsed = parse_rtp(data)
    if parsed is not None and parsed.payload:
        Vp8Assembler().push(0, True, parsed.payload)
        H264Assembler().push(0, True, parsed.payload)
        opus_duration_ms(parsed.payload)


@pytest.mark.parametrize("head", ["90", "9080", "9080 80", "10"])
def test_a_cut_descriptor_makes_no_frame(head: str) -> None:  # RFC 7741 §4.2
    assembler = Vp8Assembler()
    assert assembler.push(0, True, bytes.fromhex(head)) == []
    assert assembler.discarded == 1
    assert feed(assembler, list(vp8_payloads(DELTA, 2)), 3_000) == [Unit(3_000, DELTA, False)]


def test_vp8_frames_are_joined_byte_by_byte() -> None:
    assembler = Vp8Assembler()
    assert feed(assembler, list(vp8_payloads(KEY, 1))) == [Unit(0, KEY, True, 320, 180)]
    assert feed(assembler, list(vp8_payloads(DELTA, 2)), 3_000) == [Unit(3_000, DELTA, False)]


def test_a_frame_without_its_begin_is_left_out_once() -> None:
    assembler = Vp8Assembler()
    assert feed(assembler, list(vp8_payloads(KEY, 1))[1:]) == []
    assert assembler.discarded == 1
    assert feed(assembler, list(vp8_payloads(DELTA, 2)), 3_000) == [Unit(3_000, DELTA, False)]


def test_a_frame_with_a_hole_is_left_out() -> None:
    assembler = Vp8Assembler()
    first, *_, last = list(vp8_payloads(KEY, 1))
    assert feed(assembler, [first]) == []
    assembler.lost()
    assert feed(assembler, [last]) == []
    assert assembler.discarded == 1


def test_a_frame_without_marker_ends_where_the_next_begins() -> None:
    assembler = Vp8Assembler()
    assert feed(assembler, [(payload, False) for payload, _ in vp8_payloads(KEY, 1)]) == []
    assert feed(assembler, list(vp8_payloads(DELTA, 2)), 3_000) == [
        Unit(0, KEY, True, 320, 180),
        Unit(3_000, DELTA, False),
    ]


def test_padding_packets_are_nothing() -> None:
    assembler = Vp8Assembler()
    payloads = list(vp8_payloads(KEY, 1))
    assert feed(assembler, [payloads[0], (b"", False), *payloads[1:]]) == [Unit(0, KEY, True, 320, 180)]
    assert OpusAssembler().push(0, False, b"") == []


def annex_b(*nals: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def test_h264_access_units_are_joined_with_lengths() -> None:
    idr, other = b"\x65" + b"i" * 4_000, b"\x41" + b"p" * 30
    assembler = H264Assembler()
    (unit,) = feed(assembler, list(h264_payloads(annex_b(SPS, PPS, idr))))
    assert unit.keyframe
    assert to_annex_b(unit.data) == annex_b(SPS, PPS, idr)
    assert parameter_sets(unit.data) == (SPS, PPS)
    assert unit.config[:4] == b"\x01" + SPS[1:4]
    (unit,) = feed(assembler, list(h264_payloads(annex_b(other))), 3_000)
    assert not unit.keyframe
    assert list(nal_units(to_annex_b(unit.data))) == [other]


def test_h264_aggregates_are_taken_apart() -> None:
    idr = b"\x65" + b"i" * 50
    stap = b"\x18" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in (SPS, PPS, idr))
    (unit,) = H264Assembler().push(0, True, stap)
    assert to_annex_b(unit.data) == annex_b(SPS, PPS, idr)


def test_an_h264_keyframe_without_parameter_sets_gets_the_known_ones_or_is_left_out() -> None:
    idr = b"\x65" + b"i" * 50
    assembler = H264Assembler()
    assert assembler.push(0, True, idr) == []
    assert assembler.discarded == 1
    assert assembler.push(1, False, SPS) == []
    assert assembler.push(1, True, PPS) == []
    (unit,) = assembler.push(2, True, idr)
    assert parameter_sets(unit.data) == (SPS, PPS)


def test_an_h264_fragment_without_its_begin_is_left_out() -> None:
    payloads = list(h264_payloads(annex_b(SPS, PPS, b"\x65" + b"i" * 4_000)))
    assembler = H264Assembler()
    units = [
        unit
        for payload, last in payloads
        if not payload.startswith(b"\x7c\x85")
        for unit in assembler.push(0, last, payload)
    ]
    assert units == []
    assert assembler.discarded == 1


def test_an_unreadable_parameter_set_has_no_size() -> None:
    assert sps_size(b"\x67\x42") == (0, 0)


@pytest.mark.parametrize(
    ("packet", "ms"),
    [
        ("f8fffe", 20),
        ("00", 10),
        ("18", 60),
        ("60", 10),
        ("68", 20),
        ("80", 2.5),
        ("98", 20),
        ("99", 40),
        ("fb03", 60),
        ("", 0),
    ],
)
def test_opus_durations(packet: str, ms: float) -> None:  # RFC 6716 §3.1
    assert opus_duration_ms(bytes.fromhex(packet)) == ms
