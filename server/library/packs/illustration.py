"""The small picture by which Kiwix lists a book: the lesson's poster or first page, else the sign of 同堂. Pure."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageOps

from recorder.resource import Resource
from server.library.packs.contents import Lesson

SIDE = 48  # px: the size that openZIM asks for
_GREEN, _WHITE = (11, 107, 87), (255, 255, 255)  # as web/public/icon.svg
_DRAWN = 4  # it is drawn so many times larger, and then made smaller: smooth edges


def illustration(lessons: list[Lesson], known: list[Resource]) -> bytes:
    """Return a PNG of 48 × 48. Blocks for the disk."""
    if len(lessons) == 1:
        for path in (known[0].poster, *(one.path for one in known[0].page_files[:1])):
            if path and (picture := _picture(lessons[0], path)):
                return _png(ImageOps.fit(picture, (SIDE, SIDE)))
    return _png(_sign())


def _picture(lesson: Lesson, path: str) -> Image.Image | None:
    try:
        with Image.open(lesson.folder / path) as found:
            return found.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):  # a drawing, or not there
        return None


def _sign() -> Image.Image:
    picture = Image.new("RGB", (64 * _DRAWN, 64 * _DRAWN), _GREEN)
    pen = ImageDraw.Draw(picture)

    def line(*places: tuple[int, int]) -> None:
        pen.line([(x * _DRAWN, y * _DRAWN) for x, y in places], fill=_WHITE, width=5 * _DRAWN, joint="curve")

    line((12, 42), (12, 17), (52, 17), (52, 42))
    line((8, 48), (56, 48))
    pen.ellipse([n * _DRAWN for n in (27, 25, 37, 35)], fill=_WHITE)
    pen.pieslice([n * _DRAWN for n in (22, 35, 42, 49)], 180, 360, fill=_WHITE)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _png(picture: Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, "png", optimize=True)
    return made.getvalue()
