"""The picture of the demo lesson: a teacher at the blackboard shows how light bends in water (光的折射).

The wall, the board and what is written on it are drawn once; a picture is a copy of them with the ray, the water, the
pendulum, the clock and the teacher drawn at its time. Everything that moves has a period that divides `LOOP_S`.
"""

from __future__ import annotations

import math

import numpy as np

from server.bot.painter import Colour, Painter, Pixels, Point

WIDTH, HEIGHT = 960, 540
LOOP_S = 60.0

WALL: Colour = (242, 234, 218)
FLOOR: Colour = (198, 164, 124)
WOOD: Colour = (146, 100, 62)
BOARD: Colour = (36, 82, 68)
CHALK: Colour = (238, 240, 228)
YELLOW: Colour = (255, 214, 92)
WATER: Colour = (90, 170, 214)
SKIN: Colour = (246, 208, 176)
HAIR: Colour = (44, 36, 38)
DRESS: Colour = (46, 108, 150)
DARK: Colour = (52, 48, 46)
RED: Colour = (204, 72, 56)

SURFACE_Y = 262.0
HIT: Point = (500.0, SURFACE_Y)
TANK = (370, 190, 650, 384)
WATER_INDEX = 1.333  # refractive index of water at 20 °C for yellow light

# Chalk strokes on a 10 × 10 grid, y down.
Strokes = list[list[Point]]
TITLE: list[Strokes] = [
    [  # 光
        [(5, 0.5), (5, 3.5)], [(2, 1.4), (3.2, 3.1)], [(8, 1.4), (6.8, 3.1)], [(0.8, 4.4), (9.2, 4.4)],
        [(3.8, 4.5), (3.3, 7.2), (1, 9.4)], [(6.1, 4.5), (6.1, 8.4), (6.7, 9.2), (8.9, 9.2), (9.2, 7.8)],
    ],
    [  # 的
        [(2.8, 0.5), (2, 2.2)], [(0.8, 2.2), (0.8, 9), (4.4, 9), (4.4, 2.2), (0.8, 2.2)], [(0.8, 5.5), (4.4, 5.5)],
        [(6.7, 0.5), (5.4, 3.6)], [(6.2, 2.2), (9.3, 2.2), (9.2, 8), (8.6, 9.2), (7.5, 8.7)], [(6.3, 4.6), (7.4, 6)],
    ],
    [  # 折
        [(0.5, 2.8), (4.3, 2.5)], [(2.6, 0.5), (2.6, 8.8), (1.5, 8.3)], [(0.4, 6.2), (4.3, 5)],
        [(9, 0.8), (5.5, 1.8), (5.5, 5.5), (4.6, 9.3)], [(5.5, 4.3), (9.6, 4.3)], [(7.8, 4.3), (7.8, 9.6)],
    ],
    [  # 射
        [(2.8, 0.3), (2.2, 1.4)], [(1, 6.2), (1, 1.5), (4, 1.5), (4, 8.7), (3.2, 9.3)], [(1, 3.1), (4, 3.1)],
        [(1, 4.6), (4, 4.6)], [(0.3, 6.3), (4, 6.2)], [(4, 6.3), (0.6, 9.4)],
        [(5.2, 3), (9.8, 3)], [(8.2, 0.6), (8.2, 8.8), (7.2, 9.3), (6.8, 8.8)], [(6, 4.8), (6.9, 6.3)],
    ],
]  # fmt: skip
_RIM: list[Point] = [(2 + 2 * math.cos(a * math.pi / 8), 6 + 4 * math.sin(a * math.pi / 8)) for a in range(17)]
LETTERS: dict[str, tuple[float, Strokes]] = {  # width, strokes; the line stands at y = 10
    "n": (6, [[(0, 4), (0, 10)], [(0, 5.6), (1.5, 4), (3.4, 4), (4.4, 5.6), (4.4, 10)]]),
    "s": (
        5,
        [[(3.8, 4.6), (2.8, 4), (1, 4), (0.2, 5.3), (1, 6.6), (3, 7.4), (3.8, 8.7), (2.9, 10), (1, 10), (0, 9.2)]],
    ),
    "i": (2.4, [[(0.6, 4.2), (0.6, 10)], [(0.6, 2), (0.6, 2.2)]]),
    "θ": (5.4, [_RIM, [(0.2, 6), (3.8, 6)]]),
    "1": (3.6, [[(0.6, 7.6), (1.5, 7), (1.5, 12)]]),
    "2": (4, [[(0, 8), (0.8, 7), (2, 7), (2.6, 8.2), (0, 12), (2.8, 12)]]),
    "=": (7, [[(0.5, 5.6), (5, 5.6)], [(0.5, 8), (5, 8)]]),
    " ": (2.6, []),
}


class LessonPicture:
    """Draws the lesson at a time."""

    def __init__(self) -> None:
        self._still: Pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
        self._pixels = self._still.copy()
        _draw_room(Painter(self._still))

    def at(self, t_s: float, voice: float) -> Pixels:
        """Return the picture at `t_s` with the teacher's mouth open by `voice` (0..1); overwritten by the next call."""
        np.copyto(self._pixels, self._still)
        painter = Painter(self._pixels)
        _draw_light(painter, t_s)
        _draw_pendulum(painter, t_s)
        _draw_clock(painter, t_s)
        _draw_teacher(painter, t_s, voice)
        return self._pixels


def _wave(t_s: float, period_s: float, phase: float = 0.0) -> float:
    return math.sin(2 * math.pi * (t_s / period_s + phase))


def _write(painter: Painter, strokes: Strokes, x: float, y: float, size: float, width: float = 3.2) -> None:
    for stroke in strokes:
        painter.path([(x + px * size / 10, y + py * size / 10) for px, py in stroke], width, CHALK, 0.92)


def _write_line(painter: Painter, text: str, x: float, y: float, size: float) -> None:
    for letter in text:
        advance, strokes = LETTERS[letter]
        _write(painter, strokes, x, y, size, 2.6)
        x += advance * size / 10


def _draw_room(painter: Painter) -> None:
    painter.rectangle(0, 0, WIDTH, HEIGHT, WALL)
    painter.rectangle(0, 470, WIDTH, HEIGHT, FLOOR)
    painter.rectangle(0, 462, WIDTH, 472, WOOD)
    painter.rectangle(148, 36, 812, 424, WOOD)
    painter.rectangle(160, 48, 800, 412, BOARD)
    painter.rectangle(300, 424, 660, 434, (120, 82, 50))  # the ledge, and chalk on it
    painter.line((420, 421), (452, 421), 6, CHALK)
    painter.line((470, 421), (490, 421), 6, YELLOW)
    for index, strokes in enumerate(TITLE):
        _write(painter, strokes, 184 + 62 * index, 66, 50, 4.2)
    painter.line((182, 130), (432, 127), 2.5, YELLOW, 0.8)
    _write_line(painter, "n1 sin θ1", 184, 210, 34)
    _write_line(painter, "= n2 sin θ2", 184, 268, 34)
    x0, y0, x1, y1 = TANK
    painter.path([(x0, y0), (x0, y1), (x1, y1), (x1, y0)], 4, CHALK)
    painter.dashes((HIT[0], 150), (HIT[0], y1 - 6), 2, CHALK)
    _write_line(painter, "θ1", HIT[0] - 42, 168, 24)
    _write_line(painter, "θ2", HIT[0] + 8, 346, 22)
    painter.line((78, 96), (78, 84), 10, DARK)  # where the pendulum hangs
    painter.disc((884, 96), 50, DARK)
    painter.disc((884, 96), 45, (252, 252, 248))
    for hour in range(12):
        a = hour * math.pi / 6
        painter.line(
            (884 + 38 * math.sin(a), 96 - 38 * math.cos(a)), (884 + 42 * math.sin(a), 96 - 42 * math.cos(a)), 3, DARK
        )


def _draw_light(painter: Painter, t_s: float) -> None:
    x0, _, x1, y1 = TANK
    painter.rectangle(x0 + 3, int(SURFACE_Y), x1 - 2, y1 - 2, WATER, 0.42)
    crests = [(x, SURFACE_Y + 2.2 * _wave(t_s, 2.0, x / 90)) for x in range(x0 + 4, x1, 16)]
    painter.path(crests, 3, (190, 226, 240))
    angle = math.radians(42 + 26 * _wave(t_s, 12.0))
    bent = math.asin(math.sin(angle) / WATER_INDEX)
    length = 132.0
    lamp = (HIT[0] - length * math.sin(angle), HIT[1] - length * math.cos(angle))
    depth = (y1 - 4 - HIT[1]) / math.cos(bent)
    end = (HIT[0] + depth * math.sin(bent), HIT[1] + depth * math.cos(bent))
    mirror = (HIT[0] + 96 * math.sin(angle), HIT[1] - 96 * math.cos(angle))
    painter.line(HIT, mirror, 2, YELLOW, 0.35)
    painter.line(lamp, HIT, 4.5, YELLOW)
    painter.line(HIT, end, 4.5, YELLOW, 0.9)
    for step in range(5):  # light that wanders along the ray, slower in water
        along = (t_s / 2.0 + step / 5) % 1.0
        air = length / (length + depth * WATER_INDEX)
        if along < air:
            part = along / air
            spot = (lamp[0] + (HIT[0] - lamp[0]) * part, lamp[1] + (HIT[1] - lamp[1]) * part)
        else:
            part = (along - air) / (1 - air)
            spot = (HIT[0] + (end[0] - HIT[0]) * part, HIT[1] + (end[1] - HIT[1]) * part)
        painter.disc(spot, 5.5, (255, 250, 222))
    painter.disc(lamp, 10, RED)
    painter.disc(HIT, 4, CHALK)


def _draw_pendulum(painter: Painter, t_s: float) -> None:
    swing = math.radians(22 * _wave(t_s, 2.5))
    bob = (78 + 190 * math.sin(swing), 96 + 190 * math.cos(swing))
    painter.line((78, 96), bob, 2.5, DARK)
    painter.disc(bob, 19, RED)
    painter.disc((bob[0] - 6, bob[1] - 6), 5, (240, 150, 132))


def _draw_clock(painter: Painter, t_s: float) -> None:
    centre = (884.0, 96.0)
    for turns, length, width, colour in ((10.13 / 12, 22, 5.0, DARK), (0.13, 32, 3.5, DARK), (t_s / 60, 36, 2.0, RED)):
        a = 2 * math.pi * turns
        painter.line(centre, (centre[0] + length * math.sin(a), centre[1] - length * math.cos(a)), width, colour)
    painter.disc(centre, 4, DARK)


def _draw_teacher(painter: Painter, t_s: float, voice: float) -> None:
    lean, nod = 5 * _wave(t_s, 7.5), 2.5 * _wave(t_s, 3.0)
    head = (796 + lean, 232 + nod)
    shoulder_l, shoulder_r = (764 + lean * 0.6, 304.0), (828 + lean * 0.6, 304.0)
    # the free hand speaks along
    elbow = (866.0, 366.0 + 6 * _wave(t_s, 3.0))
    hand = (850 + 16 * _wave(t_s, 3.0, 0.2), 318 + 20 * _wave(t_s, 3.0))
    painter.disc((head[0] + 22, head[1] - 26), 17, HAIR)
    painter.disc((head[0], head[1] - 7), 41, HAIR)
    painter.convex([shoulder_l, shoulder_r, (846, 470), (746, 470)], DRESS)
    painter.line(shoulder_l, shoulder_r, 26, DRESS)
    painter.line((head[0], head[1] + 26), (796 + lean * 0.6, 298), 20, SKIN)
    painter.disc(head, 35, SKIN)
    painter.ellipse((head[0], head[1] - 29), 31, 14, HAIR)
    _draw_face(painter, head, t_s, voice)
    painter.path([shoulder_r, elbow, hand], 22, DRESS)
    painter.disc(hand, 13, SKIN)
    # the other one points at the board
    tip = (640 + 14 * _wave(t_s, 6.0), 262 + 44 * _wave(t_s, 6.0, 0.25))
    wrist = (704 + lean, 316 + 12 * _wave(t_s, 6.0, 0.25))
    painter.line(wrist, tip, 4, WOOD)
    painter.path([shoulder_l, (722 + lean * 0.8, 362), wrist], 22, DRESS)
    painter.disc(wrist, 12, SKIN)
    painter.rectangle(700, 446, 930, 540, WOOD)  # the desk
    painter.rectangle(690, 436, 940, 450, (172, 122, 78))
    painter.rectangle(726, 424, 792, 436, (250, 250, 246))  # a book
    painter.rectangle(726, 431, 792, 436, RED)


def _draw_face(painter: Painter, head: Point, t_s: float, voice: float) -> None:
    x, y = head[0] - 4, head[1]
    open_eye = 1.0 if (t_s % 4.0) > 0.16 else 0.15
    for side in (-12, 12):
        painter.ellipse((x + side, y - 3), 3.6, 4.6 * open_eye + 0.4, DARK)
        painter.disc((x + side * 1.5, y + 10), 6, (240, 170, 150), 0.5)
    painter.ellipse((x, y + 17), 8, 2.0 + 7 * voice, (176, 62, 60))
