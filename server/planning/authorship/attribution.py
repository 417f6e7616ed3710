"""Who wrote which character of a plan: kept beside the text, carried on from one state of it to the next.

Theory of operation. The collaborative document cannot say who wrote what: an editor carries out an Enter, a list or a
bold type by deleting text and inserting it again, so that whoever formats becomes the owner (measured: by an Enter in
another's paragraph, 56 of 128 characters left). So authorship is kept by text. After each update the words before and
after are compared; what is unchanged keeps its authors, and of what appeared

1. whatever was deleted in the same step or not long ago (runs of 4 characters and more; of any length when it is put
   back where it was, or when a step changes nothing but order) goes back to who wrote it: an undo, a moved block, a
   row of a table, all cut and pasted back;
2. whatever stands elsewhere in the plan already (20 characters and more) is a copy and nobody's. When the original is
   deleted, the copy inherits its authors: who copies and then deletes has moved, not written;
3. the rest belongs to the author of the update.

Pasting in small pieces or typing off is found out at the end of each insertion, by the same two rules over what stands
before the cursor (8 characters for what was deleted, 20 for copies).

White space is not counted and not compared: an Enter, a list, a cell of a table are structure, and structure is
nobody's. All is decided from the texts, the authors and their order alone, so that a replay of the same updates from
any saved state gives the same result to the character.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple, NewType

import msgspec

from server.planning.authorship.cuts import Cuts
from server.planning.authorship.matching import (
    BUDGET,
    FREE,
    GONE,
    MIN_MOVED,
    Cut,
    Donors,
    common,
    common_ends,
    inherit,
    inherit_long,
    places,
)

Author = NewType("Author", str)  # a person's id, or one of the two below
TEMPLATE = Author("#template")  # what stood there before anybody wrote
COPIED = Author("#copied")
NOBODY = frozenset({TEMPLATE, COPIED})

MIN_COPIED = 20  # characters that stand elsewhere already are a copy: a sentence, not a phrase
_PROBE = MIN_COPIED // 2  # of every 20 characters, one run of 10 that begins at a multiple of 10 lies inside
_RETYPED = 8  # characters before the cursor that were deleted lately: typed off, not written
_OWN_TRIFLE = MIN_MOVED  # fewer characters of one's own are not kept: an input method deletes and types at every key
_FREE_RUNS = re.compile(FREE + "+")
_PIECES = re.compile(f"[^{GONE}]+")


class Run(NamedTuple):
    """Characters in a row of one author."""

    author: Author
    length: int


class Span(NamedTuple):
    """From `begin` up to before `end`, in counted characters."""

    begin: int
    end: int


class _Saved(msgspec.Struct, array_like=True, frozen=True):
    length: int
    crc: int  # of the text that this belongs to
    step: int
    names: list[str]
    runs: list[int]  # author, length, author, length, …
    cuts: list[tuple[str, list[int], int, int, int]]  # text, runs, at, by, born; oldest first


def counted(text: str) -> str:
    """Return the characters that count: all but white space."""
    return "".join(text.replace(GONE, "").split())


class Attribution:
    """The authors of one plan's text. Not safe to share between threads."""

    def __init__(self, text: str = "", author: Author = TEMPLATE) -> None:
        self._names: list[Author] = [TEMPLATE, COPIED]
        self._numbers: dict[Author, str] = {name: _letter(place) for place, name in enumerate(self._names)}
        self._text = counted(text)
        self._authors = self._letter_of(author) * len(self._text)
        self._cuts = Cuts()
        self._step = 0

    # --- a change -------------------------------------------------------------------------------------------------

    def step(self, after: str, author: str, lent: Attribution | None = None) -> None:
        """Carry the authors on to the text `after`, which `author` made of the one before.

        Args:
            after: the plan's plain text; with or without white space is the same.
            author: whom the update is credited to.
            lent: the authors of a version that is brought back by this step: what they wrote stays theirs. Save the
                state after such a step, since a replay of the updates does not know the version.
        """
        new, old = counted(after), self._text
        self._step += 1
        if new == old:
            return
        writer = self._letter_of(Author(author))
        begin, tail = common_ends(old, new)
        removed = Cut(old[begin : len(old) - tail], self._authors[begin : len(old) - tail], begin, writer, self._step)
        fresh = new[begin : len(new) - tail]
        is_joined = not fresh and self._cuts.join(removed)
        self._cuts.follow(begin, len(removed.text), len(fresh))
        authors = self._origin(fresh, removed, lent)
        self._text = new
        self._authors = self._authors[:begin] + authors.replace(FREE, writer) + self._authors[len(old) - tail :]
        for match in _FREE_RUNS.finditer(authors):
            self._disown(begin + match.start(), begin + match.end(), writer)
        if not is_joined and removed.text:
            self._bury(removed, is_replaced=bool(fresh))
        self._cuts.forget(self._step)

    def _origin(self, fresh: str, removed: Cut, lent: Attribution | None) -> str:
        """Return the authors of what appeared as far as it is older than this step; the rest is `FREE`."""
        if not fresh:
            return ""
        if not removed.text and (back := self._cuts.put_back(fresh, removed.at, removed.by)) is not None:
            return back
        donors = [removed] if removed.text else []
        if lent is not None:
            donors.append(Cut(lent._text, lent._authors.translate(self._letters_of(lent))))
        if len(fresh) >= MIN_MOVED:
            donors.extend(self._cuts.newest_first())
        if not donors:
            return FREE * len(fresh)
        return inherit(fresh, Donors(donors), len(removed.text)).authors

    def _bury(self, removed: Cut, *, is_replaced: bool) -> None:
        """Remember what was deleted, unless a copy of it goes on."""
        if len(removed.text) >= MIN_COPIED and self._numbers[COPIED] in self._authors:
            self._bequeath(removed)
        for match in _PIECES.finditer(removed.text):
            text, authors = match.group(), removed.authors[match.start() : match.end()]
            if is_replaced and len(text) < _OWN_TRIFLE and not authors.strip(removed.by):
                continue
            self._cuts.add(Cut(text, authors, removed.at, removed.by, removed.born))

    def _bequeath(self, removed: Cut) -> None:
        """Give copies the authors of the original that is deleted."""
        donors = Donors([removed])
        for match in re.finditer(self._numbers[COPIED] + "+", self._authors):
            begin, end = match.span()
            heirs = inherit_long(self._text[begin:end], donors, MIN_COPIED).authors
            mixed = "".join(now if then == FREE else then for now, then in zip(match.group(), heirs, strict=True))
            self._authors = self._authors[:begin] + mixed + self._authors[end:]

    # --- what is not written though it is new ---------------------------------------------------------------------

    def _disown(self, begin: int, end: int, writer: str) -> None:
        """Take from the writer what he typed off or copied, of the run that he just inserted."""
        if end - begin >= _RETYPED or not self._give_back(end, writer):
            for copy in self._copies(begin, end):
                self._assign(copy, writer, self._numbers[COPIED] * (copy.end - copy.begin))

    def _give_back(self, end: int, writer: str) -> bool:
        """Give what stands before the cursor to its old authors when it was deleted lately; return whether it was."""
        begin = end - _RETYPED
        if begin < 0 or not self._cuts.kept:
            return False
        donors = Donors(self._cuts.newest_first())
        place = next(places(donors.text, self._text[begin:end], len(donors.text)), None)
        if place is None:
            return False
        self._assign(Span(begin, end), writer, donors.authors(place, _RETYPED))
        donors.take(place, 1)  # the next key finds the next character; what is typed off is found once
        return True

    def _copies(self, begin: int, end: int) -> Iterator[Span]:
        """Yield what stands elsewhere too, of the inserted run and of the characters that make a copy with it."""
        low, high = max(0, begin - MIN_COPIED + 1), min(len(self._text), end + MIN_COPIED - 1)
        high = min(high, low + BUDGET // len(self._text) * _PROBE)
        at = low
        while at + _PROBE <= high:
            found = self._copy_at(at, Span(low, high), Span(begin, end))
            if found is not None:
                yield found
            at = max(at + _PROBE, 0 if found is None else found.end)

    def _copy_at(self, at: int, around: Span, inserted: Span) -> Span | None:
        """Return which part of the inserted run is a copy, of the match that covers `at` and the probe after it."""
        text, probe = self._text, self._text[at : at + _PROBE]
        for place in places(text, probe, len(text)):
            if place == at or (place > at and inserted.begin <= place < inserted.end):
                continue  # of two that were inserted together the first is the original
            left = common(text[around.begin : at], text[max(0, place - at + around.begin) : place], from_end=True)
            right = common(text[at + _PROBE : around.end], text[place + _PROBE : place + around.end - at])
            if left + _PROBE + right < MIN_COPIED:
                continue
            begin, end = at - left, at + _PROBE + right
            other = self._authors[place - left : place + _PROBE + right]
            if self._numbers[COPIED] in other:  # itself a copy, perhaps of the very sentence that is mended here
                begin, end = max(begin, inserted.begin), min(end, inserted.end)
            return Span(begin, end) if begin < end else None
        return None

    def _assign(self, span: Span, writer: str, authors: str) -> None:
        """Give the characters of the span that the writer holds to others."""
        held = self._authors[span.begin : span.end]
        mixed = "".join(then if now == writer else now for now, then in zip(held, authors, strict=True))
        self._authors = self._authors[: span.begin] + mixed + self._authors[span.end :]

    # --- what is known --------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """Return the characters that count, of the last step."""
        return self._text

    @property
    def runs(self) -> list[Run]:
        """Return the authors of `text`."""
        return [Run(self._names[_place(one)], len(list(group))) for one, group in groupby(self._authors)]

    def runs_over(self, plain: str) -> list[Run]:
        """Return the authors of the plain text of the last step; white space goes with what stands before it.

        Raises:
            ValueError: it is another text.
        """
        if counted(plain) != self._text:
            raise ValueError("these are the authors of another text")
        letters: list[str] = []
        at = 0
        for character in plain:
            is_counted = not (character.isspace() or character == GONE)
            letters.append(self._authors[at] if is_counted else letters[-1] if letters else self._numbers[TEMPLATE])
            at += is_counted
        return [Run(self._names[_place(one)], len(list(group))) for one, group in groupby(letters)]

    def tally(self, excluded: Iterable[Span] = ()) -> dict[Author, int]:
        """Return how many characters each wrote of what survives, `TEMPLATE` and `COPIED` among them.

        Args:
            excluded: parts of `text` that nobody is credited with, such as what was found in the library.
        """
        authors, at = [], 0
        for span in sorted(excluded):
            authors.append(self._authors[at : span.begin])
            at = max(at, span.end)
        counts = Counter("".join((*authors, self._authors[at:])))
        return {self._names[_place(one)]: count for one, count in sorted(counts.items())}

    def disown(self, spans: Iterable[Span]) -> None:
        """Say of parts of `text` that people are credited with that they are copies from elsewhere."""
        template, copied = self._numbers[TEMPLATE], self._numbers[COPIED]
        for span in spans:
            held = self._authors[span.begin : span.end]
            kept = "".join(one if one == template else copied for one in held)
            self._authors = self._authors[: span.begin] + kept + self._authors[span.end :]

    def shares(self, excluded: Iterable[Span] = ()) -> dict[Author, int]:
        """Return how many characters each person wrote of what survives."""
        return {author: count for author, count in self.tally(excluded).items() if author not in NOBODY}

    # --- keeping --------------------------------------------------------------------------------------------------

    def encode(self) -> bytes:
        """Return the state; the text itself is the document's business."""
        cuts = [(cut.text, _packed(cut.authors), cut.at, _place(cut.by), cut.born) for cut in self._cuts.kept]
        crc = zlib.crc32(self._text.encode())
        names: list[str] = list(self._names)
        saved = _Saved(len(self._text), crc, self._step, names, _packed(self._authors), cuts)
        return zlib.compress(msgspec.msgpack.encode(saved), 1)

    @classmethod
    def decode(cls, data: bytes, text: str) -> Attribution:
        """Return the state that was encoded when the plan's plain text was `text`.

        Raises:
            ValueError: the data are damaged, or belong to another text.
        """
        try:
            saved = msgspec.msgpack.decode(zlib.decompress(data), type=_Saved)
        except (zlib.error, msgspec.MsgspecError) as error:
            raise ValueError("the saved authors cannot be read") from error
        attribution = cls(text)
        if len(attribution._text) != saved.length or zlib.crc32(attribution._text.encode()) != saved.crc:
            raise ValueError("these are the authors of another text")
        attribution._step = saved.step
        attribution._names = [Author(name) for name in saved.names]
        attribution._numbers = {name: _letter(place) for place, name in enumerate(attribution._names)}
        attribution._authors = _unpacked(saved.runs)
        attribution._cuts.kept = [
            Cut(cut, _unpacked(runs), at, _letter(by), born) for cut, runs, at, by, born in saved.cuts
        ]
        return attribution

    def _letter_of(self, author: Author) -> str:
        letter = self._numbers.get(author)
        if letter is None:
            letter = self._numbers[author] = _letter(len(self._names))
            self._names.append(author)
        return letter

    def _letters_of(self, other: Attribution) -> dict[int, str]:
        """Return what the other's letters are called here."""
        return {ord(_letter(place)): self._letter_of(name) for place, name in enumerate(other._names)}


def _letter(place: int) -> str:
    return chr(place + 1)  # 0 is `FREE`


def _place(letter: str) -> int:
    return ord(letter) - 1


def _packed(authors: str) -> list[int]:
    return [number for one, group in groupby(authors) for number in (_place(one), len(list(group)))]


def _unpacked(runs: list[int]) -> str:
    return "".join(_letter(place) * length for place, length in zip(runs[::2], runs[1::2], strict=True))
