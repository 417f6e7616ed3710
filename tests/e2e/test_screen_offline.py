"""The service worker of classrooms' screens: opens without a network, never shows an old version, keeps no answers."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from playwright.sync_api import BrowserContext, Playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from server import web_build
from tests.e2e.browser import chromium
from tests.e2e.school import eventually
from tests.ports import free_port

_KEPT = """
async () => {
  const found = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
  }
  return found;
}
"""
# Builds that are whole: their HTML is kept last. One that is still being kept, or not yet in charge, does not count.
_BUILDS = """
async () => {
  const { installing, waiting, active } = await navigator.serviceWorker.getRegistration();
  if (installing || waiting || active?.state !== 'activated') return [];
  const whole = [];
  for (const name of await caches.keys()) {
    if (name.startsWith('tongtang-shell-') && (await (await caches.open(name)).match('/'))) whole.push(name);
  }
  return whole;
}
"""


@dataclass
class Site:
    """A server of a build of the web client, whose API knows nobody."""

    dist: Path
    port: int
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        async def api(request: Request) -> JSONResponse:
            unknown = {"code": "device_unknown", "detail": "这块屏幕还没有登记。"}
            return JSONResponse(unknown, 404, {"cache-control": "no-store"})

        routes: list[Route | Mount] = [Route("/api/{path:path}", api, methods=["GET", "POST"])]
        app = Starlette(routes=[*routes, *web_build.routes(self.dist)])
        config = uvicorn.Config(app, port=self.port, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        server = self._server
        eventually("the site is up", lambda: server.started, 10)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Serve a copy of the build inside the block."""
    shutil.copytree(web_build.DIST, folder / "dist")
    one = Site(folder / "dist", free_port())
    one.start()
    try:
        yield one
    finally:
        one.stop()


def upgrade(dist: Path) -> str:
    """Make another build of this one, in which every file has another name; return the name of its program."""
    html, worker = dist / "index.html", dist / "sw.js"
    entry = html.read_text().split('<script type="module" crossorigin src="/assets/')[1].split('"')[0]
    assets = list((dist / "assets").iterdir())
    for one in (html, worker, *(file for file in assets if file.suffix in (".js", ".css"))):
        text = one.read_text()
        for name in {file.name for file in assets}:
            text = text.replace(name, f"second-{name}")
        one.write_text(text)
    for file in assets:
        file.rename(file.with_name(f"second-{file.name}"))
    worker.write_text(worker.read_text().replace('{"version":"', '{"version":"second-'))
    return f"second-{entry}"


def opened(context: BrowserContext, program: str) -> bool:
    """Open the screen and return whether it runs this program."""
    page = context.new_page()
    page.goto("/screen", wait_until="domcontentloaded")
    page.wait_for_selector("main.screen")
    names: list[str] = page.evaluate("[...document.scripts].map((script) => script.src)")
    page.close()
    return any(program in name for name in names)


def test_a_screen_opens_without_a_network_and_never_in_an_old_version(playwright: Playwright, tmp_path: Path) -> None:
    with site(tmp_path) as served, chromium(playwright) as browser:
        context = browser.new_context(base_url=served.url, locale="zh-CN")
        page = context.new_page()
        page.goto("/screen")
        page.wait_for_function("() => navigator.serviceWorker?.controller != null", timeout=30_000)
        first = eventually("the build is kept", lambda: next(iter(page.evaluate(_BUILDS)), None), 30)

        served.stop()
        assert not opened(context, "second-")  # it opens, in the version it has

        program = upgrade(served.dist)
        served.start()
        assert opened(context, program), "an old page was shown though the server has a new one"
        page.reload()
        page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update())")
        eventually("the new build is kept", lambda: _both(page.evaluate(_BUILDS), first), 30)

        served.stop()
        assert opened(context, program), "without a network the newest build that was kept is shown"
        kept = page.evaluate(_KEPT)
        assert f"/assets/{program}" in kept
        assert {path for path in kept if not path.startswith("/assets/")} == {"/"}
        context.close()


def _both(builds: list[str], first: str) -> bool:
    """Return whether the new build is there, beside the one before it."""
    return len(builds) == 2 and first in builds
