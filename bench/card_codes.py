"""The markers of the answer cards: `python -m bench.card_codes` searches them, prints one line, `--write` stores them.

A marker is a black frame of one module round 5 × 5 modules; the word of a card is its 25 bits from the top left, row by
row, the first bit the most significant, 1 = white. The search draws words from a seeded generator and takes each that
keeps its distance from all that were taken: eight bits from every quarter turn of every other card and from its own
turned copies, so that three wrong bits still leave no doubt, and six bits from every mirror image, because a card held
the wrong way round before a window shows its mirror image through the paper. Words with a lone bit (none of its four
neighbours like it) are passed over: a lone bit is the first thing that blur takes away.

Both copies of the file, for the printing server and for the reading browser, are written here; tests compare them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).parents[1]
FILES = (ROOT / "server/lessons/cards/codes.json", ROOT / "web/src/cards/codes.json")

BITS = 5  # a side; 4 × 4 has no 60 words with distance 6, 6 × 6 needs smaller modules at the same paper size
CARDS = 60  # signaling.class_list.MAX_PUPILS
SEED = 20261122
DISTANCE = 8  # of 25 bits, over all quarter turns; 9 was not found
MIRROR_DISTANCE = 6
DRAWN = 4_000_000
BALANCE = (9, 16)  # white bits: a marker nearly all black or white is soon mistaken for a window or a door

Words = npt.NDArray[np.uint32]
Turn = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]


def moved(words: Words, turn: Turn) -> Words:
    """Return the words of the markers after `turn` moved their modules."""
    places = turn(np.arange(BITS * BITS).reshape(BITS, BITS)).reshape(-1)
    out = np.zeros_like(words)
    for to, source in enumerate(places):
        bit = (words >> np.uint32(BITS * BITS - 1 - int(source))) & np.uint32(1)
        out |= bit << np.uint32(BITS * BITS - 1 - to)
    return out


def turns(words: Words) -> list[Words]:
    """Return the words as seen with each of the four edges up: 1 is the right one, come up counter-clockwise."""
    return [moved(words, lambda a, k=k: np.rot90(a, k)) for k in range(4)]  # type: ignore[misc]


def mirrors(words: Words) -> list[Words]:
    """Return the words as seen through the paper, in four turns."""
    return [moved(words, lambda a, k=k: np.rot90(np.fliplr(a), k)) for k in range(4)]  # type: ignore[misc]


def has_lone_bit(words: Words) -> npt.NDArray[np.bool_]:
    """Return which words have a module unlike all four neighbours; the frame counts as black."""
    side = BITS + 2
    grid = np.zeros((len(words), side, side), bool)
    for place in range(BITS * BITS):
        row, column = divmod(place, BITS)
        grid[:, row + 1, column + 1] = (words >> np.uint32(BITS * BITS - 1 - place)) & np.uint32(1)
    inner = grid[:, 1:-1, 1:-1]
    alike = (inner == grid[:, :-2, 1:-1]) | (inner == grid[:, 2:, 1:-1])
    alike |= (inner == grid[:, 1:-1, :-2]) | (inner == grid[:, 1:-1, 2:])
    return np.asarray(~alike.all(axis=(1, 2)))


def search(seed: int = SEED) -> list[int]:
    """Return the first words that keep their distances, in the order in which the seed drew them."""
    draw = random.Random(seed)
    words = np.array([draw.getrandbits(BITS * BITS) for _ in range(DRAWN)], np.uint32)
    white = np.bitwise_count(words)
    # Even words only: their distances are even, so that 7 is 8 for nothing.
    words = words[(white % 2 == 0) & (white >= BALANCE[0]) & (white <= BALANCE[1])]
    words = words[~has_lone_bit(words)]
    words = _keep_to_themselves(words)
    taken: list[int] = []
    while len(words) and len(taken) < CARDS:
        one = words[:1]
        taken.append(int(one[0]))
        keep = np.ones(len(words), bool)
        for seen, least in _rules(one):
            keep &= np.bitwise_count(words ^ seen[0]) >= least
        words = words[keep]
    return taken


def _rules(words: Words) -> list[tuple[Words, int]]:
    return [(seen, DISTANCE) for seen in turns(words)] + [(seen, MIRROR_DISTANCE) for seen in mirrors(words)]


def _keep_to_themselves(words: Words) -> Words:
    keep = np.ones(len(words), bool)
    for seen, least in _rules(words)[1:]:
        keep &= np.bitwise_count(words ^ seen) >= least
    return words[keep]


def main() -> int:
    """Search; 1 when there are fewer words than cards, or the stored files differ."""
    parser = argparse.ArgumentParser(description="search the markers of the answer cards")
    parser.add_argument("--write", action="store_true", help="store them for the server and the web client")
    given = parser.parse_args()
    words = search()
    text = json.dumps({"bits": BITS, "distance": DISTANCE, "mirror_distance": MIRROR_DISTANCE, "words": words}) + "\n"
    if given.write:
        for file in FILES:
            file.write_text(text)
    is_stored = all(file.exists() and json.loads(file.read_text()) == json.loads(text) for file in FILES)
    print(json.dumps({"bench": "card_codes", "words": len(words), "distance": DISTANCE, "stored": is_stored}))
    return 0 if len(words) == CARDS and is_stored else 1


if __name__ == "__main__":
    sys.exit(main())
