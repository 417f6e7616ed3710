from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from media import vp8

KEYFRAME = bytes.fromhex("50 00 00 9d012a 8002 6801".replace(" ", "")) + b"rest"  # 640x360


def descriptor(
    *, picture_id: int = -1, wide: bool = True, tl0: int = -1, tid: int = -1, sync: bool = False, keyidx: int = -1
) -> bytes:
    """RFC 7741 §4.2, written independently of the code."""
    flags = (0x80 if picture_id >= 0 else 0) | (0x40 if tl0 >= 0 else 0) | (0x20 if tid >= 0 else 0)
    flags |= 0x10 if keyidx >= 0 else 0
    data = bytes((0x90, flags))
    if picture_id >= 0:
        data += (0x8000 | picture_id).to_bytes(2, "big") if wide else bytes((picture_id,))
    if tl0 >= 0:
        data += bytes((tl0,))
    if tid >= 0 or keyidx >= 0:
        data += bytes((max(tid, 0) << 6 | (0x20 if sync else 0) | max(keyidx, 0),))
    return data


optional_5 = st.integers(-1, 31)


@given(st.integers(-1, 0x7FFF), st.integers(-1, 255), st.integers(-1, 3), st.booleans(), optional_5)
def test_descriptors_are_read_and_put_into_fixed_form(pid: int, tl0: int, tid: int, sync: bool, keyidx: int) -> None:
    data = b"head" + descriptor(picture_id=pid, tl0=tl0, tid=tid, sync=sync and tid >= 0, keyidx=keyidx) + KEYFRAME
    read = vp8.parse(data, 4, len(data))
    assert (read.picture_id, read.tl0picidx, read.tid, read.keyidx) == (pid, tl0, tid, keyidx)
    assert read.layer_sync == (sync and tid >= 0)
    assert read.begins_frame
    assert read.is_keyframe
    assert vp8.frame_size(data, 4, len(data), read) == (640, 360)
    fixed = vp8.fixed_form(data, 4, read)
    again = vp8.parse(fixed + KEYFRAME, 0, len(fixed) + len(KEYFRAME))
    assert again.length == len(fixed)
    assert again.picture_id_bits == 15
    assert (again.tl0picidx, again.tid, again.layer_sync, again.keyidx) == (tl0, tid, read.layer_sync, keyidx)


def test_short_picture_id_becomes_wide() -> None:
    data = descriptor(picture_id=127, wide=False, tl0=9) + b"\x01"
    read = vp8.parse(data, 0, len(data))
    assert (read.picture_id, read.picture_id_bits, read.length) == (127, 7, 4)
    fixed = vp8.fixed_form(data, 0, read)
    assert vp8.parse(fixed + b"\x01", 0, len(fixed) + 1).picture_id == 127


def test_bare_descriptor_gets_a_picture_id() -> None:
    read = vp8.parse(b"\x10\x01", 0, 2)
    assert (read.length, read.picture_id, read.begins_frame, read.is_keyframe) == (1, -1, True, False)
    assert vp8.fixed_form(b"\x10\x01", 0, read) == b"\x90\x80\x80\x00"


@pytest.mark.parametrize(("pid", "tl0", "keyidx"), [(0, 0, 0), (0x7FFF, 255, 31), (0x8000, 256, 32), (65_541, 511, 63)])
def test_patch_wraps_every_number_in_its_width(pid: int, tl0: int, keyidx: int) -> None:
    data = bytearray(descriptor(picture_id=5, tl0=6, tid=2, sync=True, keyidx=7) + KEYFRAME)
    vp8.patch(data, 0, pid, tl0, keyidx)
    read = vp8.parse(data, 0, len(data))
    assert (read.picture_id, read.tl0picidx, read.keyidx) == (pid & 0x7FFF, tl0 & 0xFF, keyidx & 0x1F)
    assert (read.tid, read.layer_sync) == (2, True)
    assert data.endswith(KEYFRAME)


def test_patch_leaves_absent_fields_and_payload_alone() -> None:
    data = bytearray(b"\x90\x80\x80\x00payload")
    vp8.patch(data, 0, 300, 9, 9)
    assert data == b"\x90\x80\x81\x2cpayload"
    with_tid = bytearray(b"\x90\xa0\x80\x00\x60payload")
    vp8.patch(with_tid, 0, 1, 9, 9)
    assert with_tid == b"\x90\xa0\x80\x01\x60payload"


def test_later_packets_of_a_keyframe_begin_nothing() -> None:
    read = vp8.parse(b"\x00\x00", 0, 2)
    assert not read.begins_frame
    assert not read.is_keyframe
    assert vp8.frame_size(b"\x00\x00", 0, 2, read) is None


@given(st.binary(max_size=20))
def test_any_bytes_are_a_descriptor_or_a_vp8_error(data: bytes) -> None:
    try:
        read = vp8.parse(data, 0, len(data))
    except vp8.Vp8Error:
        return
    assert 0 < read.length < len(data)
    vp8.frame_size(data, 0, len(data), read)
    vp8.fixed_form(data, 0, read)
