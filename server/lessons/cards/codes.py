"""The markers of the answer cards (twin of web/src/cards/codes.ts; `bench/card_codes.py` searched them)."""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec

LETTERS = "ABCD"
"""The letter of each edge, clockwise from the one above the marker as it is printed."""


class Codes(msgspec.Struct, frozen=True):
    """The stored dictionary. A word: bits from the top left, row by row, the first the most significant, 1 = white."""

    bits: int
    distance: int
    mirror_distance: int
    words: tuple[int, ...]


@cache
def codes() -> Codes:
    """Return the dictionary."""
    return msgspec.json.decode(resources.files(__package__).joinpath("codes.json").read_bytes(), type=Codes)


def modules(card: int) -> tuple[tuple[bool, ...], ...]:
    """Return the marker of a card row by row, its black frame included: True is ink.

    Raises:
        IndexError: there is no such card.
    """
    known = codes()
    word, bits = known.words[card], known.bits
    frame = (True,) * (bits + 2)
    rows = [
        (True, *(not word >> (bits * bits - 1 - (row * bits + column)) & 1 for column in range(bits)), True)
        for row in range(bits)
    ]
    return (frame, *rows, frame)
