"""Chinese letters for the printed cards: outlines of whatever Chinese font the machine has, drawn as paths.

PDF viewers bring no Chinese font, reportlab embeds no CFF font (Noto Sans CJK is one), and school printers stumble over
large embedded ones. So each letter of a name is drawn as the shape that its font gives it: any font will do, nothing is
embedded, and a page of names costs some kilobytes.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont, TTLibError
from reportlab.pdfgen.pathobject import PDFPathObject

_log = logging.getLogger(__name__)

# Sans before serif, simplified before others; names as distributions, Windows and macOS spell them.
_NAMES = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "NotoSansSC-Regular.ttf",
    "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf",
    "msyh.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "STHeiti Light.ttc",
    "wqy-zenhei.ttc",
    "wqy-microhei.ttc",
    "simhei.ttf",
    "DroidSansFallbackFull.ttf",
    "NotoSerifCJK-Regular.ttc",
    "simsun.ttc",
    "uming.ttc",
)
_TYPICAL = "同"  # a font without it is no Chinese one
_SIMPLIFIED = ("SC", "CN", "GB")


def font_folders() -> tuple[Path, ...]:
    """Return where this kind of machine keeps its fonts."""
    home = Path.home()
    if sys.platform == "win32":
        windows = Path(os.environ.get("WINDIR", r"C:\Windows"))
        return (windows / "Fonts", home / "AppData/Local/Microsoft/Windows/Fonts")
    if sys.platform == "darwin":
        return (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts")
    return (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local/share/fonts", home / ".fonts")


def chinese_fonts(folders: Sequence[Path]) -> list[Path]:
    """Return the files of Chinese fonts in these folders, the best first."""
    found: dict[str, Path] = {}
    for folder in folders:
        for parent, _, files in os.walk(folder):
            for name in files:
                if name in _NAMES:
                    found.setdefault(name, Path(parent) / name)
    return [found[name] for name in _NAMES if name in found]


_Stroke = tuple[Literal["moveTo", "lineTo", "curveTo", "close"], tuple[float, ...]]


class Face:
    """One font: outlines and widths of its letters, in shares of the letter's height."""

    def __init__(self, font: Any) -> None:
        self._outlines: dict[str, list[_Stroke]] = {}  # the class's name stands on every card
        self._glyphs: Any = font.getGlyphSet()
        self._names: dict[int, str] = font.getBestCmap() or {}
        self._unit = 1 / float(font["head"].unitsPerEm)

    def has(self, letter: str) -> bool:
        """Return whether the font knows this letter."""
        return ord(letter) in self._names

    def width(self, letter: str) -> float:
        """Return how wide the letter is."""
        return float(self._glyphs[self._names[ord(letter)]].width) * self._unit

    def draw(self, letter: str, path: PDFPathObject, x: float, y: float, size: float) -> None:
        """Add the outline of the letter, its origin at (x, y), to the path."""
        scale = size * self._unit
        for act, points in self._outline(letter):
            at = [x + part * scale if axis % 2 == 0 else y + part * scale for axis, part in enumerate(points)]
            getattr(path, act)(*at)

    def _outline(self, letter: str) -> list[_Stroke]:
        known = self._outlines.get(letter)
        if known is None:
            pen = _OutlinePen(self._glyphs)
            self._glyphs[self._names[ord(letter)]].draw(pen)
            known = self._outlines[letter] = pen.strokes
        return known


@contextmanager
def open_faces(files: Sequence[Path]) -> Iterator[list[Face]]:
    """Open those fonts that can be read; a broken one is passed over and noted."""
    fonts: list[TTFont] = []
    try:
        faces = []
        for file in files:
            try:
                font = open_font(file)
                faces.append(Face(font))
                fonts.append(font)
            except (TTLibError, OSError, KeyError, ValueError) as error:
                _log.warning("font %s cannot be read: %s", file, error)
        yield faces
    finally:
        for font in fonts:
            font.close()


def open_font(file: Path) -> TTFont:
    """Open a font; of a collection the simplified Chinese one."""
    if file.suffix != ".ttc":
        return TTFont(file, lazy=True)
    first: TTFont | None = None
    count = _fonts_in(file)
    for number in range(count):
        font = TTFont(file, fontNumber=number, lazy=True)
        name = str(font["name"].getDebugName(1) or "")
        if name.split()[-1:] and name.split()[-1] in _SIMPLIFIED:
            if first is not None:
                first.close()
            return font
        if first is None:
            first = font
        else:
            font.close()
    if first is None:
        raise ValueError("an empty collection")
    return first


def _fonts_in(file: Path) -> int:
    """Return how many fonts a collection has (OpenType §otff, TTC header)."""
    with file.open("rb") as data:
        head = data.read(12)
    if head[:4] != b"ttcf":
        raise ValueError("not a collection")
    return min(64, int.from_bytes(head[8:12], "big"))


class _OutlinePen(BasePen):  # type: ignore[misc]  # fontTools has no types
    """Notes a glyph as the steps of a PDF path; `BasePen` turns quadratic curves into cubic ones."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.strokes: list[_Stroke] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:
        self.strokes.append(("moveTo", pt))

    def _lineTo(self, pt: tuple[float, float]) -> None:
        self.strokes.append(("lineTo", pt))

    def _curveToOne(self, pt1: Any, pt2: Any, pt3: Any) -> None:
        self.strokes.append(("curveTo", (*pt1, *pt2, *pt3)))

    def _closePath(self) -> None:
        self.strokes.append(("close", ()))
