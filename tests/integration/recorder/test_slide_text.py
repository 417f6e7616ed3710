"""Pages that are pictures are read: by the real models where the extra `[ocr]` is installed; pieces become lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from recorder.slide_text import SlideReader, lines_of

FONTS = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc")


def test_pieces_at_one_height_are_one_line_from_left_to_right() -> None:
    pieces = [(52.0, 400.0, 30.0, "三态"), (50.0, 20.0, 30.0, "水的"), (120.0, 20.0, 24.0, "一、固态")]
    assert lines_of(pieces) == "水的 三态\n一、固态"
    assert lines_of([]) == ""


def test_a_page_of_chinese_is_read(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr_onnxruntime", reason="the extra [ocr] is not installed")
    font = next((path for path in FONTS if Path(path).exists()), None)
    if font is None:
        pytest.skip("no Chinese font")
    page = Image.new("RGB", (1280, 720), "white")
    draw = ImageDraw.Draw(page)
    draw.text((80, 60), "水的三态变化", fill="black", font=ImageFont.truetype(font, 72))
    draw.text((80, 240), "固态的冰受热以后熔化成水", fill="#204080", font=ImageFont.truetype(font, 40))
    page.save(tmp_path / "page.webp")
    text = SlideReader().read_page(tmp_path / "page.webp")
    assert text.splitlines() == ["水的三态变化", "固态的冰受热以后熔化成水"]
