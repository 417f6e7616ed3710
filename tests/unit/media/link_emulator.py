"""A seeded link in virtual time: a bottleneck with a queue, random loss and delay, and a paced sender over it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from media.bwe.estimator import BandwidthEstimator
from media.rtcp import TransportFeedback, parse_compound
from media.twcc import TwccRecorder, TwccSendLog


@dataclass
class Link:
    """A drop-tail bottleneck of `capacity_bps(now)`; `send` returns when a packet arrives, None when it is lost."""

    capacity_bps: Callable[[float], float]
    delay_s: float = 0.05
    queue_s: float = 0.3
    loss: float = 0.0
    jitter_s: float = 0.0
    seed: int = 1
    free_at: float = 0.0
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def send(self, now: float, size_bytes: int) -> float | None:
        start = max(now, self.free_at)
        if start - now > self.queue_s:
            return None
        self.free_at = start + size_bytes * 8 / self.capacity_bps(now)
        if self.rng.random() < self.loss:
            return None
        return self.free_at + self.delay_s + self.rng.random() * self.jitter_s


@dataclass
class Trace:
    """What the estimate was, by time."""

    points: list[tuple[float, int]] = field(default_factory=list)
    max_queue_s: float = 0.0

    def at(self, when: float) -> int:
        return next(bps for now, bps in reversed(self.points) if now <= when)

    def first_time_over(self, bps: int) -> float | None:
        return next((now for now, estimate in self.points if estimate >= bps), None)

    def mean(self, start: float, end: float) -> float:
        values = [bps for now, bps in self.points if start <= now < end]
        return sum(values) / len(values)


def run(
    estimator: BandwidthEstimator,
    link: Link,
    seconds: float,
    wants_bps: Callable[[float, int], float],
    *,
    clock_offset_s: float = 1000.0,
) -> Trace:
    """Send packets of 1,000 bytes at `min(estimate, wants_bps(now, estimate))`, feedback every 50 ms back."""
    log, recorder = TwccSendLog(65_500), TwccRecorder(1)
    trace = Trace()
    on_the_way: list[tuple[float, int]] = []  # (arrival, seq)
    feedbacks: list[tuple[float, bytes]] = []
    credit, now, step = 0.0, 0.0, 0.005
    while now < seconds:
        credit = min(
            credit + min(estimator.estimate_bps(now), wants_bps(now, estimator.estimate_bps(now))) * step, 16_000
        )
        while credit >= 8_000:
            credit -= 8_000
            seq = log.on_send(now, 1_000)
            arrival = link.send(now, 1_000)
            if arrival is not None:
                on_the_way.append((arrival, seq))
        trace.max_queue_s = max(trace.max_queue_s, link.free_at - now)
        for arrival, seq in sorted(item for item in on_the_way if item[0] <= now):
            recorder.on_packet(seq, round((arrival + clock_offset_s) * 1e9), 7, arrival)
        on_the_way = [item for item in on_the_way if item[0] > now]
        feedbacks += [(now + link.delay_s, packet) for packet in recorder.on_timeout(now)]
        while feedbacks and feedbacks[0][0] <= now:
            _, data = feedbacks.pop(0)
            packets, bad = parse_compound(data)
            assert not bad
            for packet in packets:
                assert isinstance(packet, TransportFeedback)
                estimator.on_feedback(log.on_feedback(packet, now).results, now)
        trace.points.append((now, estimator.estimate_bps(now)))
        now += step
    return trace
