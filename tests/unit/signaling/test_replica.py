"""State = snapshot + events, in every copy: the law of the room, under random lessons and in vectors for the browser.

The vectors in tests/vectors/room are read by the web client's tests too. `python -m tests.unit.signaling.test_replica`
writes them anew.
"""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from signaling import messages as m
from signaling.errors import Refused
from signaling.replica import CHAT_LINES, apply, apply_all, initial
from signaling.room import Request
from signaling.views import view_snapshot
from tests.unit.signaling.question_world import SINGLE, any_request as any_question_request, pupil
from tests.unit.signaling.room_world import (
    CLASSROOMS,
    CLIPS,
    DECK,
    LECTURER,
    LESSON,
    LOCAL_TEACHER,
    ROSTERS,
    SECOND_LECTURER,
    SEGMENTS,
    World,
)

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "room"
ADMISSIONS = (LECTURER, SECOND_LECTURER, *CLASSROOMS, LOCAL_TEACHER)
SOURCES: tuple[m.Source, ...] = ("camera", "mic", "screen")
STEPS = st.tuples(
    st.sampled_from(
        [
            "join",
            "drop",
            "leave",
            "resume",
            "track",
            "request",
            "wait",
            "reset",
            "recording",
            "roster",
            "clips",
            "course",
        ]
    ),
    st.integers(0, len(ADMISSIONS) - 1),
    st.integers(0, 2**16),
)


class Vector(msgspec.Struct):
    """A snapshot, events, and the snapshot that they lead to."""

    name: str
    before: m.Snapshot
    events: tuple[m.Event, ...]
    after: m.Snapshot


class Fumbling(World):
    """A lesson in which anybody does anything, allowed or not."""

    def __init__(self) -> None:
        super().__init__()
        self.sockets: dict[m.PeerId, int] = {}
        self.resumes: dict[m.PeerId, str] = {}
        self.snapshots = [self.room.state]

    def step(self, action: str, who: int, number: int) -> None:
        before = self.room.state
        try:
            self._step(action, who, random.Random(number))
        except Refused:
            assert self.room.state == before
        self.snapshots.append(self.room.state)

    def _step(self, action: str, who: int, rng: random.Random) -> None:
        peers = [one.peer for one in self.room.state.participants]
        peer = peers[who % len(peers)] if peers else m.PeerId("nobody")
        match action:
            case "join":
                joined = self.joined(ADMISSIONS[who])
                assert isinstance(joined.greeting, m.Welcome)
                self.sockets[joined.you], self.resumes[joined.you] = joined.socket, joined.greeting.resume
            case "drop":
                self.keep(self.room.disconnect(peer, self.sockets.get(peer, 0), self.now))
            case "leave":
                self.keep(self.room.leave(peer, self.now))
            case "resume":
                self._resume(peer, rng)
            case "track":
                self.keep(self.room.on_track(peer, rng.choice(SOURCES), rng.random() < 0.7, self.now))
            case "request":
                self.ask(peer, _request(rng, peers, self.room.state.quiz))
            case "wait":
                self.after(rng.choice([0.1, 3.0, 200.0]))
            case "reset":
                self.keep(self.room.on_media_reset(self.now))
            case "recording":
                self.keep(self.room.set_recording(rng.random() < 0.5, self.now))
            case "roster":
                self.keep(self.room.set_roster(ROSTERS[rng.randrange(len(ROSTERS))], self.now))
            case "clips":
                self.keep(self.room.set_clips(CLIPS[: rng.randrange(len(CLIPS) + 1)], self.now))
            case "course":
                self.keep(self.room.set_segments(SEGMENTS[rng.randrange(len(SEGMENTS) + 1) :], self.now))

    def _resume(self, peer: m.PeerId, rng: random.Random) -> None:
        seen = rng.choice(self.snapshots)
        joined = self.room.resume(self.resumes.get(peer, ""), seen.seq, self.now)
        if joined is not None:
            self.keep(joined.outcome)
            self.sockets[peer] = joined.socket
            viewer = self.room.viewer(peer)
            assert apply_all(view_snapshot(seen, viewer), joined.backlog) == view_snapshot(self.room.state, viewer)


def _request(rng: random.Random, peers: list[m.PeerId], quiz: m.Quiz) -> Request:
    target = rng.choice([*peers, m.PeerId("nobody")])
    flag = rng.random() < 0.5
    return rng.choice(
        [
            m.SetMute(1, target, rng.choice(SOURCES), flag),
            m.SetHand(2, flag, rng.choice(["", "李小雨"]), rng.choice([None, target])),
            m.CallOn(3, rng.choice([None, target])),
            m.TakeLead(4),
            m.Say(5, rng.choice(["好", " ", "光" * 501])),
            m.TurnPage(6, rng.randint(0, 4)),
            m.StartLesson(7),
            m.EndLesson(8) if rng.random() < 0.1 else m.TurnPage(9, 2),
            m.SetSource(10, rng.choice(SOURCES), flag),
            m.SetAttendance(11, m.ClassroomId("c0"), (m.PupilId("p0"),) if flag else ()),
            m.CallPupil(12, m.ClassroomId(rng.choice(["", "c0", "c1"]))),
            m.SayPrivately(13, rng.choice(["好", ""]), m.ClassroomId(rng.choice(["c0", "c2"]))),
            m.SetLine(14, rng.choice(["ring", "accept", "end"]), rng.choice([None, target])),
            m.SetPhase(15, "group_work" if flag else "class"),
            m.SetTimer(16, rng.choice([None, 0, 60, -1]), flag),
            m.MarkMoment(17, rng.choice(["", "折射", "长" * 41])),
            m.PauseRecording(20, flag),
            m.SetClip(
                19, rng.choice(["", "c" * 64, *(one.sha256 for one in CLIPS)]), flag, rng.choice([None, -1, 5_000])
            ),
            m.MoveSegment(21, rng.choice(["s0", "s1", "s2", "s9"])),
            m.TakeOver(18) if flag else m.GiveBack(18),
            cast("Request", any_question_request(rng, quiz)),
            cast("Request", any_question_request(rng, quiz)),
        ]
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_any_snapshot_and_the_events_after_it_are_the_present(steps: list[tuple[str, int, int]]) -> None:
    world = Fumbling()
    for step in steps:
        world.step(*step)
    assert world.replayed() == world.room.state
    for seen in world.snapshots:
        assert apply_all(seen, [event for event in world.events if event.seq > seen.seq]) == world.room.state
    assert [event.seq for event in world.events] == list(range(1, len(world.events) + 1))
    times = [event.t_ms for event in world.events]
    assert times == sorted(times)


def test_event_that_is_in_the_state_already_changes_nothing() -> None:
    state = apply(initial(LESSON, DECK), m.Event(1, 5, m.PageTurned(2)))
    assert apply(state, m.Event(1, 9, m.PageTurned(3))) == state


def test_gap_is_noticed() -> None:
    with pytest.raises(ValueError, match="event 2 after 0"):
        apply(initial(LESSON, DECK), m.Event(2, 5, m.PageTurned(2)))


def test_chat_keeps_its_last_lines() -> None:
    state = initial(LESSON, DECK)
    for n in range(CHAT_LINES + 3):
        state = apply(state, m.Event(n + 1, n, m.ChatAdded(m.ChatLine(n, m.PeerId("p"), "王老师", "实验小学", str(n)))))
    assert (len(state.chat), state.chat[0].text) == (CHAT_LINES, "3")


def vectors() -> list[Vector]:
    """Return a fumbled lesson cut into pieces, and one piece for each kind of event."""
    world = Fumbling()
    rng = random.Random(20)
    script = [("join", who, 0) for who in range(len(ADMISSIONS))]
    script += [
        (rng.choice(["join", "drop", "track", "request", "request", "recording"]), rng.randint(0, 5), n)
        for n in range(160)
    ]
    for step in script:
        world.step(*step)
    world.keep(world.room.set_deck(msgspec.structs.replace(DECK, id="d2", pages=5), world.now))
    world.snapshots.append(world.room.state)
    cuts = [0, 6, 40, 80, 120, len(world.snapshots) - 1]
    pieces = [
        Vector(f"lesson {a}..{b}", world.snapshots[a], _between(world, a, b), world.snapshots[b])
        for a, b in itertools.pairwise(cuts)
    ]
    before = world.snapshots[cuts[3]]
    for name, body in _each_kind(before).items():
        event = m.Event(before.seq + 1, before.t_ms + 250, body)
        pieces.append(Vector(name, before, (event,), apply(before, event)))
    pieces.append(_course())
    return pieces


def _course() -> Vector:
    """Return a lesson that goes through its segments by page and by hand, and back."""
    bodies: list[m.EventBody] = [
        m.CourseSet(SEGMENTS), m.PageTurned(2), m.LessonStarted(), m.PageTurned(3), m.SegmentMoved("s2"),
        m.PageTurned(1), m.SegmentMoved("gone"), m.LessonEnded(), m.PageTurned(2),
    ]  # fmt: skip
    before = initial(LESSON, DECK)
    events = tuple(m.Event(seq, seq * 60_000, body) for seq, body in enumerate(bodies, 1))
    return Vector("course", before, events, apply_all(before, events))


def _between(world: Fumbling, a: int, b: int) -> tuple[m.Event, ...]:
    first, last = world.snapshots[a].seq, world.snapshots[b].seq
    return tuple(event for event in world.events if first < event.seq <= last)


def _each_kind(state: m.Snapshot) -> dict[str, m.EventBody]:
    one = state.participants[0].peer
    bodies: list[m.EventBody] = [
        m.ParticipantJoined(m.Participant(m.PeerId("new"), LECTURER.role, "新老师", "新学校")),
        m.ParticipantLeft(one),
        m.OnlineChanged(one, False),
        m.ActingChanged(one),
        m.RosterSet(ROSTERS[0]),
        m.AttendanceSet(m.ClassroomId("c0"), (m.PupilId("p0"),)),
        m.PupilCalled(m.CalledPupil(m.ClassroomId("c0"), m.PupilId("p0"), "李小雨")),
        m.PrivateSaid(m.ClassroomId("c0"), m.PrivateText(5, m.ClassroomId("c0"), one, "王老师", "请再等一分钟")),
        m.VoiceLineChanged(m.VoiceLine(one, m.PeerId("teacher"), one)),
        m.PhaseChanged("group_work"),
        m.TimerSet(m.Timer(60_000, 60_000, 90_000)),
        m.Marked(m.Mark(7, one, "王老师", "折射")),
        m.ClipsSet(CLIPS),
        m.CourseSet(SEGMENTS),
        m.SegmentMoved("s1"),
        m.ClipChanged(CLIPS[0], True, 7_000),
        m.QuestionAsked(SINGLE),
        m.QuestionClosed(SINGLE.id),
        m.AnswerRevealed(SINGLE.id, "A"),
        m.ResultsShown(SINGLE.id, True),
        m.QuestionPutAway(SINGLE.id),
        m.TallyChanged(SINGLE.id, (m.Tally(m.ClassroomId("c0"), (1, 0, 0), 1, 4),)),
        m.AnswersGiven(SINGLE.id, m.ClassroomId("c0"), "phone-source", 1, (m.Answer(pupil(1), "A"),)),
        m.Withheld(),
        m.SourcePublished(one, "screen"),
        m.SourceUnpublished(one, "camera"),
        m.MuteChanged(one, "mic", True, one),
        m.HandChanged(one, True, "李小雨"),
        m.CalledOn(one),
        m.LeadChanged(None),
        m.ChatAdded(m.ChatLine(1, one, "王老师", "实验小学", "好")),
        m.PageTurned(3, "练习"),
        m.DeckChanged(None),
        m.LessonStarted(),
        m.LessonEnded(),
        m.RecordingChanged(not state.recording),
        m.RecordingPaused(True, one),
    ]
    named: dict[str, m.EventBody] = {str(body.__struct_config__.tag): body for body in bodies}
    named["online_changed of nobody"] = m.OnlineChanged(m.PeerId("nobody"), False)
    named["mute_changed of a source that is not published"] = m.MuteChanged(one, "screen", True, one)
    return named


def test_vectors_are_what_the_reducer_does() -> None:
    written = msgspec.json.decode((VECTORS / "replica.json").read_bytes(), type=list[Vector])
    for vector in written:
        assert apply_all(vector.before, vector.events) == vector.after, vector.name
    assert written == vectors(), "run: python -m tests.unit.signaling.test_replica"


if __name__ == "__main__":
    VECTORS.mkdir(parents=True, exist_ok=True)
    (VECTORS / "replica.json").write_bytes(msgspec.json.format(msgspec.json.encode(vectors()), indent=1) + b"\n")
