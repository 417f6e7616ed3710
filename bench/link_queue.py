"""One direction of an emulated link: a bottleneck that follows a trace, its drop-tail queue, delay, jitter and loss.

Theory of operation. The trace is known, so a packet's fate is decided when it arrives: the bottleneck sends packets one
after the other at the trace's rate, so the time at which this one has left it is an integral; what has not left by now
is the queue. A packet that does not fit is dropped. Delay and jitter come after, never so that a packet overtakes
another; a lost packet has used the bottleneck, as on the air. Pure: `now` is monotonic seconds, chance is given.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from random import Random

from bench.link_trace import Direction, LinkState


@dataclass
class Second:
    """What happened in one second, in bytes."""

    offered: int = 0
    delivered: int = 0
    dropped: int = 0  # the queue was full
    lost: int = 0


@dataclass
class Lateness:
    """How late packets were let go, in tenths of a millisecond."""

    bins: list[int] = field(default_factory=lambda: [0] * 1001)
    worst_s: float = 0.0

    def add(self, late_s: float) -> None:
        """Count one packet."""
        self.bins[min(int(late_s * 1e4), 1000)] += 1
        self.worst_s = max(self.worst_s, late_s)

    def quantile_ms(self, share: float) -> float:
        """Return below which lateness `share` of the packets were."""
        left = sum(self.bins) * share
        for index, count in enumerate(self.bins):
            left -= count
            if left <= 0:
                return (index + 1) / 10
        return 100.0


class LinkQueue:
    """Takes packets in, says which are due."""

    def __init__(self, direction: Direction, before: LinkState, random: Random) -> None:
        self._direction = direction
        self._before = before
        self._random = random
        self._origin = math.inf  # the trace's zero on the caller's clock
        self._step = 0  # the trace's step in which the bottleneck is
        self._free_at = -math.inf  # when the bottleneck has sent all that it has
        self._waiting: deque[tuple[float, int]] = deque()  # leaves the bottleneck at, bytes
        self._waiting_bytes = 0
        self._flying: deque[tuple[float, bytes]] = deque()  # due at, packet
        self._last_due = -math.inf
        self.lateness = Lateness()
        self.seconds: list[Second] = []

    def start(self, now: float) -> None:
        """Let the trace begin; until then the link is as it was said to be before."""
        self._origin = now

    def next_timeout(self) -> float | None:
        """Return when a packet is due, or None."""
        return self._flying[0][0] if self._flying else None

    def offer(self, packet: bytes, now: float) -> None:
        """Take in a packet, or drop it."""
        size = len(packet)
        second = self._second(now)
        second.offered += size
        while self._waiting and self._waiting[0][0] <= now:
            self._waiting_bytes -= self._waiting.popleft()[1]
        state = self._state(now)
        if self._waiting_bytes + size > state.queue_bytes:
            second.dropped += size
            return
        leaves = self._leaves(max(now, self._free_at), size * 8)
        self._free_at = leaves
        self._waiting.append((leaves, size))
        self._waiting_bytes += size
        if math.isinf(leaves):
            return  # nothing ever passes again
        state = self._state(leaves)
        if state.loss and self._random.random() < state.loss:
            self._second(leaves).lost += size
            return
        jitter = self._random.uniform(-state.jitter_s, state.jitter_s) if state.jitter_s else 0.0
        self._last_due = max(self._last_due, leaves + max(state.delay_s + jitter, 0.0))
        self._flying.append((self._last_due, packet))

    def poll(self, now: float) -> list[bytes]:
        """Return the packets that are due."""
        due: list[bytes] = []
        while self._flying and self._flying[0][0] <= now:
            at, packet = self._flying.popleft()
            self.lateness.add(now - at)
            self._second(now).delivered += len(packet)
            due.append(packet)
        return due

    def _state(self, now: float) -> LinkState:
        return self._before if now < self._origin else self._direction.at(now - self._origin)

    def _second(self, now: float) -> Second:
        if now < self._origin:
            return Second()  # before the trace nothing is counted
        index = int(now - self._origin)
        while len(self.seconds) <= index:
            self.seconds.append(Second())
        return self.seconds[index]

    def _leaves(self, start: float, bits: float) -> float:
        """Return when `bits` have passed the bottleneck that begins with them at `start`."""
        if start < self._origin:
            end = start + bits / self._before.rate_bps
            if end <= self._origin:
                return end
            bits -= (self._origin - start) * self._before.rate_bps
            start = self._origin
        times, states = self._direction.times, self._direction.states
        at = start - self._origin
        while True:
            while self._step + 1 < len(times) and times[self._step + 1] <= at:
                self._step += 1
            rate = states[self._step].rate_bps
            ends = times[self._step + 1] if self._step + 1 < len(times) else math.inf
            needs = bits / rate if rate > 0 else math.inf
            if at + needs <= ends:
                return self._origin + at + needs
            bits -= (ends - at) * rate
            at = ends
