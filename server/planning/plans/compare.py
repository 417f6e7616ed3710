"""Two texts of a plan laid side by side: first by lines, then, inside a line that was changed, by letters. Pure.

Chinese has no spaces, so that letters are compared; a line that shares less than half its letters with the other is
shown as taken out and put in, which reads better than scattered letters. So is what is beyond the effort that a
comparison may take: a plan of thousands of lines that were all rewritten is another plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

import msgspec

from server.planning.plans.differences import differences

MAX_LETTERS = 4_000  # of a line that is compared by letters: the matcher's time grows with the square
MAX_PAIRS = 5_000_000  # letters of changed lines laid to each other, in all: 1.5 s at the worst, in a thread
NEAR = 8  # lines further on in which the partner of a changed line is looked for
ALIKE = 0.5

Kind = Literal["same", "added", "removed", "changed"]


class Part(msgspec.Struct, frozen=True):
    """A stretch of letters inside a line that was changed."""

    kind: Literal["same", "added", "removed"]
    text: str


class Change(msgspec.Struct, frozen=True):
    """A stretch of lines."""

    kind: Kind
    before: tuple[str, ...]
    after: tuple[str, ...]
    parts: tuple[Part, ...] = ()  # of a `changed` line: both in one


def compare(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """Return the two texts, given as lines, as stretches that stayed, came, went or were changed."""
    found: list[Change] = []
    effort, at, there = _Effort(), 0, 0
    for a0, a1, b0, b1 in [*differences(before, after), (len(before), len(before), len(after), len(after))]:
        if at < a0:
            found.append(Change("same", tuple(before[at:a0]), tuple(after[there:b0])))
        old, new = tuple(before[a0:a1]), tuple(after[b0:b1])
        if old and new:
            found += _replaced(old, new, effort)
        elif old or new:
            found.append(Change("removed" if old else "added", old, new))
        at, there = a1, b1
    return found


def _replaced(old: tuple[str, ...], new: tuple[str, ...], effort: _Effort) -> Iterator[Change]:
    """Pair lines that are alike, in order; what has no partner went or came."""
    at = 0
    for line in old:
        near = range(at, min(len(new), at + NEAR))
        partner = next((place for place in near if effort.is_alike(line, new[place])), None)
        if partner is None:
            yield Change("removed", (line,), ())
            continue
        if partner > at:
            yield Change("added", (), new[at:partner])
        yield Change("changed", (line,), (new[partner],), tuple(_parts(line, new[partner])))
        at = partner + 1
    if at < len(new):
        yield Change("added", (), new[at:])


class _Effort:
    """How much may still be compared by letters."""

    def __init__(self) -> None:
        self._left = MAX_PAIRS

    def is_alike(self, one: str, other: str) -> bool:
        """Return whether two lines share half their letters, as far as it may still be looked into."""
        short, long = sorted((len(one), len(other)))
        if long > MAX_LETTERS or 2 * short < ALIKE * (short + long) or not short or self._left <= 0:
            return False
        self._left -= short + long
        matcher = SequenceMatcher(None, one, other, autojunk=False)
        if matcher.quick_ratio() < ALIKE:
            return False
        self._left -= short * long
        return matcher.ratio() >= ALIKE


def _parts(old: str, new: str) -> Iterator[Part]:
    for tag, a0, a1, b0, b1 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Part("same", old[a0:a1])
            continue
        if a1 > a0:
            yield Part("removed", old[a0:a1])
        if b1 > b0:
            yield Part("added", new[b0:b1])
