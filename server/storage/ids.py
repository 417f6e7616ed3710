"""Identifiers: short, random, and safe to read aloud."""

from __future__ import annotations

import secrets

# [a-z2-9] without the look-alikes i l o (and 0 1): a code is read from a wall and typed on a phone.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 8  # 31**8 = 8.5e11 lessons: guessing one of 10,000 live ones takes 85 million tries
ID_LENGTH = 12  # 31**12 = 7.9e17: no collision to fear in a province


def new_code() -> str:
    """Return a new lesson code."""
    return _random(CODE_LENGTH)


def new_id() -> str:
    """Return a new identifier for a row."""
    return _random(ID_LENGTH)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
