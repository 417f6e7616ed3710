"""A lesson plan as a paper: fields as headings, the process with a table of its segments first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from server.planning.document import Field, Leader, Node, Piece, Step, Text, inline_text, steps, text_of
from server.planning.export.paper import (
    MAX_INDENT,
    Block,
    Cell,
    Formula,
    Heading,
    Paper,
    Paragraph,
    Picture,
    Run,
    Table,
    line,
    simple_table,
    words,
)

FIELD_NAMES: dict[Field, str] = {
    "topic": "课题",
    "standards": "课标要求",
    "learners": "学情分析",
    "goals": "教学目标",
    "key_points": "教学重难点",
    "process": "教学过程",
    "homework": "作业设计",
    "reflection": "教学反思",
    "notes": "备注",
}
LEADER_NAMES: dict[Leader, str] = {"lecturer": "主讲教师", "local": "本地教师", "both": "两端共同"}
_MAX_SPAN = 50  # columns or rows of one cell
_BULLETS = ("•", "◦", "▪")

Pictures = Callable[[str], bytes | None]
"""What the address in a plan shows, or None when it is gone."""


def plan_paper(tree: Node, title: str, facts: Sequence[str], pictures: Pictures, footer: str = "") -> Paper:
    """Return the plan as a paper."""
    writer = _Writer(pictures)
    return Paper(title, tuple(facts), tuple(writer.blocks(tree.children)), footer)


class _Writer:
    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def blocks(self, pieces: Iterable[Piece], indent: int = 0) -> list[Block]:
        found: list[Block] = []
        loose: list[Piece] = []  # inline pieces that stand in no paragraph, as a hostile document may have them
        for piece in pieces:
            if isinstance(piece, Text) or piece.kind in _INLINE:
                loose.append(piece)
                continue
            if loose:
                found.append(Paragraph(tuple(_runs(loose)), indent=indent))
                loose = []
            found += self._block(piece, indent)
        if loose:
            found.append(Paragraph(tuple(_runs(loose)), indent=indent))
        return found

    def _block(self, node: Node, indent: int) -> list[Block]:
        match node.kind:
            case "planField":
                return self._field(node)
            case "planStep":
                return self._step(node)
            case "heading":
                return [Heading("".join(inline_text(one) for one in node.children), 3)]
            case "bulletList" | "orderedList" | "taskList":
                return self._list(node, indent)
            case "blockquote":
                return [_quoted(one) for one in self.blocks(node.children, indent)]
            case "codeBlock":
                return [line(inline_text(node), "code", indent=indent)]
            case "blockMath":
                return [Formula(text_of(node.attrs.get("latex")))]
            case "image":
                src = text_of(node.attrs.get("src"))
                return [Picture(text_of(node.attrs.get("alt")), self._pictures(src) or b"", src)]
            case "table":
                return self._table(node)
            case "paragraph":
                return [Paragraph(tuple(_runs(node.children)), indent=min(indent, MAX_INDENT))]
            case _:
                return self.blocks(node.children, indent)

    def _field(self, node: Node) -> list[Block]:
        name = node.attrs.get("field")
        title = FIELD_NAMES.get(name, "") if isinstance(name, str) else ""  # type: ignore[call-overload]
        inside = self.blocks(node.children)
        segments = steps(node)
        table = [_segments(segments)] if segments else []
        return [*([Heading(title, 1)] if title else []), *table, *inside]

    def _step(self, node: Node) -> list[Block]:
        (step,) = steps(Node("doc", {}, (Node(node.kind, node.attrs),)))
        about = [f"{step.minutes} 分钟", LEADER_NAMES[step.leader]]
        if step.page is not None:
            about.append(f"课件第 {step.page} 页")
        heading = Heading(f"{step.title or '未命名环节'}（{'，'.join(about)}）", 2)
        question = [line(f"提问：{step.question}", "note")] if step.question else []
        return [heading, *self.blocks(node.children), *question]

    def _list(self, node: Node, indent: int) -> list[Block]:
        found: list[Block] = []
        start = node.attrs.get("start")
        number: int = start if isinstance(start, int) else 1
        for item in node.children:
            if isinstance(item, Text):
                continue
            bullet = _BULLETS[min(indent, len(_BULLETS) - 1)]
            if node.kind == "orderedList":
                bullet, number = f"{number}.", number + 1
            elif node.kind == "taskList":
                bullet = "☑" if item.attrs.get("checked") is True else "☐"
            inside = self.blocks(item.children, indent + 1)
            first = inside[0] if inside and isinstance(inside[0], Paragraph) and not inside[0].bullet else None
            runs = first.runs if first is not None else ()
            found.append(Paragraph(runs, bullet=bullet, indent=min(indent, MAX_INDENT)))
            found += inside[1:] if first is not None else inside
        return found

    def _table(self, node: Node) -> list[Block]:
        rows = [
            tuple(
                Cell(
                    tuple(self.blocks(cell.children)) or (Paragraph(()),),
                    _span(cell.attrs.get("colspan")),
                    _span(cell.attrs.get("rowspan")),
                    cell.kind == "tableHeader",
                )
                for cell in row.children
                if isinstance(cell, Node)
            )
            for row in node.children
            if isinstance(row, Node)
        ]
        return [Table(tuple(row for row in rows if row))] if any(rows) else []


_INLINE = frozenset({"libraryLink", "pageLink", "mention", "inlineMath", "hardBreak"})


def _runs(pieces: Iterable[Piece]) -> list[Run]:
    found: list[Run] = []
    for piece in pieces:
        if isinstance(piece, Text):
            found.append(_run(piece))
        elif piece.kind == "inlineMath":
            found.append(Run(text_of(piece.attrs.get("latex")), is_formula=True))
        elif piece.kind == "libraryLink":
            found += words(f"《{inline_text(piece)}》")
        elif piece.kind == "pageLink":
            page = piece.attrs.get("page")
            found += words(f"[课件 {inline_text(piece)}{f' 第 {page} 页' if isinstance(page, int) else ''}]")
        elif piece.kind == "mention":
            found += words(f"@{inline_text(piece)}")
        else:
            found += words(inline_text(piece))
    return found


def _run(piece: Text) -> Run:
    link = piece.marks.get("link")
    href = link.get("href") if isinstance(link, dict) else ""
    return Run(
        piece.text,
        bold="bold" in piece.marks,
        italic="italic" in piece.marks,
        underline="underline" in piece.marks,
        strike="strike" in piece.marks,
        link=href if isinstance(href, str) and href.startswith(("http://", "https://", "mailto:")) else "",
    )


def _quoted(block: Block) -> Block:
    return Paragraph(block.runs, "quote", block.bullet, block.indent) if isinstance(block, Paragraph) else block


def _segments(segments: Sequence[Step]) -> Table:
    total = sum(one.minutes for one in segments)
    rows = [
        (
            one.title or "未命名环节",
            str(one.minutes),
            LEADER_NAMES[one.leader],
            "" if one.page is None else str(one.page),
        )
        for one in segments
    ]
    return simple_table(
        ("教学环节", "分钟", "谁带", "课件页"), [*rows, ("合计", str(total), "", "")], (0.5, 0.14, 0.22, 0.14)
    )


def _span(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= _MAX_SPAN else 1
