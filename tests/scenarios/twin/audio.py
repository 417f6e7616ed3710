"""One audio stream at a Chromium-like receiver: a model of NetEq (libwebrtc `modules/audio_coding/neteq`).

What is modelled: the delay manager (95 % quantile of relative arrival delays over 2 s, and the cheaper delay for
reordered packets that repair brings), RED, playing faster and slower by time-stretching, concealment while the next
frame is missing, and postponed decoding after an empty buffer. What counts is `concealed_s` of `played_s`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from media.rtp import Unwrapper
from tests.scenarios.twin.clock import Clock

FRAME_S = 0.02
FRAME_TICKS = 960
BUCKETS = 100  # of 20 ms
QUANTILE = 0.95
FORGET = 0.983
REORDER_FORGET = 0.9993
MS_PER_LOSS_PERCENT = 20
START_S = 0.08
HISTORY_S = 2.0
RESAMPLE_S = 0.5
MAX_PACKETS = 200  # then the buffer is flushed
POSTPONE = 0.5  # of the target must be there before decoding goes on after an empty buffer
STRETCH_EVERY = 3  # outputs: one pitch period at most every 60 ms
STRETCH_S = 0.010
NACK_SPAN = 500  # packets
NACK_AGAIN_S = 0.1  # so that 10 and 20 % at 100 ms come out as measured (media.md §3.2)


class _Histogram:
    """How probable each delay is, in buckets of 20 ms."""

    def __init__(self, forget: float) -> None:
        self._weights = [0.0] * BUCKETS
        self._weights[0] = 1.0
        self._forget = forget
        self._added = 0

    def add(self, bucket: int) -> None:
        self._added += 1
        forget = min(self._forget, 1 - 2 / (self._added + 1))  # libwebrtc's start: faster at first
        self._weights = [weight * forget for weight in self._weights]
        self._weights[min(max(bucket, 0), BUCKETS - 1)] += 1 - forget

    def quantile(self, share: float) -> int:
        left = 1 - share
        total = 0.0
        for bucket in range(BUCKETS - 1, -1, -1):
            total += self._weights[bucket]
            if total > left:
                return bucket
        return 0

    def cheapest(self, base: int) -> int:
        """Return the bucket that costs least: delay against loss, at 20 ms for a per cent."""
        best, best_cost = 0, float("inf")
        beyond = 1.0
        for bucket, weight in enumerate(self._weights):
            beyond -= weight
            cost = max(0, bucket - base) * 20 + 100 * MS_PER_LOSS_PERCENT * max(0.0, beyond)
            if cost < best_cost:
                best, best_cost = bucket, cost
        return best


class AudioStream:
    """Take packets, play 20 ms at a time."""

    def __init__(self, clock: Clock, nack: Callable[[list[int]], None] | None) -> None:
        self.played_s = self.concealed_s = 0.0
        self.began_at = -1.0
        self.concealments: list[tuple[float, float]] = []  # (when, seconds)
        self.target_s = START_S
        self.hold_s = 0.0  # what lip sync asks for at least
        self._clock = clock
        self._send_nack = nack
        self._seqs = Unwrapper(16)
        self._times = Unwrapper(32)
        self._frames: set[int] = set()  # unwrapped time / 960
        self._next = -1
        self._newest_frame = -1
        self._pending_s = 0.0
        self._expanded_s = 0.0
        self._is_empty = False
        self._level_s = 0.0
        self._outputs_to_stretch = 0
        self._transits: deque[tuple[float, float]] = deque()
        self._underrun, self._reorder = _Histogram(FORGET), _Histogram(REORDER_FORGET)
        self._recent_delay, self._sampled_at = 0.0, clock.now
        self._learned_s = START_S
        self._missing: dict[int, float] = {}  # seq index -> asked at
        self._frame_of = (0, 0)  # a seq index and its frame, to know when a missing one is due …
        self._frames_a_packet = 1.0  # … in a stream of bundles
        self.nacks = 0

    def on_packet(self, seq: int, blocks: list[int]) -> None:
        """Take a packet with the RTP timestamps of its blocks, the primary last."""
        now = self._clock.now
        newest_seq = self._seqs.last
        index = self._seqs.unwrap(seq)
        frames = [self._times.unwrap(timestamp) // FRAME_TICKS for timestamp in blocks]
        primary = frames[-1]
        self._arrived(primary, now)
        for frame in reversed(frames[:-1]):
            self._arrived(frame, now)  # NetEq takes each block for a packet of its own, the primary first
        if newest_seq >= 0 and index > newest_seq:
            self._frames_a_packet = max(1.0, (primary - self._frame_of[1]) / max(1, index - self._frame_of[0]))
            self._frame_of = (index, primary)
        elif newest_seq < 0:
            self._frame_of = (index, primary)
        if self._next < 0:
            self._next = primary
            self.began_at = now
        for frame in frames:
            if frame >= self._next:
                self._frames.add(frame)
        if len(self._frames) > MAX_PACKETS:
            self._frames = {primary}
            self._next = primary
        if self._send_nack is not None:
            self._repair(index, newest_seq, now)

    def hold(self, least_s: float) -> None:
        """Keep at least so much (lip sync with a picture that is held back)."""
        self.hold_s = least_s
        self.target_s = max(self._learned_s, least_s)

    def _arrived(self, frame: int, now: float) -> None:
        reordered = frame < self._newest_frame
        self._newest_frame = max(self._newest_frame, frame)
        transit = now - frame * FRAME_S
        transits = self._transits
        while transits and now - transits[0][0] > HISTORY_S:
            transits.popleft()
        if not reordered:
            while transits and transits[-1][1] >= transit:  # what can never be the least again
                transits.pop()
            transits.append((now, transit))
        relative = transit - transits[0][1] if transits else 0.0
        self._reorder.add(int(relative / FRAME_S) if reordered else 0)
        if reordered:
            return
        self._recent_delay = max(self._recent_delay, relative)
        if now - self._sampled_at >= RESAMPLE_S:
            self._underrun.add(int(self._recent_delay / FRAME_S))
            self._recent_delay, self._sampled_at = 0.0, now
            base = self._underrun.quantile(QUANTILE)
            self._learned_s = (max(base, self._reorder.cheapest(base)) + 1) * FRAME_S
            self.target_s = max(self._learned_s, self.hold_s)

    # --- repair ----------------------------------------------------------------------------------------------------

    def _repair(self, index: int, newest: int, now: float) -> None:
        assert self._send_nack is not None
        self._missing.pop(index, None)
        if newest >= 0:
            for missing in range(max(newest + 1, index - NACK_SPAN), index):
                self._missing[missing] = float("-inf")
        seq, frame = self._frame_of
        asked: list[int] = []
        for missing, asked_at in list(self._missing.items()):
            if frame - (seq - missing) * self._frames_a_packet < self._next:  # too late to be played
                del self._missing[missing]
            elif now - asked_at >= NACK_AGAIN_S:
                self._missing[missing] = now
                asked.append(missing & 0xFFFF)
        if asked:
            self.nacks += len(asked)
            self._send_nack(asked)

    # --- playing ---------------------------------------------------------------------------------------------------

    def on_tick(self) -> None:
        """Play 20 ms."""
        if self._next < 0:
            return
        self.played_s += FRAME_S
        span = max(0.0, (self._newest_frame - self._next + 1) * FRAME_S) if self._frames else 0.0
        self._level_s += 0.1 * (span - self._level_s)
        while self._pending_s < FRAME_S - 1e-9:
            if not self._decode(span):
                missing = FRAME_S - self._pending_s
                self.concealed_s += missing
                self._expanded_s += missing
                self.concealments.append((self._clock.now, missing))
                self._pending_s = FRAME_S
        self._pending_s -= FRAME_S

    def _decode(self, span: float) -> bool:
        """Add the next frame to what waits to be played; False: it must be concealed."""
        if not self._frames:
            self._is_empty = True
            return False
        if self._next not in self._frames and not self._skip(span):
            return False
        if self._is_empty and span < POSTPONE * self.target_s and self._expanded_s < 0.5:
            return False  # as much again must come first, or the next hole follows at once
        self._is_empty = False
        self._expanded_s = 0.0
        self._frames.discard(self._next)
        self._next += 1
        self._pending_s += FRAME_S + self._stretch(span)
        return True

    def _skip(self, span: float) -> bool:
        """Go on behind a hole when it was concealed, or when enough waits behind it."""
        first = min(self._frames)
        hole_s = (first - self._next) * FRAME_S
        if self._expanded_s < hole_s - 1e-9 and not (self._expanded_s and span - hole_s > self.target_s):
            return False
        self._next = first
        return True

    def _stretch(self, span: float) -> float:
        """Return what time-stretching adds to this frame: less than nothing when too much waits."""
        self._outputs_to_stretch -= 1
        if self._outputs_to_stretch > 0:
            return 0.0
        low = max(0.75 * self.target_s, self.target_s - 0.085)
        high = max(self.target_s, low + 0.02)
        if self._level_s >= 4 * high and span > 2 * FRAME_S:
            self._outputs_to_stretch = 1
            return -STRETCH_S
        if self._level_s >= high and span > 2 * FRAME_S:
            self._outputs_to_stretch = STRETCH_EVERY
            return -STRETCH_S
        if self._level_s < low and span >= FRAME_S and not self._expanded_s:
            self._outputs_to_stretch = STRETCH_EVERY
            return STRETCH_S
        return 0.0
