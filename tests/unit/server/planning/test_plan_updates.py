"""Yjs updates looked into: what an editor makes passes, anything else does not, and nothing crashes."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pycrdt import Doc, XmlFragment, XmlText

from server.planning.document import Node, Text, blank_plan, plain_text, read_tree, write_tree
from server.planning.plans.cutting import pieces
from server.planning.plans.structs import Malformed, clocks_of, is_complete, look, varint
from server.planning.plans.wire import (
    Awareness,
    Presence,
    Sub,
    Sync,
    awareness_frame,
    read_frame,
    signed_presence,
    sync_frame,
)

# Written by yjs 13.6: an element with attributes of all kinds, and a text with marks and a letter beyond the BMP.
BY_YJS = bytes.fromhex(
    "010a91f4e0a60200070104706c616e0308706c616e53746570280091f4e0a60200076d696e75746573017d05280091f4e0a6020004706167"
    "65017e280091f4e0a602000178017f280091f4e0a6020003626967017b42a674e79c5fe400070091f4e0a6020006060091f4e0a602050462"
    "6f6c64027b7d8491f4e0a602060ce4bda0e5a5bde4b896e7958c8691f4e0a6020a04626f6c64046e756c6c8491f4e0a6020b08616263f09f"
    "98806400"
)


def test_an_update_of_yjs_is_read_to_its_last_byte() -> None:
    looked = look(BY_YJS)
    (run,) = looked.blocks.values()
    assert [block.length for block in run] == [1, 1, 1, 1, 1, 1, 1, 4, 1, 6]
    assert looked.makes_types and not looked.is_empty
    doc: Doc[Any] = Doc()
    doc.apply_update(BY_YJS)
    assert clocks_of(doc.get_state()) == {run[0].client: 18}
    assert plain_text(read_tree(doc)).split("\n")[-1] == "你好世界abc😀d"


@given(st.binary(max_size=60))
@settings(max_examples=30, deadline=None)
def test_noise_is_malformed_or_harmless(data: bytes) -> None:
    for read in (look, clocks_of, read_frame):
        try:
            read(data)
        except Malformed:
            continue


def test_every_truncation_and_many_flips_of_a_real_update_end_cleanly() -> None:
    chance = random.Random(6)
    for end in range(len(BY_YJS)):
        with pytest.raises(Malformed):
            look(BY_YJS[:end])
    for _ in range(150):
        broken = bytearray(BY_YJS)
        broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            looked = look(bytes(broken))
        except Malformed:
            continue
        if is_complete(looked, {}):
            try:
                Doc().apply_update(bytes(broken))
            except ValueError:
                continue


@pytest.mark.parametrize("count", [10**6, 10**9, 1 << 40])
def test_a_count_that_lies_is_malformed_at_once(count: int) -> None:
    for data in (varint(count), b"\x01" + varint(count) + b"\x07\x00", b"\x00" + varint(count)):
        with pytest.raises(Malformed):
            look(data)


def test_other_roots_types_and_depths_are_refused() -> None:
    other = BY_YJS.replace(b"\x04plan\x03", b"\x04plax\x03")
    with pytest.raises(Malformed):
        look(other)
    chain = b"".join(b"\x07\x00\x09" + varint(at) + b"\x03\x01p" for at in range(60))
    nested = b"\x01" + varint(61) + b"\x09\x00" + b"\x07\x01\x04plan\x03\x01p" + chain + b"\x00"
    with pytest.raises(Malformed, match="deep"):
        look(nested)


def test_an_update_that_misses_something_is_told_from_one_that_does_not() -> None:
    doc: Doc[Any] = Doc()
    write_tree(doc, blank_plan({"topic": ["光"]}))
    before = doc.get_state()
    text = doc.get("plan", type=XmlFragment).children[0].children[0].children[0]
    assert isinstance(text, XmlText)
    text.insert(3, "的折射")
    update = look(doc.get_update(before))
    assert is_complete(update, clocks_of(before))
    assert not is_complete(update, {})


def test_an_update_of_two_people_is_cut_into_theirs() -> None:
    first: Doc[Any] = Doc()
    write_tree(first, Node("doc", {}, (Node("paragraph", {}, (Text("春眠"),)),)))
    second: Doc[Any] = Doc()
    second.apply_update(first.get_update())
    text = second.get("plan", type=XmlFragment).children[0].children[0]
    assert isinstance(text, XmlText)
    text.insert(6, "不觉晓")
    owners = {first.client_id: "A", second.client_id: "B"}
    cut = list(pieces(look(second.get_update()), {}, owners.__getitem__, "B"))
    assert [owner for owner, _ in cut] == ["A", "B"]
    made: Doc[Any] = Doc()
    for at, (_, update) in enumerate(cut):
        made.apply_update(update)
        assert plain_text(read_tree(made)) == ("春眠" if at == 0 else "春眠不觉晓")


def test_frames_are_read_as_they_are_written() -> None:
    assert read_frame(sync_frame(Sub.UPDATE, b"\x00\x00")) == Sync(Sub.UPDATE, b"\x00\x00")
    entry = Presence(7, 3, b'{"user":{"name":"\xe6\xa0\xa1\xe9\x95\xbf"},"cursor":null}')
    read = read_frame(awareness_frame([entry]))
    assert read == Awareness((entry,))
    signed = signed_presence(entry, {"name": "王老师"})
    assert "校长" not in signed.state.decode() and "王老师" in signed.state.decode()
    for broken in (b"", b"\x09", sync_frame(Sub.UPDATE, b"") + b"x", bytes((0, 3, 0)), b"\x01\xff\xff\xff\x7f"):
        with pytest.raises(Malformed):
            read_frame(broken)
