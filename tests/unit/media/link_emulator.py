"""A sending transport over an emulated link in virtual time: its controller, a paced source, a receiver with feedback.

The link is a trace (`bench/traces/*.json`, `bench/link_trace.py`), its two directions are the queues of the
twin. Sound of `audio_bps` always leaves; video leaves as `source` has it, paced and only when the controller allows it.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.link_trace import parse_trace
from media.bwe.controller import LinkController
from media.bwe.link_state import LinkState
from media.rtcp import TransportFeedback, parse_compound
from media.twcc import TwccRecorder
from tests.scenarios.twin.link import Link

STEP_S = 0.005
AUDIO_S = 0.02
PACKET_BYTES = 1_000
AUDIO_BPS = 64_000
PADDING_BYTES = 280
QUEUE_S = 0.3  # what waits in our own queue longer than this is dropped

Source = Callable[[float, int], float]
"""What video wants to send at (now, estimate), in bit/s."""


@dataclass
class Outcome:
    """What happened, by time."""

    estimates: list[tuple[float, int]] = field(default_factory=list)
    states: list[tuple[float, LinkState]] = field(default_factory=list)
    queues: list[tuple[float, float]] = field(default_factory=list)  # what a packet sent now would wait, s
    arrivals: list[tuple[float, float, int]] = field(default_factory=list)  # (sent, arrival, bytes)
    sounds: list[tuple[float, float | None]] = field(default_factory=list)  # (sent, arrival)
    padding_bytes: int = 0
    sent_bytes: int = 0

    def at(self, when: float) -> int:
        return next(bps for now, bps in reversed(self.estimates) if now <= when)

    def first_over(self, bps: int, start: float = 0.0) -> float:
        return next((now for now, one in self.estimates if now >= start and one >= bps), float("inf"))

    def first_under(self, bps: int, start: float = 0.0) -> float:
        return next((now for now, one in self.estimates if now >= start and one <= bps), float("inf"))

    def mean(self, start: float, end: float) -> float:
        values = [bps for now, bps in self.estimates if start <= now < end]
        return sum(values) / len(values)

    def max_queue_s(self, start: float = 0.0, end: float = float("inf")) -> float:
        return max(queue for now, queue in self.queues if start <= now < end)

    def delivered_bps(self, start: float, end: float) -> float:
        return sum(size for _, arrival, size in self.arrivals if start <= arrival < end) * 8 / (end - start)

    def sent_bps(self, start: float, end: float) -> float:
        return sum(size for sent, _, size in self.arrivals if start <= sent < end) * 8 / (end - start)


def constant(
    kbps: float, *, delay_ms: float = 40, jitter_ms: float = 5, loss_pct: float = 0, queue_kb: float = 150
) -> list[dict[str, Any]]:
    """Return the trace of a link that never changes; its way back carries 2 Mbit/s and loses nothing."""
    down = {
        "rate_kbps": kbps,
        "delay_ms": delay_ms,
        "jitter_ms": jitter_ms,
        "loss_pct": loss_pct,
        "queue_kb": queue_kb,
    }
    return [{"t": 0, "down": down, "up": {"rate_kbps": 2_000, "delay_ms": delay_ms, "jitter_ms": jitter_ms}}]


def greedy(now: float, estimate: int) -> float:
    """Want as much as the estimate allows, like an encoder that follows it."""
    return estimate - AUDIO_BPS


class Emulation:
    """One run; every hook may be replaced before `run`."""

    def __init__(self, trace: Sequence[Any], source: Source, seed: int = 1) -> None:
        rng = random.Random(seed)
        history = parse_trace("emulated", trace)
        self.down = Link(history.down, random.Random(seed + 1), 0.0)
        self.up = Link(history.up, random.Random(seed + 2), 0.0)
        self.controller = LinkController(rng, 0.0)
        self.outcome = Outcome()
        self.source = source
        self.wanted_bps: Callable[[float], int] = lambda now: 4_000_000
        self.receiver_clock_s: Callable[[float], float] = lambda now: now + 1_000.0
        self.sender_clock_s: Callable[[float], float] = lambda now: now
        self.forge: Callable[[bytes, float], list[bytes]] = lambda data, now: [data]
        self.audio_bps: Callable[[int, LinkState], int] = lambda estimate, state: AUDIO_BPS
        self.feedback_s = 0.064  # Chromium's measured interval
        self._recorder = TwccRecorder(1)
        self._events: list[tuple[float, int, str, Any]] = []
        self._numbers = itertools.count()
        self._audio_at = self._feedback_at = 0.0
        self._waiting: list[float] = []  # when each video packet was made
        self._made = self._debt = 0.0

    def run(self, seconds: float, start: float = 0.0) -> Outcome:
        """Run from `start` on."""
        now = start
        while now < seconds:
            self._deliver(now)
            clock = self.sender_clock_s(now)
            controller = self.controller
            controller.on_timeout(clock)
            controller.set_wanted(self.wanted_bps(now))
            while self._audio_at <= now:
                self._audio_at += AUDIO_S
                bps = self.audio_bps(controller.estimate_bps(clock), controller.state)
                self._debt += bps * AUDIO_S / 8
                self._send(now, round(bps * AUDIO_S / 8), is_sound=True)
            self._send_video(now)
            padding = controller.poll_probe(clock)
            while padding > 0:
                size = min(max(padding, 60), PADDING_BYTES)
                padding -= size
                self.outcome.padding_bytes += size
                self._send(now, size)
            self._note(now)
            now += STEP_S
        return self.outcome

    def _send_video(self, now: float) -> None:
        clock, controller = self.sender_clock_s(now), self.controller
        self._made += self.source(now, controller.estimate_bps(clock)) * STEP_S
        self._made = max(self._made, 0.0)
        while self._made >= PACKET_BYTES * 8:
            self._made -= PACKET_BYTES * 8
            self._waiting.append(now)
            if len(self._waiting) > 200:
                self._made = 0.0
        while self._waiting and now - self._waiting[0] > QUEUE_S:
            self._waiting.pop(0)
        self._debt = max(0.0, self._debt - controller.pacing_bps(clock) * STEP_S / 8)
        while self._waiting and self._debt <= 0 and controller.may_send_video(clock):
            self._waiting.pop(0)
            self._debt += PACKET_BYTES
            self._send(now, PACKET_BYTES)

    def _send(self, now: float, size: int, *, is_sound: bool = False) -> None:
        seq = self.controller.log.on_send(self.sender_clock_s(now), size)
        self.outcome.sent_bytes += size
        arrival = self.down.send(now, size - 28)
        if is_sound:
            self.outcome.sounds.append((now, arrival))
        if arrival is not None:
            self.outcome.arrivals.append((now, arrival, size))
            heapq.heappush(self._events, (arrival, next(self._numbers), "media", seq))

    def _deliver(self, now: float) -> None:
        while self._feedback_at <= now:
            for data in self._recorder.on_timeout(self._feedback_at + 10.0):
                for one in self.forge(data, now):
                    arrival = self.up.send(now, len(one))
                    if arrival is not None:
                        heapq.heappush(self._events, (arrival, next(self._numbers), "feedback", one))
            self._feedback_at += self.feedback_s
            # only what arrived until now may be in the next one
            self._take(self._feedback_at if self._feedback_at <= now else now)
        self._take(now)

    def _take(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            when, _, kind, what = heapq.heappop(self._events)
            if kind == "media":
                self._recorder.on_packet(what, round(self.receiver_clock_s(when) * 1e9), 7, when)
                continue
            packets, _ = parse_compound(what)
            for packet in packets:
                if isinstance(packet, TransportFeedback):
                    self.controller.on_feedback(packet, self.sender_clock_s(until))

    def _note(self, now: float) -> None:
        outcome, controller = self.outcome, self.controller
        outcome.estimates.append((now, controller.estimate_bps(now)))
        if not outcome.states or outcome.states[-1][1] is not controller.state:
            outcome.states.append((now, controller.state))
        outcome.queues.append((now, self.down.queued_s(now)))


def emulate(trace: Sequence[Any], seconds: float, source: Source = greedy, seed: int = 1) -> Outcome:
    """Run a source over a trace."""
    return Emulation(trace, source, seed).run(seconds)
