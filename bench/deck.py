"""What a deck becomes: `python -m bench.deck`. Prints one JSON line.

40 pages of Chinese text (a heading and eight lines in letters whose width is no whole number of pixels, as in real
decks; every fifth page has a coloured box with a table) go through the converter in its own limited process, as the
server runs it: seconds, bytes of all pages at each width, the largest page, and the process's peak memory.
"""

from __future__ import annotations

import asyncio
import io
import json
import resource
import tempfile
import time
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from server.lessons.decks import process, wire
from server.lessons.decks.convert import Order

PAGES, LINES, LETTERS = 40, 8, 36
SIZE = (960, 540)  # points: a slide of 16:9
FONT = "STSong-Light"
WORDS = (
    "光从空气斜着射入水中时，传播方向会发生偏折，这种现象叫作光的折射。把筷子斜插进水里，看上去好像折断了。请同学们分组实验，"
    "记录入射角和折射角的大小，说一说它们的关系。夏天看着很浅的池水，其实比眼睛看到的更深，千万不要随便下水游泳。"
)


def deck() -> bytes:
    """Return the PDF."""
    made = io.BytesIO()
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    canvas = Canvas(made, pagesize=SIZE)
    for page in range(PAGES):
        _draw(canvas, page)
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def _draw(canvas: Canvas, page: int) -> None:
    canvas.setFillColorRGB(0.99, 0.98, 0.96)
    canvas.rect(0, 0, *SIZE, fill=1, stroke=0)
    canvas.setFillColorRGB(0.03, 0.37, 0.3)
    canvas.setFont(FONT, 39.7)
    canvas.drawString(47.3, 468, f"第 {page + 1} 页  光的折射")
    canvas.setFillColorRGB(0.08, 0.13, 0.11)
    canvas.setFont(FONT, 23.3)
    for line in range(LINES):
        begin = page * 11 + line * 17
        words = "".join(WORDS[(begin + index) % len(WORDS)] for index in range(LETTERS))
        canvas.drawString(47.3, 410 - line * 46.1, words)
    if page % 5 == 4:
        canvas.setFillColorRGB(0.81, 0.91, 0.95)
        canvas.rect(520, 40, 380, 150, fill=1, stroke=1)
        canvas.setFillColorRGB(0.85, 0.28, 0.06)
        canvas.drawString(540, 150, "入射角 60°   折射角 41°")


async def measure(folder: Path) -> dict[str, object]:
    """Convert and return the figures."""
    source = folder / "deck.pdf"
    source.write_bytes(deck())
    sizes: dict[int, list[int]] = {}
    begin, pages = time.perf_counter(), 0
    async for said in process.pages(Order((("deck.pdf", str(source)),), str(folder)), folder):
        if isinstance(said, wire.Failed):
            raise SystemExit(said.reason)
        if isinstance(said, wire.Made):
            pages += 1
            for file in said.files:
                sizes.setdefault(file.width, []).append((folder / file.name).stat().st_size)
    seconds = time.perf_counter() - begin
    return {
        "pages": pages,
        "seconds": round(seconds, 1),
        "bytes": {str(width): sum(found) for width, found in sizes.items()},
        "largest_page_bytes": {str(width): max(found) for width, found in sizes.items()},
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10,
    }


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="tongtang-deck-") as folder:
        print(json.dumps(asyncio.run(measure(Path(folder)))))


if __name__ == "__main__":
    main()
