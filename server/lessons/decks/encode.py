"""A page as WebP: lossless where it is drawn (text, lines, flat colour), lossy where it is photographed.

Measured on pages of Chinese text at 1280 px (bench/deck.py, and by hand): lossy at quality 50 takes 65 kB and frays the
strokes; lossless takes 40 kB; lossless with the shades of antialiasing rounded to 64 colours takes 29 kB, and nobody
can tell it from the page.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from PIL import Image, ImageChops

from server.lessons.model import PAGE_WIDTHS

DRAWN_COLOURS = 8_192  # a page of text has some hundreds, with shaded shapes some thousands; a photograph far more
ROUNDED_COLOURS = 64
MAX_SHIFT = 12  # of 255, how far rounding may move a channel anywhere; 5 on text, unseen at the edge of a stroke
LOSSY_QUALITY = 72
LOSSY_METHOD = 4  # 6 saves 3 % for twice the time
LOSSLESS_EFFORT = 50  # 0..100; more saves under 1 %


def renditions(draw: Callable[[int], Image.Image]) -> Iterator[tuple[int, bytes, float]]:
    """Yield `(width, WebP, ratio)` for each width.

    Args:
        draw: returns the page in RGB with a longer side of so many px: drawn anew for each width, since a text that
            was scaled down takes twice as much; a photograph that is smaller stays as it is.
    """
    before: tuple[tuple[int, int], bytes] | None = None
    for width in PAGE_WIDTHS:
        page = draw(width)
        if before is None or before[0] != page.size:
            before = (page.size, to_webp(page))
        yield width, before[1], page.width / page.height


def fitted(page: Image.Image, longer_side: int) -> Image.Image:
    """Return the page with a longer side of at most `longer_side` px."""
    width, height = page.size
    scale = longer_side / max(width, height)
    if scale >= 1:
        return page
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return page.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def to_webp(page: Image.Image) -> bytes:
    """Return an RGB picture as the smallest WebP that looks the same."""
    colours = page.getcolors(DRAWN_COLOURS)
    if colours is None:
        return _encoded(page, quality=LOSSY_QUALITY, method=LOSSY_METHOD)
    lossless = _encoded(_rounded(page, len(colours)), lossless=True, quality=LOSSLESS_EFFORT, method=LOSSY_METHOD)
    if len(lossless) <= page.width * page.height // 20:  # text: lossy would never be smaller
        return lossless
    lossy = _encoded(page, quality=LOSSY_QUALITY, method=LOSSY_METHOD)
    return min(lossless, lossy, key=len)


def _rounded(page: Image.Image, colours: int) -> Image.Image:
    """Return the page with its shades rounded to a few colours, unless that would show."""
    if colours <= ROUNDED_COLOURS:
        return page
    # Maximum coverage keeps the ground and the inks as they are: median cut and the octree tint the ground.
    rounded = page.quantize(ROUNDED_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).convert("RGB")
    extrema = ImageChops.difference(page, rounded).getextrema()
    worst = max(high for _, high in extrema)  # type: ignore[misc] # RGB: one pair a channel
    return rounded if worst <= MAX_SHIFT else page


def _encoded(page: Image.Image, **options: object) -> bytes:
    made = io.BytesIO()
    page.save(made, "WEBP", **options)
    return made.getvalue()
