"""What a lesson takes of a plan."""

from __future__ import annotations

from typing import Any

import pytest

from server.planning.document import Node, paragraph, plan_field, steps
from server.planning.teaching.outline import OWN, UNTITLED, outline_of, question_of


def _step(title: str, question: str | None = None, **attrs: Any) -> Node:
    given = {"id": f"id-{title}", "title": title, "minutes": 5, "leader": "lecturer", "page": None}
    return Node("planStep", given | {"question": question} | attrs, (paragraph(),))


def _plan(*children: Node) -> Node:
    return Node("doc", {}, (plan_field("process", *children),))


def _link(deck: str, page: int) -> Node:
    return Node("paragraph", {}, (Node("pageLink", {"deck": deck, "page": page, "title": "光"}),))


def test_segments_are_the_steps_in_order() -> None:
    found = outline_of(
        _plan(_step("导入", page=1), _step("", leader="local", minutes=15), _step("汇报", leader="both"))
    )
    assert [(one.title, one.minutes, one.leader, one.page) for one in found.segments] == [
        ("导入", 5, "lecturer", 1),
        (UNTITLED, 15, "local", 0),
        ("汇报", 5, "both", 0),
    ]


def test_copied_step_gets_an_id_of_its_own() -> None:
    found = outline_of(_plan(_step("导入"), _step("导入")))
    assert len({one.id for one in found.segments}) == 2


@pytest.mark.parametrize(
    ("text", "kind", "title", "options", "answer"),
    [
        ("筷子为什么看起来弯了？", "text", "筷子为什么看起来弯了？", (), ""),
        ("光进水，折射角 A. 变大 B. 变小 C. 不变 答案：B", "single", "光进水，折射角", ("变大", "变小", "不变"), "B"),
        ("哪些会折射？\nA、水\nB、玻璃\nC、铁（答案：AB）", "multiple", "哪些会折射？", ("水", "玻璃", "铁"), "AB"),
        ("A. 只有一个选项", "text", "A. 只有一个选项", (), ""),
        ("选哪个 A. 甲 B. 乙 答案：F", "single", "选哪个", ("甲", "乙"), ""),
    ],
)  # fmt: skip
def test_question_is_read_as_people_write_them(
    text: str, kind: str, title: str, options: tuple[str, ...], answer: str
) -> None:
    found = question_of(steps(_plan(_step("提问", text, page=3)))[0])
    assert found is not None
    assert (found.kind, found.title, found.options, found.answer, found.page) == (kind, title, options, answer, 3)
    assert found.id.startswith(OWN)


def test_what_cannot_be_asked_is_said() -> None:
    found = outline_of(_plan(_step("提问", "长" * 3000)))
    assert found.questions == ()
    assert "提问" in found.left_out[0]


def test_deck_that_is_linked_most_is_taken() -> None:
    found = outline_of(_plan(_link("one", 1), _link("two", 1), _link("two", 4)))
    assert found.deck_id == "two"
    assert len(found.left_out) == 1
    assert outline_of(_plan()).deck_id == ""
