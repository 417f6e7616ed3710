"""Agreement of raters, against published examples."""

from __future__ import annotations

import random

import pytest

from server.planning.reviews.agreement import agreement, intraclass, ordinal_alpha

# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), example C: 4 observers, 12 units, gaps.
_GAP = 0
KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _GAP, _GAP, _GAP],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _GAP, 3],
    [_GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _GAP],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _GAP],
]
# Shrout & Fleiss (1979), table 2: 6 targets, 4 judges.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def _ratings(by_rater: list[list[int]]) -> dict[str, dict[str, int]]:
    return {
        f"r{rater}": {f"i{item}": value for item, value in enumerate(row) if value != _GAP}
        for rater, row in enumerate(by_rater)
    }


def test_ordinal_alpha_is_the_published_one() -> None:
    found = agreement(_ratings(KRIPPENDORFF))
    assert found.alpha == pytest.approx(0.815, abs=0.0005)
    assert (found.raters, found.items) == (4, 11)
    assert not found.is_small


def test_intraclass_correlations_are_the_published_ones() -> None:
    by_rater = [list(column) for column in zip(*SHROUT_FLEISS, strict=True)]
    single, mean = intraclass(_ratings(by_rater))
    assert single == pytest.approx(0.29, abs=0.005)
    assert mean == pytest.approx(0.62, abs=0.005)


def test_full_agreement_is_one() -> None:
    found = agreement(_ratings([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]))
    assert (found.alpha, found.icc_single, found.exact_pct) == (1.0, 1.0, 100.0)
    assert found.is_small


def test_one_value_for_everything_says_nothing() -> None:
    found = agreement(_ratings([[3, 3, 3], [3, 3, 3]]))
    assert (found.alpha, found.icc_single, found.exact_pct) == (None, None, 100.0)


def test_one_rater_and_nobody_say_nothing() -> None:
    assert agreement(_ratings([[1, 2, 3]])).alpha is None
    assert agreement({}).exact_pct is None


def test_chance_is_about_zero_and_small_numbers_spread_widely() -> None:
    rng = random.Random(7)

    def alpha(items: int) -> float:
        found = ordinal_alpha([[rng.randint(1, 5), rng.randint(1, 5)] for _ in range(items)])
        return 0.0 if found is None else found

    few, many = [alpha(6) for _ in range(60)], [alpha(120) for _ in range(20)]
    assert abs(sum(many) / len(many)) < 0.1
    assert max(few) - min(few) > 0.8 > max(many) - min(many)


def test_who_gave_what_is_not_told_by_item() -> None:
    spreads = agreement({"王": {"a": 5}, "李": {"a": 2}}).spreads
    assert spreads[0].values == (2, 5)
    assert (spreads[0].mean, spreads[0].spread) == (3.5, 3)
