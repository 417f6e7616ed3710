"""A lesson by a link: a stranger watches over a link that narrows and widens, in a page of their own site too; the link
is revoked while it plays. And what only people of the lesson see: the shared screen and the classroom that spoke."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.async_api import Browser, Page, async_playwright
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bench.finished_lesson import ROOM, write_lesson
from bench.player import SlowLink
from recorder.resource import decode_resource
from server.web_build import DIST
from tests.e2e.browser import LAPTOP, executable
from tests.e2e.pack_page import apart, eventually, served, until
from tests.integration.library.packed import open_published, serving
from tests.integration.library.published import Shelf

pytestmark = pytest.mark.e2e

SECONDS = 40
STORY_S = 150.0
WIDE_BPS, NARROW_BPS = 1e9, 45_000
NEXT_TRY_MS = 21_000  # web/src/player/quality.ts: CLIMB_FIRST_MS, and a moment
SCREEN_MS, GUEST_MS = (4_000, 9_000), (12_000, 17_000)
LEVEL = "document.querySelector('.tp')?.dataset.level"
MS = "Number(document.querySelector('.tp')?.dataset.ms ?? -1)"
SEEK = """
(ms) => {
  const bar = document.querySelector('.seek__input');
  bar.value = String(ms);
  bar.dispatchEvent(new Event('input', { bubbles: true }));
}
"""
ENTER = """
(username) => fetch('/api/session/demo', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', 'X-Tongtang': '1' },
  body: JSON.stringify({ username }),
}).then((answer) => answer.status)
"""
# Whether a second picture is seen and stands where the voice is.
IS_IN_STEP = """
(label) => {
  const one = document.querySelector(`video[aria-label="${label}"]`);
  if (!one || one.offsetParent === null || one.readyState < 2) return false;
  const at = Number(document.querySelector('.tp').dataset.ms);
  return Math.abs(one.currentTime * 1000 - at) < 400;
}
"""


def test_a_stranger_watches_by_a_link_until_it_is_revoked(tmp_path: Path) -> None:
    apart(lambda: story(tmp_path), STORY_S)


async def story(folder: Path) -> None:
    async with open_published(folder / "hub") as hub:
        write_whole_lesson(hub.folder)
        await hub.by("lin")
        shutil.copytree(DIST, hub.world.folder / "dist", dirs_exist_ok=True)
        foreign = ForeignSite()
        async with (
            serving(hub) as url,
            slow(url) as link,
            served([Route("/", foreign.page)]) as blog,
            async_playwright() as playwright,
        ):
            frames = [f"http://blog.test:{blog}"]
            share = await hub.share(renditions=["lecturer", "light"], frames=frames)
            foreign.framed = f"{url}/embed/{share['id']}"
            flags = ["--autoplay-policy=no-user-gesture-required", "--host-resolver-rules=MAP *.test 127.0.0.1"]
            browser = await playwright.chromium.launch(executable_path=executable(), args=flags, chromium_sandbox=False)
            near = f"http://127.0.0.1:{link.port}"
            await falls_and_climbs(browser, link, f"{near}/s/{share['id']}")
            await plays_in_a_foreign_page(browser, blog)
            await is_revoked(hub, browser, url, share["id"])
            await shows_screen_and_guest(browser, url, hub.recording)
            await browser.close()


def write_whole_lesson(folder: Path) -> None:
    """Write a lesson in which a screen is shared and a classroom speaks, each in a file of its own."""
    told = write_lesson(folder, SECONDS)
    lecturer = next(one for one in told.renditions if one.name == "lecturer")
    others = []
    for name in ("screen", "guest"):
        shutil.copy(folder / lecturer.path, folder / f"{name}.webm")
        others.append(msgspec.structs.replace(lecturer, name=name, path=f"{name}.webm"))
    told = msgspec.structs.replace(decode_resource((folder / "resource.json").read_bytes()), renditions=(
        *told.renditions, *others
    ))  # fmt: skip
    (folder / "resource.json").write_bytes(msgspec.json.encode(told))
    log = msgspec.json.decode((folder / "events.json").read_bytes())
    shared = [
        (SCREEN_MS[0], {"kind": "source_published", "peer": ROOM, "source": "screen"}),
        (SCREEN_MS[1], {"kind": "source_unpublished", "peer": ROOM, "source": "screen"}),
        (GUEST_MS[0], {"kind": "called_on", "peer": ROOM}),
        (GUEST_MS[1], {"kind": "called_on", "peer": None}),
    ]
    events = sorted([*log["events"], *({"t_ms": at, "body": body} for at, body in shared)], key=lambda one: one["t_ms"])
    log["events"] = [one | {"seq": number} for number, one in enumerate(events, 1)]
    (folder / "events.json").write_bytes(msgspec.json.encode(log))


@asynccontextmanager
async def slow(url: str) -> AsyncIterator[SlowLink]:
    """Put a link before the server that can be narrowed."""
    link = SlowLink(urlsplit(url).port or 0)
    async with await asyncio.start_server(link.serve, "127.0.0.1", link.port):
        yield link


async def page_of(browser: Browser) -> Page:
    page = await browser.new_page(viewport={"width": LAPTOP["width"], "height": LAPTOP["height"]}, locale="zh-CN")
    page.set_default_timeout(30_000)
    return page


async def falls_and_climbs(browser: Browser, link: SlowLink, url: str) -> None:
    """Watch with pictures; the link narrows: pages and voice go on; it widens: the pictures come back."""
    page = await page_of(browser)
    await page.clock.install()
    await page.goto(url)
    await until(page, f"{LEVEL} === 'lecturer'")
    link.bps = NARROW_BPS
    await page.evaluate(SEEK, 15_000)  # what was fetched before is behind
    await page.locator("[data-act=play]").click()
    await until(page, f"{LEVEL} === 'light'")
    at = await page.evaluate(MS)
    await until(page, f"{MS} > {at + 500}")
    link.bps = WIDE_BPS
    await until(page, "[...document.querySelectorAll('.tp__face video')].some((one) => one.readyState >= 4)")
    await page.clock.fast_forward(NEXT_TRY_MS)
    await until(page, f"{LEVEL} === 'lecturer'")
    assert await page.evaluate(MS) >= at, "it goes on where it was"
    assert not await page.get_by_text("下载原始画质").count()
    await page.close()


class ForeignSite:
    """A school's home page that shows the lesson in a frame."""

    framed = ""

    async def page(self, request: Request) -> Response:
        frame = f'<iframe src="{self.framed}" width="960" height="600" allow="fullscreen"></iframe>'
        return HTMLResponse(f"<!doctype html><meta charset=utf-8><title>我校的主页</title>{frame}")


async def plays_in_a_foreign_page(browser: Browser, port: int) -> None:
    page = await page_of(browser)
    await page.goto(f"http://other.test:{port}/")
    refused = "a site that was not named gets nothing"
    await eventually(refused, lambda: any(one.url.startswith("chrome-error:") for one in page.frames))
    await page.goto(f"http://blog.test:{port}/")
    inside = page.frame_locator("iframe")
    await inside.locator("[data-act=play]").click()
    await inside.locator(".tp[data-playing=true]").wait_for()
    assert await inside.locator(".shared__brand").count() == 0, "only the lesson"
    await page.close()


async def is_revoked(hub: Shelf, browser: Browser, url: str, share: str) -> None:
    """Another stranger is watching: what was fetched plays, and the next request says why there is no more."""
    stranger = await page_of(browser)
    await stranger.goto(f"{url}/s/{share}")
    await until(stranger, f"{LEVEL} === 'lecturer'")
    await stranger.locator("[data-act=play]").click()
    await stranger.locator(".tp[data-playing=true]").wait_for()
    answer = await (await hub.by("lin")).delete(f"/api/shares/{share}")
    assert answer.status_code == 204
    await stranger.select_option("[data-choice=quality]", "light")
    await stranger.get_by_text("这个链接打不开").wait_for()
    assert await stranger.locator(".tp").count() == 0, "nothing of the lesson is left on the page"
    await stranger.reload()
    await stranger.get_by_text("请向分享给您的人要一个新链接").wait_for()
    await stranger.close()


async def shows_screen_and_guest(browser: Browser, url: str, recording: str) -> None:
    page = await page_of(browser)
    await page.goto(f"{url}/login")
    assert await page.evaluate(ENTER, "lin") == 200
    await page.goto(f"{url}/recordings/{recording}")
    await until(page, f"{LEVEL} === 'lecturer'")
    await page.locator(".leaf[data-surface]").wait_for()
    await page.locator("[data-act=play]").click()
    for label, (begin, end) in (("屏幕共享", SCREEN_MS), ("发言的教室", GUEST_MS)):
        picture = page.locator(f'video[aria-label="{label}"]')
        await page.evaluate(SEEK, begin + 1_000)
        await until(page, f"({IS_IN_STEP})('{label}')")
        await page.evaluate(SEEK, end + 500)
        await picture.wait_for(state="hidden")
    await page.close()
