"""Bringing an older tree back into a living document, as an edit like any other. Pure.

A version that is restored is not put in the place of the document: blocks that are the same stay untouched, with
everything that is being written in them at that moment; only what differs is taken out and put in. So an edit that
somebody makes meanwhile, in a block that the restoring leaves alone, survives; in a block that it takes out, the words
are gone with the block, as when a colleague deletes a paragraph that one is typing in, and stand in the version that
is made just before.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

import msgspec
from pycrdt import Doc, XmlElement, XmlFragment

from server.planning.document import ROOT, Node, Piece, append_pieces, read_tree


def rewrite(doc: Doc[Any], wanted: Node) -> None:
    """Make the document's tree equal to `wanted`, touching no block that is equal already."""
    now = read_tree(doc)
    with doc.transaction():
        _children(doc.get(ROOT, type=XmlFragment), now.children, wanted.children)


def _children(parent: XmlFragment | XmlElement, now: Sequence[Piece], wanted: Sequence[Piece]) -> None:
    if any(not isinstance(one, Node) for one in (*now, *wanted)):
        _replace_all(parent, wanted)
        return
    old, new = [_key(one) for one in now], [_key(one) for one in wanted]
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for tag, a0, a1, b0, b1 in reversed(opcodes):  # from the end, so that places before it stay what they are
        if tag == "equal":
            continue
        if (
            tag == "replace"
            and a1 - a0 == b1 - b0
            and all(_is_same_box(now[a0 + i], wanted[b0 + i]) for i in range(a1 - a0))
        ):
            for i in reversed(range(a1 - a0)):
                _inside(parent, a0 + i, now[a0 + i], wanted[b0 + i])
            continue
        if a1 > a0:
            del parent.children[a0:a1]
        if b1 > b0:
            append_pieces(parent, wanted[b0:b1], a0)


def _inside(parent: XmlFragment | XmlElement, index: int, now: Piece, wanted: Piece) -> None:
    element = parent.children[index]
    assert isinstance(element, XmlElement) and isinstance(now, Node) and isinstance(wanted, Node)
    _children(element, now.children, wanted.children)


def _is_same_box(one: Piece, other: Piece) -> bool:
    """Return whether only what is in it differs: the same field, the same segment with the same facts."""
    return isinstance(one, Node) and isinstance(other, Node) and (one.kind, one.attrs) == (other.kind, other.attrs)


def _replace_all(parent: XmlFragment | XmlElement, wanted: Sequence[Piece]) -> None:
    if len(parent.children):
        del parent.children[0 : len(parent.children)]
    append_pieces(parent, wanted)


def _key(piece: Piece) -> bytes:
    return msgspec.json.encode(piece, order="deterministic")  # attributes come in any order out of the document
