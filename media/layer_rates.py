"""What a layer costs, by temporal id: a rate that is safe to plan with.

Theory of operation. An encoder's rate swings: frames of a temporal layer come in a pattern, a hand moves, a page turns.
Counted is the second highest of the half seconds of the last 2 s (near the 90th percentile, media.md §2.8); it rises
at once and falls slowly, so that a layer which bursts is taken for what it is in its bursts and the choice does not
flap. Keyframes are counted apart and spread over 8 s: one of them is five times a frame, and the pacer stretches it.
"""

from __future__ import annotations

import math

BUCKET_S = 0.25
BUCKETS = 8  # 2 s
KEY_SPREAD_S = 8.0
FALL_S = 5.0  # time constant: what a burst cost is half forgotten after 3.5 s
MEASURED_BUCKETS = 3  # before that the layer has only begun: its encoder ramps up
TIDS = 4  # RFC 7741 §4.2: 2 bits
_FALL = math.exp(-BUCKET_S / FALL_S)
_KEY_KEEP = math.exp(-BUCKET_S / KEY_SPREAD_S)
PAUSE_S = 4.0  # a silence that is longer was no still picture: the encoder was off, and will cost what it did


class LayerRates:
    """Measure one layer; `add` is called for every packet and costs 0.2 µs."""

    __slots__ = ("_ends_at", "_filled", "_key_bytes", "_keys", "_past", "_peaks", "_sizes", "_top")

    def __init__(self) -> None:
        self._ends_at = -1.0  # of the bucket that is being filled
        self._sizes = [0] * TIDS  # its bytes by temporal id
        self._key_bytes = 0
        self._past: list[tuple[int, ...]] = []  # of the buckets before, cumulative by temporal id
        self._keys = 0.0  # bytes of keyframes, fading
        self._peaks = [0.0] * TIDS  # bit/s without keyframes, cumulative
        self._top = 0
        self._filled = 0

    def add(self, size_bytes: int, tid: int, now: float, *, is_key: bool) -> None:
        """Count a packet."""
        if now >= self._ends_at:
            self._roll(now)
        if is_key:
            self._key_bytes += size_bytes
        else:
            self._sizes[tid] += size_bytes
            if tid > self._top:
                self._top = tid

    def costs(self) -> tuple[int, ...]:
        """Return the bit/s with the temporal ids up to 0, 1, …; empty until measured.

        A layer that fell silent keeps what it cost last.
        """
        if self._filled < MEASURED_BUCKETS:
            return ()
        keys = self._keys * 8 / KEY_SPREAD_S
        return tuple(int(rate + keys) for rate in self._peaks[: self._top + 1])

    def _roll(self, now: float) -> None:
        """Close the buckets that ended."""
        if self._ends_at < 0:
            self._ends_at = now + BUCKET_S
            return
        if now - self._ends_at > PAUSE_S:
            self._past.clear()
            self._sizes, self._key_bytes = [0] * TIDS, 0
            self._ends_at = now + BUCKET_S
            return
        rolls = int((now - self._ends_at) / BUCKET_S) + 1
        self._ends_at += rolls * BUCKET_S
        for _ in range(rolls):
            self._close()

    def _close(self) -> None:
        sizes, total = [], 0
        for size in self._sizes:
            total += size
            sizes.append(total)
        past = self._past
        past.append(tuple(sizes))
        del past[:-BUCKETS]
        self._filled += 1
        self._keys = self._keys * _KEY_KEEP + self._key_bytes
        self._key_bytes = 0
        self._sizes = [0] * TIDS
        for tid in range(self._top + 1):
            halves = sorted(past[at][tid] + past[at + 1][tid] for at in range(len(past) - 1))
            if halves:
                rate = (halves[-2] if len(halves) > 3 else halves[-1]) * 8 / (2 * BUCKET_S)
                self._peaks[tid] = max(rate, self._peaks[tid] * _FALL)
