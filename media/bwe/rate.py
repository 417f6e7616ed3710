"""What the link carries: one number, moved by what arrived and by the queue it met.

Theory of operation. While a queue stands, the bottleneck never rests, and what arrives is what it carries: then the
delivered rate *is* the capacity, whatever we sent. While none stands, the capacity is at least the delivered rate. So:

- queue: the estimate goes to a share of that capacity, 0.95 for a small queue and less the longer it is, so that it
  drains in about half a second. Downwards when the queue rises or is long; upwards at once too, for a rate that
  arrived is proven. This is the decrease of gcc-02 §5.5 with a factor that knows the queue. A queue below 100 ms
  takes no more than a sixth, one below 250 ms for 0.6 s no more than 0.4 of the estimate: a cellular link that pauses
  for a fifth of a second is back before a smaller picture is.
- no queue: the estimate grows by a factor a second: 4 until the first fall, 2 up to the capacity at which it last
  fell and after 2 s, 1.08 beyond (gcc-02 §5.5), but not beyond 1.5 x what was delivered. For more than that, a probe
  must prove it (`media/bwe/probe.py`). Sending little is never a reason to fall.

A queue that stays although the estimate was halved under it is none: the path became longer (or another flow keeps a
queue of its own there). Then the measurement of delay begins anew.
"""

from __future__ import annotations

from media.bwe.delay import DelayMeter
from media.twcc import FeedbackReport

FLOOR_BPS = 30_000  # mediasoup's minimum: Opus at its lowest with headers
DELIVERED_S, CAPACITY_S = 0.35, 0.2  # time constants of the delivered rate and of the capacity
LEAST_BUSY_S = 0.03  # less says nothing of a capacity
BUSY_S = 0.025  # a queue longer than this keeps the bottleneck busy
LONG_S = 0.1  # … and one longer than this must shrink, rising or not
STANDING_S = 0.25  # … and one longer than this has no excuse (media.md §2.5)
PACKET_BITS = 9_600  # one packet of 1,200 bytes more or less is no queue, and takes long on a narrow link
SHARE, LEAST_SHARE, SHARE_PER_S = 0.95, 0.5, 1.2
GROWTH_FIRST, GROWTH_KNOWN, GROWTH_BEYOND = 4.0, 2.0, 1.08  # a second
CLEAN_S = 2.0  # without a fall, and what was known of the link is old
DELIVERED_FACTOR = 1.5  # gcc-02 §5.5: not above 1.5 x what arrived
STEP_UP = 1.5  # at most, by one feedback
PROVEN_FACTOR = 2.0  # a queue that drains proves no more than that, whatever arrival times say
CLOCK_SLACK_S = 0.3
STUCK_SHARE, STUCK_TOLERANCE, STUCK_S = 0.5, 0.2, 2.0
PAUSE_S = 0.6  # a queue that stands for longer is no pause of the link: this is what it carries now
VARYING_S = 5.0  # since a fall: what a probe proves beyond what was carried then is half believed
USED_SHARE = 0.5  # who sends less than that did not make a short queue
SHORT_SHARE, MIDDLE_SHARE = (
    0.85,
    0.6,
)  # of the estimate when the queue began to stand: a short, a long one takes no more
KNOWN_SHARE = 0.9


class RateController:
    """Move the estimate (see the theory above)."""

    __slots__ = (
        "_arrived_at",
        "_busy_bits",
        "_busy_from_bps",
        "_busy_s",
        "_busy_since",
        "_known_bps",
        "_stuck_queue_s",
        "_stuck_since",
        "_told_bps",
        "_updated",
        "_was_busy",
        "ceiling_bps",
        "delivered_bps",
        "estimate_bps",
        "fell_at",
        "has_fallen",
        "is_path_new",
    )

    def __init__(self, now: float, start_bps: float, ceiling_bps: float) -> None:
        self.estimate_bps = start_bps
        self.ceiling_bps = ceiling_bps
        self.delivered_bps = 0.0
        self.has_fallen = False
        self.is_path_new = False  # told to, and taken back by, the controller
        self.fell_at = float("-inf")
        self._known_bps = float("inf")  # at which it fell last
        self._busy_from_bps = start_bps  # the estimate when the queue began to stand
        self._busy_since = now
        self._was_busy = False
        self._busy_bits = self._busy_s = 0.0  # arrived while a queue stood, and the time it took, newer ones weigh more
        self._told_bps = 0.0  # like `delivered_bps`, by our clock
        self._stuck_queue_s, self._stuck_since = 0.0, now
        self._arrived_at = float("-inf")
        self._updated = now

    def on_feedback(self, report: FeedbackReport, delay: DelayMeter, now: float) -> None:
        """Take a feedback with at least one arrival, after `delay` took it."""
        elapsed = self._measure(report, now)
        packet_s = PACKET_BITS / self.estimate_bps
        if delay.queue_s > BUSY_S + packet_s / 4:
            self._measure_capacity(report, elapsed)
            if not self._was_busy:
                self._busy_from_bps = self.estimate_bps
                self._busy_since = now
            self._was_busy = True
            if self._busy_s > LEAST_BUSY_S:
                self._follow(delay, packet_s, now)
        else:
            self._was_busy = False
            if not delay.is_rising:
                self._grow(now)
        self._updated = now

    def _measure_capacity(self, report: FeedbackReport, elapsed: float) -> None:
        """Add a feedback, all of whose packets met a queue, to what arrived since it began to stand."""
        bits = report.acked_bytes * 8.0
        if not self._was_busy:  # the link may have rested before the first of these packets
            elapsed = max(0.0, self._arrived_at - report.sent[0] - report.delays[0])
            bits -= bits / len(report.sent)
            self._busy_bits = self._busy_s = 0.0
        forget = CAPACITY_S / (CAPACITY_S + elapsed)
        self._busy_bits = self._busy_bits * forget + bits
        self._busy_s = self._busy_s * forget + elapsed

    def _measure(self, report: FeedbackReport, now: float) -> float:
        """Return the time that its arrivals took, since the newest one before them."""
        arrived_at = report.sent[-1] + report.delays[-1]
        elapsed = arrived_at - self._arrived_at
        self._arrived_at = arrived_at
        own = now - self._updated
        if not 0.0 <= elapsed <= 2 * own + CLOCK_SLACK_S:  # the first, reordered feedback, or a clock that was set
            elapsed = min(own, 1.0)
        bits = report.acked_bytes * 8
        self._told_bps += (bits - self._told_bps * own) / (own + DELIVERED_S)
        delivered = self.delivered_bps
        delivered += (bits - delivered * elapsed) / (elapsed + DELIVERED_S)
        # arrival times too short to be true must not make a rate beyond all that was sent
        bound = PROVEN_FACTOR * self._told_bps
        self.delivered_bps = delivered if delivered < bound else bound
        return elapsed

    def _follow(self, delay: DelayMeter, packet_s: float, now: float) -> None:
        queue = delay.queue_s
        share = min(SHARE, max(LEAST_SHARE, SHARE - SHARE_PER_S * (queue - BUSY_S - packet_s / 2)))
        target = share * self._busy_bits / self._busy_s
        if target < self.estimate_bps:
            if queue > LONG_S + packet_s:
                is_pause = queue < STANDING_S + packet_s and now - self._busy_since < PAUSE_S
                floor = MIDDLE_SHARE * self._busy_from_bps if is_pause else 0.0
                self._fall(max(target, floor), now)
            elif delay.is_rising and self._told_bps > USED_SHARE * self.estimate_bps:
                self._fall(max(target, SHORT_SHARE * self._busy_from_bps), now)
        elif not delay.is_rising:
            proven = min(target, PROVEN_FACTOR * self.delivered_bps + 10_000)
            self.estimate_bps = max(self.estimate_bps, min(proven, self.estimate_bps * STEP_UP, self.ceiling_bps))
        if self.estimate_bps <= STUCK_SHARE * self._busy_from_bps:
            self._doubt(delay, now)

    def _doubt(self, delay: DelayMeter, now: float) -> None:
        """Begin to measure delay anew when the queue stays as it is although far less is sent."""
        queue = delay.queue_s
        if abs(queue - self._stuck_queue_s) > STUCK_TOLERANCE * self._stuck_queue_s:
            self._stuck_queue_s, self._stuck_since = queue, now
        elif now - self._stuck_since > STUCK_S:
            delay.rebase()
            self.is_path_new = True
            self._was_busy = False
            self._stuck_queue_s = 0.0

    def _fall(self, target: float, now: float) -> None:
        if target >= self.estimate_bps:
            return
        if now - self.fell_at > 1.0:  # the falls of one congestion count as one
            self._known_bps = max(self._busy_bits / self._busy_s, target)
        self.estimate_bps = max(FLOOR_BPS, target)
        self.fell_at = now
        self.has_fallen = True

    def _grow(self, now: float) -> None:
        estimate = self.estimate_bps
        bound = DELIVERED_FACTOR * self.delivered_bps + 10_000
        if bound > self.ceiling_bps:
            bound = self.ceiling_bps
        if estimate >= bound:
            return
        elapsed = min(0.25, now - self._updated)
        if not self.has_fallen:
            factor = GROWTH_FIRST
        elif estimate < KNOWN_SHARE * self._known_bps or now - self.fell_at > CLEAN_S:
            factor = GROWTH_KNOWN
        else:
            factor = GROWTH_BEYOND
        self.estimate_bps = max(estimate, min(estimate * factor**elapsed, bound))

    def on_probe(self, proven_bps: float, now: float) -> None:
        """Take what a probe proved: of what goes beyond the capacity at a late fall, half, for such a link varies."""
        if now - self.fell_at < VARYING_S and proven_bps > self._known_bps:
            known = max(self._known_bps, self.estimate_bps)
            proven_bps = known + (proven_bps - known) / 2
        self.estimate_bps = min(max(self.estimate_bps, proven_bps), self.ceiling_bps)

    def lower_to(self, bps: float, now: float) -> None:
        """Take a bound that something other than the queue sets."""
        if bps < self.estimate_bps:
            self.estimate_bps = max(bps, FLOOR_BPS)
            self.fell_at = now
            self.has_fallen = True
