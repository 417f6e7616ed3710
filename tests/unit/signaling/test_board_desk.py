"""Strokes while they are drawn: relayed at once, kept once, never another's, never lost with their writer's socket."""

from __future__ import annotations

import pytest

from signaling import messages as m
from signaling.board_desk import IDLE_S, MAX_REMOVED
from signaling.board_frames import MAX_FRAME_BYTES, InkGate, read_frame
from signaling.board_points import Point, decode_points, encode_points
from signaling.board_rules import MAX_STROKE_CHARACTERS
from signaling.errors import ProtocolViolation, Refused
from signaling.room import Joined
from tests.unit.signaling.board_world import LINE, PAGE, Class, surface_of
from tests.unit.signaling.room_world import CLASSROOMS, LECTURER


def objects(world: Class, surface: str = PAGE) -> tuple[m.InkObject, ...]:
    return surface_of(world.room.state, surface).objects


def test_a_stroke_is_made_of_the_points_that_were_relayed() -> None:
    world = Class()
    text = encode_points(LINE[:1])
    world.frame(world.lecturer, f"~+7;h21;;{text}")
    assert world.relayed() == [b"~0+7;h21;;" + text.encode()]
    more = encode_points(LINE[1:2], LINE[0])
    world.frame(world.lecturer, f"~:{more}")
    assert world.relayed() == [b"~0:" + more.encode()]
    assert not objects(world)
    world.now += 0.8
    (event,) = world.frame(world.lecturer, f"~.{encode_points(LINE[2:], LINE[1])}").events
    drawn = m.InkObject("0.7", "highlighter", 2, 1, encode_points(LINE))
    assert event.body == m.InkAdded(drawn, took_ms=800)
    assert decode_points(objects(world)[0].points) == LINE
    assert world.board.authors == (m.InkAuthor(world.lecturer, 7),)


def test_a_finished_stroke_is_a_short_event() -> None:
    world = Class()
    (event,) = world.draw(world.lecturer, 1).events
    assert len(m.encode(event)) < 130


def test_a_shape_keeps_its_corners() -> None:
    world = Class()
    world.frame(world.lecturer, f"~+1;r01;;{encode_points(LINE)}")
    world.frame(world.lecturer, "~.")
    assert decode_points(objects(world)[0].points) == [LINE[0], LINE[-1]]


def test_several_write_at_once_each_on_a_stroke_of_their_own() -> None:
    world = Class()
    world.ask(world.lecturer, m.AllowWriting(1, m.ClassroomId("c1"), True))
    one, two = encode_points(LINE), encode_points([Point(9000, 9000)])
    world.frame(world.lecturer, f"~+1;p01;;{one}")
    world.frame(world.rooms[1], f"~+1;p31;;{two}")
    assert world.relayed() == [b"~1+1;p31;;" + two.encode()]
    world.frame(world.lecturer, "~.")
    world.frame(world.rooms[1], "~.")
    assert [(one.id, one.colour, one.z) for one in objects(world)] == [("0.1", 0, 1), ("1.1", 3, 2)]


def test_who_comes_in_mid_stroke_gets_what_is_drawn_so_far() -> None:
    world = Class()
    world.frame(world.lecturer, f"~+1;p01;;{encode_points(LINE[:1])}")
    world.frame(world.lecturer, f"~:{encode_points(LINE[1:], LINE[0])}")
    joined = world.joined(CLASSROOMS[2])
    assert joined.ink == (b"~0+1;p01;;" + encode_points(LINE).encode(),)
    assert isinstance(joined.greeting, m.Welcome)
    resumed = world.room.resume(joined.greeting.resume, world.room.state.seq, world.now)
    assert isinstance(resumed, Joined) and resumed.ink == joined.ink


def test_a_laptop_that_is_closed_in_mid_stroke_leaves_the_stroke_as_it_was() -> None:
    world = Class()
    joined = world.joined(LECTURER)
    world.frame(world.lecturer, f"~+1;p01;;{encode_points(LINE[:2])}")
    outcome = world.keep(world.room.disconnect(joined.you, joined.socket, world.now))
    assert [type(event.body) for event in outcome.events] == [m.InkAdded, m.OnlineChanged]
    assert decode_points(objects(world)[0].points) == LINE[:2]


@pytest.mark.parametrize("how", ["leave", "replaced", "resumed", "stands still", "page turned"])
def test_a_stroke_is_kept_whatever_ends_it(how: str) -> None:
    world = Class()
    joined = world.joined(LECTURER)
    world.frame(world.lecturer, f"~+1;p01;;{encode_points(LINE[:2])}")
    match how:
        case "leave":
            world.keep(world.room.leave(world.lecturer, world.now))
        case "replaced":
            world.joined(LECTURER)
        case "resumed":
            assert isinstance(joined.greeting, m.Welcome)
            assert world.room.resume(joined.greeting.resume, world.room.state.seq, world.now) is not None
        case "stands still":
            assert world.room.next_timeout() <= world.now + IDLE_S
            world.after(IDLE_S)
        case "page turned":
            world.ask(world.lecturer, m.TurnPage(1, 2))
            world.frame(world.lecturer, f"~.{encode_points(LINE[2:], LINE[1])}")
            assert world.events[-1].body == m.InkAdded(m.InkObject("0.1", points=encode_points(LINE)), PAGE)
    assert [one.id for one in objects(world)] == ["0.1"]


def test_a_cancelled_stroke_leaves_nothing() -> None:
    world = Class()
    world.frame(world.lecturer, f"~+1;p01;;{encode_points(LINE)}")
    world.frame(world.lecturer, "~-")
    assert world.relayed() == [b"~0-"]
    world.frame(world.lecturer, "~.")
    assert not objects(world)


def test_the_same_object_twice_is_one() -> None:
    world = Class()
    world.draw(world.lecturer, 5)
    before = world.room.state
    world.draw(world.lecturer, 5)
    world.add(world.lecturer, 5)
    world.add(world.lecturer, 4)
    assert world.room.state == before
    world.add(world.lecturer, 6)
    assert world.ids() == ["0.5", "0.6"]


def test_what_was_open_is_kept_before_the_next_begins() -> None:
    world = Class()
    world.frame(world.lecturer, f"~+1;p01;;{encode_points(LINE)}")
    world.frame(world.lecturer, f"~+1;p01;;{encode_points(LINE)}")  # the same, sent again
    assert world.ids() == ["0.1"]
    world.frame(world.lecturer, f"~+2;p01;;{encode_points(LINE)}")
    world.add(world.lecturer, 3)
    assert world.ids() == ["0.1", "0.2", "0.3"]


# --- who may


def test_who_may_write() -> None:
    world = Class()
    writers = {"lecturer": world.lecturer, "teacher": world.teacher, "observer": world.observer}
    writers |= {f"room {n}": peer for n, peer in enumerate(world.rooms)}

    def may() -> set[str]:
        allowed = set()
        for n, (name, peer) in enumerate(writers.items()):
            world.frame(peer, f"~+{world.room.state.seq + n + 1};p01;;{encode_points(LINE)}")
            if not world.refusals():
                allowed.add(name)
            world.frame(peer, "~-")
        return allowed

    assert may() == {"lecturer"}
    world.ask(world.lecturer, m.CallOn(1, world.rooms[0]))
    assert may() == {"lecturer", "room 0", "teacher"}
    world.ask(world.lecturer, m.AllowWriting(1, m.ClassroomId("c2"), True))
    assert may() == {"lecturer", "room 0", "teacher", "room 2"}
    world.ask(world.lecturer, m.CallOn(1, None))
    world.ask(world.lecturer, m.AllowWriting(1, m.ClassroomId("c2"), False))
    assert may() == {"lecturer"}


def test_a_refused_stroke_changes_nothing_and_its_rest_is_passed_over() -> None:
    world = Class()
    before = world.room.state
    world.draw(world.rooms[0], 1)
    assert (world.relayed(), world.room.state) == ([], before)
    world.frame(world.rooms[0], f"~+2;p01;;{encode_points(LINE)}")
    assert world.refusals() == ["not_allowed"] and world.room.state == before


@pytest.mark.parametrize("surface", ["page:d1:4", "page:d1:0", "page:other:1", "board:1", "page:d1:01"])
def test_a_surface_that_is_not_there_is_refused(surface: str) -> None:
    world = Class()
    before = world.room.state
    world.frame(world.lecturer, f"~+1;p01;{surface};{encode_points(LINE)}")
    assert world.refusals() == ["surface_unknown"]
    with pytest.raises(Refused, match="surface_unknown"):
        world.add(world.lecturer, 1, surface)
    with pytest.raises(Refused, match="surface_unknown"):
        world.ask(world.observer, m.AskBoard(1, surface))
    assert world.room.state == before


def test_nobody_makes_or_erases_anothers_object() -> None:
    world = Class()
    world.ask(world.lecturer, m.CallOn(1, world.rooms[0]))
    world.draw(world.lecturer, 1)
    world.draw(world.rooms[0], 1)
    assert world.ids() == ["0.1", "1.1"]
    before = world.room.state
    with pytest.raises(Refused, match="not_allowed"):
        world.ask(world.rooms[0], m.RemoveInk(1, PAGE, ("1.1", "0.1")))
    for request in (m.ClearInk(1, PAGE), m.ShowBoard(1, 1), m.MoveBoard(1, 1, 1)):
        with pytest.raises(Refused, match="not_allowed"):
            world.ask(world.rooms[0], request)
    with pytest.raises(Refused, match="not_allowed"):
        world.ask(world.rooms[0], m.AllowWriting(1, m.ClassroomId("c1"), True))
    with pytest.raises(Refused, match="not_allowed"):
        world.ask(world.observer, m.RemoveInk(1, PAGE, ("0.1",)))
    assert world.room.state == before


def test_two_on_one_object_the_first_removes_it_and_only_who_removed_it_brings_it_back() -> None:
    world = Class()
    world.ask(world.lecturer, m.CallOn(1, world.rooms[0]))
    world.draw(world.rooms[0], 1)
    world.ask(world.lecturer, m.RemoveInk(1, PAGE, ("0.1",)))
    before = world.room.state
    world.ask(world.rooms[0], m.RemoveInk(1, PAGE, ("0.1",)))
    world.ask(world.rooms[0], m.RestoreInk(1, PAGE, ("0.1",)))
    assert world.room.state == before
    world.ask(world.lecturer, m.RestoreInk(1, PAGE, ("0.1",)))
    world.ask(world.rooms[0], m.RemoveInk(1, PAGE, ("0.1",)))
    world.ask(world.rooms[0], m.RestoreInk(1, PAGE, ("0.1", "0.1")))
    assert world.ids() == ["0.1"]


def test_what_comes_back_has_its_old_height() -> None:
    world = Class()
    for n in (1, 2, 3):
        world.draw(world.lecturer, n)
    before = objects(world)
    world.ask(world.lecturer, m.RemoveInk(1, PAGE, ("0.2", "0.1")))
    world.ask(world.lecturer, m.RestoreInk(1, PAGE, ("0.2", "0.1")))
    assert objects(world) == before


def test_a_page_wiped_by_mistake_comes_back_in_portions() -> None:
    world = Class()
    for n in range(1, 900):
        world.add(world.lecturer, n)
    before = objects(world)
    world.ask(world.lecturer, m.ClearInk(1, PAGE))
    assert not objects(world)
    outcome = world.ask(world.lecturer, m.RestoreInk(1, PAGE, tuple(one.id for one in before)))
    assert objects(world) == before
    assert len(outcome.events) > 1 and all(len(m.encode(event)) < 40_000 for event in outcome.events)
    assert len(before) < MAX_REMOVED


# --- bad input


@pytest.mark.parametrize(
    "text",
    ["~", "~?", "~+", "~+1;x01;;AA", "~+1;p91;;AA", "~+1;p03;;AA", "~+;p01;;AA", "~+1;p01;page:a;b:1;AA", "~:A=",
     "~:A", "~-A", "~.光", "~+1;p01;board:;AA", "~+1;p01;;A", "~+1;p01;;AAAAA", "~@A"],
)  # fmt: skip
def test_what_is_no_frame_breaks_the_contract_and_changes_nothing(text: str) -> None:
    world = Class()
    world.frame(world.lecturer, f"~+1;p01;;{encode_points(LINE)}")
    before = world.room.state
    with pytest.raises(ProtocolViolation, match="message_malformed"):
        world.frame(world.lecturer, text)
    assert world.room.state == before
    world.frame(world.lecturer, "~.")
    assert decode_points(objects(world)[0].points) == LINE


def test_a_frame_that_is_too_large_is_not_read() -> None:
    with pytest.raises(ProtocolViolation, match="message_too_large"):
        read_frame(b"~:" + b"A" * MAX_FRAME_BYTES)


@pytest.mark.parametrize(
    "request_",
    [
        m.AddInk(1, 1, PAGE, "pen", "A"),
        m.AddInk(1, 1, PAGE, "pen", ""),
        m.AddInk(1, 0, PAGE, "pen", "AA"),
        m.AddInk(1, 1, PAGE, "pen", "AA", colour=8),
        m.AddInk(1, 1, PAGE, "pen", "AA", width=3),
        m.AddInk(1, 1, PAGE, "pen", "AA" * MAX_STROKE_CHARACTERS),
    ],
)
def test_an_object_that_is_none_breaks_the_contract(request_: m.AddInk) -> None:
    world = Class()
    before = world.room.state
    with pytest.raises(ProtocolViolation, match="message_malformed"):
        world.ask(world.lecturer, request_)
    assert world.room.state == before


def test_text_is_cleaned_and_bounded() -> None:
    world = Class()
    world.ask(world.lecturer, m.AddInk(1, 1, PAGE, "text", encode_points(LINE), text=" 折射角\x00\n小于入射角 "))
    assert (objects(world)[0].text, decode_points(objects(world)[0].points)) == ("折射角 \n小于入射角", LINE[:1])
    for text, code in (("  ", "text_empty"), ("光" * 201, "text_too_long")):
        with pytest.raises(Refused, match=code):
            world.ask(world.lecturer, m.AddInk(1, 2, PAGE, "text", encode_points(LINE), text=text))


def test_a_stroke_without_end_is_kept_up_to_its_bound() -> None:
    world = Class()
    world.frame(world.lecturer, "~+1;p01;;AA")
    for _ in range(MAX_STROKE_CHARACTERS // 1000 + 2):
        world.frame(world.lecturer, "~:" + "AA" * 500)
        if world.refusals():
            break
    assert world.refusals() == ["ink_too_long"]
    assert MAX_STROKE_CHARACTERS - 1000 < len(objects(world)[0].points) <= MAX_STROKE_CHARACTERS


def test_a_full_surface_refuses_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.board_rules.MAX_OBJECTS", 3)
    world = Class()
    for n in (1, 2, 3):
        world.draw(world.lecturer, n)
    before = world.room.state
    world.frame(world.lecturer, f"~+4;p01;;{encode_points(LINE)}")
    assert world.refusals() == ["surface_full"]
    with pytest.raises(Refused, match="surface_full"):
        world.add(world.lecturer, 4)
    assert world.room.state == before
    world.draw(world.lecturer, 5, "page:d1:2")
    assert world.ids("page:d1:2") == ["0.5"]


def test_too_many_ids_at_once_are_refused() -> None:
    world = Class()
    for request in (m.RemoveInk, m.RestoreInk):
        with pytest.raises(Refused, match="ink_too_many"):
            world.ask(world.lecturer, request(1, PAGE, ("0.1",) * 2001))


# --- the pointer


def test_the_pointer_is_relayed_and_not_kept() -> None:
    world = Class()
    world.frame(world.lecturer, "~@gQgQ")
    assert world.relayed() == [b"~0@gQgQ"]
    seq = world.room.state.seq
    for _ in range(30):
        world.frame(world.lecturer, "~@gQgQ")
    assert world.relayed() == [] and world.room.state.seq == seq
    world.frame(world.lecturer, "~@")
    assert world.relayed() == [b"~0@"]
    world.frame(world.observer, "~@gQgQ")
    assert world.relayed() == []


def test_the_pointer_goes_out_with_its_socket() -> None:
    world = Class()
    joined = world.joined(LECTURER)
    world.frame(world.lecturer, "~@gQgQ")
    world.keep(world.room.disconnect(joined.you, joined.socket, world.now))
    assert world.relayed() == [b"~0@"]


def test_a_socket_that_is_behind_gets_no_half_strokes() -> None:
    gate = InkGate()
    assert gate.passes(b"~0+1;p01;;AA", 0)
    assert not gate.passes(b"~0:AA", 61)
    assert not gate.passes(b"~0:AA", 0)
    assert gate.passes(b"~1+1;p01;;AA", 0) and gate.passes(b"~1:AA", 60)
    assert gate.passes(b"~0+2;p01;;AA", 0) and gate.passes(b"~0:AA", 0)
    assert gate.passes(b"~0@AA", 0) and not gate.passes(b"~0@AA", 61)
