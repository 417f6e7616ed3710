"""A deck of text as teachers make them: a PDF with a heading and seven lines of Chinese a page, always the same."""

from __future__ import annotations

import io
import random

from reportlab.pdfgen.canvas import Canvas

from server.lessons.cards.fonts import Face, chinese_fonts, font_folders, open_faces

WIDTH_PT, HEIGHT_PT = 960, 540
LINES, LETTERS = 7, 26
_POOL = (
    "光从空气斜着射入水中时传播方向发生偏折这种现象叫作光的折射我们把入射角和折射角记在表里想一想铅笔插进水杯看起来"
    "为什么弯了太阳月亮地球自转公转白天黑夜四季变化观察实验记录讨论同学小组老师问题答案春天播种夏天生长秋天收获冬天休息"
    "水在不同温度下有三种状态冰会融化成水水会蒸发成水蒸气遇冷又凝结声音是由物体振动产生的能在固体液体气体里传播"
)


def text_deck(pages: int) -> bytes:
    """Return the PDF; letters are drawn as outlines of the machine's Chinese font.

    Raises:
        LookupError: the machine has no Chinese font.
    """
    made, rng = io.BytesIO(), random.Random(4)
    canvas = Canvas(made, pagesize=(WIDTH_PT, HEIGHT_PT))
    with open_faces(chinese_fonts(font_folders())[:1]) as faces:
        if not faces:
            raise LookupError("no Chinese font: sudo apt-get install fonts-noto-cjk")
        for number in range(1, pages + 1):
            canvas.setFillColorRGB(0.03, 0.37, 0.30)
            canvas.rect(48, HEIGHT_PT - 100, 10, 52, stroke=0, fill=1)
            canvas.setFillColorRGB(0.08, 0.13, 0.11)
            _write(canvas, faces[0], _line(rng, 8), 76, HEIGHT_PT - 90, 40)
            for line in range(LINES):
                _write(canvas, faces[0], _line(rng, LETTERS), 76, HEIGHT_PT - 160 - 50 * line, 29)
            canvas.setFont("Helvetica", 18)
            canvas.drawRightString(WIDTH_PT - 48, 28, f"{number} / {pages}")
            canvas.showPage()
    canvas.save()
    return made.getvalue()


def _line(rng: random.Random, letters: int) -> str:
    start = rng.randrange(len(_POOL) - letters)
    return _POOL[start : start + letters]


def _write(canvas: Canvas, face: Face, words: str, x: float, y: float, size: float) -> None:
    path = canvas.beginPath()
    for letter in words:
        if face.has(letter):
            face.draw(letter, path, x, y, size)
        x += size
    canvas.drawPath(path, stroke=0, fill=1)
