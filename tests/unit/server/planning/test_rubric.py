"""The rubric that comes with the system."""

from __future__ import annotations

from pathlib import Path

from server.planning.reviews.rubric import DEFAULT, check_rubric

ENGLISH = Path(__file__).parents[4] / "web" / "src" / "reviews" / "shipped.ts"


def test_every_word_of_the_default_rubric_has_its_english() -> None:
    check_rubric(DEFAULT)
    words = {DEFAULT.title, DEFAULT.note, *DEFAULT.levels}
    words |= {word for one in DEFAULT.items for word in (one.area, one.text, one.hint)}
    known = ENGLISH.read_text()
    assert not [word for word in words if f"{word}:" not in known and f"'{word}':" not in known]
