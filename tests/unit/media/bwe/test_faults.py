"""Receivers that lie, repeat, reorder, flood or fall silent, and clocks that jump. Every run has its seed."""

from __future__ import annotations

import math
import random
import struct
from typing import Any

import pytest

from media.bwe.controller import LinkController
from media.bwe.link_state import LinkState
from media.twcc_wire import TransportFeedback
from tests.unit.media.link_emulator import AUDIO_BPS, Emulation, Outcome, constant, greedy

WANTED_BPS = 1_500_000


def modest(now: float, estimate: int) -> float:
    return min(1_000_000.0, estimate - AUDIO_BPS)


def emulation(trace: list[Any], seed: int = 7) -> Emulation:
    made = Emulation(trace, modest, seed)
    made.wanted_bps = lambda now: WANTED_BPS
    return made


def sent_bps(outcome: Outcome, seconds: float) -> float:
    return outcome.sent_bytes * 8 / seconds


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_forged_arrival_times_never_make_more_leave_than_is_wanted(seed: int) -> None:
    rng = random.Random(seed)
    made = emulation(constant(600), seed)

    def forge(data: bytes, now: float) -> list[bytes]:
        """Give every feedback another reference time: arrivals of any time, of an impossible rate."""
        word = struct.unpack_from("!I", data, 16)[0]
        reference = rng.choice([0, 5, (word >> 8) + rng.randrange(-40, 40), rng.randrange(1 << 24)])
        return [data[:16] + struct.pack("!I", (reference & 0xFFFFFF) << 8 | word & 0xFF) + data[20:]]

    made.forge = forge
    outcome = made.run(10.0)
    assert max(bps for _, bps in outcome.estimates) <= 1.5 * WANTED_BPS
    assert sent_bps(outcome, 10.0) < 1.2 * WANTED_BPS
    assert all(math.isfinite(queue) for _, queue in outcome.queues)


def test_everything_told_as_arrived_at_one_moment_proves_no_rate() -> None:
    controller = LinkController(random.Random(1), 0.0)
    controller.set_wanted(50_000_000)
    now = 0.0
    for _ in range(300):
        first = controller.log.next_index
        for _ in range(5):
            controller.log.on_send(now, 500)
        now += 0.05
        controller.on_feedback(TransportFeedback(1, 2, first & 0xFFFF, 0, [4000] * 5, True), now)
        controller.on_timeout(now)
    assert controller.acked_bps < 3 * 5 * 500 * 8 / 0.05
    assert controller.estimate_bps(now) < 3_000_000


def test_everything_told_as_arrived_does_not_open_a_link_that_carries_little() -> None:
    """The receiver acknowledges all that was sent at once, whether it came or not."""
    made = emulation(constant(200, queue_kb=25))
    log = made.controller.log

    def lie(data: bytes, now: float) -> list[bytes]:
        del data
        first, count = log.highest_told + 1, log.next_index - log.highest_told - 1
        if count > 0:
            ticks = [round((now + 500) * 4000)] * count
            made.controller.on_feedback(TransportFeedback(1, 2, first & 0xFFFF, 0, ticks, True), now)
        return []

    made.forge = lie
    outcome = made.run(8.0)
    assert sent_bps(outcome, 8.0) < 1.2 * WANTED_BPS


def test_repeated_and_reordered_feedback_changes_little() -> None:
    rng = random.Random(5)
    plain = emulation(constant(500)).run(10.0)
    made = emulation(constant(500))
    kept: list[bytes] = []

    def shuffle(data: bytes, now: float) -> list[bytes]:
        kept.append(data)
        again = rng.sample(kept[-6:], k=min(3, len(kept)))
        return [*again, data] if rng.random() < 0.8 else again

    made.forge = shuffle
    outcome = made.run(10.0)
    assert outcome.mean(4.0, 10.0) == pytest.approx(plain.mean(4.0, 10.0), rel=0.35)


def test_lost_feedback_costs_little() -> None:
    rng = random.Random(5)
    made = emulation(constant(2_000))
    made.forge = lambda data, now: [data] if rng.random() > 0.2 else []
    outcome = made.run(10.0)
    assert outcome.mean(4.0, 10.0) > 1_000_000
    assert LinkState.OUTAGE not in {state for _, state in outcome.states}


def test_feedback_that_stops_for_ever_stops_video() -> None:
    made = emulation(constant(2_000))
    made.forge = lambda data, now: [data] if now < 5.0 else []
    outcome = made.run(12.0)
    assert outcome.states[-1][1] is LinkState.OUTAGE
    assert not [sent for sent, _, size in outcome.arrivals if size == 1_000 and sent > 7.0]


@pytest.mark.parametrize("jump_s", [3600.0, 5.0, 0.3, -0.3, -5.0, -3600.0])
def test_a_jump_of_the_receivers_clock_is_no_queue(jump_s: float) -> None:
    made = emulation(constant(3_000))
    made.receiver_clock_s = lambda now: now + 100_000.0 + (jump_s if now > 5.0 else 0.0)
    outcome = made.run(12.0)
    assert min(bps for now, bps in outcome.estimates if now > 4.0) > 0.45 * outcome.at(4.9)
    assert outcome.at(11.9) > 900_000


def test_a_clock_that_runs_wrong_is_no_queue() -> None:
    """200 parts in a million: 1 ms in 5 s, ten times what a quartz does."""
    made = emulation(constant(3_000))
    made.receiver_clock_s = lambda now: 1_000.0 + now * 1.0002
    outcome = made.run(14.0)
    assert outcome.at(13.9) > 1_000_000


def test_our_clock_jumping_ahead_ten_seconds_is_no_outage() -> None:
    made = emulation(constant(3_000))
    made.sender_clock_s = lambda now: now if now < 5.0 else now + 10.0
    outcome = made.run(9.0)
    assert {state for _, state in outcome.states} == {LinkState.NORMAL}
    assert min(bps for now, bps in outcome.estimates if now > 4.0) > 0.45 * outcome.at(4.9)


def test_a_link_dead_from_the_first_second_gets_a_trickle() -> None:
    dead = constant(0)
    dead[0]["up"]["rate_kbps"] = 0
    made = Emulation(dead, greedy, 3)
    outcome = made.run(10.0)
    assert outcome.estimates[-1][1] <= 300_000
    assert outcome.sent_bytes - 10 * AUDIO_BPS / 8 < 30_000, "two thirds of a second of the first guess, and sound"


def test_a_link_that_dies_in_its_first_second_comes_back() -> None:
    trace: list[Any] = [
        *constant(1_000, queue_kb=60),
        {"t": 0.7, "down": {"rate_kbps": 0}, "up": {"rate_kbps": 0}},
        {"t": 5.0, "down": {"rate_kbps": 1_000}, "up": {"rate_kbps": 1_000}},
    ]
    outcome = emulation(trace).run(9.0)
    assert outcome.states[-1][1] is LinkState.NORMAL
    assert outcome.first_over(500_000, 5.0) < 8.0


def test_of_a_flood_of_feedback_little_is_read() -> None:
    controller = LinkController(random.Random(1), 0.0)
    for _ in range(3000):
        controller.log.on_send(0.0, 100)
    first = controller.log.next_index - 3000
    for number in range(3000):
        controller.on_feedback(TransportFeedback(1, 2, first + number & 0xFFFF, 0, [4000], True), 0.2)
    assert controller.log.highest_told < first + 300
    controller.on_feedback(TransportFeedback(1, 2, first + 2999 & 0xFFFF, 0, [8000], True), 1.3)
    assert controller.log.in_flight_bytes == 0, "the next second counts anew"
