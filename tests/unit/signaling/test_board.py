"""The board: what is written is the same everywhere, whole or in part, whatever happens and in whatever order."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from signaling import messages as m
from signaling.board import add_part, cut
from signaling.board_desk import InkDesk
from signaling.board_rules import cut_for_wire
from signaling.effects import Tell
from signaling.replica import apply, apply_all, initial
from signaling.room import Room
from tests.unit.signaling.board_world import PAGE, Class, surface_of
from tests.unit.signaling.room_world import DECK, LESSON

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "room" / "board.json"


class Vector(msgspec.Struct):
    """A snapshot, events, and the snapshot that they lead to."""

    name: str
    before: m.Snapshot
    events: tuple[m.Event, ...]
    after: m.Snapshot


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 9))
def test_a_part_of_the_board_stays_that_part(seed: int, height: int) -> None:
    world = Class()
    world.scribble(random.Random(seed), 40)
    whole = initial(LESSON, DECK)
    part = whole
    for event in world.events:
        whole, part = apply(whole, event), apply(part, event)
        assert part == replace(whole, board=cut(whole.board, _same_heights(part)))
        if event.seq % 7 == 0:
            part = replace(whole, board=cut(whole.board, lambda one: min(height, one.top)))
    assert whole == world.room.state


def _same_heights(part: m.Snapshot) -> dict[str, int | None].get:  # type: ignore[valid-type]
    heights = {one.key: one.known for one in part.board.surfaces}
    return lambda one: heights[one.key]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_whoever_asks_for_the_rest_has_the_whole_board_while_others_go_on_writing(seed: int) -> None:
    rng = random.Random(seed)
    world = Class()
    world.scribble(rng, 40)
    desk = InkDesk()
    seen = cut_for_wire(world.room.state, 100)
    for _ in range(60):
        missing = next((one for one in seen.board.surfaces if one.known is not None), None)
        if missing is None:
            break
        part = desk.part(world.room.state, m.AskBoard(1, missing.key, missing.known or 0))
        assert part.seq == seen.seq
        seen = replace(seen, board=add_part(seen.board, part))
        if rng.random() < 0.5:
            world.scribble(rng, 2)
        seen = apply_all(seen, [event for event in world.events if event.seq > seen.seq])
    assert seen == world.room.state


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_a_server_that_was_killed_knows_the_board_and_what_may_come_back(seed: int) -> None:
    rng = random.Random(seed)
    world = Class()
    world.scribble(rng, 50)
    room, _ = Room.restore(LESSON, DECK, world.events, opened_at=1000.0, now=world.now, rng=rng)
    assert room.state.board == world.room.state.board
    removed = [event.body for event in world.events if isinstance(event.body, m.InkRemoved)]
    for body in removed[-1:]:
        request = m.RestoreInk(1, body.surface or PAGE, body.ids)
        world.ask(world.lecturer, request)
        room.handle(world.lecturer, request, world.now)
        assert room.state.board == world.room.state.board


def test_a_part_that_does_not_fit_on_changes_nothing() -> None:
    world = Class()
    for n in range(1, 6):
        world.add(world.lecturer, n)
    seen = cut_for_wire(world.room.state, 1).board
    assert seen.surfaces[0].known == 1
    late = m.BoardPart(world.room.state.seq, PAGE, 3, (), None)
    assert add_part(seen, late) == seen
    assert add_part(world.board, late) == world.board


def test_asking_for_a_surface_answers_piece_by_piece_to_who_asked() -> None:
    world = Class()
    for n in range(1, 400):
        world.add(world.lecturer, n)
    asked, after, objects = 0, 0, 0
    while True:
        outcome = world.ask(world.rooms[0], m.AskBoard(1, PAGE, after))
        (told,) = outcome.effects
        assert isinstance(told, Tell) and isinstance(told.message, m.BoardPart)
        assert told.peer == world.rooms[0] and not outcome.events
        assert len(m.encode(told.message)) < 20_000
        asked, objects = asked + 1, objects + len(told.message.objects)
        if told.message.known is None:
            break
        after = told.message.known
    assert (objects, asked > 1) == (399, True)


def test_a_welcome_holds_the_shown_surface_and_the_names_of_others() -> None:
    world = Class()
    world.draw(world.lecturer, 1, "page:d1:2")
    for n in range(2, 700):
        world.add(world.lecturer, n)
    sent = cut_for_wire(world.room.state, 24_000)
    assert surface_of(sent, "page:d1:2") == m.Surface("page:d1:2", 1, known=0)
    shown = surface_of(sent, PAGE)
    assert 100 < len(shown.objects) < 698 and shown.known == shown.objects[-1].z
    assert len(msgspec.json.encode(sent)) < 40_000


def test_turning_the_page_puts_the_blank_board_away() -> None:
    world = Class()
    world.ask(world.lecturer, m.ShowBoard(1, 1))
    assert (world.board.shown, world.board.boards) == ("board:1", 1)
    world.ask(world.lecturer, m.MoveBoard(1, 0, 9000))
    world.draw(world.lecturer, 1)
    world.ask(world.lecturer, m.TurnPage(1, 2))
    assert world.board.shown == "" and world.ids("board:1") == ["0.1"]
    world.ask(world.lecturer, m.ShowBoard(1, 1))
    assert surface_of(world.room.state, "board:1").y == 9000


def vectors() -> list[Vector]:
    """Return a scribbled lesson in pieces, each before whole and before cut."""
    world = Class()
    before = world.room.state
    found = []
    rng = random.Random(4)
    for piece in range(4):
        world.scribble(rng, 45)
        events = tuple(event for event in world.events if event.seq > before.seq)
        found.append(Vector(f"board {piece}", before, events, world.room.state))
        part = cut_for_wire(before, 150)
        found.append(Vector(f"part of board {piece}", part, events, apply_all(part, events)))
        before = world.room.state
    return found


def test_vectors_are_what_the_reducer_does() -> None:
    written = msgspec.json.decode(VECTORS.read_bytes(), type=list[Vector])
    assert written == vectors(), "run: python -m tests.unit.signaling.test_board"


@pytest.mark.parametrize("kind", ["ink_added", "ink_removed", "ink_restored", "ink_cleared", "board_moved"])
def test_vectors_have_every_kind(kind: str) -> None:
    kinds = {event.body.__struct_config__.tag for vector in vectors() for event in vector.events}
    assert kind in kinds


if __name__ == "__main__":
    VECTORS.write_bytes(msgspec.json.format(msgspec.json.encode(vectors()), indent=1) + b"\n")
