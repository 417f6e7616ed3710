"""Links in words, and who is told of them."""

from __future__ import annotations

import msgspec
import pytest

from signaling import messages as m
from signaling.effects import Tell
from signaling.links import Reception, SlotReception, rung_of, slots_notice
from signaling.slots import Feed
from tests.unit.signaling.room_world import CLASSROOMS, LECTURER, LOCAL_TEACHER, World

LEAD = Feed(m.PeerId("lead"), "camera")


def reception(height: int = 720, estimate_bps: int = 2_000_000, audio_bps: int = 24_000) -> Reception:
    return Reception(
        rtt_ms=40,
        loss_pct=1.234,
        estimate_bps=estimate_bps,
        uplink_loss_pct=0.56,
        slots=(
            SlotReception("lecturer", height, height * 1000, height == 0),
            SlotReception("audio0", 0, audio_bps, False),
        ),
    )


@pytest.mark.parametrize(
    ("height", "has_pages", "rung"),
    [(720, True, "hd"), (360, True, "clear"), (180, True, "smooth"), (0, True, "slides_audio"), (0, False, "audio")],
)
def test_rung_follows_the_large_picture(height: int, has_pages: bool, rung: str) -> None:
    assert rung_of(reception(height), {"lecturer": LEAD}, {}, has_pages) == rung


@pytest.mark.parametrize(
    ("estimate_bps", "rung"),
    [(1_000_000, "hd"), (300_000, "clear"), (120_000, "smooth"), (119_000, "slides_audio")],
)
def test_rung_without_a_large_picture_follows_the_estimate(estimate_bps: int, rung: str) -> None:
    hidden = {"lecturer": 0}
    assert rung_of(reception(0, estimate_bps), {"lecturer": LEAD}, hidden, has_pages=True) == rung
    assert rung_of(reception(0, estimate_bps), {"lecturer": None}, {}, has_pages=True) == rung


def test_slots_show_what_flows() -> None:
    notice = slots_notice(reception(360), {"lecturer": LEAD, "screen": None})
    assert notice.slots == (m.SlotFill("lecturer", LEAD.peer, "camera", 360, False), m.SlotFill("screen"))


class Watched(World):
    def __init__(self) -> None:
        super().__init__()
        self.own: m.Link | None = None
        self.lecturer, self.classroom = self.join(LECTURER), self.join(CLASSROOMS[0])
        self.publish(self.lecturer, "camera", "mic")
        self.subscribe(self.classroom)

    def report(self, report: Reception) -> None:
        self.keep(self.room.media.on_reception(self.classroom, report))

    def told(self, after_s: float = 2.0) -> dict[m.PeerId, m.Links]:
        """Return the notices that fall due."""
        self.after(after_s)
        return {
            effect.peer: effect.message
            for effect in self.effects
            if isinstance(effect, Tell) and isinstance(effect.message, m.Links)
        }

    def known(self) -> m.Link:
        """Return what the classroom knows of its link after the notices that fall due."""
        for notice in (found for peer, found in self.told().items() if peer == self.classroom):
            self.own = next((link for link in notice.links if link.peer == self.classroom), self.own)
        assert self.own is not None
        return self.own


def test_lecturer_is_told_all_links_and_a_classroom_its_own() -> None:
    world = Watched()
    world.report(reception())
    world.keep(world.room.media.on_reception(world.lecturer, reception(0)))
    told = world.told()
    assert [link.peer for link in told[world.lecturer].links] == [world.classroom, world.lecturer]
    link = told[world.classroom].links[0]
    assert link == m.Link(world.classroom, "hd", 40, 1.2, 2_000_000, True, "unknown", 0.6)
    assert len(told[world.classroom].links) == 1


def test_local_teacher_is_told_of_the_own_classroom_and_no_other() -> None:
    world = Watched()
    teacher, other = world.join(LOCAL_TEACHER), world.join(CLASSROOMS[1])
    for peer in (world.classroom, other, teacher):
        world.keep(world.room.media.on_reception(peer, reception()))
    assert [link.peer for link in world.told()[teacher].links] == [teacher, world.classroom]


def test_links_are_told_every_two_seconds_while_they_change() -> None:
    world = Watched()
    world.report(reception())
    world.now += 1.0
    assert world.room.on_timeout(world.now).effects == ()
    world.now += 1.0
    assert world.room.on_timeout(world.now).effects != ()
    world.report(reception(360))
    world.report(reception(360))
    assert set(world.told()) == {world.lecturer, world.classroom}


def test_room_in_which_nothing_changes_says_nothing() -> None:
    world = Watched()
    for second in range(0, 60, 2):
        world.report(msgspec.structs.replace(reception(), rtt_ms=40 + second % 7, loss_pct=0.2 + second % 3 / 10))
        assert set(world.told()) == ({world.lecturer, world.classroom} if second == 0 else set())


def test_figures_are_told_after_ten_seconds_and_words_at_once() -> None:
    world = Watched()
    world.report(reception())
    world.told()
    slower = msgspec.structs.replace(reception(), rtt_ms=90)
    world.report(slower)
    assert [bool(world.told()) for _ in range(5)] == [False, False, False, False, True]
    world.report(msgspec.structs.replace(slower, loss_pct=5.0))
    assert world.known().loss_pct == 5.0


def test_who_comes_back_is_told_everything_again() -> None:
    world = Watched()
    world.report(reception())
    world.told()
    seat = world.room._seats[world.lecturer]
    world.keep(world.room.disconnect(world.lecturer, seat.socket, world.now))
    back = world.room.resume(seat.resume, world.room.state.seq, world.now)
    assert back is not None
    notice = world.told()
    assert set(notice) == {world.lecturer}
    assert notice[world.lecturer].whole and len(notice[world.lecturer].links) == 1


def test_who_left_is_gone_from_the_list() -> None:
    world = Watched()
    world.report(reception())
    world.told()
    world.keep(world.room.leave(world.classroom, world.now))
    assert world.told()[world.lecturer] == m.Links((), whole=False, gone=(world.classroom,))


def test_one_bad_report_is_not_worth_a_word() -> None:
    world = Watched()
    rungs = []
    for height in (720, 180, 720, 180, 180, 360):
        world.report(reception(height))
        rungs.append(world.known().rung)
    assert rungs == ["hd", "hd", "hd", "hd", "smooth", "clear"]


def test_silence_of_an_open_microphone_is_told() -> None:
    world = Watched()
    world.report(reception(audio_bps=0))
    assert not world.known().audio_ok
    world.ask(world.lecturer, m.SetMute(1, world.lecturer, "mic", True))
    world.report(reception(audio_bps=0))
    assert world.known().audio_ok, "nothing is to be heard"


def test_lost_path_is_told_and_asked_to_restart() -> None:
    world = Watched()
    world.report(reception())
    world.keep(world.room.media.on_path(world.classroom, "subscribe", "lost"))
    assert world.effects == [Tell(world.classroom, m.RestartIce("subscribe"))]
    assert world.known().path == "none"
    world.keep(world.room.media.on_path(world.classroom, "subscribe", "connected"))
    assert world.known().path == "unknown"
    world.keep(world.room.media.on_path(world.classroom, "subscribe", "closed"))
    assert world.effects == [Tell(world.classroom, m.MediaReset())]


@pytest.mark.parametrize("state", ["suspect", "lost", "closed"])
def test_sending_path_that_nobody_uses_is_let_go(state: str) -> None:
    world = Watched()
    world.room.media.on_published(world.lecturer, ("mic",))
    world.ask(world.lecturer, m.SetSource(1, "mic", False))
    outcome = world.room.media.on_path(world.lecturer, "publish", state)  # type: ignore[arg-type]
    assert outcome.effects == ()
