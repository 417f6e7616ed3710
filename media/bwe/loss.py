"""Loss that our own rate causes, told apart from loss that the radio makes.

A rural radio link loses 10 to 25 % of everything at any rate; sending less does not cure that, it only makes the
picture worse. A link with a short queue loses what goes beyond its capacity, and the queue is too short to be seen. The
model (the idea of libwebrtc's LossBasedBweV2): a packet is lost with probability `inherent` anyway, and what is sent
above the bandwidth `b` is lost too, so at the rate r the loss is

    1 - (1 - inherent) * min(1, b / r).

Observations of a quarter second or more, older ones weighing less, are explained once without a limit and once with
each of a few bandwidths near the estimate. A bandwidth is believed when it explains them clearly better; `inherent`
never takes more than 25 %, so more than that always brings the rate down. It costs nothing while nothing is lost.
"""

from __future__ import annotations

import math
from collections import deque

from media.twcc import FeedbackReport

OBSERVATIONS = 15  # libwebrtc's window
OBSERVATION_S, OBSERVATION_PACKETS = 0.25, 10
WEIGHT = 0.9  # of an observation beside the next one
INHERENT = 0.25  # at most: media.md §2.5, because rural loss is mostly not queue loss
NEGLIGIBLE = 0.02
CANDIDATES = (1.0, 0.9, 0.8, 0.65, 0.5)  # of the estimate
EVIDENCE = 4.0  # log likelihood: 50 times as likely
LOSS_S = 2.0  # time constant of `loss`
BURST_RUNS = 20  # weight of the past in `burst`


class _Observation:
    __slots__ = ("arrived", "lost", "rate_bps")

    def __init__(self, rate_bps: float, arrived: int, lost: int) -> None:
        self.rate_bps, self.arrived, self.lost = rate_bps, arrived, lost


class LossMeter:
    """Measure loss and find the bandwidth that explains it (see the module)."""

    __slots__ = ("_began_at", "_bytes", "_lost", "_observations", "_packets", "_runs", "_since", "burst", "loss")

    def __init__(self) -> None:
        self.loss = 0.0
        self.burst = 1.0  # mean length of the runs of losses
        self._observations: deque[_Observation] = deque(maxlen=OBSERVATIONS)
        self._began_at: float | None = None
        self._since: float | None = None  # what was sent before is not looked at
        self._bytes = self._packets = self._lost = self._runs = 0

    def on_feedback(self, report: FeedbackReport, estimate_bps: float) -> float:
        """Return the bandwidth that loss tells of (bit/s); infinite while it tells of none."""
        if self._since is not None:
            if not report.sent or report.sent[-1] <= self._since:
                return math.inf  # sent into the silence that was forgotten
            self._since = None
            return math.inf  # and this one still tells of both
        self._lost += report.lost - report.late
        self._packets += report.packets
        self._bytes += report.told_bytes
        self._runs += report.lost_runs
        if not report.sent:
            return math.inf
        last = report.sent[-1]
        if self._began_at is None:
            self._began_at = report.sent[0]
        elapsed = last - self._began_at
        if elapsed < OBSERVATION_S or self._packets < OBSERVATION_PACKETS:
            return math.inf
        lost = min(max(self._lost, 0), self._packets)
        if lost or self.loss > 1e-4:
            self._tell(lost, elapsed)
        self._observations.append(_Observation(self._bytes * 8 / elapsed, self._packets - lost, lost))
        self._began_at = last
        self._bytes = self._packets = self._lost = self._runs = 0
        return self._explain(estimate_bps) if lost else math.inf

    def _tell(self, lost: int, elapsed: float) -> None:
        self.loss += (lost / self._packets - self.loss) * min(1.0, elapsed / (elapsed + LOSS_S))
        if self._runs:
            self.burst += (max(1.0, lost / self._runs) - self.burst) * self._runs / (self._runs + BURST_RUNS)

    def forget(self, now: float) -> None:
        """Forget the observations: they tell of another time of the link, and so does what was sent before `now`."""
        self._since = now
        self._observations.clear()
        self._began_at = None
        self._bytes = self._packets = self._lost = self._runs = 0

    def _explain(self, estimate_bps: float) -> float:
        """Return the likeliest bandwidth; about 60 us, four times a second at most, while packets are lost."""
        weighted: list[tuple[float, float, float]] = []  # (rate, arrived, lost)
        weight = 1.0
        for one in reversed(self._observations):
            weighted.append((one.rate_bps, one.arrived * weight, one.lost * weight))
            weight *= WEIGHT
        lost = sum(entry[2] for entry in weighted)
        if lost < NEGLIGIBLE * sum(entry[1] + entry[2] for entry in weighted):
            return math.inf
        best, best_likelihood = math.inf, _likelihood(weighted, math.inf) + EVIDENCE * self.burst
        for share in CANDIDATES:
            bandwidth = share * estimate_bps
            likelihood = _likelihood(weighted, bandwidth)
            if likelihood > best_likelihood:
                best, best_likelihood = bandwidth, likelihood
        return best


def _likelihood(weighted: list[tuple[float, float, float]], bandwidth: float) -> float:
    """Return the log likelihood of the observations, with the inherent loss that suits them best."""
    passed = [min(1.0, bandwidth / rate) if rate else 1.0 for rate, _, _ in weighted]
    expected = sum((arrived + lost) * share for (_, arrived, lost), share in zip(weighted, passed, strict=True))
    arrived_all = sum(arrived for _, arrived, _ in weighted)
    survival = min(0.999, max(1 - INHERENT, arrived_all / expected)) if expected else 1.0
    total = 0.0
    for (_, arrived, lost), share in zip(weighted, passed, strict=True):
        arrives = survival * share
        total += arrived * math.log(arrives) + lost * math.log(1 - arrives)
    return total
