"""The tap: the copy of received media that a worker hands to the recorder.

One local stream socket from a worker to the recorder, frames `length(4) type(1) track(2) body`. The worker never waits
for it: it batches frames, and when the socket would block past `TAP_LIMIT_BYTES` it drops whole frames and says so with
`Dropped` as soon as it can. Track numbers are the worker's, unique for the life of the connection.

RTP bodies are the packets as they left the publisher (decrypted, RTX unwrapped into the original packet, header and
extensions as received), in order of arrival: reordering and gaps are the recorder's to see. Arrival stamps are
CLOCK_MONOTONIC nanoseconds, which all processes of a machine share.

The other way the recorder sends `WANT_KEYFRAME` frames without a body: it needs a keyframe of that track (to begin a
part, after a loss, or as a point to seek to). The worker asks the publisher with a PLI under its usual throttle.
"""

from __future__ import annotations

import struct
from typing import Literal

import msgspec

TAP_LIMIT_BYTES = 8 << 20  # about 50 s of a 1.2 Mbit/s lecturer: longer than any restart of the recorder

OPEN, RTP, REPORT, CLOSE, DROPPED = 1, 2, 3, 4, 5
WANT_KEYFRAME = 6  # recorder → worker

_HEAD = struct.Struct("!IBH")
_STAMP = struct.Struct("!Q")
_REPORT = struct.Struct("!QQI")
_COUNT = struct.Struct("!I")
MAX_BODY_BYTES = 65_536


class TapTrack(msgspec.Struct, frozen=True):
    """A track that is recorded: one SSRC of one source."""

    room: str
    peer: str
    source: Literal["camera", "mic", "screen"]
    codec: Literal["vp8", "h264", "opus"]
    layer: str  # rid of a simulcast layer ("q", "h", "f"); "" when there is one encoding
    ssrc: int
    payload_type: int
    clock_rate: int


def _frame(kind: int, track: int, body: bytes) -> bytes:
    return _HEAD.pack(len(body), kind, track) + body


def open_frame(track: int, description: TapTrack) -> bytes:
    """Announce `track`."""
    return _frame(OPEN, track, msgspec.msgpack.encode(description))


def rtp_frame(track: int, arrival_ns: int, packet: bytes | bytearray | memoryview) -> bytes:
    """Carry one RTP packet."""
    return _HEAD.pack(len(packet) + 8, RTP, track) + _STAMP.pack(arrival_ns) + packet


def report_frame(track: int, arrival_ns: int, ntp: int, rtp_timestamp: int) -> bytes:
    """Carry the clock pair of a sender report (RFC 3550 §6.4.1): 64-bit NTP time and RTP timestamp."""
    return _frame(REPORT, track, _REPORT.pack(arrival_ns, ntp, rtp_timestamp))


def close_frame(track: int) -> bytes:
    """End `track`: its source is gone."""
    return _frame(CLOSE, track, b"")


def dropped_frame(track: int, packets: int) -> bytes:
    """Say how many packets of `track` were dropped since the last frame."""
    return _frame(DROPPED, track, _COUNT.pack(packets))


def keyframe_frame(track: int) -> bytes:
    """Ask the worker for a keyframe of `track`."""
    return _frame(WANT_KEYFRAME, track, b"")


class Opened(msgspec.Struct, frozen=True):
    """A track begins."""

    track: int
    description: TapTrack


class Packet(msgspec.Struct, frozen=True, gc=False):
    """An RTP packet arrived."""

    track: int
    arrival_ns: int
    data: bytes


class Report(msgspec.Struct, frozen=True):
    """A sender report arrived."""

    track: int
    arrival_ns: int
    ntp: int
    rtp_timestamp: int


class Closed(msgspec.Struct, frozen=True):
    """A track ended."""

    track: int


class Dropped(msgspec.Struct, frozen=True):
    """Packets were lost on the way to the recorder."""

    track: int
    packets: int


class KeyframeWanted(msgspec.Struct, frozen=True):
    """The recorder needs a keyframe."""

    track: int


TapItem = Opened | Packet | Report | Closed | Dropped | KeyframeWanted

_decode_track = msgspec.msgpack.Decoder(TapTrack).decode


class TapReader:
    """Cut the tap's byte stream into items."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[TapItem]:
        """Return the items that `data` completes.

        Raises:
            ValueError: not a tap stream (a frame too long, of unknown type, or with a body that does not fit).
        """
        buffer = self._buffer
        buffer += data
        items: list[TapItem] = []
        start = 0
        while len(buffer) - start >= _HEAD.size:
            length, kind, track = _HEAD.unpack_from(buffer, start)
            if length > MAX_BODY_BYTES:
                raise ValueError(f"a tap frame of {length} bytes")
            end = start + _HEAD.size + length
            if len(buffer) < end:
                break
            items.append(_item(kind, track, bytes(buffer[start + _HEAD.size : end])))
            start = end
        del buffer[:start]
        return items


def _item(kind: int, track: int, body: bytes) -> TapItem:
    try:
        if kind == RTP:
            return Packet(track, _STAMP.unpack_from(body)[0], body[8:])
        if kind == REPORT:
            return Report(track, *_REPORT.unpack(body))
        if kind == OPEN:
            return Opened(track, _decode_track(body))
        if kind == CLOSE:
            return Closed(track)
        if kind == DROPPED:
            return Dropped(track, _COUNT.unpack(body)[0])
        if kind == WANT_KEYFRAME:
            return KeyframeWanted(track)
    except (struct.error, msgspec.MsgspecError) as error:
        raise ValueError(f"a tap frame of type {kind} with a wrong body") from error
    raise ValueError(f"a tap frame of unknown type {kind}")
