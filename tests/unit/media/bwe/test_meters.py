"""The parts of the controller by themselves."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import msgspec
import pytest

from media.bwe.delay import DelayMeter
from media.bwe.loss import LossMeter
from media.bwe.probe import Prober
from media.twcc import FeedbackReport, TwccSendLog


def told(sent: Sequence[float], delay: Callable[[float], float], lost: int = 0, runs: int = 0) -> FeedbackReport:
    """Return a feedback of packets of 1,000 bytes."""
    count = len(sent)
    return FeedbackReport(
        first=0,
        packets=count + lost,
        lost=lost,
        lost_runs=runs,
        told_bytes=1_000 * (count + lost),
        acked_bytes=1_000 * count,
        indexes=range(count),
        sent=list(sent),
        delays=[500.0 + delay(one) for one in sent],
        late=0,
    )


def constant(delay: float) -> Callable[[float], float]:
    return lambda when: delay


def feed(meter: DelayMeter, delay: Callable[[float], float], start: float, end: float) -> None:
    """Let 100 packets a second be told of ten at a time."""
    now = start
    while now < end:
        now += 0.1
        meter.on_feedback(told([now - 0.1 + step * 0.01 for step in range(10)], delay), delay(now), now + 0.05)


def test_a_queue_is_what_stands_above_the_least_delay() -> None:
    meter = DelayMeter()
    feed(meter, lambda when: 0.04, 0.0, 3.0)
    assert meter.queue_s == pytest.approx(0.0, abs=1e-9)
    feed(meter, lambda when: 0.04 + 0.2 * (when - 3.0), 3.0, 4.0)
    assert meter.is_rising
    assert meter.queue_s == pytest.approx(0.18, abs=0.02)
    feed(meter, lambda when: 0.24, 4.0, 5.0)
    assert not meter.is_rising, "it stands"
    assert meter.queue_s == pytest.approx(0.2, abs=0.01)


def test_jitter_is_neither_queue_nor_trend() -> None:
    rng = random.Random(1)
    meter = DelayMeter()
    rising = 0
    for step in range(100):
        feed(meter, lambda when: 0.04 + rng.random() * 0.03, step * 0.1, step * 0.1 + 0.05)
        rising += meter.is_rising
        assert meter.queue_s < 0.02
    assert rising < 10


def test_the_least_of_few_packets_waits_for_more() -> None:
    meter = DelayMeter()
    feed(meter, lambda when: 0.04, 0.0, 1.0)
    for number, delay in enumerate((0.1, 0.12, 0.04, 0.11)):
        meter.on_feedback(told([1.0 + number * 0.05], constant(delay)), 1.0, 1.1 + number * 0.05)
        assert meter.queue_s < 0.06 + 1e-9
    assert meter.queue_s == pytest.approx(0.0, abs=1e-9)


def test_a_queue_that_never_ends_does_not_become_the_base() -> None:
    meter = DelayMeter()
    feed(meter, lambda when: 0.04, 0.0, 2.0)
    feed(meter, lambda when: 1.04, 2.0, 40.0)
    assert meter.queue_s > 0.6


def test_a_queue_that_the_round_trip_does_not_show_is_a_clock() -> None:
    meter = DelayMeter()
    feed(meter, lambda when: 0.04, 0.0, 2.0)
    meter.on_feedback(told([2.0] * 5, lambda when: 0.3), 0.0, 2.1)
    assert meter.queue_s < 0.01
    meter.on_feedback(told([2.2] * 5, lambda when: 5_000.0), 0.0, 2.3)
    assert meter.queue_s == 0.0


@pytest.mark.parametrize(
    ("rates", "bandwidth", "limited"), [((300, 600, 900), 500, True), ((300, 600, 900), 5_000, False)]
)
def test_loss_that_follows_the_rate_tells_the_bandwidth(rates: tuple[int, ...], bandwidth: int, limited: bool) -> None:
    """Rates in kbit/s; a tenth is lost anyway."""
    rng = random.Random(4)
    meter = LossMeter()
    now, bound = 0.0, math.inf
    for _ in range(5):
        for rate in rates:
            count = round(rate * 1000 * 0.3 / 8_000)
            passes = 0.9 * min(1.0, bandwidth / rate)
            arrived = max(2, sum(rng.random() < passes for _ in range(count)))
            sent = [now + 0.3 * step / (arrived - 1) for step in range(arrived)]
            lost = count - arrived
            now += 0.3
            bound = min(bound, meter.on_feedback(told(sent, lambda when: 0.04, max(0, lost), max(0, lost)), 800_000.0))
    assert (bound < 800_000) == limited
    assert meter.burst == pytest.approx(1.0, abs=0.01)


def test_nothing_lost_costs_nothing_and_bounds_nothing() -> None:
    meter = LossMeter()
    for step in range(50):
        sent = [step * 0.1 + one * 0.01 for one in range(10)]
        assert meter.on_feedback(told(sent, lambda when: 0.04), 500_000.0) == math.inf
    assert meter.loss == 0.0


def probe(capacity_bps: float, *, loss: float = 0.0, seed: int = 1) -> tuple[float, int]:
    """Send one cluster from 300 kbit/s over a link; return what it proved and how many bytes it took."""
    rng, log, prober = random.Random(seed), TwccSendLog(0), Prober(0.0)
    now, free_at, spent = 0.0, 0.0, 0
    arrivals: list[tuple[int, float, float]] = []
    while now < 0.3:
        wanted = prober.poll(log, 300_000.0, 5_000_000.0, 0.0, now)
        while wanted > 0:
            index = log.next_index
            log.on_send(now, 280)
            spent, wanted = spent + 280, wanted - 280
            free_at = max(now, free_at) + 280 * 8 / capacity_bps
            if rng.random() >= loss:
                arrivals.append((index, now, free_at + 0.04))
        now += 0.01
    log.highest_told = log.next_index - 1
    report = FeedbackReport(
        first=0,
        packets=len(arrivals),
        lost=0,
        lost_runs=0,
        told_bytes=0,
        acked_bytes=0,
        indexes=[index for index, _, _ in arrivals],
        sent=[sent for _, sent, _ in arrivals],
        delays=[arrival - sent for _, sent, arrival in arrivals],
        late=0,
    )
    proven = prober.on_feedback(report, log, 300_000.0, 0.4)
    silent = msgspec.structs.replace(report, indexes=[], sent=[], delays=[])  # the one that it waits for after a loss
    return proven or prober.on_feedback(silent, log, 300_000.0, 0.5), spent


@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_a_probe_that_passes_proves_its_goal(loss: float) -> None:
    proven, spent = probe(20e6, loss=loss)
    assert proven == pytest.approx(900_000, rel=0.35)
    assert spent < 10_000


def test_a_probe_of_a_full_link_proves_what_the_link_carries() -> None:
    proven, _ = probe(500e3)
    assert proven == pytest.approx(500_000, rel=0.15)


@pytest.mark.parametrize(("estimate", "wanted", "queue"), [(500e3, 400e3, 0.0), (500e3, 900e3, 0.1)])
def test_no_probe_when_nothing_is_wanted_or_a_queue_stands(estimate: float, wanted: float, queue: float) -> None:
    prober, log = Prober(0.0), TwccSendLog(0)
    assert prober.poll(log, estimate, wanted, queue, 1.0) == 0
    assert prober.poll(log, 500e3, 900e3, 0.0, 1.0) > 0


def test_a_collapse_is_followed_by_a_probe_soon_even_after_failures() -> None:
    prober, log = Prober(0.0), TwccSendLog(0)
    prober.on_collapse(2_000_000.0, 10.0)
    assert prober.poll(log, 100e3, 2e6, 0.0, 10.1) == 0
    assert prober.poll(log, 100e3, 2e6, 0.0, 10.25) > 0
