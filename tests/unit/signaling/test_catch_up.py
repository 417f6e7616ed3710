"""A wall and the phones beside it tell each other of a replay, and nobody else hears of it."""

from __future__ import annotations

import pytest

from signaling import messages as m
from signaling.effects import Tell
from signaling.errors import Refused
from tests.unit.signaling.room_world import CLASSROOMS, LECTURER, LOCAL_TEACHER, OBSERVER, World


@pytest.fixture
def world() -> World:
    world = World()
    for admission in (LECTURER, *CLASSROOMS, OBSERVER):
        world.join(admission)
    return world


def peer_of(world: World, name: str) -> m.PeerId:
    return next(one.peer for one in world.room.state.participants if one.name == name)


def test_the_wall_tells_its_own_local_teacher_alone(world: World) -> None:
    teacher = world.join(LOCAL_TEACHER)
    own, other = (peer_of(world, CLASSROOMS[n].name) for n in (0, 1))
    world.ask(own, m.CatchUp(1, "offered", 23))
    assert world.effects == [Tell(teacher, m.CatchUpTold("offered", 23))]
    assert world.ask(other, m.CatchUp(2, "running")).effects == ()


@pytest.mark.parametrize("act", ["start", "stop"])
def test_a_local_teacher_asks_the_own_wall_alone(world: World, act: m.CatchUpAct) -> None:
    teacher = world.join(LOCAL_TEACHER)
    world.ask(teacher, m.CatchUp(1, act))
    assert world.effects == [Tell(peer_of(world, CLASSROOMS[0].name), m.CatchUpTold(act))]


def test_a_wall_that_is_away_cannot_be_asked(world: World) -> None:
    teacher = world.join(LOCAL_TEACHER)
    own = world.joined(CLASSROOMS[0])
    world.keep(world.room.disconnect(own.you, own.socket, world.now))
    with pytest.raises(Refused, match="classroom_absent"):
        world.ask(teacher, m.CatchUp(1, "start"))


@pytest.mark.parametrize(
    ("name", "act"),
    [(LECTURER.name, "start"), (OBSERVER.name, "start"), (CLASSROOMS[0].name, "start"), (LECTURER.name, "offered")],
)
def test_nobody_else_may_say_that(world: World, name: str, act: m.CatchUpAct) -> None:
    before = world.room.state
    with pytest.raises(Refused, match="not_allowed"):
        world.ask(peer_of(world, name), m.CatchUp(1, act))
    assert world.room.state == before


@pytest.mark.parametrize(("said", "told"), [(-5, 0), (1 << 60, 86_400)])
def test_no_absence_is_longer_than_a_day(world: World, said: int, told: int) -> None:
    teacher = world.join(LOCAL_TEACHER)
    world.ask(peer_of(world, CLASSROOMS[0].name), m.CatchUp(1, "offered", said))
    assert world.effects == [Tell(teacher, m.CatchUpTold("offered", told))]


def test_phone_sets_the_own_wall_and_the_wall_says_how_it_is() -> None:
    world = World()
    wall, _ = (world.join(one) for one in CLASSROOMS[:2])
    phone = world.join(LOCAL_TEACHER)
    asked = world.ask(phone, m.ControlWall(1, "page", 400))
    assert asked.effects == (Tell(wall, m.WallTold("page", 100)),)
    assert not asked.events
    told = world.ask(wall, m.ControlWall(2, "lecturer", 30))
    assert told.effects == (Tell(phone, m.WallTold("lecturer", 30)),)
    world.keep(world.room.leave(wall, world.now))
    with pytest.raises(Refused) as refusal:
        world.ask(phone, m.ControlWall(3))
    assert refusal.value.code == "classroom_absent"
