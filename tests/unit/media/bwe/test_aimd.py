from __future__ import annotations

import pytest

from media.bwe.aimd import FLOOR_BPS, START_BPS, AimdEstimator
from media.bwe.estimator import BandwidthEstimator
from tests.unit.media.link_emulator import Link, Trace, run

AUDIO_BPS, LAYERS_BPS = 57_000, (60_000, 200_000, 757_000)


def greedy(now: float, estimate: float) -> float:
    return 1e9


def layered(now: float, estimate: float) -> float:
    """A source with three layers, of which the best that fits is sent, beside audio."""
    fitting = [layer for layer in LAYERS_BPS if layer + AUDIO_BPS <= estimate]
    return AUDIO_BPS + (max(fitting) if fitting else 0)


def over(link: Link, seconds: float = 30.0, wants: object = greedy) -> Trace:
    estimator: BandwidthEstimator = AimdEstimator(0.0)
    assert callable(wants)
    return run(estimator, link, seconds, wants)


def test_it_starts_at_300_kbit_s() -> None:
    assert AimdEstimator(0.0).estimate_bps(0.0) == START_BPS


@pytest.mark.parametrize("delay_s", [0.01, 0.05, 0.15])
@pytest.mark.parametrize("wants", [greedy, layered])
def test_clean_link_reaches_1200_kbit_s_within_3_s(delay_s: float, wants: object) -> None:
    reached = over(Link(lambda now: 10e6, delay_s), 5.0, wants).first_time_over(1_200_000)
    assert reached is not None
    assert reached <= 3.0


@pytest.mark.parametrize("capacity", [100e3, 200e3, 500e3, 2e6])
@pytest.mark.parametrize("jitter_s", [0.0, 0.03])
def test_bottleneck_is_used_and_not_overrun(capacity: float, jitter_s: float) -> None:
    trace = over(Link(lambda now: capacity, jitter_s=jitter_s))
    assert 0.75 * capacity < trace.mean(10.0, 30.0) < 1.15 * capacity


def test_fall_of_capacity_is_followed_within_2_s() -> None:
    trace = over(Link(lambda now: 1e6 if now < 10 else 150e3), 20.0)
    assert trace.at(12.0) < 200_000
    assert trace.mean(13.0, 20.0) == pytest.approx(150_000, rel=0.2)


@pytest.mark.parametrize("loss", [0.05, 0.1, 0.2])
def test_random_loss_of_a_radio_link_is_not_congestion(loss: float) -> None:
    assert over(Link(lambda now: 10e6, loss=loss), 10.0).at(9.0) > 2_000_000


def test_sending_little_is_no_reason_to_fall() -> None:
    trace = over(Link(lambda now: 10e6), 30.0, lambda now, estimate: 60_000.0)
    assert min(bps for _, bps in trace.points) >= START_BPS


def test_jitter_while_little_is_sent_is_no_reason_to_fall() -> None:
    trace = over(Link(lambda now: 10e6, jitter_s=0.08), 30.0, lambda now, estimate: 100_000.0)
    assert trace.at(29.0) >= START_BPS


@pytest.mark.parametrize("queue_s", [0.3, 1.0])
def test_link_that_nearly_dies_is_followed_to_the_floor(queue_s: float) -> None:
    trace = over(Link(lambda now: 1e6 if now < 5 else 40e3, queue_s=queue_s), 30.0)
    assert min(bps for _, bps in trace.points) >= FLOOR_BPS
    assert trace.at(10.0) < 60_000
    assert trace.at(29.0) < 60_000


def test_longer_path_is_not_taken_for_a_queue_for_ever() -> None:
    link = Link(lambda now: 5e6, 0.02)
    estimator = AimdEstimator(0.0)

    def wants(now: float, estimate: float) -> float:
        if now > 5.0:
            link.delay_s = 0.4
        return 800_000.0

    trace = run(estimator, link, 25.0, wants)
    assert trace.at(24.0) > 600_000


def test_probe_is_wanted_only_when_little_is_sent_on_a_clean_path() -> None:
    estimator = AimdEstimator(0.0)
    assert estimator.wants_probe_bps(0.0) == 0
    run(estimator, Link(lambda now: 10e6), 5.0, lambda now, estimate: 60_000.0)
    assert estimator.wants_probe_bps(5.0) == 2 * estimator.estimate_bps(5.0)
    busy = AimdEstimator(0.0)
    run(busy, Link(lambda now: 300e3), 5.0, greedy)
    assert busy.wants_probe_bps(5.0) == 0
