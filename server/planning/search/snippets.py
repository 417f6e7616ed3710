"""The piece of a text in which something was found. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from server.planning.search.terms import Term, fold

BEFORE, LENGTH = 20, 90  # characters: two lines of a list on a phone
ELLIPSIS = "…"


class Snippet(msgspec.Struct, frozen=True):
    """A piece of text with the places that are marked in it, each as begin and end."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


def snippet(text: str, terms: Sequence[Term], before: int = BEFORE, length: int = LENGTH) -> Snippet:
    """Return the piece around the first word that is found; the beginning when none is."""
    found = [(at, term.text) for term in terms if (at := _find(text, term.text)) >= 0]
    at = min(found)[0] if found else 0
    begin = max(0, at - before)
    piece = text[begin : begin + length].replace("\n", " ")
    head, tail = ELLIPSIS if begin else "", ELLIPSIS if begin + length < len(text) else ""
    return marked(head + piece + tail, terms)


def marked(text: str, terms: Sequence[Term]) -> Snippet:
    """Return the text with all places of the terms in it, joined where they touch."""
    folded = fold(text)
    places: list[tuple[int, int]] = []
    for term in terms:
        at = folded.find(term.text)
        while at >= 0:
            places.append((at, at + len(term.text)))
            at = folded.find(term.text, at + len(term.text))
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(places):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return Snippet(text, tuple(joined))


def _find(text: str, folded_word: str) -> int:
    at = text.find(folded_word)  # most texts are folded as they are; folding 25,000 characters takes 0.5 ms
    return at if at >= 0 else fold(text).find(folded_word)
