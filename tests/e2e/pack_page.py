"""A lesson's page outside the site, as a pack, a single file, a ZIM or a cmi5 package has it: start it, see it play."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from server.addresses import listen_tcp
from tests.e2e.firefox import firefox
from tests.ports import free_port

PLAYED = "Math.max(0, ...[...document.querySelectorAll('audio, video')].map((one) => one.currentTime))"
START = """
(() => {
  document.querySelectorAll('audio, video').forEach((one) => { one.muted = true; });
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', bubbles: true }));
})()
"""
READY = "[...document.querySelectorAll('audio, video')].some((one) => one.readyState >= 2)"
WAIT_S = 30.0  # for what takes a second on a machine that does nothing else


def apart(story: Callable[[], Coroutine[Any, Any, None]], limit_s: float) -> None:
    """Run a story in a thread of its own: the other stories' Playwright keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, story()).result(timeout=limit_s)


@asynccontextmanager
async def served(routes: Sequence[BaseRoute]) -> AsyncIterator[int]:
    """Serve somebody else's site inside the block; yield its port."""
    with listen_tcp("127.0.0.1", free_port()) as listener:
        app = Starlette(routes=routes)
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve([listener]))
            try:
                while not server.started:
                    await asyncio.sleep(0.01)
                yield int(listener.getsockname()[1])
            finally:
                server.should_exit = True


async def start(page: Page) -> None:
    await until(page, READY)
    await page.evaluate(START)


async def until(page: Page, expression: str, wait_s: float = WAIT_S) -> None:
    """Wait until the expression is true. By evaluation: polls inside the page are eval, which its policy forbids."""
    end = time.monotonic() + wait_s
    while not await page.evaluate(expression):
        assert time.monotonic() < end, expression
        await asyncio.sleep(0.1)


async def eventually(what: str, is_so: Callable[[], bool], wait_s: float = WAIT_S) -> None:
    end = time.monotonic() + wait_s
    while not is_so():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.05)


def plays_in_firefox(folder: Path, page: Path, seconds: float = 1.5) -> None:
    """Open a file in Firefox and see `seconds` of it play; `folder` is for its profile."""
    with firefox(folder) as browser:
        browser.open(page.as_uri())
        until = time.monotonic() + WAIT_S
        while not browser.run(READY):
            assert time.monotonic() < until, "the media are loaded"
            time.sleep(0.2)
        browser.run(START)
        while float(browser.run(PLAYED)) < seconds:
            assert time.monotonic() < until + seconds + WAIT_S, "it plays"
            time.sleep(0.2)
