"""Large plans without waiting for one: updates in portions, rows of a bounded size, and what a document may hold."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from server.planning.document import Node, Text, blank_plan, count_pieces, plain_text, read_tree, write_tree
from server.planning.plans import core, cutting
from server.planning.plans.batches import load, rows_of
from server.planning.plans.core import Expelled, PlanCore
from server.planning.plans.cutting import document_of, pieces, portions
from server.planning.plans.storage import Stored
from server.planning.plans.structs import clocks_of, is_complete, look
from server.planning.plans.wire import Close, Sub, sync_frame


def scribbled(people: int = 3, letters: int = 150) -> bytes:
    """Return a document that several typed into and deleted from, letter by letter, in each other's words."""
    chance = random.Random(4)
    first: Doc[Any] = Doc()
    write_tree(first, blank_plan({"topic": ["光的折射"], "goals": ["说出"]}))
    docs = [first, *(document_of([first.get_update()]) for _ in range(people - 1))]
    for _ in range(letters):
        doc = chance.choice(docs)
        line = doc.get("plan", type=XmlFragment).children[0].children[0]
        assert isinstance(line, XmlElement)
        text = line.children[0]
        assert isinstance(text, XmlText)
        at = 3 * chance.randrange(len(text) // 3)
        with doc.transaction():
            if chance.random() < 0.4:
                del text[at : at + 3]
            text.insert(at, chance.choice("春眠不觉晓处处闻啼鸟"))
        for other in docs:
            other.apply_update(doc.get_update(other.get_state()))
    return first.get_update()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything count as large."""
    monkeypatch.setattr(cutting, "LARGE_BYTES", 0)
    monkeypatch.setattr(cutting, "MAX_STRUCTS", 7)


@pytest.mark.usefixtures("small")
def test_a_document_that_is_taken_up_in_portions_is_the_same() -> None:
    whole = scribbled()
    once: Doc[Any] = Doc()
    once.apply_update(whole)
    cut = list(portions(whole))
    assert len(cut) > 20
    clocks: dict[int, int] = {}
    for part in cut:
        looked = look(part)
        assert is_complete(looked, clocks) and sum(map(len, looked.blocks.values())) <= 7
        clocks |= {client: run[-1].clock + run[-1].length for client, run in looked.blocks.items()}
    made = document_of([whole])
    assert read_tree(made) == read_tree(once)
    assert made.get_update() == once.get_update()


@pytest.mark.usefixtures("small")
def test_what_several_wrote_is_cut_by_person_and_by_size() -> None:
    whole = scribbled()
    people = {client: f"person {client % 2}" for client in clocks_of(document_of([whole]).get_state())}
    made: Doc[Any] = Doc()
    for owner, part in pieces(look(whole), {}, people.__getitem__, "carrier"):
        looked = look(part)
        assert is_complete(looked, clocks_of(made.get_state()))
        assert {people[client] for client in looked.blocks} <= {owner}
        made.apply_update(part)
    assert read_tree(made) == read_tree(document_of([whole]))


def test_rows_hold_what_one_wrote_in_a_row_as_far_as_it_is_not_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.planning.plans.batches.LARGE_BYTES", 4)
    parts = [("A", b"12"), ("A", b"34"), ("A", b"5"), ("B", b"123456"), ("B", b"7")]
    assert list(rows_of(parts)) == [("A", [b"12", b"34"]), ("A", [b"5"]), ("B", [b"123456"]), ("B", [b"7"])]


def test_a_document_of_too_many_parts_takes_no_more_of_them_but_words(monkeypatch: pytest.MonkeyPatch) -> None:
    doc: Doc[Any] = Doc()
    write_tree(doc, blank_plan())
    room = PlanCore(load(Stored(0, doc.get_update(), b"", (), {})), 1)
    held = count_pieces(read_tree(doc))
    monkeypatch.setattr(core, "MAX_PIECES", held + 8)
    writer = room.join("A", {}, 0, 0.0, writes=True)
    page = document_of([doc.get_update()])

    def send(change: Any) -> None:
        before = page.get_state()
        change(page)
        room.on_frame(writer, sync_frame(Sub.UPDATE, page.get_update(before)), 0.0)

    send(lambda page: write_tree(page, Node("doc", {}, (Node("paragraph", {}, (Text("春"),)),) * 4)))
    with pytest.raises(Expelled) as expelled:
        send(lambda page: write_tree(page, Node("doc", {}, (Node("paragraph", {}, (Text("眠"),)),))))
    assert expelled.value.code is Close.DOCUMENT_FULL
    assert room.take() is not None
    assert "春" in plain_text(read_tree(room.doc)) and "眠" not in plain_text(read_tree(room.doc))


def test_others_may_have_the_processor_after_each_row() -> None:
    doc: Doc[Any] = Doc()
    write_tree(doc, blank_plan())
    room = PlanCore(load(Stored(0, doc.get_update(), b"", (), {})), 1)
    writers = [room.join(name, {}, 0, 0.0, writes=True) for name in "AB"]
    for writer, words in zip(writers, "春眠", strict=True):
        page = document_of([doc.get_update()])
        before = page.get_state()
        write_tree(page, Node("doc", {}, (Node("paragraph", {}, (Text(words),)),)))
        room.on_frame(writer, sync_frame(Sub.UPDATE, page.get_update(before)), 0.0)
    taking = room.taking()
    next(taking)
    late = room.join("C", {}, 0, 0.0, writes=False)
    room.outgoing.clear()
    room.on_frame(late, sync_frame(Sub.STEP_1, b"\x00"), 0.0)
    assert room.outgoing == []  # what is half-way in is told when it is on the disk
    next(taking)
    with pytest.raises(StopIteration) as over:
        next(taking)
    assert [row.author for row in over.value.value.rows] == ["A", "B"]
    room.done(over.value.value)
    answers = [frame for number, frame in room.outgoing if number == late and frame[:2] == bytes((0, Sub.STEP_2))]
    assert len(answers) == 1
