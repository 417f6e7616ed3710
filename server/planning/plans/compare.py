"""Two texts of a plan laid side by side: first by lines, then, inside a line that was changed, by letters. Pure.

Chinese has no spaces, so that letters are compared; a line that shares less than half its letters with the other is
shown as taken out and put in, which reads better than scattered letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

import msgspec

MAX_LETTERS = 4_000  # of a line that is compared by letters: the matcher's time grows with the square
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
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a0, a1, b0, b1 in matcher.get_opcodes():
        old, new = tuple(before[a0:a1]), tuple(after[b0:b1])
        match tag:
            case "equal":
                found.append(Change("same", old, new))
            case "delete":
                found.append(Change("removed", old, ()))
            case "insert":
                found.append(Change("added", (), new))
            case _:
                found += _replaced(old, new)
    return found


def _replaced(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    """Pair lines that are alike, in order; what has no partner went or came."""
    at = 0
    for line in old:
        partner = next((place for place in range(at, len(new)) if _alike(line, new[place])), None)
        if partner is None:
            yield Change("removed", (line,), ())
            continue
        if partner > at:
            yield Change("added", (), new[at:partner])
        yield Change("changed", (line,), (new[partner],), tuple(_parts(line, new[partner])))
        at = partner + 1
    if at < len(new):
        yield Change("added", (), new[at:])


def _alike(one: str, other: str) -> bool:
    if not one or not other or max(len(one), len(other)) > MAX_LETTERS:
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _parts(old: str, new: str) -> Iterator[Part]:
    for tag, a0, a1, b0, b1 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Part("same", old[a0:a1])
            continue
        if a1 > a0:
            yield Part("removed", old[a0:a1])
        if b1 > b0:
            yield Part("added", new[b0:b1])
