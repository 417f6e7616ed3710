"""A question in two villages: cards before a fake camera in one, a thumb in an outage in the other, results for all."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Playwright

from bench.card_photos import Truth
from server.lessons.cards.codes import LETTERS
from tests.e2e.answers import answered, name_of, tap, write_room
from tests.e2e.browser import LAPTOP, PHONE, WALL, Screen, chromium
from tests.e2e.relay import Relay, relay
from tests.e2e.school import PASSWORD, Person, Region, eventually
from tests.e2e.writer import compose

pytestmark = pytest.mark.e2e

NAMES = ("李小雨", "普阿依", "岩温", "和丽雪")
CHOICE = {
    "kind": "single",
    "title": "光从空气斜射入水中，折射角____入射角",
    "options": ["大于", "等于", "小于", "不一定"],
    "page": 1,
    "answer": "C",
}
WORK = {"kind": "photo", "title": "画出光从空气斜射入水中的光路图"}


@dataclass
class Class:
    school: Region
    lesson: str
    truths: list[Truth]
    lecturer: Screen
    wall: Screen
    scanner: Screen  # the phone in the room with cards
    thumb: Screen  # the phone in the other room
    way: Relay  # between that phone and the server


@contextmanager
def in_class(playwright: Playwright, devices: Path, school: Region, folder: Path) -> Iterator[Class]:
    camera = folder / "room.mjpeg"
    truths = write_room(camera)
    school.set_roster(0, "he", [(name_of(truth), truth.card) for truth in truths])
    school.set_roster(1, "ma", [(name, -1) for name in NAMES])
    lesson, server = school.plan_lesson(), school.server
    address = f"/api/lessons/{lesson}/questions"
    prepared = school.lecturer.get(address)
    school.lecturer.put(address, {"version": prepared["version"], "items": [CHOICE, WORK]})
    with ExitStack() as open_:
        way = open_.enter_context(relay(server.port, server.media_port))
        one = open_.enter_context(chromium(playwright, devices / "lecturer.y4m", devices / "voice.wav"))
        two = open_.enter_context(chromium(playwright, camera, devices / "voice.wav"))
        lecturer = Screen(one, server.url, LAPTOP)
        thumb = Screen(one, f"http://127.0.0.1:{way.tcp_port}", PHONE, is_phone=True, relay_port=way.udp_port)
        wall, scanner = Screen(two, server.url, WALL), Screen(two, server.url, PHONE, is_phone=True)
        try:
            yield Class(school, lesson, truths, lecturer, wall, scanner, thumb, way)
        except BaseException:
            for name, screen in (("lecturer", lecturer), ("wall", wall), ("scanner", scanner), ("thumb", thumb)):
                screen.shoot(f"failed-question-{name}")
            raise


def test_a_question_is_answered_by_cards_and_by_taps(
    playwright: Playwright, devices: Path, school: Region, tmp_path: Path
) -> None:
    with in_class(playwright, devices, school, tmp_path) as now:
        begin(now)
        a_prepared_question_is_asked(now)
        a_pupil_touches_the_wall(now)
        cards_are_read(now)
        taps_outlive_an_outage(now)
        the_answer_is_revealed(now)
        what_was_written_is_shown(now)
        work_is_shown(now)
        hands_are_counted(now)
        results_are_exported(now)
        for screen in (now.lecturer, now.wall, now.scanner, now.thumb):
            assert not screen.problems, screen.problems


def begin(now: Class) -> None:
    now.lecturer.log_in("lin", PASSWORD)
    now.lecturer.page.goto(f"/lesson/{now.lesson}/lecturer")
    now.lecturer.page.click("[data-act=start]")
    now.wall.log_in("he", PASSWORD)
    now.wall.page.goto(f"/lesson/{now.lesson}/classroom")
    now.wall.page.wait_for_selector(".wall[data-view=live]", timeout=30_000)
    for screen, username in ((now.scanner, "he"), (now.thumb, "ma")):
        screen.log_in(username, PASSWORD)
        screen.page.goto(f"/lesson/{now.lesson}/phone")
        screen.page.wait_for_selector("[data-act=question]")


def a_prepared_question_is_asked(now: Class) -> None:
    now.lecturer.page.keyboard.press("q")
    now.lecturer.page.wait_for_selector("text=本页的题")
    now.lecturer.shoot("lecturer-questions")
    now.lecturer.page.click(f".panel__one:has-text('{CHOICE['title']}') .panel__ask")
    now.wall.page.wait_for_selector("text=请举手，或告诉本班老师")
    now.school.print_cards(0, "he")
    now.wall.page.wait_for_selector("text=请举起答题卡")
    now.wall.page.wait_for_selector("text=C 小于")
    now.wall.shoot("classroom-question")
    now.scanner.page.wait_for_selector(f"text=提问：{CHOICE['title']}")
    now.scanner.shoot("phone-asked")
    assert "C" not in str(now.wall.page.evaluate("() => document.querySelector('.results__option--right')?.innerText"))


def a_pupil_touches_the_wall(now: Class) -> None:
    page, name = now.wall.page, name_of(now.truths[0])
    page.click("[data-act=touch]")
    now.wall.shoot("classroom-touch")
    page.click(f".touch__name:has-text('{name}')")
    page.click(".touch__option[data-letter=B]")
    page.wait_for_selector(f".touch__name:has-text('✓{name}')")
    page.click("[data-act=touch]")
    eventually("the touch is counted", lambda: answered(now.lecturer, room(now, 0)) == 1, 10)


def cards_are_read(now: Class) -> None:
    now.scanner.page.click("[data-act=question]")
    visible = {LETTERS[truth.turn] for truth in now.truths if not truth.is_hidden}
    seen = sum(not truth.is_hidden for truth in now.truths)
    assert visible, "the picture shows cards"
    eventually("the lecturer counts the cards", lambda: answered(now.lecturer, room(now, 0)) >= seen, 40)
    now.scanner.shoot("phone-question-cards")
    tally = dict.fromkeys("ABCD", 0)
    for truth in now.truths:
        tally[LETTERS[truth.turn]] += not truth.is_hidden
    counts = now.lecturer.page.locator(f"[data-classroom='{room(now, 0)}'] .bars__count").all_inner_texts()
    assert all(int(words.split()[0]) >= least for words, least in zip(counts, tally.values(), strict=True))
    now.wall.page.wait_for_selector(f"text=本班已答 {answered(now.lecturer, room(now, 0))} / {len(now.truths)}")


def room(now: Class, number: int) -> str:
    return str(now.school.rooms[number]["id"])


def taps_outlive_an_outage(now: Class) -> None:
    page = now.thumb.page
    page.click("[data-act=question]")
    tap(now.thumb, NAMES[0], "A")
    eventually("the first tap is counted", lambda: answered(now.lecturer, room(now, 1)) == 1, 10)
    now.way.cut_tcp()
    for name, letter in zip(NAMES, "CCBC", strict=True):
        tap(now.thumb, name, letter)
    page.wait_for_selector("text=网络恢复后自动送出")
    now.thumb.shoot("phone-question-outage")
    assert answered(now.lecturer, room(now, 1)) == 1
    now.way.mend_tcp()
    eventually("what was tapped in the outage arrives", lambda: answered(now.lecturer, room(now, 1)) == 4, 30)
    page.wait_for_selector("text=网络恢复后自动送出", state="hidden")
    now.thumb.shoot("phone-question-list")
    counts = now.lecturer.page.locator(f"[data-classroom='{room(now, 1)}'] .bars__count").all_inner_texts()
    assert [words.split()[0] for words in counts] == ["0", "1", "3", "0"]


def the_answer_is_revealed(now: Class) -> None:
    page = now.lecturer.page
    now.lecturer.shoot("lecturer-question-open")
    page.click("[data-act=close]")
    now.wall.page.wait_for_selector("text=作答结束")
    now.thumb.page.wait_for_selector("text=补交")
    page.click("[data-act=reveal]:has-text('C 小于')")
    now.wall.page.wait_for_selector("text=正确答案：C 小于")
    page.click("[data-act=walls]")
    now.wall.page.wait_for_selector(".results__bar")
    now.wall.shoot("classroom-question-results")
    now.lecturer.shoot("lecturer-question-revealed")
    page.click("[data-act=away]")
    now.wall.page.wait_for_selector(".question", state="detached")


def what_was_written_is_shown(now: Class) -> None:
    page = now.lecturer.page
    page.click("[data-act=more]")  # a room's line beside the panel opens to all it can do
    page.wait_for_selector("[data-act=allow-writing]")
    page.click("[data-act=more]")
    page.wait_for_selector("[data-act=allow-writing]", state="detached")
    page.click("[data-kind=text]")
    page.click("[data-act=ask]")
    for name, value in zip(NAMES, ("折射", "反射", "折射", "影子"), strict=True):
        field = now.thumb.page.locator(f".answers__row:has-text('{name}') input")
        field.focus()
        compose(now.thumb.page, "zheshe", value)
        assert field.input_value() == value
        assert now.thumb.page.query_selector(f".answers__row--done:has-text('{name}')") is None
        field.press("Enter")
    eventually("four have written", lambda: answered(now.lecturer, room(now, 1)) == 4, 10)
    page.click("[data-act=walls]")
    assert now.wall.page.query_selector(".results__words") is None, "nobody copies from the wall"
    page.click("[data-act=close]")
    now.wall.page.wait_for_selector(".results__words:has-text('折射'):has-text('2 人')")
    page.fill(".live__right input", "折射")
    page.click("[data-act=reveal]")
    now.wall.page.wait_for_selector(".results__option--right:has-text('答对'):has-text('2 人')")
    now.wall.page.wait_for_selector(".results__option:has-text('其他答案'):has-text('2 人')")
    now.wall.shoot("classroom-written")
    now.lecturer.shoot("lecturer-written")
    page.click("[data-act=away]")


def work_is_shown(now: Class) -> None:
    now.lecturer.page.click(f".panel__one:has-text('{WORK['title']}') .panel__ask")
    page = now.thumb.page
    page.wait_for_selector(".photos__row")
    made = io.BytesIO()
    Image.effect_noise((3000, 2000), 60).convert("RGB").save(made, "JPEG", quality=95)
    chosen: Any = {"name": "work.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}
    page.set_input_files(f".photos__row:has-text('{NAMES[1]}') input", chosen)
    page.wait_for_selector("text=已上传", timeout=30_000)
    now.thumb.shoot("phone-photos")
    now.lecturer.page.click(f"[aria-label='在大屏上展示{NAMES[1]}的照片']")
    shown = now.wall.page.wait_for_selector("figure.photo img")
    assert shown is not None
    eventually("the wall shows the work", lambda: shown.evaluate("(one) => one.naturalWidth"), 10)
    assert max(shown.evaluate("(one) => [one.naturalWidth, one.naturalHeight]")) <= 1600
    now.wall.shoot("classroom-photo")
    now.lecturer.shoot("lecturer-photos")
    now.lecturer.page.click("[data-act=away]")


def hands_are_counted(now: Class) -> None:
    now.lecturer.page.click("[data-kind=true_false]")
    now.lecturer.page.click("[data-act=ask]")
    now.thumb.page.click("[data-way=hands]")
    for n, count in enumerate(("3", "1")):
        now.thumb.page.locator(".hands__field").nth(n).fill(count)
    now.thumb.shoot("phone-hands")
    now.thumb.page.click("[data-act=send]")
    eventually("hands are counted", lambda: answered(now.lecturer, room(now, 1)) == 4, 10)
    now.lecturer.page.wait_for_selector("text=举手统计")
    now.wall.page.wait_for_selector("text=请举起答题卡")
    now.lecturer.page.click("[data-act=away]")


def results_are_exported(now: Class) -> None:
    address = f"/api/lessons/{now.lesson}/results"
    table = eventually("the results are stored", functools.partial(_table, now, f"{address}.csv"), 10)
    rows = {line[3]: line for line in table}
    assert rows["正确答案"][4] == "C"
    assert [rows[name][4] for name in NAMES] == ["C", "C", "B", "C"]
    assert rows[NAMES[1]][5:7] == ["反射", "已交照片"]
    teacher = Person(now.school.server.url, "ma")
    try:
        assert [one["id"] for one in teacher.get(address)["classrooms"]] == [room(now, 1)]
    finally:
        teacher.close()
    now.lecturer.page.goto(f"/lessons/{now.lesson}/questions")
    now.lecturer.page.wait_for_selector(f"text={NAMES[2]}")
    now.lecturer.shoot("portal-questions")


def _table(now: Class, address: str) -> list[list[str]] | None:
    answer = now.lecturer.page.request.get(address)
    assert answer.ok, answer.text()
    rows = [line.split(",") for line in answer.body().decode("utf-8-sig").splitlines()]
    return rows if any(line[3] == "举手统计" for line in rows) else None
