"""A finished lesson watched again: ink at its time, any speed and level, a question answered, a word found; also from a
stick, where nothing can be fetched."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from server.web_build import DIST
from tests.e2e.browser import LAPTOP, PHONE, Screen, chromium
from tests.e2e.firefox import firefox
from tests.e2e.school import PASSWORD, Region, eventually
from tests.e2e.seat import end_lesson
from tests.e2e.test_accessible import serious
from tests.e2e.viewer import FROM, IS_READY, TO, Viewer
from tests.e2e.writer import Writer

pytestmark = pytest.mark.e2e

QUESTION = {
    "kind": "single",
    "title": "折射角____入射角",
    "options": ["大于", "等于", "小于"],
    "page": 2,
    "answer": "C",
}


def test_a_lesson_is_watched_again(playwright: Playwright, devices: Path, school: Region, tmp_path: Path) -> None:
    lesson = school.plan_lesson()
    address = f"/api/lessons/{lesson}/questions"
    school.lecturer.put(address, {"version": school.lecturer.get(address)["version"], "items": [QUESTION]})
    with chromium(playwright, devices / "lecturer.y4m", devices / "voice.wav") as browser:
        with in_class(browser, school, lesson):
            pass
        recording = school.recording(lesson)
        events = school.lecturer.get(f"/api/recordings/{recording['id']}/files/events.json")
        at = {one["body"]["kind"]: one for one in events["events"]}
        screen = Screen(browser, school.server.url, LAPTOP)
        screen.log_in("lin", PASSWORD)
        screen.page.goto(f"/recordings/{recording['id']}")
        viewer = Viewer(screen.page)
        try:
            ink_grows_at_its_time(viewer, at["ink_added"])
            it_plays_at_any_speed_and_level(viewer)
            a_question_is_answered_again(viewer, at["question_asked"]["t_ms"])
            a_word_is_found(viewer, at["question_asked"]["t_ms"])
            assert not serious(screen)
            screen.shoot("player-laptop")
        except BaseException:
            screen.shoot("failed-player")
            raise
        assert not screen.problems, screen.problems
        phone = Screen(browser, school.server.url, PHONE, is_phone=True)
        phone.log_in("lin", PASSWORD)
        phone.page.goto(f"/recordings/{recording['id']}")
        Viewer(phone.page)
        assert not serious(phone)
        phone.shoot("player-phone")
        stick = write_stick(school.server.data / "recordings" / recording["id"], tmp_path / "stick")
        page = browser.new_page()
        page.goto(stick.as_uri())
        opened_from_a_stick(Viewer(page), at["ink_added"])
    plays_in_firefox(stick, tmp_path)


@contextmanager
def in_class(browser: Any, school: Region, lesson: str) -> Iterator[None]:
    """Teach: a slow stroke on the first page, then the second and a question; end class after the block."""
    url = school.server.url
    screen = Screen(browser, url, LAPTOP)
    screen.log_in("lin", PASSWORD)
    screen.page.goto(f"/lesson/{lesson}/lecturer")
    screen.page.click("[data-act=start]")
    screen.page.wait_for_selector(".ink", state="attached")
    eventually("the recorder takes pictures", lambda: any(school.server.data.glob("recordings/*/tracks/camera*/*")), 20)
    writer = Writer(screen)
    writer.take("pen")
    writer.draw([FROM, *((FROM[0] + 0.05 * n, FROM[1]) for n in range(1, 10)), TO], lift=False)
    screen.page.wait_for_timeout(600)
    screen.page.mouse.up()
    eventually("it is written", lambda: writer.objects() == 1, 5)
    screen.page.click("[data-act=next]")
    screen.page.wait_for_timeout(1_500)
    screen.page.keyboard.press("q")
    screen.page.click(f".panel__one:has-text('{QUESTION['title']}') .panel__ask")
    screen.page.wait_for_selector("[data-act=close]")
    yield
    screen.page.wait_for_timeout(2_000)
    end_lesson(url, lesson, "lin")
    screen.close()


def ink_grows_at_its_time(viewer: Viewer, written: dict[str, Any]) -> None:
    up, took = written["t_ms"], written["body"]["took_ms"]
    assert took > 100
    eventually("the log is there", lambda: viewer.page.get_attribute(".leaf", "data-surface"), 15)
    viewer.seek(up - took - 150)
    viewer.sees_ink(begin=False, middle=False, end=False)
    viewer.seek(up - took / 2)
    viewer.sees_ink(begin=True, end=False)
    viewer.seek(up + 30)
    viewer.sees_ink(begin=True, middle=True, end=True)
    viewer.page.keyboard.press("PageDown")
    viewer.page.wait_for_selector(".leaf[data-page='2']")
    viewer.sees_ink(begin=False, middle=False, end=False)
    viewer.page.keyboard.press("Home")
    viewer.page.wait_for_selector(".leaf[data-page='1']")


def it_plays_at_any_speed_and_level(viewer: Viewer) -> None:
    page = viewer.page
    page.click("[data-act=play]")
    viewer.plays()
    viewer.choose("speed", "2")
    rate = "() => [...document.querySelectorAll('.tp__face video')].some((v) => !v.paused && v.playbackRate === 2)"
    page.wait_for_function(rate)
    before = viewer.ms
    viewer.choose("quality", "light")
    eventually("it plays pages and sound", lambda: viewer.level == "light", 10, 0.05)
    assert before <= viewer.ms < before + 12_000, "it jumped"
    assert not page.is_visible(".tp__face")
    viewer.plays()
    viewer.choose("quality", "audio")
    page.wait_for_selector(".tp__words")
    viewer.choose("speed", "1")
    viewer.choose("quality", "lecturer")
    page.wait_for_selector(".tp__face", state="visible")
    page.keyboard.press("k")
    page.wait_for_selector(".tp[data-playing=false]")


def a_question_is_answered_again(viewer: Viewer, asked_ms: int) -> None:
    page = viewer.page
    viewer.seek(asked_ms + 50)
    page.click("[data-act=answer]")
    page.click(".question [data-letter=A]")
    page.wait_for_selector(".question__verdict--false")
    page.click(".question [data-act=again]")
    page.click(".question [data-letter=C]")
    page.wait_for_selector(".question__verdict--true")
    page.reload()
    Viewer(page)
    page.click("[data-tab=questions]")
    page.wait_for_selector("text=已答")


def a_word_is_found(viewer: Viewer, said_ms: int) -> None:
    viewer.page.click("[data-tab=find]")
    viewer.page.fill(".find__field", "折射角")
    viewer.page.click("[data-hit=question]")
    eventually("it went there", lambda: 0 <= viewer.ms - said_ms < 3_000, 5, 0.05)
    viewer.plays()
    viewer.page.keyboard.press("k")


def write_stick(folder: Path, stick: Path) -> Path:
    """Lay a recording out as a page that is opened by a double-click; return the page."""
    shutil.copytree(folder, stick, ignore=shutil.ignore_patterns("tracks", "steps", "*.jsonl"))
    for name in ("player.js", "player.css"):
        shutil.copy(DIST / "player" / name, stick)
    resource = json.loads((stick / "resource.json").read_text())
    if resource["peaks"]:
        peaks = base64.b64encode((stick / resource["peaks"]).read_bytes()).decode()
        resource["peaks"] = f"data:application/octet-stream;base64,{peaks}"
    given = {"base": "", "resource": resource, "events": json.loads((stick / "events.json").read_text())}
    page = stick / "index.html"
    page.write_text(
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>光的折射</title>'
        '<link rel="stylesheet" href="player.css"><main id="player"></main><script src="player.js"></script>'
        f"<script>TongtangPlayer.mount('#player', {json.dumps(given, ensure_ascii=False)})</script>"
    )
    return page


def opened_from_a_stick(viewer: Viewer, written: dict[str, Any]) -> None:
    viewer.seek(written["t_ms"] + 30)
    viewer.sees_ink(begin=True, middle=True, end=True)
    viewer.page.click("[data-act=play]")
    viewer.plays()


def plays_in_firefox(stick: Path, folder: Path) -> None:
    with firefox(folder) as browser:
        browser.open(stick.as_uri())
        eventually("Firefox is ready", lambda: bool(browser.run(f"({IS_READY})()")), 20)
        browser.run("document.querySelector('[data-act=play]').click()")
        ms = "Number(document.querySelector('.tp').dataset.ms)"
        eventually("Firefox plays", lambda: int(browser.run(ms)) > 1_000, 15)
