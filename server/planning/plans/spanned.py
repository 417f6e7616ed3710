"""Words over several paragraphs, and others put in their place: one edit, whoever made it. Pure.

Only paragraphs and headings that are neighbours in one box (a field, a step, a cell, an item of a list) and hold
nothing but text are replaced: what would become of half a table, or of a formula between, nobody could say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from server.planning.document import ROOT, Node, Text, append_pieces

if TYPE_CHECKING:
    from server.planning.plans.places import Found

_PLAIN = frozenset({"paragraph", "heading"})


def blocks(doc: Doc[Any], start: Sequence[int], end: Sequence[int]) -> list[XmlElement]:
    """Return the paragraphs from one text to another; none when they cannot be replaced as a whole."""
    first, last = start[-2:-1], end[-2:-1]
    if tuple(start[:-2]) != tuple(end[:-2]) or not first or not last or first[0] >= last[0]:
        return []
    box = _box(doc, start)
    found = [box.children[index] for index in range(first[0], last[0] + 1)]
    plain = [one for one in found if isinstance(one, XmlElement) and one.tag in _PLAIN]
    is_text = all(len(one.children) <= 1 and all(isinstance(child, XmlText) for child in one.children) for one in plain)
    return plain if is_text and len(plain) == len(found) else []


def replace(doc: Doc[Any], place: Found, words: str) -> None:
    """Put other words in the place of a stretch over several paragraphs; a line of them is a paragraph.

    What stands before it keeps its paragraph, what stands behind it comes after the last line.

    Raises:
        ValueError: other words stand there.
    """
    found = blocks(doc, place.path, place.end_path)
    if not found:
        raise ValueError("there are no such paragraphs")
    pieces = [_pieces(one) for one in found]
    lines = ["".join(text for text, _ in one) for one in pieces]
    if "\n".join([lines[0][place.start :], *lines[1:-1], lines[-1][: place.end]]) != place.words:
        raise ValueError("other words stand there")
    marks, tail = _marks_at(pieces[0], place.start), _behind(pieces[-1], place.end)
    box, index = _box(doc, place.path), place.path[-2]
    begin, *others = words.split("\n")
    with doc.transaction():
        del box.children[index + 1 : index + len(found)]
        target = found[0].children[0]
        assert isinstance(target, XmlText)
        kept = len(lines[0][: place.start].encode())  # the library counts bytes
        del target[kept : len(target)]
        if begin:
            target.insert(kept, begin, marks)
        if others:
            append_pieces(box, [Node("paragraph", {}, (Text(line, marks),)) for line in others], index + 1)
            paragraph = box.children[index + len(others)]
            assert isinstance(paragraph, XmlElement)
            target = paragraph.children[0]
            assert isinstance(target, XmlText)
        for text, own in tail:
            target.insert(len(target), text, own)


def _box(doc: Doc[Any], path: Sequence[int]) -> XmlFragment | XmlElement:
    box: Any = doc.get(ROOT, type=XmlFragment)
    for index in path[:-2]:
        box = box.children[index]
    assert isinstance(box, (XmlFragment, XmlElement))
    return box


def _pieces(block: XmlElement) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for child in block.children:
        assert isinstance(child, XmlText)
        for value, marks in child.diff():
            if not isinstance(value, str):
                raise ValueError("there is more than letters")
            found.append((value, dict(marks or {})))
    return found


def _marks_at(pieces: Sequence[tuple[str, dict[str, Any]]], offset: int) -> dict[str, Any]:
    for text, marks in pieces:
        if offset < len(text):
            return marks
        offset -= len(text)
    return {}


def _behind(pieces: Sequence[tuple[str, dict[str, Any]]], offset: int) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for text, marks in pieces:
        if rest := text[max(0, offset) :]:
            found.append((rest, marks))
        offset -= len(text)
    return found
