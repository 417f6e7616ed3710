"""A school's data cap: told to the media plane before the first picture, and changed in the middle of a lesson."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from signaling.data_caps import DataCap
from signaling.effects import Effect, FeedSlot, LimitLink
from signaling.links import Reception
from tests.unit.signaling.room_world import CLASSROOMS, LECTURER, LOCAL_TEACHER, World, link_told

NARROW = DataCap(300_000)
SOUND = DataCap(0, video_allowed=False)
HERE = tuple(replace(one, school_id=f"s{n}") for n, one in enumerate(CLASSROOMS))


def limits(effects: list[Effect]) -> list[LimitLink]:
    return [one for one in effects if isinstance(one, LimitLink)]


def test_the_cap_is_told_before_the_slots_are_filled() -> None:
    world = World()
    world.publish(world.join(LECTURER), "camera", "mic")
    world.keep(world.room.media.set_cap("s0", NARROW))
    assert world.effects == []
    peer = world.join(HERE[0])
    world.subscribe(peer)
    kinds = [type(one) for one in world.effects]
    assert limits(world.effects) == [LimitLink(peer, 300_000, True)]
    assert kinds.index(LimitLink) < kinds.index(FeedSlot)


def test_a_change_holds_at_once_and_for_that_school_alone() -> None:
    world = World()
    first, second = world.join(HERE[0]), world.join(HERE[1])
    phone = world.join(replace(LOCAL_TEACHER, school_id="s0"))
    for peer in (first, second, phone):
        world.subscribe(peer)
    world.keep(world.room.media.set_cap("s0", SOUND))
    assert limits(world.effects) == [LimitLink(first, 0, False), LimitLink(phone, 0, False)]
    world.keep(world.room.media.set_cap("s0", SOUND))
    assert world.effects == [], "the same again is no change"
    world.keep(world.room.media.set_cap("s0", DataCap()))
    assert limits(world.effects) == [LimitLink(first, 0, True), LimitLink(phone, 0, True)]


def test_a_new_connection_is_held_down_again() -> None:
    world = World()
    peer = world.join(HERE[0])
    world.keep(world.room.media.set_cap("s0", NARROW))
    for _ in range(2):
        world.subscribe(peer)
        assert limits(world.effects) == [LimitLink(peer, 300_000, True)]


def test_a_seat_of_no_school_is_never_held_down() -> None:
    world = World()
    peer = world.join(CLASSROOMS[0])
    world.keep(world.room.media.set_cap("s0", NARROW))
    world.subscribe(peer)
    assert limits(world.effects) == [LimitLink(peer, 0, True)]


@pytest.mark.parametrize(
    ("cap", "estimate_bps", "rung", "down_bps"),
    [
        (DataCap(), 2_000_000, "hd", 2_000_000),
        (NARROW, 2_000_000, "clear", 300_000),
        (NARROW, 200_000, "smooth", 200_000),
        (SOUND, 2_000_000, "slides_audio", 64_000),
        (SOUND, 40_000, "slides_audio", 40_000),
    ],
)
def test_a_good_link_that_is_held_down_is_told_as_what_it_may_carry(
    cap: DataCap, estimate_bps: int, rung: str, down_bps: int
) -> None:
    world = World()
    peer = world.join(HERE[0])
    world.subscribe(peer)
    world.keep(world.room.media.set_cap("s0", cap))
    world.keep(world.room.media.on_reception(peer, Reception(40, 0.0, estimate_bps, 0.0, ())))
    world.after(2.0)
    link = link_told(world.effects, peer)
    assert (link.rung, link.down_bps) == (rung, down_bps)


def test_the_link_says_that_a_cap_is_in_force() -> None:
    world = World()
    peer = world.join(HERE[0])
    world.subscribe(peer)
    world.keep(world.room.media.set_cap("s0", NARROW))
    world.keep(world.room.media.on_reception(peer, Reception(40, 0.0, 300_000, 0.0, (), 5_000)))
    world.after(2.0)
    link = link_told(world.effects, peer)
    assert (link.limited, link.bytes_down) == (True, 5_000)
    assert next(row for row in world.room.media.playback if row.peer == peer).limited
