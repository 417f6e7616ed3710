"""What is printed, whatever the file: a title and blocks. Every writer of this package takes a `Paper`.

A paper is flat on purpose: lists are paragraphs with a bullet and an indent, so that Word, PDF and Markdown number and
indent alike, and nobody depends on a program's own idea of a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

MAX_INDENT = 6  # deeper lists stay at this depth: a page of A4 has no room for more

ParagraphStyle = Literal["body", "quote", "code", "note"]


@dataclass(frozen=True)
class Run:
    """A piece of a line. `is_formula`: the text is LaTeX."""

    text: str
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    link: str = ""
    is_formula: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 to 3 under the paper's title."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, or an entry of a list when it has a bullet."""

    runs: tuple[Run, ...]
    style: ParagraphStyle = "body"
    bullet: str = ""
    indent: int = 0


@dataclass(frozen=True)
class Formula:
    """A formula in a line of its own, as LaTeX."""

    latex: str


@dataclass(frozen=True)
class Picture:
    """A picture. Without `data` only its description is printed."""

    alt: str
    data: bytes = b""
    src: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    blocks: tuple[Block, ...]
    columns: int = 1  # that it spans
    rows: int = 1
    is_head: bool = False


@dataclass(frozen=True)
class Table:
    """A table; `widths` are shares of the page's width, empty: as the columns need."""

    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class PageBreak:
    """What follows begins on a new page."""


Block: TypeAlias = Heading | Paragraph | Formula | Picture | Table | PageBreak


@dataclass(frozen=True)
class Paper:
    """A whole paper."""

    title: str
    facts: tuple[str, ...] = ()  # small lines under the title: subject, people, date
    blocks: tuple[Block, ...] = ()
    footer: str = ""
    properties: dict[str, str] = field(default_factory=dict)  # author, subject, as the file's own metadata


def words(text: str, bold: bool = False) -> tuple[Run, ...]:
    """Return one run of plain text, or none."""
    return (Run(text, bold=bold),) if text else ()


def line(text: str, style: ParagraphStyle = "body", bullet: str = "", indent: int = 0) -> Paragraph:
    """Return a paragraph of plain text."""
    return Paragraph(words(text), style, bullet, min(indent, MAX_INDENT))


def simple_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], widths: tuple[float, ...] = ()) -> Table:
    """Return a table of plain texts under a head."""
    top = tuple(Cell((Paragraph(words(text, bold=True)),), is_head=True) for text in head)
    return Table((top, *(tuple(Cell((line(text),)) for text in row) for row in rows)), widths)


def characters(paper: Paper) -> set[str]:
    """Return every character that the paper shows, for choosing a font's letters."""
    found: set[str] = set(paper.title) | set(paper.footer)
    for fact in paper.facts:
        found |= set(fact)
    pending: list[Block] = list(paper.blocks)
    while pending:
        block = pending.pop()
        if isinstance(block, Heading):
            found |= set(block.text)
        elif isinstance(block, Paragraph):
            found |= set(block.bullet).union(*(run.text for run in block.runs))
        elif isinstance(block, Formula):
            found |= set(block.latex)
        elif isinstance(block, Picture):
            found |= set(block.alt)
        elif isinstance(block, Table):
            pending += [inner for row in block.rows for cell in row for inner in cell.blocks]
    return found
