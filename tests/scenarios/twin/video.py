"""One video stream at a Chromium-like receiver: repair, jitter buffer and what is seen.

Constants are libwebrtc's where it has one. The jitter buffer shows a frame when it can be decoded, but not before its
smooth time: its timestamp in the receiver's time (`extrapolator.py`) plus the current delay, which follows the jitter
as libwebrtc's timing does (up with every late frame and 100 ms a second otherwise) and is never less than the sender's
playout-delay minimum: a minimum that leaps up lets the picture stand. The time is chosen once a frame is the next one,
and holds whatever the line learns meanwhile; a frame that is late is left out where a later one can be decoded, and
nothing is waited for longer than 3 s (`video_stream_buffer_controller.cc`, `frame_decode_timing.cc`).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from media.rtp import Unwrapper
from tests.scenarios.twin.clock import Clock
from tests.scenarios.twin.extrapolator import Extrapolator
from tests.scenarios.twin.frames import Frame, FrameAssembler

NACK_RETRY_S = 0.108  # measured (media.md §2.9): 100 ms round trip by default, looked at every 20 ms
NACK_TRIES = 10
MAX_NACKS = 1000
WAIT_FOR_KEYFRAME_S = 0.2  # before the first frame
WAIT_FOR_FRAME_S = 3.0
STREAM_ACTIVE_S = 5.0
DECODE_S = 0.004  # until the next frame may be handed to the decoder (measured: 1 to 5 ms)
JITTER_MIN_S, JITTER_MAX_S = 0.01, 1.0
NOISE_DEVIATIONS, NOISE_OFFSET_S = 2.33, 0.03  # libwebrtc's jitter estimator
DELAY_CHANGE = 0.1  # s a second
RENDER_S = 0.010
LATE_S = 0.005  # a frame that is later gives way to a later one
MAX_AHEAD_S = 10.0  # a frame expected so far from now makes the timing begin anew
TICKS = 90_000
FIRST_VARIANCE = 1e-4  # s²


class Shown(msgspec.Struct, frozen=True):
    """A frame that was presented."""

    at: float
    height: int
    timestamp: int
    captured_at: float


class VideoStream:
    """Take packets, ask again for those that are missing, present frames."""

    def __init__(self, clock: Clock, nack: Callable[[list[int]], None], pli: Callable[[], None]) -> None:
        self.shown: list[Shown] = []
        self.plis = self.nacks = 0
        self.min_playout_s = 0.0
        self.assembler = FrameAssembler()
        self._clock = clock
        self._send_nack, self._send_pli = nack, pli
        self._indexes = Unwrapper(16)
        self._times = Unwrapper(32)
        self._missing: dict[int, tuple[int, float]] = {}  # index -> (tries, asked at)
        self._packet_at = float("-inf")
        self._waits_since = clock.now
        self._scheduled: tuple[int, float] | None = None  # picture id of the next frame, and when it is to be seen
        self._free_at = clock.now  # the decoder is
        self._line = Extrapolator()
        self._delay_s = 0.0
        self._delay_at = clock.now
        self._variance = FIRST_VARIANCE
        self._last_whole: tuple[float, float] | None = None

    # --- packets ---------------------------------------------------------------------------------------------------

    def on_packet(self, seq: int, timestamp: int, ends: bool, payload: memoryview, *, resent: bool) -> None:
        """Take a media packet, first-hand or out of RTX."""
        now = self._clock.now
        self._packet_at = now
        newest = self._indexes.last
        index = self._indexes.unwrap(seq)
        was_asked = False
        if index <= newest:
            was_asked = self._missing.pop(index, None) is not None
        elif newest >= 0 and index > newest + 1:
            self._open_gap(newest + 1, index, now)
        frame = self.assembler.on_packet(index, timestamp, ends, payload, now, was_asked)
        if frame is not None:
            self._measure(frame, now)
            self._schedule()

    def _open_gap(self, start: int, end: int, now: float) -> None:
        if len(self._missing) + end - start > MAX_NACKS:
            self._missing.clear()
            self._ask_keyframe()
            return
        for index in range(start, end):
            self._missing[index] = (1, now)
        self._ask([index & 0xFFFF for index in range(start, end)])

    def _ask(self, seqs: list[int]) -> None:
        if seqs:
            self.nacks += len(seqs)
            self._send_nack(seqs)

    def on_tick(self) -> None:
        """Ask again for what is still missing, and for a keyframe when nothing could be decoded for long."""
        now = self._clock.now
        again: list[int] = []
        for index, (tries, asked_at) in list(self._missing.items()):
            if index <= self.assembler.decoded_index or tries >= NACK_TRIES:
                if index <= self.assembler.decoded_index or now - asked_at >= NACK_RETRY_S:
                    del self._missing[index]
            elif now - asked_at >= NACK_RETRY_S - 0.008:
                self._missing[index] = (tries + 1, now)
                again.append(index & 0xFFFF)
        self._ask(again)
        if now - self._waits_since >= self._patience_s:
            self._waits_since = now
            if now - self._packet_at < STREAM_ACTIVE_S:
                self._ask_keyframe()

    def _ask_keyframe(self) -> None:
        self.plis += 1
        self._send_pli()

    @property
    def delay_s(self) -> float:
        """Return how long pictures are held back at present."""
        return self._delay_s

    # --- presentation ----------------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        """Decide which frame is shown next, and when."""
        now = self._clock.now
        while (frame := self.assembler.next_frame()) is not None:
            if self._scheduled is not None and self._scheduled[0] == frame.picture_id:
                return
            due = self._smooth_time(frame)
            if due - DECODE_S - RENDER_S - now <= -LATE_S and self.assembler.has_later(frame):
                self.assembler.drop(frame)
                continue
            patience = self._waits_since + self._patience_s
            at = max(min(due - DECODE_S - RENDER_S, patience), now, self._free_at)
            self._scheduled = frame.picture_id, due
            self._clock.at(at, self._decode, frame, due)
            return

    def _decode(self, frame: Frame, due: float) -> None:
        if self._scheduled != (frame.picture_id, due):
            return
        self._scheduled = None
        now = self._clock.now
        if abs(due - now) > MAX_AHEAD_S:
            self._begin_anew()
            due = now
        self._adapt(now + DECODE_S + RENDER_S - due, now)
        self.assembler.decode(frame)
        at = max(due, now + DECODE_S)
        self.shown.append(Shown(at, frame.part.height, frame.part.timestamp, frame.part.truth[4] / 1000))
        self._waits_since, self._free_at = now, now + DECODE_S
        self._schedule()

    @property
    def _patience_s(self) -> float:
        return WAIT_FOR_FRAME_S if self.shown else WAIT_FOR_KEYFRAME_S

    def _media_s(self, frame: Frame) -> float:
        return self._times.unwrap(frame.part.timestamp) / TICKS

    def _measure(self, frame: Frame, now: float) -> None:
        """Learn from a frame that came first-hand: when the next ones are expected, and how much they vary."""
        if frame.was_resent:
            return
        media_s = self._media_s(frame)
        self._line.update(now, media_s)
        if self._last_whole is not None:
            variation = (now - self._last_whole[0]) - (media_s - self._last_whole[1])
            bound = 3.5 * math.sqrt(self._variance) + 0.01  # libwebrtc: outliers count as 3.5 deviations
            self._variance += 0.03 * (min(abs(variation), bound) ** 2 - self._variance)
        self._last_whole = (now, media_s)

    def _target_s(self) -> float:
        noise = NOISE_DEVIATIONS * math.sqrt(self._variance) - NOISE_OFFSET_S
        jitter = min(max(noise, JITTER_MIN_S), JITTER_MAX_S)
        return max(self.min_playout_s, jitter + DECODE_S + RENDER_S)

    def _smooth_time(self, frame: Frame) -> float:
        expected = self._line.expected_at(self._media_s(frame))
        return self._clock.now if expected is None else expected + max(self._delay_s, self.min_playout_s)

    def _begin_anew(self) -> None:
        self._line = Extrapolator()
        self._delay_s, self._variance = 0.0, FIRST_VARIANCE
        self.min_playout_s = 0.0

    def _adapt(self, late_s: float, now: float) -> None:
        """Move the current delay towards the target."""
        target, elapsed = self._target_s(), min(1.0, now - self._delay_at)
        self._delay_at = now
        if late_s > LATE_S and self._delay_s < target:
            self._delay_s = min(target, self._delay_s + late_s)
        step = DELAY_CHANGE * elapsed
        self._delay_s += min(max(target - self._delay_s, -step), step)
