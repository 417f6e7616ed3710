"""Versions laid side by side and brought back, and places of comments: pure, with what a browser's Yjs gives."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from server.planning.document import Node, Text, append_pieces, blank_plan, plain_text, read_tree, write_tree
from server.planning.plans import rewriting
from server.planning.plans.compare import Change, Part, compare
from server.planning.plans.model import Anchor
from server.planning.plans.places import Found, find, replace
from server.planning.plans.rewriting import rewrite
from server.planning.plans.structs import varint


def paragraphs(*texts: str) -> Node:
    return Node("doc", {}, tuple(Node("paragraph", {}, (Text(text),)) for text in texts))


def made(tree: Node) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    write_tree(doc, tree)
    return doc


def text_at(doc: Doc[Any], block: int) -> XmlText:
    element = doc.get("plan", type=XmlFragment).children[block]
    assert isinstance(element, XmlElement)
    text = element.children[0]
    assert isinstance(text, XmlText)
    return text


def test_lines_that_changed_are_paired_and_compared_by_letters() -> None:
    found = compare(["导入", "学生观察光的折射", "练习"], ["导入", "学生分组观察光的折射", "新的一步", "练习"])
    parts = (Part("same", "学生"), Part("added", "分组"), Part("same", "观察光的折射"))
    assert found == [
        Change("same", ("导入",), ("导入",)),
        Change("changed", ("学生观察光的折射",), ("学生分组观察光的折射",), parts),
        Change("added", (), ("新的一步",)),
        Change("same", ("练习",), ("练习",)),
    ]
    assert [one.kind for one in compare(["甲乙丙"], ["子丑寅卯"])] == ["removed", "added"]
    assert compare([], []) == []


def test_restoring_touches_no_block_that_is_the_same() -> None:
    tree = blank_plan({"topic": ["光的折射"], "goals": ["说出折射", "画出光路"]}, ["a", "b"])
    doc = made(tree)
    other: Doc[Any] = Doc()
    other.apply_update(doc.get_update())
    root = doc.get("plan", type=XmlFragment)
    goals = root.children[3]
    assert isinstance(goals, XmlElement)
    del goals.children[1]
    # Meanwhile somebody types in another field, and in a paragraph of the same field that stays.
    for block, line in ((0, 0), (3, 0)):
        place = other.get("plan", type=XmlFragment).children[block].children[line].children[0]
        assert isinstance(place, XmlText)
        place.insert(0, "新")
    rewrite(doc, tree)
    assert read_tree(doc) == tree
    doc.apply_update(other.get_update())
    words = plain_text(read_tree(doc)).split("\n")
    assert words[0] == "新光的折射" and "新说出折射" in words and words.count("画出光路") == 1


def test_restoring_leaves_the_words_of_a_paragraph_that_did_not_change() -> None:
    before = (Text("学生"), Text("分组", {"bold": {}}), Text("观察光的折射，然后讨论"))
    tree = Node("doc", {}, (Node("paragraph", {}, before), *paragraphs("第二段", "😀").children))
    doc = made(tree)
    place = text_at(doc, 0)
    del place[len("学生分".encode()) : len("学生分组观察光的".encode())]
    text_at(doc, 2).insert(0, "改")
    place.insert(len("学生分".encode()), "别看", {"italic": {}})
    other: Doc[Any] = Doc()
    other.apply_update(doc.get_update())
    theirs = text_at(other, 0)
    theirs.insert(len(theirs), "三分钟")  # meanwhile, in the words that stay
    rewrite(doc, tree)
    assert read_tree(doc) == tree
    doc.apply_update(other.get_update())
    assert plain_text(read_tree(doc)) == "学生分组观察光的折射，然后讨论三分钟\n第二段\n😀"


@pytest.mark.parametrize("left", [(), (Text("留"),)])
def test_a_comment_stands_through_the_restoring_of_its_paragraph(left: tuple[Text, ...]) -> None:
    doc = made(paragraphs("学生观察光的折射"))
    commented = anchor(doc, 2 + 4, 2 + 6, "光的")  # after the paragraph's element and text
    root = doc.get("plan", type=XmlFragment)
    text_at(doc, 0).insert(0, "请")
    append_pieces(root, (Node("paragraph", {}, left),))
    rewrite(doc, paragraphs("学生观察光的折射"))
    assert find(doc.get_update(), [commented]) == [Found("anchored", (0, 0), 4, 6, "光的")]


def test_a_plan_with_more_differences_than_are_kept_apart_is_restored_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rewriting, "MAX_STRETCHES", 8)
    words = [f"第{number}行" for number in range(30)]
    doc = made(paragraphs(*words))
    for tree in (paragraphs(*words[::2]), paragraphs(*words), paragraphs(*("" for _ in words)), paragraphs(*words)):
        rewrite(doc, tree)
        assert plain_text(read_tree(doc)) == plain_text(tree)


def anchor(doc: Doc[Any], clock: int, end: int, quote: str) -> Anchor:
    def at(place: int) -> str:
        return base64.b64encode(b"\x00" + varint(doc.client_id) + varint(place) + b"\x00").decode()

    return Anchor(at(clock), at(end), quote)


def test_a_comment_stands_at_its_letters_through_edits_around_it() -> None:
    doc = made(paragraphs("学生观察光的折射", "第二段"))
    # clocks: the second paragraph has 0 to 4 with its text and letters; the first is 5, its text 6, its letters from 7
    one = anchor(doc, 7 + 4, 7 + 6, "光的")
    assert find(doc.get_update(), [one]) == [Found("anchored", (0, 0), 4, 6, "光的")]
    text_at(doc, 0).insert(0, "请")
    assert find(doc.get_update(), [one])[0] == Found("anchored", (0, 0), 5, 7, "光的")
    replace(doc, find(doc.get_update(), [one])[0], "光在水中的")
    assert plain_text(read_tree(doc)) == "请学生观察光在水中的折射\n第二段"
    assert find(doc.get_update(), [one])[0].words == "光在水中的"  # between where its letters were


def test_a_comment_stands_at_its_letters_after_the_merge_of_what_two_wrote_apart() -> None:
    doc = made(paragraphs("学生观察光的折射", "光的折射"))
    one = anchor(doc, 6 + 2 + 4, 6 + 2 + 6, "光的")  # behind the second paragraph's 6, its own element and text
    apart: Doc[Any] = Doc()
    apart.apply_update(doc.get_update())
    text_at(doc, 0).insert(len("学生".encode()), "仔细地")
    away = text_at(apart, 0)
    away.insert(len("学生观察光".encode()), "线")  # in the words themselves
    away.insert(0, "请")
    del apart.get("plan", type=XmlFragment).children[1]
    for to, other in ((doc, apart), (apart, doc)):
        to.apply_update(other.get_update())
    assert find(doc.get_update(), [one]) == find(apart.get_update(), [one])
    assert find(doc.get_update(), [one]) == [Found("anchored", (0, 0), 8, 11, "光线的")]


def test_a_comment_ends_behind_its_last_letter() -> None:
    doc = made(paragraphs("学生观察光的折射"))

    def behind(kind: int, clock: int) -> str:
        return base64.b64encode(bytes((kind,)) + varint(doc.client_id) + varint(clock) + b"\x41").decode()  # side -1

    one = Anchor(behind(0, 2 + 3), behind(0, 2 + 5), "光的")
    assert find(doc.get_update(), [one]) == [Found("anchored", (0, 0), 4, 6, "光的")]
    text_at(doc, 0).insert(6, "传播和")
    assert find(doc.get_update(), [one])[0].words == "光的"
    whole = Anchor(behind(2, 1), behind(0, 2 + 1), "学生")
    assert find(doc.get_update(), [whole])[0].words == "学生"


def test_a_comment_whose_paragraph_was_made_anew_finds_its_quote_when_it_stands_there_once() -> None:
    doc = made(paragraphs("学生观察光的折射", "第二段"))
    one = anchor(doc, 2 + 4, 2 + 6, "光的")
    root = doc.get("plan", type=XmlFragment)
    del root.children[0]
    rewrite(doc, paragraphs("第二段", "请看光的折射"))
    assert find(doc.get_update(), [one]) == [Found("found", (1, 0), 2, 4, "光的")]
    rewrite(doc, paragraphs("第二段", "光的光的"))
    assert find(doc.get_update(), [one]) == [Found("lost")]


@pytest.mark.parametrize(
    "start", ["", "!!", "AA==", base64.b64encode(b"\x00\x05\x05\x00").decode(), "AgAA", "AAD/////"]
)
def test_a_position_that_means_nothing_is_lost(start: str) -> None:
    doc = made(paragraphs("学生观察"))
    assert find(doc.get_update(), [Anchor(start, start, "没有这些字")]) == [Found("lost")]
    assert find(doc.get_update(), [anchor(doc, 0, 1, "没有")]) == [Found("lost")]


def test_other_words_are_not_replaced() -> None:
    doc = made(paragraphs("学生观察"))
    with pytest.raises(ValueError, match="other words"):
        replace(doc, Found("anchored", (0, 0), 0, 2, "老师"), "同学")
    assert plain_text(read_tree(doc)) == "学生观察"


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ("", "学生折射\n末段"),
        ("看见", "学生看见折射\n末段"),
        ("看见\n第二行\n水里的", "学生看见\n第二行\n水里的折射\n末段"),
    ],
)
def test_words_over_several_paragraphs_are_replaced_as_one(words: str, after: str) -> None:
    doc = made(paragraphs("学生观察", "", "中间", "光的折射", "末段"))
    # clocks, from the last paragraph on, each with its text before its letters: from 0, 4, 10, 14 and 16
    one = anchor(doc, 18 + 2, 6 + 2, "观察\n\n中间\n光的")
    place = find(doc.get_update(), [one])[0]
    assert (place.state, place.words) == ("anchored", one.quote)
    other: Doc[Any] = Doc()
    other.apply_update(doc.get_update())
    text_at(other, 4).insert(0, "最")
    replace(doc, place, words)
    assert plain_text(read_tree(doc)) == after
    doc.apply_update(other.get_update())
    assert plain_text(read_tree(doc)) == after.replace("末段", "最末段")


def test_words_in_several_boxes_are_not_replaced() -> None:
    items = tuple(Node("listItem", {}, (paragraphs(line).children[0],)) for line in ("甲乙", "丙丁"))
    doc = made(Node("doc", {}, (Node("bulletList", {}, items),)))
    # clocks: the list 0; the second item, its paragraph and text 1 to 3, its letters 4 and 5; the first from 6 on
    one = anchor(doc, 9 + 1, 4 + 1, "乙\n丙")
    assert find(doc.get_update(), [one])[0].crosses
