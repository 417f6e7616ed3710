"""A meeting in virtual time: everybody at the table is alike, the chair is never lost, nothing is recorded unasked."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from signaling import messages as m
from signaling.attendance import UNATTENDED_S
from signaling.effects import FeedSlot, StartRecording, StopRecording
from signaling.errors import Refused
from signaling.meeting import CHAIR_AWAY_S, OVERTIME_S
from signaling.replica import apply_all, initial
from signaling.roles import Role
from signaling.room import Request, Room
from signaling.seats import RESUME_S, Admission
from tests.unit.signaling.room_world import LESSON, World

MEETING = replace(LESSON, kind="meeting", title="联席会议")
CALLER = Admission("person:1/convener", Role.CONVENER, "王老师", "实验小学")
LEAD = Admission("person:2/convener", Role.CONVENER, "李组长", "第二小学")
MEMBERS = tuple(Admission(f"person:{n}/member", Role.MEMBER, f"老师{n}", "河口小学") for n in range(3, 9))


class Table(World):
    """A meeting's room."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room(MEETING, None, opened_at=1000.0, now=1000.0, rng=random.Random(7))

    def replayed(self) -> m.Snapshot:
        return apply_all(initial(MEETING, None), self.events)


def state_of(table: Table) -> m.LessonState:
    return table.room.state.lesson.state


def test_it_begins_with_whoever_comes_first_and_nothing_is_recorded_unasked() -> None:
    table = Table()
    first = table.join(MEMBERS[0])
    state = table.room.state
    assert (state.lesson.state, state.lead) == ("live", first)
    assert state.recording_paused_t_ms is not None and not table.room.is_recorded
    assert StartRecording() not in table.effects
    table.ask(first, m.PauseRecording(1, False))
    assert table.effects.count(StartRecording()) == 1 and table.room.is_recorded
    table.ask(first, m.PauseRecording(2, True))
    table.ask(first, m.PauseRecording(3, False))
    assert StartRecording() not in table.effects  # it runs already and goes on


def test_a_convener_takes_the_chair_from_a_member_but_not_from_a_convener() -> None:
    table = Table()
    table.join(MEMBERS[0])
    caller = table.join(CALLER)
    assert table.room.state.lead == caller
    lead = table.join(LEAD)
    assert table.room.state.lead == caller
    table.ask(lead, m.TakeLead(1))
    assert table.room.state.lead == lead


def test_only_the_chair_mutes_others_ends_and_records() -> None:
    table = Table()
    caller, member = table.join(CALLER), table.join(MEMBERS[0])
    table.publish(caller, "mic")
    table.publish(member, "mic")
    before = table.room.state
    chairs: tuple[Request, ...] = (
        m.SetMute(1, caller, "mic", True), m.EndLesson(2), m.PauseRecording(3, False), m.TakeLead(4),
    )  # fmt: skip
    for request in chairs:
        with pytest.raises(Refused, match="not_allowed"):
            table.ask(member, request)
        assert table.room.state == before
    table.ask(caller, m.SetMute(5, member, "mic", True))
    with pytest.raises(Refused, match="not_allowed"):  # a microphone is opened by its owner alone
        table.ask(caller, m.SetMute(6, member, "mic", False))
    table.ask(member, m.SetMute(7, member, "mic", False))
    table.ask(caller, m.EndLesson(8))
    assert table.room.state.lesson.state == "ended" and StopRecording() in table.effects


def test_the_chair_passes_to_another_convener_else_to_the_longest_present() -> None:
    table = Table()
    caller = table.joined(CALLER)
    first, _, lead = table.join(MEMBERS[0]), table.join(MEMBERS[1]), table.join(LEAD)
    table.keep(table.room.disconnect(caller.you, caller.socket, table.now))
    table.after(0)
    table.after(CHAIR_AWAY_S - 1)
    assert table.room.state.lead == caller.you
    table.after(1)
    assert table.room.state.lead == lead
    table.keep(table.room.leave(lead, table.now))
    assert table.room.state.lead == first
    table.after(RESUME_S)
    assert table.room.state.lead == first


def test_voices_beyond_three_get_the_place_of_who_spoke_longest_ago() -> None:
    table = Table()
    you, *others = [table.join(one) for one in (CALLER, *MEMBERS)]
    for peer in others:
        table.publish(peer, "mic", "camera")
    slots = table.subscribe(you, tiles=4)
    assert [slots[f"audio{n}"] for n in range(3)] == [(peer, "mic") for peer in others[:3]]
    assert [slots[f"tile{n}"] for n in range(4)] == [(peer, "camera") for peer in others[:4]]
    assert slots.get("lecturer") is None
    spoke = table.keep(table.room.media.on_voice(others[5]))
    changed = {one.slot: one.from_peer for one in spoke.effects if isinstance(one, FeedSlot) and one.peer == you}
    assert changed == {"audio2": others[5], "tile3": others[5]}
    assert table.room.media.on_voice(others[5]).effects == ()
    table.ask(others[5], m.SetMute(1, others[5], "mic", True))
    assert table.room.state.lead == you


def test_one_screen_at_a_time() -> None:
    table = Table()
    caller, member = table.join(CALLER), table.join(MEMBERS[0])
    table.subscribe(caller)
    table.ask(member, m.SetSource(1, "screen", True))
    table.publish(member, "screen")
    with pytest.raises(Refused, match="screen_taken"):
        table.ask(caller, m.SetSource(2, "screen", True))
    table.ask(member, m.SetSource(3, "screen", False))
    table.ask(caller, m.SetSource(4, "screen", True))


def test_a_meeting_that_nobody_ends_ends_by_itself() -> None:
    table = Table()
    one = table.joined(MEMBERS[0])
    planned_s = MEETING.planned_minutes * 60
    table.keep(table.room.disconnect(one.you, one.socket, table.now))
    table.after(UNATTENDED_S)
    assert state_of(table) == "live"  # somebody may have come too early
    table.after(planned_s - UNATTENDED_S)
    assert state_of(table) == "ended"
    left_open = Table()
    left_open.join(MEMBERS[0])
    left_open.after(planned_s + OVERTIME_S - 1)
    assert state_of(left_open) == "live"
    left_open.after(1)
    assert state_of(left_open) == "ended"


def test_two_tabs_of_one_person_are_one_seat() -> None:
    table = Table()
    first = table.joined(MEMBERS[0])
    second = table.joined(MEMBERS[0])
    assert first.you == second.you and len(table.room.state.participants) == 1


def test_a_server_that_was_killed_comes_back_with_chair_and_recording() -> None:
    table = Table()
    caller = table.join(CALLER)
    table.ask(caller, m.PauseRecording(1, False))
    room, _ = Room.restore(MEETING, None, table.events, opened_at=1000.0, now=2000.0, rng=random.Random(1))
    assert (room.state.lead, room.is_recorded, room.state.lesson.state) == (caller, True, "live")


STEPS = st.tuples(
    st.sampled_from(("join", "drop", "leave", "mute", "lead", "record", "wait", "voice")), st.integers(0, 7)
)


@settings(max_examples=15, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_whoever_is_in_has_a_chair_and_the_log_tells_it_all(steps: list[tuple[str, int]]) -> None:
    table = Table()
    everybody = (CALLER, LEAD, *MEMBERS)
    seats: dict[int, tuple[m.PeerId, int]] = {}
    for what, who in steps:
        you = seats.get(who)
        try:
            if what == "join":
                joined = table.joined(everybody[who])
                seats[who] = joined.you, joined.socket
            elif what == "wait":
                table.after(CHAIR_AWAY_S / 2 + who)
            elif you is None:
                continue
            elif what == "drop":
                table.keep(table.room.disconnect(*you, table.now))
            elif what == "leave":
                table.keep(table.room.leave(you[0], table.now))
                seats.pop(who)
            elif what == "voice":
                table.publish(you[0], "mic")
                table.keep(table.room.media.on_voice(you[0]))
            else:
                requests: dict[str, Request] = {
                    "mute": m.SetMute(1, you[0], "mic", True),
                    "lead": m.TakeLead(1),
                    "record": m.PauseRecording(1, who % 2 == 0),
                }
                table.ask(you[0], requests[what])
        except Refused:
            pass
        assert table.replayed() == table.room.state
    table.after(0)
    table.after(CHAIR_AWAY_S)
    state = table.room.state
    if any(one.online for one in state.participants):
        chair = next(one for one in state.participants if one.peer == state.lead)
        assert chair.online
