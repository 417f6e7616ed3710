"""One direction of a link in virtual time: a queue in front of a bottleneck, then loss, delay and jitter.

The whole history is known beforehand, so a packet's departure is computed when it enters and no timer is needed: the
bits that the link can carry since the beginning are a rising, piecewise linear function of time, and a packet leaves
when that function has grown by its size since the packet before it left.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from tests.unit.media.twin.trace import Step

IP_UDP_BYTES = 28


class Link:
    """A drop-tail queue of bytes (the packet being sent counts), whose packets never overtake each other."""

    def __init__(self, steps: Sequence[Step], rng: random.Random, start: float) -> None:
        """`start` is the time at which the history begins."""
        self.steps = tuple(steps)
        self._starts = [start + step.at_s for step in steps]
        self._bits = [0.0]  # carried at most until each step begins
        for step, after in pairwise(steps):
            self._bits.append(self._bits[-1] + step.rate_bps * (after.at_s - step.at_s))
        self._rng = rng
        self._left_bits = 0.0  # where the function stood when the last packet left
        self._queue: deque[tuple[float, int]] = deque()  # (departure, bytes)
        self._queued_bytes = 0
        self._last_arrival = start
        self.delivered_bytes = 0
        self.dropped = 0
        self.lost = 0

    def send(self, now: float, size_bytes: int) -> float | None:
        """Return when a datagram of `size_bytes` (UDP payload) arrives; None when it is lost or never leaves."""
        size = size_bytes + IP_UDP_BYTES
        queue = self._queue
        while queue and queue[0][0] <= now:
            self._queued_bytes -= queue.popleft()[1]
        step = self.steps[self._index(now)]
        if self._queued_bytes + size > step.queue_bytes:
            self.dropped += 1
            return None
        self._left_bits = max(self._left_bits, self.capacity_bits(now)) + size * 8
        departure = self._time_of(self._left_bits)
        queue.append((departure, size))
        self._queued_bytes += size
        if departure == float("inf"):
            return None
        step = self.steps[self._index(departure)]
        if step.loss and self._rng.random() < step.loss:
            self.lost += 1
            return None
        arrival = departure + step.delay_s + self._rng.random() * step.jitter_s
        self._last_arrival = max(self._last_arrival, arrival)
        self.delivered_bytes += size
        return self._last_arrival

    def capacity_bits(self, now: float) -> float:
        """Return how many bits (of whole packets) the link could have carried since its beginning."""
        index = self._index(now)
        return self._bits[index] + max(0.0, now - self._starts[index]) * self.steps[index].rate_bps

    def queued_s(self, now: float) -> float:
        """Return how long a packet that entered now would wait at this moment's rate; 0 for an empty queue."""
        waiting = max(0.0, self._left_bits - self.capacity_bits(now))
        return min(99.0, waiting / self.rate_bps(now)) if self.rate_bps(now) else (99.0 if waiting else 0.0)

    def rate_bps(self, now: float) -> float:
        """Return what it carries at this moment."""
        return self.steps[self._index(now)].rate_bps

    def _index(self, when: float) -> int:
        return max(0, bisect_right(self._starts, when) - 1)

    def _time_of(self, bits: float) -> float:
        """Return when `bits` have passed at the earliest."""
        index = max(0, bisect_left(self._bits, bits) - 1)
        rate = self.steps[index].rate_bps
        if not rate:
            return float("inf")  # only the last step can be the one and stand still: `bits` lie beyond its beginning
        return self._starts[index] + (bits - self._bits[index]) / rate
