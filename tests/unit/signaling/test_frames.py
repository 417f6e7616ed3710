"""Compressed frames: what is packed comes back, and what is not ours is refused."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings, strategies as st

from signaling.errors import ProtocolViolation
from signaling.frames import DEFLATED, LARGE_BYTES, Encoded, pack, unpack

LINE = "老师说：请看第七页。".encode()


@given(st.binary(max_size=4000))
@settings(max_examples=30)
def test_what_is_packed_comes_back(text: bytes) -> None:
    assert unpack(pack(text)) == text


def test_a_message_is_compressed_once_for_all() -> None:
    message = Encoded(LINE * 100)
    assert message.is_large
    assert message.packed() is message.packed()
    assert len(message.packed()) < len(message.text) / 10
    assert not Encoded(bytes(LARGE_BYTES)).is_large


@given(st.binary(max_size=300))
@settings(max_examples=50)
def test_nonsense_is_refused_and_raises_nothing_else(frame: bytes) -> None:
    try:
        unpack(bytes([DEFLATED]) + frame)
    except ProtocolViolation as error:
        assert error.code == "message_malformed"


@pytest.mark.parametrize("frame", [b"", b"\x02" + zlib.compress(LINE), pack(LINE * 50)[:-7], b"\x01"])
def test_unknown_tag_and_cut_stream_are_refused(frame: bytes) -> None:
    with pytest.raises(ProtocolViolation) as refused:
        unpack(frame)
    assert refused.value.code == "message_malformed"


def test_bomb_is_refused_before_it_unfolds() -> None:
    bomb = pack(bytes(1 << 20))
    assert len(bomb) < 1100
    with pytest.raises(ProtocolViolation) as refused:
        unpack(bomb, 1 << 18)
    assert refused.value.code == "message_too_large"
