from __future__ import annotations

import itertools

import pytest

from media.nack import MAX_TRIES, NackGenerator

EDGES = (0, 1, 32767, 65534, 65535)


def feed(generator: NackGenerator, first: int, steps: list[int], now: float = 0.0) -> None:
    for step in steps:
        assert generator.on_packet((first + step) & 0xFFFF, now)


@pytest.mark.parametrize("first", EDGES)
def test_gap_is_asked_for_after_the_reorder_guard(first: int) -> None:
    generator = NackGenerator()
    feed(generator, first, [0, 1, 4])
    assert generator.next_timeout() == pytest.approx(0.010)
    assert generator.on_timeout(0.009) == []
    assert generator.on_timeout(0.010) == [(first + 2) & 0xFFFF, (first + 3) & 0xFFFF]


def test_reordered_packet_is_never_asked_for() -> None:
    generator = NackGenerator()
    feed(generator, 65535, [0, 2])
    feed(generator, 65535, [1], 0.005)
    assert generator.next_timeout() is None
    assert generator.on_timeout(1.0) == []


def test_retries_grow_from_the_round_trip_and_end() -> None:
    generator = NackGenerator(rtt_s=0.1)
    feed(generator, 100, [0, 2])
    asked: list[float] = []
    while (due := generator.next_timeout()) is not None:
        if generator.on_timeout(due):
            asked.append(due)
    gaps = [b - a for a, b in itertools.pairwise(asked)]
    assert len(asked) == MAX_TRIES
    assert gaps[:3] == pytest.approx([0.1, 0.125, 0.15625])
    assert max(gaps) == pytest.approx(0.4)
    assert generator.take_keyframe_wish()
    assert not generator.take_keyframe_wish()


def test_short_round_trip_is_not_asked_faster_than_20_ms() -> None:
    generator = NackGenerator(rtt_s=0.001)
    feed(generator, 100, [0, 2])
    generator.on_timeout(0.010)
    assert generator.next_timeout() == pytest.approx(0.030)


def test_resent_packet_ends_the_asking_and_a_duplicate_is_told() -> None:
    generator = NackGenerator()
    feed(generator, 65534, [0, 2])
    assert generator.on_timeout(0.02) == [65535]
    assert generator.on_packet(65535, 0.1)
    assert not generator.on_packet(65535, 0.2)
    assert not generator.on_packet(65534, 0.2)
    assert generator.next_timeout() is None


def test_wide_gap_is_forgotten_for_a_keyframe() -> None:
    generator = NackGenerator()
    feed(generator, 0, [0, 1002])
    assert generator.next_timeout() is None
    assert generator.take_keyframe_wish()


def test_wide_gap_before_a_keyframe_wants_nothing() -> None:
    generator = NackGenerator()
    feed(generator, 0, [0])
    assert generator.on_packet(1500, 0.0, begins_keyframe=True)
    assert generator.next_timeout() is None
    assert not generator.take_keyframe_wish()


def test_what_lies_before_a_keyframe_is_asked_for_once() -> None:
    generator = NackGenerator()
    feed(generator, 0, [0, 2])
    assert generator.on_packet(3, 0.0, begins_keyframe=True)
    assert generator.on_timeout(0.010) == [1]
    assert generator.on_timeout(1.0) == []
    assert generator.next_timeout() is None
    assert not generator.take_keyframe_wish()
