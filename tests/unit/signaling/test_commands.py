"""Requests: what they change, for whom, and what they refuse without changing anything."""

from __future__ import annotations

import pytest

from signaling import messages as m
from signaling.effects import MuteSource, StartRecording, SwitchSource
from signaling.errors import Refused
from signaling.room import Request
from tests.unit.signaling.room_world import CLASSROOMS, LECTURER, LOCAL_TEACHER, OBSERVER, SECOND_LECTURER, World


@pytest.fixture
def world() -> World:
    world = World()
    for admission in (LECTURER, *CLASSROOMS, LOCAL_TEACHER, OBSERVER):
        world.join(admission)
    return world


def peer(world: World, name: str) -> m.PeerId:
    return next(one.peer for one in world.room.state.participants if one.name == name)


LECTURER_ONLY: list[Request] = [
    m.CallOn(1, None),
    m.TakeLead(1),
    m.TurnPage(1, 2),
    m.StartLesson(1),
    m.EndLesson(1),
    m.SetSource(1, "screen", True),
]


@pytest.mark.parametrize("request_", LECTURER_ONLY, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("name", ["红星小学五年级", "赵老师", "教研员"])
def test_lecturers_matters_are_refused_to_others(world: World, request_: Request, name: str) -> None:
    before = world.room.state
    with pytest.raises(Refused, match="not_allowed"):
        world.ask(peer(world, name), request_)
    assert world.room.state == before


@pytest.mark.parametrize(
    ("name", "request_", "code"),
    [
        ("王老师", m.TurnPage(1, 4), "page_unknown"),
        ("王老师", m.TurnPage(1, 0), "page_unknown"),
        ("王老师", m.CallOn(1, m.PeerId("nobody")), "peer_unknown"),
        ("王老师", m.EndLesson(1), "lesson_state"),
        ("王老师", m.Say(1, " \t\n"), "text_empty"),
        ("王老师", m.Say(1, "光" * 501), "text_too_long"),
        ("王老师", m.SetHand(1, True), "not_allowed"),
        ("王老师", m.LimitSlot(1, "lecturer", 180), "not_subscribed"),
        ("教研员", m.Say(1, "好"), "not_allowed"),
        ("教研员", m.SetHand(1, True), "not_allowed"),
        ("红星小学五年级", m.Say(1, "好"), "not_allowed"),
        ("红星小学五年级", m.SetHand(1, True, "李" * 41), "text_too_long"),
    ],
)
def test_refusals_leave_the_state_alone(world: World, name: str, request_: Request, code: str) -> None:
    before = world.room.snapshot(world.now)
    with pytest.raises(Refused, match=code):
        world.ask(peer(world, name), request_)
    assert world.room.snapshot(world.now) == before


def test_unknown_peer_has_no_seat(world: World) -> None:
    with pytest.raises(Refused, match="seat_lost"):
        world.ask(m.PeerId("nobody"), m.TurnPage(1, 1))


def test_calling_on_opens_the_microphone_takes_the_hand_down_and_ends_the_call_before(world: World) -> None:
    lecturer, red, river = peer(world, "王老师"), peer(world, "红星小学五年级"), peer(world, "河口小学五年级")
    for one in (red, river):
        world.publish(one, "camera", "mic")
        assert world.one(one).sources == (m.SourceInfo("camera"), m.SourceInfo("mic", muted=True))
    world.ask(red, m.SetHand(1, True, "李小雨"))
    world.ask(lecturer, m.CallOn(2, red))
    assert world.room.state.called_on == red
    assert (world.one(red).hand, world.one(red).hand_for) == (False, "")
    assert world.one(red).sources[1] == m.SourceInfo("mic", muted=False)
    assert MuteSource(red, "mic", False) in world.effects
    world.ask(lecturer, m.CallOn(3, river))
    assert world.one(red).sources[1].muted
    assert not world.one(river).sources[1].muted
    world.ask(lecturer, m.CallOn(4, None))
    assert world.one(river).sources[1].muted
    assert world.room.state.called_on is None


def test_microphone_published_during_the_call_is_open(world: World) -> None:
    lecturer, red = peer(world, "王老师"), peer(world, "红星小学五年级")
    world.ask(lecturer, m.CallOn(1, red))
    world.publish(red, "mic")
    assert world.one(red).sources == (m.SourceInfo("mic", muted=False),)


@pytest.mark.parametrize("name", ["王老师", "赵老师", "教研员"])
def test_only_classrooms_are_called_on(world: World, name: str) -> None:
    with pytest.raises(Refused, match="not_a_classroom"):
        world.ask(peer(world, "王老师"), m.CallOn(1, peer(world, name)))


def test_classroom_that_is_away_is_not_called_on(world: World) -> None:
    back = world.joined(CLASSROOMS[0])
    world.keep(world.room.disconnect(back.you, back.socket, world.now))
    with pytest.raises(Refused, match="peer_offline"):
        world.ask(peer(world, "王老师"), m.CallOn(1, back.you))


def test_local_teacher_raises_the_hand_and_mutes_the_microphone_of_the_own_classroom(world: World) -> None:
    teacher, red, river = peer(world, "赵老师"), peer(world, "红星小学五年级"), peer(world, "河口小学五年级")
    world.ask(teacher, m.SetHand(1, True, "李小雨"))
    assert (world.one(red).hand, world.one(red).hand_for) == (True, "李小雨")
    world.ask(teacher, m.SetHand(2, False, peer=red))
    assert not world.one(red).hand
    world.publish(red, "mic")
    world.ask(teacher, m.SetMute(3, red, "mic", False))
    assert world.events[-1].body == m.MuteChanged(red, "mic", False, teacher)
    for request in (m.SetMute(4, river, "mic", False), m.SetHand(5, True, peer=river)):
        with pytest.raises(Refused, match="not_allowed"):
            world.ask(teacher, request)


def test_hand_without_a_classroom_is_refused() -> None:
    world = World()
    teacher = world.join(LOCAL_TEACHER)
    with pytest.raises(Refused, match="classroom_absent"):
        world.ask(teacher, m.SetHand(1, True))


def test_lecturer_lowers_hands_and_raises_none(world: World) -> None:
    lecturer, red = peer(world, "王老师"), peer(world, "红星小学五年级")
    world.ask(red, m.SetHand(1, True))
    world.ask(lecturer, m.SetHand(2, False, peer=red))
    assert not world.one(red).hand
    with pytest.raises(Refused, match="not_allowed"):
        world.ask(lecturer, m.SetHand(3, True, peer=red))


def test_nothing_is_said_about_what_is_so_already(world: World) -> None:
    lecturer, red = peer(world, "王老师"), peer(world, "红星小学五年级")
    seq = world.room.state.seq
    for request in (m.TurnPage(1, 1), m.TakeLead(2), m.CallOn(3, None), m.SetHand(4, False, peer=red)):
        assert world.ask(lecturer, request).events == ()
    assert world.room.state.seq == seq


def test_mute_outlives_the_media_path(world: World) -> None:
    lecturer = peer(world, "王老师")
    world.publish(lecturer, "mic")
    world.ask(lecturer, m.SetMute(1, lecturer, "mic", True))
    world.keep(world.room.on_track(lecturer, "mic", False, world.now))
    assert world.room.media.on_published(lecturer, ("mic",)).effects == (MuteSource(lecturer, "mic", True),)
    world.publish(lecturer, "mic")
    assert world.one(lecturer).sources == (m.SourceInfo("mic", muted=True),)


def test_lesson_runs_from_start_to_end(world: World) -> None:
    lecturer = peer(world, "王老师")
    world.now += 12.5
    world.ask(lecturer, m.StartLesson(1))
    assert StartRecording() in world.effects
    assert (world.room.state.lesson.state, world.room.state.lesson.started_t_ms) == ("live", 12_500)
    with pytest.raises(Refused, match="lesson_state"):
        world.ask(lecturer, m.StartLesson(2))
    world.now += 2400
    world.ask(lecturer, m.EndLesson(3))
    assert (world.room.state.lesson.state, world.room.state.lesson.ended_t_ms) == ("ended", 2_412_500)


def test_chat_is_cleaned_and_paced(world: World) -> None:
    lecturer = peer(world, "王老师")
    world.ask(lecturer, m.Say(1, "  大家\n好 "))
    assert world.room.state.chat[-1] == m.ChatLine(0, lecturer, "王老师", "实验小学", "大家 好")
    for n in range(4):
        world.ask(lecturer, m.Say(n, "好"))
    before = world.room.state
    with pytest.raises(Refused, match="chat_too_fast"):
        world.ask(lecturer, m.Say(9, "好"))
    assert world.room.state == before
    world.now += 2.0
    world.ask(lecturer, m.Say(10, "好"))


def test_source_that_stops_is_gone_at_once(world: World) -> None:
    lecturer = peer(world, "王老师")
    world.publish(lecturer, "camera", "screen")
    world.ask(lecturer, m.SetSource(1, "screen", False))
    assert world.one(lecturer).sources == (m.SourceInfo("camera"),)
    assert SwitchSource(lecturer, "screen", False) in world.effects


def test_publishing_is_checked_by_role(world: World) -> None:
    world.room.check_publish(peer(world, "王老师"), ("camera", "mic", "screen"))
    world.room.check_publish(peer(world, "红星小学五年级"), ("camera", "mic"))
    for name, sources in (("红星小学五年级", ("screen",)), ("赵老师", ("mic",)), ("教研员", ("camera",))):
        with pytest.raises(Refused, match="not_allowed"):
            world.room.check_publish(peer(world, name), sources)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="source_repeated"):
        world.room.check_publish(peer(world, "王老师"), ("camera", "camera"))


def test_second_lecturer_takes_the_lead(world: World) -> None:
    second = world.join(SECOND_LECTURER)
    assert world.room.state.lead == peer(world, "王老师")
    world.ask(second, m.TakeLead(1))
    assert world.room.state.lead == second
