"""Two teachers use one browser at once, with one cookie: the second log-in takes the place of the first."""

from __future__ import annotations

import pytest
from playwright.sync_api import Playwright

from tests.e2e.browser import LAPTOP, chromium
from tests.e2e.research import PlanScreen, found_research
from tests.e2e.school import PASSWORD, Person, Region, eventually

pytestmark = pytest.mark.e2e

BEFORE, AFTER, THEIRS = "林老师先写的一句", "登录被换掉以后写的半句", "和老师写的教学目标"


def test_two_people_in_one_browser_never_write_as_each_other(playwright: Playwright, school: Region) -> None:
    plan = found_research(school).plan
    with chromium(playwright) as browser:
        lin = PlanScreen(browser, school, LAPTOP)
        lin.open_plan("lin", plan)
        lin.write("learners", BEFORE)
        lin.is_saved()
        he = lin.another_tab()
        he.open_plan("he", plan)  # takes the cookie
        the_first_tab_keeps_what_is_typed_and_sends_nothing(lin, he, plan)
        he.write("goals", THEIRS)
        he.is_saved()
        assert THEIRS not in lin.text("goals")  # nothing goes from tab to tab
        lin.page.click("[data-save=otherPerson] button")
        lin.page.fill("dialog [name=password]", PASSWORD)
        lin.page.click("dialog [type=submit]")
        lin.is_saved()
        lin.reads("learners", BEFORE + AFTER)
        lin.reads("goals", THEIRS)
        he.page.wait_for_selector("[data-save=otherPerson]")
        everybody_is_credited_with_their_own(school, plan)
        assert not lin.problems and not he.problems
        lin.close()


def the_first_tab_keeps_what_is_typed_and_sends_nothing(lin: PlanScreen, he: PlanScreen, plan: str) -> None:
    lin.page.wait_for_selector("[data-save=otherPerson]")
    assert "现在登录的是别人" in lin.page.inner_text("dialog")
    lin.page.keyboard.press("Escape")
    lin.write("learners", AFTER)
    lin.reads("learners", BEFORE + AFTER)
    assert "林晓云" in lin.page.inner_text("[data-save=otherPerson]")  # whose account it takes
    lin.page.click(".comments button")
    lin.page.fill("[data-comment-form] textarea", "换了登录以后的评论")
    lin.page.click("[data-comment-form] [type=submit]")
    lin.page.wait_for_selector(".dock__problem >> text=现在登录的是别人")
    assert lin.page.input_value("[data-comment-form] textarea") == "换了登录以后的评论"
    assert he.get(f"/api/plans/{plan}/comments")["items"] == []
    assert he.text("learners") == BEFORE


def everybody_is_credited_with_their_own(school: Region, plan: str) -> None:
    reader = Person(school.server.url, "he")  # a log-in of its own

    def shares() -> dict[str, int]:
        return {one["name"]: one["characters"] for one in reader.get(f"/api/plans/{plan}/shares")["people"]}

    try:
        written = {"林晓云": len(BEFORE + AFTER), "和志强": len(THEIRS)}
        eventually(f"the shares are {written}", lambda: shares() == written, 10)
    finally:
        reader.close()
