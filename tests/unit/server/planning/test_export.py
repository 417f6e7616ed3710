"""A plan on paper: what each writer makes of it."""

from __future__ import annotations

import pytest

from server.planning.document import Node, Text, paragraph, plan_field
from server.planning.export.formulas import mathml, office_math, outline
from server.planning.export.markdown import write_markdown
from server.planning.export.paper import Heading, Paper, Paragraph, Run, Table, line
from server.planning.export.plan_paper import plan_paper
from server.planning.export.web_page import write_web_page


def paper_of(*fields: Node) -> Paper:
    return plan_paper(Node("doc", {}, fields), "光的折射", ("科学 · 五年级",), lambda src: None)


def item(*children: Node) -> Node:
    return Node("listItem", {}, children)


def step(title: str, minutes: object, leader: str = "lecturer", page: object = None) -> Node:
    attrs = {"id": title, "title": title, "minutes": minutes, "leader": leader, "page": page, "question": None}
    return Node("planStep", attrs, (paragraph("做实验。"),))


def test_fields_have_their_chinese_names_and_an_unknown_field_keeps_its_words() -> None:
    paper = paper_of(plan_field("goals", paragraph("说出折射现象")), plan_field("nonsense", paragraph("还在")))
    assert paper.blocks == (Heading("教学目标", 1), line("说出折射现象"), line("还在"))


def test_the_process_begins_with_a_table_of_its_segments_and_their_sum() -> None:
    paper = paper_of(plan_field("process", step("导入", 5, "local", 1), step("探究", 18, "both")))
    _, table, first, *_ = paper.blocks
    assert isinstance(table, Table)
    texts = [[cell.blocks[0].runs[0].text if cell.blocks[0].runs else "" for cell in row] for row in table.rows]  # type: ignore[union-attr]
    assert texts[1:] == [["导入", "5", "本地教师", "1"], ["探究", "18", "两端共同", ""], ["合计", "23", "", ""]]
    assert first == Heading("导入（5 分钟，本地教师，课件第 1 页）", 2)


def test_lists_are_numbered_and_indented_as_they_nest() -> None:
    inner = Node("bulletList", {}, (item(paragraph("画法线")),))
    paper = paper_of(Node("orderedList", {"start": 3}, (item(paragraph("说出")), item(paragraph("画出"), inner))))
    assert [(b.bullet, b.indent, b.runs[0].text) for b in paper.blocks if isinstance(b, Paragraph)] == [
        ("3.", 0, "说出"),
        ("4.", 0, "画出"),
        ("◦", 1, "画法线"),
    ]


def test_markdown_keeps_marks_formulas_and_tables_and_escapes_the_rest() -> None:
    bold = Text("斜射 ", {"bold": {}})
    written = paragraph("光 * 从空气")
    formula = Node("inlineMath", {"latex": r"\frac{a}{b}"})
    cells = Node("tableRow", {}, (Node("tableHeader", {}, (paragraph("入射角"),)),))
    table = Node("table", {}, (cells, Node("tableRow", {}, (Node("tableCell", {}, (paragraph("30°|"),)),))))
    text = write_markdown(paper_of(Node("paragraph", {}, (*written.children, bold, formula)), table))
    assert text == (
        "# 光的折射\n\n科学 · 五年级\n\n光 \\* 从空气**斜射** $\\frac{a}{b}$\n\n| 入射角 |\n| --- |\n| 30°\\| |\n"
    )


def test_the_web_page_shows_what_was_typed_and_runs_nothing() -> None:
    bad = paragraph("<script>alert(1)</script>")
    link = Node("paragraph", {}, (Text("看", {"link": {"href": "javascript:alert(1)"}}),))
    page = write_web_page(paper_of(plan_field("topic", bad, link)))
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "javascript:" not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("latex", [r"\frac{", "", " ", "x" * 3_000, r"\begin{pmatrix}1&2"])
def test_a_formula_that_cannot_be_read_is_none(latex: str) -> None:
    assert office_math(latex) is None or "oMath" in (office_math(latex) or "")
    assert mathml(latex) is None or latex.startswith(r"\begin")
    assert outline(latex, 10) is None or latex.startswith(r"\begin")


def test_a_half_written_formula_is_printed_as_it_was_typed() -> None:
    paper = Paper("课", blocks=(Paragraph((Run(r"\frac{", is_formula=True),)),))
    assert r"<code>\frac{</code>" in write_web_page(paper)
    assert r"$\frac{$" in write_markdown(paper)


def test_office_math_has_fractions_roots_and_upright_functions() -> None:
    math = office_math(r"\frac{\sin i}{\sin r}=\sqrt{2}_1^3") or ""
    for part in ("<m:f><m:num>", "<m:den>", '<m:degHide m:val="1"/>', '<m:sty m:val="p"/>', "<m:sSubSup>"):
        assert part in math
