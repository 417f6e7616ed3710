"""Draw smooth discs, capsules and polygons into a picture: as much of a drawing library as the demo clip needs.

Shapes are signed distance fields evaluated in their own bounding box, so the cost is that of the pixels they touch;
the last pixel of a shape is blended by its distance, which is what makes edges smooth.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]  # height × width × 3, RGB
Field = npt.NDArray[np.float32]
Colour = tuple[int, int, int]
Point = tuple[float, float]


class Painter:
    """Draws into one picture; coordinates are pixels, y down."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self._height, self._width = pixels.shape[:2]
        self._xs = np.arange(self._width, dtype=np.float32)[None, :] + np.float32(0.5)
        self._ys = np.arange(self._height, dtype=np.float32)[:, None] + np.float32(0.5)

    def rectangle(self, x0: int, y0: int, x1: int, y1: int, colour: Colour, alpha: float = 1.0) -> None:
        """Fill the pixels x0 ≤ x < x1, y0 ≤ y < y1."""
        part = self.pixels[y0:y1, x0:x1]
        if alpha >= 1:
            part[:] = colour
        else:
            part[:] = (part * (1 - alpha) + np.array(colour, dtype=np.float32) * alpha).astype(np.uint8)

    def disc(self, centre: Point, radius: float, colour: Colour, alpha: float = 1.0) -> None:
        """Fill a circle."""
        self.ellipse(centre, radius, radius, colour, alpha)

    def ellipse(self, centre: Point, rx: float, ry: float, colour: Colour, alpha: float = 1.0) -> None:
        """Fill an ellipse with axes along x and y; the edge of a flat one is a little soft."""
        box = self._box(centre[0] - rx, centre[1] - ry, centre[0] + rx, centre[1] + ry)
        if box is None:
            return
        rows, columns = box
        dx = (self._xs[:, columns] - np.float32(centre[0])) / np.float32(rx)
        dy = (self._ys[rows] - np.float32(centre[1])) / np.float32(ry)
        distance = (np.sqrt(dx * dx + dy * dy) - np.float32(1)) * np.float32(min(rx, ry))
        self._blend(rows, columns, distance, colour, alpha)

    def line(self, start: Point, end: Point, width: float, colour: Colour, alpha: float = 1.0) -> None:
        """Draw a straight line with round ends."""
        (x0, y0), (x1, y1) = start, end
        half = width / 2
        box = self._box(min(x0, x1) - half, min(y0, y1) - half, max(x0, x1) + half, max(y0, y1) + half)
        if box is None:
            return
        rows, columns = box
        px, py = self._xs[:, columns] - np.float32(x0), self._ys[rows] - np.float32(y0)
        dx, dy = np.float32(x1 - x0), np.float32(y1 - y0)
        length2 = max(float(dx * dx + dy * dy), 1e-6)
        along = np.clip((px * dx + py * dy) / np.float32(length2), 0, 1)
        across_x, across_y = px - along * dx, py - along * dy
        distance = np.sqrt(across_x * across_x + across_y * across_y) - np.float32(half)
        self._blend(rows, columns, distance, colour, alpha)

    def path(self, points: Sequence[Point], width: float, colour: Colour, alpha: float = 1.0) -> None:
        """Draw straight lines from point to point."""
        for start, end in itertools.pairwise(points):
            self.line(start, end, width, colour, alpha)

    def dashes(self, start: Point, end: Point, width: float, colour: Colour, dash: float = 9.0) -> None:
        """Draw a dashed line: dashes and holes are `dash` long."""
        (x0, y0), (x1, y1) = start, end
        length = float(np.hypot(x1 - x0, y1 - y0))
        ux, uy = (x1 - x0) / length, (y1 - y0) / length
        for at in np.arange(0, length, 2 * dash):
            to = min(at + dash, length)
            self.line((x0 + ux * at, y0 + uy * at), (x0 + ux * to, y0 + uy * to), width, colour)

    def convex(self, corners: Sequence[Point], colour: Colour, alpha: float = 1.0) -> None:
        """Fill a convex polygon whose corners go clockwise on the screen."""
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        box = self._box(min(xs), min(ys), max(xs), max(ys))
        if box is None:
            return
        rows, columns = box
        px, py = self._xs[:, columns], self._ys[rows]
        distance: Field = np.full((rows.stop - rows.start, columns.stop - columns.start), -1e9, dtype=np.float32)
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
            length = float(np.hypot(x1 - x0, y1 - y0))
            nx, ny = np.float32((y1 - y0) / length), np.float32(-(x1 - x0) / length)
            distance = np.maximum(distance, (px - np.float32(x0)) * nx + (py - np.float32(y0)) * ny)
        self._blend(rows, columns, distance, colour, alpha)

    def _box(self, x0: float, y0: float, x1: float, y1: float) -> tuple[slice, slice] | None:
        left, right = max(int(x0) - 2, 0), min(int(x1) + 3, self._width)
        top, bottom = max(int(y0) - 2, 0), min(int(y1) + 3, self._height)
        if left >= right or top >= bottom:
            return None
        return slice(top, bottom), slice(left, right)

    def _blend(self, rows: slice, columns: slice, distance: Field, colour: Colour, alpha: float) -> None:
        cover = np.clip(np.float32(0.5) - distance, 0, 1)[:, :, None] * np.float32(alpha)
        part = self.pixels[rows, columns]
        tint = np.array(colour, dtype=np.float32)
        part[:] = (part + cover * (tint - part)).astype(np.uint8)
