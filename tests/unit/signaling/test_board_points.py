"""Points as text: parse∘encode is the identity, pieces join, and nothing else is taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from signaling.board_points import LEAST, MOST, ORIGIN, PRESSURES, Point, decode_points, encode_points

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "board" / "points.json"
COORDINATE = st.one_of(st.integers(LEAST, MOST), st.integers(0, 16_384), st.sampled_from([LEAST, 0, MOST]))
POINTS = st.lists(st.builds(Point, COORDINATE, COORDINATE, st.integers(0, PRESSURES - 1)), max_size=12)
CASES: list[list[Point]] = [
    [],
    [Point(0, 0)],
    [Point(8192, 4608), Point(8199, 4600), Point(8199, 4600), Point(8700, 4100)],
    [Point(100, 100, 3), Point(130, 90, 3), Point(160, 95, 7), Point(161, 96, 0)],
    [Point(LEAST, MOST), Point(MOST, LEAST, 1)],
]


@settings(max_examples=60, deadline=None)
@given(POINTS, st.integers(0, 12))
def test_what_was_written_is_read_whole_and_in_pieces(points: list[Point], at: int) -> None:
    text = encode_points(points)
    assert decode_points(text) == points
    head, tail = points[:at], points[at:]
    last = head[-1] if head else ORIGIN
    assert encode_points(head) + encode_points(tail, last) == text
    assert decode_points(encode_points(tail, last), last) == tail


def test_small_movements_cost_two_characters() -> None:
    assert len(encode_points([Point(103, 97)], Point(100, 100))) == 2
    assert len(encode_points([Point(350, 350)], Point(100, 100))) == 4


@pytest.mark.parametrize("text", ["A", "A$", "gggggggg", "/A", "AA=", "BA", "BAg", "BAI", "光A", "_____AA"])
def test_what_are_no_points_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"point|number"):
        decode_points(text)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ABgh09-_=~", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        points = decode_points(text)
    except ValueError:
        return
    assert decode_points(encode_points(points)) == points


def test_vectors_for_the_browser() -> None:
    assert json.loads(VECTORS.read_text(encoding="utf-8")) == vectors(), (
        "run: python -m tests.unit.signaling.test_board_points"
    )


def vectors() -> list[dict[str, object]]:
    return [{"points": [list(point) for point in case], "text": encode_points(case)} for case in CASES]


if __name__ == "__main__":
    VECTORS.parent.mkdir(parents=True, exist_ok=True)
    VECTORS.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
