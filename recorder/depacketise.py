"""From RTP packets, in order, to frames: VP8 (RFC 7741) and Opus (RFC 7587); H.264 is in `recorder.h264_frames`.

An assembler is fed the packets of one stream in order of sequence and is told where packets are missing. It returns
whole frames only: a frame of which a packet is missing is left out, and the caller knows from `lost()` and
`discarded` that the picture is damaged until the next keyframe.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Protocol

_RTP = struct.Struct("!BBHII")
_DIMENSIONS = struct.Struct("<HH")
_U16 = struct.Struct("!H")


class Rtp(NamedTuple):
    """The parts of an RTP packet (RFC 3550 §5.1) that recording needs."""

    seq: int
    timestamp: int
    marker: bool
    payload: bytes  # without header, extension and padding; may be empty (a padding packet)


def parse_rtp(data: bytes) -> Rtp | None:
    """Return the packet, or None when `data` is none."""
    if len(data) < 12:
        return None
    first, second, seq, timestamp, _ssrc = _RTP.unpack_from(data)
    if first >> 6 != 2:
        return None
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * _U16.unpack_from(data, start + 2)[0]
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if start > end:
        return None
    return Rtp(seq, timestamp, second >= 0x80, data[start:end])


class Unit(NamedTuple):
    """One frame as a container stores it (H.264: NAL units with 4-byte lengths)."""

    ticks: int
    data: bytes
    keyframe: bool
    width: int = 0  # of keyframes
    height: int = 0
    config: bytes = b""  # the codec's private data, with keyframes


class Assembler(Protocol):
    """Put frames together."""

    discarded: int  # frames begun or continued that could not be completed

    def push(self, ticks: int, marker: bool, payload: bytes) -> list[Unit]:
        """Take the next packet and return the frames that it completes."""

    def lost(self) -> None:
        """Packets are missing between the last one and the next."""


class OpusAssembler:
    """One packet is one frame."""

    def __init__(self) -> None:
        self.discarded = 0

    def push(self, ticks: int, marker: bool, payload: bytes) -> list[Unit]:
        """Return the packet's frame."""
        return [Unit(ticks, payload, True)] if payload else []

    def lost(self) -> None:
        """Nothing to do: no frame depends on another."""


def vp8_start(payload: bytes) -> tuple[bool, int]:
    """Return whether a frame begins in this payload, and where its VP8 data begins (RFC 7741 §4.2); -1: malformed."""
    first = payload[0]
    offset = 1
    if first & 0x80:
        if len(payload) < 2:
            return False, -1
        flags = payload[1]
        offset = 2
        if flags & 0x80:
            if len(payload) <= offset:
                return False, -1
            offset += 2 if payload[offset] & 0x80 else 1
        offset += (flags >> 6 & 1) + (1 if flags & 0x30 else 0)
    if offset >= len(payload):
        return False, -1
    return bool(first & 0x10) and not first & 0x0F, offset


class Vp8Assembler:
    """Join the payloads of a frame; a frame begins with S=1 and partition 0."""

    def __init__(self) -> None:
        self.discarded = 0
        self._ticks: int | None = None
        self._chunks: list[bytes] = []
        self._skipping: int | None = None  # the timestamp of a frame whose begin is missing

    def push(self, ticks: int, marker: bool, payload: bytes) -> list[Unit]:
        """Take the next packet and return the frames that it completes."""
        if not payload:
            return []
        starts, offset = vp8_start(payload)
        units: list[Unit] = []
        if self._ticks is not None and ticks != self._ticks:  # nothing is missing: the sender left the marker out
            self._finish(units)
        if offset < 0:
            self.lost()
            return units
        if self._ticks is None:
            if not starts or self._skipping == ticks:
                if self._skipping != ticks:
                    self.discarded += 1
                    self._skipping = ticks
                return units
            self._ticks = ticks
        self._chunks.append(payload[offset:])
        if marker:
            self._finish(units)
        return units

    def lost(self) -> None:
        """Give up the frame in work."""
        if self._ticks is not None:
            self.discarded += 1
            self._skipping = self._ticks
        self._ticks = None
        self._chunks.clear()

    def _finish(self, units: list[Unit]) -> None:
        data = b"".join(self._chunks)
        ticks = self._ticks
        self._ticks = None
        self._chunks.clear()
        assert ticks is not None
        keyframe = not data[0] & 1  # RFC 6386 §9.1
        if not keyframe:
            units.append(Unit(ticks, data, False))
            return
        if len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
            self.discarded += 1
            return
        width, height = _DIMENSIONS.unpack_from(data, 6)
        units.append(Unit(ticks, data, True, width & 0x3FFF, height & 0x3FFF))


_FRAME_MS = (10, 20, 40, 60)  # RFC 6716 §3.1, SILK


def opus_duration_ms(packet: bytes) -> float:
    """Return how long a packet sounds (RFC 6716 §3.1); 0 for an empty one."""
    if not packet:
        return 0.0
    config = packet[0] >> 3
    if config < 12:
        frame = float(_FRAME_MS[config & 3])
    elif config < 16:
        frame = 20.0 if config & 1 else 10.0
    else:
        frame = 2.5 * (1 << (config & 3))
    code = packet[0] & 3
    if code < 3:
        return frame * (1 if code == 0 else 2)
    return frame * (packet[1] & 0x3F if len(packet) > 1 else 0)
