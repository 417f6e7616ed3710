"""Links that go away and come back: the picture of the present within a second, in virtual time."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from tests.scenarios.twin.figures import Figures
from tests.scenarios.twin.lesson import Classroom, Lesson
from tests.scenarios.twin.links import with_outages
from tests.scenarios.twin.run import follow

CHEAP = ("q", "h")  # a camera of fewer lines: the third layer has no part in this and costs most of the time


def _watch(
    seed: int, *outages: tuple[float, float], seconds: float, rids: Collection[str] = CHEAP, **ways: bool
) -> tuple[Figures, Classroom]:
    lesson = Lesson(seed, rids)
    classroom = lesson.join(with_outages(*outages, **ways))
    return follow(lesson, classroom, seconds), classroom


def _present_is_seen_after(classroom: Classroom, end: float) -> float:
    """Return how long after `end` (s of the trace) a picture was shown that was taken at most a second before it."""
    back = classroom.joined_at + end
    return min(frame.at for frame in classroom.video.shown if frame.at > back and frame.captured_at > back - 1.0) - back


def _made_up_after(classroom: Classroom, at: float) -> float:
    """Return how many seconds of sound were made up after `at` (s of the trace)."""
    return sum(seconds for when, seconds in classroom.audio.concealments if when - classroom.joined_at > at)


@pytest.mark.parametrize(("seed", "length"), [(1, 1.0), (2, 3.0), (3, 10.0)])
def test_after_an_outage_picture_and_sound_are_back_within_a_second(seed: int, length: float) -> None:
    end = 4.0 + length
    figures, classroom = _watch(seed, (4.0, end), seconds=end + 3.0)
    assert _present_is_seen_after(classroom, end) <= 2.5
    assert sum(after - before for before, after in figures.stalls) <= length + 2.5
    assert _made_up_after(classroom, end + 1.0) <= 0.3
    assert figures.corrupt == 0
    into = [sample.sent_kbps for sample in figures.series if 6.0 < sample.at_s <= end]
    assert not into or sum(into) / len(into) <= 200, "little is sent meanwhile: sound and a trickle"


def test_after_a_minute_away_it_is_the_same() -> None:
    _, classroom = _watch(4, (3.0, 63.0), seconds=66.0, rids=("q",))
    assert _present_is_seen_after(classroom, 63.0) <= 2.5
    assert _made_up_after(classroom, 64.0) <= 0.3


def test_a_silent_way_up_does_not_take_the_sound_that_still_arrives() -> None:
    figures, classroom = _watch(6, (4.0, 8.0), seconds=11.0, down=False)
    during = [seconds for when, seconds in classroom.audio.concealments if 4 < when - classroom.joined_at < 8]
    assert sum(during) <= 0.2
    shown = [frame.at - classroom.joined_at for frame in classroom.video.shown]
    assert min(at for at in shown if at > 8.0) <= 9.0
    assert figures.corrupt == 0


def test_a_silent_way_down_is_an_outage_although_the_receiver_is_heard() -> None:
    figures, classroom = _watch(7, (4.0, 8.0), seconds=11.0, up=False)
    assert _present_is_seen_after(classroom, 8.0) <= 2.5
    assert sum(after - before for before, after in figures.stalls) <= 5.5
