"""What a page is called: the first line among its largest. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from server.lessons.decks.model import MAX_PAGE_TITLE

NEARLY_LARGEST = 0.8  # of the largest letters: a title in two sizes is still one
_NO_TITLE = frozenset("0123456789/.-—–_·• \t")  # a page's number alone is no title


class Line(NamedTuple):
    """A line of text and the height of its letters."""

    text: str
    height: float


def title_of(lines: Sequence[Line]) -> str:
    """Return the page's title, or an empty text."""
    told = [line for line in lines if not set(line.text) <= _NO_TITLE]
    largest = max((line.height for line in told), default=0.0)
    for line in told:
        if line.height >= largest * NEARLY_LARGEST:
            return short(line.text)
    return ""


def short(text: str) -> str:
    """Return `text` as a title: one line, not too long."""
    plain = " ".join(text.split())
    return plain if len(plain) <= MAX_PAGE_TITLE else plain[: MAX_PAGE_TITLE - 1] + "…"


def clean(text: str) -> str:
    """Return text without what no person wrote: control characters and PDFium's marks for what it cannot map."""
    return "".join(one for one in text if one in "\n\t" or (one.isprintable() and one not in "\ufffe\uffff\ufffd"))
