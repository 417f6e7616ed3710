"""A day of teaching: slides, packs, timetable, ink, questions, a network that goes away, the log afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Playwright

from bench.card_photos import Truth
from bench.cut_line import CutLine
from signaling import messages as m
from signaling.board import cut
from signaling.views import PUBLIC, Sight, Viewer
from tests.e2e import replay
from tests.e2e.answers import answered, name_of, tap, write_room
from tests.e2e.browser import LAPTOP, PHONE, WALL, Screen, chromium
from tests.e2e.relay import Relay, relay
from tests.e2e.school import PASSWORD, Region, eventually, region
from tests.e2e.school_day import noon_zone, plan_day
from tests.e2e.seat import Follower
from tests.e2e.slides import write_slides
from tests.e2e.writer import Writer

pytestmark = pytest.mark.e2e

FACE = "[data-slot=lecturer] video"
NAMES = ("李小雨", "普阿依", "岩温", "和丽雪", "马清风", "白玉兰")
SLIDES = (
    ("光的折射", "光从空气斜射入水中，传播方向会发生偏折"),
    ("折射角与入射角", "量一量：哪一个角更大？"),
    ("生活中的折射", "水中的筷子为什么看起来是弯的？"),
)
BENT = {
    "kind": "single",
    "title": "光从空气斜射入水中，折射角____入射角",
    "options": ["大于", "等于", "小于", "不一定"],
    "page": 1,
    "answer": "C",
}
STICK = {"kind": "true_false", "title": "水中的筷子真的弯了", "page": 2, "answer": "B"}
CUT_BYTES = 100_000  # a page has 170 kB and is kept in slices of 64: both cuts are in the midst of the first
WORKS_OFFLINE = "() => navigator.serviceWorker?.controller != null"
OPENS_MS = 60_000  # a screen looks every 30 s, and three pages of a lesson load on two cores


@dataclass
class Day:
    """Everybody of the story: room 0 has cards and is called to the board, room 1 answers by taps, room 2 listens."""

    school: Region
    lesson: str
    truths: list[Truth]
    lines: list[CutLine]  # of the three rooms
    way: Relay  # the lecturer's
    lecturer: Screen
    walls: list[Screen]
    scanner: Screen
    thumb: Screen
    followers: list[tuple[Follower, Viewer]] = field(default_factory=list)

    def room(self, number: int) -> str:
        return str(self.school.rooms[number]["id"])

    def screens(self) -> dict[str, Screen]:
        walls = {f"wall-{number}": wall for number, wall in enumerate(self.walls)}
        return {"lecturer": self.lecturer, "scanner": self.scanner, "thumb": self.thumb, **walls}


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Region]:
    with region(tmp_path, flags=("--timezone", noon_zone())) as people:
        yield people


def test_a_day_of_teaching(playwright: Playwright, devices: Path, school: Region, tmp_path: Path) -> None:
    with before_class(playwright, devices, school, tmp_path) as now:
        slides_are_given_to_the_lesson(now, tmp_path)
        packs_are_delivered(now)
        the_timetable_opens_the_lesson(now)
        class_begins(now)
        ink_comes_from_both_ends(now)
        a_question_is_answered(now)
        the_local_teacher_carries_on(now)
        it_is_given_back(now)
        class_ends(now)
        the_log_tells_the_same(now)
        for name, screen in now.screens().items():
            assert not screen.problems, (name, screen.problems)


@contextmanager
def before_class(playwright: Playwright, devices: Path, school: Region, folder: Path) -> Iterator[Day]:
    second = school.rooms[1]["school"]
    added = school.manager.post(f"/api/schools/{second['id']}/classrooms", {"name": "六年级"})
    school.rooms.append({**added, "school": second})
    truths = write_room(folder / "room.mjpeg")
    school.set_roster(0, "he", [(name_of(truth), truth.card) for truth in truths])
    school.print_cards(0, "he")
    school.set_roster(1, "ma", [(name, -1) for name in NAMES])
    (planned,) = plan_day(school, [timedelta(minutes=40)], rooms=3)
    server, voice = school.server, devices / "voice.wav"
    with ExitStack() as open_:
        lines = [open_.enter_context(CutLine(server.port).serving()) for _ in range(3)]
        way = open_.enter_context(relay(server.port, server.media_port))
        town, one, two = (
            open_.enter_context(chromium(playwright, camera, voice))
            for camera in (devices / "lecturer.y4m", folder / "room.mjpeg", devices / "two.y4m")
        )
        near = f"http://127.0.0.1:{way.tcp_port}"
        now = Day(
            school=school,
            lesson=str(planned["id"]),
            truths=truths,
            lines=lines,
            way=way,
            lecturer=Screen(town, near, WALL, relay_port=way.udp_port),
            walls=[
                Screen(browser, f"http://127.0.0.1:{line.port}", WALL)
                for browser, line in zip((one, two, two), lines, strict=True)
            ],
            scanner=Screen(one, server.url, PHONE, is_phone=True),
            thumb=Screen(two, server.url, PHONE, is_phone=True),
        )
        try:
            yield now
        except BaseException:
            for name, screen in now.screens().items():
                screen.shoot(f"failed-teaching-{name}")
            raise


def shoot(now: Day, name: str) -> None:
    """Keep the lecturer's page as a large screen and a school's laptop show it."""
    now.lecturer.shoot(f"teaching-lecturer-{name}")
    now.lecturer.page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]
    now.lecturer.shoot(f"teaching-lecturer-{name}-laptop")
    now.lecturer.page.set_viewport_size(WALL)  # type: ignore[arg-type]


def shoot_phone(phone: Screen, name: str) -> None:
    """Keep the phone's page, all of which is on its screen: one thumb cannot scroll and teach."""
    assert phone.page.evaluate("document.documentElement.scrollHeight <= window.innerHeight"), name
    phone.shoot(f"teaching-phone-{name}")


def slides_are_given_to_the_lesson(now: Day, folder: Path) -> None:
    now.lecturer.log_in("lin", PASSWORD)
    page = now.lecturer.page
    page.goto(f"/lessons/{now.lesson}/deck")
    page.set_input_files("input[type=file]", write_slides(folder / "refraction.pdf", SLIDES))
    page.get_by_text(f"现在的课件：{len(SLIDES)} 页").wait_for(timeout=60_000)
    assert page.locator(".pages img").count() == len(SLIDES)
    address = f"/api/lessons/{now.lesson}/questions"
    version = now.school.lecturer.get(address)["version"]
    now.school.lecturer.put(address, {"version": version, "items": [BENT, STICK]})


def packs_are_delivered(now: Day) -> None:
    for wall in now.walls:
        wall.page.goto("/screen")
        wall.page.wait_for_function(WORKS_OFFLINE)  # what else comes down the line is there
    now.lines[0].cut_after(CUT_BYTES)
    for number, wall in enumerate(now.walls):
        now.school.pair(wall.pairing_code(), number)
    for is_last in (False, True):
        assert now.lines[0].was_cut.wait(30)
        now.walls[0].page.wait_for_timeout(500)
        if not is_last:
            now.lines[0].cut_after(CUT_BYTES)
        now.lines[0].mend()
    for wall in now.walls:
        wall.page.wait_for_selector("[data-packs=ready]", timeout=60_000)
    resumed = [one for one in now.lines[0].asked if f"/{now.lesson}/pack/" in one.path and one.start > 0]
    assert resumed, now.lines[0].asked
    now.walls[1].shoot("teaching-screen-ready")


def the_timetable_opens_the_lesson(now: Day) -> None:
    """The bell of this period is now: the lesson is moved to it, and nobody touches a screen."""
    today = now.school.manager.get("/api/terms")["today"]
    offset = now.school.manager.get(f"/api/timetable?from={today}&to={today}")["zone_offset_min"]
    begins = datetime.now(UTC) + timedelta(minutes=offset + 4)
    moved = {"day": f"{begins:%Y-%m-%d}", "start": f"{begins:%H:%M}", "reason": "与第二节对调"}
    now.school.lecturer.post(f"/api/lessons/{now.lesson}/move", moved)
    for wall in now.walls:
        wall.page.wait_for_url(f"**/lesson/{now.lesson}/classroom", timeout=OPENS_MS)
    for wall in now.walls:
        wall.page.wait_for_selector("[data-view=waiting]")
    now.walls[0].shoot("teaching-wall-waiting")


def class_begins(now: Day) -> None:
    before = [line.count("/pages/") for line in now.lines]
    page = now.lecturer.page
    page.goto(f"/lesson/{now.lesson}/lecturer")
    for number in range(3):
        page.wait_for_selector(f".card >> nth={number}")
    shoot(now, "before")
    follow(now, "wang", "observer", PUBLIC)
    page.click("[data-act=start]")
    page.wait_for_selector("[data-act=end]")
    for wall in now.walls:
        wall.page.wait_for_selector(".wall[data-view=live] .deck[data-page='1']", timeout=40_000)
        assert str(wall.page.get_attribute(".deck__page", "src")).startswith("blob:")
    assert [line.count("/pages/") for line in now.lines] == before, "pages come from the pack"
    for phone, username, room in ((now.scanner, "he", 0), (now.thumb, "ma", 1)):
        phone.log_in(username, PASSWORD)
        phone.page.goto(f"/lesson/{now.lesson}/phone?classroom={now.room(room)}")
        phone.page.wait_for_selector("[data-act=question]")
    for wall in now.walls:
        wall.frames(FACE, want=3)
    shoot_phone(now.scanner, "home")


def follow(now: Day, username: str, role: str, viewer: Viewer) -> None:
    """Let somebody look on until the end, and remember how that one sees the lesson."""
    follower = Follower(now.school.server.url, now.lesson, username, role)
    eventually("the follower is in", lambda: follower.state, 15)
    now.followers.append((follower, viewer))


def ink_comes_from_both_ends(now: Day) -> None:
    desk, board, beside = Writer(now.lecturer), Writer(now.walls[0]), Writer(now.walls[1])
    desk.take("pen")
    desk.draw([(0.10, 0.42), (0.20, 0.35), (0.30, 0.42), (0.36, 0.38)], lift=False)
    beside.sees_ink((0.15, 0.385))  # while it is drawn
    desk.page.mouse.up()
    desk.take("highlighter")
    desk.draw([(0.07, 0.195), (0.57, 0.195)])
    eventually("both strokes are in the other village", lambda: beside.objects() == 2, 10)
    desk.page.click(f"li.card:has-text('{now.school.rooms[0]['school']['name']}') [data-act=call-on]")
    board.page.wait_for_selector(".tools")
    board.take("pen")
    board.page.click(".tools [data-colour='2']")
    board.draw([(0.40, 0.50), (0.52, 0.56), (0.58, 0.50)])
    eventually("the pupil's stroke is with the lecturer", lambda: desk.objects() == 3, 10)
    eventually("and in the other village", lambda: beside.objects() == 3, 10)
    beside.sees_ink((0.46, 0.53))
    now.walls[0].shoot("teaching-wall-writes")
    now.walls[1].shoot("teaching-wall-other-writes")
    now.thumb.page.fill(".actions__pupil", NAMES[0])
    now.thumb.page.click(".actions__hand")
    now.lecturer.page.wait_for_selector(f"li.card:has-text('{NAMES[0]}')")
    shoot(now, "hand")
    now.lecturer.page.click("[data-act=pupils]")
    shoot(now, "names")
    now.lecturer.page.click("[data-act=pupils]")
    now.lecturer.page.click("li.card[data-called=true] [data-act=call-on]")
    now.thumb.page.click(".actions__hand")


def a_question_is_answered(now: Day) -> None:
    page = now.lecturer.page
    page.click("[data-act=questions]")
    shoot(now, "questions")
    page.click(f".panel__one:has-text('{BENT['title']}') .panel__ask")
    for wall in now.walls:
        wall.page.wait_for_selector(".question[data-stage=open]")
    now.walls[0].page.wait_for_selector("text=请举起答题卡")
    now.walls[0].shoot("teaching-wall-question")
    now.scanner.page.wait_for_selector(f"text=提问：{BENT['title']}")
    shoot_phone(now.scanner, "asked")
    for phone in (now.scanner, now.thumb):
        phone.page.click("[data-act=question]")
    for name, letter in zip(NAMES, "CCBCDC", strict=True):
        tap(now.thumb, name, letter)
    eventually("the taps are counted", lambda: answered(now.lecturer, now.room(1)) == len(NAMES), 15)
    visible = sum(not truth.is_hidden for truth in now.truths)
    eventually("the cards are counted", lambda: answered(now.lecturer, now.room(0)) >= visible, 40)
    shoot_phone(now.scanner, "scanner")
    shoot_phone(now.thumb, "taps")
    shoot(now, "open")
    page.click("[data-act=close]")
    page.click("[data-act=reveal]:has-text('C 小于')")
    now.walls[1].page.wait_for_selector("text=正确答案：C 小于")
    shoot(now, "revealed")
    page.click("[data-act=away]")
    page.click("[data-act=questions]")
    for phone in (now.scanner, now.thumb):
        phone.page.click("[data-act=back]")


def the_local_teacher_carries_on(now: Day) -> None:
    now.way.cut_tcp()
    now.way.cut_udp()
    acting = now.scanner.page
    acting.wait_for_selector("text=您可以先带着学习", timeout=15_000)
    acting.click("[data-act=next]")
    for wall in now.walls:
        wall.page.wait_for_selector(".deck[data-page='2']")
        wall.page.wait_for_selector("text=和志强老师正在带课")
    shoot_phone(now.scanner, "acting")
    now.walls[1].shoot("teaching-wall-acting")
    acting.click("[data-act=write]")
    hand, beside = Writer(now.scanner), Writer(now.walls[1])
    hand.take("pen")
    hand.draw([(0.29, 0.45), (0.24, 0.40), (0.20, 0.46)])
    eventually("the acting teacher's stroke is in the other village", lambda: beside.objects() == 1, 10)
    shoot_phone(now.scanner, "acting-writes")
    acting.click("[data-act=back]")
    acting.click("[data-act=question]")
    acting.wait_for_selector(f".panel__one:has-text('{STICK['title']}')")
    shoot_phone(now.scanner, "acting-questions")
    acting.click(f".panel__one:has-text('{STICK['title']}') .panel__ask")
    now.walls[1].page.wait_for_selector(f"text={STICK['title']}")
    now.thumb.page.click("[data-act=question]")
    tap(now.thumb, NAMES[0], "B")
    now.walls[1].page.wait_for_selector(f"text=本班已答 1 / {len(NAMES)}")
    acting.click("[data-act=close]")
    acting.click("[data-act=away]")
    now.walls[1].page.wait_for_selector(".question", state="detached")
    acting.click("[data-act=back]")


def it_is_given_back(now: Day) -> None:
    now.way.mend_tcp()
    now.way.mend_udp()
    page = now.lecturer.page
    page.wait_for_selector("[data-act=take-back]", timeout=30_000)
    page.wait_for_selector(".deck[data-page='2']")
    shoot(now, "take-back")
    page.click("[data-act=take-back]")
    now.scanner.page.wait_for_selector("text=您可以先带着学习", state="hidden")
    page.click("[data-act=next]")
    for wall in now.walls:
        wall.page.wait_for_selector(".deck[data-page='3']")
    now.walls[1].frames(FACE, want=3, wait_s=30)


def class_ends(now: Day) -> None:
    school = now.school
    school.add_teacher("bai", "白雪梅", school.rooms[0]["school"]["id"])
    follow(now, "bai", "local_teacher", Viewer(Sight.TEACHER, m.ClassroomId(now.room(0))))
    now.lecturer.page.click("[data-act=end]")
    now.lecturer.page.click("[data-act=end-yes]")
    for wall in now.walls:
        wall.page.wait_for_selector(".wall[data-view=ended]")
    now.walls[0].shoot("teaching-wall-ended")


def the_log_tells_the_same(now: Day) -> None:
    """Whoever was in from the beginning or came at the end has what the log gives when played again."""
    states = [(follower.end_state(15), viewer) for follower, viewer in now.followers]
    last = max(state.seq for state, _ in states)
    kept = eventually("the log is stored", lambda: _stored(now, last), 10)
    assert [event.seq for event in kept.events] == list(range(1, len(kept.events) + 1))
    for state, viewer in states:
        for told in (kept.state_at(state.seq, viewer), kept.seen_state_at(state.seq, viewer)):
            assert state == _known_to(state, told)
    public, room = (state for state, _ in states)
    assert public.page == room.page == 3 and public.lesson.state == "ended"
    assert not public.rosters and [len(one.pupils) for one in room.rosters] == [len(now.truths)]
    assert [asked.question.title for asked in public.quiz.asked] == [BENT["title"], STICK["title"]]
    assert all(one.known is None for one in public.board.surfaces)
    assert sum(len(one.objects) for one in public.board.surfaces) == 4


def _known_to(state: m.Snapshot, told: m.Snapshot) -> m.Snapshot:
    """Return `told` with as much ink as `state` has: who comes late asks for more when it is due."""
    known = {one.key: one.known for one in state.board.surfaces}
    return replace(told, board=cut(told.board, lambda one: known[one.key]))


def _stored(now: Day, last: int) -> replay.Replay | None:
    found = replay.read(now.school.server.data, now.lesson)
    return found if len(found.events) >= last else None
