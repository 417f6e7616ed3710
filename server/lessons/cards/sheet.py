"""Answer cards on A4: one, two or four a page, with cut marks, letters on the edges, card number and pupil's name.

Theory of operation. The marker takes 0.76 of the card's shorter side; the white that is left round it is more than one
of its modules wide, which the reader needs to tell its frame from a dark shirt. Inside that white stand only the small
letters, one at each edge, upright when that edge is up; a neighbour two metres away cannot read them, and the reader
does not mind them. Number and name stand farther out, on the broader margins, where the thumbs are too.

Cuts go through the middle of the page, so that a card cut 3 mm off still has its white. Nothing is printed within 8 mm
of the paper's edge: inkjets leave up to 5 mm blank, and worn paper feeds shift by some more.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from server.lessons.cards.codes import LETTERS, modules
from server.lessons.cards.fonts import Face

PER_PAGE = (1, 2, 4)
MARKER_MM = {1: 160.0, 2: 114.0, 4: 80.0}
READ_TO_M = {1: 9, 2: 6.5, 4: 4.5}  # how far a phone reads them in one 1080p picture (bench/cards.py)
_SAFE = 8 * mm
_LETTER_OUT = 0.4  # of a module from the marker to the letter's foot, or less where the printer could not reach
_CLEAR = 1.3  # modules round the marker that no label comes into
_GREY = 0.25


@dataclass(frozen=True)
class Printed:
    """One card to print; without a name only its number stands on it."""

    card: int
    name: str = ""
    number: int = 0  # the pupil's, 0: none


Title = tuple[str, str]
"""School and classroom, as they stand on every card; empty ones are left away."""


@dataclass(frozen=True)
class _Box:
    """A card's place on the page, in points from the lower left."""

    x: float
    y: float
    width: float
    height: float


def print_cards(cards: Sequence[Printed], per_page: int, title: Title, faces: Sequence[Face], backs: bool) -> bytes:
    """Return the PDF.

    Args:
        cards: in the order in which they are wanted.
        per_page: 1, 2 or 4.
        title: written on every card.
        faces: fonts to take letters from, the best first; none: numbers only, and a line that says what to install.
        backs: after each page its back for printing on both sides (flipped on the long edge), with the same letters
            at the same edges, so that whoever holds the card up sees which edge is up.
    """
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=1, invariant=1)
    canvas.setTitle(f"Answer cards {len(cards)}")
    canvas.setCreator("Tongtang")
    boxes = _boxes(per_page)
    for start in range(0, len(cards), per_page):
        page = list(zip(cards[start : start + per_page], boxes, strict=False))
        for printed, box in page:
            _draw_face(canvas, printed, box, MARKER_MM[per_page] * mm, _Words(canvas, faces), title)
        _draw_cuts(canvas, per_page)
        if not faces:
            _draw_missing_font(canvas)
        canvas.showPage()
        if backs:
            for printed, box in page:
                mirrored = _Box(A4[0] - box.x - box.width, box.y, box.width, box.height)
                _draw_back(canvas, printed, mirrored, MARKER_MM[per_page] * mm, _Words(canvas, faces))
            canvas.showPage()
    canvas.save()
    return out.getvalue()


def _boxes(per_page: int) -> list[_Box]:
    wide, high = A4
    columns, rows = {1: (1, 1), 2: (1, 2), 4: (2, 2)}[per_page]
    width, height = wide / columns, high / rows
    return [
        _Box(column * width, high - (row + 1) * height, width, height)
        for row in range(rows)
        for column in range(columns)
    ]


def _draw_face(canvas: Canvas, printed: Printed, box: _Box, side: float, words: _Words, title: Title) -> None:
    middle_x, middle_y = box.x + box.width / 2, box.y + box.height / 2
    _draw_marker(canvas, printed.card, middle_x, middle_y, side)
    for turn, letter in enumerate(LETTERS):
        _draw_letter(canvas, letter, middle_x, middle_y, side, min(box.width, box.height), -90 * turn)
    canvas.setFillGray(0)
    _draw_label(canvas, printed, box, side, words, title)


def _draw_label(canvas: Canvas, printed: Printed, box: _Box, side: float, words: _Words, title: Title) -> None:
    """Write number, name and class on the broader margin: beside the marker, or below it."""
    number = f"{printed.number} " if printed.number else ""
    name = number + printed.name if words.can_write and printed.name else ""
    lines = [(name, 14.0), *((text, 8.0) for text in title if words.can_write)]
    lines = [(text, size) for text, size in lines if text]
    x = box.x + _SAFE + 4 * mm
    if box.width > box.height:
        room = (box.width - side) / 2 - _SAFE - 4 * mm - _CLEAR * side / 7
        y = box.y + box.height / 2 + 8 * mm
        words.write(f"{printed.card:02d}", x, y, 34)
        y -= 10 * mm
    else:
        y = box.y + (box.height - side) / 2 - max(23 * mm, 2.2 * side / 7)
        words.write(f"{printed.card:02d}", x, y, 34)
        x += words.width("00", 34) + 4 * mm
        room = box.x + box.width - _SAFE - x
        y += 7 * mm
    for text, size in lines:
        words.write(text, x, y, min(size, size * room / max(room, words.width(text, size))))
        y -= 4 * mm if box.height > box.width else 5 * mm


def _draw_marker(canvas: Canvas, card: int, x: float, y: float, side: float) -> None:
    """Draw a black square, and the white bits on it: adjoining black shapes would show seams on screens."""
    rows = modules(card)
    unit = side / len(rows)
    left, top = x - side / 2, y + side / 2
    canvas.setFillGray(0)
    canvas.rect(left, y - side / 2, side, side, stroke=0, fill=1)
    canvas.setFillGray(1)
    path = canvas.beginPath()
    for row, line in enumerate(rows):
        for column, is_ink in enumerate(line):
            if not is_ink:
                path.rect(left + column * unit, top - (row + 1) * unit, unit, unit)
    canvas.drawPath(path, stroke=0, fill=1)


def _draw_letter(canvas: Canvas, letter: str, x: float, y: float, side: float, card: float, turn: float) -> None:
    """Draw the letter of the edge that is up after the card was turned by -`turn` degrees, with a mark outside it."""
    unit = side / 7
    size = min(12.0, 0.25 * unit)
    out = min(_LETTER_OUT * unit, (card - side) / 2 - _SAFE - 1.25 * size)
    canvas.saveState()
    canvas.translate(x, y)
    canvas.rotate(turn)
    canvas.setFillGray(_GREY)
    canvas.setFont("Helvetica-Bold", size)
    foot = side / 2 + out
    canvas.drawCentredString(0, foot, letter)
    path = canvas.beginPath()
    path.moveTo(-size * 0.3, foot + size * 0.95)
    path.lineTo(size * 0.3, foot + size * 0.95)
    path.lineTo(0, foot + size * 1.25)
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()


def _draw_back(canvas: Canvas, printed: Printed, box: _Box, side: float, words: _Words) -> None:
    """Draw letters behind the edges they belong to: right and left change sides when the sheet is turned over."""
    middle_x, middle_y = box.x + box.width / 2, box.y + box.height / 2
    for turn, letter in enumerate(LETTERS):
        canvas.saveState()
        canvas.translate(middle_x, middle_y)
        canvas.rotate(90 * turn)
        canvas.setFillGray(_GREY)
        canvas.setFont("Helvetica-Bold", 20)
        canvas.drawCentredString(0, side / 2 - 14, letter)
        canvas.restoreState()
    name = printed.name if words.can_write else ""
    text = f"{printed.card:02d}  {name}".strip()
    canvas.setFillGray(0)
    words.write(text, middle_x - words.width(text, 14) / 2, middle_y - 5, 14)


def _draw_cuts(canvas: Canvas, per_page: int) -> None:
    """Draw marks where to cut, from the printable edge inwards, and a cross where two cuts meet."""
    wide, high = A4
    canvas.setStrokeGray(0.55)
    canvas.setLineWidth(0.4)
    if per_page >= 2:
        canvas.line(_SAFE, high / 2, _SAFE + 7 * mm, high / 2)
        canvas.line(wide - _SAFE - 7 * mm, high / 2, wide - _SAFE, high / 2)
    if per_page == 4:
        canvas.line(wide / 2, _SAFE, wide / 2, _SAFE + 7 * mm)
        canvas.line(wide / 2, high - _SAFE - 7 * mm, wide / 2, high - _SAFE)
        canvas.line(wide / 2 - 4 * mm, high / 2, wide / 2 + 4 * mm, high / 2)
        canvas.line(wide / 2, high / 2 - 4 * mm, wide / 2, high / 2 + 4 * mm)


def _draw_missing_font(canvas: Canvas) -> None:
    canvas.setFillGray(0.35)
    canvas.setFont("Helvetica", 6)
    canvas.drawString(_SAFE, _SAFE, "Names: no Chinese font on the server. sudo apt-get install fonts-noto-cjk")


class _Words:
    """Writes text in the letters of the faces; a letter that none has becomes an empty box, to be filled by hand."""

    def __init__(self, canvas: Canvas, faces: Sequence[Face]) -> None:
        self._canvas = canvas
        self._faces = faces

    @property
    def can_write(self) -> bool:
        """Return whether there are Chinese letters at all."""
        return bool(self._faces)

    def width(self, text: str, size: float) -> float:
        """Return how wide the text is in points."""
        return sum(self._width(letter) for letter in text) * size

    def write(self, text: str, x: float, y: float, size: float) -> None:
        """Write from (x, y) on."""
        if not self._faces:
            self._canvas.setFont("Helvetica-Bold", size)
            self._canvas.drawString(x, y, text)
            return
        path = self._canvas.beginPath()
        for letter in text:
            face = self._face(letter)
            if face is not None:
                face.draw(letter, path, x, y, size)
            elif not letter.isspace():
                self._canvas.setLineWidth(0.5)
                self._canvas.rect(x + size * 0.06, y - size * 0.08, size * 0.88, size * 0.88, stroke=1, fill=0)
            x += self._width(letter) * size
        self._canvas.drawPath(path, stroke=0, fill=1)

    def _face(self, letter: str) -> Face | None:
        return next((face for face in self._faces if face.has(letter)), None)

    def _width(self, letter: str) -> float:
        face = self._face(letter)
        if face is not None:
            return face.width(letter)
        return 1.0 if self._faces else 0.6
