"""Playing a lesson's light form over a weak link in real Chromium: `python -m bench.player`.

A 45-minute lesson of 40 pages and 2,000 strokes, 100 kbit/s and 200 ms round trip by a loopback proxy that paces the
bytes of all connections together. The player's own files are in the browser's cache, as for anybody who has watched a
lesson before. Measured: from pressing play on the opened player, and from opening the page, to the first sound; then
whether the voice stands still in `--seconds` of playing at 40 kbit/s once the first page is there; and how long a seek
takes in the browser, to the next picture (the median of eight is held to the target). Prints one JSON line; exit 1 when
a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import json
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Page, sync_playwright
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bench.finished_lesson import write_lesson
from server.web_build import DIST
from tests.e2e.browser import LAPTOP, chromium
from tests.ports import free_port

RTT_S, START_BPS, PLAY_BPS = 0.2, 100_000, 40_000
TARGET_SOUND_MS, TARGET_SEEK_MS = 1_500.0, 50.0
LESSON_S, STROKES, PAGES = 2_700, 2_000, 40
PIECE = 1_024  # bytes that are let go at once: a packet
QUEUE_BYTES = 64_000  # of the way: what a home router holds
_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>bench</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/player/player.css"><main id="player"></main>
<script src="/player/player.js"></script>"""
_MOUNT = "<script>TongtangPlayer.mount('#player', { base: '/lesson/' })</script>"
# Presses play as soon as there is a button, and notes when the voice moves.
_WATCH = """
(() => {
  window.seen = { sound: 0, stalls: 0, stalledMs: 0 };
  let last = 0, still = 0;
  const look = () => {
    const button = document.querySelector('[data-act=play]');
    const media = [...document.querySelectorAll('.tp__face video')].find((one) => one.src);
    if (button && !window.pressed) { window.pressed = performance.now(); button.click(); }
    if (media && media.currentTime > 0.05 && !media.paused && !window.seen.sound) window.seen.sound = performance.now();
    if (window.seen.sound && media) {
      const now = performance.now();
      if (media.currentTime !== last) still = 0;
      else if (!still) still = now;
      else if (now - still > 300) { window.seen.stalls += 1; window.seen.stalledMs += now - still; still = now; }
      last = media.currentTime;
    }
    setTimeout(look, 20);
  };
  look();
})()
"""
_SEEK = """
async (ms) => {
  const bar = document.querySelector('.seek__input');
  const began = performance.now();
  bar.value = String(ms);
  bar.dispatchEvent(new Event('input', { bubbles: true }));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - began;
}
"""


class SlowLink:
    """A loopback proxy: bytes to the browser leave at `bps` over all connections together, half a round trip later."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.bps = 1e9
        self.delay_s = 0.0
        self.bytes = 0
        self._target = target
        self._free_at = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, which costs a round trip to open."""
        await asyncio.sleep(self.delay_s)
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._carry(reader, back, paced=False))
                tasks.create_task(self._carry(there, writer, paced=True))
        except* OSError:
            pass  # the browser has enough, or turned to another place of the file
        finally:
            for one in (back, writer):
                one.close()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, paced: bool) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUE_BYTES // PIECE)

        async def deliver() -> None:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    if sink.can_write_eof():
                        sink.write_eof()
                    return
                sink.write(data)
                await sink.drain()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(deliver())
            async for data in _pieces(source):
                if paced and data:
                    self.bytes += len(data)
                    self._free_at = max(self._free_at, time.monotonic()) + 8 * len(data) / self.bps
                    await asyncio.sleep(max(0.0, self._free_at - time.monotonic()))
                await queue.put((time.monotonic() + self.delay_s / 2, data))


async def _pieces(source: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while data := await source.read(PIECE):
        yield data
    yield b""


def site(folder: Path) -> Starlette:
    """Return the server: the player kept for good, the lesson as ours serves it (texts squeezed, Range)."""

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(_PAGE + (_MOUNT if request.url.path == "/lesson" else ""))

    class Kept(StaticFiles):
        def file_response(self, *given: Any, **named: Any) -> Any:
            answer = super().file_response(*given, **named)
            answer.headers["cache-control"] = "public, max-age=31536000, immutable"
            return answer

    texts = GZipMiddleware(StaticFiles(directory=folder), minimum_size=1024, compresslevel=6)

    class Lesson:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            is_text = scope["path"].endswith((".json", ".vtt"))
            await (texts if is_text else StaticFiles(directory=folder))(scope, receive, send)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/lesson", page),
            Mount("/player", Kept(directory=DIST / "player")),
            Mount("/lesson", Lesson()),
        ]
    )


@contextlib.contextmanager
def served(folder: Path) -> Iterator[SlowLink]:
    """Serve the lesson behind a slow link inside the block."""
    port = free_port()
    link = SlowLink(port)
    server = uvicorn.Server(uvicorn.Config(site(folder), port=port, log_level="error", timeout_keep_alive=60))
    loop = asyncio.new_event_loop()

    async def run() -> None:
        proxy = await asyncio.start_server(link.serve, "127.0.0.1", link.port)
        async with proxy:
            await server.serve()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        yield link
    finally:
        server.should_exit = True
        thread.join(10)


def measure(page: Page, link: SlowLink, seconds: float) -> dict[str, float]:
    """Open the lesson on the slow link, listen, and seek."""
    url = f"http://127.0.0.1:{link.port}/"
    page.goto(url)  # fills the cache with the player, and nothing of the lesson
    page.goto("about:blank")
    link.bps, link.delay_s, link.bytes = START_BPS, RTT_S, 0
    page.add_init_script(_WATCH)
    page.goto(f"{url}lesson", wait_until="commit")
    page.wait_for_function("() => window.seen?.sound > 0", timeout=30_000)
    sound_ms, pressed_ms = page.evaluate("[window.seen.sound, window.pressed]")
    page.wait_for_selector(".leaf[data-page='1']", timeout=60_000)
    first_page_ms = page.evaluate("performance.now()")
    link.bps = PLAY_BPS
    page.evaluate("window.seen.stalls = 0, window.seen.stalledMs = 0")
    page.wait_for_timeout(1000 * seconds)
    stalls, stalled_ms, level = page.evaluate(
        "[window.seen.stalls, window.seen.stalledMs, document.querySelector('.tp').dataset.level]"
    )
    assert level == "light", level
    link.bps, link.delay_s = 1e9, 0.0
    page.wait_for_selector(".leaf[data-surface^='page:']", state="attached", timeout=60_000)
    page.keyboard.press("k")
    page.wait_for_timeout(3_000)
    seeks = [page.evaluate(_SEEK, at * 1000) for at in (2_600, 60, 1_800, 900, 2_699, 1, 1_350, 1_349)]
    return {
        "first_sound_ms": round(sound_ms - pressed_ms), "open_to_sound_ms": round(sound_ms),
        "first_page_ms": round(first_page_ms), "play_kbps": PLAY_BPS / 1000, "play_s": seconds, "stalls": stalls,
        "stalled_ms": round(stalled_ms), "seek_ms_p50": round(sorted(seeks)[len(seeks) // 2], 1),
        "seek_ms_max": round(max(seeks), 1),
    }  # fmt: skip


def sizes(folder: Path) -> dict[str, float]:
    """Return what the lesson weighs: what goes over the link, in kB, and the mean rate after the first page."""
    packed = {name: len(gzip.compress((folder / name).read_bytes(), 6)) for name in ("resource.json", "events.json")}
    pages = sorted(one.stat().st_size for one in (folder / "pages").iterdir())
    light = (folder / "light.webm").stat().st_size
    rest = light + sum(pages[1:]) + packed["events.json"]
    return {
        "resource_kb_gz": round(packed["resource.json"] / 1000, 1),
        "events_kb_gz": round(packed["events.json"] / 1000, 1),
        "light_mb": round((light + sum(pages) + sum(packed.values())) / 1e6, 2),
        "mean_kbps": round(rest * 8 / 1000 / LESSON_S, 1),
        "player_kb_gz": round(
            sum(len(gzip.compress(one.read_bytes(), 6)) for one in (DIST / "player").iterdir()) / 1000
        ),
    }


def main(arguments: list[str]) -> int:
    """Run, print the line, and return the exit code."""
    parser = argparse.ArgumentParser(prog="bench.player")
    parser.add_argument("--seconds", type=float, default=60.0, help="of playing at 40 kbit/s")
    parser.add_argument("--folder", type=Path, help="keep the lesson here: making one takes a minute")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        if not (folder / "resource.json").exists():
            write_lesson(folder, LESSON_S, STROKES, PAGES, has_picture=False)
        with served(folder) as link, sync_playwright() as playwright, chromium(playwright) as browser:
            context = browser.new_context(viewport=LAPTOP)  # type: ignore[arg-type]
            found = measure(context.new_page(), link, options.seconds) | sizes(folder)
    is_met = (
        found["first_sound_ms"] <= TARGET_SOUND_MS
        and found["stalls"] == 0
        and found["mean_kbps"] <= PLAY_BPS / 1000
        and found["seek_ms_p50"] <= TARGET_SEEK_MS
    )
    print(json.dumps({"bench": "player", **found, "met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
