"""Figures of how a lesson played: added up over pages and restarts, and believed only as far as the clock allows."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from signaling import messages as m
from signaling.effects import KeepPlayback
from signaling.errors import ProtocolViolation
from signaling.links import Reception, SlotReception
from signaling.playback import EARLY_MS, MAX_PEERS, STORE_S, Playback, PlaybackBook
from signaling.roles import Role
from tests.unit.signaling.room_world import CLASSROOMS, LECTURER, World

ME = m.Participant(m.PeerId("me"), Role.CLASSROOM, "五年级", "河口小学", "c1")
ZERO = m.ReportPlayback("page0001", 0, 0, 0, 0, 0, 0)


def told(watched_ms: int, session: str = "page0001", **more: Any) -> m.ReportPlayback:
    """Return a page's report of a lesson that plays well."""
    return replace(
        ZERO,
        session=session,
        watched_ms=watched_ms,
        audio_ms=watched_ms,
        received_bytes=watched_ms * 50,
        path="udp",
        height=360,
        **more,
    )


class Book:
    """A book with one seat and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.book = PlaybackBook(self.now)
        self.book.open(ME, "s1", self.now)

    def at(self, seconds: float, report: m.ReportPlayback, counts: bool = True) -> Playback:
        self.now = 100.0 + seconds
        self.book.on_report(ME.peer, report, self.now, counts=counts)
        return self.row

    @property
    def row(self) -> Playback:
        return self.book.all()[0]


def test_what_grows_between_reports_is_counted_once() -> None:
    book = Book()
    book.at(10, told(10_000, video_stall_ms=600))
    book.at(10, told(10_000, video_stall_ms=600))
    row = book.at(20, told(20_000, video_stall_ms=900, paused_ms=3_000, audio_concealed_ms=40))
    assert (row.watched_ms, row.video_stall_ms, row.paused_ms) == (20_000, 900, 3_000)
    assert (row.audio_ms, row.audio_concealed_ms, row.received_bytes) == (20_000, 40, 1_000_000)
    assert (row.line_ms, row.path) == (20_000 * 360, "udp")


def test_a_reload_goes_on_from_what_was_counted() -> None:
    book = Book()
    book.at(30, told(30_000, video_stall_ms=1_000))
    row = book.at(45, told(12_000, "page0002", video_stall_ms=500))
    assert (row.watched_ms, row.video_stall_ms) == (42_000, 1_500)


def test_reports_that_a_bad_link_held_up_count_when_they_come() -> None:
    book = Book()
    book.at(10, told(10_000))
    book.at(60, told(20_000))
    row = book.at(60.1, told(60_000, video_stall_ms=30_000))
    assert (row.watched_ms, row.video_stall_ms) == (60_000, 30_000)


def test_a_page_that_outlived_a_restart_counts_from_where_it_stands() -> None:
    before = Book()
    stored = before.at(600, told(600_000, video_stall_ms=6_000))
    after = PlaybackBook(0.0)
    after.load((stored,))
    after.open(ME, "s1", 2.0)
    after.on_report(ME.peer, told(612_000, video_stall_ms=9_000), 10.0, counts=True)
    after.on_report(ME.peer, told(622_000, video_stall_ms=9_100), 20.0, counts=True)
    assert (after.all()[0].watched_ms, after.all()[0].video_stall_ms) == (610_000, 6_100)


def test_what_was_watched_before_class_is_not_counted() -> None:
    book = Book()
    book.at(60, told(60_000, video_stall_ms=5_000), counts=False)
    row = book.at(70, told(70_000, video_stall_ms=5_100))
    assert (row.watched_ms, row.video_stall_ms) == (10_000, 100)


@pytest.mark.parametrize(
    "lie",
    [
        told(10_000, video_stall_ms=10_001),
        told(10_000, paused_ms=10_001),
        told(10_000, audio_concealed_ms=10_001),
        told(10_000 + EARLY_MS + 1),
        replace(told(10_000), audio_ms=3 * (10_000 + EARLY_MS) + 1),
        replace(told(10_000), received_bytes=12_500 * (10_000 + EARLY_MS) + 1),
    ],
    ids=["stall", "pause", "concealed", "clock", "audio", "bytes"],
)
def test_what_cannot_be_true_is_not_counted(lie: m.ReportPlayback) -> None:
    book = Book()
    row = book.at(10, lie)
    assert replace(row, path="unknown") == Playback(ME.peer, ME.role, ME.name, ME.school, "s1", "c1")


def test_figures_that_shrink_are_not_counted_and_the_next_ones_are() -> None:
    book = Book()
    book.at(10, told(10_000))
    assert book.at(20, told(9_000)).watched_ms == 10_000
    assert book.at(30, told(19_000)).watched_ms == 20_000


def test_a_liar_with_many_pages_gets_no_more_time_than_the_clock() -> None:
    book = Book()
    for page in range(100):
        book.at(10, told(10_000, f"page{page:04}"))
    assert book.row.watched_ms <= 10_000 + EARLY_MS


@pytest.mark.parametrize(
    "changes",
    [
        {"session": ""}, {"session": "short"}, {"session": "x" * 33}, {"session": "有个页面有个页面"},
        {"watched_ms": -1},
        {"received_bytes": -1}, {"audio_ms": 10**18}, {"received_bytes": 10**30}, {"height": -1}, {"height": 100_000},
    ],
)  # fmt: skip
def test_what_no_page_of_ours_says_is_a_violation_and_changes_nothing(changes: dict[str, Any]) -> None:
    book = Book()
    before = book.row
    with pytest.raises(ProtocolViolation, match="message_malformed"):
        book.at(10, replace(ZERO, **changes))
    assert book.row == before


def test_what_was_sent_goes_on_over_a_new_connection() -> None:
    book = Book().book
    sent = (1_000, 5_000, 200, 300)
    totals = [book.on_reception(ME.peer, one, "clear", counts=True, limited=False) for one in sent]
    assert totals == [1_000, 5_000, 5_200, 5_300]
    assert (book.all()[0].sent_bytes, book.all()[0].clear_ms) == (5_300, 8_000)


def test_seats_past_the_bound_are_not_counted() -> None:
    book = PlaybackBook(0.0)
    for n in range(MAX_PEERS + 10):
        book.open(replace(ME, peer=m.PeerId(f"p{n}")), "", 0.0)
    assert len(book.all()) == MAX_PEERS
    book.on_report(m.PeerId(f"p{MAX_PEERS + 1}"), told(1), 1.0, counts=True)
    assert book.on_reception(m.PeerId("nobody"), 9, "hd", counts=True, limited=False) == 0


class Lesson(World):
    """A live lesson with one classroom that receives."""

    def __init__(self) -> None:
        super().__init__()
        self.lecturer, self.classroom = self.join(LECTURER), self.join(CLASSROOMS[0])
        self.publish(self.lecturer, "camera", "mic")
        self.subscribe(self.classroom)

    def reception(self, sent_bytes: int, state: str = "normal") -> None:
        slots = (SlotReception("lecturer", 360, 300_000, False), SlotReception("audio0", 0, 24_000, False))
        report = Reception(40, 0.0, 900_000, 0.0, slots, sent_bytes, state)  # type: ignore[arg-type]
        self.keep(self.room.media.on_reception(self.classroom, report))

    def link(self) -> m.Link:
        self.after(2.0)
        return next(one for one in self.room.media.links.links if one.peer == self.classroom)

    @property
    def row(self) -> Playback:
        return next(row for row in self.room.media.playback if row.peer == self.classroom)


def test_the_link_says_path_state_and_what_was_sent() -> None:
    world = Lesson()
    world.room.media.on_playback(world.classroom, replace(ZERO, path="turn_tcp"), world.now)
    world.reception(70_000, "suspect")
    link = world.link()
    assert (link.path, link.state, link.bytes_down, link.limited) == ("turn_tcp", "suspect", 70_000, False)
    world.reception(80_000, "recover")
    assert world.link().state == "ok"
    world.keep(world.room.media.on_path(world.classroom, "subscribe", "lost"))
    assert (world.link().state, world.link().path) == ("outage", "none")


def test_rungs_are_counted_while_class_is_on() -> None:
    world = Lesson()
    world.reception(1)
    assert world.row.clear_ms == 0
    world.ask(world.lecturer, m.StartLesson(1))
    world.reception(2)
    world.reception(3)
    assert (world.row.clear_ms, world.row.sent_bytes) == (4_000, 3)


def test_what_was_fetched_over_http_is_counted_for_the_first_seat_that_is_held() -> None:
    world = Lesson()
    world.room.media.on_download([m.PeerId("nobody"), world.classroom, world.lecturer], 1_000)
    world.reception(70_000)
    assert world.link().bytes_down == 71_000
    world.room.media.on_download([m.PeerId("nobody")], 1_000)
    world.reception(70_000)
    assert world.link().bytes_down == 71_000


def test_figures_are_given_away_to_be_stored_every_ten_seconds() -> None:
    world = Lesson()
    world.reception(1)
    kept: list[int] = []
    for _ in range(12):
        world.after(2.0)
        kept += [len(one.rows) for one in world.effects if isinstance(one, KeepPlayback)]
    assert kept == [1], "what did not change is not stored again"
    assert STORE_S == 10.0


def test_a_report_of_somebody_who_left_changes_nothing() -> None:
    world = Lesson()
    world.keep(world.room.leave(world.classroom, world.now))
    state = world.room.state
    world.room.media.on_playback(world.classroom, told(100), world.now)
    assert world.room.state == state
    assert world.row.watched_ms == 0
