"""LaTeX formulas of plans as MathML (web pages), as Office Math (Word) and as outlines (PDF).

What cannot be read as LaTeX is printed as it was typed: a teacher's half-written formula must not cost the whole paper.
Office Math: ECMA-376-1 §22.1. The mapping covers what MathML Core has and latex2mathml writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from latex2mathml.converter import convert
from ziamath.config import config
from ziamath.zmath import Latex

MAX_LATEX = 2_000  # characters of one formula
_OMML = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_MATHML = "{http://www.w3.org/1998/Math/MathML}"
_PATH_STEP = re.compile(r"([MLQZ])([^MLQZ]*)")

config.svg2 = False  # outlines in place, not symbols that are used elsewhere


def mathml(latex: str) -> str | None:
    """Return the formula as a MathML element, or None when it cannot be read."""
    if not latex.strip() or len(latex) > MAX_LATEX:
        return None
    try:
        return convert(latex)
    except Exception:  # the converter raises whatever its parser trips over
        return None


def office_math(latex: str) -> str | None:
    """Return the formula as an `m:oMath` element, or None when it cannot be read."""
    text = mathml(latex)
    if text is None:
        return None
    root = ElementTree.fromstring(text)
    return f'<m:oMath xmlns:m="{_OMML}">{_all(root)}</m:oMath>'


def _all(parent: ElementTree.Element) -> str:
    return "".join(_office(child) for child in parent)


def _arg(name: str, element: ElementTree.Element | None) -> str:
    return f"<m:{name}>{'' if element is None else _office(element)}</m:{name}>"


def _office(element: ElementTree.Element) -> str:
    kind = element.tag.removeprefix(_MATHML)
    parts = list(element)
    first, second, third = (*parts[:3], None, None, None)[:3]
    match kind:
        case "mi" | "mn" | "mo" | "mtext" | "ms":
            return _word(element, is_plain=kind in ("mtext", "ms"))
        case "mspace":
            return _written(" ")
        case "mfrac":
            return f"<m:f>{_arg('num', first)}{_arg('den', second)}</m:f>"
        case "msup":
            return f"<m:sSup>{_arg('e', first)}{_arg('sup', second)}</m:sSup>"
        case "msub":
            return f"<m:sSub>{_arg('e', first)}{_arg('sub', second)}</m:sSub>"
        case "msubsup":
            return f"<m:sSubSup>{_arg('e', first)}{_arg('sub', second)}{_arg('sup', third)}</m:sSubSup>"
        case "msqrt":
            return f'<m:rad><m:radPr><m:degHide m:val="1"/></m:radPr><m:deg/><m:e>{_all(element)}</m:e></m:rad>'
        case "mroot":
            return f"<m:rad>{_arg('deg', second)}{_arg('e', first)}</m:rad>"
        case "mover":
            return f"<m:limUpp>{_arg('e', first)}{_arg('lim', second)}</m:limUpp>"
        case "munder":
            return f"<m:limLow>{_arg('e', first)}{_arg('lim', second)}</m:limLow>"
        case "munderover":
            low = f"<m:limLow>{_arg('e', first)}{_arg('lim', second)}</m:limLow>"
            return f"<m:limUpp><m:e>{low}</m:e>{_arg('lim', third)}</m:limUpp>"
        case "mtable":
            rows = "".join(f"<m:mr>{''.join(f'<m:e>{_all(cell)}</m:e>' for cell in row)}</m:mr>" for row in parts)
            return f"<m:m>{rows}</m:m>"
        case _:
            return _all(element)


def _word(element: ElementTree.Element, is_plain: bool) -> str:
    text = "".join(element.itertext())
    return _written(text, "<m:nor/>" if is_plain else '<m:sty m:val="p"/>' if len(text) > 1 else "")  # sin is upright


def _written(text: str, style: str = "") -> str:
    style = f"<m:rPr>{style}</m:rPr>" if style else ""
    return f'<m:r>{style}<m:t xml:space="preserve">{escape(text)}</m:t></m:r>' if text else ""


Stroke = tuple[str, tuple[float, ...]]


@dataclass(frozen=True)
class Outline:
    """A formula as filled outlines and bars, in points; y grows downwards, 0 is the line that text stands on."""

    width: float
    above: float  # of the line
    below: float
    strokes: tuple[Stroke, ...]  # M, L, Q, Z as SVG 1.1 §8.3 has them, absolute
    bars: tuple[tuple[float, float, float, float], ...]  # x, y, width, height of filled rectangles


def outline(latex: str, size: float, is_inline: bool = True) -> Outline | None:
    """Return the formula's outlines at a letter height of `size` points, or None when it cannot be read."""
    if not latex.strip() or len(latex) > MAX_LATEX:
        return None
    try:
        drawn = ElementTree.fromstring(Latex(latex, size=size, inline=is_inline).svg())
    except Exception:  # as above
        return None
    x, y, width, height = (float(part) for part in drawn.get("viewBox", "0 0 0 0").split())
    strokes: list[Stroke] = []
    bars: list[tuple[float, float, float, float]] = []
    for element in drawn.iter():
        tag = element.tag.rsplit("}", 1)[-1]
        if tag == "path":
            strokes += _strokes(element.get("d", ""))
        elif tag == "rect":
            left, top, wide, high = (float(element.get(name, "0")) for name in ("x", "y", "width", "height"))
            bars.append((left, top, wide, high))
    return Outline(width + x, -y, y + height, tuple(strokes), tuple(bars))


def _strokes(path: str) -> Iterator[Stroke]:
    for act, numbers in _PATH_STEP.findall(path):
        points = tuple(float(part) for part in numbers.replace(",", " ").split())
        yield act, points
