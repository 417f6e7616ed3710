"""A classroom's screen follows the timetable by itself, on a computer whose clock is an hour wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.e2e.browser import WALL, chromium
from tests.e2e.school import Region, region
from tests.e2e.school_day import noon_zone, plan_day

pytestmark = pytest.mark.e2e

# The computer is an hour ahead: by its own clock the lesson is over, and the one of an hour later about to begin.
AN_HOUR_AHEAD = """
const Right = Date;
window.Date = class extends Right {
  constructor(...given) { if (given.length) super(...given); else super(Right.now() + 3600000); }
  static now() { return Right.now() + 3600000; }
};
"""
OPENS_MS = 30_000  # a poll of 3 s, 3 s to read, and a page to load
LEAVES_MS = 60_000  # a screen that waits looks every 20 s


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Region]:
    with region(tmp_path, flags=("--timezone", noon_zone())) as people:
        yield people


def test_the_screen_opens_the_right_lesson_by_itself_with_a_clock_an_hour_wrong(
    playwright: Playwright, school: Region, devices: Path
) -> None:
    first, second = plan_day(school, [timedelta(minutes=4), timedelta(minutes=64)])
    with chromium(playwright, devices / "one.y4m", devices / "voice.wav") as browser:
        context = browser.new_context(base_url=school.server.url, viewport=WALL, locale="zh-CN")  # type: ignore[arg-type]
        context.add_init_script(AN_HOUR_AHEAD)
        page = context.new_page()
        page.goto("/screen")
        code = page.locator(".unpaired__code")
        code.wait_for()
        school.pair((code.text_content() or "").replace(" ", ""), 0)
        clock = page.get_by_test_id("screen-clock")
        expect(clock).to_be_visible(timeout=15_000)
        offset = school.manager.get(f"/api/timetable?from={first['day']}&to={first['day']}")["zone_offset_min"]
        right = {f"{datetime.now(UTC) + timedelta(minutes=offset, seconds=late):%H:%M}" for late in (-3, 3)}
        assert clock.text_content() in right
        # No click: five minutes before its beginning, the first lesson and not the one that the computer's clock says.
        page.wait_for_url(f"**/lesson/{first['id']}/classroom", timeout=OPENS_MS)
        expect(page.locator("[data-view=waiting]")).to_be_visible(timeout=20_000)
        # The lesson is called off while the classroom waits: back to the day, which says why.
        school.lecturer.post(f"/api/lessons/{first['id']}/cancel", {"reason": "老师生病"})
        page.wait_for_url("**/screen", timeout=LEAVES_MS)
        expect(page.locator(f"[data-lesson='{first['id']}']")).to_contain_text("取消：老师生病", timeout=10_000)
        expect(page.locator(f"[data-lesson='{second['id']}']")).to_contain_text("第2课")
        # The network goes: the day stays, and is right again by itself.
        context.set_offline(True)
        expect(page.get_by_role("alert")).to_contain_text("断开", timeout=30_000)
        expect(page.locator(f"[data-lesson='{second['id']}']")).to_be_visible()
        context.set_offline(False)
        school.lecturer.post(f"/api/lessons/{first['id']}/restore", {})
        page.wait_for_url(f"**/lesson/{first['id']}/classroom", timeout=OPENS_MS)
        context.close()
