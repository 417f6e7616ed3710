"""A plan becomes a template: what stays, and what was only of that plan."""

from __future__ import annotations

from server.planning.document import Node, Text, paragraph, plain_text, plan_field, steps
from server.planning.templates.model import decode, encode, layout, with_step_ids

STEP = {"id": "s1", "title": "导入", "minutes": 5, "leader": "both", "page": 3, "question": "为什么？"}
TABLE = Node(
    "table",
    {},
    (
        Node("tableRow", {}, (Node("tableHeader", {}, (paragraph("学生活动"),)),)),
        Node("tableRow", {}, (Node("tableCell", {}, (paragraph("看筷子"),)),)),
    ),
)
HEADING = Node("heading", {"level": 3}, (Text("知识", {"bold": {}}),))
PLAN = Node(
    "doc",
    {},
    (
        plan_field(
            "goals", Node("heading", {"level": 3}, (Text("知识", {"bold": {}}),)), paragraph("会画"), paragraph("会说")
        ),
        plan_field("process", Node("planStep", STEP, (paragraph("把筷子放进水里"), Node("image", {"alt": "筷子"})))),
        plan_field("notes", TABLE, Node("paragraph", {}, (Text("问"), Node("mention", {"name": "何老师"})))),
    ),
)


def test_a_layout_keeps_headings_steps_and_tables_and_no_sentence() -> None:
    kept = layout(PLAN)
    assert plain_text(kept).split() == ["知识", "导入", "学生活动"]
    (step,) = steps(kept)
    assert (step.minutes, step.leader, step.page, step.question) == (5, "both", None, None)
    assert layout(kept) == kept
    assert len(kept.children[0].children) == 2  # type: ignore[union-attr]  # one paragraph to fill in, not two


def test_a_tree_survives_being_stored() -> None:
    assert decode(encode(PLAN)) == PLAN


def test_steps_of_a_copy_are_segments_of_their_own() -> None:
    ids = ["n1", "n2"]
    copy = with_step_ids(PLAN, ids)
    assert ([one.id for one in steps(copy)], ids) == (["n1"], ["n2"])
    assert plain_text(copy) == plain_text(PLAN)
