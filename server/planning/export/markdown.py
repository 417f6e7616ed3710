"""A paper as Markdown: CommonMark with GitHub's tables, formulas between dollar signs."""

from __future__ import annotations

import re

from server.planning.export.paper import Block, Cell, Formula, Heading, PageBreak, Paper, Paragraph, Picture, Run, Table

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$])")


def write_markdown(paper: Paper) -> str:
    """Return the paper as Markdown."""
    head = [f"# {_safe(paper.title)}", *([" · ".join(_safe(fact) for fact in paper.facts)] if paper.facts else [])]
    parts: list[str] = []
    was_entry = False
    for block in paper.blocks:
        is_entry = isinstance(block, Paragraph) and bool(block.bullet)
        text = _block(block)
        if not text:
            continue
        if parts and not (was_entry and is_entry):
            parts.append("")  # entries of one list stand line by line
        parts.append(text)
        was_entry = is_entry
    return "\n\n".join([*head, "\n".join(parts)]).strip() + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * (level + 1)} {_safe(text)}"
        case Paragraph():
            return _paragraph(block)
        case Formula(latex):
            return f"$$\n{latex.strip()}\n$$"
        case Picture(alt, _, src):
            return f"![{_safe(alt)}]({src})" if src else f"［图：{_safe(alt)}］"
        case Table():
            return _table(block)
        case PageBreak():
            return "---"


def _paragraph(block: Paragraph) -> str:
    text = "".join(_run(run) for run in block.runs)
    if block.style == "code":
        return f"```\n{''.join(run.text for run in block.runs)}\n```"
    indent = "  " * block.indent
    if block.bullet:
        mark = {"☑": "- [x]", "☐": "- [ ]"}.get(block.bullet, block.bullet if block.bullet.endswith(".") else "-")
        return f"{indent}{mark} {text}"
    if block.style == "quote":
        return "\n".join(f"> {one}" for one in text.split("\n"))
    return indent + text


def _run(run: Run) -> str:
    if run.is_formula:
        return f"${run.text.strip()}$" if run.text.strip() else ""
    text, core = run.text, run.text.strip()
    if not core:
        return text.replace("\n", "  \n")
    marked = _safe(core).replace("\n", "  \n")
    for is_on, mark in ((run.bold, "**"), (run.italic, "*"), (run.strike, "~~")):
        marked = f"{mark}{marked}{mark}" if is_on else marked
    if run.link:
        marked = f"[{marked}](<{run.link.replace('>', '%3E')}>)"
    start = text.index(core)
    return f"{text[:start]}{marked}{text[start + len(core) :]}"  # a mark next to a space is not a mark


def _table(table: Table) -> str:
    columns = max(sum(cell.columns for cell in row) for row in table.rows)
    rows = [_row(row, columns) for row in table.rows]
    has_head = any(cell.is_head for cell in table.rows[0])
    head = rows[0] if has_head else _line([""] * columns)
    return "\n".join([head, _line(["---"] * columns), *(rows[1:] if has_head else rows)])


def _row(cells: tuple[Cell, ...], columns: int) -> str:
    texts: list[str] = []
    for cell in cells:
        inside = "<br>".join(filter(None, (_block(block).replace("\n", "<br>") for block in cell.blocks)))
        texts += [inside, *[""] * (cell.columns - 1)]
    return _line([*texts, *[""] * columns][:columns])


def _line(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _safe(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
