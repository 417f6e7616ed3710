"""Photos of a classroom that holds up forty answer cards, rendered from a seed, with what is truly in them.

Nothing here is shared with the reader but the dictionary of markers: cards are planes in space before a pinhole camera,
bent a little, held by thumbs, lit unevenly, blurred, made noisy and compressed; windows, posters, books, squared shirts
and markers of no dictionary stand round them. Lengths in metres, colours linear 0..1 until the sensor.
"""

from __future__ import annotations

import io
import math
import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from bench.card_room import painted_room
from server.lessons.cards.codes import modules

WIDTH, HEIGHT = 1920, 1080
OVER = 2  # painted at twice the size, so that edges have the greys a lens gives them
ROWS, COLUMNS = 5, 8

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Paper:
    """A printed card: server/lessons/cards/sheet.py prints these sizes."""

    marker: float
    width: float
    height: float
    nearest: float  # where the first and the last row sit
    farthest: float


PAPERS = {
    1: Paper(0.160, 0.210, 0.297, 2.6, 9.0),
    2: Paper(0.114, 0.210, 0.1485, 2.4, 6.6),
    4: Paper(0.080, 0.105, 0.1485, 2.0, 4.6),
}


@dataclass(frozen=True)
class Light:
    """What the sensor gets: how bright paper is (0..255), its noise there, and how far the hand moves meanwhile."""

    paper: float
    noise: float
    motion: float
    uneven: float


LIGHTS = {
    "bright": Light(232, 1.8, 1.0, 0.35),
    "normal": Light(178, 3.2, 1.5, 0.40),
    "dim": Light(92, 6.0, 2.0, 0.45),
}


@dataclass(frozen=True)
class Truth:
    """A card in a photo."""

    card: int
    turn: int
    x: float  # the middle of its marker, in pixels
    y: float
    side: float
    is_hidden: bool  # something stands before the marker


@dataclass
class Held:
    """One pupil's card, the same in all photos of a scene but for the hand's unrest."""

    card: int
    turn: int
    place: tuple[float, float, float]  # pixels, pixels, metres away
    angles: tuple[float, float, float]  # yaw, pitch, roll in degrees
    bend: float
    shade: tuple[float, float, float]  # mean, slope across, slope down
    shadow: float | None  # where a hard shadow's edge crosses the card
    cover: tuple[float, float, float, str] | None  # what stands before it: middle, size in markers, and what it is


def scene(seed: int, paper: Paper) -> list[Held]:
    """Return who holds which card where: forty of sixty cards, some of them partly hidden."""
    draw = random.Random(f"scene {seed}")
    cards = draw.sample(range(60), ROWS * COLUMNS)
    return [
        _held(draw, paper, cards[row * COLUMNS + column], row, column)
        for row in range(ROWS)
        for column in range(COLUMNS)
    ]


def _held(draw: random.Random, paper: Paper, card: int, row: int, column: int) -> Held:
    away = paper.nearest + (paper.farthest - paper.nearest) * (row / (ROWS - 1)) + draw.uniform(-0.15, 0.15)
    x = WIDTH * (column + 0.5) / COLUMNS + draw.uniform(-26, 26)
    y = HEIGHT * (0.83 - 0.165 * row) + draw.uniform(-14, 14)
    cover = None
    if draw.random() < 0.1:
        what = draw.choice(("finger", "finger", "head", "sleeve"))
        angle, reach = draw.uniform(0, 2 * math.pi), draw.uniform(0.25, 0.62)
        cover = (math.cos(angle) * reach, math.sin(angle) * reach, draw.uniform(0.10, 0.34), what)
    return Held(
        card,
        draw.randrange(4),
        (x, y, away),
        (draw.uniform(-32, 32), draw.uniform(-22, 22), draw.gauss(0, 7)),
        draw.uniform(-0.06, 0.06),
        (draw.uniform(0.72, 1.05), draw.uniform(-0.22, 0.22), draw.uniform(-0.22, 0.22)),
        draw.uniform(-0.6, 0.6) if draw.random() < 0.1 else None,
        cover,
    )


def photo(seed: int, number: int, light: Light, paper: Paper) -> tuple[bytes, list[Truth]]:
    """Return the JPEG of the scene's photo of this number, and the cards in it."""
    draw = random.Random(f"photo {seed} {number}")
    canvas = painted_room(seed, ROWS, COLUMNS, (WIDTH * OVER, HEIGHT * OVER))
    truths = []
    for held in scene(seed, paper):
        truths.append(_paint_card(canvas, held, paper, draw))
    return _expose(canvas, light, seed, draw), truths


def card_texture(card: int, paper: Paper, per_metre: float) -> Image.Image:
    """Return the printed face: marker, letters, number and a name's dashes."""
    size = (round(paper.width * per_metre), round(paper.height * per_metre))
    face = Image.new("L", size, 255)
    pen = ImageDraw.Draw(face)
    unit = paper.marker * per_metre / 7
    left, top = size[0] / 2 - 3.5 * unit, size[1] / 2 - 3.5 * unit
    for row, line in enumerate(modules(card)):
        for column, is_ink in enumerate(line):
            if is_ink:
                x, y = left + column * unit, top + row * unit
                pen.rectangle((round(x), round(y), round(x + unit) - 1, round(y + unit) - 1), fill=0)
    small = 0.006 * per_metre
    for dx, dy in ((0, -1), (1, 0), (0, 1), (-1, 0)):
        x, y = size[0] / 2 + dx * 4.3 * unit, size[1] / 2 + dy * 4.3 * unit
        pen.rectangle((x - small / 2, y - small / 2, x + small / 2, y + small / 2), outline=90)
    pen.text((small, size[1] - 4 * small), f"{card:02d} name", fill=60)
    return face


def _corners(held: Held, paper: Paper, draw: random.Random) -> Floats:
    """Return where the sheet's four corners are in the photo (over-sized pixels), by a pinhole camera."""
    focal = 1400.0 * OVER
    x, y, away = held.place
    yaw, pitch, roll = (math.radians(a + draw.gauss(0, 1.5)) for a in held.angles)
    roll -= held.turn * math.pi / 2  # counter-clockwise in a picture whose y points down
    half_w, half_h = paper.width / 2, paper.height / 2
    flat = np.array([[-half_w, -half_h, 0], [half_w, -half_h, 0], [half_w, half_h, 0], [-half_w, half_h, 0]])
    cr, sr, cy, sy, cp, sp = (f(a) for a in (roll, yaw, pitch) for f in (math.cos, math.sin))
    in_plane = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    turned = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]) @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    space = flat @ (turned @ in_plane).T
    depth = away + space[:, 2]
    middle = np.array([x + draw.gauss(0, 2), y + draw.gauss(0, 2)]) * OVER
    # The card stands where its pupil is; only what it spans is projected, so that it stays in its column.
    spread: Floats = space[:, :2] * focal / depth[:, None]
    return np.asarray(middle + spread)


def _homography(source: Floats, target: Floats) -> Floats:
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solved: Floats = np.append(np.linalg.solve(np.array(rows), target.reshape(-1)), 1.0)
    return solved.reshape(3, 3)


def _paint_card(canvas: Floats, held: Held, paper: Paper, draw: random.Random) -> Truth:
    """Paint one card and the hands that hold it; return what can be seen of it."""
    corners = _corners(held, paper, draw)
    unit = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    to_card = _homography(corners, unit)
    x0, y0 = np.floor(corners.min(axis=0)).astype(int) - 4
    x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + 4
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, WIDTH * OVER), min(y1, HEIGHT * OVER)
    ys, xs = np.mgrid[y0:y1, x0:x1]
    points = np.stack([xs, ys, np.ones_like(xs)], -1) @ to_card.T
    u, v = points[..., 0] / points[..., 2], points[..., 1] / points[..., 2]
    v = v + held.bend * (1 - u * u)  # a sheet held at two sides bends
    per_metre = 1.3 * float(np.linalg.norm(corners[1] - corners[0])) / paper.width
    face = np.asarray(card_texture(held.card, paper, per_metre), np.float64) / 255
    ink = 0.07 + 0.85 * _bilinear(face, (u + 1) / 2 * face.shape[1] - 0.5, (v + 1) / 2 * face.shape[0] - 0.5)
    mean, across, down = held.shade
    shade = mean + across * u + down * v
    if held.shadow is not None:
        shade = shade * np.where(u + 0.4 * v > held.shadow, 0.55, 1.0)
    region = canvas[y0:y1, x0:x1]
    on_card = (abs(u) <= 1) & (abs(v) <= 1)
    for channel in range(3):
        region[..., channel] = np.where(on_card, ink * shade, region[..., channel])
    mx, my = u * paper.width / paper.marker, v * paper.height / paper.marker  # ±1 is the marker's edge
    _paint_thumbs(region, u, v, paper, draw)
    hidden = _paint_cover(region, mx, my, held)

    middle = corners.mean(axis=0) / OVER
    following = np.roll(corners, -1, axis=0)
    area = 0.5 * abs(np.dot(corners[:, 0], following[:, 1]) - np.dot(corners[:, 1], following[:, 0]))
    side = math.sqrt(area / OVER**2 * paper.marker**2 / (paper.width * paper.height))
    return Truth(held.card, held.turn, float(middle[0]), float(middle[1]), side, hidden)


def _bilinear(picture: Floats, x: Floats, y: Floats) -> Floats:
    x = np.clip(x, 0, picture.shape[1] - 1.001)
    y = np.clip(y, 0, picture.shape[0] - 1.001)
    left, top = x.astype(int), y.astype(int)
    fx, fy = x - left, y - top
    upper = picture[top, left] * (1 - fx) + picture[top, left + 1] * fx
    lower = picture[top + 1, left] * (1 - fx) + picture[top + 1, left + 1] * fx
    return np.asarray(upper * (1 - fy) + lower * fy)


SKINS = ((0.82, 0.62, 0.50), (0.72, 0.52, 0.40), (0.88, 0.70, 0.58))


def _paint_thumbs(region: Floats, u: Floats, v: Floats, paper: Paper, draw: random.Random) -> None:
    """Thumbs on the two broader margins, never on the marker."""
    skin = draw.choice(SKINS)
    is_wide = paper.width >= paper.height
    along, across = (u, v) if is_wide else (v, u)
    long, short = (paper.width, paper.height) if is_wide else (paper.height, paper.width)
    margin = 1 - paper.marker / long  # of half the length
    for side in (-1, 1):
        middle = draw.uniform(-0.5, 0.5)
        reach = min(margin * 0.8, 0.03 / (long / 2))
        thumb = ((along - side) / reach) ** 2 + ((across - middle) / (0.011 / (short / 2))) ** 2 < 1
        region[thumb] = skin


def _paint_cover(region: Floats, mx: Floats, my: Floats, held: Held) -> bool:
    """What stands before the card; return whether it takes away any of the marker."""
    if held.cover is None:
        return False
    x, y, size, what = held.cover
    x, y, size = x * 2, y * 2, size * 2
    dx, dy = mx - x, my - y
    if what == "finger":
        outward = math.atan2(y, x)
        lengthwise = dx * math.cos(outward) + dy * math.sin(outward)
        crosswise = -dx * math.sin(outward) + dy * math.cos(outward)
        mask = (abs(crosswise) < size * 0.45) & (lengthwise > -size)
        region[mask] = SKINS[held.card % 3]
    elif what == "head":
        mask = dx * dx + dy * dy < (size * 1.5) ** 2
        region[mask] = (0.10, 0.09, 0.08)
    else:
        mask = dx * (1 if x > 0 else -1) > 0.2
        region[mask] = (0.20, 0.25, 0.42)
    inside = (abs(mx) <= 1.03) & (abs(my) <= 1.03)
    return bool((mask & inside).sum() > 0.002 * max(1, int(inside.sum())))


def _expose(canvas: Floats, light: Light, seed: int, draw: random.Random) -> bytes:
    """Light the scene, and let lens, hand, sensor and encoder take their part of it."""
    picture = canvas.reshape(HEIGHT, OVER, WIDTH, OVER, 3).mean(axis=(1, 3))
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    place = random.Random(f"light {seed}")
    side = place.choice((-1, 1))
    field = 1 + light.uneven * side * (xs / WIDTH - 0.5) * 2 * 0.8
    for _ in range(2):  # lamps, and where they do not reach
        cx, cy, reach = place.uniform(0, WIDTH), place.uniform(0, HEIGHT), place.uniform(250, 600)
        field += place.uniform(-0.5, 0.5) * light.uneven * np.exp(-((xs - cx) ** 2 + (ys - cy) ** 2) / reach**2)
    field *= 1 - 0.25 * (((xs / WIDTH - 0.5) ** 2 + (ys / HEIGHT - 0.5) ** 2) * 2)  # the lens's own fall-off
    shaded = np.clip(picture * np.clip(field, 0.3, 2)[..., None] * light.paper, 0, 255)
    image = Image.fromarray(shaded.astype(np.uint8)).filter(ImageFilter.GaussianBlur(draw.uniform(0.45, 0.85)))
    moved = _motion(np.asarray(image, np.float64), draw.uniform(0, light.motion), draw.uniform(0, math.pi))
    noise = np.random.default_rng(draw.getrandbits(32))
    sigma = light.noise * np.sqrt(0.35 + 0.65 * moved / light.paper)  # shot noise on top of the sensor's own
    seen = np.clip(moved + noise.standard_normal(moved.shape) * sigma, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(seen).save(out, "JPEG", quality=draw.randrange(80, 93))
    return out.getvalue()


def _motion(picture: Floats, length: float, angle: float) -> Floats:
    """Smear by a hand's movement of `length` pixels: the mean of five pictures along the way."""
    if length < 0.2:
        return picture
    total = np.zeros_like(picture)
    image = Image.fromarray(picture.astype(np.uint8))
    for step in range(5):
        share = (step / 4 - 0.5) * length
        shift = (1, 0, math.cos(angle) * share, 0, 1, math.sin(angle) * share)
        total += np.asarray(image.transform(image.size, Image.Transform.AFFINE, shift, Image.Resampling.BILINEAR))
    return total / 5
