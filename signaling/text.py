"""Text that people typed."""

from __future__ import annotations

import unicodedata


def clean_text(text: str) -> str:
    """Return `text` on one line: control characters become spaces, ends are stripped."""
    return "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in text).strip()
