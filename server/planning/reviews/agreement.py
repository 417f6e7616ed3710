"""How far several raters agree. Pure.

Krippendorff's alpha for ordinal data is what is shown: it takes any number of raters and bears items that somebody did
not rate (K. Krippendorff, *Content Analysis*, 4th ed., ch. 12). Beside it stand the intraclass correlation ICC(2,1)
and ICC(2,k) of the items that everybody rated (Shrout & Fleiss 1979, two-way random, absolute agreement). 1 is full
agreement, 0 what chance would give, below 0 worse than chance. With few raters or items both say little: `is_small`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, permutations

import msgspec

Ratings = Mapping[str, Mapping[str, int]]  # rater: item: value

ENOUGH_RATERS = 3  # below it one person's habit is half of the figure
ENOUGH_ITEMS = 10  # below it alpha's 95 % interval is wider than ±0.3 (simulated in tests: see docs/reviews.md)
GOOD, TENTATIVE = 0.8, 0.667  # Krippendorff's own bounds


class ItemSpread(msgspec.Struct, frozen=True):
    """What raters gave one item."""

    item: str
    values: tuple[int, ...]  # in ascending order; whose they are is not told
    mean: float
    spread: int  # the largest difference


class Agreement(msgspec.Struct, frozen=True):
    """How far the raters of a review agree."""

    raters: int
    items: int  # that at least two rated
    alpha: float | None  # None: nothing to compare, or everybody gave everything the same
    icc_single: float | None
    icc_mean: float | None
    exact_pct: float | None  # of the pairs of scores on one item that are equal
    near_pct: float | None  # that differ by one level at the most
    is_small: bool
    spreads: tuple[ItemSpread, ...]


def agreement(ratings: Ratings) -> Agreement:
    """Return how far raters agree; the caller leaves out who has not handed in."""
    units = _units(ratings)
    compared = {item: values for item, values in units.items() if len(values) >= 2}
    pairs = [abs(a - b) for values in compared.values() for a, b in combinations(values, 2)]
    single, mean = intraclass(ratings)
    return Agreement(
        raters=len(ratings),
        items=len(compared),
        alpha=_rounded(ordinal_alpha(list(compared.values()))),
        icc_single=_rounded(single),
        icc_mean=_rounded(mean),
        exact_pct=_share(pairs, 0),
        near_pct=_share(pairs, 1),
        is_small=len(ratings) < ENOUGH_RATERS or len(compared) < ENOUGH_ITEMS,
        spreads=tuple(
            ItemSpread(item, tuple(sorted(values)), round(sum(values) / len(values), 2), max(values) - min(values))
            for item, values in units.items()
        ),
    )


def ordinal_alpha(units: Sequence[Sequence[int]]) -> float | None:
    """Return Krippendorff's alpha with the ordinal metric.

    Args:
        units: the values that each unit was given, in no order; those with less than two say nothing.
    """
    weights: dict[tuple[int, int], float] = {}
    for values in units:
        if len(values) < 2:
            continue
        for pair in permutations(values, 2):
            weights[pair] = weights.get(pair, 0.0) + 1 / (len(values) - 1)
    counts: dict[int, float] = {}
    for (value, _), weight in weights.items():
        counts[value] = counts.get(value, 0.0) + weight
    total = sum(counts.values())
    if len(counts) < 2 or total <= 1:
        return None
    distance = _ordinal_distances(counts)
    observed = sum(weight * distance[pair] for pair, weight in weights.items()) / total
    expected = sum(counts[a] * counts[b] * distance[a, b] for a in counts for b in counts) / (total * (total - 1))
    return 1 - observed / expected


def _ordinal_distances(counts: Mapping[int, float]) -> dict[tuple[int, int], float]:
    """Return the squared distances of ranks: the values between two, and half of these themselves."""
    levels = sorted(counts)
    distances = {}
    for low in range(len(levels)):
        for high in range(low, len(levels)):
            a, b = levels[low], levels[high]
            between = sum(counts[level] for level in levels[low : high + 1]) - (counts[a] + counts[b]) / 2
            distances[a, b] = distances[b, a] = 0.0 if a == b else between**2
    return distances


def intraclass(ratings: Ratings) -> tuple[float | None, float | None]:
    """Return ICC(2,1) and ICC(2,k) of the items that all raters rated; None when there are too few."""
    shared = sorted(set.intersection(*(set(one) for one in ratings.values()))) if ratings else []
    rows = [[float(one[item]) for one in ratings.values()] for item in shared]
    n, k = len(rows), len(ratings)
    if n < 2 or k < 2:
        return None, None
    grand = sum(map(sum, rows)) / (n * k)
    between_items = k * sum((sum(row) / k - grand) ** 2 for row in rows) / (n - 1)
    columns = [sum(row[rater] for row in rows) / n for rater in range(k)]
    between_raters = n * sum((column - grand) ** 2 for column in columns) / (k - 1)
    total = sum((value - grand) ** 2 for row in rows for value in row)
    rest = (total - between_items * (n - 1) - between_raters * (k - 1)) / ((n - 1) * (k - 1))
    bias = (between_raters - rest) / n
    single, mean = between_items + (k - 1) * rest + k * bias, between_items + bias
    if abs(single) < 1e-12 or abs(mean) < 1e-12:  # everybody gave everything the same
        return None, None
    return (between_items - rest) / single, (between_items - rest) / mean


def _units(ratings: Ratings) -> dict[str, list[int]]:
    units: dict[str, list[int]] = {}
    for given in ratings.values():
        for item, value in given.items():
            units.setdefault(item, []).append(value)
    return units


def _share(differences: Sequence[int], at_most: int) -> float | None:
    if not differences:
        return None
    return round(100 * sum(one <= at_most for one in differences) / len(differences), 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
