"""A Chinese font inside the PDF: the letters that the paper needs, cut from whatever Chinese font the machine has.

reportlab embeds TrueType outlines only, and Noto Sans CJK, which Debian and Ubuntu offer first, has cubic (CFF) ones:
so the font is cut down to the paper's letters, and cubic outlines are turned into quadratic ones. The text stays text:
it can be searched, copied and read aloud.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, TTLibError, newTable

from server.lessons.cards.fonts import chinese_fonts, font_folders, open_font

_log = logging.getLogger(__name__)

_MAX_ERROR = 1.0  # of an outline, in the font's units, of which a letter has 1,000: not seen at any size
_KEPT = frozenset(["head", "hhea", "maxp", "hmtx", "cmap", "name", "OS/2", "post", "glyf", "loca"]) | {"CFF "}


def embeddable(letters: Collection[str], is_bold: bool = False) -> bytes | None:
    """Return a TrueType font with these letters, or None when the machine has no Chinese font.

    Args:
        letters: characters; those that the font lacks are left out.
        is_bold: the bold face when the machine has it; else the regular one.
    """
    for file in chinese_fonts(font_folders()):
        bold = file.with_name(file.name.replace("Regular", "Bold"))
        try:
            return _cut(bold if is_bold and bold.exists() else file, letters)
        except (TTLibError, OSError, KeyError, ValueError) as error:
            _log.warning("font %s cannot be embedded: %s", file, error)
    return None


def _cut(file: Path, letters: Collection[str]) -> bytes:
    font = open_font(file)
    try:
        options = Options()
        options.layout_features = []
        options.notdef_outline = True
        options.hinting = False
        options.drop_tables += [tag for tag in font.keys() if tag not in _KEPT and tag != "GlyphOrder"]  # noqa: SIM118
        subsetter = Subsetter(options)
        subsetter.populate(text="".join(sorted({*letters, " "})))
        subsetter.subset(font)
        if "CFF " in font:
            _make_quadratic(font)
        out = io.BytesIO()
        font.save(out)
        return out.getvalue()
    finally:
        font.close()


def _make_quadratic(font: Any) -> None:
    """Replace cubic outlines by quadratic ones (OpenType §otff: the glyf, loca and maxp tables)."""
    order, drawn = font.getGlyphOrder(), font.getGlyphSet()
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(drawn)
        drawn[name].draw(Cu2QuPen(pen, _MAX_ERROR, reverse_direction=True))
        glyphs[name] = pen.glyph()
    del font["CFF "]
    font["loca"] = newTable("loca")
    font["glyf"] = outlines = newTable("glyf")
    outlines.glyphOrder, outlines.glyphs = order, glyphs
    for glyph in glyphs.values():
        glyph.recalcBounds(outlines)
    most = font["maxp"]
    most.tableVersion = 0x00010000
    for name in ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements", "SizeOfInstructions"):
        setattr(most, f"max{name}", 0)
    most.maxComponentElements, most.maxZones = 0, 1
    font["post"].formatType = 3.0
    font.sfntVersion = "\000\001\000\000"


def has_letters(font: bytes) -> frozenset[int]:
    """Return the code points that a font has."""
    with TTFont(io.BytesIO(font), lazy=True) as opened:
        return frozenset(opened.getBestCmap() or {})
