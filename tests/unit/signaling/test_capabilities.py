"""Every request × every role: what signaling/roles.py grants is done; all else is refused and changes nothing."""

from __future__ import annotations

from typing import get_args

import pytest

from signaling import messages as m
from signaling.errors import Refused
from signaling.roles import CAPABILITIES, Capability, Role
from signaling.room import Request
from signaling.seats import Admission
from tests.unit.signaling.question_world import PHONE, ROOM, SINGLE
from tests.unit.signaling.room_world import (
    CLASSROOMS,
    CLIPS,
    LECTURER,
    LOCAL_TEACHER,
    OBSERVER,
    ROSTERS,
    SECOND_LECTURER,
    SEGMENTS,
    World,
)

# Columns: the lecturer, a classroom, the local teacher of that classroom, an observer.
ACTORS = (LECTURER, CLASSROOMS[0], LOCAL_TEACHER, OBSERVER)
YES, NO = True, False
Row = tuple[str, tuple[bool, bool, bool, bool]]
TABLE: tuple[Row, ...] = (
    ("publish camera", (YES, YES, NO, NO)),
    ("publish mic", (YES, YES, NO, NO)),
    ("publish screen", (YES, NO, NO, NO)),
    ("set_source camera", (YES, YES, NO, NO)),
    ("set_source mic", (YES, YES, NO, NO)),
    ("set_source screen", (YES, NO, NO, NO)),
    ("subscribe", (YES, YES, YES, YES)),
    ("limit_slot", (YES, YES, YES, YES)),
    ("set_mute oneself", (YES, YES, YES, YES)),
    ("set_mute own classroom", (YES, YES, YES, NO)),
    ("set_mute other classroom", (YES, NO, NO, NO)),
    ("set_mute lecturer", (YES, NO, NO, NO)),
    ("set_hand own up", (NO, YES, YES, NO)),
    ("set_hand own down", (YES, YES, YES, NO)),
    ("set_hand other up", (NO, NO, NO, NO)),
    ("set_hand other down", (YES, NO, NO, NO)),
    ("call_on", (YES, NO, NO, NO)),
    ("take_lead", (YES, NO, NO, NO)),
    ("say", (YES, NO, YES, NO)),
    ("turn_page", (YES, NO, NO, NO)),
    ("catch_up offered", (NO, YES, NO, NO)),
    ("catch_up start", (NO, NO, YES, NO)),
    ("publish line", (YES, NO, YES, NO)),
    ("control_wall", (NO, YES, YES, NO)),
    ("set_attendance", (NO, NO, YES, NO)),
    ("call_pupil", (YES, NO, NO, NO)),
    ("say_privately", (YES, NO, YES, NO)),
    ("set_line", (YES, NO, YES, NO)),
    ("set_phase", (YES, NO, NO, NO)),
    ("set_timer", (YES, NO, NO, NO)),
    ("mark_moment", (YES, NO, YES, NO)),
    ("pause_recording", (YES, NO, NO, NO)),  # who leads; test_recording_pause.py
    ("move_segment", (YES, NO, NO, NO)),
    ("set_clip", (YES, NO, NO, NO)),  # test_clips.py has who else may, and when
    ("add_ink", (YES, NO, NO, NO)),  # test_board_desk.py has who else may, and when
    ("remove_ink", (YES, NO, NO, NO)),
    ("restore_ink", (YES, NO, NO, NO)),
    ("clear_ink", (YES, NO, NO, NO)),
    ("show_board", (YES, NO, NO, NO)),
    ("move_board", (YES, NO, NO, NO)),
    ("allow_writing", (YES, NO, NO, NO)),
    ("ask_board", (YES, YES, YES, YES)),
    ("take_over", (NO, NO, NO, NO)),  # while a lecturer is there
    ("give_back", (YES, YES, YES, YES)),  # who does not act has nothing to give back
    ("ask_question", (YES, NO, NO, NO)),
    ("close_question", (YES, NO, NO, NO)),
    ("reveal_answer", (YES, NO, NO, NO)),
    ("show_results", (YES, NO, NO, NO)),
    ("put_away", (YES, NO, NO, NO)),
    ("give_answers own", (YES, YES, YES, NO)),
    ("count_hands own", (YES, NO, YES, NO)),
    ("count_hands other", (YES, NO, NO, NO)),
    ("start_lesson", (YES, NO, NO, NO)),
    ("end_lesson", (YES, NO, NO, NO)),
)
CASES = [(name, column, granted) for name, row in TABLE for column, granted in enumerate(row)]


class Classroom(World):
    """A room with one of everybody, in which everything that the requests are about is there."""

    def __init__(self) -> None:
        super().__init__()
        self.peers = [self.join(one) for one in ACTORS]
        self.lecturer, self.own, _, _ = self.peers
        self.other = self.join(CLASSROOMS[1])
        self.join(SECOND_LECTURER)
        for peer in (self.lecturer, self.own, self.other):
            self.publish(peer, "camera", "mic")
        for peer in (self.own, self.other):
            self.ask(peer, m.SetHand(0, True))
        for peer in self.peers:
            self.subscribe(peer)
        self.keep(self.room.set_roster(ROSTERS[0], self.now))
        self.keep(self.room.set_clips(CLIPS, self.now))
        self.keep(self.room.set_segments(SEGMENTS, self.now))
        self.ask(self.lecturer, m.AskQuestion(0, SINGLE))

    def request(self, name: str, me: m.PeerId) -> Request | None:
        """Return the request of the table's row, None for one that goes another way than `handle`."""
        requests: dict[str, Request] = {
            "set_source camera": m.SetSource(1, "camera", True),
            "set_source mic": m.SetSource(1, "mic", True),
            "set_source screen": m.SetSource(1, "screen", True),
            "limit_slot": m.LimitSlot(1, "lecturer", 180),
            "set_mute oneself": m.SetMute(1, me, "mic", True),
            "set_mute own classroom": m.SetMute(1, self.own, "mic", False),
            "set_mute other classroom": m.SetMute(1, self.other, "mic", False),
            "set_mute lecturer": m.SetMute(1, self.lecturer, "mic", True),
            "set_hand own up": m.SetHand(1, True, "李小雨", self.own),
            "set_hand own down": m.SetHand(1, False, "", self.own),
            "set_hand other up": m.SetHand(1, True, "李小雨", self.other),
            "set_hand other down": m.SetHand(1, False, "", self.other),
            "call_on": m.CallOn(1, self.other),
            "take_lead": m.TakeLead(1),
            "say": m.Say(1, "你好"),
            "turn_page": m.TurnPage(1, 2),
            "move_segment": m.MoveSegment(1, SEGMENTS[1].id),
            "catch_up offered": m.CatchUp(1, "offered", 9),
            "catch_up start": m.CatchUp(1, "start"),
            "control_wall": m.ControlWall(1, "page", 40),
            "set_attendance": m.SetAttendance(1, m.ClassroomId("c0"), (m.PupilId("p0"),)),
            "call_pupil": m.CallPupil(1),
            "say_privately": m.SayPrivately(1, "请看第三排", m.ClassroomId("c0")),
            "set_line": m.SetLine(1, "end"),
            "set_phase": m.SetPhase(1, "group_work"),
            "set_timer": m.SetTimer(1, 60),
            "mark_moment": m.MarkMoment(1, "折射"),
            "pause_recording": m.PauseRecording(1, True),
            "set_clip": m.SetClip(1, CLIPS[0].sha256),
            "add_ink": m.AddInk(1, 1, "page:d1:1", "pen", "AA"),
            "remove_ink": m.RemoveInk(1, "page:d1:1", ("0.1",)),
            "restore_ink": m.RestoreInk(1, "page:d1:1", ("0.1",)),
            "clear_ink": m.ClearInk(1, "page:d1:1"),
            "show_board": m.ShowBoard(1, 1),
            "move_board": m.MoveBoard(1, 0, 1),
            "allow_writing": m.AllowWriting(1, m.ClassroomId("c0"), True),
            "ask_board": m.AskBoard(1, "page:d1:1"),
            "take_over": m.TakeOver(1),
            "give_back": m.GiveBack(1),
            "ask_question": m.AskQuestion(1, SINGLE),
            "close_question": m.CloseQuestion(1, SINGLE.id),
            "reveal_answer": m.RevealAnswer(1, SINGLE.id, "A"),
            "show_results": m.ShowResults(1, SINGLE.id, True),
            "put_away": m.PutAway(1, SINGLE.id),
            "give_answers own": m.GiveAnswers(1, SINGLE.id, PHONE, 1, (m.Answer(m.PupilId("p0"), "A"),), ROOM),
            "count_hands own": m.CountHands(1, SINGLE.id, PHONE, 1, (1, 2, 3), 9, ROOM),
            "count_hands other": m.CountHands(1, SINGLE.id, PHONE, 1, (1, 2, 3), 9, m.ClassroomId("c1")),
            "start_lesson": m.StartLesson(1),
            "end_lesson": m.EndLesson(1),
        }
        return requests.get(name)

    def do(self, name: str, me: m.PeerId) -> None:
        request = self.request(name, me)
        if request is not None:
            self.ask(me, request)
        elif name == "subscribe":
            self.room.media.check_subscribe(me, m.Subscribe(1))
        else:
            self.room.check_publish(me, tuple(one for one in get_args(m.Source) if name.endswith(one)))


def test_the_table_has_every_request() -> None:
    named = {name.split(" ")[0] for name, _ in TABLE}
    tags = {struct.__struct_config__.tag for struct in get_args(m.ClientMessage)}
    assert tags - named == {"hello", "ping", "leave", "subscribe_answer", "report_playback"}  # whoever has a seat may


@pytest.mark.parametrize(("name", "column", "granted"), CASES, ids=lambda one: str(one))
def test_who_may_do_what(name: str, column: int, granted: bool) -> None:
    world = Classroom()
    me = world.peers[column]
    if name in ("end_lesson", "mark_moment", "pause_recording"):
        world.ask(world.lecturer, m.StartLesson(0))
    if granted:
        world.do(name, me)
        return
    before = world.room.snapshot(world.now)
    with pytest.raises(Refused) as refusal:
        world.do(name, me)
    assert refusal.value.code == ("lecturer_present" if (name, column) == ("take_over", 2) else "not_allowed")
    assert world.room.snapshot(world.now) == before


def test_every_capability_is_used_by_some_role() -> None:
    assert set(Capability) == {one for role in Role for one in CAPABILITIES[role]}


@pytest.mark.parametrize("admission", [CLASSROOMS[1], LOCAL_TEACHER, OBSERVER, SECOND_LECTURER])
def test_a_stolen_resume_token_does_not_give_its_seat_to_another(admission: Admission) -> None:
    world = World()
    victim = world.joined(LECTURER)
    assert isinstance(victim.greeting, m.Welcome)
    before = world.room.state
    assert world.room.resume(victim.greeting.resume, before.seq, world.now, admission) is None
    assert world.room.state == before
