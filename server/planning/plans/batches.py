"""What passes between the room of a plan and whoever stores it: documents as loaded, batches to be stored. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from pycrdt import Doc

from server.planning.authorship.attribution import Attribution
from server.planning.document import count_pieces, plain_text, read_tree
from server.planning.plans.cutting import LARGE_BYTES, document_of, take_up
from server.planning.plans.storage import Row, Stored


class Loaded(msgspec.Struct, frozen=True):
    """A document in memory."""

    doc: Doc[Any]
    attribution: Attribution
    seq: int
    rows: int  # since the snapshot
    clients: dict[int, str]
    size: int  # bytes, roughly
    pieces: int


class StepTaken(msgspec.Struct, frozen=True):
    """What the text was after a row."""

    text: str
    author: str


class Batch(msgspec.Struct, frozen=True):
    """What is to be stored in one transaction."""

    rows: tuple[Row, ...]
    clients: dict[int, str]  # that were not seen before
    sources: tuple[int, ...]  # the connection of each row; -1: the server
    steps: tuple[StepTaken, ...]
    carried: dict[int, int]  # frames to acknowledge, by connection


class Waiting(msgspec.Struct, frozen=True):
    """What a connection sent, and nobody was told of yet."""

    connection: int
    person: str
    parts: tuple[tuple[str, bytes], ...]  # updates with their authors, to be applied in this order
    makes_types: bool
    makes: int


def by_connection(waiting: list[Waiting]) -> list[Waiting]:
    """Return what waits, one a connection. None of them has seen what another waits with: their order is free."""
    groups: dict[int, list[Waiting]] = {}
    for one in waiting:
        groups.setdefault(one.connection, []).append(one)
    return [
        Waiting(
            connection,
            group[0].person,
            tuple(part for one in group for part in one.parts),
            any(one.makes_types for one in group),
            sum(one.makes for one in group),
        )
        for connection, group in groups.items()
    ]


def rows_of(parts: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, list[bytes]]]:
    """Yield updates that one person wrote in a row, together as far as they are not large: each is stored as one."""
    author, together, size = "", list[bytes](), 0
    for whose, blob in parts:
        if together and (whose != author or size + len(blob) > LARGE_BYTES):
            yield author, together
            together, size = [], 0
        author, size = whose, size + len(blob)
        together.append(blob)
    if together:
        yield author, together


def load(stored: Stored) -> Loaded:
    """Return the document of what lies on the disk, with its authors replayed. For a thread: the largest takes 2 s."""
    doc = document_of([stored.blob])
    tree = read_tree(doc)
    text = plain_text(tree)
    attribution = Attribution.decode(stored.runs, text) if stored.runs else Attribution(text)
    seq = stored.seq
    for row in stored.rows:
        take_up(doc, row.blob)
        tree = read_tree(doc)
        attribution.step(plain_text(tree), row.author)
        seq = row.seq
    size = len(stored.blob) + sum(len(row.blob) for row in stored.rows)
    return Loaded(doc, attribution, seq, len(stored.rows), dict(stored.clients), size, count_pieces(tree))
