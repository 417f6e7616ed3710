"""Where comments stand in a document now: Yjs relative positions, found without a browser. Pure.

Theory of operation. A relative position names the letter that it stands before, or behind, by client id and clock. The
library tells no more of it than an offset in a text that it does not name. So a copy of the document is made, and into
it a marker is inserted after each letter in question, by an update written here by hand; then the copy is read, and the
markers say where they stand. Whose letter is gone finds its marker in the same place, without the letter before it;
whose paragraph is gone finds none, and looks for the quoted words instead.

The markers' client ids are the smallest, so that of all that was inserted after a letter they stand first (the order
of concurrent insertions is by client id).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from server.planning.document import MAX_DEPTH, ROOT
from server.planning.plans import spanned
from server.planning.plans.cutting import document_of
from server.planning.plans.model import Anchor
from server.planning.plans.structs import Id, Malformed, Reader, deleted_in, varint

_ITEM, _NAMED, _TYPE = 0, 1, 2  # the kinds of relative positions, as yjs encodes them
_EMBED_AFTER, _EMBED_INTO = 0x85, 0x05  # an embedded value with an origin; one with a parent


class Position(NamedTuple):
    """What a relative position names: a letter, or a whole text."""

    kind: int
    id: Id
    is_behind: bool  # it sticks to what is before it: stands behind its letter, or at its text's begin


class Place(NamedTuple):
    """A place in a shared text of the document."""

    path: tuple[int, ...]  # indexes of children, down to the text
    offset: int  # characters


class Found(msgspec.Struct, frozen=True):
    """Where a comment stands: at its letters, or where its quote was found again; else its anchor is lost."""

    state: Literal["anchored", "found", "lost"]
    path: tuple[int, ...] = ()
    start: int = 0  # characters
    end: int = 0
    words: str = ""  # that stand there now; of several paragraphs a line each
    end_path: tuple[int, ...] = ()  # where it ends, when in another paragraph
    crosses: bool = False  # it ends in another box than it begins in: a cell, a list's item, a step


def find(update: bytes, anchors: Sequence[Anchor]) -> list[Found]:
    """Return where each anchor stands in the document that `update` makes. Takes 30 ms for a large plan."""
    doc = document_of([update])
    texts = _texts(doc)
    deleted = deleted_in(update)
    wanted = [_position(one) for anchor in anchors for one in (anchor.start, anchor.end)]
    try:
        marked = _marked(doc, wanted, deleted)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # positions come from clients; one that names no letter may panic the library's copy
        marked = {}
    found = []
    for at, anchor in enumerate(anchors):
        start, end = marked.get(2 * at), marked.get(2 * at + 1)
        if start is not None and end is not None and start.path != end.path:
            found.append(_spanned(doc, start, end))
        else:
            found.append(_found(anchor, start, end, texts))
    return found


def _spanned(doc: Doc[Any], start: Place, end: Place) -> Found:
    lines = [
        "".join(value for text in texts for value, _ in text.diff() if isinstance(value, str))
        for texts in map(_own_texts, spanned.blocks(doc, start.path, end.path))
    ]
    if not lines:
        return Found("anchored", start.path, start.offset, start.offset, crosses=True)  # it begins here
    words = "\n".join([lines[0][start.offset :], *lines[1:-1], lines[-1][: end.offset]])
    return Found("anchored", start.path, start.offset, end.offset, words, end.path)


def _own_texts(block: XmlElement) -> list[XmlText]:
    return [child for child in block.children if isinstance(child, XmlText)]


def _found(anchor: Anchor, start: Place | None, end: Place | None, texts: dict[tuple[int, ...], str]) -> Found:
    if start is not None and end is not None and start.path == end.path and start.offset < end.offset:
        words = texts[start.path][start.offset : end.offset]
        return Found("anchored", start.path, start.offset, end.offset, words)
    return _quoted(anchor.quote, texts)


def _quoted(quote: str, texts: dict[tuple[int, ...], str]) -> Found:
    """Find the quoted words: when they stand there once, that is the place."""
    places = [(path, at) for path, text in texts.items() if quote for at in _all(text, quote)]
    if len(places) != 1:
        return Found("lost")
    path, at = places[0]
    return Found("found", path, at, at + len(quote), quote)


def _all(text: str, words: str) -> list[int]:
    found, at = [], text.find(words)
    while at >= 0:
        found.append(at)
        at = text.find(words, at + 1)
    return found


# --- markers --------------------------------------------------------------------------------------------------------


def _position(encoded: str) -> Position | None:
    """Return the kind of a relative position, and the id that it names; None: nothing to be found."""
    try:
        reader = Reader(base64.b64decode(encoded, validate=True))
        kind = reader.uint()
        if kind not in (_ITEM, _TYPE):
            return None
        name = reader.id()
        # What follows is the side, a signed number of lib0: its sign is bit 6.
        is_behind = bool(reader.data[reader.at : reader.at + 1] and reader.data[reader.at] & 0x40)
        return Position(kind, name, is_behind)
    except (Malformed, binascii.Error, ValueError):
        return None


def _marked(
    doc: Doc[Any], wanted: Sequence[Position | None], deleted: dict[int, list[tuple[int, int]]]
) -> dict[int, Place]:
    """Put a marker at each position, and return where it is found."""
    for at, position in enumerate(wanted):
        if position is not None:
            kind, (client, clock), _ = position
            name = varint(client) + varint(clock)
            place = bytes((_EMBED_AFTER,)) + name if kind == _ITEM else bytes((_EMBED_INTO, 0)) + name
            value = str(at).encode()
            struct = place + varint(len(value)) + value
            doc.apply_update(b"\x01\x01" + varint(at + 1) + b"\x00" + struct + b"\x00")
    found: dict[int, Place] = {}
    for path, pieces in _pieces(doc):
        offset = 0
        length = sum(len(piece) for piece in pieces if isinstance(piece, str))
        for piece in pieces:
            if isinstance(piece, str):
                offset += len(piece)
            elif isinstance(piece, (int, float)) and 0 <= (at := int(piece)) < len(wanted):
                found[at] = Place(path, _offset(wanted[at], offset, length, deleted))
    return found


def _offset(position: Position | None, offset: int, length: int, deleted: dict[int, list[tuple[int, int]]]) -> int:
    """Return where a position is whose marker stands at `offset`."""
    assert position is not None
    kind, (client, clock), is_behind = position
    if kind == _TYPE:
        return 0 if is_behind else length  # yjs names the text itself for its begin and its end
    is_gone = any(begin <= clock < end for begin, end in deleted.get(client, ()))
    return offset if is_gone or is_behind else max(0, offset - 1)


# --- reading --------------------------------------------------------------------------------------------------------


def _texts(doc: Doc[Any]) -> dict[tuple[int, ...], str]:
    return {path: "".join(piece for piece in pieces if isinstance(piece, str)) for path, pieces in _pieces(doc)}


def _pieces(doc: Doc[Any]) -> list[tuple[tuple[int, ...], list[Any]]]:
    """Return all shared texts with their pieces: letters as `str`, embedded values as what they are."""
    found: list[tuple[tuple[int, ...], list[Any]]] = []

    def walk(parent: XmlFragment | XmlElement, path: tuple[int, ...]) -> None:
        for index, child in enumerate(parent.children):
            if isinstance(child, XmlText):
                found.append(((*path, index), [value for value, _ in child.diff()]))
            elif isinstance(child, XmlElement) and len(path) < MAX_DEPTH:
                walk(child, (*path, index))

    with doc.transaction():
        walk(doc.get(ROOT, type=XmlFragment), ())
    return found


def replace(doc: Doc[Any], place: Found, words: str) -> None:
    """Put other words in the place of those that a comment stands at, with the marks of the first of them.

    Raises:
        ValueError: other words stand there.
    """
    if place.end_path:
        spanned.replace(doc, place, words)
        return
    node: Any = doc.get(ROOT, type=XmlFragment)
    for index in place.path:
        node = node.children[index]
    if not isinstance(node, XmlText):
        raise ValueError("there is no text")
    text, marks = "", dict[str, Any]()
    for value, attributes in node.diff():
        if not isinstance(value, str):
            raise ValueError("there is more than letters")
        if len(text) <= place.start < len(text) + len(value):
            marks = attributes or {}
        text += value
    if text[place.start : place.end] != place.words:
        raise ValueError("other words stand there")
    begin, end = (len(text[:at].encode()) for at in (place.start, place.end))  # the library counts bytes
    with doc.transaction():
        del node[begin:end]
        if words:
            node.insert(begin, words, marks)
