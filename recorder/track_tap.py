"""One tapped stream: put in order, joined to frames, and put in relation to the clock. A pure core.

Theory of operation. A recording has no need to hurry: a missing packet is waited for until 3 s have passed or the
window is full, since the media worker asks the publisher for it meanwhile. The stream begins with the *lowest*
sequence number of its first 200 ms, not with the first to arrive, which on a lossy link need not be the first sent.
After an unrecovered loss frames are still written (0.5 % loss keeps 99 % of them; dropping to the next keyframe kept
46 %), and the damage is said.

RTP timestamps are the sender's claim. A sender that stalls may go on counting where it was, so the offset
`arrival − timestamp` is watched: every few seconds a `ClockMap` says its minimum (the packet that was least
delayed); where it leaps by more than 300 ms both sides of the leap are mapped. Whether that was a stall or a queue on
the way is seen only later, by the timeline, which knows whether the delay came back. When timestamps go back, or
ahead of all that was seen by more than a second, they have another origin: a `Restamp`.
"""

from __future__ import annotations

from typing import NamedTuple

from recorder.depacketise import Assembler, OpusAssembler, Unit, Vp8Assembler, parse_rtp
from recorder.h264_frames import H264Assembler

ANCHOR_NS = 200_000_000  # the first packets of a stream may arrive in any order within this time
PATIENCE_NS = 3_000_000_000  # NACK and RTX of a path with 500 ms round trip have had several turns by then
VIDEO_WINDOW, AUDIO_WINDOW = 512, 128  # packets that may be held: 3.8 s of 1.2 Mbit/s, 2.6 s of Opus
MAP_INTERVAL_NS = 5_000_000_000
FIRST_MAP_NS = 1_000_000_000  # a part that is cut off early has a map too
LEAP_NS = 300_000_000  # more than jitter, less than anyone would tolerate between voice and picture
LEAP_INTERVAL_NS = 1_000_000_000  # a link that stutters must not fill the journal
RESTAMP_NS = 1_000_000_000
LATE_RUN = 100  # this many packets in a row behind the window: the sender began anew under the same SSRC
_SEQ_HALF, _SEQ_MOD = 1 << 15, 1 << 16
_TS_HALF, _TS_MOD = 1 << 31, 1 << 32


class Frame(NamedTuple):
    """A whole frame. `damaged`: it refers to frames that are missing."""

    unit: Unit
    arrival_ns: int
    damaged: bool


class Lost(NamedTuple):
    """Packets that never came, before the frame at `ticks`."""

    packets: int
    ticks: int


class ClockMap(NamedTuple):
    """The packet stamped `ticks` was, as near as is known, received at `arrival_ns`."""

    ticks: int
    arrival_ns: int


class Restamp(NamedTuple):
    """From the next frame on, which is stamped `ticks` and came at `arrival_ns`, stamps have another origin."""

    ticks: int
    arrival_ns: int


class SenderClock(NamedTuple):
    """A sender report: `ticks` is the sender's wall clock `ntp_ms` (its own, only its differences mean anything)."""

    ticks: int
    ntp_ms: float
    arrival_ns: int


class KeyframeNeeded(NamedTuple):
    """The picture is damaged until a keyframe comes."""


Output = Frame | Lost | ClockMap | Restamp | SenderClock | KeyframeNeeded
_Held = tuple[int, int, bool, bytes]  # arrival_ns, timestamp, marker, payload


def _assembler(codec: str) -> Assembler:
    if codec == "vp8":
        return Vp8Assembler()
    if codec == "h264":
        return H264Assembler()
    if codec == "opus":
        return OpusAssembler()
    raise ValueError(f"no depacketiser for {codec}")


class TrackTap:
    """Turn the packets of one SSRC, in order of arrival, into frames and facts about time."""

    def __init__(self, codec: str, clock_rate: int) -> None:
        self.late = 0  # packets that came after their place was given up
        self.malformed = 0
        self._assembler = _assembler(codec)
        self._is_video = codec != "opus"
        self._rate = clock_rate
        self._window = VIDEO_WINDOW if self._is_video else AUDIO_WINDOW
        self._held: dict[int, _Held] = {}
        self._newest: int | None = None  # unwrapped sequence number, for unwrapping
        self._next: int | None = None  # the index that is due; None while anchoring
        self._anchor_ns: int | None = None
        self._late_run = 0
        self._damaged = False
        self._clock = _Clock(clock_rate)

    def on_packet(self, data: bytes, arrival_ns: int) -> list[Output]:
        """Take a packet."""
        packet = parse_rtp(data)
        if packet is None:
            self.malformed += 1
            return []
        seq, timestamp, marker, payload = packet
        index = self._unwrap(seq)
        if self._next is None:
            self._held[index] = (arrival_ns, timestamp, marker, payload)
            if self._anchor_ns is None:
                self._anchor_ns = arrival_ns + ANCHOR_NS
            return self.on_timeout(arrival_ns)
        if index < self._next:
            return self._on_late(index, (arrival_ns, timestamp, marker, payload))
        self._late_run = 0
        outputs: list[Output] = []
        if index == self._next and not self._held:
            self._next = index + 1
            self._deliver((arrival_ns, timestamp, marker, payload), outputs)
            return outputs
        self._held.setdefault(index, (arrival_ns, timestamp, marker, payload))
        self._drain(arrival_ns, outputs)
        return outputs

    def on_report(self, ntp: int, rtp_timestamp: int, arrival_ns: int) -> list[Output]:
        """Take the clock pair of a sender report; before the first frame there is nothing to relate it to."""
        ticks = self._clock.nearest(rtp_timestamp)
        if ticks is None:
            return []
        return [SenderClock(ticks, (ntp >> 32) * 1000.0 + (ntp & 0xFFFFFFFF) * 1000.0 / _TS_MOD, arrival_ns)]

    def next_timeout(self) -> int | None:
        """Return when `on_timeout` is due, in nanoseconds of the arrival clock."""
        if self._next is None:
            return self._anchor_ns
        if self._held:
            return next(iter(self._held.values()))[0] + PATIENCE_NS
        return None

    def on_timeout(self, now_ns: int) -> list[Output]:
        """Give up what was waited for long enough."""
        outputs: list[Output] = []
        if self._next is None:
            if self._anchor_ns is None or now_ns < self._anchor_ns:
                return outputs
            self._next = min(self._held)
        self._drain(now_ns, outputs)
        return outputs

    def finish(self) -> list[Output]:
        """Deliver everything that is held, gaps or not: no more packets will come."""
        outputs: list[Output] = []
        if self._held and self._next is None:
            self._next = min(self._held)
        while self._held:
            self._skip(outputs)
            self._drain(0, outputs)
        self._clock.flush(outputs)
        return outputs

    def map_now(self) -> list[Output]:
        """Say at once what is known about the clock: a part begins or ends here."""
        outputs: list[Output] = []
        self._clock.flush(outputs)
        return outputs

    def _unwrap(self, seq: int) -> int:
        newest = self._newest
        if newest is None:
            self._newest = seq + _SEQ_MOD  # room for packets before the first to arrive
            return self._newest
        difference = (seq - newest) % _SEQ_MOD
        if difference >= _SEQ_HALF:
            return newest + difference - _SEQ_MOD
        self._newest = newest + difference
        return self._newest

    def _on_late(self, index: int, item: _Held) -> list[Output]:
        self.late += 1
        self._late_run += 1
        if self._late_run < LATE_RUN:
            return []
        self._late_run = 0
        outputs: list[Output] = []
        while self._held:
            self._skip(outputs)
            self._drain(0, outputs)
        self._note_loss(0, item[1], outputs)
        self._newest, self._next = index, index + 1
        self._deliver(item, outputs)
        return outputs

    def _drain(self, now_ns: int, outputs: list[Output]) -> None:
        held = self._held
        assert self._next is not None
        while held:
            item = held.pop(self._next, None)
            if item is None:
                oldest_ns = next(iter(held.values()))[0]
                if len(held) <= self._window and now_ns < oldest_ns + PATIENCE_NS:
                    return
                self._skip(outputs)
                continue
            self._next += 1
            self._deliver(item, outputs)

    def _skip(self, outputs: list[Output]) -> None:
        assert self._next is not None
        first = min(self._held)
        if first > self._next:
            self._note_loss(first - self._next, self._held[first][1], outputs)
            self._next = first

    def _note_loss(self, packets: int, timestamp: int, outputs: list[Output]) -> None:
        self._assembler.lost()
        outputs.append(Lost(packets, self._clock.unwrap(timestamp)))
        self._set_damaged(outputs)

    def _set_damaged(self, outputs: list[Output]) -> None:
        if self._is_video:
            self._damaged = True
            outputs.append(KeyframeNeeded())

    def _deliver(self, item: _Held, outputs: list[Output]) -> None:
        arrival_ns, timestamp, marker, payload = item
        ticks = self._clock.on_packet(timestamp, arrival_ns, outputs)
        assembler = self._assembler
        discarded = assembler.discarded
        for unit in assembler.push(ticks, marker, payload):
            if unit.keyframe:
                self._damaged = False
            outputs.append(Frame(unit, arrival_ns, self._damaged))
        if assembler.discarded != discarded:
            self._set_damaged(outputs)


class _Clock:
    """Unwrap timestamps and watch how they run against the arrival clock."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._ticks: int | None = None  # of the last packet
        self._arrival_ns = 0
        self._offset_ns = 0  # arrival − timestamp of the last packet that began a frame
        self._floor_ns = 0  # the least offset since the last restamp
        self._least: ClockMap | None = None  # the least delayed packet since the last map
        self._least_ns = 0
        self._due_ns = 0
        self._leap_ns = 0  # no leap is mapped before this

    def unwrap(self, timestamp: int) -> int:
        """Return `timestamp` unwrapped next to the last one."""
        if self._ticks is None:
            return timestamp + _TS_MOD
        return self._ticks + (timestamp - self._ticks + _TS_HALF) % _TS_MOD - _TS_HALF

    def nearest(self, timestamp: int) -> int | None:
        """Return `timestamp` unwrapped, or None before the first packet."""
        return None if self._ticks is None else self.unwrap(timestamp)

    def on_packet(self, timestamp: int, arrival_ns: int, outputs: list[Output]) -> int:
        """Return the unwrapped timestamp and add what is to be said about the clock."""
        last = self._ticks
        ticks = self.unwrap(timestamp)
        offset_ns = arrival_ns - ticks * 1_000_000_000 // self._rate
        if last is None:
            self._begin(ticks, offset_ns, arrival_ns, FIRST_MAP_NS)
        elif ticks < last - self._rate or offset_ns < self._floor_ns - RESTAMP_NS:
            self.flush(outputs)
            outputs.append(Restamp(ticks, arrival_ns))
            self._begin(ticks, offset_ns, arrival_ns, FIRST_MAP_NS)
        elif ticks != last:
            if offset_ns - self._offset_ns > LEAP_NS and arrival_ns >= self._leap_ns:
                self._leap_ns = arrival_ns + LEAP_INTERVAL_NS
                self.flush(outputs)
                outputs.append(ClockMap(last, self._arrival_ns))
                outputs.append(ClockMap(ticks, arrival_ns))
            self._offset_ns = offset_ns
        self._ticks, self._arrival_ns = ticks, arrival_ns
        if self._least is None or offset_ns < self._least_ns:
            self._least, self._least_ns = ClockMap(ticks, arrival_ns), offset_ns
            self._floor_ns = min(self._floor_ns, offset_ns)
        if arrival_ns >= self._due_ns:
            self.flush(outputs)
            self._due_ns = arrival_ns + MAP_INTERVAL_NS
        return ticks

    def flush(self, outputs: list[Output]) -> None:
        """Map the least delayed packet since the last map."""
        if self._least is not None:
            outputs.append(self._least)
            self._least = None

    def _begin(self, ticks: int, offset_ns: int, arrival_ns: int, first_map_ns: int) -> None:
        self._ticks = ticks
        self._offset_ns = self._floor_ns = offset_ns
        self._least = None
        self._due_ns = arrival_ns + first_map_ns
