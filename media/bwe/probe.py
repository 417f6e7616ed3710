"""When to send padding, how much, and what it proved.

A *cluster* is all that leaves between its beginning and its end: media, resends and padding, so that media that
happens to leave proves as much as padding does, and padding only fills what is missing to the goal. It lasts 85 ms, the
first ones 45, longer where that were less than five packets, and begins only while no queue stands. What arrived after
its first batch until padding was last looked at, over the time between their arrivals, is the rate it proved.

Goals (media.md §2.7): after the first feedback three times the estimate, again and again while it is reached and more
is wanted; after a collapse the same up to 0.85 x the rate before it, as soon as the queue is gone; else twice the
estimate; and never more than a little above what is wanted. A cluster that proved nothing new makes the next one wait
1.5 x longer, up to 5 s.
"""

from __future__ import annotations

import enum

from media.twcc import FeedbackReport, TwccSendLog

CLUSTER_S = 0.085  # four looks at the clock, 20 to 25 ms apart: of 40 ms, 5 ms of jitter made 900 out of 800 kbit/s
FIRST_CLUSTER_S = 0.045  # three times a mere guess: on a narrow link it is a queue
LEAST_BYTES, MAX_CLUSTER_S = 1_400, 0.16  # five packets of padding
AGAIN_S = 0.5  # after a cluster that filled the link and yet proved more than was known
# after a cluster that taught nothing; str0m waits 15 s at most, but a cellular link changes sooner
INTERVAL_S, MAX_INTERVAL_S, INTERVAL_FACTOR = 2.0, 5.0, 1.5
REBOUND_S, MAX_REBOUND_S, REBOUND_SHARE = 0.2, 2.0, 0.85  # the share: media.md §2.7
REBOUND_BELOW = 0.66  # of the rate before: less is a collapse (libwebrtc's kBitrateDropThreshold)
REBOUND_FORGET_S = 20.0
WANTED_FACTOR, GOAL_FACTOR, STEEP_FACTOR = 1.15, 2.0, 3.0
SATURATED = 0.8  # received below this share of what was sent: the link was full
SATURATED_SHARE = 0.9  # of what arrived then is believed
CLEAN_S = 0.02  # of queue: more and the link is full without a probe
LEAST_SHARE = 0.6  # of the cluster must arrive to prove anything: what radio loss leaves, and more


class _Phase(enum.Enum):
    IDLE = 0
    SENDING = 1
    WAITING = 2


class Prober:
    """Decide on clusters, one at a time, and read their outcome."""

    def __init__(self, now: float) -> None:
        self._phase = _Phase.IDLE
        self._goal_bps = 0.0
        self._length_s = CLUSTER_S
        self._began_at = now
        self._first = self._last = 0
        self._bytes_before = 0
        self._filled_at = now  # padding was last looked at: what left later was not brought to the goal
        self._deadline = now
        self._arrivals: list[tuple[int, float, float]] = []  # (index, sent, arrival)
        self._is_passed = False  # feedback told of something behind the cluster
        self._next_at = now
        self._interval_s = INTERVAL_S
        self._before_bps = 0.0  # the estimate before a collapse
        self._collapsed_at = float("-inf")
        self._rebound_s = REBOUND_S
        self._is_rebound = False
        self._is_starting = True

    def on_collapse(self, before_bps: float, now: float) -> None:
        """Remember the rate to climb back to."""
        self._before_bps = before_bps
        self._collapsed_at = now
        self._is_starting = False
        self._next_at = now + self._rebound_s
        self._interval_s = INTERVAL_S  # what failed before says nothing of the link that comes back

    def reset(self, now: float) -> None:
        """Try again soon: the path changed."""
        self._interval_s, self._next_at, self._phase = INTERVAL_S, now, _Phase.IDLE

    def abort(self) -> None:
        """Give up a cluster that cannot be sent to its end."""
        if self._phase is _Phase.SENDING:
            self._phase = _Phase.IDLE

    def poll(self, log: TwccSendLog, estimate_bps: float, wanted_bps: float, queue_s: float, now: float) -> int:
        """Return how many bytes of padding to write now."""
        if self._phase is _Phase.WAITING:
            return 0
        if self._phase is _Phase.IDLE:
            if now < self._next_at or queue_s > CLEAN_S or wanted_bps <= estimate_bps:
                return 0
            self._begin(log, estimate_bps, wanted_bps, now)
        elapsed = now - self._began_at
        if elapsed > self._length_s:
            self._phase = _Phase.WAITING
            self._last = log.next_index - 1
            return 0
        self._filled_at = now
        due = int(self._goal_bps * min(elapsed + 0.005, self._length_s) / 8)
        return max(0, due - (log.sent_bytes - self._bytes_before))

    def _begin(self, log: TwccSendLog, estimate_bps: float, wanted_bps: float, now: float) -> None:
        self._is_rebound = (
            now - self._collapsed_at < REBOUND_FORGET_S and estimate_bps < REBOUND_BELOW * self._before_bps
        )
        goal = GOAL_FACTOR * estimate_bps
        if self._is_starting:
            goal = STEEP_FACTOR * estimate_bps
        elif self._is_rebound:
            goal = max(goal, min(STEEP_FACTOR * estimate_bps, REBOUND_SHARE * self._before_bps))
        goal = min(goal, WANTED_FACTOR * wanted_bps)
        self._goal_bps = goal
        least_s = FIRST_CLUSTER_S if self._is_starting else CLUSTER_S
        self._length_s = min(max(least_s, LEAST_BYTES * 8 / goal), MAX_CLUSTER_S)
        self._phase, self._began_at, self._deadline = _Phase.SENDING, now, now + 1.5
        self._first, self._bytes_before = log.next_index, log.sent_bytes
        self._arrivals.clear()
        self._is_passed = False

    def on_feedback(self, report: FeedbackReport, log: TwccSendLog, estimate_bps: float, now: float) -> float:
        """Return the rate that the cluster proved (bit/s), once; 0 while nothing is proven."""
        if self._phase is _Phase.IDLE:
            return 0.0
        if report.indexes and report.indexes[-1] >= self._first:
            for index, sent, delay in zip(report.indexes, report.sent, report.delays, strict=True):
                if index >= self._first and (self._phase is _Phase.SENDING or index <= self._last):
                    self._arrivals.append((index, sent, sent + delay))
        if self._phase is _Phase.WAITING and self._is_told(log, now):
            self._phase = _Phase.IDLE
            proven, is_saturated = self._evaluate(log)
            self._conclude(proven, is_saturated, estimate_bps, now)
            return proven
        return 0.0

    def _is_told(self, log: TwccSendLog, now: float) -> bool:
        """Return whether all is known of the cluster; where something is missing, one more feedback may bring it."""
        if len(self._arrivals) > self._last - self._first or now > self._deadline:
            return True
        was_passed, self._is_passed = self._is_passed, log.highest_told >= self._last
        return was_passed and self._is_passed

    def _evaluate(self, log: TwccSendLog) -> tuple[float, bool]:
        """Return the rate that arrived, and whether the link was full."""
        arrivals = sorted(self._arrivals)  # feedback may overtake feedback
        share = len(arrivals) / (self._last - self._first + 1) if arrivals else 0.0
        if share < LEAST_SHARE:
            return 0.0, True
        first_batch = [entry for entry in arrivals if entry[1] == arrivals[0][1]]
        index, sent, arrival = first_batch[-1]
        last_index, last_sent, last_arrival = next(
            entry for entry in reversed(arrivals) if entry[1] <= self._filled_at or entry is first_batch[-1]
        )
        span, sent_span = last_arrival - arrival, last_sent - sent
        if sent_span < self._length_s / 4 or span <= 0.001:
            return 0.0, False
        bits = log.bytes_between(index, last_index) * 8
        sent_bps, received_bps = bits / sent_span, bits / span
        is_saturated = received_bps < SATURATED * sent_bps
        return min(sent_bps, received_bps) * (SATURATED_SHARE if is_saturated else 1.0), is_saturated

    def _conclude(self, proven: float, is_saturated: bool, estimate_bps: float, now: float) -> None:
        taught = proven > 1.05 * estimate_bps
        if taught and (not is_saturated or proven > 1.5 * estimate_bps):
            self._interval_s, self._rebound_s = INTERVAL_S, REBOUND_S
            self._next_at = now + AGAIN_S if is_saturated else now
            return
        self._is_starting = False
        if self._is_rebound and now - self._collapsed_at < REBOUND_FORGET_S:
            self._rebound_s = min(self._rebound_s * 2, MAX_REBOUND_S)
            self._next_at = now + self._rebound_s
            return
        if not taught:
            self._interval_s = min(self._interval_s * INTERVAL_FACTOR, MAX_INTERVAL_S)
        self._next_at = now + self._interval_s
