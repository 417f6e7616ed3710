"""A simple honest estimator: acked rate, queueing delay and loss move one number up and down (AIMD).

Theory of operation. Four things are measured from the feedback:

- the acked rate R over the last 500 ms of arrivals;
- the queue q: the least one-way delay of the last packets (200 ms and at least 5: jitter is not queue) above the
  minimum of the last 10 s (clocks need not agree, only run alike), and whether it rises;
- the loss of about the last second;
- whether the caller used the estimate: below 70 % of it the transport is *application-limited*, and R says what was
  offered, not what the path carries.

The path is overused when q rises beyond 40 ms or stands beyond 250 ms, or when loss comes with a queue. Loss without
a queue is taken for that of a radio link, which slowing down does not cure, up to 25 %. Overuse takes the estimate to
0.85 R, at most once per round trip + 200 ms; when application-limited only to 0.85 of itself, because a small R is
then no sign of a small path.

Growth is a factor a second: 4 until the first fall, 1.25 up to the capacity at which it last fell, 1.08 beyond. It
stops at a multiple of R, since nothing above what was carried is proven: 1.5 in general, 4 when the path was clean for
2 s. The wide step is what lets a receiver on a low layer try the next one; when the trial fails, the fall is
remembered, and the next trial waits 5 s, then twice as long, up to 40 s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from media.twcc import PacketResult

FLOOR_BPS = 30_000  # mediasoup's minimum: Opus at its lowest with headers
START_BPS = 300_000  # the measured default between 60 (safe) and 600 kbit/s (mediasoup); one fall costs 0.3 s
RATE_WINDOW_S = 0.5
LOSS_WINDOW_S = 1.0
DELAY_WINDOW_S, DELAY_PACKETS = 0.2, 5
BASE_WINDOW_S = 10.0
QUEUE_RISING_S = 0.040  # several times the 12.5 ms of GCC's trendline: we have no filter that fine
QUEUE_STANDING_S = 0.250
QUEUE_CLEAN_S = 0.030
BACK_OFF = 0.85  # GCC (draft-ietf-rmcat-gcc-02 §5.5)
RADIO_LOSS = 0.25
QUEUE_LOSS = 0.05
FIRST_GROWTH = 4.0  # a second: a receiver that joins has its tiles half a second later
HOLD_S, MAX_HOLD_S = 5.0, 40.0
CLEAN_S = 2.0


class AimdEstimator:
    """Implements `BandwidthEstimator` (see the theory above)."""

    def __init__(self, now: float, *, start_bps: int = START_BPS, ceiling_bps: int = 20_000_000) -> None:
        self._estimate = float(start_bps)
        self._ceiling = float(ceiling_bps)
        self._updated = now
        # One entry a feedback, not a packet: sixty receivers tell of ten thousand packets a second.
        self._acked: deque[tuple[float, int]] = deque()  # (last arrival, bytes)
        self._acked_bytes = 0
        self._sent: deque[tuple[float, int, int, int]] = deque()  # (last sent, bytes, packets, lost)
        self._sent_bytes = self._sent_packets = self._lost = 0
        self._delays: deque[tuple[float, float, int]] = deque()  # (told, least one-way delay, packets)
        self._delay_packets = 0
        self._bases: deque[tuple[float, float]] = deque()  # (second, least one-way delay in it)
        self._queue_s = 0.0
        self._queues: deque[tuple[float, float]] = deque()  # (now, smoothed queue) of the last 300 ms
        self._rtt_s = 0.1
        self._fell_at = float("-inf")
        self._fell_from = float("inf")  # acked rate at the last fall: the capacity as far as we know it
        self._falls_in_queue = 0
        self._hold_s = HOLD_S
        self._clean_since = now
        self._has_fallen = False

    def on_feedback(self, results: Sequence[PacketResult], now: float) -> None:
        """Take what one feedback told, each packet once, in order of seq."""
        if not results:
            return
        self._measure(results, now)
        rate = self.acked_bps
        loss = self.loss
        is_overused = self._is_overused(loss)
        if is_overused or self._queue_s > QUEUE_CLEAN_S or loss > QUEUE_LOSS:
            self._clean_since = now
        if is_overused:
            self._fall(rate, now)
        elif self._queue_s < QUEUE_RISING_S:
            self._grow(rate, now)
        self._updated = now

    # --- measuring

    def _measure(self, results: Sequence[PacketResult], now: float) -> None:
        """Add up one feedback; O(packets), about 0.2 µs each (bench/forwarding.py)."""
        newest_sent = last_sent = results[0].sent_s
        last_arrival = least_delay = float("inf")
        sent_bytes = acked_bytes = arrived = 0
        for result in results:
            size = result.size_bytes
            sent_bytes += size
            last_sent = sent = result.sent_s
            arrival = result.arrival_s
            if arrival is None:
                continue
            arrived += 1
            acked_bytes += size
            last_arrival = arrival
            if arrival - sent < least_delay:
                least_delay = arrival - sent
            if sent > newest_sent:
                newest_sent = sent
        self._rtt_s += (max(0.0, now - newest_sent) - self._rtt_s) * 0.2
        lost = len(results) - arrived
        self._sent.append((last_sent, sent_bytes, len(results), lost))
        self._sent_bytes += sent_bytes
        self._sent_packets += len(results)
        self._lost += lost
        while self._sent[-1][0] - self._sent[0][0] > LOSS_WINDOW_S:
            _, size, packets, lost = self._sent.popleft()
            self._sent_bytes -= size
            self._sent_packets -= packets
            self._lost -= lost
        if arrived:
            self._acked.append((last_arrival, acked_bytes))
            self._acked_bytes += acked_bytes
            self._delays.append((now, least_delay, arrived))
            self._delay_packets += arrived
            self._measure_queue(now)
        while self._acked and self._acked[-1][0] - self._acked[0][0] > RATE_WINDOW_S:
            self._acked_bytes -= self._acked.popleft()[1]

    def _measure_queue(self, now: float) -> None:
        delays = self._delays
        while now - delays[0][0] > DELAY_WINDOW_S and self._delay_packets - delays[0][2] >= DELAY_PACKETS:
            self._delay_packets -= delays.popleft()[2]
        delay = min(entry[1] for entry in delays)
        bases = self._bases
        if not bases or now - bases[-1][0] >= 1.0:
            bases.append((now, delay))
        elif delay < bases[-1][1]:
            bases[-1] = (bases[-1][0], delay)
        while now - bases[0][0] > BASE_WINDOW_S:
            bases.popleft()
        queue = delay - min(base for _, base in bases)
        self._queue_s += (queue - self._queue_s) * 0.4
        self._queues.append((now, self._queue_s))
        while now - self._queues[0][0] > 0.3:
            self._queues.popleft()

    @property
    def acked_bps(self) -> float:
        """Return the rate that arrived over the last 500 ms; 0 while there is too little to tell."""
        if len(self._acked) < 2:
            return 0.0
        span = self._acked[-1][0] - self._acked[0][0]
        # the first feedback only marks the beginning of the span
        return (self._acked_bytes - self._acked[0][1]) * 8 / max(span, 0.1)

    @property
    def queue_s(self) -> float:
        """Return the delay above the path's least of the last seconds, smoothed."""
        return self._queue_s

    @property
    def loss(self) -> float:
        """Return the loss of the last second, 0..1; 0 while there is too little to tell."""
        if self._sent_packets < 10:
            return 0.0
        return self._lost / self._sent_packets

    def _sent_bps(self) -> float:
        span = self._sent[-1][0] - self._sent[0][0]
        return (self._sent_bytes - self._sent[0][1]) * 8 / max(span, 0.1)

    def _is_app_limited(self) -> bool:
        return self._sent_bps() < 0.7 * self._estimate

    # --- deciding

    def _is_overused(self, loss: float) -> bool:
        queue = self._queue_s
        is_rising = queue > self._queues[0][1] + 0.005 if self._queues else False
        if queue > QUEUE_RISING_S and is_rising:
            return True
        if queue > QUEUE_STANDING_S:
            return True
        return loss > RADIO_LOSS or (loss > QUEUE_LOSS and queue > QUEUE_CLEAN_S)

    def _fall(self, rate: float, now: float) -> None:
        if now - self._fell_at < self._rtt_s + 0.2:
            return
        target = BACK_OFF * rate
        if self._is_app_limited() or not rate:
            target = max(target, BACK_OFF * self._estimate)
        if target < self._estimate:
            is_retrial = self._has_fallen and now - self._fell_at < 3 * self._hold_s
            if now - self._fell_at > 1.0:  # the falls of one congestion count as one
                self._hold_s = min(MAX_HOLD_S, self._hold_s * 2) if is_retrial else HOLD_S
                self._fell_from = rate or self._estimate
            self._estimate = max(FLOOR_BPS, target)
        self._fell_at = now
        self._has_fallen = True
        self._falls_in_queue = self._falls_in_queue + 1 if self._queue_s > QUEUE_STANDING_S else 0
        if self._falls_in_queue >= 4:
            # we sent far less and the delay stays: it is a longer path, not a queue
            self._bases.clear()
            self._delays.clear()
            self._delay_packets = 0
            self._queues.clear()
            self._queue_s = 0.0
            self._falls_in_queue = 0

    def _grow(self, rate: float, now: float) -> None:
        elapsed = min(0.5, now - self._updated)
        if not self._has_fallen:
            factor = FIRST_GROWTH
        elif self._estimate < 0.9 * self._fell_from:
            factor = 1.25
        else:
            factor = 1.08
        is_trusted = now - self._clean_since > CLEAN_S or not self._has_fallen
        limit = (4.0 if is_trusted else 1.5) * rate
        if now - self._fell_at < self._hold_s:
            limit = min(limit, max(1.05 * rate, 0.95 * self._fell_from))
        grown = min(self._estimate * factor**elapsed + 5_000 * elapsed, limit, self._ceiling)
        # never below what it is: little sent is no reason to fall
        self._estimate = max(self._estimate, grown)

    def estimate_bps(self, now: float) -> int:
        """Return the rate that may be sent, in bit/s of whole packets (IP, UDP, SRTP included)."""
        return round(self._estimate)

    def wants_probe_bps(self, now: float) -> int:
        """Return the rate at which padding would tell more right now; 0: none. The caller probes for about 100 ms.

        Wanted when little is sent, the path is clean, and the last fall is over: twice the estimate.
        """
        if not self._sent or not self._is_app_limited() or now - self._clean_since < CLEAN_S:
            return 0
        if now - self._fell_at < self._hold_s or self._estimate >= self._ceiling:
            return 0
        return round(min(2 * self._estimate, self._ceiling))
