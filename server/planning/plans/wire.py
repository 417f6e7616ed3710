"""The frames of a plan's socket: docs/planning.md. Pure; fuzzed.

y-protocols' two kinds, sync and awareness, and two of ours from the server: `hello` says which document this is before
anything else, `ack` how many frames of this connection that carry updates are on the disk.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import msgspec

from server.planning.plans.structs import Malformed, Reader, varint

# Pages send what is larger in pieces of a quarter of it: to look into so many structs takes 60 ms.
MAX_FRAME_BYTES = 256 << 10
MAX_AWARENESS_BYTES = 4_096  # of one page: who it is, and two relative positions
MAX_AWARENESS_ENTRIES = 64

_SYNC, _AWARENESS, _ACK, _HELLO = 0, 1, 4, 5  # 3, a client's question, has no content


class Sub(enum.IntEnum):
    """The kinds of sync frames."""

    STEP_1 = 0
    STEP_2 = 1
    UPDATE = 2


class Close(enum.IntEnum):
    """Close codes: RFC 6455 §7.4.1, and ours from 4400 on after the HTTP status that says the same."""

    NORMAL = 1000
    GOING_AWAY = 1001
    MALFORMED = 1007
    TOO_FAST = 1008
    TRY_LATER = 1013
    SIGNED_OUT = 4401
    FORBIDDEN = 4403
    GENERATION = 4409
    COME_AGAIN = 4410  # something changed that a new connection finds out: what one may do, or what is there
    DOCUMENT_FULL = 4413
    STORAGE_FAILED = 4507


class Sync(msgspec.Struct, frozen=True):
    """A sync frame."""

    sub: Sub
    payload: bytes


class Presence(msgspec.Struct, frozen=True):
    """One page's entry of an awareness frame: its state as JSON, `null` when it is gone."""

    client: int
    clock: int
    state: bytes


class Awareness(msgspec.Struct, frozen=True):
    """An awareness frame."""

    entries: tuple[Presence, ...]


class Query(msgspec.Struct, frozen=True):
    """A question for everybody's awareness."""


Frame = Sync | Awareness | Query

_PASSING = frozenset({"busy", "plan_busy"})


def close_of(code: str) -> Close:
    """Return how pages are told of an error of ours: it passes, or somebody must see to the disk."""
    return Close.TRY_LATER if code in _PASSING else Close.STORAGE_FAILED


def read_frame(data: bytes) -> Frame:
    """Return what a client's frame says.

    Raises:
        Malformed: nothing that a client says.
    """
    reader = Reader(data)
    match reader.uint():
        case 0:
            sub = reader.uint()
            if sub > Sub.UPDATE:
                raise Malformed("no such sync frame")
            frame: Frame = Sync(Sub(sub), reader.bytes())
        case 1:
            frame = Awareness(_read_awareness(reader.bytes()))
        case 3:
            frame = Query()
        case _:
            raise Malformed("no such frame")
    if reader.at != len(data):
        raise Malformed("something follows it")
    return frame


def _read_awareness(data: bytes) -> tuple[Presence, ...]:
    if len(data) > MAX_AWARENESS_BYTES:
        raise Malformed("an awareness that is too large")
    reader = Reader(data)
    count = reader.uint()
    if count > MAX_AWARENESS_ENTRIES:
        raise Malformed("too many awareness entries")
    found = tuple(Presence(reader.uint(), reader.uint(), reader.bytes()) for _ in range(count))
    if reader.at != len(data):
        raise Malformed("something follows it")
    return found


def signed_presence(entry: Presence, user: Mapping[str, Any]) -> Presence:
    """Return a page's entry with who it is as the server knows it: nobody appears under another's name.

    Raises:
        Malformed: the state is no JSON object.
    """
    if entry.state == b"null":
        return entry
    try:
        state = msgspec.json.decode(entry.state, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("a state that is no JSON object") from error
    return Presence(entry.client, entry.clock, msgspec.json.encode({**state, "user": user}))


def sync_frame(sub: Sub, payload: bytes) -> bytes:
    """Return a sync frame."""
    return bytes((_SYNC, sub)) + varint(len(payload)) + payload


def awareness_frame(entries: list[Presence]) -> bytes:
    """Return an awareness frame."""
    parts = [varint(len(entries))]
    for one in entries:
        parts += [varint(one.client), varint(one.clock), varint(len(one.state)), one.state]
    data = b"".join(parts)
    return bytes((_AWARENESS,)) + varint(len(data)) + data


def ack_frame(frames: int) -> bytes:
    """Return an acknowledgement: the first `frames` frames of the connection that carry updates are on the disk."""
    return bytes((_ACK,)) + varint(frames)


def hello_frame(generation: int, *, read_only: bool) -> bytes:
    """Return the greeting."""
    text = msgspec.json.encode({"generation": generation, "read_only": read_only})
    return bytes((_HELLO,)) + varint(len(text)) + text
