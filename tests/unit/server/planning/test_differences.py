"""Where two sequences differ: rightly, and in a number of steps that grows with their length only."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import pytest

from server.planning.plans.compare import compare
from server.planning.plans.differences import Stretch, differences


def patched(old: Sequence[str], new: Sequence[str], stretches: Sequence[Stretch]) -> str:
    made, at = "", 0
    for a0, a1, b0, b1 in stretches:
        made += "".join(old[at:a0]) + "".join(new[b0:b1])
        at = a1
    return made + "".join(old[at:])


def test_what_differs_put_in_makes_the_other() -> None:
    chance = random.Random(7)
    for _ in range(300):
        old, new = ("".join(chance.choices("甲乙丙丁", k=chance.randrange(14))) for _ in range(2))
        assert patched(old, new, differences(old, new)) == new


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ("甲乙丙", "甲乙丙", []),
        ("甲乙丙", "甲丙", [(1, 2, 1, 1)]),
        ("甲乙丙", "甲丁乙戊丙", [(1, 1, 1, 2), (2, 2, 3, 4)]),
        ("甲··乙··丙", "·甲··乙·丙", [(0, 0, 0, 1), (4, 5, 5, 5)]),  # a line before an empty one
        ("甲乙丙丁戊", "丁甲乙丙戊", [(0, 0, 0, 1), (3, 4, 4, 4)]),  # the fewest move
    ],
)
def test_what_is_the_same_stays(old: str, new: str, expected: list[tuple[int, int, int, int]]) -> None:
    assert differences(old, new) == expected


def steps(work: Callable[[], object]) -> int:
    """Return how many lines of Python run: a time that no machine and nobody beside us changes."""
    count = 0

    def trace(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def empty_between(size: int) -> tuple[str, str]:
    return "甲" + "·" * size + "乙", "丙" + "·" * (size - 1) + "丁"


def every_other_taken_out(size: int) -> tuple[str, str]:
    letters = "".join(chr(0x4E00 + at) for at in range(size))
    return letters, letters[::2]


def shuffled(size: int) -> tuple[str, str]:
    chance = random.Random(1)
    return "".join(chance.choices("甲乙丙", k=size)), "".join(chance.choices("甲乙丙", k=size))


@pytest.mark.parametrize("pair", [empty_between, every_other_taken_out, shuffled])
def test_ten_times_the_lines_take_ten_times_the_steps(pair: Callable[[int], tuple[str, str]]) -> None:
    few, many = (steps(lambda size=size: differences(*pair(size))) for size in (100, 1_000))  # type: ignore[misc]
    assert many < 15 * few < 100 * 1_000


def test_ten_times_the_changed_lines_take_ten_times_the_steps_to_compare() -> None:
    def changed(size: int) -> int:
        before, after = ([f"{side}{number:03}" for number in range(size)] for side in ("甲乙丙丁", "子丑寅卯"))
        return steps(lambda: compare(before, after))

    few, many = changed(30), changed(300)
    assert many < 15 * few
