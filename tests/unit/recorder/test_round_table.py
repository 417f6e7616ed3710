"""Who has the floor in a meeting, from how loud everybody was."""

from __future__ import annotations

import pytest

from recorder.round_table import TAKES_MS, TICK_MS, floor_of, is_meeting
from recorder.story import Story

LOUD, QUIET = 0.1, 0.002


def ticks(*runs: tuple[float, float]) -> list[float]:
    """Return levels: so loud for so many seconds, in turn."""
    return [level for seconds, level in runs for _ in range(round(seconds * 1000 / TICK_MS))]


def test_whoever_speaks_for_a_while_has_the_floor_from_where_they_began() -> None:
    lin = ticks((10, LOUD), (10, QUIET), (10, LOUD))
    he = ticks((10, QUIET), (10, LOUD), (10, QUIET))
    floor = floor_of({"lin": lin, "he": he})
    assert [peer for _, peer in floor] == ["lin", "he", "lin"]
    assert floor[0][0] == 0
    assert [ms for ms, _ in floor[1:]] == pytest.approx([10_000, 20_000], abs=TAKES_MS)


def test_a_yes_does_not_take_the_floor() -> None:
    he = ticks((5, QUIET), (0.8, 2 * LOUD), (14.2, QUIET))
    assert floor_of({"lin": ticks((20, LOUD)), "he": he}) == [(0, "lin")]


def test_quiet_people_take_no_floor_and_a_voice_may_end_early() -> None:
    assert floor_of({"lin": ticks((5, QUIET)), "he": ticks((30, QUIET))}) == []
    floor = floor_of({"lin": ticks((5, LOUD)), "he": ticks((5, QUIET), (10, LOUD))})
    assert [peer for _, peer in floor] == ["lin", "he"]
    assert floor_of({}) == []


def test_a_meeting_is_known_by_who_sits_in_it() -> None:
    assert is_meeting(Story(roles={"a": "convener", "b": "member"}))
    assert not is_meeting(Story(roles={"a": "lecturer", "b": "classroom"}))
