"""What one sending transport knows of its link: how much may be sent, whether video may leave now, when to probe."""

from __future__ import annotations

import random

from media.bwe.aimd import FLOOR_BPS, START_BPS, AimdEstimator
from media.bwe.link_state import LinkEffect, LinkEvent, LinkState, step
from media.bwe.report_loss import ReportLossEstimator
from media.twcc import TwccSendLog
from media.twcc_wire import TransportFeedback

CEILING_BPS = 20_000_000
KNOWN_SHARE = 0.7  # of what a link was known to carry is what its next transport begins with (media.md §2.5)
PACING_FACTOR = 1.2
CAP_S = 0.15  # queue that may stand on the way, beyond the shortest round trip and one feedback interval
SUSPECT_S, SUSPECT_INTERVALS = 0.4, 3
DEAD_S = 1.5
PING_S = 0.2
PING_BYTES = 100
STALE_S = 3.0
PROBE_S, PROBE_INTERVAL_S, MAX_PROBE_INTERVAL_S = 0.1, 2.0, 20.0


class LinkController:
    """Own everything about one receiver's link; see the module."""

    def __init__(self, rng: random.Random, now: float, *, known_bps: int = 0, ceiling_bps: int = CEILING_BPS) -> None:
        start_bps = _start_bps(known_bps)
        self.log = TwccSendLog(rng.randrange(1 << 15))
        self.state = LinkState.NORMAL
        self.rtt_s = 0.1
        self.min_rtt_s = 0.1
        self.loss = 0.0
        self.loss_burst = 1.0
        self.queue_s = 0.0
        self.acked_bps = 0
        self._estimator = AimdEstimator(now, start_bps=start_bps, ceiling_bps=ceiling_bps)
        self._by_reports = ReportLossEstimator(start_bps)
        self._has_feedback = False
        self._feedback_at = now
        self._heard_at = now
        self._interval_s = 0.1
        self._remb_bps, self._remb_at = 0, float("-inf")
        self._wanted_bps = 0
        self._recover_at = now
        self._probe_until = self._probe_at = now
        self._probe_next, self._probe_interval_s, self._probed_bps = now, PROBE_INTERVAL_S, 0
        self._probe_bps = 0
        self._ping_at = now

    # --- what the receiver says

    def on_feedback(self, feedback: TransportFeedback, now: float) -> None:
        """Take transport-wide feedback."""
        report = self.log.on_feedback(feedback, now)
        if not report.results:
            return
        if self._has_feedback:
            self._interval_s += (min(0.5, now - self._feedback_at) - self._interval_s) / 8
        self._has_feedback, self._feedback_at, self._heard_at = True, now, now
        if report.rtt_s is not None:
            self.rtt_s += (report.rtt_s - self.rtt_s) / 8
            self.min_rtt_s = min(self.min_rtt_s, report.rtt_s)
        self.loss += (report.lost / len(report.results) - self.loss) * min(1.0, len(report.results) / 200)
        self._estimator.on_feedback(report.results, now)
        self.acked_bps = round(self._estimator.acked_bps)
        self.queue_s = max(0.0, self._estimator.queue_s)
        self._step(LinkEvent.FEEDBACK, now)

    def on_remb(self, bps: int, now: float) -> None:
        """Take the receiver's own estimate, for receivers without transport-wide feedback."""
        self._remb_bps, self._remb_at = bps, now
        self.on_heard(now)

    def on_report(self, rtt_s: float | None, fraction_lost: float, now: float) -> None:
        """Take one report block: the round trip where it told one, and the fraction lost (0..1)."""
        self.on_heard(now)
        if now - self._feedback_at < STALE_S and self._has_feedback:
            return
        if rtt_s is not None:
            self.rtt_s = rtt_s
        self.loss += (fraction_lost - self.loss) / 4
        self._by_reports.on_loss(fraction_lost, now)

    def on_heard(self, now: float) -> None:
        """Take any authenticated packet of the receiver as a sign of life."""
        self._heard_at = now
        self._step(LinkEvent.HEARD, now)

    # --- what may be sent

    def set_wanted(self, bps: int) -> None:
        """Say what all that is wanted would cost (bit/s of whole packets); it drives probing."""
        self._wanted_bps = bps

    def estimate_bps(self, now: float) -> int:
        """Return what the link is thought to carry, in bit/s of whole packets (IP, UDP, SRTP included)."""
        if not self._has_feedback or now - self._feedback_at > STALE_S:
            if now - self._remb_at < 3 * STALE_S:
                return self._remb_bps
            if not self._has_feedback:
                return self._by_reports.estimate_bps()
        return self._estimator.estimate_bps(now)

    def pacing_bps(self, now: float) -> int:
        """Return the rate at which queued video may leave."""
        return round(PACING_FACTOR * self.estimate_bps(now))

    def may_send_video(self, now: float) -> bool:
        """Return whether video may leave now: the link lives and not too much is on the way."""
        if not self._has_feedback:
            return True
        if self.state is LinkState.SUSPECT or self.state is LinkState.OUTAGE:
            return False
        cap_s = self.min_rtt_s + self._interval_s + CAP_S
        return self.log.in_flight_bytes * 8 <= cap_s * self._estimator.estimate_bps(now)

    def poll_probe(self, now: float) -> int:
        """Return how many bytes of padding to write now; 0: none. Called every 5 to 20 ms."""
        if self.state is LinkState.SUSPECT or self.state is LinkState.OUTAGE:
            if now < self._ping_at:
                return 0
            self._ping_at = now + PING_S
            return PING_BYTES
        if now >= self._probe_until and not self._begin_probe(now):
            return 0
        step_s = min(now - self._probe_at, 0.04)
        self._probe_at = now
        return int(self._probe_bps * step_s / 8)

    def on_timeout(self, now: float) -> None:
        """Look at the clock; called every 10 ms."""
        silent_s = now - self._heard_at
        if self.state is LinkState.SUSPECT:
            if silent_s > DEAD_S:
                self._step(LinkEvent.DEAD, now)
        elif self.state is not LinkState.OUTAGE:
            late_s = max(SUSPECT_S, SUSPECT_INTERVALS * self._interval_s + self.rtt_s)
            if self._has_feedback and self.log.in_flight_bytes and silent_s > late_s:
                self._step(LinkEvent.LATE, now)
            elif self.state is LinkState.RECOVER and now - self._recover_at > 1.0:
                self._step(LinkEvent.SETTLED, now)

    # --- within

    def _step(self, event: LinkEvent, now: float) -> None:
        self.state, effects = step(self.state, event)
        for effect in effects:
            if effect is LinkEffect.PING:
                self._ping_at = now
            elif effect is LinkEffect.RESTART:
                self._recover_at = now

    def _begin_probe(self, now: float) -> bool:
        estimate = self.estimate_bps(now)
        if now < self._probe_next or self._wanted_bps <= estimate or now - self._feedback_at > STALE_S:
            return False
        self._probe_bps = self._estimator.wants_probe_bps(now)
        if not self._probe_bps:
            return False
        taught = estimate > self._probed_bps
        self._probe_interval_s = PROBE_INTERVAL_S if taught else min(MAX_PROBE_INTERVAL_S, self._probe_interval_s * 1.5)
        self._probe_next, self._probed_bps = now + self._probe_interval_s, estimate
        self._probe_until, self._probe_at = now + PROBE_S, now - 0.01
        return True


def _start_bps(known_bps: int) -> int:
    """Return what to begin with: a share of what is known, but no less than an unknown link without a reason."""
    if not known_bps:
        return START_BPS
    return max(int(KNOWN_SHARE * known_bps), min(known_bps, START_BPS), FLOOR_BPS)
