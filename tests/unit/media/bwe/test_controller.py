"""The controller over emulated links: how fast it rises and falls, what queue it leaves, and what outages do."""

from __future__ import annotations

import random
from typing import Any

import pytest

from media.bwe.controller import START_BPS, LinkController
from media.bwe.link_state import LinkState
from media.bwe.rate import FLOOR_BPS
from tests.unit.media.link_emulator import AUDIO_BPS, Emulation, Outcome, constant, emulate, greedy

LAYERS_BPS = (60_000, 180_000, 400_000, 1_000_000)


def step_to(kbps: float, at: float, *, back_at: float = 0.0, before: float = 1_000, queue_kb: int = 150) -> list[Any]:
    """Return a link of `before` kbit/s that falls to `kbps`, and comes back."""
    trace: list[Any] = constant(before, queue_kb=queue_kb)
    trace.append({"t": at, "down": {"rate_kbps": kbps}})
    if back_at:
        trace.append({"t": back_at, "down": {"rate_kbps": before}})
    return trace


def outage(begin: float, end: float, kbps: float = 1_500, *, up: bool = True, down: bool = True) -> list[Any]:
    """Return a link that is away for a while, in one direction or both."""
    trace: list[Any] = constant(kbps, queue_kb=60)
    dead = {name: {"rate_kbps": 0} for name, is_dead in (("down", down), ("up", up)) if is_dead}
    trace.append({"t": begin, **dead})
    trace.append({"t": end, "down": {"rate_kbps": kbps}, "up": {"rate_kbps": 2_000}})
    return trace


def layered(now: float, estimate: int) -> float:
    """Send the best of four layers that fits beside sound."""
    return max([layer for layer in LAYERS_BPS if layer + AUDIO_BPS <= 0.92 * estimate], default=0)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_clean_link_carries_2_mbit_s_after_1_5_s(seed: int) -> None:
    outcome = emulate(constant(20_000), 2.0, layered, seed)
    assert outcome.at(0.0) == START_BPS
    assert outcome.first_over(2_000_000) <= 1.5
    assert outcome.padding_bytes < 80_000
    assert outcome.max_queue_s() < 0.02


@pytest.mark.parametrize("kbps", [100, 200, 2_000])
@pytest.mark.parametrize("jitter_ms", [0, 15])
def test_a_steady_link_is_used_without_a_standing_queue(kbps: int, jitter_ms: float) -> None:
    outcome = emulate(constant(kbps, jitter_ms=jitter_ms), 10.0)
    assert outcome.delivered_bps(4.0, 10.0) > 0.75 * kbps * 1000
    waits = sorted(queue for now, queue in outcome.queues if now > 4.0)
    packet_s = 8 / kbps
    assert waits[len(waits) // 2] < 0.08 + 2 * packet_s, "half of the time"
    assert waits[-1] < 0.25 + 4 * packet_s, "at the worst"


@pytest.mark.parametrize("kbps", [30, 100, 300])
def test_a_collapse_halves_the_estimate_within_400_ms_and_fills_no_queue(kbps: int) -> None:
    outcome = emulate(step_to(kbps, 4.0), 6.0)
    before = outcome.at(3.99)
    assert outcome.first_under(round(0.55 * before), 4.0) - 4.0 <= 0.4
    sent = sum(size for sent, _, size in outcome.arrivals if 4.0 <= sent < 4.5)
    assert sent < 45_000, "a third of a second of what it carried"


@pytest.mark.parametrize("kbps", [40, 120])
def test_it_climbs_back_soon_after_a_collapse(kbps: int) -> None:
    outcome = emulate(step_to(kbps, 6.0, back_at=8.0), 14.0)
    assert outcome.first_over(700_000, 8.2) - 8.0 < 3.0
    assert outcome.max_queue_s(11.0, 14.0) < 0.3


def test_a_short_pause_of_a_cellular_link_is_ridden_through() -> None:
    outcome = emulate(step_to(200, 6.0, back_at=6.2, before=600), 9.0)
    assert min(bps for now, bps in outcome.estimates if 6.0 <= now < 7.0) > 0.27 * outcome.at(5.99)
    assert outcome.first_over(450_000, 6.5) < 8.0


@pytest.mark.parametrize("loss_pct", [10, 20, 25])
def test_loss_of_a_radio_link_is_not_congestion(loss_pct: float) -> None:
    outcome = emulate(constant(20_000, loss_pct=loss_pct), 10.0, layered)
    assert min(bps for now, bps in outcome.estimates if now > 3.0) > 1_150_000


def test_loss_that_grows_with_our_rate_is_congestion() -> None:
    """A bottleneck without a queue to speak of: 2 kB, 16 ms at its rate."""
    outcome = emulate(constant(1_000, queue_kb=2, jitter_ms=2), 12.0)
    assert 500_000 < outcome.mean(6.0, 12.0) < 1_400_000


def test_sending_little_is_no_reason_to_fall() -> None:
    emulation = Emulation(constant(5_000, jitter_ms=30), lambda now, estimate: 0.0)
    emulation.wanted_bps = lambda now: 0
    outcome = emulation.run(8.0)
    assert min(bps for _, bps in outcome.estimates) >= 0.9 * START_BPS
    assert outcome.padding_bytes == 0, "nothing is wanted, so nothing is probed for"


def test_probes_end_a_little_above_what_is_wanted() -> None:
    emulation = Emulation(constant(20_000), layered)
    emulation.wanted_bps = lambda now: 900_000
    outcome = emulation.run(8.0)
    assert 900_000 <= outcome.at(7.9) < 2_000_000
    assert outcome.padding_bytes < 30_000


def test_probing_a_full_link_costs_little() -> None:
    outcome = emulate(constant(500), 15.0, lambda now, estimate: 250_000.0)
    assert outcome.padding_bytes < 0.06 * outcome.sent_bytes
    assert outcome.max_queue_s(3.0) < 0.2


@pytest.mark.parametrize("length_s", [1.0, 3.0])
def test_an_outage_stops_video_and_its_end_brings_it_back(length_s: float) -> None:
    emulation = Emulation(outage(6.0, 6.0 + length_s), layered)
    outcome = emulation.run(12.0)
    states = {state for _, state in outcome.states}
    assert LinkState.SUSPECT in states
    assert (LinkState.OUTAGE in states) == (length_s > 2.0)
    assert outcome.states[-1][1] is LinkState.NORMAL
    big = [sent for sent, _, size in outcome.arrivals if size == 1_000]
    assert not [sent for sent in big if 8.0 < sent < 6.0 + length_s], "an outage gets no video"
    assert len([sent for sent in big if 6.4 < sent < 6.0 + length_s]) < 12, "before it is one, a trickle"
    assert outcome.max_queue_s(6.6 + length_s) < 0.3
    assert min(sent for sent in big if sent > 6.0 + length_s) - 6.0 - length_s < 0.5
    assert outcome.first_over(1_000_000, 6.1 + length_s) - 6.0 - length_s < 3.0


@pytest.mark.parametrize("direction", ["up", "down"])
def test_an_outage_of_one_direction_is_an_outage(direction: str) -> None:
    trace = outage(5.0, 8.0, up=direction == "up", down=direction == "down")
    outcome = emulate(trace, 12.0, layered)
    assert LinkState.OUTAGE in {state for _, state in outcome.states}
    assert outcome.states[-1][1] is LinkState.NORMAL
    assert outcome.at(11.9) > 600_000


def test_a_link_that_carries_less_than_sound_gets_hardly_any_video() -> None:
    outcome = emulate(step_to(24, 4.0, before=250), 14.0, layered)
    assert outcome.at(13.9) <= 2 * FLOOR_BPS
    assert sum(size == 1_000 for sent, _, size in outcome.arrivals if sent > 6.0) < 10


def test_a_longer_path_is_not_taken_for_a_queue_for_ever() -> None:
    trace = [*constant(5_000, delay_ms=20), {"t": 5.0, "down": {"delay_ms": 400}}]
    outcome = emulate(trace, 20.0, layered)
    assert outcome.at(19.9) > 600_000


def test_a_receiver_that_gives_only_reports_is_believed() -> None:
    controller = LinkController(random.Random(1), 0.0)
    for second in range(5):
        controller.on_report(0.2, 0.0, float(second))
        controller.on_timeout(second + 0.5)
    assert controller.estimate_bps(5.0) > 1_000_000
    assert controller.rtt_s == 0.2
    assert controller.may_send_video(5.0)
    controller.on_remb(700_000, 5.0)
    assert controller.estimate_bps(5.0) == 700_000


@pytest.mark.parametrize(
    ("known", "start"), [(0, 300_000), (1_000_000, 700_000), (320_000, 300_000), (100_000, 100_000)]
)
def test_a_known_link_begins_with_what_it_carried(known: int, start: int) -> None:
    assert LinkController(random.Random(1), 0.0, known_bps=known).estimate_bps(0.0) == start


def test_the_ceiling_is_never_passed() -> None:
    emulation = Emulation(constant(20_000), greedy)
    emulation.controller = LinkController(random.Random(1), 0.0, ceiling_bps=400_000)
    outcome: Outcome = emulation.run(4.0)
    assert max(bps for _, bps in outcome.estimates) == 400_000


def test_a_silent_link_is_asked_only_while_nothing_else_leaves() -> None:
    made = Emulation(outage(2.0, 6.0), lambda now, estimate: 0.0)
    made.wanted_bps = lambda now: 0
    assert made.run(7.0).padding_bytes == 0
    quiet = Emulation(outage(2.0, 6.0), lambda now, estimate: 20_000.0)
    quiet.wanted_bps = lambda now: 0
    quiet.audio_bps = lambda estimate, state: 0
    outcome = quiet.run(7.0)
    assert 500 < outcome.padding_bytes < 3_000
    assert outcome.states[-1][1] is not LinkState.OUTAGE
