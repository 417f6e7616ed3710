"""A lesson plan that teachers of two schools write together: one loses the link and goes on with an input method."""

from __future__ import annotations

import pytest
from playwright.sync_api import Playwright

from tests.e2e.browser import LAPTOP, PHONE, chromium
from tests.e2e.research import PlanScreen, found_research
from tests.e2e.school import PASSWORD, Region, eventually
from tests.e2e.test_accessible import serious
from tests.e2e.writer import compose

pytestmark = pytest.mark.e2e


def test_two_schools_write_one_plan(playwright: Playwright, school: Region) -> None:
    plan = found_research(school).plan
    with chromium(playwright) as browser:
        lin, he = PlanScreen(browser, school, LAPTOP), PlanScreen(browser, school, LAPTOP)
        lin.open_plan("lin", plan)
        he.open_plan("he", plan)
        both_begin_in_the_same_empty_line(lin, he)
        nothing_composed_is_lost_without_a_link(lin, he)
        comments_stay_at_their_words(lin, he)
        versions_are_compared_and_restored(lin)
        a_sentence_outlives_the_log_in(he, lin)
        assert not serious(lin)
        phone = PlanScreen(browser, school, PHONE, is_phone=True)
        a_final_plan_is_read_on_a_phone(phone, lin, plan)
        for screen in (lin, he, phone):
            assert not screen.problems
            screen.close()


def both_begin_in_the_same_empty_line(lin: PlanScreen, he: PlanScreen) -> None:
    for screen in (lin, he):
        screen.put_caret("learners")
    he.page.keyboard.type("乡村学生")
    lin.reads("learners", "乡村学生")
    lin.page.keyboard.press("End")
    lin.page.keyboard.type("，城市学生")
    for screen in (lin, he):
        screen.reads("learners", "乡村学生，城市学生")
    label = lin.page.wait_for_selector(".caret__label")
    assert label is not None
    assert "和志强" in label.inner_text() and "河口小学" in label.inner_text()


def nothing_composed_is_lost_without_a_link(lin: PlanScreen, he: PlanScreen) -> None:
    """Compose before, during and across an outage, while the other types in the same line."""
    he.put_caret("goals")
    compose(he.page, "guanglu", "光路")
    lin.reads("goals", "光路")
    he.cut()
    he.page.wait_for_selector("[data-save=offlineOpen]")
    compose(he.page, "duanwang", "断网时")
    compose(he.page, "xiede", "写的")
    lin.write("goals", "，在线写的")
    devtools = he.page.context.new_cdp_session(he.page)
    devtools.send("Input.imeSetComposition", {"text": "zai", "selectionStart": 3, "selectionEnd": 3})
    he.mend()
    he.page.wait_for_selector("[data-save=saved], [data-save=saving]")
    devtools.send("Input.imeSetComposition", {"text": "zailai", "selectionStart": 6, "selectionEnd": 6})
    devtools.send("Input.insertText", {"text": "再来"})
    for screen in (lin, he):
        for words in ("光路", "断网时写的再来", "，在线写的"):
            screen.reads("goals", words)
        assert "zai" not in screen.text("goals")
    assert lin.text("goals") == he.text("goals")
    he.is_saved()


def comments_stay_at_their_words(lin: PlanScreen, he: PlanScreen) -> None:
    he.write("key_points", "重点：光的折射")
    he.select(2)
    he.page.keyboard.press("Control+Alt+m")
    he.page.fill("[data-comment-form] textarea", "还要说明方向")
    he.page.click("[data-comment-form] [type=submit]")
    lin.page.wait_for_selector(".commented")
    lin.put_caret("key_points")
    lin.page.keyboard.press("Home")
    lin.page.keyboard.type("本课")
    for screen in (lin, he):
        screen.reads("key_points", "本课重点：光的折射")
        assert screen.text_of(".commented") == "折射"
    he.put_caret("key_points")
    he.page.keyboard.press("End")
    he.select(4)
    he.page.keyboard.press("Control+Alt+m")
    he.page.click("[data-comment-form] [value=suggestion]")
    he.page.fill("[data-comment-form] textarea >> nth=0", "光的折射现象")
    he.page.click("[data-comment-form] [type=submit]")
    lin.page.click("[data-act=accept]")
    for screen in (lin, he):
        screen.reads("key_points", "本课重点：光的折射现象")


def versions_are_compared_and_restored(lin: PlanScreen) -> None:
    lin.page.click("[data-tab=versions]")
    lin.page.fill("[data-version-form] input", "第一稿")
    lin.page.click("[data-version-form] [type=submit]")
    lin.page.wait_for_selector("[data-version='1']")
    lin.write("homework", "画一幅光路图")
    lin.is_saved()
    lin.page.click("[data-version='1'] [data-act=compare]")
    lin.page.wait_for_selector("[data-version-view] ins >> text=画一幅光路图")
    lin.page.click("[data-act=close-version]")
    lin.page.click("[data-version='1'] [data-act=restore]")
    lin.page.click(".el-message-box .el-button--primary")
    lin.page.wait_for_selector("[data-version='2']")  # what stood there before is a version too
    eventually("what came after is gone", lambda: lin.text("homework") == "", 10)
    lin.reads("key_points", "本课重点：光的折射现象")


def a_sentence_outlives_the_log_in(he: PlanScreen, lin: PlanScreen) -> None:
    he.put_caret("standards")
    he.page.keyboard.type("登录过期前，")
    he.is_saved()
    he.cut()
    he.page.wait_for_selector("[data-save=offlineOpen]")
    he.page.keyboard.type("写到一半的句子")
    he.log_out()
    he.mend()
    he.page.fill("dialog [name=password]", PASSWORD)
    he.page.click("dialog [type=submit]")
    he.is_saved()
    lin.reads("standards", "登录过期前，写到一半的句子")


def a_final_plan_is_read_on_a_phone(phone: PlanScreen, lin: PlanScreen, plan: str) -> None:
    phone.open_plan("he", plan)
    phone.put_caret("reflection")
    phone.page.keyboard.type("手机上补一句")
    lin.reads("reflection", "手机上补一句")
    phone.page.click("[data-open=comments]")
    phone.page.wait_for_selector("[data-card]")
    assert not serious(phone)
    phone.page.click("[data-act=read]")
    lin.page.click("[data-act=finalise]")
    lin.page.click(".el-message-box .el-button--primary")
    phone.page.wait_for_selector("[data-save=readOnly]")
    phone.page.wait_for_selector("[data-plan-toolbar]", state="detached")
