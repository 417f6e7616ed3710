"""Two teachers, one class: attendance, fair calls, the private line, timer, group work, marks and the hand-over."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest

from signaling import messages as m
from signaling.effects import FeedSlot, LimitLink
from signaling.errors import Refused
from signaling.handover import AWAY_S, HEIR_AWAY_S
from signaling.links import Reception, SlotReception
from signaling.private_line import MAX_PRIVATE_LINES
from signaling.roles import Role
from signaling.seats import Admission
from tests.unit.signaling.room_world import CLASSROOMS, LECTURER, LOCAL_TEACHER, OBSERVER, ROSTERS, World, feeds_of

FAR_TEACHER = Admission("person:8", Role.LOCAL_TEACHER, "和老师", "河口小学", "c1")
C0 = m.ClassroomId("c0")


class Class(World):
    """A live lesson with a lecturer, two rooms and their local teachers."""

    def __init__(self) -> None:
        super().__init__()
        self.lecturer = self.joined(LECTURER)
        self.lead = self.lecturer.you
        self.wall, self.far_wall = (self.join(one) for one in CLASSROOMS[:2])
        self.near, self.far = self.join(LOCAL_TEACHER), self.join(FAR_TEACHER)
        for peer in (self.lead, self.wall):
            self.publish(peer, "camera", "mic")
        self.ask(self.lead, m.StartLesson(1))

    @property
    def state(self) -> m.Snapshot:
        return self.room.state

    def refused(self, peer: m.PeerId, request: m.ClientMessage) -> str:
        before = self.state
        with pytest.raises(Refused) as refusal:
            self.ask(peer, request)  # type: ignore[arg-type]  # every request of these tests goes through `handle`
        assert self.state == before
        return refusal.value.code

    def silent(self, peer: m.PeerId, state: str) -> None:
        report = Reception(50, 0.0, 500_000, 0.0, (), 0, state)  # type: ignore[arg-type]  # one of its four words
        self.keep(self.room.media.on_reception(peer, report))

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            self.after(0.5)


# --- pupils


def roster(classroom: str, count: int, called: int = 0) -> m.Roster:
    pupils = tuple(m.Pupil(m.PupilId(f"{classroom}-{n}"), n, f"学生{n}", called=called) for n in range(1, count + 1))
    return m.Roster(m.ClassroomId(classroom), pupils)


def test_fair_pick_calls_everyone_before_anyone_twice() -> None:
    world = Class()
    for one in (roster("c0", 5), roster("c1", 7), roster("c2", 9)):  # nobody is in the third room
        world.keep(world.room.set_roster(one, world.now))
    world.ask(world.near, m.SetAttendance(1, C0, (m.PupilId("c0-1"),)))
    for _ in range(22):
        world.ask(world.lead, m.CallPupil(1))
    counts = Counter(one.pupil for one in world.state.called)
    assert len(counts) == 11
    assert set(counts.values()) == {2}
    assert not any(pupil.startswith("c2") or pupil == "c0-1" for pupil in counts)


def test_fair_pick_remembers_earlier_lessons() -> None:
    world = Class()
    world.keep(world.room.set_roster(roster("c0", 3, called=1), world.now))
    world.keep(world.room.set_roster(roster("c1", 2), world.now))
    for _ in range(2):
        world.ask(world.lead, m.CallPupil(1))
    assert {one.pupil for one in world.state.called} == {"c1-1", "c1-2"}


def test_called_pupil_brings_the_own_room_to_everyone_and_ends_with_its_call() -> None:
    world = Class()
    world.keep(world.room.set_roster(ROSTERS[0], world.now))
    world.ask(world.lead, m.CallPupil(1, C0, m.PupilId("p0")))
    assert (world.state.called_on, world.state.called_pupil) == (
        world.wall,
        m.CalledPupil(C0, m.PupilId("p0"), "李小雨"),
    )
    world.ask(world.lead, m.CallOn(2, None))
    assert world.state.called_pupil is None


def test_nobody_can_be_picked_without_a_roster() -> None:
    world = Class()
    assert world.refused(world.lead, m.CallPupil(1)) == "nobody_to_call"
    assert world.refused(world.lead, m.CallPupil(1, C0, m.PupilId("p0"))) == "pupil_unknown"


def test_attendance_is_of_the_own_room_and_of_known_pupils() -> None:
    world = Class()
    world.keep(world.room.set_roster(ROSTERS[0], world.now))
    assert world.refused(world.far, m.SetAttendance(1, C0, ())) == "not_allowed"
    assert world.refused(world.near, m.SetAttendance(1, C0, (m.PupilId("nobody"),))) == "pupil_unknown"
    world.ask(world.near, m.SetAttendance(1, C0, (m.PupilId("p0"), m.PupilId("p0"))))
    assert world.state.absences == (m.Absence(C0, (m.PupilId("p0"),)),)
    assert not world.ask(world.near, m.SetAttendance(2, C0, (m.PupilId("p0"),))).events


# --- the private line


def test_private_words_are_kept_by_room_and_bounded() -> None:
    world = Class()
    world.ask(world.far, m.SayPrivately(1, "我这边听不清"))
    for n in range(MAX_PRIVATE_LINES + 1):
        world.ask(world.lead, m.SayPrivately(1, str(n), C0))
    lines = world.state.private_lines
    assert [one.text for one in lines if one.classroom == "c1"] == ["我这边听不清"]
    assert [one.text for one in lines if one.classroom == "c0"] == [str(n) for n in range(1, MAX_PRIVATE_LINES + 1)]
    assert world.refused(world.near, m.SayPrivately(1, "  ")) == "text_empty"
    assert world.refused(world.lead, m.SayPrivately(1, "在吗", m.ClassroomId("c9"))) == "classroom_absent"


def test_private_voice_goes_to_the_other_teacher_and_to_nobody_else() -> None:
    world = Class()
    for peer in (world.lead, world.near, world.far, world.wall):
        world.subscribe(peer)
    world.ask(world.near, m.SetLine(1, "ring"))
    assert world.refused(world.near, m.SetLine(2, "accept")) == "line_busy"
    assert world.refused(world.far, m.SetLine(3, "ring")) == "line_busy"
    assert world.refused(world.far, m.SetLine(3, "accept")) == "line_idle"
    world.ask(world.lead, m.SetLine(4, "accept"))
    effects = []
    for peer in (world.lead, world.near):
        world.publish(peer, "line")
        effects += [one for one in world.effects if isinstance(one, FeedSlot)]
    assert [(one.peer, one.slot, one.from_peer, one.source) for one in effects] == [
        (world.near, "audio2", world.lead, "line"),
        (world.lead, "audio2", world.near, "line"),
    ]
    ended = world.ask(world.near, m.SetLine(5, "end"))
    assert feeds_of(ended, world.lead) == {"audio2": None}
    assert feeds_of(ended, world.near) == {"audio2": None}


def test_the_line_ends_with_either_side() -> None:
    world = Class()
    teacher = world.joined(LOCAL_TEACHER)
    world.ask(world.lead, m.SetLine(1, "ring", teacher.you))
    world.keep(world.room.disconnect(teacher.you, teacher.socket, world.now))
    assert world.state.voice_line is None
    assert world.refused(world.lead, m.SetLine(2, "ring", teacher.you)) == "peer_offline"
    assert world.refused(world.lead, m.SetLine(2, "ring", world.wall)) == "peer_unknown"


# --- phase, timer, marks


def test_group_work_leaves_the_rooms_their_sound_and_gives_the_picture_back() -> None:
    world = Class()
    for peer in (world.lead, world.wall, world.far_wall):
        world.subscribe(peer)
    for phase, video in (("group_work", False), ("class", True)):
        outcome = world.ask(world.lead, m.SetPhase(1, phase))  # type: ignore[arg-type]  # both are phases
        limits = {one.peer: one.video_allowed for one in outcome.effects if isinstance(one, LimitLink)}
        assert limits == {world.wall: video, world.far_wall: video}
    world.ask(world.lead, m.SetPhase(2, "group_work"))
    slots = world.room.media.check_subscribe(world.wall, m.Subscribe(1))
    anew = world.keep(world.room.media.on_subscribed(world.wall, slots))
    assert [one.video_allowed for one in anew.effects if isinstance(one, LimitLink)] == [False]


def test_link_of_a_room_in_group_work_is_not_called_weak() -> None:
    world = Class()
    world.subscribe(world.wall)
    world.ask(world.lead, m.SetPhase(1, "group_work"))
    still = (SlotReception("lecturer", 0, 0, True),)
    for _ in range(4):
        world.keep(world.room.media.on_reception(world.wall, Reception(40, 0.0, 2_000_000, 0.0, still)))
    assert [one.rung for one in world.room.media.links.links if one.peer == world.wall] == ["hd"]
    world.ask(world.lead, m.SetPhase(1, "class"))
    for _ in range(4):
        world.keep(world.room.media.on_reception(world.wall, Reception(40, 0.0, 2_000_000, 0.0, still)))
    assert [one.rung for one in world.room.media.links.links if one.peer == world.wall] == ["slides_audio"]


def test_timer_stops_and_goes_on_with_what_was_left() -> None:
    world = Class()
    world.ask(world.lead, m.SetTimer(1, 60))
    begun = world.state.timer
    assert begun is not None
    assert begun.ends_t_ms == world.room.t_ms(world.now) + 60_000
    world.now += 20
    world.ask(world.lead, m.SetTimer(2, None, False))
    assert world.state.timer == m.Timer(60_000, 40_000, None)
    world.now += 100
    world.ask(world.lead, m.SetTimer(3))
    assert world.state.timer == m.Timer(60_000, 40_000, world.room.t_ms(world.now) + 40_000)
    world.ask(world.lead, m.SetTimer(4, 0))
    assert world.state.timer is None
    assert world.refused(world.lead, m.SetTimer(5)) == "timer_invalid"
    assert world.refused(world.lead, m.SetTimer(5, -3)) == "timer_invalid"


def test_mark_names_who_and_when() -> None:
    world = Class()
    world.now += 12
    world.ask(world.near, m.MarkMoment(1, "折射角"))
    assert world.state.marks == (m.Mark(12_000, world.near, "赵老师", "折射角"),)
    assert world.refused(world.near, m.MarkMoment(1, "长" * 41)) == "text_too_long"


# --- the hand-over


def test_local_teacher_carries_on_when_the_lecturer_is_cut_off_and_gives_back() -> None:
    world = Class()
    assert world.refused(world.near, m.TurnPage(1, 2)) == "not_allowed"
    world.keep(world.room.disconnect(world.lead, world.lecturer.socket, world.now))
    world.wait(AWAY_S - 1)
    assert world.state.acting is None
    world.wait(1.5)
    assert world.state.acting == world.near
    world.ask(world.near, m.TurnPage(1, 2))
    assert world.state.page == 2
    assert world.refused(world.far, m.TurnPage(1, 3)) == "not_allowed"
    world.join(LECTURER)
    world.wait(30)
    assert world.state.acting == world.near, "nothing is taken back by itself"
    world.ask(world.near, m.GiveBack(2))
    assert world.state.acting is None
    assert world.refused(world.near, m.TurnPage(1, 3)) == "not_allowed"
    assert world.refused(world.near, m.TakeOver(1)) == "lecturer_present"


def test_silence_of_the_lecturers_media_is_noticed_before_the_sockets() -> None:
    world = Class()
    world.subscribe(world.lead)
    world.silent(world.lead, "outage")
    world.wait(AWAY_S + 0.5)
    assert world.one(world.lead).online
    assert world.state.acting == world.near
    world.silent(world.lead, "normal")
    world.ask(world.lead, m.TakeLead(1))
    assert world.state.acting is None


def test_another_teacher_takes_over_by_hand_or_when_the_first_is_gone() -> None:
    world = Class()
    near = world.joined(LOCAL_TEACHER)
    world.keep(world.room.disconnect(world.lead, world.lecturer.socket, world.now))
    world.wait(AWAY_S + 0.5)
    world.ask(world.far, m.TakeOver(1))
    assert world.state.acting == world.far
    world.ask(near.you, m.TakeOver(1))
    world.keep(world.room.disconnect(near.you, near.socket, world.now))
    world.wait(HEIR_AWAY_S - 1)
    assert world.state.acting == near.you
    world.wait(1.5)
    assert world.state.acting == world.far


@pytest.mark.parametrize(("paired", "acts"), [("河口小学", "far"), ("青山教学点", "near"), ("", "near")])
def test_teacher_of_the_paired_school_acts_before_whoever_came_first(paired: str, acts: str) -> None:
    world = Class()
    lesson = msgspec.structs.replace(world.state.lesson, paired_school=paired)
    world.room._log.state = msgspec.structs.replace(world.state, lesson=lesson)
    world.keep(world.room.disconnect(world.lead, world.lecturer.socket, world.now))
    world.wait(AWAY_S + 0.5)
    assert world.state.acting == getattr(world, acts)
    world.wait(30)
    assert world.state.acting == getattr(world, acts)


def test_nobody_acts_before_class_or_after_it() -> None:
    world = World()
    lecturer = world.joined(LECTURER)
    world.join(LOCAL_TEACHER)
    world.keep(world.room.disconnect(lecturer.you, lecturer.socket, world.now))
    for _ in range(20):
        world.after(1.0)
    assert world.room.state.acting is None


def test_observers_and_strangers_never_act() -> None:
    world = Class()
    observer = world.join(OBSERVER)
    world.keep(world.room.disconnect(world.lead, world.lecturer.socket, world.now))
    world.wait(AWAY_S + 0.5)
    for peer in (observer, world.wall):
        assert world.refused(peer, m.TakeOver(1)) == "not_allowed"


def test_pick_is_the_callers_randomness() -> None:
    picks = []
    for seed in (1, 1, 2):
        world = Class()
        world.room._rng = random.Random(seed)
        world.keep(world.room.set_roster(roster("c0", 30), world.now))
        world.ask(world.lead, m.CallPupil(1))
        picks.append(world.state.called[0].pupil)
    assert picks[0] == picks[1] != picks[2]
