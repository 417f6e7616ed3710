"""Who sees what: a viewer's copy of a lesson is the view of the lesson, whenever it began to listen."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from signaling import messages as m
from signaling.replica import apply, initial
from signaling.roles import Role
from signaling.views import EVERYTHING, PRIVATE, PUBLIC, Sight, Viewer, view_event, view_snapshot, viewer_of
from tests.unit.signaling.room_world import (
    CLASSROOMS,
    DECK,
    LECTURER,
    LESSON,
    LOCAL_TEACHER,
    OBSERVER,
    ROSTERS,
    World,
)
from tests.unit.signaling.test_replica import STEPS, Fumbling

VIEWERS = (EVERYTHING, PUBLIC, Viewer(Sight.ROOM, "c0"), Viewer(Sight.TEACHER, "c0"), Viewer(Sight.TEACHER, "c1"))


@settings(max_examples=15, deadline=None)
@given(st.lists(STEPS, max_size=25), st.integers(0, 25))
def test_view_of_the_state_is_the_state_of_the_views(steps: list[tuple[str, int, int]], since: int) -> None:
    world = Fumbling()
    for step in steps:
        world.step(*step)
    for viewer in VIEWERS:
        state, seen = initial(LESSON, DECK), view_snapshot(initial(LESSON, DECK), viewer)
        for number, event in enumerate(world.events):
            state = apply(state, event)
            seen = view_snapshot(state, viewer) if number == since else apply(seen, view_event(event, viewer))
        assert seen == view_snapshot(state, viewer)


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [
        (EVERYTHING, ("c0", "c1", "c2")),
        (PUBLIC, ()),
        (Viewer(Sight.ROOM, "c1"), ("c1",)),
        (Viewer(Sight.TEACHER, "c2"), ("c2",)),
    ],
)
def test_names_of_pupils_reach_their_own_classroom_and_lecturers_only(viewer: Viewer, seen: tuple[str, ...]) -> None:
    world = World()
    for roster in ROSTERS:
        world.keep(world.room.set_roster(roster, world.now))
    assert tuple(one.classroom for one in view_snapshot(world.room.state, viewer).rosters) == seen
    told = [view_event(event, viewer).body for event in world.events]
    assert tuple(body.classroom for body in told if isinstance(body, m.RosterSet)) == seen
    assert all(isinstance(body, m.RosterSet | m.Withheld) for body in told)


def test_welcome_and_backlog_are_views() -> None:
    world = World()
    joined = world.joined(OBSERVER)
    assert isinstance(joined.greeting, m.Welcome)
    world.keep(world.room.set_roster(ROSTERS[0], world.now))
    back = world.room.resume(joined.greeting.resume, joined.greeting.snapshot.seq, world.now)
    assert back is not None
    assert [type(event.body) for event in back.backlog] == [m.Withheld]
    late = world.joined(LOCAL_TEACHER).greeting
    assert isinstance(late, m.Welcome)
    assert late.snapshot.rosters == (ROSTERS[0],)


def test_each_role_has_its_view() -> None:
    assert viewer_of(Role.LECTURER, None) == EVERYTHING
    assert viewer_of(OBSERVER.role, None) == PUBLIC
    assert viewer_of(LOCAL_TEACHER.role, None) == PUBLIC
    assert viewer_of(LOCAL_TEACHER.role, "c0") == Viewer(Sight.TEACHER, "c0")
    assert viewer_of(CLASSROOMS[1].role, "c1") == Viewer(Sight.ROOM, "c1")
    assert viewer_of(LECTURER.role, "c1") == EVERYTHING


def test_every_private_event_names_its_classroom() -> None:
    for kind in PRIVATE:
        fields = {field.name for field in msgspec.structs.fields(kind)}
        assert "classroom" in fields or isinstance(getattr(kind, "classroom", None), property)
