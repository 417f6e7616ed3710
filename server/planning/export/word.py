"""A paper as a Word file (ECMA-376), as Chinese schools hand plans in: A4, 宋体 and 黑体, formulas that can be edited.

Word chooses a font by the kind of letter: without `w:eastAsia` Chinese falls back to whatever the machine likes.
"""

from __future__ import annotations

import io
from typing import Any

from docx import Document
from docx.document import Document as Written
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.image.exceptions import UnrecognizedImageError
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph as Line
from PIL import Image, UnidentifiedImageError

from server.planning.export.formulas import office_math
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
)

_TEXT, _HEADS, _LATIN = "宋体", "黑体", "Times New Roman"
_SIZE = 10.5  # points: 五号
_GREY = RGBColor(0x5A, 0x62, 0x70)
_PAGE_WIDTH_CM = 16.6  # A4 less its margins
_INDENT_CM = 0.75
_HEAD_SIZES = {0: 20, 1: 14, 2: 12, 3: 10.5}
_XML_MAY_NOT = {code: None for code in range(32) if code not in (9, 10, 13)} | {0xFFFE: None, 0xFFFF: None}


def write_word(paper: Paper) -> bytes:
    """Return the paper as a .docx file. CPU work: call it off the event loop."""
    word = Document()
    _set_page(word)
    _set_styles(word)
    for name, value in {"title": paper.title, "language": "zh-CN", **paper.properties}.items():
        setattr(word.core_properties, name, _clean(value)[:255])
    title = word.add_heading(_clean(paper.title), 0)
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for fact in paper.facts:
        line = word.add_paragraph(_clean(fact), style="TtFact")
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _add_footer(word, paper.footer)
    _Body(word, word).add(paper.blocks)
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


class _Body:
    """Writes blocks into the document or into a cell of a table."""

    def __init__(self, word: Written, place: Written | _Cell) -> None:
        self._word = word
        self._place = place

    def add(self, blocks: tuple[Block, ...]) -> None:
        for block in blocks:
            self._add(block)

    def _add(self, block: Block) -> None:
        match block:
            case Heading(text, level):
                self._place.add_paragraph(_clean(text), style=f"Heading {min(3, max(1, level))}")
            case Paragraph():
                self._paragraph(block)
            case Formula(latex):
                line = self._place.add_paragraph()
                line.alignment = WD_ALIGN_PARAGRAPH.CENTER
                _add_formula(line, latex)
            case Picture():
                self._picture(block)
            case Table():
                self._table(block)
            case PageBreak():
                self._place.add_paragraph().add_run().add_break(WD_BREAK.PAGE)

    def _paragraph(self, block: Paragraph) -> None:
        style = {"quote": "TtQuote", "code": "TtCode", "note": "TtNote"}.get(block.style)
        line = self._place.add_paragraph(style=style)
        if block.bullet or block.indent:
            left = _INDENT_CM * (block.indent + bool(block.bullet))
            line.paragraph_format.left_indent = Cm(left)
            if block.bullet:
                line.paragraph_format.first_line_indent = Cm(-_INDENT_CM)
                line.paragraph_format.tab_stops.add_tab_stop(Cm(left))
                line.add_run(f"{block.bullet}\t")
        for run in block.runs:
            _add_run(line, run)

    def _picture(self, block: Picture) -> None:
        run = self._place.add_paragraph().add_run()
        try:
            with Image.open(io.BytesIO(block.data)) as opened:
                wide_cm = min(_PAGE_WIDTH_CM * 0.8, opened.width * 2.54 / 96)  # 96 pixels of a screen are an inch
                data = io.BytesIO(block.data)
                if opened.format not in ("PNG", "JPEG"):  # WebP: Word before 2024 does not know it
                    data = io.BytesIO()
                    opened.convert("RGBA" if "A" in opened.getbands() else "RGB").save(data, "PNG")
            drawn = run.add_picture(data, width=Cm(wide_cm))
            drawn._inline.docPr.set("descr", _clean(block.alt))
        except (UnidentifiedImageError, UnrecognizedImageError, OSError, ValueError):
            run.text = f"［图：{_clean(block.alt) or '无法显示'}］"

    def _table(self, block: Table) -> None:
        columns = max(sum(cell.columns for cell in row) for row in block.rows)
        # A table inside a cell has no style argument there, and the page's width does not matter to it.
        if isinstance(self._place, _Cell):
            table = self._place.add_table(len(block.rows), columns)
        else:
            table = self._place.add_table(len(block.rows), columns)
        table.style = self._word.styles["Table Grid"]
        for share, column in zip(block.widths, table.columns, strict=False):
            column.width = Cm(share * _PAGE_WIDTH_CM)
        taken: set[tuple[int, int]] = set()
        for row, cells in enumerate(block.rows):
            column_at = 0
            for cell in cells:
                while (row, column_at) in taken:
                    column_at += 1
                if column_at >= columns:
                    break
                right, low = min(columns, column_at + cell.columns), min(len(block.rows), row + cell.rows)
                taken |= {(down, across) for down in range(row, low) for across in range(column_at, right)}
                place = table.cell(row, column_at)
                if right - column_at > 1 or low - row > 1:
                    place = place.merge(table.cell(low - 1, right - 1))
                self._fill(place, cell, block.widths[column_at] if column_at < len(block.widths) else 0.0)
                column_at = right

    def _fill(self, place: _Cell, cell: Cell, share: float) -> None:
        if share:
            place.width = Cm(share * _PAGE_WIDTH_CM)
        empty = place.paragraphs[0]
        _Body(self._word, place).add(cell.blocks)
        if len(place.paragraphs) > 1 and not isinstance(cell.blocks[-1], Table):  # a cell must end with a paragraph
            empty._p.getparent().remove(empty._p)
        if cell.is_head:
            shade = OxmlElement("w:shd")
            for name, value in (("val", "clear"), ("color", "auto"), ("fill", "F0F3F7")):
                shade.set(qn(f"w:{name}"), value)
            place._tc.get_or_add_tcPr().append(shade)


def _add_run(line: Line, run: Run) -> None:
    if run.is_formula:
        return _add_formula(line, run.text)
    for number, part in enumerate(_clean(run.text).split("\n")):
        written = line.add_run(part)
        if number:
            written._r.insert(0, OxmlElement("w:br"))
        written.bold, written.italic = run.bold or None, run.italic or None
        written.underline, written.font.strike = run.underline or bool(run.link) or None, run.strike or None
        if run.link:
            written.font.color.rgb = RGBColor(0x1F, 0x5F, 0xBF)
            _make_link(line, written._r, run.link)
    return None


def _make_link(line: Line, run: Any, address: str) -> None:
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), line.part.relate_to(_clean(address), RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    run.addprevious(link)
    link.append(run)


def _add_formula(line: Line, latex: str) -> None:
    formula = office_math(_clean(latex))
    if formula is None:
        line.add_run(_clean(latex))
    else:
        line._p.append(parse_xml(formula))


def _set_page(word: Written) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin = section.bottom_margin = Cm(2.2)


def _set_styles(word: Written) -> None:
    normal = word.styles["Normal"]
    _set_font(normal, _TEXT, _SIZE)
    normal.paragraph_format.line_spacing = 1.5
    normal.paragraph_format.space_after = Pt(3)
    for level, size in _HEAD_SIZES.items():
        style = word.styles["Title" if level == 0 else f"Heading {level}"]
        _set_font(style, _HEADS, size, is_head=True)
    for name, size in (("TtFact", 9.5), ("TtQuote", _SIZE), ("TtCode", 9.0), ("TtNote", 9.5)):
        style = word.styles.add_style(name, 1)  # WD_STYLE_TYPE.PARAGRAPH
        style.base_style = normal
        style.font.size, style.font.color.rgb = Pt(size), _GREY
        if name == "TtQuote":
            style.paragraph_format.left_indent = Cm(_INDENT_CM)


def _set_font(style: Any, chinese: str, size: float, is_head: bool = False) -> None:
    style.font.name, style.font.size = _LATIN, Pt(size)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):  # a theme's font goes before a named one
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), chinese)
    if is_head:
        style.font.color.rgb, style.font.bold = RGBColor(0x1D, 0x21, 0x29), True
        border = style.element.pPr.find(qn("w:pBdr")) if style.element.pPr is not None else None
        if border is not None:
            style.element.pPr.remove(border)


def _add_footer(word: Written, text: str) -> None:
    line = word.sections[0].footer.paragraphs[0]
    line.style = word.styles["TtFact"]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    line.add_run(f"{_clean(text)}　第 " if text else "第 ")
    for kind, value in (("begin", ""), ("", "PAGE"), ("end", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = value
        line.add_run()._r.append(part)
    line.add_run(" 页")


def _clean(text: str) -> str:
    """Return the text without what XML 1.0 forbids (§2.2): Word would not open the file."""
    return text.translate(_XML_MAY_NOT).encode("utf-8", "ignore").decode("utf-8")
