"""A lesson that nobody ends, in virtual time: it must not be recorded for ever."""

from __future__ import annotations

import random

import pytest

from signaling import messages as m
from signaling.attendance import LONGEST_OVERTIME_S, OVERTIME_S, UNATTENDED_S
from signaling.effects import StopRecording
from signaling.room import Joined, Room
from tests.unit.signaling.room_world import CLASSROOMS, DECK, LECTURER, LESSON, World

PLANNED_S = LESSON.planned_minutes * 60


@pytest.fixture
def world() -> World:
    return World()


def begin(world: World) -> Joined:
    lecturer = world.joined(LECTURER)
    world.join(CLASSROOMS[0])  # a screen that stays on all night
    world.ask(lecturer.you, m.StartLesson(1))
    return lecturer


def hang_up(world: World, one: Joined) -> None:
    world.keep(world.room.disconnect(one.you, one.socket, world.now))


def state(world: World) -> m.LessonState:
    return world.room.state.lesson.state


def test_it_ends_an_hour_over_time_when_no_lecturer_was_there_for_ten_minutes(world: World) -> None:
    hang_up(world, begin(world))
    world.after(PLANNED_S + OVERTIME_S - 1)
    assert state(world) == "live"
    world.after(1)
    assert state(world) == "ended"
    assert StopRecording() in world.effects


def test_a_lecturer_who_is_there_may_overrun(world: World) -> None:
    lecturer = begin(world)
    world.after(PLANNED_S + OVERTIME_S + 1)
    assert state(world) == "live"
    hang_up(world, lecturer)
    world.after(UNATTENDED_S - 1)
    assert state(world) == "live"
    lecturer = world.joined(LECTURER)
    hang_up(world, lecturer)
    world.after(UNATTENDED_S - 1)
    assert state(world) == "live"
    world.after(1)
    assert state(world) == "ended"


def test_a_laptop_that_was_left_open_ends_too(world: World) -> None:
    begin(world)
    world.after(PLANNED_S + LONGEST_OVERTIME_S - 1)
    assert state(world) == "live"
    world.after(1)
    assert state(world) == "ended"


def test_a_lesson_that_never_began_does_not_end(world: World) -> None:
    hang_up(world, world.joined(LECTURER))
    world.after(PLANNED_S + LONGEST_OVERTIME_S + 1)
    assert state(world) == "scheduled"


def test_after_a_restart_a_lecturer_has_ten_minutes_to_come_back(world: World) -> None:
    begin(world)
    later = world.now + PLANNED_S + OVERTIME_S + 5
    room, _ = Room.restore(
        world.room.state.lesson, DECK, world.events, opened_at=1000.0, now=later, rng=random.Random(8)
    )
    states = []
    for waited_s in (UNATTENDED_S - 1, UNATTENDED_S):
        room.on_timeout(later + waited_s)
        states.append(room.state.lesson.state)
    assert states == ["live", "ended"]
