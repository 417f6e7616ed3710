"""The summary picture of a lesson: who talked for how long, what was asked, how long was waited. Pure.

It is computed from the talk at each recorded microphone (`recorder/voices.py`) and the lesson's log, both on the clock
of the finished files, and from nothing else: the same inputs give the same picture. A lecturer's microphone is the main
room, a classroom's the room at the far end; who of a room speaks is not known, so the pupils of the main room count
with their teacher, and a local teacher with the pupils. What overlaps counts for each and stands as `together_ms`.

Waiting is measured in two ways. After a call or a question that the log tells, until somebody at the far end is heard
or answers by card: from the end of the lecturer's words when these go on. And between any words of the main room and
the next of a far room, however it came (`reply`), which tells of questions that only were spoken.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, Literal, NamedTuple

import msgspec

from recorder.voices import Voices

LONGEST_WAIT_MS = 60_000  # who says nothing for so long was not waited for
LONGEST_REPLY_MS = 15_000  # later words are a new beginning, not a reply
BIN_MS = 60_000  # of the strip

Spans = Sequence[tuple[int, int]]
Prompted = Literal["call", "question"]


class LoggedEvent(NamedTuple):
    """An event of the lesson's public log."""

    t_ms: int
    body: Mapping[str, Any]


class RoomTalk(msgspec.Struct, frozen=True):
    """One microphone."""

    name: str
    school: str
    is_main: bool
    talk_ms: int
    turns: int  # how often somebody there began to speak
    hands: int  # how often it raised its hand
    called: int  # how often it was called on


class Wait(msgspec.Struct, frozen=True):
    """What came after a call or a question."""

    at_ms: int
    what: Prompted
    wait_ms: int | None  # None: nobody was heard within a minute


class Minute(msgspec.Struct, frozen=True):
    """A piece of the strip."""

    start_ms: int
    main_ms: int
    remote_ms: int


class Picture(msgspec.Struct, frozen=True):
    """The summary picture."""

    duration_ms: int
    main_ms: int  # somebody in the main room talked
    remote_ms: int  # somebody at the far end talked
    together_ms: int
    quiet_ms: int
    rooms: tuple[RoomTalk, ...]
    questions: int  # that were put to all by the lesson's own means
    calls: int
    hands: int
    waits: tuple[Wait, ...]
    wait_ms: int | None  # the median of those that were answered
    unanswered: int
    replies: int
    reply_ms: int | None  # the median
    minutes: tuple[Minute, ...]


def picture_of(voices: Voices, events: Sequence[LoggedEvent]) -> Picture:
    """Return the picture of a lesson."""
    end = voices.duration_ms
    main = merged(span for one in voices.voices if one.role == "lecturer" for span in one.talk)
    remote = merged(span for one in voices.voices if one.role != "lecturer" for span in one.talk)
    together = shared_ms(main, remote)
    events = [one for one in events if 0 <= one.t_ms <= end]
    calls, hands = _peers(events, "called_on"), _peers(events, "hand_changed")
    waits = tuple(_waits(events, voices, main, remote))
    answered = [one.wait_ms for one in waits if one.wait_ms is not None]
    replies = list(_replies(main, remote))
    return Picture(
        duration_ms=end,
        main_ms=total_ms(main),
        remote_ms=total_ms(remote),
        together_ms=together,
        quiet_ms=end - total_ms(main) - total_ms(remote) + together,
        rooms=tuple(
            RoomTalk(
                one.name, one.school, one.role == "lecturer", total_ms(one.talk), len(one.talk),
                hands.count(one.peer), calls.count(one.peer),
            )
            for one in sorted(voices.voices, key=lambda one: (one.role != "lecturer", one.school, one.name))
        ),
        questions=sum(one.body.get("kind") == "question_asked" for one in events),
        calls=len(calls),
        hands=len(hands),
        waits=waits,
        wait_ms=round(median(answered)) if answered else None,
        unanswered=len(waits) - len(answered),
        replies=len(replies),
        reply_ms=round(median(replies)) if replies else None,
        minutes=tuple(
            Minute(start, within_ms(main, start, start + BIN_MS), within_ms(remote, start, start + BIN_MS))
            for start in range(0, end, BIN_MS)
        ),
    )  # fmt: skip


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the union of spans, in order and apart."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def total_ms(spans: Spans) -> int:
    """Return how long spans are, together."""
    return sum(end - start for start, end in spans)


def within_ms(spans: Spans, start_ms: int, end_ms: int) -> int:
    """Return how much of spans lies within a stretch."""
    return sum(max(0, min(end, end_ms) - max(start, start_ms)) for start, end in spans)


def shared_ms(some: Spans, others: Spans) -> int:
    """Return how long both go on."""
    return sum(within_ms(others, start, end) for start, end in some)


def _peers(events: Sequence[LoggedEvent], kind: str) -> list[str]:
    """Return which peers were called on, or raised their hands, one entry each time."""
    bodies = (one.body for one in events if one.body.get("kind") == kind)
    return [str(body["peer"]) for body in bodies if body.get("peer") and body.get("hand", True)]


def _waits(events: Sequence[LoggedEvent], voices: Voices, main: Spans, remote: Spans) -> Iterable[Wait]:
    talk = {one.peer: one.talk for one in voices.voices}
    for place, (t_ms, body) in enumerate(events):
        if body.get("kind") == "called_on" and body.get("peer"):
            yield Wait(t_ms, "call", _wait(t_ms, main, talk.get(str(body["peer"]), ())))
        elif body.get("kind") == "question_asked":
            heard = _wait(t_ms, main, remote)
            given = _card_ms(events[place + 1 :], body, t_ms)
            known = [ms for ms in (heard, given) if ms is not None]
            yield Wait(t_ms, "question", min(known) if known else None)


def _wait(t_ms: int, main: Spans, answers: Spans) -> int | None:
    """Return how long was waited for the first of `answers` after `t_ms`; 0: it had begun, or came into the words."""
    place = bisect_right([end for _, end in answers], t_ms)
    if place == len(answers):
        return None
    start = max(answers[place][0], t_ms)
    before = [end for begin, end in main if begin < start and end > t_ms]
    wait = max(0, start - max([t_ms, *before]))
    return wait if wait <= LONGEST_WAIT_MS else None


def _card_ms(later: Sequence[LoggedEvent], asked: Mapping[str, Any], t_ms: int) -> int | None:
    """Return when the first answer by card or phone to a question was counted."""
    question = asked.get("question") or {}
    for at_ms, body in later:
        if at_ms - t_ms > LONGEST_WAIT_MS:
            return None
        is_count = body.get("kind") == "tally_changed" and body.get("question") == question.get("id")
        if is_count and any(one.get("answered") for one in body.get("tallies") or ()):
            return at_ms - t_ms
    return None


def _replies(main: Spans, remote: Spans) -> Iterable[int]:
    """Yield how long after words of the main room a far room began to speak, each time it was the next to speak."""
    starts, ends = [start for start, _ in main], [end for _, end in main]
    spoke_until = -1
    for start, end in remote:
        before = bisect_left(starts, start) - 1
        if before >= 0 and ends[before] > spoke_until:
            wait = max(0, start - ends[before])
            if wait <= LONGEST_REPLY_MS:
                yield wait
        spoke_until = end
