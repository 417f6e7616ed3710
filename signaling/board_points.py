"""Points of ink as text: differences from the point before, in base64 digits of five bits each.

A point is two numbers, or three when the pressure changes. Each number is written in groups of five bits, the lowest
first, a group per character of the URL-safe base64 alphabet (RFC 4648 §5); 32 is added when more follow. So a pen
moved by less than 8 units costs a character an axis, and by less than 512 two:

    first    zigzag(dx) · 2 + (1 when a third number follows)
    second   zigzag(dy)
    third    pressure, 0..7

The point before the first is (0, 0) without pressure. Texts of points that follow each other can simply be joined: what
is relayed piece by piece while a stroke is drawn is, joined, the stroke.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LEAST, MOST = -16_384, 4_194_303  # a page's width before the corner, 256 after it: an endless board has an end
PRESSURES = 8  # levels: finer ones are not seen in a line 3 px wide
NO_PRESSURE = -1
_VALUE = {digit: value for value, digit in enumerate(DIGITS)}
_MAX_DIGITS = 6  # 30 bits: no difference within the bounds needs more


class Point(NamedTuple):
    """A place of the pen in units, and how hard it is pressed (0..7, or -1: not known)."""

    x: int
    y: int
    pressure: int = NO_PRESSURE


ORIGIN = Point(0, 0)


def encode_points(points: Iterable[Point], before: Point = ORIGIN) -> str:
    """Return `points` as text that continues after `before`. Pressure may not become unknown again."""
    digits: list[str] = []
    for point in points:
        has_pressure = point.pressure != before.pressure
        _write(digits, _zigzag(point.x - before.x) << 1 | has_pressure)
        _write(digits, _zigzag(point.y - before.y))
        if has_pressure:
            _write(digits, point.pressure)
        before = point
    return "".join(digits)


def decode_points(text: str, before: Point = ORIGIN) -> list[Point]:
    """Return the points in `text`, which continues after `before`.

    Raises:
        ValueError: it is no such text, or leaves the bounds.
    """
    points: list[Point] = []
    at, x, y, pressure = 0, before.x, before.y, before.pressure
    while at < len(text):
        first, at = _read(text, at)
        second, at = _read(text, at)
        x += _unzigzag(first >> 1)
        y += _unzigzag(second)
        if first & 1:
            pressure, at = _read(text, at)
        if not (LEAST <= x <= MOST and LEAST <= y <= MOST and pressure < PRESSURES):
            raise ValueError("a point out of bounds")
        points.append(Point(x, y, pressure))
    return points


def _write(digits: list[str], value: int) -> None:
    while value > 31:
        digits.append(DIGITS[32 | value & 31])
        value >>= 5
    digits.append(DIGITS[value])


def _read(text: str, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 5 * _MAX_DIGITS, 5):
        digit = _VALUE.get(text[at : at + 1])
        if digit is None:
            raise ValueError("not points")
        at += 1
        value |= (digit & 31) << shift
        if digit < 32:
            return value, at
    raise ValueError("a number without an end")


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _unzigzag(value: int) -> int:
    return -(value + 1 >> 1) if value & 1 else value >> 1
