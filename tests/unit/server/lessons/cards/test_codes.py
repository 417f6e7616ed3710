from __future__ import annotations

from pathlib import Path

import pytest

from server.lessons.cards.codes import codes, modules
from signaling.messages import MAX_PUPILS

WEB = Path(__file__).parents[5] / "web/src/cards/codes.json"
Grid = tuple[tuple[bool, ...], ...]


def _quarter_turn(grid: Grid) -> Grid:
    """Counter-clockwise: what was right is up."""
    return tuple(zip(*grid, strict=True))[::-1]


def _turns(grid: Grid) -> list[Grid]:
    turns = [grid]
    for _ in range(3):
        turns.append(_quarter_turn(turns[-1]))
    return turns


def _word(grid: Grid) -> int:
    return int("".join("01"[module] for row in grid for module in row), 2)


def test_the_printing_server_and_the_reading_browser_have_the_same_markers() -> None:
    package = Path(__file__).parents[5] / "server/lessons/cards/codes.json"
    assert WEB.read_bytes() == package.read_bytes()


def test_every_pupil_of_the_largest_class_has_a_card() -> None:
    assert len(codes().words) == MAX_PUPILS
    with pytest.raises(IndexError):
        modules(MAX_PUPILS)


def test_no_two_turned_cards_are_nearer_than_the_stated_distance() -> None:
    seen = [_word(turn) for card in range(len(codes().words)) for turn in _turns(modules(card))]
    least = min((one ^ other).bit_count() for at, one in enumerate(seen) for other in seen[:at])
    assert least == codes().distance == 8


def test_no_card_seen_through_the_paper_is_near_another() -> None:
    straight = [_word(turn) for card in range(len(codes().words)) for turn in _turns(modules(card))]
    mirrored = [_word(tuple(row[::-1] for row in modules(card))) for card in range(len(codes().words))]
    assert min((one ^ other).bit_count() for one in straight for other in mirrored) >= codes().mirror_distance >= 6


def test_a_marker_has_a_black_frame() -> None:
    grid = modules(0)
    assert len(grid) == 7
    assert all(grid[0]) and all(grid[-1]) and all(row[0] and row[-1] for row in grid)
