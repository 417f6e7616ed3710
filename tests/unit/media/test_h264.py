from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, strategies as st

from media import h264

# Made by libx264: 640x360 constrained baseline 3.0, and 1920x1080 high 4.0 (cropped from 1088 lines).
SPS_360P = bytes.fromhex("6742c01ed900a02ff97016a020202800000300080000030190478b1640")
SPS_1080P = bytes.fromhex("67640028acd940780227e5c05a8080808080000003008000001e478c18cb")
IDR, SLICE, PPS = b"\x65data", b"\x41data", b"\x68pps"


def stap(*units: bytes) -> bytes:
    return b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


CASES = [
    (IDR, True),
    (SLICE, False),
    (PPS, False),
    (SPS_360P, True),
    (stap(SPS_360P, PPS, IDR), True),
    (stap(PPS, SLICE), False),
    (b"\x7c\x85data", True),  # FU-A, first fragment of an IDR slice
    (b"\x7c\x05data", False),
    (b"\x7c\x81data", False),
]


@pytest.mark.parametrize(("payload", "is_key"), CASES)
def test_beginnings_of_keyframes(payload: bytes, is_key: bool) -> None:
    data = b"head" + payload + b"tail"
    assert h264.begins_keyframe(data, 4, 4 + len(payload)) == is_key


@pytest.mark.parametrize("payload", [b"", b"\x78", b"\x78\x00", b"\x78\x00\x00", b"\x78\x00\x09abc", b"\x7c"])
def test_truncated_payloads_begin_nothing(payload: bytes) -> None:
    assert not h264.begins_keyframe(payload, 0, len(payload))
    assert h264.find_sps(payload, 0, len(payload)) is None


def test_size_and_profile_are_read_from_the_sps() -> None:
    assert h264.parse_sps(SPS_360P) == h264.Sps(0x42C01E, 640, 360)
    assert h264.parse_sps(SPS_1080P) == h264.Sps(0x640028, 1920, 1080)
    both = stap(PPS, SPS_1080P)
    assert h264.find_sps(both, 0, len(both)) == h264.Sps(0x640028, 1920, 1080)
    assert h264.find_sps(IDR, 0, len(IDR)) is None


@given(st.binary(max_size=60))
def test_any_bytes_are_an_sps_or_an_h264_error(data: bytes) -> None:
    for nal in (data, b"\x67" + data, b"\x67\x64\x00\x28" + data):
        with contextlib.suppress(h264.H264Error):
            h264.parse_sps(nal)
        h264.find_sps(nal, 0, len(nal))
        h264.begins_keyframe(nal, 0, len(nal))
