"""What one sending transport knows of its link: how much may be sent, whether video may leave now, when to probe.

Theory of operation. Feedback is read by the log (`media/twcc.py`) and then moves, once a feedback, the meters of
delay and loss and the rate (`delay.py`, `loss.py`, `rate.py`). Three things are faster than a feedback:

- *in flight*: what was sent and not yet told of never exceeds what the estimate carries in the least round trip, the
  queue on the way back, one feedback interval and 100 ms. Beyond it only sound leaves, so that a link that stops gets
  no more than that into its queue: a modem queues 150 kB, which at 100 kbit/s is 12 s.
- *lateness*: when the oldest packet in flight is 150 ms older than it should be, the estimate counts half until
  feedback comes; it comes back whole when only the feedback was late.
  Meanwhile a trickle of video may go on beside sound, a quarter of the estimate in all: it may well be the way back
  that is stuck, and a picture that moves a little is no stall.
- *silence*: see `link_state.py`. The estimate begins again from half of what it was, or less, and a probe
  tries for 0.85 of it as soon as the queue is gone.

A receiver cannot make us send without bound: only what was sent counts as arrived, growth ends at 1.5 x that, probes
end at what is wanted, and the ceiling stands above all.
"""

from __future__ import annotations

import math
import random

from media.bwe.delay import MAX_FORGOTTEN_S, DelayMeter
from media.bwe.link_state import LinkEffect, LinkEvent, LinkState, step
from media.bwe.loss import LossMeter
from media.bwe.probe import REBOUND_BELOW, Prober
from media.bwe.rate import FLOOR_BPS, PACKET_BITS, RateController
from media.bwe.report_loss import ReportLossEstimator
from media.twcc import TwccSendLog
from media.twcc_wire import TransportFeedback

START_BPS = 300_000  # the measured default between 60 (safe) and 600 kbit/s (mediasoup); one fall costs 0.3 s
CEILING_BPS = 20_000_000
GUESS_S = 1.0  # a first estimate is a guess until a probe told, or for so long
KNOWN_SHARE = 0.7  # of what a link was known to carry is what its next transport begins with (media.md §2.5)
PACING_FACTOR = 1.2  # media.md §2.6
CAP_S = 0.1  # that may stand on the way beyond the least round trip and one feedback interval; media.md §2.5 has 0.15
CAP_FACTOR, CAP_EXTRA_BPS = 1.25, 50_000
BLIND_SHARE, BLIND_BPS = 0.25, 70_000  # while feedback is late; sound counts, and is most of it
LEAST_CAP_BYTES = 3_000  # sound and one packet of video must fit beside each other on the narrowest link
BLIND_S = 0.65  # that may be on the way before the receiver has said anything: a long round trip
LATE_S, LATE_SHARE = 0.15, 0.5
# Of the queue on the way back, which a receiver's own camera makes on a narrow link, so much is not taken for ours.
MAX_BACK_S = 0.4
SUSPECT_S, SUSPECT_INTERVALS = 0.4, 3  # media.md §2.11
DEAD_S = 1.5
REPORTS_SILENT_S = 8.0  # of a client without transport-wide feedback: consent comes every 5 s (RFC 7675)
PING_S, PING_BYTES = 0.2, 100
RECOVER_BPS, RECOVER_S = 60_000, 2.0
RESTART_SHARE, EASE_SHARE = 0.5, 0.75  # of the estimate before an outage, before a shorter silence
STALE_S = 3.0
REMB_STALE_S = 9.0
INTERVAL_S, MAX_INTERVAL_S = 0.1, 0.3  # of feedback: Chromium begins with 100 ms, 250 ms is its longest
SLEEP_S = 0.5  # between two looks at the clock: then it was us who slept, not the link
MIN_RTT_WINDOW_S = 10.0  # as long as the base of one-way delays
MAX_FEEDBACKS_PER_S = 200  # ten times what a browser gives; more is not read


class LinkController:
    """Own everything about one receiver's link (see the theory above).

    Read-only for others: `state`, `rtt_s`, `min_rtt_s`, `queue_s`, `acked_bps`, `loss` (0..1), `loss_burst` (mean run
    of losses, packets), `is_known` (the estimate is more than a guess). All rates are bit/s of whole packets (IP,
    UDP, SRTP included).
    """

    __slots__ = (
        "_back_s", "_before_bps", "_blind_bytes", "_by_reports", "_cap_bytes", "_check_at", "_delay", "_estimate_bps",
        "_feedback_at", "_feedbacks", "_flood_until", "_floor_rtt_s", "_heard_at", "_interval_s", "_is_blind",
        "_is_late", "_is_open", "_known_at", "_last_rtt_s", "_least_rtts", "_looked_at", "_losses", "_pacing_bps",
        "_ping_at", "_ping_sent", "_prober", "_rate", "_recover_at", "_remb_at", "_remb_bps", "_report_loss",
        "_reports_at", "_rtt_window_at", "_wanted_bps", "has_feedback", "is_known", "log", "min_rtt_s", "queue_s",
        "rtt_s", "state",
    )  # fmt: skip

    def __init__(self, rng: random.Random, now: float, *, known_bps: int = 0, ceiling_bps: int = CEILING_BPS) -> None:
        start_bps = _start_bps(known_bps)
        self.log = TwccSendLog(rng.randrange(1 << 15))
        self.state = LinkState.NORMAL
        self.rtt_s = 0.1
        self.min_rtt_s = 0.1
        self.queue_s = 0.0
        self.has_feedback = False
        self.is_known = known_bps > 0
        self._known_at = math.inf
        self._delay = DelayMeter()
        self._losses = LossMeter()
        self._rate = RateController(now, float(start_bps), float(ceiling_bps))
        self._prober = Prober(now)
        self._by_reports = ReportLossEstimator(start_bps)
        self._report_loss = 0.0
        self._remb_bps, self._remb_at = 0, -math.inf
        self._wanted_bps = 0
        self._interval_s = INTERVAL_S
        self._least_rtts = [math.inf, math.inf]  # of this window and the one before
        self._rtt_window_at = now
        self._floor_rtt_s = math.inf  # of all time
        self._feedback_at = self._heard_at = self._looked_at = self._recover_at = self._ping_at = now
        self._reports_at = -math.inf
        self._before_bps = float(start_bps)  # the estimate before a silence
        self._last_rtt_s = 0.0
        self._back_s = 0.0  # that feedback waits on its way, smoothed
        self._flood_until, self._feedbacks = now, 0
        self._is_late = False
        self._ping_sent = -1  # bytes sent until the last look
        self._is_blind, self._blind_bytes = False, 0  # no feedback at all, and what was in flight when that began
        self._estimate_bps: int = start_bps
        self._pacing_bps: int = start_bps
        self._cap_bytes: float = start_bps * BLIND_S / 8
        self._check_at = now  # before that, `on_timeout` has nothing to do
        self._is_open = True

    # --- what the receiver says

    def on_feedback(self, feedback: TransportFeedback, now: float) -> None:
        """Take transport-wide feedback: 9.3 us for 17 packets, 3.3 of them the log; 3 us more while a queue stands."""
        if now >= self._flood_until:
            self._flood_until, self._feedbacks = now + 1.0, 0
        self._feedbacks += 1
        if self._feedbacks > MAX_FEEDBACKS_PER_S:
            return
        report = self.log.on_feedback(feedback)
        if report is None:
            return
        before = self._rate.estimate_bps
        self._on_told(now)
        if report.sent:
            if now - self._looked_at < SLEEP_S:  # else we slept, and feedback waited for us
                self._measure_rtt(now - report.sent[-1], now)
            self._delay.on_feedback(report, self._last_rtt_s - self.min_rtt_s, now)
            self.queue_s = self._delay.queue_s
            back_s = self._last_rtt_s - self.min_rtt_s - self.queue_s
            self._back_s += (min(max(back_s, 0.0), MAX_BACK_S) - self._back_s) / 4
            self._rate.on_feedback(report, self._delay, now)
            if self._rate.is_path_new:
                self._rate.is_path_new = False
                self._least_rtts = [self._last_rtt_s, math.inf]
                self._floor_rtt_s = self._last_rtt_s
            proven = self._prober.on_feedback(report, self.log, self._rate.estimate_bps, now)
            if proven:
                self._rate.on_probe(proven, now)
            if not self.is_known:
                self.is_known = proven > 0.0 or now >= self._known_at
        bound = self._losses.on_feedback(report, self._rate.estimate_bps)
        if bound < self._rate.estimate_bps:
            self._rate.lower_to(bound, now)
        if self._rate.estimate_bps < REBOUND_BELOW * before:
            self._prober.on_collapse(before, now)
        if self.state is not LinkState.NORMAL:
            self._step(LinkEvent.FEEDBACK, now)
        self._settle(now)

    def on_remb(self, bps: int, now: float) -> None:
        """Take the receiver's own estimate, for receivers without transport-wide feedback."""
        self._remb_bps, self._remb_at = bps, now
        self._on_plain_report(now)

    def on_report(self, rtt_s: float | None, fraction_lost: float, now: float) -> None:
        """Take one report block: the round trip where it told one, and the fraction lost (0..1)."""
        if rtt_s is not None and not self.has_feedback:
            self.rtt_s = rtt_s
        self._report_loss += (fraction_lost - self._report_loss) / 4
        self._by_reports.on_loss(fraction_lost, now)
        self._on_plain_report(now)

    def on_heard(self, now: float) -> None:
        """Take any authenticated packet of the receiver as a sign of life."""
        self._heard_at = now
        if self.state is not LinkState.NORMAL:
            self._step(LinkEvent.HEARD if self.has_feedback else LinkEvent.FEEDBACK, now)

    def on_path_change(self, now: float) -> None:
        """Take that the receiver is reached at another address now: its delay is unlike, its rate may be."""
        self._delay.rebase()
        self._least_rtts = [math.inf, math.inf]
        self._floor_rtt_s = math.inf
        self._prober.reset(now)

    # --- what may be sent

    def set_wanted(self, bps: int) -> None:
        """Say what all that is wanted would cost; it drives probing."""
        self._wanted_bps = bps

    def estimate_bps(self, now: float) -> int:
        """Return what the link is thought to carry."""
        return self._estimate_bps

    def pacing_bps(self, now: float) -> int:
        """Return the rate at which queued video may leave."""
        return self._pacing_bps

    @property
    def cap_bytes(self) -> float:
        """Return how much may be on the way before video waits."""
        return self._cap_bytes

    def may_send_video(self, now: float) -> bool:
        """Return whether video may leave now: the link lives and not too much is on the way. Cheap: once a packet."""
        log = self.log
        return self._is_open and log.sent_bytes - log.told_bytes <= self._cap_bytes

    def poll_probe(self, now: float) -> int:
        """Return how many bytes of padding to write now; 0: none. Called every 5 to 20 ms."""
        if self.state is LinkState.SUSPECT or self.state is LinkState.OUTAGE:
            self._prober.abort()
            if now < self._ping_at or not self.has_feedback:
                return 0
            self._ping_at = now + PING_S
            sent, self._ping_sent = self._ping_sent, self.log.sent_bytes
            return PING_BYTES if sent == self.log.sent_bytes else 0  # sound asks for feedback as well
        if not self.has_feedback or self._is_late:
            return 0
        wanted = min(self._wanted_bps, self._rate.ceiling_bps)
        return self._prober.poll(self.log, self._rate.estimate_bps, wanted, self.queue_s, now)

    @property
    def acked_bps(self) -> int:
        """Return the rate that arrived, over about a third of a second."""
        return round(self._rate.delivered_bps)

    @property
    def loss(self) -> float:
        """Return the share of packets lost of late, 0..1."""
        return self._losses.loss if self.has_feedback else self._report_loss

    @property
    def loss_burst(self) -> float:
        """Return the mean length of the runs of losses, in packets."""
        return self._losses.burst

    # --- time

    def on_timeout(self, now: float) -> None:
        """Look at the clock; called every 10 ms. While feedback comes in time there is nothing to see: 0.15 us."""
        slept = now - self._looked_at
        self._looked_at = now
        if now < self._check_at and slept <= SLEEP_S:
            return
        if slept > SLEEP_S:  # what came meanwhile waits to be read: the silence was ours
            self._feedback_at = min(now, self._feedback_at + slept)
            self._heard_at = min(now, self._heard_at + slept)
        oldest = self.log.oldest_in_flight_s  # who sends nothing hears nothing
        silent_s = min(now - self._feedback_at, now - oldest) if oldest is not None else 0.0
        if self.state is LinkState.SUSPECT:
            if silent_s > DEAD_S:
                self._step(LinkEvent.DEAD, now)
        elif self.state is not LinkState.OUTAGE:
            if self._is_silent(silent_s, now):
                self._step(LinkEvent.LATE, now)
            elif self.state is LinkState.RECOVER and now - self._recover_at > RECOVER_S:
                self._step(LinkEvent.SETTLED, now)
        self._settle(now)

    def _is_silent(self, silent_s: float, now: float) -> bool:
        if self.log.sent_bytes == self.log.told_bytes:
            return False
        if not self.has_feedback:
            return now - self._heard_at > REPORTS_SILENT_S
        return silent_s > max(SUSPECT_S, SUSPECT_INTERVALS * self._interval_s + self.min_rtt_s)

    # --- within

    def _on_told(self, now: float) -> None:
        elapsed = now - self._feedback_at
        if self.has_feedback and elapsed < MAX_INTERVAL_S:
            self._interval_s += (elapsed - self._interval_s) / 8
        if not self.has_feedback:
            self._known_at = now + GUESS_S
        self.has_feedback = True
        self._is_blind = False
        self._feedback_at = self._heard_at = now

    def _on_plain_report(self, now: float) -> None:
        self._reports_at = now
        self.is_known = True
        self.on_heard(now)
        self._settle(now)

    def _measure_rtt(self, rtt_s: float, now: float) -> None:
        if rtt_s < 0.0:
            rtt_s = 0.0
        self._last_rtt_s = rtt_s
        self.rtt_s += (rtt_s - self.rtt_s) / 8
        least = self._least_rtts
        if now - self._rtt_window_at > MIN_RTT_WINDOW_S / 2:
            least[1], least[0], self._rtt_window_at = least[0], math.inf, now
        if rtt_s < least[0]:
            least[0] = rtt_s
        if rtt_s < self._floor_rtt_s:
            self._floor_rtt_s = rtt_s
        lowest = least[0] if least[0] < least[1] else least[1]
        bound = self._floor_rtt_s + MAX_FORGOTTEN_S
        self.min_rtt_s = lowest if lowest < bound else bound

    def _step(self, event: LinkEvent, now: float) -> None:
        self.state, effects = step(self.state, event)
        for effect in effects:
            if effect is LinkEffect.PING:
                self._ping_at = now
            elif effect is LinkEffect.REMEMBER:
                self._before_bps = self._rate.estimate_bps
            else:
                share = RESTART_SHARE if effect is LinkEffect.RESTART else EASE_SHARE
                self._recover_at = now
                self._rate.lower_to(max(share * self._before_bps, min(self._before_bps, RECOVER_BPS)), now)
                self._prober.on_collapse(self._before_bps, now)
                self._losses.forget(now)
        self._is_open = self.state is not LinkState.OUTAGE

    def _settle(self, now: float) -> None:
        """Work out what `estimate_bps`, `pacing_bps` and `may_send_video` answer until the next event.

        Plain comparisons where `min` and `max` would do: with those of `_measure_rtt` 1.5 us less a feedback of 26.
        """
        estimate: float = self._rate.estimate_bps
        if not self.has_feedback or now - self._feedback_at > STALE_S:
            estimate = self._without_feedback(now)
        self._look_for_lateness(now)
        if self._is_late:
            estimate *= LATE_SHARE
        if estimate < FLOOR_BPS:
            estimate = FLOOR_BPS
        self._estimate_bps = round(estimate)
        self._pacing_bps = round(PACING_FACTOR * self._estimate_bps)
        if self.has_feedback:
            interval_s = self._interval_s
            cap_s = (
                self.min_rtt_s + self._back_s + (interval_s if interval_s > INTERVAL_S / 2 else INTERVAL_S / 2) + CAP_S
            )
            # what was never sent is not proven, so an estimate far above it is no reason to fill a queue
            rate = CAP_FACTOR * self._rate.delivered_bps + CAP_EXTRA_BPS
            if rate > self._estimate_bps:
                rate = self._estimate_bps
            cap_bytes = rate * cap_s / 8
            self._cap_bytes = cap_bytes if cap_bytes > LEAST_CAP_BYTES else LEAST_CAP_BYTES
            if self._is_late:
                self._trickle(now)
        elif now - self._reports_at < REPORTS_SILENT_S:
            self._cap_bytes = math.inf  # nothing will ever tell what is on the way
        else:
            self._cap_bytes = self._estimate_bps * BLIND_S / 8

    def _trickle(self, now: float) -> None:
        """Let a little more be on the way the longer feedback is late."""
        blind_s = now - self._feedback_at - self._interval_s - LATE_S
        if blind_s > 0.0:
            if not self._is_blind:
                self._is_blind, self._blind_bytes = True, self.log.in_flight_bytes
            blind_bps = min(BLIND_SHARE * self._rate.estimate_bps, BLIND_BPS)
            self._cap_bytes = max(self._cap_bytes, self._blind_bytes + blind_bps * blind_s / 8)

    def _look_for_lateness(self, now: float) -> None:
        """Work out since or until when feedback of the oldest packet in flight is not late."""
        oldest = self.log.oldest_in_flight_s
        due_at = now if oldest is None else oldest
        if not self.has_feedback:
            self._is_late = False
            self._check_at = now
            return
        due_at += self.min_rtt_s + self._back_s + self._interval_s
        late_at = due_at + LATE_S + PACKET_BITS / self._rate.estimate_bps
        self._is_late = now >= late_at
        self._check_at = late_at if self.state is LinkState.NORMAL and not self._is_late else now

    def _without_feedback(self, now: float) -> float:
        """Return the estimate of a receiver that gives no transport-wide feedback, or none yet, or none any more."""
        if now - self._remb_at < REMB_STALE_S:
            return self._remb_bps
        return self._by_reports.estimate_bps() if not self.has_feedback else self._rate.estimate_bps


def _start_bps(known_bps: int) -> int:
    """Return what to begin with: a share of what is known, but no less than an unknown link without a reason."""
    if not known_bps:
        return START_BPS
    return max(int(KNOWN_SHARE * known_bps), min(known_bps, START_BPS), FLOOR_BPS)
