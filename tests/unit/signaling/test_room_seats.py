"""Seats: joining, the drop and the return, the end of patience."""

from __future__ import annotations

import random

import msgspec
import pytest

from signaling import messages as m
from signaling.effects import Dismiss, ForgetMedia, StopRecording, Tell
from signaling.errors import Refused
from signaling.roles import Role
from signaling.room import MAX_SEATS, Room
from signaling.seats import RESUME_S, Admission, peer_id, room_of_resume
from signaling.state_log import TAIL_EVENTS
from tests.unit.signaling.room_world import (
    CLASSROOMS,
    DECK,
    LECTURER,
    LESSON,
    LOCAL_TEACHER,
    SECOND_LECTURER,
    World,
)


def test_first_lecturer_leads_and_the_welcome_holds_it_all() -> None:
    world = World()
    joined = world.joined(LECTURER)
    assert isinstance(joined.greeting, m.Welcome)
    assert joined.greeting.snapshot == world.room.state
    assert joined.greeting.snapshot.lead == joined.you
    assert "call_on" in joined.greeting.capabilities
    assert joined.greeting.resume_s == 180
    assert room_of_resume(joined.greeting.resume) == LESSON.id


def test_same_subject_gets_the_same_seat_and_the_older_socket_is_replaced() -> None:
    world = World()
    first = world.joined(CLASSROOMS[0])
    world.publish(first.you, "camera")
    second = world.joined(CLASSROOMS[0])
    assert second.you == first.you
    assert Dismiss(first.you, first.socket, "replaced", "您已在另一个窗口进入这节课。") in world.effects
    assert ForgetMedia(first.you) in world.effects
    assert world.one(first.you).sources == ()
    # the late end of the replaced socket is no drop of the new one
    assert world.room.disconnect(first.you, first.socket, world.now).events == ()
    assert world.one(first.you).online


def test_a_classroom_has_one_seat_whoever_opens_it() -> None:
    world = World()
    bot = world.joined(Admission("bot:c0", Role.CLASSROOM, CLASSROOMS[0].name, CLASSROOMS[0].school, "c0"))
    assert isinstance(bot.greeting, m.Welcome)
    screen = world.joined(CLASSROOMS[0])
    assert screen.you == bot.you and len(world.room.state.participants) == 1
    assert Dismiss(bot.you, bot.socket, "replaced", "您已在另一个窗口进入这节课。") in world.effects
    assert world.room.resume(bot.greeting.resume, bot.greeting.snapshot.seq, world.now) is None
    assert world.join(CLASSROOMS[1]) != screen.you


def test_replaced_window_cannot_take_the_seat_back() -> None:
    world = World()
    first = world.joined(CLASSROOMS[0])
    assert isinstance(first.greeting, m.Welcome)
    world.joined(CLASSROOMS[0])
    assert world.room.resume(first.greeting.resume, 1, world.now) is None


def test_person_in_two_roles_has_two_seats() -> None:
    world = World()
    observer = Admission(LECTURER.subject, Role.OBSERVER, LECTURER.name, LECTURER.school)
    assert world.join(LECTURER) != world.join(observer)


def test_resume_brings_what_was_missed_and_leaves_media_alone() -> None:
    world = World()
    lecturer = world.join(LECTURER)
    joined = world.joined(CLASSROOMS[0])
    world.publish(joined.you, "camera", "mic")
    assert isinstance(joined.greeting, m.Welcome)
    seen = world.room.state.seq
    world.keep(world.room.disconnect(joined.you, joined.socket, world.now))
    assert not world.one(joined.you).online
    world.ask(lecturer, m.TurnPage(1, 2))
    world.now += RESUME_S - 1
    back = world.room.resume(joined.greeting.resume, seen, world.now)
    assert back is not None
    world.keep(back.outcome)
    assert back.greeting == m.Resumed(joined.you, joined.greeting.resume, 180, world.room.state.seq)
    assert [event.body for event in back.backlog] == [
        m.OnlineChanged(joined.you, False),
        m.PageTurned(2, "观察"),
        m.OnlineChanged(joined.you, True),
    ]
    assert [info.source for info in world.one(joined.you).sources] == ["camera", "mic"]
    assert world.effects == []


@pytest.mark.parametrize("last_seq", [-1, 10_000])
def test_resume_from_an_unknown_position_is_a_join(last_seq: int) -> None:
    world = World()
    joined = world.joined(LECTURER)
    assert isinstance(joined.greeting, m.Welcome)
    assert world.room.resume(joined.greeting.resume, last_seq, world.now) is None


def test_resume_past_the_tail_is_a_join() -> None:
    world = World()
    joined = world.joined(LECTURER)
    assert isinstance(joined.greeting, m.Welcome)
    for n in range(TAIL_EVENTS + 1):
        world.ask(joined.you, m.TurnPage(n, 2 - n % 2))
    assert world.room.resume(joined.greeting.resume, 1, world.now) is None
    assert world.room.resume(joined.greeting.resume, world.room.state.seq - 5, world.now) is not None


def test_resume_token_does_not_open_another_role() -> None:
    world = World()
    joined = world.joined(CLASSROOMS[0])
    assert isinstance(joined.greeting, m.Welcome)
    assert world.room.resume(joined.greeting.resume, 1, world.now, LECTURER) is None


def test_seat_is_given_up_after_its_time() -> None:
    world = World()
    lecturer, heir = world.join(LECTURER), world.join(SECOND_LECTURER)
    classroom = world.joined(CLASSROOMS[0])
    world.ask(lecturer, m.CallOn(1, classroom.you))
    world.keep(world.room.disconnect(classroom.you, classroom.socket, world.now))
    world.after(RESUME_S - 0.1)
    assert classroom.you in [one.peer for one in world.room.state.participants]
    world.after(0.2)
    assert classroom.you not in [one.peer for one in world.room.state.participants]
    assert world.room.state.called_on is None
    assert ForgetMedia(classroom.you) in world.effects
    world.keep(world.room.leave(lecturer, world.now))
    assert world.room.state.lead == heir


def test_lesson_that_ended_takes_nobody() -> None:
    world = World()
    lecturer = world.join(LECTURER)
    world.ask(lecturer, m.StartLesson(1))
    world.ask(lecturer, m.EndLesson(2))
    assert StopRecording() in world.effects
    with pytest.raises(Refused, match="lesson_ended"):
        world.join(CLASSROOMS[0])


def test_full_room_refuses_and_keeps_its_state() -> None:
    world = World()
    for n in range(MAX_SEATS):
        world.join(Admission(f"person:{n}", Role.OBSERVER, "观摩", "教研室"))
    before = world.room.state
    with pytest.raises(Refused, match="room_full"):
        world.join(LECTURER)
    assert world.room.state == before


def test_peer_ids_differ_by_room_role_and_classroom() -> None:
    other = msgspec.structs.replace(LOCAL_TEACHER, classroom="c1")
    ids = {
        peer_id(m.RoomId("a"), LOCAL_TEACHER),
        peer_id(m.RoomId("b"), LOCAL_TEACHER),
        peer_id(m.RoomId("a"), other),
        peer_id(m.RoomId("a"), LECTURER),
    }
    assert len(ids) == 4


def test_restored_room_waits_for_everyone() -> None:
    world = World()
    lecturer = world.join(LECTURER)
    classroom = world.join(CLASSROOMS[0])
    world.ask(lecturer, m.StartLesson(1))
    world.publish(lecturer, "camera", "mic")
    world.keep(world.room.set_recording(True, world.now))
    world.ask(lecturer, m.TurnPage(2, 3))

    lesson = world.room.state.lesson  # as the database has it: live
    room, outcome = Room.restore(lesson, DECK, world.events, opened_at=0.0, now=60.0, rng=random.Random(8))
    assert room.state.lesson.state == "live"
    assert room.state.page == 3
    assert not room.state.recording
    assert [(one.online, one.sources) for one in room.state.participants] == [(False, ()), (False, ())]
    assert [event.seq for event in outcome.events] == list(
        range(world.room.state.seq + 1, world.room.state.seq + 1 + len(outcome.events))
    )
    back = room.join(LECTURER, 61.0)
    assert back.you == lecturer
    assert room.state.lead == lecturer
    room.on_timeout(60.0 + RESUME_S)
    assert [one.peer for one in room.state.participants] == [lecturer]
    assert classroom != lecturer


def test_restored_room_takes_over_a_deck_that_was_changed_meanwhile() -> None:
    world = World()
    lecturer = world.join(LECTURER)
    world.ask(lecturer, m.TurnPage(1, 3))
    shorter = msgspec.structs.replace(DECK, id="d2", pages=2)
    room, outcome = Room.restore(LESSON, shorter, world.events, opened_at=0, now=1, rng=random.Random(8))
    assert (room.state.deck, room.state.page) == (shorter, 1)
    assert m.DeckChanged(shorter) in [event.body for event in outcome.events]
    given = m.Event(world.room.state.seq + 1, 0, m.DeckChanged(DECK))
    longer = msgspec.structs.replace(DECK, id="d3", pages=9)
    room, _ = Room.restore(LESSON, longer, [*world.events, given], opened_at=0, now=1, rng=random.Random(8))
    assert room.state.deck == longer


def test_media_reset_takes_all_sources_away_and_tells_those_who_are_here() -> None:
    world = World()
    lecturer, away = world.join(LECTURER), world.joined(CLASSROOMS[0])
    world.publish(lecturer, "camera", "mic")
    world.subscribe(lecturer)
    world.keep(world.room.disconnect(away.you, away.socket, world.now))
    world.keep(world.room.on_media_reset(world.now))
    assert world.one(lecturer).sources == ()
    assert [effect for effect in world.effects if isinstance(effect, Tell)] == [Tell(lecturer, m.MediaReset())]
    with pytest.raises(Refused, match="not_subscribed"):
        world.room.media.check_subscribe(lecturer, m.Subscribe(1, restart=True))


def test_layers_that_nobody_takes_are_told_and_told_again_after_a_drop() -> None:
    world = World()
    joined = world.joined(LECTURER)
    assert isinstance(joined.greeting, m.Welcome)
    world.keep(world.room.media.on_encodings_wanted(joined.you, "camera", ("q",)))
    assert world.effects == [Tell(joined.you, m.Encodings("camera", ("q",)))]
    world.keep(world.room.disconnect(joined.you, joined.socket, world.now))
    back = world.room.resume(joined.greeting.resume, world.room.state.seq, world.now)
    assert back is not None and back.notices == (m.Encodings("camera", ("q",)),)
    world.keep(world.room.on_media_reset(world.now))
    again = world.room.resume(joined.greeting.resume, world.room.state.seq, world.now)
    assert again is not None and again.notices == ()
    assert world.room.media.on_encodings_wanted(m.PeerId("nobody"), "camera", ()).effects == ()
