"""Where two sequences differ, in a time that does not grow with the square of their length. Pure.

`difflib` lays every member to every equal one: of two plans with ten thousand empty paragraphs, a hundred million
times.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

_LEVELS = 6  # how often what lies between two members that stay is looked at again; each takes n log n


class Stretch(NamedTuple):
    """What stands at [a0, a1) becomes what is wanted at [b0, b1)."""

    a0: int
    a1: int
    b0: int
    b1: int


def differences(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Stretch]:
    """Return where two sequences differ, in order. O(n log n), however many of their members are equal.

    Equal ends are taken off. Between them, what stands there once on both sides is paired; when nothing does, the first
    `x` with the first, the second with the second, and so on. The longest run of pairs that goes forward on both sides
    stays, and between two of them it is done again, a few times. So a sentence keeps its place before an empty line
    does, and it may be less than the longest common subsequence, which takes a square.
    """
    found: list[Stretch] = []
    waiting = [(Stretch(0, len(old), 0, len(new)), _LEVELS)]
    while waiting:
        stretch, levels = waiting.pop()
        stretch = a0, a1, b0, b1 = trimmed(old, new, stretch)
        if a0 == a1 and b0 == b1:
            continue
        pairs = _forward(_pairs(old, new, stretch)) if levels and a0 < a1 and b0 < b1 else []
        if not pairs:
            found.append(stretch)
            continue
        between = []
        for a, b in [*pairs, (a1, b1)]:
            between.append((Stretch(a0, a, b0, b), levels - 1))
            a0, b0 = a + 1, b + 1
        waiting += reversed(between)
    return found


def trimmed(old: Sequence[object], new: Sequence[object], stretch: Stretch) -> Stretch:
    """Return the stretch without what is equal at its ends."""
    a0, a1, b0, b1 = stretch
    while a0 < a1 and b0 < b1 and old[a0] == new[b0]:
        a0, b0 = a0 + 1, b0 + 1
    while a0 < a1 and b0 < b1 and old[a1 - 1] == new[b1 - 1]:
        a1, b1 = a1 - 1, b1 - 1
    return Stretch(a0, a1, b0, b1)


def _pairs(old: Sequence[Hashable], new: Sequence[Hashable], stretch: Stretch) -> Iterator[tuple[int, int]]:
    a0, a1, b0, b1 = stretch
    many = Counter(old[a0:a1])
    places: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for b in range(b0, b1):
        places[new[b]].append(b)
    once = {one for one, found in places.items() if len(found) == many[one] == 1}
    for a in range(a0, a1):
        if (not once or old[a] in once) and (left := places.get(old[a])):
            yield a, left.popleft()


def _forward(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest run of pairs, given by their first number, whose second numbers go up (patience sorting)."""
    lasts: list[int] = []  # the smallest second number that a run of so many pairs ends with
    ends: list[int] = []  # which pair that is
    before: list[int] = []  # which pair comes before a pair in its run
    all_pairs = list(pairs)
    for place, (_, b) in enumerate(all_pairs):
        length = bisect_left(lasts, b)
        before.append(ends[length - 1] if length else -1)
        lasts[length : length + 1] = [b]
        ends[length : length + 1] = [place]
    run: list[tuple[int, int]] = []
    place = ends[-1] if ends else -1
    while place >= 0:
        run.append(all_pairs[place])
        place = before[place]
    return run[::-1]
