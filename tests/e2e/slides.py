"""A lesson's slides as a teacher has them: a PDF with Chinese headings, a drawing, and a photo that takes its bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from server.lessons.cards.fonts import Face, chinese_fonts, font_folders, open_faces
from tests.e2e.pictures import rough_page

WIDTH, HEIGHT = 960.0, 540.0  # points: 16 to 9
HEADING, LINE = 44.0, 26.0


def write_slides(path: Path, pages: Sequence[tuple[str, str]]) -> Path:
    """Write a page for each heading and line; each has a photo that no encoder makes small."""
    canvas = Canvas(str(path), pagesize=(WIDTH, HEIGHT))
    with open_faces(chinese_fonts(font_folders())[:1]) as (face,):
        for number, (heading, line) in enumerate(pages, 1):
            _write(canvas, face, heading, 60, 472, HEADING)
            _write(canvas, face, line, 60, 424, LINE)
            _draw_ray(canvas)
            photo = ImageReader(io.BytesIO(rough_page(number)))
            canvas.drawImage(photo, 530, 185, 390, 219)
            canvas.showPage()
    canvas.save()
    return path


def _write(canvas: Canvas, face: Face, words: str, x: float, y: float, size: float) -> None:
    """Write words as outlines: PDF viewers bring no Chinese font."""
    path = canvas.beginPath()
    for letter in words:
        face.draw(letter, path, x, y, size)
        x += face.width(letter) * size
    canvas.setFillColorRGB(0.1, 0.15, 0.25)
    canvas.drawPath(path, stroke=0, fill=1)


def _draw_ray(canvas: Canvas) -> None:
    """Draw water, and a ray that bends at its surface."""
    canvas.setFillColorRGB(0.75, 0.88, 0.97)
    canvas.rect(60, 40, 860, 130, stroke=0, fill=1)
    canvas.setStrokeColorRGB(0.8, 0.25, 0.1)
    canvas.setLineWidth(4)
    canvas.line(110, 320, 280, 170)
    canvas.line(280, 170, 360, 40)
    canvas.setDash(8, 6)
    canvas.setStrokeColorRGB(0.35, 0.4, 0.45)
    canvas.setLineWidth(2)
    canvas.line(280, 320, 280, 40)
    canvas.setDash()
