"""How long pictures are held back."""

from __future__ import annotations

import itertools

import pytest

from media.playout_delay import NO_WISH_MS, PlayoutDelay, wanted_delay_s


@pytest.mark.parametrize(
    ("loss", "rtt_ms", "packets", "delay_ms"),
    [  # media.md §2.9, for two packets a frame: 10 % and 100 ms lead to 320, 20 % and 300 ms to 630
        (0.10, 100, 2, 320),
        (0.20, 300, 2, 630),
        (0.01, 100, 2, 100),
        (0.009, 100, 2, 0),
        (0.0, 900, 9, 0),
        (0.5, 300, 4, 850),
        (1.0, 300, 4, 850),
        (0.05, 60, 0.0, 170),
        (float("nan"), 60, 1, 0),
    ],
)
def test_the_delay_of_each_link(loss: float, rtt_ms: float, packets: float, delay_ms: float) -> None:
    assert wanted_delay_s(loss, rtt_ms / 1000, 0.0, packets) * 1000 == pytest.approx(delay_ms)


def raised(loss: float = 0.1, *, now: float = 0.0) -> PlayoutDelay:
    """Return a delay that had the time to rise."""
    delay = PlayoutDelay()
    steps(delay, 5, now - 5, loss=loss)
    return delay


def steps(delay: PlayoutDelay, seconds: float, start: float, *, loss: float = 0.1, talks: bool = False) -> list[int]:
    """Return the least delays of the next seconds, four times a second."""
    return [
        delay.update(loss=loss, rtt_s=0.1, jitter_s=0.0, packets_per_frame=2, now=start + n / 4, is_conversation=talks)[
            0
        ]
        for n in range(round(seconds * 4))
    ]


def test_it_rises_quickly_and_falls_by_fifty_milliseconds_a_second() -> None:
    delay = PlayoutDelay()
    assert steps(delay, 1, 0) == [200, 240, 280, 310]
    assert delay.update(loss=0.1, rtt_s=0.1, jitter_s=0.0, packets_per_frame=2, now=1) == (310, 1310)
    falling = steps(delay, 10, 1.25, loss=0)
    assert falling == sorted(falling, reverse=True)
    assert falling[0] >= 300
    assert falling[12] in range(150, 201), "3 s later"
    assert falling[-1] == 0
    assert delay.update(loss=0, rtt_s=0.1, jitter_s=0.0, packets_per_frame=2, now=20) == NO_WISH_MS
    assert len(set(falling)) <= 8, "told in few steps"


def test_a_long_delay_comes_by_and_by_since_a_leap_is_a_picture_that_stands() -> None:
    delay = PlayoutDelay()
    told = [
        delay.update(loss=0.0, rtt_s=0.1, jitter_s=1.2, packets_per_frame=2, now=n / 4, is_conversation=False)[0]
        for n in range(32)
    ]
    assert told[0] == 200
    assert max(after - before for before, after in itertools.pairwise(told)) <= 40
    assert told[-1] >= 1_150


def test_pictures_that_are_far_apart_let_it_leap_less() -> None:
    told = [
        PlayoutDelay().update(loss=0.0, rtt_s=0.1, jitter_s=1.2, packets_per_frame=2, now=0, frame_s=frame_s)[0]
        for frame_s in (0.04, 0.14, 0.29, 2.0)
    ]
    assert told == [200, 200, 130, 50]


def test_a_conversation_waits_less() -> None:
    delay = raised()
    assert steps(delay, 1, 0) == [310] * 4
    assert steps(delay, 1, 1, talks=True) == [250] * 4
    assert steps(delay, 1, 2)[-1] >= 300


def test_small_rises_are_not_worth_a_change() -> None:
    delay = raised()
    told = {
        delay.update(loss=0.1, rtt_s=0.1 + n / 1000, jitter_s=0.0, packets_per_frame=2, now=n / 4)[0] for n in range(25)
    }
    assert len(told) <= 3, "for 25 wishes"


def test_a_clock_that_jumps_back_lowers_nothing() -> None:
    delay = PlayoutDelay()
    steps(delay, 1, 100)
    assert steps(delay, 0.25, 0, loss=0)[0] >= 310
