"""A room in virtual time for the tests of signaling: who is who, and short ways to say what happens."""

from __future__ import annotations

import random

from signaling import messages as m
from signaling.effects import Effect, FeedSlot, Outcome, Tell
from signaling.replica import apply_all, initial
from signaling.roles import Role
from signaling.room import Joined, Request, Room
from signaling.seats import Admission

LESSON = m.LessonInfo("abcd2345", "光的折射", "科学", "实验小学", 40, "scheduled")
DECK = m.Deck("d1", "光的折射", 3, "/api/lessons/abcd2345/pages/{page}", ("封面", "观察", "练习"))
LECTURER = Admission("person:1", Role.LECTURER, "王老师", "实验小学")
SECOND_LECTURER = Admission("person:2", Role.LECTURER, "李老师", "第二小学")
CLASSROOMS = tuple(
    Admission(f"device:{n}", Role.CLASSROOM, f"{name}五年级", name, f"c{n}")
    for n, name in enumerate(("红星小学", "河口小学", "青山教学点"))
)
LOCAL_TEACHER = Admission("person:7", Role.LOCAL_TEACHER, "赵老师", "红星小学", "c0")
OBSERVER = Admission("person:9", Role.OBSERVER, "教研员", "县教研室")

ROSTERS = tuple(
    m.Roster(m.ClassroomId(f"c{n}"), (m.Pupil(m.PupilId(f"p{n}"), 1, name, 1, 2, 0),))
    for n, name in enumerate(("李小雨", "和丽雪", "马清风"))
)

CLIPS = tuple(
    m.Clip(sha256, title, mime, duration_ms, 4_000_000, f"/api/lessons/abcd2345/pack/{sha256}")
    for sha256, title, mime, duration_ms in (
        ("a" * 64, "日食", "video/mp4", 60_000),
        ("b" * 64, "鸟鸣", "audio/mpeg", 12_000),
    )
)

SEGMENTS = (
    m.Segment("s0", "导入", 5, "lecturer", 1),
    m.Segment("s1", "观察水中的筷子", 15, "local", 2),
    m.Segment("s2", "小组汇报", 10, "both"),
)


class World:
    """One room, a clock, and what came out of it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.room = Room(LESSON, DECK, opened_at=1000.0, now=1000.0, rng=random.Random(7))
        self.events: list[m.Event] = []
        self.effects: list[Effect] = []

    def keep(self, outcome: Outcome) -> Outcome:
        self.events += outcome.events
        self.effects = list(outcome.effects)
        return outcome

    def join(self, admission: Admission) -> m.PeerId:
        return self.joined(admission).you

    def joined(self, admission: Admission) -> Joined:
        joined = self.room.join(admission, self.now)
        self.keep(joined.outcome)
        return joined

    def ask(self, peer: m.PeerId, request: Request) -> Outcome:
        return self.keep(self.room.handle(peer, request, self.now))

    def publish(self, peer: m.PeerId, *sources: m.Source) -> None:
        for source in sources:
            self.keep(self.room.on_track(peer, source, True, self.now))

    def subscribe(self, peer: m.PeerId, tiles: int = 3) -> dict[m.Slot, tuple[str, str] | None]:
        slots = self.room.media.check_subscribe(peer, m.Subscribe(1, tiles=tiles))
        return feeds_of(self.keep(self.room.media.on_subscribed(peer, slots)), peer)

    def after(self, seconds: float) -> Outcome:
        self.now += seconds
        return self.keep(self.room.on_timeout(self.now))

    def one(self, peer: m.PeerId) -> m.Participant:
        return next(one for one in self.room.state.participants if one.peer == peer)

    def replayed(self) -> m.Snapshot:
        return apply_all(initial(LESSON, DECK), self.events)


def feeds_of(outcome: Outcome, peer: m.PeerId) -> dict[m.Slot, tuple[str, str] | None]:
    """Return the slots of `peer` that an outcome feeds anew."""
    return {
        effect.slot: None if effect.from_peer is None or effect.source is None else (effect.from_peer, effect.source)
        for effect in outcome.effects
        if isinstance(effect, FeedSlot) and effect.peer == peer
    }


def link_told(effects: list[Effect], peer: m.PeerId) -> m.Link:
    """Return the link of `peer` as it is told to itself."""
    told = [one.message for one in effects if isinstance(one, Tell) and one.peer == peer]
    links = next(one for one in told if isinstance(one, m.Links)).links
    return next(one for one in links if one.peer == peer)
