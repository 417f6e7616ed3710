"""A lesson in other people's systems: a learning platform hears by cmi5 what was learned; Kiwix plays it from a ZIM."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from libzim.reader import Archive
from playwright.async_api import Browser, Page, async_playwright
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.finished_lesson import write_lesson
from server.ranges import ranged
from server.web_build import DIST
from tests.e2e.browser import LAPTOP, executable
from tests.e2e.pack_page import PLAYED, apart, eventually, served, start, until
from tests.e2e.strict_lrs import Platform, platform
from tests.integration.library.packed import open_published

pytestmark = pytest.mark.e2e

SECONDS = 8
STORY_S = 150.0


def test_a_platform_and_kiwix_play_a_lesson(tmp_path: Path) -> None:
    apart(lambda: story(tmp_path), STORY_S)


async def story(folder: Path) -> None:
    async with open_published(folder / "hub") as hub:
        write_lesson(hub.folder, SECONDS)
        shutil.copytree(DIST / "player", hub.world.folder / "dist" / "player", dirs_exist_ok=True)
        package = (await hub.get(f"/api/packs/{hub.resource}/cmi5.zip?tiers=light", "lin")).content
        book = folder / "lesson.zim"
        book.write_bytes((await hub.get(f"/api/packs/{hub.resource}.zim?tiers=light,original", "lin")).content)
    async with async_playwright() as playwright:
        flags = ["--autoplay-policy=no-user-gesture-required"]
        browser = await playwright.chromium.launch(executable_path=executable(), args=flags, chromium_sandbox=False)
        async with platform(folder / "lms", package) as lms:
            await is_learned(browser, lms)
            await is_not_completed_twice(browser, lms)
            await plays_without_its_platform(browser, lms)
            assert not lms.faults, lms.faults
        async with kiwix(book) as url:
            await plays_from_a_zim(browser, url)
        await browser.close()


async def open_page(browser: Browser, url: str) -> tuple[Page, list[str]]:
    page = await browser.new_page(viewport={"width": LAPTOP["width"], "height": LAPTOP["height"]})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(url)
    return page, problems


async def is_learned(browser: Browser, lms: Platform) -> None:
    page, problems = await open_page(browser, lms.launch())
    await start(page)
    await page.select_option("[data-choice=speed]", "2")
    await page.click("[data-tab=questions]")
    await page.click(".tp-entry")
    for letter, act in (("A", True), ("C", False)):
        await page.click(f".question [data-letter={letter}]")
        if act:
            await page.click(".question [data-act=again]")
    assert await page.get_by_text("答案会记入打开这一课的学习平台").count() == 1
    await eventually("it was completed", lambda: "completed" in lms.verbs())
    await page.get_by_role("button", name="结束学习").click()
    await page.wait_for_url("**/back")
    assert lms.verbs()[0] == "initialized"
    assert lms.verbs()[-1] == "terminated"
    answered = [one for one in lms.session if one["verb"]["display"]["en"] == "answered"]
    assert [(one["result"]["response"], one["result"]["success"]) for one in answered] == [("A", False), ("C", True)]
    definition = answered[0]["object"]["definition"]
    assert definition["correctResponsesPattern"] == ["C"]
    assert [one["id"] for one in definition["choices"]] == ["A", "B", "C"]
    assert not problems, problems
    await page.close()


async def is_not_completed_twice(browser: Browser, lms: Platform) -> None:
    """The second sitting says nothing again, and leaving the page ends it."""
    lms.preferences = {"languagePreference": "en-GB,zh-CN", "audioPreference": "on"}
    page, problems = await open_page(browser, lms.launch())
    await start(page)
    await until(page, f"{PLAYED} > 1.2")
    assert await page.get_by_role("button", name="Play").or_(page.get_by_role("button", name="Pause")).count() > 0
    await page.goto("about:blank")
    await eventually("it was left", lambda: lms.verbs() == ["initialized", "terminated"])
    assert not problems, problems
    await page.close()


async def plays_without_its_platform(browser: Browser, lms: Platform) -> None:
    page, problems = await open_page(browser, lms.launch(is_known=False))
    await page.get_by_text("没有连上学习平台").wait_for()
    await start(page)
    await until(page, f"{PLAYED} > 0.5")
    assert lms.verbs() == []
    assert not problems, problems
    await page.close()


async def plays_from_a_zim(browser: Browser, url: str) -> None:
    page, problems = await open_page(browser, url)
    await start(page)
    await until(page, "(localStorage.getItem('tongtang-uses') || '').includes('seconds')")
    assert await page.get_by_role("button", name="导出使用记录").count() == 1
    assert await page.get_by_text("光的折射").count() > 0
    assert not problems, problems
    await page.close()


@asynccontextmanager
async def kiwix(book: Path) -> AsyncIterator[str]:
    """Serve a ZIM as kiwix-serve does: by path, with ranges; yield the main page's address."""
    archive = Archive(book)

    def entry(request: Request) -> Response:
        item = archive.get_entry_by_path(request.path_params["path"]).get_item()
        content = bytes(item.content)
        return ranged(
            request, len(content), lambda first, last: iter([content[first:last]]), etag=item.path, mime=item.mimetype
        )

    async with served([Route("/content/{path:path}", entry)]) as port:
        yield f"http://127.0.0.1:{port}/content/{archive.main_entry.get_item().path}"
