"""The lesson plan as a tree: what everybody but the room works with.

The collaborative document is a Yjs document with one XML fragment, `plan`, whose elements are the editor's nodes
(docs/planning.md has the list). The room keeps it; everybody else reads it through `read_tree` and never touches the
shared types. `write_tree` fills an empty document: a new plan, or one that is rebuilt under another generation.

Marks are attributes on text, as the editor's binding writes them: name to attributes. A mark that may overlap itself
has a suffix `--hash` there, which is cut off here.

A text's index is in UTF-8 bytes inside pycrdt and in UTF-16 code units inside browsers; nothing here hands one out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal, TypeAlias

import msgspec
from pycrdt import Doc, XmlElement, XmlFragment, XmlText
from pycrdt._pycrdt import XmlElement as _RawElement, XmlText as _RawText

ROOT = "plan"
MAX_DEPTH = 40  # a list in a cell of a table in a step in a field is 10; what lies deeper is not read

Field = Literal["topic", "standards", "learners", "goals", "key_points", "process", "homework", "reflection", "notes"]
FIELDS: tuple[Field, ...] = (
    *("topic", "standards", "learners", "goals", "key_points", "process", "homework", "reflection"),
)
Leader = Literal["lecturer", "local", "both"]

# What stands for an atom (a node without text of its own) in the plain text: this attribute of it.
_ATOMS = {
    "libraryLink": "title",
    "pageLink": "title",
    "mention": "name",
    "inlineMath": "latex",
    "blockMath": "latex",
    "image": "alt",
}
_INLINE = frozenset({"libraryLink", "pageLink", "mention", "inlineMath", "hardBreak"})


class Text(msgspec.Struct, frozen=True, gc=False):  # a tree has no cycles, and is made anew at every keystroke
    """A piece of text with the same marks all over."""

    text: str
    marks: dict[str, Any] = {}


class Node(msgspec.Struct, frozen=True, gc=False):
    """An element of the plan."""

    kind: str
    attrs: dict[str, Any] = {}
    children: tuple[Piece, ...] = ()


Piece: TypeAlias = Node | Text


class Step(msgspec.Struct, frozen=True):
    """A segment of the lesson, as planned."""

    id: str
    title: str
    minutes: int
    leader: Leader
    page: int | None
    question: str | None
    text: str


# --- reading --------------------------------------------------------------------------------------------------------


def read_tree(doc: Doc[Any]) -> Node:
    """Return the whole plan. Never call it from a callback of the document: it is borrowed then."""
    fragment = doc.get(ROOT, type=XmlFragment)
    with doc.transaction() as transaction:
        return Node("doc", {}, tuple(_read_all(fragment.integrated, transaction._txn, 1)))


def _read_all(parent: Any, transaction: Any, depth: int) -> Iterator[Piece]:
    """Read the types under pycrdt's wrappers: each wrapper enters the transaction anew, which took 3 times as long."""
    if depth > MAX_DEPTH:
        return
    for child in parent.children(transaction):
        if isinstance(child, _RawText):
            for value, marks in child.diff(transaction):
                if isinstance(value, str):
                    yield Text(value, {} if not marks else {_mark(name): marks[name] for name in marks})
        elif isinstance(child, _RawElement):
            attributes = {name: _plain(value) for name, value in child.attributes(transaction)}
            tag = child.tag() or ""  # type: ignore[attr-defined]  # missing in its stub
            yield Node(tag, attributes, tuple(_read_all(child, transaction, depth + 1)))


def _mark(name: str) -> str:
    return name.split("--", 1)[0]


def _plain(value: Any) -> Any:
    """Return a number that has no fraction as an int: the wire has only floating point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def plain_text(piece: Piece) -> str:
    """Return the words: a line a block, an atom by its title, name or formula, a step's own title and question too."""
    return "\n".join(lines(piece))


def lines(piece: Piece) -> list[str]:
    """Return the words as the lines of `plain_text`."""
    found: list[str] = []
    _collect(piece, found)
    return found


def _collect(piece: Piece, found: list[str]) -> None:
    if isinstance(piece, Text):
        found.append(piece.text)
        return
    if piece.kind == "paragraph" and len(piece.children) == 1 and isinstance(only := piece.children[0], Text):
        found.append(only.text)  # nearly every line of a plan, in a third of the time
        return
    if _is_inline(piece) or piece.kind in _ATOMS:
        found.append(inline_text(piece))
        return
    if piece.kind == "planStep":
        found.append(text_of(piece.attrs.get("title")))
    if any(isinstance(child, Text) or _is_inline(child) for child in piece.children):
        found.append("".join(inline_text(child) for child in piece.children))
    elif not piece.children and piece.kind in ("paragraph", "heading", "codeBlock"):
        found.append("")
    else:
        for child in piece.children:
            _collect(child, found)
    if piece.kind == "planStep" and piece.attrs.get("question"):
        found.append(text_of(piece.attrs["question"]))


def inline_text(piece: Piece) -> str:
    """Return the words of a piece inside a line."""
    if isinstance(piece, Text):
        return piece.text
    if piece.kind == "hardBreak":
        return "\n"
    if piece.kind in _ATOMS:
        return text_of(piece.attrs.get(_ATOMS[piece.kind]))
    return "".join(inline_text(child) for child in piece.children)


def _is_inline(piece: Piece) -> bool:
    return isinstance(piece, Node) and piece.kind in _INLINE


def count_pieces(node: Node) -> int:
    """Return how many elements and stretches of text there are, itself too."""
    return 1 + sum(count_pieces(child) if isinstance(child, Node) else 1 for child in node.children)


def text_of(value: Any) -> str:
    """Return an attribute that should be text; what is not text is none."""
    return value if isinstance(value, str) else ""


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and everything under it, in the order of the page."""
    yield node
    for child in node.children:
        if isinstance(child, Node):
            yield from walk(child)


def field(node: Node, name: str) -> Node | None:
    """Return the first field of this name."""
    return next((one for one in walk(node) if one.kind == "planField" and one.attrs.get("field") == name), None)


def steps(node: Node) -> list[Step]:
    """Return the segments of the lesson, in order. What a browser wrote wrongly into one reads as its default."""
    return [_step(one) for one in walk(node) if one.kind == "planStep"]


def _step(node: Node) -> Step:
    attrs = node.attrs
    minutes, page, leader = attrs.get("minutes"), attrs.get("page"), attrs.get("leader")
    return Step(
        id=text_of(attrs.get("id")),
        title=text_of(attrs.get("title")),
        minutes=minutes if isinstance(minutes, int) and 0 <= minutes <= 600 else 0,
        leader=leader if leader in ("lecturer", "local", "both") else "lecturer",
        page=page if isinstance(page, int) and page >= 1 else None,
        question=text_of(attrs.get("question")) or None,
        text="\n".join(line for child in node.children for line in lines(child)),
    )


# --- making ---------------------------------------------------------------------------------------------------------


def paragraph(text: str = "") -> Node:
    """Return a paragraph."""
    return Node("paragraph", {}, (Text(text),) if text else ())


def plan_field(name: str, *children: Node) -> Node:
    """Return a field; one without anything has an empty paragraph to write into."""
    return Node("planField", {"field": name}, children or (paragraph(),))


def blank_plan(template: Mapping[str, Sequence[str]] | None = None, step_ids: Sequence[str] = ()) -> Node:
    """Return a plan to begin with: all fields, with the template's lines in them.

    Args:
        template: lines of text by the name of the field.
        step_ids: ids for the three segments that the process begins with; without them it has none.
    """
    given = template or {}
    children = []
    for name in FIELDS:
        blocks = [paragraph(line) for line in given.get(name, ())]
        if name == "process":
            blocks += [_blank_step(one) for one in step_ids]
        children.append(plan_field(name, *blocks))
    return Node("doc", {}, tuple(children))


def _blank_step(step_id: str) -> Node:
    attrs = {"id": step_id, "title": "", "minutes": 5, "leader": "lecturer", "page": None, "question": None}
    return Node("planStep", attrs, (paragraph(),))


def write_tree(doc: Doc[Any], node: Node) -> None:
    """Put the children of `node` after what the document holds."""
    fragment = doc.get(ROOT, type=XmlFragment)
    with doc.transaction():
        append_pieces(fragment, node.children)


def append_pieces(parent: XmlFragment | XmlElement, pieces: Sequence[Piece], at: int | None = None) -> None:
    """Insert pieces into an element that is in a document, at a child's index or at the end.

    The last piece goes in first, and each at the same index: the library walks to an index from the first child.
    """
    index = len(parent.children) if at is None else at
    groups = [(kind, list(group)) for kind, group in groupby(pieces, key=type)]
    for _, group in reversed(groups):
        texts = [piece for piece in group if isinstance(piece, Text)]
        if texts:
            _insert_texts(parent, texts, index)
        for piece in reversed(group):
            if isinstance(piece, Node):
                _insert_node(parent, piece, index)


def _insert_node(parent: XmlFragment | XmlElement, node: Node, index: int) -> None:
    element = parent.children.insert(index, XmlElement(node.kind))
    for name, value in node.attrs.items():
        element.attributes[name] = value
    append_pieces(element, node.children)


def _insert_texts(parent: XmlFragment | XmlElement, texts: Sequence[Text], index: int) -> None:
    """Insert neighbouring texts as one shared text, as the editor's binding does."""
    shared = parent.children.insert(index, XmlText(""))
    for text in texts:
        if text.text:
            shared.insert(len(shared), text.text, text.marks)  # both lengths in bytes


def is_too_deep(doc: Doc[Any]) -> bool:
    """Return whether anything lies deeper than is read. The walk goes no deeper either."""
    fragment = doc.get(ROOT, type=XmlFragment)
    with doc.transaction() as transaction:
        level = [fragment.integrated]
        for _ in range(MAX_DEPTH + 1):
            below: list[Any] = []
            for parent in level:
                below += [one for one in parent.children(transaction._txn) if isinstance(one, _RawElement)]
            if not below:
                return False
            level = below
    return True
