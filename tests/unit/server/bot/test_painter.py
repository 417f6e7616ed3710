"""Shapes land where they should, with smooth edges, and never outside of the picture."""

from __future__ import annotations

import numpy as np
import pytest

from server.bot.painter import Painter, Pixels

WHITE = (255, 255, 255)


@pytest.fixture
def pixels() -> Pixels:
    return np.zeros((40, 60, 3), dtype=np.uint8)


def test_disc_covers_its_area(pixels: Pixels) -> None:
    Painter(pixels).disc((30, 20), 10, WHITE)
    assert pixels[20, 30].tolist() == [255, 255, 255]
    assert pixels[20, 43].tolist() == [0, 0, 0]
    assert pixels[..., 0].sum() / 255 == pytest.approx(np.pi * 100, rel=0.02)


def test_line_covers_its_area_and_round_ends(pixels: Pixels) -> None:
    Painter(pixels).line((15, 20), (45, 20), 6, WHITE)
    assert pixels[..., 0].sum() / 255 == pytest.approx(30 * 6 + np.pi * 9, rel=0.03)


def test_clockwise_polygon_is_filled(pixels: Pixels) -> None:
    Painter(pixels).convex([(10, 10), (30, 10), (30, 30), (10, 30)], WHITE)
    assert pixels[20, 20].tolist() == [255, 255, 255]
    assert pixels[..., 0].sum() / 255 == pytest.approx(400, rel=0.03)


def test_half_transparent_colour_is_mixed(pixels: Pixels) -> None:
    Painter(pixels).rectangle(0, 0, 10, 10, (200, 100, 50), 0.5)
    assert pixels[5, 5].tolist() == [100, 50, 25]


@pytest.mark.parametrize("centre", [(-50, 20), (200, 20), (30, -90), (30, 300)])
def test_shape_outside_of_the_picture_changes_nothing(pixels: Pixels, centre: tuple[int, int]) -> None:
    Painter(pixels).disc(centre, 10, WHITE)
    assert not pixels.any()


def test_shape_across_the_border_is_cut(pixels: Pixels) -> None:
    Painter(pixels).disc((0, 0), 10, WHITE)
    assert pixels[..., 0].sum() / 255 == pytest.approx(np.pi * 25, rel=0.05)
