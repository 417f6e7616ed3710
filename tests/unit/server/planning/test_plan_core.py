"""The room of a plan without sockets: who is believed, what is acknowledged when, and that all converge."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pycrdt import Doc, TransactionEvent, XmlElement, XmlFragment, XmlText

from server.planning.document import blank_plan, plain_text, read_tree, write_tree
from server.planning.plans.batches import load
from server.planning.plans.core import (
    GATHER_S,
    MAX_CONNECTIONS,
    MAX_FRAMES_S,
    MAX_OF_PERSON,
    Expelled,
    PlanCore,
)
from server.planning.plans.storage import Row, Stored
from server.planning.plans.structs import Reader
from server.planning.plans.wire import Close, Presence, Sub, awareness_frame, sync_frame


class Page:
    """A page at the room, on the other side of the wire."""

    def __init__(self, core: PlanCore, person: str, *, writes: bool = True) -> None:
        self.core = core
        self.doc: Doc[Any] = Doc()
        self.doc.apply_update(core.doc.get_update())
        self.made: list[bytes] = []
        self.acked = 0
        self.watch = self.doc.observe(self._on_change)
        self.taking = False
        self.number = core.join(person, {"id": person}, 0, 0.0, writes=writes)
        core.outgoing.clear()

    def _on_change(self, event: TransactionEvent) -> None:
        if not self.taking:
            self.made.append(event.update)

    def write(self, words: str, at: int = 0) -> bytes:
        with self.doc.transaction():
            self._type(words, at)
        return self.made[-1]

    def _type(self, words: str, at: int) -> None:
        line = self.doc.get("plan", type=XmlFragment).children[0].children[0]
        assert isinstance(line, XmlElement)
        if not len(line.children):
            line.children.append(XmlText(""))
        text = line.children[0]
        assert isinstance(text, XmlText)
        text.insert(at, words)

    def hear(self, frame: bytes) -> None:
        reader = Reader(frame)
        kind = reader.uint()
        if kind == 0 and reader.uint() != Sub.STEP_1:
            self.taking = True
            self.doc.apply_update(reader.bytes())
            self.taking = False
        elif kind == 4:
            self.acked = reader.uint()


def room(generation: int = 1) -> PlanCore:
    doc: Doc[Any] = Doc()
    write_tree(doc, blank_plan())
    return PlanCore(load(Stored(0, doc.get_update(), b"", (), {})), generation)


def store(core: PlanCore, rows: list[Row] | None = None) -> None:
    batch = core.take()
    if batch is not None:
        assert not any(frame[0] in (0, 4) for _, frame in core.outgoing), "told before it was stored"
        if rows is not None:
            rows.extend(batch.rows)
        core.done(batch)


def deliver(core: PlanCore, pages: dict[int, Page]) -> None:
    for number, frame in core.outgoing:
        if number in pages:
            pages[number].hear(frame)
    core.outgoing.clear()


def update(core: PlanCore, page: Page, data: bytes, sub: Sub = Sub.UPDATE, now: float = 0.0) -> None:
    core.on_frame(page.number, sync_frame(sub, data), now)


def test_nothing_is_acknowledged_or_told_before_it_is_stored() -> None:
    core = room()
    writer, reader = Page(core, "A"), Page(core, "B")
    update(core, writer, writer.write("春"), now=1.0)
    assert core.outgoing == [] and core.next_timeout() == 1.0 + GATHER_S
    batch = core.take()
    assert batch is not None and core.outgoing == []
    core.on_frame(reader.number, sync_frame(Sub.STEP_1, b"\x00"), 1.0)
    assert core.outgoing == []  # the document holds what is not on the disk
    core.done(batch)
    pages = {page.number: page for page in (writer, reader)}
    assert [number for number, _ in core.outgoing] == [writer.number, reader.number, reader.number]
    deliver(core, pages)
    assert writer.acked == 1 and plain_text(read_tree(reader.doc)).startswith("春")
    assert core.attribution.shares() == {"A": 1}


def test_everybody_has_the_same_text_in_the_end_whatever_the_order() -> None:
    for seed in range(2):
        chance, core, rows = random.Random(seed), room(), list[Row]()
        begun = core.doc.get_update()
        everybody = [Page(core, name) for name in "ABCD"]
        pages = {page.number: page for page in everybody}
        for step in range(30):
            page = chance.choice(everybody)
            update(core, page, page.write(chance.choice("春眠不觉晓处闻啼鸟")), now=float(step))
            if chance.random() < 0.4:
                store(core, rows)
                deliver(core, pages)
        store(core, rows)
        deliver(core, pages)
        texts = {plain_text(read_tree(page.doc)) for page in everybody} | {plain_text(read_tree(core.doc))}
        assert len(texts) == 1 and all(page.acked == len(page.made) for page in everybody)
        again = load(Stored(0, begun, b"", tuple(rows), {}))
        assert plain_text(read_tree(again.doc)) in texts
        assert again.attribution.shares() == core.attribution.shares()


def test_words_with_the_client_id_of_another_are_refused_live_and_credited_to_their_writer_when_carried() -> None:
    core = room()
    writer, other = Page(core, "A"), Page(core, "B")
    update(core, writer, writer.write("春"))
    store(core)
    forged = writer.write("眠")
    with pytest.raises(Expelled) as expelled:
        update(core, other, forged)
    assert expelled.value.code is Close.FORBIDDEN and core.next_timeout() is None
    update(core, other, forged, Sub.STEP_2)
    rows = list[Row]()
    core.outgoing.clear()
    store(core, rows)
    assert [(row.author, row.carrier) for row in rows] == [("A", "B")]
    assert core.attribution.shares() == {"A": 2}


def test_readers_write_nothing() -> None:
    core = room()
    reader = Page(core, "C", writes=False)
    for sub in (Sub.UPDATE, Sub.STEP_2):
        with pytest.raises(Expelled) as expelled:
            update(core, reader, reader.write("春"), sub)
        assert expelled.value.code is Close.FORBIDDEN
    assert core.take() is None and "春" not in plain_text(read_tree(core.doc))


def test_copies_of_another_document_are_not_mixed_in() -> None:
    core = room(generation=3)
    with pytest.raises(Expelled) as expelled:
        core.join("A", {}, 2, 0.0, writes=True)
    assert expelled.value.code is Close.GENERATION and core.connections == ()


def test_a_plan_takes_so_many_pages_and_a_person_so_many_of_them() -> None:
    core = room()

    def refused(person: str) -> bool:
        with pytest.raises(Expelled) as expelled:
            core.join(person, {}, 0, 0.0, writes=True)
        return expelled.value.code is Close.TRY_LATER

    for _ in range(MAX_OF_PERSON):
        core.join("A", {}, 0, 0.0, writes=True)
    assert refused("A")
    for number in range(MAX_CONNECTIONS - MAX_OF_PERSON):
        core.join(f"person {number}", {}, 0, 0.0, writes=True)
    assert refused("B") and len(core.connections) == MAX_CONNECTIONS
    core.leave(0)
    core.join("B", {}, 0, 0.0, writes=True)


def test_an_update_whose_beginning_is_missing_asks_for_a_new_beginning() -> None:
    core = room()
    writer = Page(core, "A")
    writer.write("春")
    with pytest.raises(Expelled) as expelled:
        update(core, writer, writer.write("眠"))
    assert expelled.value.code is Close.COME_AGAIN
    update(core, writer, b"\x00\x00", Sub.STEP_2)


def test_who_sends_too_much_is_closed_and_others_are_not() -> None:
    core = room()
    loud, quiet = Page(core, "A"), Page(core, "B")
    with pytest.raises(Expelled) as expelled:
        for _ in range(400):
            update(core, loud, b"\x00\x00")
    assert expelled.value.code is Close.TOO_FAST
    update(core, quiet, quiet.write("春"))
    update(core, loud, b"\x00\x00", now=2 / MAX_FRAMES_S)


def test_a_page_tells_of_itself_only_under_its_true_name_and_is_gone_when_it_leaves() -> None:
    core = room()
    one, other = Page(core, "A"), Page(core, "B")
    update(core, one, one.write("春"))
    store(core)
    core.outgoing.clear()
    entries = [Presence(one.doc.client_id, 1, b'{"user":{"id":"B"}}')]
    core.on_frame(one.number, awareness_frame(entries), 0.0)
    core.on_frame(other.number, awareness_frame([Presence(one.doc.client_id, 9, b"null")]), 0.0)
    store(core)
    told = [frame for number, frame in core.outgoing if number == other.number and frame[0] == 1]
    assert len(told) == 1 and b'"id":"A"' in told[0]
    core.outgoing.clear()
    core.leave(one.number)
    assert [frame[0] for _, frame in core.outgoing] == [1] and core.outgoing[0][1].endswith(b"null")


def test_what_somebody_sent_before_leaving_stays() -> None:
    core = room()
    writer = Page(core, "A")
    update(core, writer, writer.write("春"))
    core.leave(writer.number)
    store(core)
    assert plain_text(read_tree(core.doc)).startswith("春") and core.attribution.shares() == {"A": 1}
