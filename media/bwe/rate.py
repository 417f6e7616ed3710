"""What the link carries: one number, moved by what arrived and by the queue it met.

Theory of operation. While a queue stands, the bottleneck never rests, and what arrives is what it carries: then the
delivered rate *is* the capacity, whatever we sent. While none stands, the capacity is at least the delivered rate. So:

- queue: the estimate goes to a share of the delivered rate, 0.95 for a small queue and less the longer it is, so that
  it drains in about half a second. Downwards when the queue rises or is long; upwards at once too, for a rate that
  arrived is proven. This is the decrease of gcc-02 §5.5 with a factor that knows the queue.
- no queue: the estimate grows by a factor a second: 4 until the first fall, 1.5 up to the capacity at which it last
  fell, 1.08 beyond (gcc-02 §5.5), but not beyond 1.5 x what was delivered. What is needed beyond that, a probe
  must prove (`media/bwe/probe.py`). Sending little is never a reason to fall.

A queue that stays although the estimate was halved under it is none: the path became longer (or another flow keeps a
queue of its own there). Then the measurement of delay begins anew.
"""

from __future__ import annotations

from media.bwe.delay import DelayMeter
from media.twcc import FeedbackReport

FLOOR_BPS = 30_000  # mediasoup's minimum: Opus at its lowest with headers
FAST_S, SLOW_S = 0.1, 0.35  # time constants of the delivered rate
BUSY_S = 0.025  # a queue longer than this keeps the bottleneck busy
LONG_S = 0.1  # … and one longer than this must shrink, rising or not
SHARE, LEAST_SHARE, SHARE_PER_S = 0.95, 0.5, 1.2
GROWTH_FIRST, GROWTH_KNOWN, GROWTH_BEYOND = 4.0, 1.5, 1.08  # a second
DELIVERED_FACTOR = 1.5  # gcc-02 §5.5: not above 1.5 x what arrived
STEP_UP = 1.5  # at most, by one feedback
KNOWN_SHARE = 0.9


class RateController:
    """Move the estimate (see the theory above)."""

    __slots__ = (
        "_arrived_at",
        "_busy_from_bps",
        "_is_busy",
        "_known_bps",
        "_updated",
        "ceiling_bps",
        "delivered_bps",
        "delivered_fast_bps",
        "estimate_bps",
        "fell_at",
        "has_fallen",
    )

    def __init__(self, now: float, start_bps: float, ceiling_bps: float) -> None:
        self.estimate_bps = start_bps
        self.ceiling_bps = ceiling_bps
        self.delivered_bps = 0.0
        self.delivered_fast_bps = 0.0
        self.has_fallen = False
        self.fell_at = float("-inf")
        self._known_bps = float("inf")  # at which it fell last
        self._busy_from_bps = start_bps  # the estimate when the queue began to stand
        self._is_busy = False
        self._arrived_at: float | None = None
        self._updated = now

    def on_feedback(self, report: FeedbackReport, delay: DelayMeter, now: float) -> None:
        """Take a feedback with at least one arrival, after `delay` took it."""
        self._measure(report, now)
        queue = delay.queue_s
        was_busy, self._is_busy = self._is_busy, queue > BUSY_S
        if not self._is_busy:
            if not delay.is_rising:
                self._grow(now)
        elif was_busy:
            self._follow(delay, now)
        else:
            self._busy_from_bps = self.estimate_bps
        self._updated = now

    def _measure(self, report: FeedbackReport, now: float) -> None:
        arrived_at = report.sent[-1] + report.delays[-1]
        before, self._arrived_at = self._arrived_at, arrived_at
        if before is None:
            return
        elapsed = arrived_at - before
        if not 0.0 <= elapsed < 10.0:  # reordered feedback, or a clock that was set
            elapsed = min(now - self._updated, 1.0)
        bits = report.acked_bytes * 8
        self.delivered_fast_bps += (bits - self.delivered_fast_bps * elapsed) / (elapsed + FAST_S)
        self.delivered_bps += (bits - self.delivered_bps * elapsed) / (elapsed + SLOW_S)

    def _follow(self, delay: DelayMeter, now: float) -> None:
        queue = delay.queue_s
        share = min(SHARE, max(LEAST_SHARE, SHARE - SHARE_PER_S * (queue - BUSY_S)))
        must_fall = delay.is_rising or queue > LONG_S
        delivered = self.delivered_bps
        if must_fall and self.delivered_fast_bps < delivered:
            delivered = (delivered + self.delivered_fast_bps) / 2
        target = share * delivered
        if target < self.estimate_bps:
            if must_fall:
                self._fall(target, delay, now)
        elif not delay.is_rising:
            self.estimate_bps = min(target, self.estimate_bps * STEP_UP, self.ceiling_bps)

    def _fall(self, target: float, delay: DelayMeter, now: float) -> None:
        if now - self.fell_at > 1.0:  # the falls of one congestion count as one
            self._known_bps = max(self.delivered_bps, target)
        self.estimate_bps = max(FLOOR_BPS, target)
        self.fell_at = now
        self.has_fallen = True

    def _grow(self, now: float) -> None:
        elapsed = min(0.25, now - self._updated)
        estimate = self.estimate_bps
        if not self.has_fallen:
            factor = GROWTH_FIRST
        elif estimate < KNOWN_SHARE * self._known_bps:
            factor = GROWTH_KNOWN
        else:
            factor = GROWTH_BEYOND
        grown = min(estimate * factor**elapsed, DELIVERED_FACTOR * self.delivered_bps + 10_000, self.ceiling_bps)
        if grown > estimate:
            self.estimate_bps = grown

    def on_probe(self, proven_bps: float) -> None:
        """Take what a probe proved."""
        self.estimate_bps = min(max(self.estimate_bps, proven_bps), self.ceiling_bps)

    def lower_to(self, bps: float, now: float) -> None:
        """Take a bound that something other than the queue sets."""
        if bps < self.estimate_bps:
            self.estimate_bps = max(bps, FLOOR_BPS)
            self.fell_at = now
            self.has_fallen = True
