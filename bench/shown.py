"""How soon a browser shows what a rejoining participant gets: the second half of bench.snapshot."""

from __future__ import annotations

import asyncio
import shutil
import statistics
from typing import Any

from playwright.async_api import BrowserContext, Page, async_playwright

from bench.server_process import BenchServer

LOADS = 7
SHOWN_S = 20.0
WALL = {"width": 1920, "height": 1080}
# Stamped by performance.now() of the page: when the welcome's frame is handed to the page, when its picture of the
# lesson's page is decoded and the frame after that begins to be made, and the mark that the ink sets once painted.
_PROBE = """
() => {
  if (window.shown || window.top !== window) return;
  const shown = (window.shown = { arrived: null, bytes: 0, page: null, ink: null });
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (shown.arrived !== null || !(data instanceof ArrayBuffer)) return;
        shown.arrived = performance.now();
        shown.bytes = data.byteLength;
      });
    }
  };
  const look = () => {
    const picture = document.querySelector('.deck__page');
    if (shown.arrived !== null && shown.page === null && picture?.complete && picture.naturalWidth > 0)
      requestAnimationFrame(() => (shown.page = performance.now()));
    shown.ink ??= performance.getEntriesByName('tongtang:ink')[0]?.startTime ?? null;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""


async def shown_in_browser(server: BenchServer) -> dict[str, Any]:
    """Return how long after the welcome's arrival the page and its ink are painted: the slowest and the median load.

    The first load fills the browser's cache, as that of a classroom that rejoins is, and is told apart (`first_ms`).
    """
    program = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    if program is None:
        return {"shown_ms": None}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, chromium_sandbox=False, args=["--disable-dev-shm-usage", "--lang=zh-CN"]
        )
        try:
            context = await browser.new_context(viewport=WALL, base_url=f"http://127.0.0.1:{server.port}")  # type: ignore[arg-type]
            return await _load(context, server)
        finally:
            await browser.close()


async def _load(context: BrowserContext, server: BenchServer) -> dict[str, Any]:
    body = {"username": "lecturer", "password": server.password}
    answer = await context.request.post("/api/session", data=body, headers={"X-Tongtang": "1"})
    assert answer.ok, await answer.text()
    await context.add_init_script(f"({_PROBE})()")
    page = await context.new_page()
    first, *found = [await _once(page, server) for _ in range(1 + LOADS)]
    pages = [one["page"] - one["arrived"] for one in found]
    inks = [one["ink"] - one["arrived"] for one in found if one["ink"] is not None]
    both = [max(one["page"], one["ink"] or 0.0) - one["arrived"] for one in found]
    return {
        "shown_ms": round(max(both)),
        "shown_median_ms": round(statistics.median(both)),
        "first_ms": round(first["page"] - first["arrived"]),
        "page_median_ms": round(statistics.median(pages)),
        "ink_median_ms": round(statistics.median(inks)) if inks else None,
        "browser_bytes": found[0]["bytes"],
    }


async def _once(page: Page, server: BenchServer) -> dict[str, Any]:
    await page.goto(f"/lesson/{server.lesson}/observe")
    async with asyncio.timeout(SHOWN_S):
        while True:
            found: dict[str, Any] = await page.evaluate("window.shown")
            if found["page"] is not None:
                await asyncio.sleep(0.5)  # the ink, where it comes after the picture
                return dict(await page.evaluate("window.shown"))
            await asyncio.sleep(0.05)
