"""When a receiver is told to hold pictures back, and when to learn their time anew."""

from __future__ import annotations

import random

from media.bwe.controller import LinkController
from media.bwe.link_state import LinkState
from media.playout import Playout
from media.playout_delay import NO_WISH_MS


class Watched:
    """A `Playout` in virtual time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.playout = Playout(0.0)
        self.link = LinkController(random.Random(1), 0.0)
        self.restarts: list[float] = []

    def play(self, seconds: float, *, queue_s: float = 0.0, state: LinkState = LinkState.NORMAL) -> None:
        self.link.queue_s, self.link.state = queue_s, state
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            if self.playout.update(
                self.link, self.now, packets_per_frame=2, frame_s=0.1, is_conversation=False, is_scarce=False
            ):
                self.restarts.append(self.now)

    @property
    def least_ms(self) -> int:
        return self.playout.delay_ms[0]


def test_a_calm_link_is_told_nothing() -> None:
    watched = Watched()
    watched.play(60, queue_s=0.01)
    assert watched.playout.delay_ms == NO_WISH_MS
    assert watched.restarts == []


def test_a_queue_that_comes_and_goes_is_held_back_for_and_bends_no_line() -> None:
    watched = Watched()
    watched.play(60)
    for _ in range(5):
        watched.play(1.0, queue_s=0.4)
        watched.play(10.0)
    assert 1_200 <= watched.least_ms <= 1_700, "four times the queue, fading"
    assert watched.restarts == []


def test_after_a_long_queue_timing_begins_anew_once_it_is_calm_for_a_second() -> None:
    watched = Watched()
    watched.play(30)
    watched.play(12, queue_s=3.0)
    assert watched.restarts == [], "not while pictures come late"
    watched.play(10)
    assert watched.restarts == [43.0]
    assert 0 < watched.least_ms < 2_000, "what was held back grows again from nothing"
    watched.play(120)
    assert watched.restarts == [43.0]


def test_after_a_silence_timing_begins_anew_too() -> None:
    watched = Watched()
    watched.play(30)
    watched.play(5, state=LinkState.OUTAGE)
    watched.play(2, state=LinkState.RECOVER)
    assert watched.restarts == []
    watched.play(3)
    assert watched.restarts == [38.0]


def test_a_queue_for_good_is_the_path_and_not_waited_for() -> None:
    watched = Watched()
    watched.play(10)
    watched.play(120, queue_s=0.6)
    assert 1 <= len(watched.restarts) <= 2


def test_a_picture_after_a_pause_is_shown_at_once() -> None:
    watched = Watched()
    watched.play(10)
    watched.play(1, queue_s=0.4)
    watched.play(10)
    assert watched.least_ms > 1_000
    watched.playout.begin_anew()
    assert watched.playout.delay_ms == NO_WISH_MS
    watched.play(0.25)
    assert watched.least_ms == 200, "and held back by and by"


def test_a_clock_that_jumps_restarts_nothing() -> None:
    watched = Watched()
    watched.play(10)
    watched.now += 86_400
    watched.play(5)
    watched.now -= 90_000
    watched.play(5)
    assert watched.restarts == []
