"""Two teachers watch a recording blind; what one of them noted is accepted, and closed by the plan's next version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.e2e.browser import LAPTOP, PHONE, Screen, chromium
from tests.e2e.lesson_bot import bot, teaching
from tests.e2e.school import PASSWORD, Person, Region, eventually
from tests.e2e.seat import end_lesson
from tests.e2e.test_accessible import serious

pytestmark = pytest.mark.e2e

NOTE = "提问后只等了半秒，远端的孩子来不及站起来"


class Workshop:
    """A group of the three teachers, and a plan that is taught."""

    def __init__(self, school: Region) -> None:
        self.lin, self.he, self.ma = school.lecturer, Person(school.server.url, "he"), Person(school.server.url, "ma")
        body = {"kind": "jiaoyanzu", "name": "云岭科学教研组", "subject": "科学", "stage": "小学"}
        self.group = str(self.lin.post("/api/groups", body)["group"]["id"])
        for teacher, name in ((self.he, "河口"), (self.ma, "青山")):
            found = self.lin.get(f"/api/groups/{self.group}/candidates?words={name}")["items"][0]["person"]["id"]
            self.lin.post(f"/api/groups/{self.group}/invitations", {"person_id": found, "role": "member"})
            invitation = teacher.get("/api/groups")["invitations"][0]["id"]
            teacher.post_empty(f"/api/invitations/{invitation}/accept")
        plan = {"group_id": self.group, "title": "光的折射", "subject": "科学"}
        self.plan = str(self.lin.post("/api/plans", plan)["id"])

    def finalise(self, name: str) -> None:
        self.lin.post(f"/api/plans/{self.plan}/versions", {"name": name, "is_final": True})

    def revise(self) -> None:
        sheet = self.lin.get(f"/api/plans/{self.plan}")
        self.lin.patch(f"/api/plans/{self.plan}", {"revision": sheet["revision"], "state": "draft"})

    def close(self) -> None:
        self.he.close()
        self.ma.close()


def test_a_lesson_is_reviewed_and_improved(playwright: Playwright, school: Region, clip: Path, tmp_path: Path) -> None:
    lesson = school.plan_lesson(has_pages=False)
    workshop = Workshop(school)
    try:
        workshop.finalise("第一次定稿")
        school.lecturer.post(f"/api/plans/{workshop.plan}/lessons", {"lesson_id": lesson})
        with chromium(playwright) as browser:
            record(browser, school, lesson, clip, tmp_path)
            review = rate(browser, school, lesson)
            item_is_made(browser, school, review)
            item_is_closed(browser, school, workshop)
    finally:
        workshop.close()


def record(browser: Browser, school: Region, lesson: str, clip: Path, tmp_path: Path) -> None:
    """Teach with the bot while a local teacher's phone follows the plan, and wait for the recording."""
    school.add_teacher("yang", "杨秀英", school.rooms[0]["school"]["id"])  # who led in class may not rate it
    phone = Screen(browser, school.server.url, PHONE, is_phone=True)
    phone.log_in("yang", PASSWORD)
    with bot(*teaching(school, lesson, clip), log=tmp_path / "teach.log"):
        eventually("it is recorded", lambda: any(school.server.data.glob("recordings/*/tracks/camera*/*")), 30)
        phone.page.goto(f"/lesson/{lesson}/phone")
        phone.page.wait_for_selector("[data-segment-line] >> text=1/")
        phone.shoot("reviews-phone-segment")
        end_lesson(school.server.url, lesson, "lin")
    phone.close()
    school.recording(lesson)


def rate(browser: Browser, school: Region, lesson: str) -> str:
    """Let He begin a review with Ma, and both rate it; return its address."""
    first = Screen(browser, school.server.url, LAPTOP)
    first.log_in("he", PASSWORD)
    page = first.page
    page.goto(f"/lessons/{lesson}/review")
    page.click("[data-act=begin]")
    page.check("label:has-text('和志强') input")
    assert not serious(first)
    first.shoot("reviews-begin")
    page.click("[data-act=go]")
    page.wait_for_url("**/reviews/*")
    address = page.url
    page.wait_for_selector(".tp")
    page.click("[data-act=raters]")
    page.check("[data-rater-change] label:has-text('马兰') input")
    page.click("[data-rater-change] [type=submit]")
    page.wait_for_selector("[data-state]:has-text('0 / 2')")
    page.fill("[name=note]", "提问后没有等")
    page.click("[data-act=save-note]")
    page.click("[data-act=edit-note]")
    page.fill("[name=note-edit]", NOTE)
    page.click(".note [type=submit]")
    page.wait_for_selector(f".note__text >> text={NOTE}")
    assert not serious(first)
    first.shoot("reviews-watch")
    score(page, [4, 2, 3, 5])
    page.wait_for_selector("[data-state]:has-text('1 / 2')")
    second = Screen(browser, school.server.url, LAPTOP)
    second.log_in("ma", PASSWORD)
    second.page.goto(address)
    second.page.wait_for_selector("[data-tab=rubric]")
    assert NOTE not in second.page.content()
    score(second.page, [4, 3, 3, 5])
    second.page.wait_for_selector("[data-alpha]")
    assert float(second.page.inner_text("[data-alpha]")) > 0.5
    assert second.page.is_visible("[data-small]")
    assert not serious(second)
    second.shoot("reviews-results")
    second.page.click("[data-tab=picture]")
    second.page.wait_for_selector("[data-picture]", timeout=40_000)
    second.shoot("reviews-picture")
    first.close()
    second.close()
    return address


def score(page: Page, values: list[int]) -> None:
    """Give the items these values in turn, and hand in."""
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("[data-tab=rubric]")
    page.wait_for_selector(".rubric__item")
    page.evaluate(_SCORE, values)
    page.click("[data-act=hand-in]")


_SCORE = """(values) => document.querySelectorAll('.rubric__item').forEach((item, at) =>
    item.querySelectorAll('input')[values[at % values.length] - 1].click())"""


def item_is_made(browser: Browser, school: Region, address: str) -> None:
    """Let the lecturer, who now sees everything, accept the note."""
    screen = Screen(browser, school.server.url, LAPTOP)
    screen.log_in("lin", PASSWORD)
    screen.page.goto(address)
    screen.page.click("[data-tab=notes]")
    screen.page.click("[data-act=accept]")
    screen.page.wait_for_selector(".note select option", state="attached")
    screen.shoot("reviews-accept")
    screen.page.click("[data-act=save-verdict]")
    screen.page.wait_for_selector("[data-items] [data-item-open=true]")
    screen.close()


def item_is_closed(browser: Browser, school: Region, workshop: Workshop) -> None:
    """Find the item at the plan, and close it by a version that was named after it."""
    workshop.revise()
    workshop.finalise("按评课意见修改")
    screen = Screen(browser, school.server.url, LAPTOP)
    screen.log_in("lin", PASSWORD)
    page = screen.page
    page.goto(f"/plans/{workshop.plan}/teach")
    page.wait_for_selector("[data-open-items]")
    page.goto(f"/plans/{workshop.plan}/chain")
    page.click("[data-act=close-item]")
    page.wait_for_selector("[name=evidence] option", state="attached")
    page.fill("[name=how]", "环节二提问后写明等三秒")
    screen.shoot("reviews-chain")
    page.click("[data-act=save-close]")
    page.wait_for_selector("[data-item-open=false]")
    assert page.locator("[data-version='2']").count() == 1
    assert not serious(screen)
    items: list[dict[str, Any]] = workshop.lin.get(f"/api/plans/{workshop.plan}/improvements")["items"]
    assert [(one["by_version"], one["owner"]["name"]) for one in items] == [(2, "林晓云")]
    assert not screen.problems, screen.problems
    screen.close()
