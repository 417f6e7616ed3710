"""Yjs updates (version 1 of the encoding), looked into before the document takes them. Pure; fuzzed.

Theory of operation. An update is, for each client id that wrote, a run of structs with consecutive clocks, and after
them what was deleted. The library that keeps the document would accept whatever can be decoded. A room must know more:
whose structs these are, whether the document has everything that they refer to, and that they hold only what an editor
writes. So each struct is read here once: its range of clocks, what it depends on, and where its bytes begin and end.

Source: the encoding as yjs 13 writes it (Item, GC, Skip, the ten contents) and lib0's variable-length integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from server.planning.document import MAX_DEPTH, ROOT

Id = tuple[int, int]  # client id and clock

MAX_CLOCK = 1 << 53  # what browsers count exactly; client ids are numbers up to this too
_MAX_ANY_DEPTH = 8  # an attribute is a word or a number; marks are objects of a few
_XML_ELEMENT, _XML_TEXT = 3, 6  # the only shared types that a plan is made of
_BIT_ORIGIN, _BIT_RIGHT, _BIT_SUB, _REF = 0x80, 0x40, 0x20, 0x1F
_GC, _SKIP = 0, 10
_MAKING = frozenset({5, 6, 7})  # contents of which each is read by itself: embeds, marks, types


class Malformed(ValueError):
    """It is no update, or none that an editor makes."""


class Block(NamedTuple):
    """One struct: the clocks [clock, clock + length) of a client id."""

    client: int
    clock: int
    length: int
    needs: tuple[Id, ...]  # structs that must be in the document before
    begin: int  # of its bytes in the update
    end: int


class Looked(NamedTuple):
    """An update that was looked into."""

    data: bytes
    blocks: dict[int, list[Block]]  # by client id, consecutive
    deleted: int  # where the set of what was deleted begins
    deletes: dict[int, int]  # by client id, one past the last clock of it that was deleted
    makes_types: bool  # whether it makes elements, so that the document may have become deeper
    makes: int  # elements, texts, and begins and ends of marks: what is read one by one
    is_empty: bool

    def deletions(self) -> Iterator[tuple[int, int, int]]:
        """Yield what it deletes: client id, clock, length."""
        reader = Reader(self.data)
        reader.at = self.deleted
        for _ in range(reader.uint()):
            client = reader.uint()
            for _ in range(reader.uint()):
                yield client, reader.uint(), reader.uint()


class Reader:
    """Read lib0's encoding from front to back; what ends too early or is too large is `Malformed`."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def uint(self) -> int:
        """Return a number."""
        value = shift = 0
        while True:
            try:
                byte = self.data[self.at]
            except IndexError:
                raise Malformed("it ends too early") from None
            self.at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
            if shift > 63:
                raise Malformed("a number is too large")
        if value > MAX_CLOCK:
            raise Malformed("a number is too large")
        return value

    def skip(self, size: int) -> None:
        """Pass over some bytes."""
        self.at += size
        if self.at > len(self.data):
            raise Malformed("it ends too early")

    def bytes(self) -> bytes:
        """Return bytes with their length before them."""
        size = self.uint()
        begin = self.at
        self.skip(size)
        return self.data[begin : self.at]

    def text(self) -> str:
        """Return a text."""
        try:
            return self.bytes().decode()
        except UnicodeDecodeError as error:
            raise Malformed("a text is not UTF-8") from error

    def byte(self) -> int:
        """Return one byte."""
        self.skip(1)
        return self.data[self.at - 1]

    def id(self) -> Id:
        """Return the id of a struct."""
        return self.uint(), self.uint()


def look(data: bytes) -> Looked:
    """Return what is in an update.

    Raises:
        Malformed: nothing that an editor makes.
    """
    reader = Reader(data)
    blocks: dict[int, list[Block]] = {}
    depths: dict[Id, int] = {}
    made = 0
    for _ in range(_count(reader)):
        count, client, clock = _count(reader), reader.uint(), reader.uint()
        if client in blocks:
            raise Malformed("a client id comes twice")
        run = blocks.setdefault(client, [])
        for _ in range(count):
            block = _block(reader, client, clock, depths)
            clock += block.length
            made += data[block.begin] & _REF in _MAKING
            run.append(block)
    deleted = reader.at
    deletes = _read_deleted(reader)
    if reader.at != len(data):
        raise Malformed("something follows it")
    return Looked(data, blocks, deleted, deletes, bool(depths), made, not blocks and not deletes)


def clocks_of(state_vector: bytes) -> dict[int, int]:
    """Return the next clock of each client id, from an encoded state vector.

    Raises:
        Malformed: it is none.
    """
    reader = Reader(state_vector)
    found = {}
    for _ in range(_count(reader)):
        client, clock = reader.id()
        found[client] = clock
    if reader.at != len(state_vector):
        raise Malformed("something follows it")
    return found


def deleted_in(update: bytes) -> dict[int, list[tuple[int, int]]]:
    """Return which clocks [from, to) of each client id an update deletes.

    Raises:
        Malformed: it is no update.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    for client, clock, length in look(update).deletions():
        found.setdefault(client, []).append((clock, clock + length))
    return found


def fresh(looked: Looked, clocks: Mapping[int, int]) -> dict[int, list[Block]]:
    """Return the structs that a document with these clocks does not have yet."""
    new = {}
    for client, run in looked.blocks.items():
        known = clocks.get(client, 0)
        if rest := [block for block in run if block.clock + block.length > known]:
            new[client] = rest
    return new


def is_complete(looked: Looked, clocks: Mapping[int, int]) -> bool:
    """Return whether a document with these clocks can take the update without waiting for another."""
    new = fresh(looked, clocks)
    after = {client: run[-1].clock + run[-1].length for client, run in new.items()}
    if any(end > max(clocks.get(client, 0), after.get(client, 0)) for client, end in looked.deletes.items()):
        return False
    for client, run in new.items():
        if run[0].clock > clocks.get(client, 0):
            return False
        for block in run:
            for needed, clock in block.needs:
                if clock >= max(clocks.get(needed, 0), after.get(needed, 0)):
                    return False
    return True


def varint(value: int) -> bytes:
    """Return lib0's variable-length encoding of a number that is not negative."""
    out = bytearray()
    while value > 127:
        out.append(128 | (value & 127))
        value >>= 7
    out.append(value)
    return bytes(out)


def _count(reader: Reader) -> int:
    """Return a count of things of at least one byte each: more than there are bytes is a lie."""
    count = reader.uint()
    if count > len(reader.data) - reader.at:
        raise Malformed("it ends too early")
    return count


def _block(reader: Reader, client: int, clock: int, depths: dict[Id, int]) -> Block:
    begin = reader.at
    info = reader.byte()
    if info == _GC:
        return Block(client, clock, _length(reader.uint()), (), begin, reader.at)
    kind = info & _REF
    if kind in (_GC, _SKIP):
        raise Malformed("a gap in what somebody wrote")  # only merged updates have gaps, and no editor sends those
    needs = []
    if info & _BIT_ORIGIN:
        needs.append(reader.id())
    if info & _BIT_RIGHT:
        needs.append(reader.id())
    parent: Id | None = None
    if not needs:
        if reader.uint() == 1:
            if reader.text() != ROOT:
                raise Malformed("a plan has one root")
        else:
            parent = reader.id()
            needs.append(parent)
        if info & _BIT_SUB:
            reader.text()
    length, is_type = _content(reader, kind)
    if is_type:
        depth = depths.get(parent, 0) + 1 if parent else max((depths.get(one, 0) for one in needs), default=0)
        if depth > MAX_DEPTH:
            raise Malformed("it is nested too deeply")
        depths[client, clock] = depth
    own = tuple(one for one in needs if one[0] != client or one[1] >= clock)  # what is before in the run is there
    if any(one[0] == client for one in own):
        raise Malformed("a struct refers to a later one")
    return Block(client, clock, _length(length), own, begin, reader.at)


def _length(value: int) -> int:
    if not 0 < value < MAX_CLOCK:
        raise Malformed("a struct of no length")
    return value


def _content(reader: Reader, kind: int) -> tuple[int, bool]:
    """Read a content; return its length in clocks, and whether it is a shared type."""
    match kind:
        case 1:  # deleted
            return reader.uint(), False
        case 4:  # text, counted in UTF-16 code units
            return len(reader.text().encode("utf-16-le")) // 2, False
        case 5:  # embedded JSON
            reader.text()
            return 1, False
        case 6:  # begin or end of a mark
            reader.text()
            reader.text()
            return 1, False
        case 7:
            type_ref = reader.uint()
            if type_ref == _XML_ELEMENT:
                reader.text()
            elif type_ref != _XML_TEXT:
                raise Malformed("no such type in a plan")
            return 1, True
        case 8:  # attributes
            count = _count(reader)
            for _ in range(count):
                _any(reader, 0)
            return count, False
        case _:
            raise Malformed("no such content in a plan")


_FIXED = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}  # undefined null float32 float64 bigint true false


def _any(reader: Reader, depth: int) -> None:
    if depth > _MAX_ANY_DEPTH:
        raise Malformed("a value is nested too deeply")
    tag = reader.byte()
    if tag in _FIXED:
        reader.skip(_FIXED[tag])
    elif tag == 125:
        _signed(reader)
    elif tag == 119:
        reader.text()
    elif tag == 116:
        reader.bytes()
    elif tag in (117, 118):
        for _ in range(_count(reader)):
            if tag == 118:
                reader.text()
            _any(reader, depth + 1)
    else:
        raise Malformed("no such value")


def _signed(reader: Reader) -> None:
    for _ in range(10):
        if reader.byte() < 128:
            return
    raise Malformed("a number is too large")


def _read_deleted(reader: Reader) -> dict[int, int]:
    ends: dict[int, int] = {}
    for _ in range(_count(reader)):
        client = reader.uint()
        for _ in range(_count(reader)):
            clock, length = reader.id()
            ends[client] = max(ends.get(client, 0), clock + length)
    return ends
