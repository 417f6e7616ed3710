"""A research group is founded, joined on a phone, agrees on its rules, meets and begins a plan: by real pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.browser import LAPTOP, PHONE, Screen, chromium
from tests.e2e.school import PASSWORD, Region
from tests.e2e.test_accessible import serious

pytestmark = pytest.mark.e2e

GROUP = "云岭小学科学教研组"
SHOWN_MS = 20_000  # on a machine that others use too
PARTS = ("plans", "calendar", "people", "log", "rules", "templates")


def test_teachers_of_two_schools_found_a_group_and_begin_a_plan(
    playwright: Playwright, devices: Path, school: Region
) -> None:
    with chromium(playwright, devices / "lecturer.y4m") as browser:
        lin = Screen(browser, school.server.url, LAPTOP)
        he = Screen(browser, school.server.url, PHONE, is_phone=True)
        lin.log_in("lin", PASSWORD)
        he.log_in("he", PASSWORD)
        found_group(lin.page)
        address = lin.page.url.split("?")[0]
        invite(lin.page)
        join(he.page)
        arrange(lin.page, address)
        begin_plan(lin.page, address)
        the_log_tells_it(he.page, address)
        found: dict[str, Any] = {}
        for name, screen in (("laptop", lin), ("phone", he)):
            for path in ("/research", "/research/library", "/credits", *(f"{address}?part={part}" for part in PARTS)):
                screen.page.goto(path)
                screen.page.wait_for_load_state("networkidle")
                expect(screen.page.locator("main h1")).to_be_visible(timeout=SHOWN_MS)
                if screen is lin or path in ("/research", f"{address}?part=calendar"):
                    found[f"{path} on the {name}"] = serious(screen)
                # Nothing sticks out of a phone's page.
                assert screen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert not {path: what for path, what in found.items() if what}
        wang = Screen(browser, school.server.url, LAPTOP)
        wang.log_in("wang", PASSWORD)
        make_rules(wang.page)
        for screen in (lin, he, wang):
            assert not screen.problems, screen.problems
            screen.close()


def found_group(page: Page) -> None:
    page.goto("/research")
    expect(page.get_by_text("您还没有加入教研组")).to_be_visible(timeout=SHOWN_MS)
    page.get_by_role("button", name="新建教研组").click()
    page.get_by_label("名称").fill(GROUP)
    page.get_by_role("button", name="建立").click()
    page.wait_for_url("**/research/groups/*?part=people")


def invite(page: Page) -> None:
    page.get_by_role("button", name="邀请老师").click()
    page.get_by_label("按姓名或学校查找").fill("河口")
    page.locator("label.research-choice", has_text="和志强").click()
    page.get_by_role("button", name="发出邀请").click()
    expect(page.get_by_role("status").filter(has_text="已邀请和志强")).to_be_visible(timeout=SHOWN_MS)
    page.locator(".research-dialog").get_by_role("button", name="关闭").last.click()


def join(page: Page) -> None:
    page.goto("/research")
    page.get_by_role("button", name="加入").click()
    page.wait_for_url("**/research/groups/*?part=rules")
    page.get_by_role("button", name="我已阅读并同意").click()
    expect(page.get_by_text("您已确认这一版")).to_be_visible(timeout=SHOWN_MS)


def arrange(page: Page, address: str) -> None:
    page.goto(f"{address}?part=calendar")
    page.get_by_role("button", name="安排活动").click()
    page.get_by_label("名称").fill("磨课：光的折射")
    page.get_by_label("每周重复").select_option("4")
    page.locator(".research-dialog").get_by_role("button", name="保存").click()
    expect(page.locator(".research-dialog")).to_have_count(0, timeout=SHOWN_MS)
    page.get_by_role("button", name="参加", exact=True).first.click()
    expect(page.get_by_text("1 人参加：春城实验小学 林晓云")).to_be_visible(timeout=SHOWN_MS)


def begin_plan(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="新建教案").click()
    page.get_by_label("课题").fill("光的折射")
    page.get_by_role("button", name="建立并打开").click()
    page.wait_for_url("**/plans/*")


def the_log_tells_it(page: Page, address: str) -> None:
    page.goto(f"{address}?part=log")
    for line in ("新建了教案《光的折射》", "安排了集体备课“磨课：光的折射”", "确认了权责约定第 1 版", "加入了教研组"):
        expect(page.get_by_text(line)).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_text("（共 4 次）")).to_be_visible(timeout=SHOWN_MS)
    page.goto("/research/library")
    expect(page.get_by_role("link", name="光的折射")).to_be_visible(timeout=SHOWN_MS)


def make_rules(page: Page) -> None:
    """Save new rules for credits: their first day is tomorrow at the school, whatever the browser's clock says."""
    page.goto("/credits")
    page.get_by_role("button", name="新版规则").click()
    page.get_by_label("版本号").fill("2026.2")
    page.get_by_label("每次学分").first.fill("2.5")
    page.get_by_role("button", name="保存新版规则").click()
    page.locator("summary", has_text="新规则 2026.2").click()
    expect(page.get_by_text("每次 2.50")).to_be_visible(timeout=SHOWN_MS)
