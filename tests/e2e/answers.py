"""What pupils answer in the end-to-end stories: cards before a camera, taps on a phone, counts."""

from __future__ import annotations

from pathlib import Path

from bench.card_photos import LIGHTS, PAPERS, Truth, photo
from tests.e2e.browser import Screen

SEED = 20261122


def write_room(camera: Path, pictures: int = 1) -> list[Truth]:
    """Write what a phone's camera sees of a class that raises its cards (MJPEG); return which cards those are."""
    shots = [photo(SEED, number, LIGHTS["normal"], PAPERS[2]) for number in range(pictures)]
    camera.write_bytes(b"".join(data for data, _ in shots))
    return shots[0][1]


def name_of(truth: Truth) -> str:
    """Return the name of the pupil who holds this card."""
    return f"学生{truth.card:02d}"


def answered(lecturer: Screen, classroom: str) -> int:
    """Return how many of a classroom have answered, as the lecturer reads it."""
    line = lecturer.page.query_selector(f"[data-classroom='{classroom}'] .bars__head span")
    return int(line.inner_text().split()[1]) if line is not None else 0


def tap(phone: Screen, name: str, letter: str) -> None:
    """Enter a pupil's answer by thumb."""
    phone.page.click(f".answers__row:has-text('{name}') [data-letter={letter}]")
