"""Queueing delay and its gradient, from the one-way delays that feedback tells.

Theory of operation. The clocks of the two ends are unlike, so a one-way delay means something only beside another one:
`base` is the least of the last 10 s (or 300 ms above the least of all time, lest a queue that never ends become the
base), the *queue* is the least delay of the newest packets (at least 4: jitter is not
queue) above it. A queue never shows a delay that the round trip, taken with our clock alone, does not show too; what
goes beyond that is a receiver's clock that was set, and begins a new base.

The *trend* is the slope of delay over send time by least squares (the trendline filter of Google Congestion Control,
draft-ietf-rmcat-gcc-02 §5.3 and libwebrtc's `trendline_estimator`). A point is the mean of half a feedback's packets:
feedback comes every 50 to 100 ms, so one step a feedback sees what a filter over groups of 5 ms sees. It is compared
with a threshold that follows the noise of the path (gcc-02 §5.4).
"""

from __future__ import annotations

from collections import deque
from operator import mul

from media.twcc import FeedbackReport

BASE_WINDOW_S = 10.0
MAX_FORGOTTEN_S = 0.3  # a queue that never ends may hide no more than this in the base
DRIFT_S = 0.001  # a second: five times what bad clocks drift apart
LEAST_PACKETS = 4
JITTER_S = 0.15  # more than that is a queue, however few packets tell of it
LEAST_WINDOW_S = 0.25
CALM_S = 0.008  # a mean delay this near to the base is no queue, whatever its slope
TREND_WINDOW_S = 0.5
TREND_POINTS = 10
TREND_GAIN_MS = 240.0  # libwebrtc: slope x 60 deltas x gain 4, in ms
THRESHOLD_MS, MIN_THRESHOLD_MS, MAX_THRESHOLD_MS = 12.5, 6.0, 600.0  # gcc-02 §5.4
THRESHOLD_UP, THRESHOLD_DOWN = 0.0087, 0.039  # per ms, gcc-02 §5.4
SPIKE_MS = 15.0  # what lies further above the threshold does not move it, gcc-02 §5.4
RTT_SLACK_S = 0.005  # both ends of the comparison move
CLOCK_JUMP_S = 0.5  # below the base, or above what the round trip allows: no path does that


class DelayMeter:
    """Measure the queue in front of the bottleneck (see the theory above)."""

    __slots__ = (
        "_bases",
        "_floor_s",
        "_points",
        "_recent",
        "_slope",
        "_stepped_at",
        "_threshold_ms",
        "base_s",
        "is_rising",
        "queue_s",
    )

    def __init__(self) -> None:
        self.queue_s = 0.0
        self.is_rising = False  # faster than the noise of the path explains
        self.base_s = 0.0
        self._bases: deque[tuple[float, float]] = deque()  # (second, least delay in it)
        self._floor_s = float("inf")  # the least delay since the beginning, but for the drift of the clocks
        self._recent: deque[tuple[float, float, int]] = deque()  # (now, least delay, packets)
        self._points: deque[tuple[float, float]] = deque(maxlen=TREND_POINTS)  # (sent, mean delay)
        self._slope = 0.0
        self._threshold_ms = THRESHOLD_MS
        self._stepped_at = 0.0

    def on_feedback(self, report: FeedbackReport, rtt_queue_s: float, now: float) -> None:
        """Take a feedback with at least one arrival; `rtt_queue_s` is its round trip above the least one."""
        delays = report.delays
        least = min(delays)
        queue = least - self.base_s
        if not self._bases or queue < -CLOCK_JUMP_S or queue > rtt_queue_s + CLOCK_JUMP_S:
            self.rebase()
        self._measure_queue(least, len(delays), now)
        if self.queue_s > rtt_queue_s + RTT_SLACK_S:
            self.queue_s = rtt_queue_s + RTT_SLACK_S
        self._measure_trend(report, delays, now)

    def rebase(self) -> None:
        """Forget what was measured: the clocks or the path are not the same any more."""
        self._bases.clear()
        self._floor_s = float("inf")
        self._recent.clear()
        self._points.clear()

    def _measure_queue(self, least: float, packets: int, now: float) -> None:
        bases = self._bases
        if not bases or now - bases[-1][0] >= 1.0:
            bases.append((now, least))
            while now - bases[0][0] > BASE_WINDOW_S:
                bases.popleft()
            self._floor_s = min(self._floor_s + DRIFT_S, least)
            self.base_s = min(min([one for _, one in bases]), self._floor_s + MAX_FORGOTTEN_S)
        elif least < bases[-1][1]:
            bases[-1] = (bases[-1][0], least)
            if least < self.base_s:
                self.base_s = least
        recent = self._recent
        if packets >= LEAST_PACKETS or least - self.base_s > JITTER_S:
            recent.clear()
            self.queue_s = least - self.base_s
            return
        recent.append((now, least, packets))
        enough = packets
        queue = least
        for _, one, count in list(recent)[-2::-1]:
            if enough >= LEAST_PACKETS:
                break
            enough += count
            queue = min(queue, one)
        while len(recent) > LEAST_PACKETS or (now - recent[0][0] > LEAST_WINDOW_S and len(recent) > 1):
            recent.popleft()
        self.queue_s = queue - self.base_s

    def _measure_trend(self, report: FeedbackReport, delays: list[float], now: float) -> None:
        sent, points = report.sent, self._points
        count = len(delays)
        half = count >> 1
        if half >= 3:
            points.append((sent[half >> 1], sum(delays[:half]) / half))
            points.append((sent[half + count >> 1], sum(delays[half:]) / (count - half)))
        else:
            points.append((sent[half], sum(delays) / count))
        newest, delay = points[-1]
        if delay - self.base_s < CALM_S:  # nearly always on a clean path: saves 3 us of a feedback's 13
            self.is_rising = False
            self._slope = 0.0
            return
        while newest - points[0][0] > TREND_WINDOW_S:
            points.popleft()
        slope = _slope(points)
        trend_ms = slope * TREND_GAIN_MS
        self.is_rising = trend_ms > self._threshold_ms and slope >= self._slope * 0.9
        self._slope = slope
        self._adapt(abs(trend_ms), now)

    def _adapt(self, trend_ms: float, now: float) -> None:
        elapsed_ms = min((now - self._stepped_at) * 1000, 100.0)
        self._stepped_at = now
        above = trend_ms - self._threshold_ms
        if above > SPIKE_MS:
            return
        gain = THRESHOLD_DOWN if above < 0 else THRESHOLD_UP
        threshold = self._threshold_ms + gain * above * elapsed_ms
        self._threshold_ms = min(max(threshold, MIN_THRESHOLD_MS), MAX_THRESHOLD_MS)


def _slope(points: deque[tuple[float, float]]) -> float:
    """Return the slope of the points by least squares, 0 when they are too few; 1.6 us for 10 of them."""
    if len(points) < 3:
        return 0.0
    sent, delays = zip(*points, strict=True)
    middle = sum(sent) / len(sent)
    apart = [one - middle for one in sent]
    spread = sum(map(mul, apart, apart))
    return sum(map(mul, apart, delays)) / spread if spread > 1e-6 else 0.0
