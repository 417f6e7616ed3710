"""One direction of a link in virtual time: a queue in front of a bottleneck, then loss, delay and jitter.

The same link as `bench/link_queue.py`, for whom time is no matter: the whole history is known beforehand, so a packet's
arrival is computed when it is sent and no timer is needed. The bits that the link can carry since the beginning are a
rising, piecewise linear function of time, and a packet leaves when that function has grown by its size since the
packet before it left.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections import deque
from itertools import pairwise

from bench.link_trace import Direction, LinkState

IP_UDP_BYTES = 28


class Link:
    """A drop-tail queue of bytes (the packet being sent counts), whose packets never overtake each other."""

    def __init__(self, direction: Direction, rng: random.Random, start: float) -> None:
        """`start` is the time at which the history begins."""
        self._states = direction.states
        self._starts = [start + at for at in direction.times]
        self._bits = [0.0]  # carried at most until each state begins
        for (begin, end), state in zip(pairwise(direction.times), direction.states, strict=False):
            self._bits.append(self._bits[-1] + state.rate_bps * (end - begin))
        self._rng = rng
        self._left_bits = 0.0  # where the function stood when the last packet left
        self._queue: deque[tuple[float, int]] = deque()  # (departure, bytes)
        self._queued_bytes = 0
        self._last_arrival = start
        self.sent = self.dropped = self.lost = 0
        self.sent_bytes = self.delivered_bytes = 0

    def send(self, now: float, size_bytes: int) -> float | None:
        """Return when a datagram of `size_bytes` (UDP payload) arrives; None when it is lost or never leaves."""
        size = size_bytes + IP_UDP_BYTES
        queue = self._queue
        self.sent += 1
        self.sent_bytes += size
        while queue and queue[0][0] <= now:
            self._queued_bytes -= queue.popleft()[1]
        if self._queued_bytes + size > self._state(now).queue_bytes:
            self.dropped += 1
            return None
        self._left_bits = max(self._left_bits, self.capacity_bits(now)) + size * 8
        departure = self._time_of(self._left_bits)
        queue.append((departure, size))
        self._queued_bytes += size
        if math.isinf(departure):
            return None
        state = self._state(departure)
        if state.loss and self._rng.random() < state.loss:
            self.lost += 1
            return None
        jitter = self._rng.uniform(-state.jitter_s, state.jitter_s) if state.jitter_s else 0.0
        self._last_arrival = max(self._last_arrival, departure + max(0.0, state.delay_s + jitter))
        self.delivered_bytes += size
        return self._last_arrival

    def capacity_bits(self, now: float) -> float:
        """Return how many bits (of whole packets) the link could have carried since its beginning."""
        index = self._index(now)
        return self._bits[index] + max(0.0, now - self._starts[index]) * self._states[index].rate_bps

    def queued_s(self, now: float) -> float:
        """Return how long a packet that entered now would wait; infinite when it would never leave."""
        bits = max(self._left_bits, self.capacity_bits(now))
        return max(0.0, self._time_of(bits) - now)

    def _state(self, when: float) -> LinkState:
        return self._states[self._index(when)]

    def _index(self, when: float) -> int:
        return max(0, bisect_right(self._starts, when) - 1)

    def _time_of(self, bits: float) -> float:
        """Return when `bits` have passed at the earliest."""
        index = max(0, bisect_left(self._bits, bits) - 1)
        rate = self._states[index].rate_bps
        if not rate:
            return math.inf  # only the last state can be the one and stand still: `bits` lie beyond its beginning
        return self._starts[index] + (bits - self._bits[index]) / rate
