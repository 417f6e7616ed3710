"""Bringing an older tree back into a living document, as an edit like any other. Pure.

A version that is restored is not put in the place of the document: blocks that are the same stay untouched, with
everything that is being written in them at that moment; of a paragraph that differs, what is the same at its begin and
its end stays, with the comments that stand there; only what differs is taken out and put in. So an edit that somebody
makes meanwhile, in words that the restoring leaves alone, survives; in words that it takes out it is gone with them, as
when a colleague deletes a sentence that one is typing in.

All of it takes a time that grows with the plan's length, not with its square, whatever the plan is made of: ten
thousand empty paragraphs are equal to each other a hundred million times.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from server.planning.document import ROOT, Node, Piece, Text, append_pieces, read_tree
from server.planning.plans.differences import Stretch, differences, trimmed

# Of one box; beyond that, all that lies between is one. The library walks to each from the
# box's first child: 256 walks along 20,000 children, the most that a plan has, take 10 ms.
MAX_STRETCHES = 256


def rewrite(doc: Doc[Any], wanted: Node) -> None:
    """Make the document's tree equal to `wanted`, touching no block that is equal already."""
    now = read_tree(doc)
    with doc.transaction():
        _children(doc.get(ROOT, type=XmlFragment), now.children, wanted.children)


def _children(parent: XmlFragment | XmlElement, now: Sequence[Piece], wanted: Sequence[Piece]) -> None:
    children = list(parent.children)
    letters, wanted_letters = ([one for one in some if isinstance(one, Text)] for some in (now, wanted))
    if letters or wanted_letters:
        shared = children[0] if len(children) == 1 else None
        is_plain = len(letters) + len(wanted_letters) == len(now) + len(wanted)
        if isinstance(shared, XmlText) and is_plain and len(shared) == _bytes(letters):
            _letters(shared, letters, wanted_letters)
        else:
            _replace_all(parent, wanted)
        return
    if len(children) != len(now):  # a text without letters is among them
        _replace_all(parent, wanted)
        return
    stretches = differences([_key(one) for one in now], [_key(one) for one in wanted])
    for a0, a1, b0, b1 in reversed(_few(stretches)):  # from the end, so that places before it stay what they are
        alike = 0  # boxes of which only the inside differs
        while a0 + alike < a1 and b0 + alike < b1 and _is_same_box(now[a0 + alike], wanted[b0 + alike]):
            alike += 1
        if a0 + alike < a1:
            del parent.children[a0 + alike : a1]
        if b0 + alike < b1:
            append_pieces(parent, wanted[b0 + alike : b1], a0 + alike)
        for i in range(alike):
            _inside(children[a0 + i], now[a0 + i], wanted[b0 + i])


def _inside(element: object, now: Piece, wanted: Piece) -> None:
    assert isinstance(element, XmlElement) and isinstance(now, Node) and isinstance(wanted, Node)
    _children(element, now.children, wanted.children)


def _is_same_box(one: Piece, other: Piece) -> bool:
    """Return whether only what is in it differs: the same field, the same segment with the same facts."""
    return isinstance(one, Node) and isinstance(other, Node) and (one.kind, one.attrs) == (other.kind, other.attrs)


def _replace_all(parent: XmlFragment | XmlElement, wanted: Sequence[Piece]) -> None:
    if len(parent.children):
        del parent.children[0 : len(parent.children)]
    append_pieces(parent, wanted)


def _letters(shared: XmlText, now: Sequence[Text], wanted: Sequence[Text]) -> None:
    """Make the letters and marks of a shared text those that are wanted, between its ends that are so already."""
    old, new = ([(letter, piece.marks) for piece in some for letter in piece.text] for some in (now, wanted))
    a0, a1, b0, b1 = trimmed(old, new, Stretch(0, len(old), 0, len(new)))
    before, gone = ("".join(letter for letter, _ in some).encode() for some in (old[:a0], old[a0:a1]))
    at = len(before)
    if gone:
        del shared[at : at + len(gone)]
    for marks, run in groupby(new[b0:b1], key=itemgetter(1)):
        words = "".join(letter for letter, _ in run)
        shared.insert(at, words, marks)
        at += len(words.encode())


def _bytes(texts: Sequence[Text]) -> int:
    return sum(len(one.text.encode()) for one in texts)  # the library counts so


def _key(piece: Piece) -> bytes:
    return msgspec.json.encode(piece, order="deterministic")  # attributes come in any order out of the document


def _few(stretches: list[Stretch]) -> list[Stretch]:
    if len(stretches) <= MAX_STRETCHES:
        return stretches
    kept, rest = stretches[: MAX_STRETCHES - 1], stretches[MAX_STRETCHES - 1 :]
    return [*kept, Stretch(rest[0].a0, rest[-1].a1, rest[0].b0, rest[-1].b1)]
