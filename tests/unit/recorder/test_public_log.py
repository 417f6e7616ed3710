"""The public log: what a player replays is the room's own state, on the files' clock."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from recorder import public_log as log
from recorder.resource import Events, shift_times
from signaling import messages as m, replica
from signaling.roles import Role
from signaling.views import PUBLIC, view_event, view_snapshot

LESSON = m.LessonInfo("l1", "水的三态", "科学", "城关小学", 40, "scheduled")
DECK = m.Deck("d1", "水的三态", 3, "/pages/{page}")
ROOM_ZERO_MS, ORIGIN_MS = -60_000, 2_500  # on the recording's time

BODIES: list[tuple[int, m.EventBody]] = [
    (100, m.ParticipantJoined(m.Participant(m.PeerId("t"), Role.LECTURER, "林老师", "城关小学"))),
    (200, m.ParticipantJoined(m.Participant(m.PeerId("r"), Role.CLASSROOM, "三年级", "红星小学", "c1"))),
    (300, m.RosterSet(m.Roster(m.ClassroomId("c1"), (m.Pupil(m.PupilId("p1"), 1, "小明"),)))),
    (60_000, m.LessonStarted()),
    (61_000, m.PageTurned(2)),
    (63_000, m.AuthorKnown(m.PeerId("t"))),
    (64_000, m.InkAdded(m.InkObject("0.1", points="AABB"))),
    (65_000, m.InkAdded(m.InkObject("0.2", points="CCDD"))),
    (66_000, m.InkRemoved(("0.1",), m.PeerId("t"))),
    (67_000, m.ChatAdded(m.ChatLine(67_000, m.PeerId("r"), "三年级", "红星小学", "听得见"))),
    (70_000, m.QuestionAsked(m.Question(m.QuestionId("q"), "single", "哪个是固态？", ("冰", "水")))),
    (71_000, m.TallyChanged(m.QuestionId("q"), (m.Tally(m.ClassroomId("c1"), (1, 0), 1, 30),))),
    (72_000, m.TallyChanged(m.QuestionId("q"), (m.Tally(m.ClassroomId("c1"), (20, 3), 23, 30),))),
    (80_000, m.TimerSet(m.Timer(60_000, 60_000, 140_000))),
    (90_000, m.Marked(m.Mark(90_000, m.PeerId("t"), "林老师", "重点"))),
    (99_000, m.LessonEnded()),
]


def told(bodies: list[tuple[int, m.EventBody]]) -> list[log.Told]:
    """Return what the journal says of these events."""
    out = []
    for seq, (t_ms, body) in enumerate(bodies, 1):
        public = view_event(m.Event(seq, t_ms, body), PUBLIC).body
        out.append((float(t_ms + ROOM_ZERO_MS), msgspec.json.decode(msgspec.json.encode(public))))
    return out


def make(bodies: list[tuple[int, m.EventBody]]) -> Events:
    first = msgspec.Raw(msgspec.json.encode(replica.initial(LESSON, DECK)))
    return log.public_log(told(bodies), ORIGIN_MS, ROOM_ZERO_MS, first)


def replayed(events: Events) -> m.Snapshot:
    state = msgspec.json.decode(events.first, type=m.Snapshot)
    for one in events.events:
        state = replica.apply(state, m.Event(one.seq, one.t_ms, msgspec.json.decode(one.body, type=m.EventBody)))
    return state


def as_played(state: m.Snapshot) -> dict[str, Any]:
    """Return a room's public state on the files' clock, without the number of the last event."""
    return plain(shift_times(plain(view_snapshot(state, PUBLIC)), ROOM_ZERO_MS - ORIGIN_MS))


def plain(state: Any) -> dict[str, Any]:
    """Return a state as JSON has it, without the number of the last event."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(state))
    data.pop("seq", None)
    return data


def final(bodies: list[tuple[int, m.EventBody]]) -> m.Snapshot:
    events = [m.Event(seq, t_ms, body) for seq, (t_ms, body) in enumerate(bodies, 1)]
    return replica.apply_all(replica.initial(LESSON, DECK), events)


@pytest.mark.parametrize("count", range(1, len(BODIES) + 1))
def test_the_replayed_log_is_the_rooms_public_state_at_every_moment(count: int) -> None:
    played = plain(replayed(make(BODIES[:count])))
    expected = as_played(final(BODIES[:count]))
    last = BODIES[count - 1]
    if isinstance(view_event(m.Event(1, last[0], last[1]), PUBLIC).body, m.Withheld):
        played.pop("t_ms"), expected.pop("t_ms")  # nobody sees that anything happened
    assert played == expected


def test_nothing_private_is_in_it_and_numbers_have_no_gap() -> None:
    events = make(BODIES)
    assert "小明" not in msgspec.json.encode(events).decode()
    assert [one.seq for one in events.events] == list(range(1, len(BODIES)))
    assert events.events[0].t_ms < 0 < events.events[-1].t_ms


def test_a_log_that_is_too_large_is_thinned_and_ends_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    scribble = [(62_500 + n, m.InkAdded(m.InkObject(f"0.{n}", points="A" * 4_000))) for n in range(3, 13)]
    wipe = (62_600, m.InkRemoved(tuple(f"0.{n}" for n in range(3, 13)), m.PeerId("t")))
    bodies = sorted([*BODIES, *scribble, wipe, (62_000, m.AuthorKnown(m.PeerId("t")))], key=lambda one: one[0])
    whole = make(bodies)
    monkeypatch.setattr(log, "MAX_EVENTS_BYTES", 10_000)
    thin = make(bodies)
    assert len(msgspec.json.encode(thin)) < 10_000 < len(msgspec.json.encode(whole))
    assert replayed(thin).board == replayed(whole).board
    assert replayed(thin).quiz == replayed(whole).quiz


def test_durations_are_not_moved() -> None:
    moved = shift_times({"t_ms": 5, "ends_t_ms": None, "left_ms": 7, "all": [{"asked_t_ms": 1, "total_ms": 2}]}, 10)
    assert moved == {"t_ms": 15, "ends_t_ms": None, "left_ms": 7, "all": [{"asked_t_ms": 11, "total_ms": 2}]}
