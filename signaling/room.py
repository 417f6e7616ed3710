"""One live lesson: seats, the state that everyone shares, and the log of what changed it.

Theory of operation. The state is a `Snapshot`; nothing changes it but numbered events (`signaling.replica`), so every
copy of it is `snapshot + events` by construction. An input (a request, a socket's end, news of the media plane, a
timer) is decided into event bodies (`signaling.commands`, or here for seats and media), committed as events, and what
must happen outside follows from the events as effects (`signaling.effects`). A refusal is raised before anything is
committed. The room knows no socket and no clock: a socket is a number, `now` is monotonic seconds from the caller.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from signaling import meeting, messages as m, replica
from signaling.beside import control_wall
from signaling.board_desk import InkDesk
from signaling.board_frames import Frame
from signaling.board_requests import BoardCommand
from signaling.board_rules import cut_for_wire
from signaling.catch_up import relay
from signaling.class_list_rules import choose_pupil
from signaling.commands import PUBLISH_CAPABILITY, Command, call_on, check_publish, decide
from signaling.effects import (
    Dismiss,
    Effect,
    ForgetMedia,
    KeepPlayback,
    MuteSource,
    Outcome,
    Relay,
    StartRecording,
    StopRecording,
    SwitchSource,
    Tell,
    both,
)
from signaling.errors import Refused
from signaling.handover import Handover
from signaling.media_side import MediaSide
from signaling.playback import Playback
from signaling.private_line_rules import hang_up
from signaling.questions_rules import TALLY_S, stale_tallies
from signaling.roles import CAPABILITIES, Role, require
from signaling.seats import (
    ANSWERS_BURST,
    ANSWERS_PER_S,
    CHAT_BURST,
    CHAT_PER_S,
    RESUME_S,
    Admission,
    Seat,
    peer_id,
    resume_token,
)
from signaling.session import TokenBucket
from signaling.views import PUBLIC, Viewer, view_event, view_snapshot, viewer_of

# 60 classrooms with two teachers' phones each, and visitors; 200 hear an event within 40 ms (bench.events)
MAX_SEATS = 250
TAIL_EVENTS = 2000  # a whole lesson's events, as a rule; whoever missed more gets a snapshot
OVERTIME_S = 3600.0  # a lesson that overran its plan by so much may be one that nobody ended
UNATTENDED_S = 600.0  # then it ends when no lecturer was there for so long: a restart of a laptop is shorter
LONGEST_OVERTIME_S = 12 * 3600.0  # and in any case after this: a laptop that was left open teaches nobody
WELCOME_INK_CHARACTERS = 24_000  # of the shown surface in a welcome: 3 s of a 60 kbit/s link; more is asked for
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

Request = (
    Command
    | m.SetSource
    | m.LimitSlot
    | m.CatchUp
    | m.ControlWall
    | m.CallPupil
    | m.TakeOver
    | m.GiveBack
    | BoardCommand
    | m.AskBoard
)


class Joined(msgspec.Struct, frozen=True):
    """A socket has its seat: send `greeting`, `backlog`, `notices` and `ink`; the others get `outcome`."""

    you: m.PeerId
    socket: int
    greeting: m.Welcome | m.Resumed
    backlog: tuple[m.Event, ...]
    outcome: Outcome
    notices: tuple[m.Encodings, ...] = ()
    ink: tuple[bytes, ...] = ()  # what others are drawing just now


class Room:
    """A lesson's room. Methods return what happened; a `Refused` one has changed nothing."""

    def __init__(
        self, lesson: m.LessonInfo, deck: m.Deck | None, *, opened_at: float, now: float, rng: random.Random
    ) -> None:
        self.id = m.RoomId(lesson.id)
        self._state = replica.initial(lesson, deck)
        self._tail: deque[m.Event] = deque(maxlen=TAIL_EVENTS)
        self._seats: dict[m.PeerId, Seat] = {}
        self.media = MediaSide(self._seats, lambda: self._state, now)
        self._handover = Handover()
        self._chair = meeting.Chair()
        self.is_recorded = lesson.kind == "lesson"  # a meeting is once somebody has asked for it
        self._tally_due = now  # when answers are counted; infinite: all are
        self._ink = InkDesk()
        self._opened_at = opened_at
        self._attended = now  # when a lecturer was last here; while one is, older than that
        self._rng = rng
        self._sockets = 0

    @classmethod
    def restore(
        cls,
        lesson: m.LessonInfo,
        deck: m.Deck | None,
        events: Sequence[m.Event],
        *,
        opened_at: float,
        now: float,
        rng: random.Random,
        playback: tuple[Playback, ...] = (),
    ) -> tuple[Room, Outcome]:
        """Return the room as its log left it: every seat waits for its socket, no media flows.

        Raises:
            ValueError: `events` has a gap.
        """
        if events:
            lesson = replace(lesson, state="scheduled", started_t_ms=None, ended_t_ms=None)
        room = cls(lesson, deck, opened_at=opened_at, now=now, rng=rng)
        for event in events:
            room._ink.note(room._state, event.body)
            room._state = replica.apply(room._state, event)
            room.is_recorded |= isinstance(event.body, m.RecordingPaused) and not event.body.paused
        room._tail.extend(events)
        room.media.load(playback)
        bodies: list[m.EventBody] = []
        for one in room._state.participants:
            seat = room._seat_for(one.peer, one.role, now)
            seat.expires = now + RESUME_S
            bodies += room._unpublished(one)
            if one.online:
                bodies.append(m.OnlineChanged(one.peer, False))
        if room._state.recording:
            bodies.append(m.RecordingChanged(False))
        if room._state.deck != deck or room._state.page > (deck.pages if deck is not None else 1):
            bodies.append(m.DeckChanged(deck))  # it was changed while the room was closed
        return room, room._commit(bodies, now)

    # --- what it is

    @property
    def state(self) -> m.Snapshot:
        """The state after the last event."""
        return self._state

    @property
    def is_empty(self) -> bool:
        """Whether nobody holds a seat."""
        return not self._seats

    def t_ms(self, now: float) -> int:
        """Return milliseconds since the room was opened, never before the last event."""
        return max(self._state.t_ms, int((now - self._opened_at) * 1000))

    def snapshot(self, now: float) -> m.Snapshot:
        """Return the whole state, with the room's clock at `now`."""
        return replace(self._state, t_ms=self.t_ms(now))

    def viewer(self, peer: m.PeerId) -> Viewer:
        """Return how `peer` sees the lesson; who has no seat sees what everybody does."""
        one = replica.find(self._state, peer)
        return PUBLIC if one is None else viewer_of(one.role, one.classroom)

    # --- seats

    def join(self, admission: Admission, now: float) -> Joined:
        """Give a socket the seat of `admission`, a new one or its own again.

        Raises:
            Refused: `lesson_ended` or `room_full`.
        """
        if self._state.lesson.state == "ended":
            raise Refused("lesson_ended", "这节课已经结束。")
        peer = peer_id(self.id, admission)
        effects: list[Effect] = []
        before = replica.find(self._state, peer)
        if before is None:
            if len(self._seats) >= MAX_SEATS:
                raise Refused("room_full", "课堂已满，请稍后再试。")
            seat = self._seat_for(peer, admission.role, now)
            bodies: list[m.EventBody] = [m.ParticipantJoined(_participant(peer, admission))]
        else:
            effects += [*self._dismiss(peer, "replaced", "您已在另一个窗口进入这节课。"), ForgetMedia(peer)]
            bodies = [*self._ink_gone(peer, effects), *self._return_afresh(before, admission)]
            self.media.drop(peer)
            self.media.greet(peer)
            seat = self._seat_for(peer, admission.role, now)
        if admission.role is Role.LECTURER and self._state.lead is None:
            bodies.append(m.LeadChanged(peer))
        if meeting.is_meeting(self._state):
            bodies += meeting.sit_down(self._state, peer, admission.role)
        self._sockets += 1
        seat.socket, seat.expires = self._sockets, None
        self.media.seat(_participant(peer, admission), admission, now)
        outcome = self._commit(bodies, now, effects)
        ink = self._ink.open_frames(self._state, peer)
        return Joined(peer, seat.socket, self._welcome(seat, admission, now), (), outcome, ink=ink)

    def resume(self, token: str, last_seq: int, now: float, admission: Admission | None = None) -> Joined | None:
        """Give a socket the seat that `token` kept, with the events after `last_seq`; None: it must join.

        With an `admission` the seat must be that one's: a browser that changed its role begins anew.
        """
        seat = next((one for one in self._seats.values() if one.resume == token), None)
        oldest = self._tail[0].seq - 1 if self._tail else self._state.seq
        if seat is None or not oldest <= last_seq <= self._state.seq:
            return None
        if admission is not None and peer_id(self.id, admission) != seat.peer:
            return None
        effects = self._dismiss(seat.peer, "replaced", "连接已在别处恢复。")
        self.media.greet(seat.peer)
        was = replica.find(self._state, seat.peer)
        assert was is not None
        bodies = self._ink_gone(seat.peer, effects)
        bodies += [] if was.online else [m.OnlineChanged(seat.peer, True)]
        self._sockets += 1
        seat.socket, seat.expires = self._sockets, None
        outcome = self._commit(bodies, now, effects)
        viewer = viewer_of(was.role, was.classroom)
        backlog = tuple(view_event(event, viewer) for event in self._tail if event.seq > last_seq)
        greeting = m.Resumed(seat.peer, seat.resume, int(RESUME_S), self._state.seq)
        ink = self._ink.open_frames(self._state, seat.peer)
        return Joined(seat.peer, seat.socket, greeting, backlog, outcome, tuple(seat.encodings.values()), ink)

    def disconnect(self, peer: m.PeerId, socket: int, now: float) -> Outcome:
        """Take in that a socket is gone; the seat waits. A socket that was replaced changes nothing."""
        seat = self._seats.get(peer)
        if seat is None or seat.socket != socket:
            return Outcome()
        seat.socket, seat.expires = 0, now + RESUME_S
        effects: list[Effect] = []
        bodies = [*self._ink_gone(peer, effects), *hang_up(self._state, peer), m.OnlineChanged(peer, False)]
        return self._commit(bodies, now, effects)

    def leave(self, peer: m.PeerId, now: float) -> Outcome:
        """Give the seat of `peer` up."""
        if peer not in self._seats:
            return Outcome()
        effects: list[Effect] = []
        return self._commit([*self._ink_gone(peer, effects), *self._leaving([peer])], now, effects)

    # --- requests

    def handle(self, peer: m.PeerId, request: Request, now: float) -> Outcome:
        """Carry out a request of `peer`.

        Raises:
            Refused: see 'In a lesson' in docs/errors.md.
        """
        actor, seat = self._actor(peer)
        if isinstance(request, BoardCommand):
            return self._commit(self._ink.decide(self._state, actor, request), now)
        match request:
            case m.SetSource(source=source, active=active):
                return self._set_source(actor, seat, source, active, now)
            case m.LimitSlot(slot=slot, max_height=max_height):
                return Outcome((), tuple(self.media.limit_slot(peer, slot, max_height)))
            case m.CatchUp():
                return Outcome((), tuple(relay(self._state, actor, request)))
            case m.ControlWall():
                return Outcome((), tuple(control_wall(self._state, actor, request)))
            case m.CallPupil():
                return self._commit(self._call_pupil(actor, request), now)
            case m.TakeOver() | m.GiveBack():
                return self._commit(self._handover.decide(self._state, actor, request, now), now)
            case m.AskBoard():
                return Outcome((), (Tell(peer, self._ink.part(self._state, request)),))
        bodies = decide(self._state, actor, request, self.t_ms(now))
        if isinstance(request, m.Say) and not seat.chat.take(now):
            raise Refused("chat_too_fast", "发言太快，请稍等一下。")
        if isinstance(request, m.GiveAnswers | m.CountHands) and not seat.answers.take(now):
            raise Refused("answers_too_fast", "提交答案太快，请稍等一下。")
        if isinstance(request, m.SetMute):
            self._remember_mute(request.peer, request.source, request.muted)
        return self._commit(bodies, now)

    def on_ink(self, peer: m.PeerId, frame: Frame, now: float) -> Outcome:
        """Take in ink in flight of `peer`.

        Raises:
            ProtocolViolation: `message_malformed`.
            Refused: `seat_lost`.
        """
        actor, _ = self._actor(peer)
        drawn = self._ink.on_frame(self._state, actor, frame, now)
        effects: list[Effect] = [Relay(drawn.relay, peer)] if drawn.relay else []
        if drawn.refused is not None:
            effects.append(Tell(peer, drawn.refused))
        outcome = self._commit(drawn.bodies, now)
        return replace(outcome, effects=(*outcome.effects, *effects))

    def check_publish(self, peer: m.PeerId, sources: tuple[m.Source, ...]) -> None:
        """Pass when `peer` may publish `sources`.

        Raises:
            Refused: `not_allowed` or `source_repeated`.
        """
        check_publish(self._actor(peer)[0], sources)

    # --- news from outside

    def on_track(self, peer: m.PeerId, source: m.Source, active: bool, now: float) -> Outcome:
        """Take in that media of a source began or ended."""
        one, seat = replica.find(self._state, peer), self._seats.get(peer)
        if one is None or seat is None or (replica.source_of(one, source) is not None) is active:
            return Outcome()
        if not active:
            return self._commit([m.SourceUnpublished(peer, source)], now)
        bodies: list[m.EventBody] = [m.SourcePublished(peer, source)]
        if source in seat.muted:
            bodies.append(m.MuteChanged(peer, source, True, peer))
        return self._commit(bodies, now)

    def on_media_reset(self, now: float) -> Outcome:
        """Take in that the worker is gone with all connections: everyone makes them anew."""
        self.media.reset()
        bodies: list[m.EventBody] = []
        for one in self._state.participants:
            bodies += self._unpublished(one)
        online = [one.peer for one in self._state.participants if one.online]
        outcome = self._commit(bodies, now)
        return replace(outcome, effects=(*outcome.effects, *(Tell(peer, m.MediaReset()) for peer in online)))

    def set_recording(self, recording: bool, now: float) -> Outcome:
        """Take in that recording runs or stands still."""
        return self._commit([m.RecordingChanged(recording)] if self._state.recording is not recording else [], now)

    def set_deck(self, deck: m.Deck | None, now: float) -> Outcome:
        """Take in that the lesson has another deck."""
        return self._commit([m.DeckChanged(deck)] if self._state.deck != deck else [], now)

    def set_roster(self, roster: m.Roster, now: float) -> Outcome:
        """Take in who the pupils of a classroom are; as it is already: nothing happens."""
        known = next((one for one in self._state.rosters if one.classroom == roster.classroom), None)
        return self._commit([m.RosterSet(roster)] if (known or m.Roster(roster.classroom, ())) != roster else [], now)

    def set_clips(self, clips: tuple[m.Clip, ...], now: float) -> Outcome:
        """Take in which clips the lesson has; one that is shown goes on though it is not among them any more."""
        return self._commit([m.ClipsSet(clips)] if self._state.clips != clips else [], now)

    def set_segments(self, segments: tuple[m.Segment, ...], now: float) -> Outcome:
        """Take in the segments of the plan that the lesson is taught by; as they are already: nothing happens."""
        known = () if self._state.course is None else self._state.course.segments
        return self._commit([m.CourseSet(segments)] if known != segments else [], now)

    def end(self, now: float) -> Outcome:
        """End a live lesson from outside; another is left as it is."""
        return self._commit([m.LessonEnded()] if self._state.lesson.state == "live" else [], now)

    def next_timeout(self) -> float:
        """Return when `on_timeout` has something to do."""
        waiting = [seat.expires for seat in self._seats.values() if seat.expires is not None]
        ink = self._ink.next_timeout()
        waiting += [] if ink is None else [ink]
        return min([self.media.next_timeout(), self._handover.next_timeout(), self._tally_due, *waiting])

    def on_timeout(self, now: float) -> Outcome:
        """Give up seats whose time is over, end a lesson that nobody ends, and tell links."""
        over = [seat.peer for seat in self._seats.values() if seat.expires is not None and seat.expires <= now]
        bodies = self._leaving(over)
        bodies += self._ink.on_timeout(self._state, now)
        if self._is_abandoned(now):
            bodies.append(m.LessonEnded())
        if self._tally_due <= now:
            self._tally_due = math.inf
            bodies += stale_tallies(self._state)
        outcome = self._commit(bodies, now)
        if meeting.is_meeting(self._state):
            outcome = both(outcome, self._commit(self._chair.on_time(self._state, now), now))
        outcome = both(outcome, self._commit(self._handover.on_time(self._state, self.media.is_reachable, now), now))
        played = self.media.poll_played(now)
        kept = (KeepPlayback(played),) if played else ()
        return replace(outcome, effects=(*outcome.effects, *kept, *self.media.on_timeout(now)))

    # --- inside

    def _actor(self, peer: m.PeerId) -> tuple[m.Participant, Seat]:
        actor, seat = replica.find(self._state, peer), self._seats.get(peer)
        if actor is None or seat is None:
            raise Refused("seat_lost", "您已离开这节课，请重新进入。")
        return actor, seat

    def _call_pupil(self, actor: m.Participant, request: m.CallPupil) -> list[m.EventBody]:
        """Call on the pupil, and on the pupil's classroom unless it is called on already."""
        called = choose_pupil(self._state, actor, request, self._rng)
        rooms = (one for one in self._state.participants if one.role is Role.CLASSROOM)
        room = next((one.peer for one in rooms if one.classroom == called.classroom and one.online), None)
        calls = call_on(self._state, actor, room) if room is not None else ()
        return [*calls, m.PupilCalled(called)]

    def _ink_gone(self, peer: m.PeerId, effects: list[Effect]) -> list[m.EventBody]:
        """Return what becomes of the ink of a socket that is gone; the others are told by `effects`."""
        gone = self._ink.on_gone(self._state, peer)
        if gone.relay:
            effects.append(Relay(gone.relay, peer))
        return list(gone.bodies)

    def _is_attended(self) -> bool:
        if meeting.is_meeting(self._state):
            return meeting.is_attended(self._state)
        return any(one.role is Role.LECTURER and one.online for one in self._state.participants)

    def _is_abandoned(self, now: float) -> bool:
        """Return whether class should have ended long ago, so that its recording does not run forever."""
        lesson = self._state.lesson
        if lesson.state != "live" or lesson.started_t_ms is None:
            return False
        overtime_s = (self.t_ms(now) - lesson.started_t_ms) / 1000 - lesson.planned_minutes * 60
        is_unattended = not self._is_attended() and now - self._attended >= UNATTENDED_S
        if meeting.is_meeting(self._state):
            return overtime_s >= meeting.OVERTIME_S or (overtime_s >= 0 and is_unattended)
        return overtime_s >= LONGEST_OVERTIME_S or (overtime_s >= OVERTIME_S and is_unattended)

    def _seat_for(self, peer: m.PeerId, role: Role, now: float) -> Seat:
        """Make the seat of `peer` anew: with a new resume token, so that a replaced window cannot take it back."""
        muted: set[m.Source] = {"mic"} if role is Role.CLASSROOM and self._state.called_on != peer else set()
        token = resume_token(self.id, self._rng)
        chat, answers = TokenBucket(CHAT_BURST, CHAT_PER_S, now), TokenBucket(ANSWERS_BURST, ANSWERS_PER_S, now)
        self._seats[peer] = Seat(peer, token, chat, answers, muted=muted)
        return self._seats[peer]

    def _return_afresh(self, before: m.Participant, admission: Admission) -> list[m.EventBody]:
        after = replace(_participant(before.peer, admission), hand=before.hand, hand_for=before.hand_for)
        if replace(before, online=True, sources=()) != after:
            return [*self._unpublished(before), m.ParticipantJoined(after)]
        return [*self._unpublished(before), *([] if before.online else [m.OnlineChanged(before.peer, True)])]

    def _unpublished(self, one: m.Participant) -> list[m.EventBody]:
        return [m.SourceUnpublished(one.peer, info.source) for info in one.sources]

    def _dismiss(self, peer: m.PeerId, code: str, detail: str) -> list[Effect]:
        seat = self._seats.get(peer)
        return [Dismiss(peer, seat.socket, code, detail)] if seat is not None and seat.socket else []

    def _welcome(self, seat: Seat, admission: Admission, now: float) -> m.Welcome:
        role = admission.role
        granted = tuple(sorted(capability.value for capability in CAPABILITIES[role]))
        seen = view_snapshot(self.snapshot(now), viewer_of(role, admission.classroom))
        sent = cut_for_wire(seen, WELCOME_INK_CHARACTERS)
        return m.Welcome(seat.peer, role, granted, seat.resume, int(RESUME_S), sent)

    def _leaving(self, peers: Sequence[m.PeerId]) -> list[m.EventBody]:
        bodies: list[m.EventBody] = []
        if self._state.called_on in peers:
            bodies.append(m.CalledOn(None))
        if self._state.lead in peers:
            bodies.append(m.LeadChanged(self._heir(peers)))
        if self._state.acting in peers:
            bodies.append(m.ActingChanged(None))
        for peer in peers:
            bodies += hang_up(self._state, peer)
        return bodies + [m.ParticipantLeft(peer) for peer in peers]

    def _heir(self, leaving: Sequence[m.PeerId]) -> m.PeerId | None:
        if meeting.is_meeting(self._state):
            return meeting.heir(self._state, leaving)
        heirs = [one.peer for one in self._state.participants if one.role is Role.LECTURER and one.online]
        return next((peer for peer in heirs if peer not in leaving), None)

    def _set_source(self, actor: m.Participant, seat: Seat, source: m.Source, active: bool, now: float) -> Outcome:
        require(actor.role, PUBLISH_CAPABILITY[source])
        if source == "screen" and active and meeting.is_meeting(self._state):
            meeting.require_free_screen(self._state, actor)
        (seat.sending.add if active else seat.sending.discard)(source)
        effects: list[Effect] = [SwitchSource(actor.peer, source, active)]
        if not active and replica.source_of(actor, source) is not None:
            return self._commit([m.SourceUnpublished(actor.peer, source)], now, effects)
        return Outcome((), tuple(effects))

    def _remember_mute(self, peer: m.PeerId, source: m.Source, muted: bool) -> None:
        seat = self._seats.get(peer)
        if seat is not None:
            (seat.muted.add if muted else seat.muted.discard)(source)

    def _commit(self, bodies: Iterable[m.EventBody], now: float, effects: Sequence[Effect] = ()) -> Outcome:
        """Apply `bodies` as numbered events; return them with what follows from them."""
        if self._is_attended():
            self._attended = now
        t_ms = self.t_ms(now)
        events: list[m.Event] = []
        following = list(effects)
        for body in bodies:
            called_before = self._state.called_on
            event = m.Event(self._state.seq + 1, t_ms, body)
            self._ink.note(self._state, body)
            self._state = replica.apply(self._state, event)
            self._tail.append(event)
            events.append(event)
            following += self._follow(body, called_before)
        if any(isinstance(event.body, UNCOUNTED) for event in events):
            self._tally_due = min(self._tally_due, now + TALLY_S)
        if any(isinstance(event.body, REWIRING) for event in events):
            following += self.media.refill()
        return Outcome(tuple(events), tuple(following))

    def _follow(self, body: m.EventBody, called_before: m.PeerId | None) -> list[Effect]:
        """Keep the private side in step with an event; return what must happen outside."""
        match body:
            case m.MuteChanged(peer=peer, source=source, muted=muted):
                self._remember_mute(peer, source, muted)
                self.media.note_mic(peer)
                return [MuteSource(peer, source, muted)]
            case m.SourcePublished(peer=peer) | m.SourceUnpublished(peer=peer):
                self.media.note_mic(peer)
            case m.CalledOn(peer=called):
                if called_before is not None:
                    self._remember_mute(called_before, "mic", True)
                if called is not None:
                    self._remember_mute(called, "mic", False)
            case m.ParticipantLeft(peer=peer):
                effects = self._dismiss(peer, "left", "您已离开这节课。")
                self._seats.pop(peer, None)
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


def _participant(peer: m.PeerId, admission: Admission) -> m.Participant:
    return m.Participant(peer, admission.role, admission.name, admission.school, admission.classroom)
