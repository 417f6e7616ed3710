"""A lecturer uploads slides over a link that is cut and a page that is reloaded, and a classroom sees them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import CDPSession, Page, Playwright, Route

from tests.e2e.browser import WALL, Screen, chromium
from tests.e2e.school import PASSWORD, Region, eventually
from tests.unit.server.lessons.decks.deck_files import pdf

BYTES_S = 400_000  # of the link
PADDING = 3_000_000  # bytes that no page shows: the file takes 8 s to send


def slides(folder: Path) -> Path:
    """Write a PDF of three pages and 3 MB."""
    path = folder / "light.pdf"
    plain = pdf(tuple((f"Chapter {page}", "Light bends at the surface") for page in (1, 2, 3)))
    path.write_bytes(plain + b"%" + os.urandom(PADDING).replace(b"\n", b" ").replace(b"\r", b" ") + b"\n%%EOF\n")
    return path


def sent_mb(page: Page) -> float:
    """Return how many MB the page says are sent."""
    found = re.search(r"([0-9.]+) / [0-9.]+ MB", page.locator(".making__line").inner_text())
    return float(found[1]) if found else 0.0


def link(session: CDPSession, *, is_up: bool) -> None:
    """Make the browser's link slow, or cut it."""
    conditions = {"offline": not is_up, "latency": 20, "downloadThroughput": -1, "uploadThroughput": BYTES_S}
    session.send("Network.emulateNetworkConditions", conditions)


def test_slides_come_through_a_cut_and_a_reload_into_the_lesson(
    school: Region, playwright: Playwright, devices: Path, tmp_path: Path
) -> None:
    lesson = school.plan_lesson(has_pages=False)
    file = slides(tmp_path)
    with chromium(playwright, devices / "lecturer.y4m") as browser:
        lecturer = Screen(browser, school.server.url, {"width": 1366, "height": 768})
        lecturer.log_in("lin", PASSWORD)
        page, begun = lecturer.page, 0

        def count(route: Route) -> None:
            nonlocal begun
            begun += route.request.method == "POST"
            route.continue_()

        page.route("**/api/uploads", count)
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        link(session, is_up=True)
        page.goto(f"/lessons/{lesson}/deck")
        page.set_input_files("input[type=file]", file)
        eventually("something is sent", lambda: sent_mb(page) > 0.3, 20)
        link(session, is_up=False)
        page.get_by_text("接通后自动接着传").wait_for()
        link(session, is_up=True)
        eventually("it goes on by itself", lambda: sent_mb(page) > 1.4, 30)
        page.reload()
        page.set_input_files("input[type=file]", file)
        page.get_by_text("现在的课件：3 页").wait_for(timeout=60_000)
        assert begun == 1  # the same upload all along
        assert page.locator(".pages img").count() == 3 and page.get_by_text("Chapter 2").count() == 1

        wall = Screen(browser, school.server.url, WALL)
        wall.log_in("lin", PASSWORD)
        wall.page.goto(f"/lesson/{lesson}/lecturer")
        picture = wall.page.locator(".stage .deck__page")
        picture.wait_for()
        width = picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)")
        assert width in (1280, 1920) and f"w={width}" in str(picture.get_attribute("src"))
        assert lecturer.problems == [] and wall.problems == []
