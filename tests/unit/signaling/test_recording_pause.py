"""A pause of the recording: who may, what everybody sees, and that it outlives the server."""

from __future__ import annotations

import random

import pytest

from signaling import messages as m
from signaling.errors import Refused
from signaling.room import Room
from signaling.views import PUBLIC, view_snapshot
from tests.unit.signaling.room_world import CLASSROOMS, DECK, LECTURER, LESSON, SECOND_LECTURER, World


def test_whoever_leads_pauses_and_goes_on_and_everybody_knows() -> None:
    world = World()
    lecturer = world.join(LECTURER)
    world.join(CLASSROOMS[0])
    world.ask(lecturer, m.StartLesson(1))
    world.now += 5
    outcome = world.ask(lecturer, m.PauseRecording(2, True))
    assert [event.body for event in outcome.events] == [m.RecordingPaused(True, lecturer)]
    since = world.room.state.recording_paused_t_ms
    assert since == outcome.events[0].t_ms
    assert view_snapshot(world.room.state, PUBLIC).recording_paused_t_ms == since
    world.now += 5
    assert world.ask(lecturer, m.PauseRecording(3, True)).events == (), "it is paused since the first time"
    world.ask(lecturer, m.PauseRecording(4, False))
    assert world.room.state.recording_paused_t_ms is None


def test_nobody_but_who_leads_and_only_during_class() -> None:
    world = World()
    lecturer, second = world.join(LECTURER), world.join(SECOND_LECTURER)
    with pytest.raises(Refused) as early:
        world.ask(lecturer, m.PauseRecording(1, True))
    assert early.value.code == "lesson_state"
    world.ask(lecturer, m.StartLesson(2))
    before = world.room.state
    with pytest.raises(Refused) as other:
        world.ask(second, m.PauseRecording(3, True))
    assert other.value.code == "not_leading"
    assert world.room.state == before
    world.ask(lecturer, m.PauseRecording(4, True))
    world.ask(second, m.TakeLead(5))
    assert world.room.state.recording_paused_t_ms is not None, "another lead changes nothing"
    world.ask(second, m.PauseRecording(6, False))
    assert world.room.state.recording_paused_t_ms is None


def test_a_server_that_was_restarted_is_still_paused() -> None:
    world = World()
    lecturer = world.join(LECTURER)
    world.ask(lecturer, m.StartLesson(1))
    world.ask(lecturer, m.PauseRecording(2, True))
    again, _ = Room.restore(LESSON, DECK, world.events, opened_at=0.0, now=world.now + 9, rng=random.Random(1))
    assert again.state.recording_paused_t_ms == world.room.state.recording_paused_t_ms
