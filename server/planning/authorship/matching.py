"""Where text that appears came from: what is common to two texts, and what was moved.

Pure functions over strings. Authors are strings of the same length as their text, one character an author, so that
slicing both alike keeps them together and costs a copy of memory.

The text holds no white space and no NUL: the first is structure (an Enter, a list, a table cell), which belongs to
nobody, and the second stands here for what was taken already.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

GONE = "\0"
FREE = "\0"  # in a string of authors: nobody yet
MIN_MOVED = 4  # characters: shorter runs that reappear are a coincidence (measured on lesson plans)
_LONG = 16  # characters of a probe for long matches; every second of them lies whole in a match of 24
_ANSWERS = 16  # places where a probe is found that are compared; the same words twenty times over are not a plan
# Characters that one step may look at: 0.1 s. A plan of 25,000 characters that is written anew needs 80 million; of
# what is larger, only the nearest part is compared, and what was not found belongs to whoever inserted it.
BUDGET = 100_000_000
_SIFT = 64  # characters left to explain from which on an index of the donors pays for itself
_SMALL_REACH = 4_000  # characters of the donor in which matches shorter than `_LONG` are looked for
_MAX_ALIGNED = 200  # characters of both sides that are aligned in order: quadratic
_MAX_SHORT = 4_000  # short runs of one step: more than the cells of the largest table; each costs a copy of the text
_MAX_REORDERED = 2_000  # characters that are put back one by one, as after the columns of a table changed places
_PIECE = re.compile(r"[^\0]+")


@dataclass(slots=True)
class Cut:
    """Text that was deleted in one go, and its authors; what was claimed since is blanked."""

    text: str  # empty: all of it was claimed
    authors: str
    at: int = -1  # where it stood, in today's text; -1: no longer known
    by: str = FREE  # who deleted it
    born: int = 0  # the step in which it was deleted


def common_ends(old: str, new: str) -> tuple[int, int]:
    """Return the lengths of the common beginning and, after that, of the common end."""
    start = common(old, new)
    return start, common(old, new, min(len(old), len(new)) - start, from_end=True)


def common(old: str, new: str, limit: int | None = None, *, from_end: bool = False) -> int:
    """Return how many characters both begin, or end, with: `limit` at the most."""
    low, high = 0, min(len(old), len(new)) if limit is None else limit  # `low` are known to be the same
    while low < high:
        middle = (low + high + 1) // 2
        if from_end:
            is_same = old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]
        else:
            is_same = old[low:middle] == new[low:middle]
        low, high = (middle, high) if is_same else (low, middle - 1)
    return low


def places(text: str, probe: str, reach: int) -> Iterator[int]:
    """Yield where the probe stands among the first `reach` characters of the text, a few places at the most."""
    at = text.find(probe, 0, reach)
    for _ in range(_ANSWERS):
        if at < 0:
            return
        yield at
        at = text.find(probe, at + 1, reach)


class Donors:
    """Texts that may have moved: what this step deleted, then earlier deletions, the newest first."""

    def __init__(self, cuts: list[Cut]) -> None:
        self.cuts = cuts
        self._starts: list[int] = []
        at = 0
        for cut in cuts:
            self._starts.append(at)
            at += len(cut.text) + 1
        self.text = GONE.join(cut.text for cut in cuts)

    def authors(self, at: int, length: int) -> str:
        """Return the authors of this run."""
        cut, offset = self._locate(at)
        return cut.authors[offset : offset + length]

    def take(self, at: int, length: int) -> str:
        """Return the authors of this run, which nobody else can take after."""
        cut, offset = self._locate(at)
        blank = GONE * length
        text = cut.text[:offset] + blank + cut.text[offset + length :]
        cut.text = text if text.strip(GONE) else ""
        self.text = self.text[:at] + blank + self.text[at + length :]
        return cut.authors[offset : offset + length]

    def _locate(self, at: int) -> tuple[Cut, int]:
        number = bisect_right(self._starts, at) - 1
        return self.cuts[number], at - self._starts[number]


class Claims:
    """The authors of a fresh text, found piece by piece."""

    def __init__(self, fresh: str) -> None:
        self.fresh = fresh
        self.authors = FREE * len(fresh)
        self._given: set[str] = set()  # authors so far: as many as wrote the plan

    def give(self, at: int, authors: str) -> None:
        """Say who wrote the run that begins at `at`."""
        self.authors = self.authors[:at] + authors + self.authors[at + len(authors) :]
        self._given.update(authors)

    def free_around(self, begin: int, end: int) -> tuple[str, str]:
        """Return what nobody has claimed before `begin` and after `end`."""
        low = max((self.authors.rfind(one, 0, begin) for one in self._given), default=-1) + 1
        taken = (at for one in self._given if (at := self.authors.find(one, end)) >= 0)
        return self.fresh[low:begin], self.fresh[end : min(taken, default=len(self.fresh))]

    def gaps(self, shortest: int = 1) -> list[tuple[int, int]]:
        """Return begin and end of each run that nobody has claimed, of this length at least."""
        found = (match.span() for match in re.finditer(FREE + "+", self.authors))
        return [(begin, end) for begin, end in found if end - begin >= shortest]


def inherit(fresh: str, donors: Donors, own: int) -> Claims:
    """Return who wrote what of the fresh text before it moved; `FREE` where nobody did.

    Args:
        fresh: what appeared.
        donors: what disappeared; what is claimed of it is blanked.
        own: how many characters of the donors this same step deleted: among these, runs of any length are kept.
    """
    claims = Claims(fresh)
    if own == len(fresh) and (turn := (donors.text[:own] * 2).find(fresh)) >= 0:  # one block moved, in one step
        authors = donors.take(0, own)
        claims.give(0, authors[turn:] + authors[:turn])
        return claims
    _claim_long(claims, donors)
    _claim_short(claims, donors, own)
    if own:
        _claim_rest(claims, donors, own)
    return claims


def inherit_long(fresh: str, donors: Donors, shortest: int) -> Claims:
    """Return who wrote what of the text, by matches of this many characters and more."""
    claims = Claims(fresh)
    _claim_long(claims, donors, shortest)
    return claims


def _claim_long(claims: Claims, donors: Donors, shortest: int = _LONG) -> None:
    fresh, at = claims.fresh, 0
    reach = min(len(donors.text), BUDGET * _LONG // 2 // (len(fresh) + 1))
    while at + _LONG <= len(fresh):
        best = _longest(claims, donors, at, _LONG, reach)
        if best is None or best[2] < shortest:
            at += _LONG // 2
            continue
        begin, source, length = best
        claims.give(begin, donors.take(source, length))
        at = begin + length


def _claim_short(claims: Claims, donors: Donors, own: int) -> None:
    gaps = claims.gaps(MIN_MOVED)
    left = sum(end - begin for begin, end in gaps)
    reach = min(max(own, _SMALL_REACH), BUDGET // (left + 1))
    index = _grams(donors.text[:reach]) if left > _SIFT else None
    claimed = 0
    for begin, end in gaps:
        at = begin
        while at + MIN_MOVED <= end and claimed < _MAX_SHORT:
            if index is not None and claims.fresh[at : at + MIN_MOVED] not in index:
                at += 1
                continue
            best = _longest(claims, donors, at, MIN_MOVED, reach)
            if best is None:
                at += 1
                continue
            claims.give(best[0], donors.take(best[1], best[2]))
            at = best[0] + best[2]
            claimed += 1


def _grams(text: str) -> set[str]:
    return {text[at : at + MIN_MOVED] for at in range(len(text) - MIN_MOVED + 1)}


def _longest(claims: Claims, donors: Donors, at: int, length: int, reach: int) -> tuple[int, int, int] | None:
    """Return begin, place and length of the longest match around `fresh[at : at + length]`."""
    best: tuple[int, int, int] | None = None
    free: tuple[str, str] | None = None
    for source in places(donors.text, claims.fresh[at : at + length], reach):
        free = free or claims.free_around(at, at + length)
        before, after = free
        beyond = source + length
        left = common(donors.text[max(0, source - len(before)) : source], before, from_end=True)
        right = common(donors.text[beyond : beyond + len(after)], after)
        if best is None or left + length + right > best[2]:
            best = (at - left, source - left, left + length + right)
    return best


def _claim_rest(claims: Claims, donors: Donors, own: int) -> None:
    """Keep what is left of this very step: short runs in order, and all of it when nothing but order changed."""
    rest = donors.text[:own]
    gaps = claims.gaps()
    short = "".join(claims.fresh[begin:end] for begin, end in gaps)
    if not short:
        return
    if len(short) <= _MAX_REORDERED and Counter(short) == Counter(rest.replace(GONE, "")):
        for begin, end in gaps:
            for at in range(begin, end):
                claims.give(at, donors.take(donors.text.find(claims.fresh[at], 0, own), 1))
        return
    left = _PIECE.findall(rest)
    if len(short) > _MAX_ALIGNED or sum(map(len, left)) > _MAX_ALIGNED:
        return
    places = [at for at, character in enumerate(rest) if character != GONE]
    kept = "".join(left)
    fresh_places = [at for begin, end in gaps for at in range(begin, end)]
    for block in SequenceMatcher(None, kept, short, autojunk=False).get_matching_blocks():
        if block.size < 2:  # a single character in common is a coincidence
            continue
        for step in range(block.size):
            claims.give(fresh_places[block.b + step], donors.take(places[block.a + step], 1))
