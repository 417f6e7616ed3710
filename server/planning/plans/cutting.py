"""Updates cut into several that each apply after those before: by person, and by size. Pure.

The library holds the interpreter's lock while it takes an update up, in whatever thread: 0.3 s for a document of 5 MB
that was typed letter by letter, in which the server does nothing else for anybody. So a large one is taken up in
portions, between which other threads run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pycrdt import Doc

from server.planning.plans.structs import Block, Looked, Malformed, fresh, look, varint

LARGE_BYTES = 256 << 10  # what is smaller takes 15 ms at the most
MAX_STRUCTS, PORTION_BYTES = 5_000, 64 << 10  # of one portion: 15 ms


def document_of(updates: Iterable[bytes]) -> Doc[Any]:
    """Return the document that updates make, one after the other. For a thread: a second for the largest."""
    doc: Doc[Any] = Doc()
    for one in updates:
        take_up(doc, one)
    return doc


def take_up(doc: Doc[Any], update: bytes) -> None:
    """Put an update that was looked into once already into a document, a large one in portions."""
    for one in portions(update):
        doc.apply_update(one)


def portions(update: bytes) -> Iterator[bytes]:
    """Yield a document's whole update as updates that apply in this order, none of them large."""
    if len(update) <= LARGE_BYTES:
        yield update
        return
    try:
        looked = look(update)
    except Malformed:  # not as a room stores it
        yield update
        return
    for _, part in pieces(looked, {}, lambda _client: "", ""):
        yield part


def pieces(
    looked: Looked, clocks: Mapping[int, int], owner_of: Callable[[int], str], carrier: str
) -> Iterator[tuple[str, bytes]]:
    """Yield the update as updates of one person each, applicable in this order; what it deletes comes last.

    Args:
        looked: an update that `is_complete`.
        clocks: what the document has.
        owner_of: whose a client id is.
        carrier: who brought it, and deletes what it deletes.
    """
    waiting = fresh(looked, clocks)
    clients: dict[str, list[int]] = {}
    for client in waiting:
        clients.setdefault(owner_of(client), []).append(client)
    if len(looked.data) <= LARGE_BYTES and clients.keys() <= {carrier}:
        yield carrier, looked.data
        return
    have = dict(clocks)
    while waiting:
        moved = False
        for owner, theirs in clients.items():
            if sections := _ready_sections(looked.data, waiting, theirs, have):
                moved = True
                yield owner, varint(len(sections)) + b"".join(sections) + b"\x00"
        if not moved:
            raise Malformed("its structs refer to each other in a circle")
    for part in _deletions(looked):
        yield carrier, part


def _ready_sections(
    data: bytes, waiting: dict[int, list[Block]], clients: list[int], have: dict[int, int]
) -> list[bytes]:
    """Take out of what waits what can be applied now, of some clients; no more than a portion holds."""
    ready = dict.fromkeys(clients, 0)
    count, size, before = 0, 0, -1
    while before < count < MAX_STRUCTS:
        before = count
        for client in clients:
            run, at = waiting.get(client, []), ready[client]
            while at < len(run) and count < MAX_STRUCTS and size < PORTION_BYTES and _is_ready(run[at], have):
                have[client] = run[at].clock + run[at].length
                size += run[at].end - run[at].begin
                at += 1
                count += 1
            ready[client] = at
    found = []
    for client, many in ready.items():
        if many:
            run = waiting[client]
            found.append(_section(data, run[:many]))
            waiting[client] = run[many:]
            if not waiting[client]:
                del waiting[client]
    return found


def _deletions(looked: Looked) -> Iterator[bytes]:
    ranges = list(looked.deletions())
    for at in range(0, len(ranges), MAX_STRUCTS):
        part: dict[int, list[bytes]] = {}
        for client, clock, length in ranges[at : at + MAX_STRUCTS]:
            part.setdefault(client, []).append(varint(clock) + varint(length))
        sets = [varint(client) + varint(len(some)) + b"".join(some) for client, some in part.items()]
        yield b"\x00" + varint(len(sets)) + b"".join(sets)


def _is_ready(block: Block, have: Mapping[int, int]) -> bool:
    return block.clock <= have.get(block.client, 0) and all(
        clock < have.get(client, 0) for client, clock in block.needs
    )


def _section(data: bytes, run: list[Block]) -> bytes:
    head = varint(len(run)) + varint(run[0].client) + varint(run[0].clock)
    return head + data[run[0].begin : run[-1].end]
