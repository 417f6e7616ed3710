from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageDraw

from server.lessons.decks.encode import MAX_SHIFT, fitted, renditions, to_webp


def drawn(width: int = 320) -> Image.Image:
    page = Image.new("RGB", (width, width * 9 // 16), "#fdfcf8")
    draw = ImageDraw.Draw(page)
    for line in range(6):
        draw.text((10, 10 + 24 * line), "Refraction of light at the surface", fill="#14201b", font_size=17)
    return page


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def worst(one: Image.Image, other: Image.Image) -> int:
    return max(int(high) for _, high in ImageChops.difference(one, other).getextrema())  # type: ignore[misc]


def test_a_drawn_page_is_small_and_looks_the_same() -> None:
    page = drawn()
    data = to_webp(page)
    assert worst(page, decoded(data)) <= MAX_SHIFT
    assert decoded(data).getpixel((1, 1)) == (0xFD, 0xFC, 0xF8)  # the ground has no tint
    lossy = io.BytesIO()
    page.save(lossy, "WEBP", quality=50)
    assert len(data) < len(lossy.getvalue())


def test_a_photograph_is_lossy() -> None:
    noise = Image.effect_noise((320, 180), 60)
    page = Image.merge("RGB", (noise, noise.rotate(180), noise.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    assert b"VP8 " in to_webp(page)[:40] and b"VP8L" in to_webp(drawn())[:40]


def test_a_page_is_drawn_for_each_width_and_a_small_one_is_not_blown_up() -> None:
    asked = []

    def at(width: int) -> Image.Image:
        asked.append(width)
        return fitted(drawn(700), width)

    made = list(renditions(at))
    assert asked == [640, 1280, 1920] and [width for width, _, _ in made] == asked
    assert decoded(made[0][1]).width == 640 and made[1][1] == made[2][1] and decoded(made[2][1]).width == 700


def test_the_longer_side_counts() -> None:
    assert fitted(Image.new("RGB", (1000, 4000)), 640).size == (160, 640)
    assert fitted(Image.new("RGB", (9000, 1)), 640).size == (640, 1)
