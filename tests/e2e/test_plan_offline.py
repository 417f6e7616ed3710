"""A marked plan on a teacher's own computer: the browser is opened again without any network, and the plan with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, ProxySettings

from tests.e2e.browser import LAPTOP, chromium, executable
from tests.e2e.research import PlanScreen, found_research
from tests.e2e.school import PASSWORD, Region, eventually
from tests.e2e.writer import compose
from tests.ports import free_port

pytestmark = pytest.mark.e2e

# The pages of plans are kept: each file that the worker names for them lies in its cache.
_PLAN_IS_KEPT = """
async () => {
  const text = await (await fetch('/sw.js')).text();
  const { files, plans } = JSON.parse(text.slice(text.indexOf('{'), text.indexOf(';\\n')));
  for (const name of [...files, ...plans]) if (!(await caches.match(name))) return false;
  return (await caches.match('/')) !== undefined;
}
"""
_GOALS = "[data-field=goals] .field__body"


class OwnComputer:
    """A browser whose profile stays when it is closed."""

    def __init__(self, playwright: Playwright, school: Region, profile: Path) -> None:
        self._playwright, self._school, self._profile = playwright, school, profile

    @contextmanager
    def opened(self, *, is_online: bool) -> Iterator[Page]:
        """Open the browser inside the block; without a network nothing answers, not even to the service worker."""
        nowhere: ProxySettings = {"server": f"http://127.0.0.1:{free_port()}", "bypass": "<-loopback>"}
        context: BrowserContext = self._playwright.chromium.launch_persistent_context(
            self._profile,
            executable_path=executable(),
            args=["--disable-dev-shm-usage", "--lang=zh-CN"],
            chromium_sandbox=False,
            base_url=self._school.server.url,
            viewport={"width": LAPTOP["width"], "height": LAPTOP["height"]},
            locale="zh-CN",
            proxy=None if is_online else nowhere,
        )
        try:
            page = context.new_page()
            page.set_default_timeout(20_000)
            yield page
        finally:
            context.close()


def log_in(page: Page, username: str) -> None:
    body = {"username": username, "password": PASSWORD}
    answer = page.context.request.post("/api/session", data=body, headers={"X-Tongtang": "1"})
    assert answer.ok, answer.text()


def put_caret(page: Page) -> None:
    page.click(f"{_GOALS} p >> nth=-1")
    page.keyboard.press("End")


def test_a_marked_plan_opens_and_is_written_without_a_network_after_a_restart(
    playwright: Playwright, school: Region, tmp_path: Path
) -> None:
    plan = found_research(school).plan
    computer = OwnComputer(playwright, school, tmp_path / "profile")
    with computer.opened(is_online=True) as page:
        log_in(page, "he")
        page.goto(f"/plans/{plan}")
        page.wait_for_selector("[data-save=saved]")
        put_caret(page)
        page.keyboard.type("有网时写的。")
        page.check("[data-act=mark]")
        page.wait_for_selector("[data-save=saved][data-unsaved='0']")
        eventually("the plan's pages are kept", lambda: page.evaluate(_PLAN_IS_KEPT), 40)
    with computer.opened(is_online=False) as page:
        page.goto(f"/plans/{plan}")
        page.wait_for_selector("[data-save=offlineKept]")
        assert "断网了" in page.inner_text("[data-save]") and "光的折射" in page.title()
        page.wait_for_selector(f"{_GOALS} >> text=有网时写的。")
        put_caret(page)
        compose(page, "duanwang", "断网重开后写的。")
        page.wait_for_selector("[data-save=offlineKept]:not([data-unsaved='0'])")
    with chromium(playwright) as browser:
        lin = PlanScreen(browser, school, LAPTOP)
        lin.open_plan("lin", plan)
        lin.write("goals", "别人写的。")
        with computer.opened(is_online=True) as page:
            page.goto(f"/plans/{plan}")
            page.wait_for_selector("[data-save=saved][data-unsaved='0']")
            for words in ("有网时写的。", "断网重开后写的。", "别人写的。"):
                lin.reads("goals", words)
            log_in(page, "lin")
            page.goto("/")
            page.wait_for_selector("text=林晓云")
        assert not lin.problems
        lin.close()
    with computer.opened(is_online=False) as page:
        page.goto(f"/plans/{plan}")
        page.wait_for_selector("[role=alert]")
        assert "有网时写的" not in page.content() and "光的折射" not in page.content()
