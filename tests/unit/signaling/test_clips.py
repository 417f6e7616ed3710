"""Clips: where one is by the lesson's clock, who may play it, and what a late joiner sees."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from signaling import messages as m
from signaling.clips import MAX_CLIP_MS, position_at
from signaling.handover import AWAY_S
from signaling.views import EVERYTHING, PUBLIC, view_event, view_snapshot
from tests.unit.signaling.room_world import CLASSROOMS, CLIPS, LECTURER, OBSERVER, World
from tests.unit.signaling.test_two_teachers import Class

FILM, SONG = CLIPS
VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "clips" / "positions.json"


class Showing(Class):
    """A live lesson that has clips."""

    def __init__(self) -> None:
        super().__init__()
        self.keep(self.room.set_clips(CLIPS, self.now))

    def clip(self, clip: m.Clip = FILM, *, playing: bool = True, to_ms: int | None = None) -> None:
        self.ask(self.lead, m.SetClip(1, clip.sha256, playing, to_ms))

    @property
    def position_ms(self) -> int:
        shown = self.state.clip
        assert shown is not None
        return position_at(shown, self.room.t_ms(self.now))


def test_a_clip_moves_with_the_lessons_clock_and_without_events() -> None:
    world = Showing()
    world.clip()
    before = len(world.events)
    for _ in range(10):
        world.after(1.0)
    assert world.position_ms == 10_000
    assert len(world.events) == before
    world.clip(playing=False)
    world.now += 30
    assert world.position_ms == 10_000
    world.clip()
    world.now += 5
    assert world.position_ms == 15_000
    world.clip(to_ms=42_000)
    world.now += 1
    assert world.position_ms == 43_000


def test_a_late_classroom_and_one_that_returns_land_where_the_clip_is() -> None:
    world = Showing()
    seat = world.room.join(CLASSROOMS[2], world.now)
    world.keep(seat.outcome)
    assert isinstance(seat.greeting, m.Welcome)
    seen = seat.greeting.snapshot.seq
    world.clip()
    world.keep(world.room.disconnect(seat.you, seat.socket, world.now))
    world.now += 20
    late = world.joined(OBSERVER).greeting
    assert isinstance(late, m.Welcome)
    assert late.snapshot.clip is not None
    assert position_at(late.snapshot.clip, late.snapshot.t_ms) == 20_000
    back = world.room.resume(seat.greeting.resume, seen, world.now)
    assert back is not None
    (told,) = [event for event in back.backlog if isinstance(event.body, m.ClipChanged)]
    assert told.t_ms + 20_000 == world.room.t_ms(world.now)


def test_a_clip_ends_at_its_end_and_begins_anew_when_it_is_played_again() -> None:
    world = Showing()
    world.clip(SONG)
    world.now += 60
    assert world.position_ms == SONG.duration_ms
    world.clip(SONG)
    assert world.position_ms == 0
    world.now += 1
    world.clip(FILM)
    assert world.position_ms == 0, "another clip begins at its beginning"


def test_what_is_so_already_is_no_event() -> None:
    world = Showing()
    assert not world.ask(world.lead, m.SetClip(1)).events
    world.clip()
    world.now += 3
    assert not world.ask(world.lead, m.SetClip(1, FILM.sha256)).events
    assert world.position_ms == 3_000
    assert not world.keep(world.room.set_clips(CLIPS, world.now)).events


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (m.SetClip(1, "f" * 64), "clip_unknown"),
        (m.SetClip(1, FILM.sha256, True, FILM.duration_ms + 1), "clip_position"),
        (m.SetClip(1, FILM.sha256, True, -1), "clip_position"),
        (m.SetClip(1, FILM.sha256, False, 1 << 62), "clip_position"),
    ],
)
def test_what_cannot_be_played_is_refused_and_changes_nothing(request_: m.SetClip, code: str) -> None:
    world = Showing()
    world.clip()
    assert world.refused(world.lead, request_) == code


def test_words_of_a_seek_beyond_the_end_say_how_long_the_clip_is() -> None:
    world = Showing()
    with pytest.raises(Exception, match="“日食”全长 1:00"):
        world.clip(to_ms=61_000)


def test_nobody_but_who_leads_plays_clips() -> None:
    world = Showing()
    world.clip()
    for peer in (world.wall, world.near, world.far):
        for request in (m.SetClip(1), m.SetClip(1, FILM.sha256, False), m.SetClip(1, SONG.sha256)):
            assert world.refused(peer, request) == "not_allowed"
    world.ask(world.lead, m.EndLesson(2))
    assert world.refused(world.lead, m.SetClip(3, FILM.sha256)) == "lesson_state"


def test_who_acts_for_a_lecturer_that_is_gone_pauses_and_closes_what_plays() -> None:
    world = Showing()
    world.clip()
    world.keep(world.room.disconnect(world.lead, world.lecturer.socket, world.now))
    world.wait(AWAY_S + 0.5)
    assert world.state.acting == world.near
    world.ask(world.near, m.SetClip(1, FILM.sha256, False))
    assert world.position_ms == round((AWAY_S + 0.5) * 1000)
    assert world.refused(world.far, m.SetClip(1)) == "not_allowed"
    world.ask(world.near, m.SetClip(1))
    assert world.state.clip is None


@pytest.mark.parametrize("request_", [m.TurnPage(1, 2), m.ShowBoard(1, 1), m.EndLesson(1)])
def test_a_page_a_board_and_the_end_of_class_put_the_clip_away(
    request_: m.TurnPage | m.ShowBoard | m.EndLesson,
) -> None:
    world = Showing()
    world.clip()
    world.ask(world.lead, request_)
    assert world.state.clip is None


def test_a_clip_that_is_taken_off_while_it_plays_goes_on_to_its_end() -> None:
    world = Showing()
    world.clip()
    world.keep(world.room.set_clips((SONG,), world.now))
    world.now += 5
    world.clip(playing=False)
    assert (world.state.clips, world.position_ms) == ((SONG,), 5_000)
    world.clip(SONG)
    assert world.refused(world.lead, m.SetClip(1, FILM.sha256)) == "clip_unknown"


def test_a_clip_whose_length_nobody_knows_plays_all_the_same() -> None:
    shown = m.ShownClip(msgspec.structs.replace(FILM, duration_ms=0), True, 0, 0)
    assert position_at(shown, 90_000) == 90_000
    assert position_at(shown, MAX_CLIP_MS * 2) == MAX_CLIP_MS


@settings(max_examples=40, deadline=None)
@given(st.booleans(), st.integers(0, 60_000), st.integers(0, 10**7), st.integers(-(10**6), 10**7))
def test_a_clip_is_never_outside_of_itself_and_never_runs_back(playing: bool, at: int, since: int, later: int) -> None:
    shown = m.ShownClip(FILM, playing, at, since)
    now, then = position_at(shown, since), position_at(shown, since + later)
    assert now == at
    assert 0 <= then <= FILM.duration_ms
    assert then >= now


def test_clips_are_for_everybody() -> None:
    world = World()
    lecturer = world.join(LECTURER)
    world.keep(world.room.set_clips(CLIPS, world.now))
    world.ask(lecturer, m.SetClip(1, FILM.sha256))
    for viewer in (PUBLIC, EVERYTHING):
        assert [view_event(event, viewer) for event in world.events] == world.events
        assert view_snapshot(world.room.state, viewer).clip == world.room.state.clip


class Position(msgspec.Struct):
    """What is shown, the room's clock, and where the clip is then."""

    shown: m.ShownClip
    t_ms: int
    position_ms: int


def positions() -> list[Position]:
    """Return the vectors that the browser's `positionAt` is held to."""
    unknown = msgspec.structs.replace(FILM, duration_ms=0)
    return [
        Position(shown, t_ms, position_at(shown, t_ms))
        for clip, playing, position_ms, at_t_ms in (
            (FILM, True, 0, 5_000),
            (FILM, False, 31_500, 5_000),
            (SONG, True, 11_000, 0),
            (unknown, True, 0, 1_000),
        )
        for shown in (m.ShownClip(clip, playing, position_ms, at_t_ms),)
        for t_ms in (0, 5_000, 5_250, 66_000, 2 * MAX_CLIP_MS)
    ]


def test_position_vectors_are_what_the_core_does() -> None:
    written = msgspec.json.decode(VECTORS.read_bytes(), type=list[Position])
    assert written == positions(), "run: python -m tests.unit.signaling.test_clips"


if __name__ == "__main__":
    VECTORS.parent.mkdir(parents=True, exist_ok=True)
    VECTORS.write_bytes(msgspec.json.format(msgspec.json.encode(positions()), indent=1) + b"\n")
