"""What stands in a classroom besides the answer cards, painted from a seed: much of it square, dark and light."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Floats = npt.NDArray[np.float64]


def painted_room(seed: int, rows: int, columns: int, size: tuple[int, int]) -> Floats:
    """Paint walls, windows, posters, desks and pupils; over-sized, linear."""
    draw = random.Random(f"room {seed}")
    wall = draw.choice(((205, 205, 190), (150, 165, 160), (222, 222, 222), (120, 110, 96)))
    picture = Image.new("RGB", size, wall)
    pen = ImageDraw.Draw(picture)
    for _ in range(3):
        _window(pen, draw.randrange(size[0] - 500), draw.randrange(120), draw.randrange(250, 480), draw)
    for _ in range(7):
        _poster(pen, draw.randrange(size[0] - 300), draw.randrange(size[1] // 2), draw.randrange(70, 260), draw)
    for row in range(rows - 1, -1, -1):
        for column in range(columns):
            _pupil(pen, size[0] * (column + 0.5) / columns, size[1] * (0.86 - 0.165 * row), 1 - 0.13 * row, draw)
        for column in range(columns):
            x = size[0] * (column + draw.uniform(0.2, 0.7)) / columns
            _desk(pen, x, size[1] * (0.955 - 0.165 * row), draw)
    for _ in range(14):
        _foreign_marker(pen, size, draw)
    return np.asarray(picture, np.float64) / 255


def _window(pen: ImageDraw.ImageDraw, x: int, y: int, size: int, draw: random.Random) -> None:
    pen.rectangle((x, y, x + size, y + size), fill=(50, 45, 40))
    panes = draw.choice((2, 3))
    gap = size // (panes * 6)
    for row in range(panes):
        for column in range(panes):
            left, top = x + gap + column * size // panes, y + gap + row * size // panes
            pen.rectangle(
                (left, top, left + size // panes - 2 * gap, top + size // panes - 2 * gap), fill=(255, 255, 255)
            )


def _poster(pen: ImageDraw.ImageDraw, x: int, y: int, size: int, draw: random.Random) -> None:
    """A sheet with a black-framed field of squares, as a two-dimensional code or a chess board has, or with lines."""
    pen.rectangle(
        (x, y, x + size, y + size * 5 // 4), fill=draw.choice(((250, 250, 245), (240, 225, 150), (190, 40, 40)))
    )
    count = draw.choice((0, 4, 8, 21))
    inner = size * 3 // 4
    if count == 0:
        for line in range(size // 14):
            pen.rectangle(
                (x + 8, y + 8 + line * 14, x + 8 + draw.randrange(20, size - 10), y + 14 + line * 14), fill=(40, 40, 40)
            )
        return
    left, top = x + size // 8, y + size // 8
    pen.rectangle((left, top, left + inner, top + inner), fill=(20, 20, 20))
    unit = inner / (count + 2)
    for row in range(count):
        for column in range(count):
            is_white = (row + column) % 2 == 0 if count == 8 else draw.random() < 0.5
            if is_white:
                at = (left + (column + 1) * unit, top + (row + 1) * unit)
                pen.rectangle((*at, at[0] + unit - 1, at[1] + unit - 1), fill=(245, 245, 245))


def _foreign_marker(pen: ImageDraw.ImageDraw, size: tuple[int, int], draw: random.Random) -> None:
    """A square marker with 25 random bits, as other systems' cards have: it must never be taken for one of ours."""
    unit = draw.randrange(7, 22)
    x, y = draw.randrange(size[0] - 9 * unit), draw.randrange(size[1] - 9 * unit)
    pen.rectangle((x, y, x + 9 * unit, y + 9 * unit), fill=(240, 240, 240))
    pen.rectangle((x + unit, y + unit, x + 8 * unit - 1, y + 8 * unit - 1), fill=(15, 15, 15))
    for place in range(25):
        if draw.random() < 0.5:
            left, top = x + (2 + place % 5) * unit, y + (2 + place // 5) * unit
            pen.rectangle((left, top, left + unit - 1, top + unit - 1), fill=(240, 240, 240))


def _pupil(pen: ImageDraw.ImageDraw, x: float, y: float, scale: float, draw: random.Random) -> None:
    x += draw.uniform(-30, 30)
    wide, high = 150 * scale, 210 * scale
    cloth = tuple(draw.randrange(20, 235) for _ in range(3))
    pen.rectangle((x - wide, y - high * 0.3, x + wide, y + high), fill=cloth)
    if draw.random() < 0.35:
        unit, other = draw.uniform(9, 26), tuple(255 - part for part in cloth)
        for row in range(int(1.3 * high / unit)):
            for column in range(int(2 * wide / unit)):
                if (row + column) % 2:
                    left, top = x - wide + column * unit, y - high * 0.3 + row * unit
                    pen.rectangle((left, top, left + unit, top + unit), fill=other)
    radius = 78 * scale
    top = y - high * 0.3 - 1.6 * radius
    pen.ellipse((x - radius, top, x + radius, top + 2 * radius), fill=(24, 20, 18))
    pen.ellipse((x - radius * 0.8, top + radius * 0.5, x + radius * 0.8, top + 2 * radius), fill=(205, 160, 130))


def _desk(pen: ImageDraw.ImageDraw, x: float, y: float, draw: random.Random) -> None:
    pen.rectangle((x, y, x + 90, y + 30), fill=draw.choice(((230, 230, 225), (170, 30, 30), (30, 60, 140))))
