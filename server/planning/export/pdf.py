"""A paper as PDF (A4), with the letters that it needs inside."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image as Pictured, UnidentifiedImageError
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    Image,
    PageBreak as NewPage,
    Paragraph as Written,
    SimpleDocTemplate,
    Spacer,
    Table as Ruled,
    TableStyle,
)

from server.planning.export.faces import embeddable, has_letters
from server.planning.export.formulas import Outline, outline
from server.planning.export.paper import (
    Block,
    Cell,
    Formula,
    Heading,
    PageBreak,
    Paper,
    Paragraph,
    Picture,
    Run,
    Table,
    characters,
)

_MARGIN = 22 * mm
_WIDTH, _HEIGHT = A4[0] - 2 * _MARGIN, A4[1] - 2 * _MARGIN
_PICTURE_HEIGHT = 110 * mm
_INDENT = 7 * mm
_SIZE = 10.5  # points: 五号, what Chinese schools print in
_LEADING = 17.0
_INK, _GREY, _RULE = HexColor("#1d2129"), HexColor("#5a6270"), HexColor("#b8c0cc")
_TEXT, _BOLD = "TongtangText", "TongtangBold"
_NOT_EMBEDDED = "STSong-Light"  # Adobe-GB1: viewers bring it, or show another Chinese font of their machine
_INSTEAD = {"☑": "√", "☐": "□", "◦": "·", "▪": "·"}  # where the font lacks a letter; any other becomes _LACKING
_LACKING = "□"
_ALWAYS = frozenset("0123456789 第页.").union(_LACKING, *_INSTEAD.items())
_lock = threading.Lock()  # reportlab keeps its fonts for the whole process, by name


def write_pdf(paper: Paper) -> bytes:
    """Return the paper as PDF. Takes about a second: call it off the event loop."""
    letters = characters(paper) | _ALWAYS
    fonts = [embeddable(letters, is_bold) for is_bold in (False, True)]
    with _lock, _registered(fonts) as names:
        return _Sheets(names, fonts[0]).write(paper)


@contextmanager
def _registered(fonts: Sequence[bytes | None]) -> Iterator[tuple[str, str]]:
    """Let reportlab know the fonts inside the block, and forget them after it: it never replaces one that it knows."""
    names, made = [], []
    for name, font in zip((_TEXT, _BOLD), fonts, strict=True):
        if font is None:
            pdfmetrics.registerFont(UnicodeCIDFont(_NOT_EMBEDDED))
            names.append(_NOT_EMBEDDED)
        else:
            made.append(TTFont(name, io.BytesIO(font)))
            pdfmetrics.registerFont(made[-1])
            names.append(name)
    pdfmetrics.registerFontFamily(names[0], names[0], names[1], names[0], names[1])
    try:
        yield names[0], names[1]
    finally:
        for one in made:
            one.unregister()


class _Sheets:
    def __init__(self, fonts: tuple[str, str], font: bytes | None) -> None:
        self._text, self._bold = fonts
        self._has = None if font is None else has_letters(font)
        self._styles = {
            "body": self._style(),
            "quote": self._style(textColor=_GREY, leftIndent=_INDENT),
            "code": self._style(fontSize=9, leading=14, textColor=_GREY),
            "note": self._style(textColor=_GREY, fontSize=9.5),
            "title": self._style(fontName=self._bold, fontSize=20, leading=28, alignment=TA_CENTER, spaceAfter=6),
            "fact": self._style(alignment=TA_CENTER, textColor=_GREY, fontSize=9.5, leading=14),
            "h1": self._style(fontName=self._bold, fontSize=14, leading=22, spaceBefore=10, spaceAfter=4),
            "h2": self._style(fontName=self._bold, fontSize=12, leading=19, spaceBefore=8, spaceAfter=3),
            "h3": self._style(fontName=self._bold, spaceBefore=5, spaceAfter=2),
        }

    def _style(self, **more: Any) -> ParagraphStyle:
        told = {"fontName": self._text, "fontSize": _SIZE, "leading": _LEADING, "textColor": _INK, "spaceAfter": 3}
        return ParagraphStyle("tongtang", wordWrap="CJK", **{**told, **more})

    def write(self, paper: Paper) -> bytes:
        out = io.BytesIO()
        sheets = SimpleDocTemplate(
            out, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
            title=paper.title, author=paper.properties.get("author", ""), subject=paper.properties.get("subject", ""),
            creator="Tongtang", lang="zh-CN", invariant=1,
        )  # fmt: skip
        story: list[Flowable] = [Written(self._safe(paper.title), self._styles["title"])]
        story += [Written(self._safe(fact), self._styles["fact"]) for fact in paper.facts]
        story.append(Spacer(1, 8))
        story += [one for block in paper.blocks for one in self._flow(block, _WIDTH)]

        def foot(canvas: Canvas, _: Any) -> None:
            canvas.setFont(self._text, 8.5)
            canvas.setFillColor(_GREY)
            canvas.drawString(_MARGIN, 12 * mm, self._plain(paper.footer))
            canvas.drawRightString(A4[0] - _MARGIN, 12 * mm, f"第 {canvas.getPageNumber()} 页")

        sheets.build(story, onFirstPage=foot, onLaterPages=foot)
        return out.getvalue()

    def _flow(self, block: Block, width: float) -> list[Flowable]:
        match block:
            case Heading(text, level):
                return [Written(self._safe(text), self._styles[f"h{min(3, max(1, level))}"])]
            case Paragraph():
                return self._paragraph(block, width)
            case Formula(latex):
                drawn = outline(latex, _SIZE * 1.1, is_inline=False)
                return [_Formula(drawn, width)] if drawn else [Written(self._safe(latex), self._styles["code"])]
            case Picture():
                return [self._picture(block, width)]
            case Table():
                return [self._table(block, width), Spacer(1, 5)]
            case PageBreak():
                return [NewPage()]

    def _paragraph(self, block: Paragraph, width: float) -> list[Flowable]:
        style = self._styles[block.style]
        if block.bullet or block.indent:
            left = _INDENT * (block.indent + bool(block.bullet))
            style = ParagraphStyle(
                "entry", style, leftIndent=left, bulletIndent=left - _INDENT * 0.8, bulletFontName=self._text
            )
        formulas = [outline(run.text, _SIZE) if run.is_formula else None for run in block.runs]
        if any(formulas):
            return [_Line(self, block, formulas, style, width)]
        inside = "".join(self._marked(run) for run in block.runs) or "&nbsp;"
        return [Written(inside, style, bulletText=self._plain(block.bullet) or None)]

    def _marked(self, run: Run) -> str:
        text = self._safe(run.text).replace("\n", "<br/>")
        for is_on, tag in ((run.bold, "b"), (run.italic, "i"), (run.underline, "u"), (run.strike, "strike")):
            text = f"<{tag}>{text}</{tag}>" if is_on else text
        return (
            f'<link href="{escape(run.link, {chr(34): "&quot;"})}" color="#1f5fbf">{text}</link>' if run.link else text
        )

    def _safe(self, text: str) -> str:
        return escape(self._plain(text))

    def _plain(self, text: str) -> str:
        """Return the text as this font can show it, without control characters."""
        return "".join(self._letter(one) for one in text if one >= " " or one == "\n")

    def _letter(self, letter: str) -> str:
        if letter == "\n" or self._has is None or ord(letter) in self._has:
            return letter
        instead = _INSTEAD.get(letter, _LACKING)
        return instead if ord(instead) in self._has else _LACKING

    def _picture(self, block: Picture, width: float) -> Flowable:
        try:
            with Pictured.open(io.BytesIO(block.data)) as opened:
                wide, high = opened.size
            scale = min(width / wide, _PICTURE_HEIGHT / high, 0.75)  # 0.75: a pixel of a screen is 3/4 point
            return Image(io.BytesIO(block.data), wide * scale, high * scale)
        except (UnidentifiedImageError, OSError, ZeroDivisionError, ValueError):
            return Written(self._safe(f"［图：{block.alt or '无法显示'}］"), self._styles["note"])

    def _table(self, block: Table, width: float) -> Flowable:
        columns = max(sum(cell.columns for cell in row) for row in block.rows)
        widths = [share * width for share in block.widths] or [width / columns] * columns
        grid: list[list[Any]] = [[""] * columns for _ in block.rows]
        marks: list[Any] = [("GRID", (0, 0), (-1, -1), 0.5, _RULE), ("VALIGN", (0, 0), (-1, -1), "TOP")]
        taken: set[tuple[int, int]] = set()
        for row, cells in enumerate(block.rows):
            column = 0
            for cell in cells:
                while (row, column) in taken:
                    column += 1
                if column >= columns:
                    break
                right, low = min(columns, column + cell.columns), min(len(grid), row + cell.rows)
                taken |= {(down, across) for down in range(row, low) for across in range(column, right)}
                grid[row][column] = self._cell(cell, sum(widths[column:right]) - 12)
                if right - column > 1 or low - row > 1:
                    marks.append(("SPAN", (column, row), (right - 1, low - 1)))
                if cell.is_head:
                    marks.append(("BACKGROUND", (column, row), (right - 1, low - 1), HexColor("#f0f3f7")))
                column = right
        # A row higher than a page can only be split where nothing spans rows.
        return Ruled(grid, widths, style=TableStyle(marks), splitInRow=int(not any(m[0] == "SPAN" for m in marks)))

    def _cell(self, cell: Cell, width: float) -> list[Flowable]:
        return [one for inner in cell.blocks for one in self._flow(inner, max(20.0, width))]


def _draw(canvas: Canvas, drawn: Outline, x: float, y: float) -> None:
    """Draw a formula's outlines with its line at `y`; quadratic curves become cubic ones."""
    path, at = canvas.beginPath(), (0.0, 0.0)
    for act, points in drawn.strokes:
        if act == "M":
            path.moveTo(x + points[0], y - points[1])
        elif act == "L":
            path.lineTo(x + points[0], y - points[1])
        elif act == "Q":
            (ax, ay), (bx, by), (cx, cy) = at, points[:2], points[2:4]
            first, second = (
                (ax + 2 / 3 * (bx - ax), ay + 2 / 3 * (by - ay)),
                (cx + 2 / 3 * (bx - cx), cy + 2 / 3 * (by - cy)),
            )
            path.curveTo(x + first[0], y - first[1], x + second[0], y - second[1], x + cx, y - cy)
        else:
            path.close()
        at = (points[-2], points[-1]) if points else at
    for left, top, wide, high in drawn.bars:
        path.rect(x + left, y - top - high, wide, high)
    canvas.drawPath(path, stroke=0, fill=1, fillMode=1)


class _Formula(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A formula in a line of its own."""

    def __init__(self, drawn: Outline, width: float) -> None:
        super().__init__()
        self._drawn, self.width = drawn, width
        self.height = drawn.above + drawn.below + 8
        self._scale = min(1.0, width / max(1.0, drawn.width))

    def wrap(self, *_: float) -> tuple[float, float]:
        return self.width, self.height * self._scale

    def draw(self) -> None:
        self.canv.scale(self._scale, self._scale)
        left = (self.width / self._scale - self._drawn.width) / 2
        self.canv.setFillColor(_INK)
        _draw(self.canv, self._drawn, left, self._drawn.below + 4)


class _Line(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A paragraph with formulas among its words, broken between characters as Chinese is."""

    def __init__(
        self, sheets: _Sheets, block: Paragraph, formulas: Sequence[Outline | None], style: Any, width: float
    ) -> None:
        super().__init__()
        self._style, self._width = style, width - style.leftIndent
        self._bullet = sheets._plain(block.bullet)
        self.spaceAfter = style.spaceAfter
        self._lines: list[list[tuple[float, str, str | Outline]]] = [[]]
        self._x = 0.0
        for run, drawn in zip(block.runs, formulas, strict=True):
            if drawn is not None:
                self._place(drawn.width + 2, "", drawn)
                continue
            font = sheets._bold if run.bold else style.fontName
            for letter in sheets._plain(run.text):
                if letter == "\n":
                    self._break()
                else:
                    self._place(pdfmetrics.stringWidth(letter, font, style.fontSize), font, letter)
        self._heights = [self._height(line) for line in self._lines]

    def _place(self, wide: float, font: str, what: str | Outline) -> None:
        if self._x + wide > self._width and self._x > 0:
            self._break()
        self._lines[-1].append((self._x, font, what))
        self._x += wide

    def _break(self) -> None:
        self._lines.append([])
        self._x = 0.0

    def _height(self, line: Sequence[tuple[float, str, str | Outline]]) -> tuple[float, float]:
        drawn = [what for _, _, what in line if isinstance(what, Outline)]
        above = max([self._style.leading * 0.75, *(one.above for one in drawn)])
        return above, max([self._style.leading * 0.25, *(one.below for one in drawn)])

    def wrap(self, *_: float) -> tuple[float, float]:
        return self._width, sum(above + below for above, below in self._heights)

    def draw(self) -> None:
        canvas, y = self.canv, sum(above + below for above, below in self._heights)
        canvas.setFillColor(self._style.textColor)
        if self._bullet:
            canvas.setFont(self._style.fontName, self._style.fontSize)
            canvas.drawString(self._style.bulletIndent, y - self._heights[0][0], self._bullet)
        for line, (above, below) in zip(self._lines, self._heights, strict=True):
            y -= above
            for x, font, what in line:
                if isinstance(what, Outline):
                    _draw(canvas, what, self._style.leftIndent + x + 1, y)
                else:
                    canvas.setFont(font, self._style.fontSize)
                    canvas.drawString(self._style.leftIndent + x, y, what)
            y -= below
