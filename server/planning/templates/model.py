"""What a template of plans is, and how a plan becomes one. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from server.lessons.model import PersonRef
from server.planning.document import Node, Piece, Text, paragraph

Scope = Literal["group", "school", "region"]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]

# What a plan may hold of its own that a template of its layout keeps: headings and labels, never sentences.
_KEPT_TEXT = frozenset({"heading", "tableHeader"})
_DROPPED = frozenset({"mention", "libraryLink", "pageLink", "image", "inlineMath", "blockMath"})
# Blocks that people fill in: emptied, but still there to be filled in.
_FILLED = frozenset({"paragraph", "codeBlock"})


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A template. Its words are in its versions."""

    id: str
    scope: Scope
    owner_id: str  # of the group or the school; empty: the region
    owner: str = ""  # what the group or school is called
    name: str
    subject: str
    version: int
    by: PersonRef
    retired_ms: int | None = None
    changed_ms: int = 0


class TemplateVersion(msgspec.Struct, frozen=True):
    """One version of a template; never changed once made."""

    version: int
    by: PersonRef
    made_ms: int


def layout(node: Node) -> Node:
    """Return the plan without what was written into it: its fields, steps, headings and tables stay."""
    return _layout(node, keeps_text=False)


def _layout(node: Node, *, keeps_text: bool) -> Node:
    keeps_text = keeps_text or node.kind in _KEPT_TEXT
    children: list[Piece] = []
    for child in node.children:
        if isinstance(child, Text):
            if keeps_text:
                children.append(child)
        elif child.kind not in _DROPPED:
            children.append(_layout(child, keeps_text=keeps_text))
    if node.kind == "planField":
        children = _thinned(children)
    attrs = node.attrs | {"page": None, "question": None} if node.kind == "planStep" else node.attrs
    return Node(node.kind, attrs, tuple(children))


def _thinned(children: list[Piece]) -> list[Piece]:
    """Return a field's blocks with one empty paragraph where there were several in a row."""
    kept: list[Piece] = []
    for child in children:
        is_empty = isinstance(child, Node) and child.kind in _FILLED and not child.children
        last = kept[-1] if kept else None
        if is_empty and isinstance(last, Node) and last.kind in _FILLED and not last.children:
            continue
        kept.append(child)
    return kept or [paragraph()]


def with_step_ids(node: Node, ids: list[str]) -> Node:
    """Return the tree with a new id for each step: a segment of one lesson is not that of another.

    `ids` has one for each step at the least; those that are used are taken out of it.
    """
    attrs = node.attrs | {"id": ids.pop(0)} if node.kind == "planStep" else node.attrs
    children = tuple(with_step_ids(child, ids) if isinstance(child, Node) else child for child in node.children)
    return Node(node.kind, attrs, children)


def encode(node: Node) -> bytes:
    """Return the tree as JSON, in the form in which the editor's own documents are written."""
    return msgspec.json.encode(_json(node))


def _json(piece: Piece) -> dict[str, Any]:
    if isinstance(piece, Text):
        return {"text": piece.text, "marks": piece.marks}
    return {"type": piece.kind, "attrs": piece.attrs, "content": [_json(child) for child in piece.children]}


def decode(data: bytes | str) -> Node:
    """Return the tree that `encode` wrote."""
    return _node(msgspec.json.decode(data))


def _node(value: dict[str, Any]) -> Node:
    children = tuple(
        Text(child["text"], child["marks"]) if "text" in child else _node(child) for child in value["content"]
    )
    return Node(value["type"], value["attrs"], children)
