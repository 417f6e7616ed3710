"""The state of a lesson with the events that changed it, and what is private to the room kept in step with them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence

from signaling import messages as m, replica
from signaling.attendance import Attendance
from signaling.board_desk import InkDesk
from signaling.effects import (
    Dismiss,
    Effect,
    ForgetMedia,
    MuteSource,
    Outcome,
    StartRecording,
    StopRecording,
)
from signaling.media_side import MediaSide
from signaling.questions_rules import TALLY_S, stale_tallies
from signaling.seats import Seat

TAIL_EVENTS = 2000  # a whole lesson's events, as a rule; whoever missed more gets a snapshot
REWIRING = (
    m.ParticipantLeft,
    m.SourcePublished,
    m.SourceUnpublished,
    m.MuteChanged,
    m.CalledOn,
    m.LeadChanged,
    m.VoiceLineChanged,
)
# Tallies follow these a moment later, many in one event.
UNCOUNTED = (m.AnswersGiven, m.AnswerRevealed, m.RosterSet, m.AttendanceSet)


class StateLog:
    """Commits events, and is the only writer of `state`."""

    def __init__(self, state: m.Snapshot, *, opened_at: float, now: float) -> None:
        self.state = state
        self.tail: deque[m.Event] = deque(maxlen=TAIL_EVENTS)
        self.seats: dict[m.PeerId, Seat] = {}
        self.media = MediaSide(self.seats, lambda: self.state, now)
        self.ink = InkDesk()
        self.attendance = Attendance(now)
        self.is_recorded = state.lesson.kind == "lesson"  # a meeting is once somebody has asked for it
        self.tally_due = now  # when answers are counted; infinite: all are
        self._opened_at = opened_at

    def t_ms(self, now: float) -> int:
        """Return milliseconds since the room was opened, never before the last event."""
        return max(self.state.t_ms, int((now - self._opened_at) * 1000))

    def load(self, events: Sequence[m.Event]) -> None:
        """Apply the log of before, without what followed from it then.

        Raises:
            ValueError: `events` has a gap.
        """
        for event in events:
            self.ink.note(self.state, event.body)
            self.state = replica.apply(self.state, event)
            self.is_recorded |= isinstance(event.body, m.RecordingPaused) and not event.body.paused
        self.tail.extend(events)

    def reaches(self, last_seq: int) -> bool:
        """Return whether all events after `last_seq` are still here."""
        oldest = self.tail[0].seq - 1 if self.tail else self.state.seq
        return oldest <= last_seq <= self.state.seq

    def commit(self, bodies: Iterable[m.EventBody], now: float, effects: Sequence[Effect] = ()) -> Outcome:
        """Apply `bodies` as numbered events; return them with what follows from them."""
        self.attendance.note(self.state, now)
        t_ms = self.t_ms(now)
        events: list[m.Event] = []
        following = list(effects)
        for body in bodies:
            called_before = self.state.called_on
            event = m.Event(self.state.seq + 1, t_ms, body)
            self.ink.note(self.state, body)
            self.state = replica.apply(self.state, event)
            self.tail.append(event)
            events.append(event)
            following += self._follow(body, called_before)
        if any(isinstance(event.body, UNCOUNTED) for event in events):
            self.tally_due = min(self.tally_due, now + TALLY_S)
        if any(isinstance(event.body, REWIRING) for event in events):
            following += self.media.refill()
        return Outcome(tuple(events), tuple(following))

    def count(self, now: float) -> list[m.EventBody]:
        """Return the tallies that are due, and count no more until there is something to count."""
        if self.tally_due > now:
            return []
        self.tally_due = math.inf
        return list(stale_tallies(self.state))

    def dismiss(self, peer: m.PeerId, code: str, detail: str) -> list[Effect]:
        """Return what closes the socket of a seat, when it has one."""
        seat = self.seats.get(peer)
        return [Dismiss(peer, seat.socket, code, detail)] if seat is not None and seat.socket else []

    def remember_mute(self, peer: m.PeerId, source: m.Source, muted: bool) -> None:
        """Keep with the seat what is muted, also while the source is not sent."""
        seat = self.seats.get(peer)
        if seat is not None:
            (seat.muted.add if muted else seat.muted.discard)(source)

    def _follow(self, body: m.EventBody, called_before: m.PeerId | None) -> list[Effect]:
        """Keep the private side in step with an event; return what must happen outside."""
        match body:
            case m.MuteChanged(peer=peer, source=source, muted=muted):
                self.remember_mute(peer, source, muted)
                self.media.note_mic(peer)
                return [MuteSource(peer, source, muted)]
            case m.SourcePublished(peer=peer) | m.SourceUnpublished(peer=peer):
                self.media.note_mic(peer)
            case m.CalledOn(peer=called):
                if called_before is not None:
                    self.remember_mute(called_before, "mic", True)
                if called is not None:
                    self.remember_mute(called, "mic", False)
            case m.ParticipantLeft(peer=peer):
                effects = self.dismiss(peer, "left", "您已离开这节课。")
                self.seats.pop(peer, None)
                self.media.forget(peer)
                return [*effects, ForgetMedia(peer)]
            case m.PhaseChanged():
                return self.media.rest()
            case m.LessonStarted() if self.is_recorded:
                return [StartRecording()]
            case m.RecordingPaused(paused=False) if not self.is_recorded:
                self.is_recorded = True
                return [StartRecording()]
            case m.LessonEnded():
                return [StopRecording()]
            case _:
                pass
        return []
