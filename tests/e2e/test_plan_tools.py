"""What a teacher puts into a plan besides words: people, tables, steps, pictures, formulas, pages of a deck."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.e2e.browser import LAPTOP, PHONE, chromium
from tests.e2e.pictures import page_png
from tests.e2e.publishing import publish_worksheet
from tests.e2e.research import PlanScreen, found_research
from tests.e2e.school import DECK_S, PASSWORD, Region, eventually
from tests.e2e.writer import compose

pytestmark = pytest.mark.e2e


def test_a_plan_is_more_than_words(playwright: Playwright, school: Region, tmp_path: Path) -> None:
    plan = found_research(school).plan
    deck = school.lecturer.post("/api/decks", {"uploads": [school.lecturer.upload("page.png", page_png(1))]})["id"]
    with chromium(playwright) as browser:
        lin, he = PlanScreen(browser, school, LAPTOP), PlanScreen(browser, school, PHONE, is_phone=True)
        lin.open_plan("lin", plan)
        somebody_is_named(lin, he, plan)
        rows_and_columns_are_added_by_keys(lin)
        steps_move_by_keys_and_buttons(lin)
        formulas_are_written_and_changed_by_keys(lin)
        one_takes_back_only_what_one_did(lin, he)
        pictures_wait_for_the_link_and_other_files_are_refused(lin, tmp_path)
        eventually("the deck is there", lambda: school.lecturer.get(f"/api/decks/{deck}")["state"] == "ready", DECK_S)
        a_page_opens_for_a_colleague_who_has_no_deck(lin, he)
        a_resource_is_found_on_a_phone_and_opens(school, lin, he)
        assert not lin.problems and not he.problems
        lin.close()
        he.close()


def somebody_is_named(lin: PlanScreen, he: PlanScreen, plan: str) -> None:
    """Name a colleague by keys with an input method, and in a comment; they are told, and look."""
    lin.put_caret("learners")
    lin.page.keyboard.type("请@")
    lin.page.wait_for_selector("[data-names] li")
    compose(lin.page, "he", "和志")
    lin.page.wait_for_selector("[data-names] [aria-selected=true] >> text=河口小学")
    lin.page.keyboard.press("Enter")
    lin.page.wait_for_selector(".link--person")
    compose(lin.page, "kan", "看")
    lin.reads("learners", "请@和志强 看")
    lin.page.keyboard.type("@")
    lin.page.wait_for_selector("[data-names]")
    lin.page.keyboard.press("Escape")
    lin.page.wait_for_selector("[data-names]", state="detached")
    he.log_in("he", PASSWORD)
    eventually("it waits for him", lambda: [one["plan_id"] for one in mentions_of(he)] == [plan], 10)
    he.page.goto("/research")
    he.page.click("text=林晓云提到了您")
    assert "在教案正文里提到了您" in he.page.inner_text("[data-told]")
    assert mentions_of(he) == []
    he.page.click("[data-told] button")
    lin.page.click(".comments button")
    lin.page.fill("[data-comment-form] textarea", "@")
    lin.page.click("[data-comment-form] [data-names] li")
    lin.page.keyboard.type("再看这里")
    lin.page.click("[data-comment-form] [type=submit]")
    lin.page.wait_for_selector("[data-card] b >> text=@和志强")
    he.page.wait_for_selector("[data-told] >> text=在评论里提到了您：@和志强 再看这里")  # while he is there


def mentions_of(he: PlanScreen) -> list[dict[str, str]]:
    return [one for one in he.get("/api/research/due")["items"] if one["kind"] == "mention"]


def rows_and_columns_are_added_by_keys(lin: PlanScreen) -> None:
    def is_large(rows: int, columns: int) -> None:
        table = "[data-field=homework] table"
        shape = f"{table}:not(:has(tr:nth-child({rows + 1})))  tr:nth-child({rows}) > :nth-child({columns}):last-child"
        lin.page.wait_for_selector(shape, state="attached")

    lin.put_caret("homework")
    lin.page.click("[data-tool=table]")
    is_large(3, 3)
    lin.page.keyboard.type("必做")
    lin.page.keyboard.press("Tab")
    lin.page.keyboard.type("选做")
    lin.page.keyboard.press("Control+Alt+ArrowDown")
    is_large(4, 3)
    lin.page.keyboard.press("Control+Alt+ArrowRight")
    is_large(4, 4)
    lin.page.keyboard.press("Control+Alt+Shift+Backspace")
    is_large(4, 3)
    lin.page.click("[data-table=deleteRow]")
    is_large(3, 3)


def steps_move_by_keys_and_buttons(lin: PlanScreen) -> None:
    def stand(*titles: str) -> None:
        read = "() => [...document.querySelectorAll('.step__title')].map((one) => one.value)"
        eventually(f"the steps are {titles}", lambda: lin.page.evaluate(read) == list(titles), 10)

    for number, title in enumerate(("导入", "实验", "小结")):
        lin.page.fill(f".step >> nth={number} >> .step__title", title)
    lin.page.focus(".step >> nth=2 >> .step__title")
    lin.page.keyboard.press("Alt+Shift+ArrowUp")
    stand("导入", "小结", "实验")
    lin.page.keyboard.press("Alt+Shift+ArrowUp")  # the focus went along
    stand("小结", "导入", "实验")
    lin.page.click(".step >> nth=0 >> [aria-label^=下移环节]")
    stand("导入", "小结", "实验")
    lin.page.click(".step >> nth=1 >> .step__body p")
    lin.page.keyboard.type("说说")
    lin.page.keyboard.press("Alt+Shift+ArrowDown")
    stand("导入", "实验", "小结")
    lin.page.keyboard.type("收获")
    lin.page.wait_for_selector(".step >> nth=2 >> text=说说收获")
    lin.page.click(".step >> nth=1 >> [aria-label=删除环节]")
    stand("导入", "小结")
    lin.page.keyboard.press("Control+z")
    stand("导入", "实验", "小结")


def formulas_are_written_and_changed_by_keys(lin: PlanScreen) -> None:
    shown = ".formula annotation >> text="
    lin.put_caret("key_points")
    lin.page.click("[data-tool=formula]")
    lin.page.keyboard.type(r"\frac{1}{2}")
    lin.page.keyboard.press("Enter")
    lin.page.wait_for_selector(f"{shown}frac", state="attached")
    lin.page.keyboard.press("ArrowLeft")
    lin.page.wait_for_selector(".formula.ProseMirror-selectednode")
    lin.page.keyboard.press("Enter")
    lin.page.fill("dialog textarea", r"\sin")
    lin.page.keyboard.press("Enter")
    lin.page.wait_for_selector(f"{shown}sin", state="attached")


def one_takes_back_only_what_one_did(lin: PlanScreen, he: PlanScreen) -> None:
    he.write("standards", "和老师的话")
    lin.reads("standards", "和老师的话")
    lin.write("goals", "林老师后写的话")
    he.reads("goals", "林老师后写的话")
    he.page.click("[data-tool=undo]")
    eventually("his own is gone", lambda: lin.text("standards") == he.text("standards") == "", 10)
    lin.reads("goals", "林老师后写的话")


def pictures_wait_for_the_link_and_other_files_are_refused(lin: PlanScreen, folder: Path) -> None:
    (folder / "光路图.png").write_bytes(page_png(2))
    (folder / "教案.pdf").write_bytes(b"%PDF-1.7")

    def choose(name: str) -> None:
        with lin.page.expect_file_chooser() as chooser:
            lin.page.click("[data-tool=picture]")
        chooser.value.set_files(folder / name)

    lin.put_caret("reflection")
    choose("教案.pdf")
    lin.page.wait_for_selector("[data-said] >> text=只能放 JPEG、PNG 或 WebP 图片")
    lin.cut()
    lin.page.wait_for_selector("[data-save=offlineOpen]")
    choose("光路图.png")
    lin.page.wait_for_selector("[data-said] >> text=连上后自动上传")
    lin.mend()
    lin.page.wait_for_selector("[data-field=reflection] img[alt=光路图]", timeout=40_000)
    lin.is_saved()


def a_page_opens_for_a_colleague_who_has_no_deck(lin: PlanScreen, he: PlanScreen) -> None:
    lin.put_caret("topic")
    lin.page.keyboard.press("End")
    lin.page.click("[data-tool=page]")
    lin.page.click("dialog .list button")
    lin.page.click("dialog .pages button")
    place = he.page.wait_for_selector("[data-field=topic] .link--page")
    assert place is not None
    answer = he.page.request.get(str(place.get_attribute("href")))
    assert answer.ok and answer.headers["content-type"].startswith("image/")


def a_resource_is_found_on_a_phone_and_opens(school: Region, lin: PlanScreen, he: PlanScreen) -> None:
    """The picker says that the library is empty, then finds what was published; the link leads to its page."""
    he.put_caret("homework")
    he.page.click("[data-tool=resource]")
    he.page.wait_for_selector("dialog >> text=资源库里还没有资源")
    publish_worksheet(school, "家庭实验材料单")
    he.page.fill("dialog input[type=search]", "材料")
    he.page.click("dialog [type=submit]")
    he.page.click("dialog .list button >> text=家庭实验材料单")
    link = lin.page.wait_for_selector("[data-field=homework] .link--resource >> text=家庭实验材料单")
    assert link is not None
    lin.page.goto(str(link.get_attribute("href")))
    lin.page.wait_for_selector("h1 >> text=家庭实验材料单")
