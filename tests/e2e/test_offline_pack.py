"""A lesson is carried on a stick: built by one server, opened over file:// in Chromium and Firefox, played at another
school with no network between them, and what was played is brought back and counted once."""

from __future__ import annotations

import asyncio
import io
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from bench.finished_lesson import write_lesson
from server.web_build import DIST
from tests.e2e.browser import LAPTOP, executable
from tests.e2e.pack_page import PLAYED, apart, plays_in_firefox, start, until
from tests.integration.library.packed import Library, library, open_published
from tests.integration.library.published import Shelf

pytestmark = pytest.mark.e2e

SECONDS = 12
STORY_S = 240.0


def test_a_lesson_travels_on_a_stick_and_its_use_comes_home(tmp_path: Path) -> None:
    apart(lambda: travel(tmp_path), STORY_S)


async def travel(tmp_path: Path) -> None:
    async with open_published(tmp_path / "hub") as hub:
        write_lesson(hub.folder, SECONDS)
        shutil.copytree(DIST / "player", hub.world.folder / "dist" / "player", dirs_exist_ok=True)
        data = (await hub.get(f"/api/packs/{hub.resource}.zip?tiers=light,original", "lin")).content
        single = (await hub.get(f"/api/packs/{hub.resource}/light.html", "lin")).content
        stick = tmp_path / "stick"
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            pack.extractall(stick)  # as any program does
        (stick / "phone.html").write_bytes(single)
        async with async_playwright() as playwright:
            flags = ["--autoplay-policy=no-user-gesture-required"]
            browser = await playwright.chromium.launch(executable_path=executable(), args=flags, chromium_sandbox=False)
            await plays(browser, (stick / "index.html").as_uri(), is_counted=True)
            await plays(browser, (stick / "phone.html").as_uri(), is_counted=False)
            async with library(tmp_path / "box") as box:
                await carry(hub, box, data)
                await play_at_school(browser, box)
                brought = await box.call("GET", "/api/uses.json")
            await browser.close()
        await asyncio.to_thread(plays_in_firefox, tmp_path, stick / "index.html")
        teacher = await hub.by("zhao")
        for added in (1, 0):
            answer = await teacher.post("/api/packs/uses", json={"uses": brought["uses"]})
            assert answer.json() == {"added": added, "unknown": 0}
        counted = (await hub.get(f"/api/packs/{hub.resource}/uses", "lin")).json()["items"]
        assert [(one["class_name"], one["times"]) for one in counted] == [("五年级1班", 1)]
        assert counted[0]["seconds"] >= 5


async def plays(browser: Browser, url: str, *, is_counted: bool) -> None:
    """Open a lesson and see it play; that it did is kept in the browser."""
    page = await browser.new_page(viewport={"width": LAPTOP["width"], "height": LAPTOP["height"]})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(url)
    await start(page)
    await until(page, f"{PLAYED} > 1.5")
    if is_counted:  # after five seconds
        await until(page, "(localStorage.getItem('tongtang-uses') || '').includes('seconds')")
    assert await page.get_by_text("光的折射").count() > 0
    assert not problems
    assert all(one.startswith(("file:", "blob:", "data:")) for one in asked), "nothing comes from a network"
    await page.close()


async def carry(hub: Shelf, box: Library, data: bytes) -> None:
    """Bring the pack to the school's library by its page's upload; trust the platform by its fingerprint."""
    upload = await box.call("POST", "/api/uploads", name="lesson.zip", bytes=len(data))
    at, piece = 0, 2 << 20
    while at < len(data):
        headers = {"upload-offset": str(at)}
        path = f"/api/uploads/{upload['id']}"
        at = (await box.client.patch(path, content=data[at : at + piece], headers=headers)).json()["received"]
    assert await box.code("POST", f"/api/uploads/{upload['id']}/import") == "offline_root_unknown"
    root: dict[str, Any] = (await hub.get("/api/packs/trust")).json()
    assert (await box.call("GET", "/api/state"))["stranger"]["fingerprint"] == root["fingerprint"]
    await box.call("POST", "/api/trust", root=root["root"])
    await box.call("POST", f"/api/uploads/{upload['id']}/import")


async def play_at_school(browser: Browser, box: Library) -> None:
    page = await browser.new_page(viewport={"width": LAPTOP["width"], "height": LAPTOP["height"]})
    await page.goto(box.url)
    await page.get_by_role("link", name="播放").click()
    await page.get_by_label("播放的班级").fill("五年级1班")
    await page.get_by_label("播放的班级").press("Tab")
    await start(page)
    await until(page, f"{PLAYED} > 1.5")
    end = time.monotonic() + 15
    while not (await box.call("GET", "/api/state"))["uses"]:
        assert time.monotonic() < end, "what is played is told to the library"
        await asyncio.sleep(0.2)
    await page.close()
