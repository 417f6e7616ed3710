"""From RTP packets, in order, to frames: VP8 (RFC 7741) and Opus (RFC 7587); H.264 is in `recorder.h264_frames`.

An assembler is fed the packets of one stream in order of sequence and is told where packets are missing. It returns
whole frames only: a frame of which a packet is missing is left out, and the caller knows from `lost()` and
`discarded` that the picture is damaged until the next keyframe.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol

from media import vp8
from media.rtp import RtpError, payload_span


class Rtp(NamedTuple):
    """The parts of an RTP packet (RFC 3550 §5.1) that recording needs."""

    seq: int
    timestamp: int
    marker: bool
    payload: bytes  # without header, extension and padding; may be empty (a padding packet)


def parse_rtp(data: bytes) -> Rtp | None:
    """Return the packet, or None when `data` is none."""
    try:
        start, end = payload_span(data)
    except RtpError:
        return None
    seq, timestamp = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big")
    return Rtp(seq, timestamp, data[1] >= 0x80, data[start:end])


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


class FrameJoiner(ABC):
    """What frames of several packets have in common: one has a timestamp, and ends with its marker or before the next.

    A subclass keeps the pieces: `_take` them, `_join` them to a frame, `_clear` them.
    """

    def __init__(self) -> None:
        self.discarded = 0
        self._ticks: int | None = None  # of the frame in work
        self._skipping: int | None = None  # of a frame that is damaged: the rest of it is left out

    def push(self, ticks: int, marker: bool, payload: bytes) -> list[Unit]:
        """Take the next packet and return the frames that it completes."""
        if not payload:
            return []
        units: list[Unit] = []
        if self._ticks is not None and ticks != self._ticks:  # nothing is missing: the sender left the marker out
            self._finish(self._ticks, units)
        if self._skipping == ticks:
            return units
        self._ticks = ticks
        if not self._take(payload):
            self.lost()
        elif marker:
            self._finish(ticks, units)
        return units

    def lost(self) -> None:
        """Give up the frame in work."""
        if self._ticks is not None:
            self.discarded += 1
            self._skipping = self._ticks
        self._ticks = None
        self._clear()

    def _finish(self, ticks: int, units: list[Unit]) -> None:
        units += self._join(ticks)
        self._ticks = None
        self._clear()

    @abstractmethod
    def _take(self, payload: bytes) -> bool:
        """Keep a piece of the frame in work; return whether it fits."""

    @abstractmethod
    def _join(self, ticks: int) -> list[Unit]:
        """Return the frame in work, or nothing when it is none or is to be counted in `discarded`."""

    @abstractmethod
    def _clear(self) -> None:
        """Forget the pieces."""


class Vp8Assembler(FrameJoiner):
    """Join the payloads of a frame; a frame begins with S=1 and partition 0."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []
        self._size: tuple[int, int] | None = None  # of a keyframe whose begin is whole
        self._is_keyframe = False

    def _take(self, payload: bytes) -> bool:
        try:
            descriptor = vp8.parse(payload, 0, len(payload))
        except vp8.Vp8Error:
            return False
        if not self._chunks:
            if not descriptor.begins_frame:
                return False
            self._is_keyframe = descriptor.is_keyframe
            self._size = vp8.frame_size(payload, 0, len(payload), descriptor)
        self._chunks.append(payload[descriptor.length :])
        return True

    def _join(self, ticks: int) -> list[Unit]:
        if not self._is_keyframe:
            return [Unit(ticks, b"".join(self._chunks), False)]
        if self._size is None:
            self.discarded += 1
            return []
        return [Unit(ticks, b"".join(self._chunks), True, *self._size)]

    def _clear(self) -> None:
        self._chunks = []


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
