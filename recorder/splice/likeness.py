"""How far two recordings of the same voice lie apart, by how loud they are from moment to moment. Pure.

The browser's clock and the way through the network differ by some tenths of a second; what was said is the same in
both. Loudness in dB of every 10 ms of one is laid over that of the other at all shifts (Pearson's correlation). The
answer is believed only when it is high and stands out: a hum, silence or a beat that repeats fits at many shifts, and
then nothing is spliced.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from recorder.loudness import RATE, Samples

BIN_MS = 10
FLOOR_DB = -60.0  # what is below is room noise, which is not the same after two encoders
REACH_MS = 3_000  # a lesson's clock in a browser is off by the way of a message: more than this is no clock
LEAST_MS = 3_000  # of both, at one shift: a few words
LEAST_SPREAD_DB = 3.0  # standard deviation: speech has 10, a hum less than 1
CLEAR = 0.7  # the same voice after two encoders: above 0.9; other words of the same voice: below 0.5
AHEAD = 0.12  # of every other shift that is farther away than a syllable
SYLLABLE_MS = 150

_BIN = RATE * BIN_MS // 1000
Levels = np.ndarray[Any, np.dtype[np.float64]]


class Shift(NamedTuple):
    """By how much the second must be moved to lie over the first, and how well it does."""

    ms: float
    likeness: float


def levels(pieces: Iterable[tuple[float, Samples]], start_ms: float, count: int) -> Levels:
    """Return the loudness in dB of `count` bins from `start_ms` on; NaN where nothing is known.

    Args:
        pieces: when each begins in ms, and its samples of 48 kHz.
        start_ms: when the first bin begins.
        count: of bins.
    """
    samples = np.full(count * _BIN, np.nan, np.float32)
    for t_ms, piece in pieces:
        begin = round((t_ms - start_ms) * RATE / 1000)
        first, last = max(0, begin), min(len(samples), begin + len(piece))
        if first < last:
            samples[first:last] = piece[first - begin : last - begin]
    power: Levels = np.mean(samples.reshape(count, _BIN).astype(np.float64) ** 2, axis=1)
    with np.errstate(divide="ignore"):
        found: Levels = np.maximum(10 * np.log10(power), FLOOR_DB)
    return found


def find_shift(ours: Levels, theirs: Levels) -> Shift | None:
    """Return the shift of `theirs`, which begins at the same moment as `ours`, or None when it is not clear."""
    reach = REACH_MS // BIN_MS
    scores = np.array([_likeness(ours, theirs, shift) for shift in range(-reach, reach + 1)])
    best = int(np.argmax(scores))
    if scores[best] < CLEAR or best in (0, len(scores) - 1):
        return None
    syllable = SYLLABLE_MS // BIN_MS
    others = np.concatenate([scores[: max(0, best - syllable)], scores[best + syllable + 1 :]])
    if len(others) and scores[best] - others.max() < AHEAD:
        return None
    return Shift(float(best - reach + _between(*scores[best - 1 : best + 2])) * BIN_MS, float(scores[best]))


def can_tell(ours: Levels, theirs: Levels) -> bool:
    """Return whether there is enough of both, as they lie, to know whether they are the same voice."""
    return _likeness(ours, theirs, 0) > -1.0


def _likeness(ours: Levels, theirs: Levels, shift: int) -> float:
    """Return the correlation of bin n of `theirs` with bin n + `shift` of `ours`; -1 when there is too little."""
    end = min(len(ours), len(theirs) + shift)
    one, other = ours[max(0, shift) : end], theirs[max(0, -shift) : end - shift]
    known = ~(np.isnan(one) | np.isnan(other))
    if int(known.sum()) * BIN_MS < LEAST_MS:
        return -1.0
    one, other = one[known] - one[known].mean(), other[known] - other[known].mean()
    spread_one, spread_other = float(one.std()), float(other.std())
    if min(spread_one, spread_other) < LEAST_SPREAD_DB:
        return -1.0
    return float((one * other).mean()) / (spread_one * spread_other)


def _between(before: float, best: float, after: float) -> float:
    """Return where between its neighbours, -0.5 to 0.5, the top of a parabola through the three lies."""
    if min(before, after) <= -1.0:
        return 0.0
    bend = before - 2 * best + after
    return 0.0 if bend >= 0 else 0.5 * (before - after) / bend
