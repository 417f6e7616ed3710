"""One live lesson: who may ask what of the state that everyone shares (`signaling.state_log`).

Theory of operation. The state is a `Snapshot`; nothing changes it but numbered events (`signaling.replica`), so every
copy of it is `snapshot + events` by construction. An input (a request, a socket's end, news of the media plane, a
timer) is decided into event bodies (`signaling.commands`, `signaling.seating`, or here for media), committed as
events, and what must happen outside follows from the events as effects (`signaling.effects`). A refusal is raised
before anything is committed. The room knows no socket and no clock: a socket is a number, `now` is monotonic seconds
from the caller.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from signaling import meeting, messages as m, replica, seating
from signaling.beside import control_wall
from signaling.board_frames import Frame
from signaling.board_requests import BoardCommand
from signaling.catch_up import relay
from signaling.class_list_rules import choose_pupil
from signaling.commands import PUBLISH_CAPABILITY, Command, call_on, check_publish, decide
from signaling.effects import (
    Effect,
    ForgetMedia,
    KeepPlayback,
    Outcome,
    Relay,
    SwitchSource,
    Tell,
    both,
)
from signaling.errors import Refused
from signaling.handover import Handover
from signaling.playback import Playback
from signaling.private_line_rules import hang_up
from signaling.roles import Role, require
from signaling.seats import (
    RESUME_S,
    Admission,
    Seat,
    peer_id,
)
from signaling.state_log import StateLog
from signaling.views import PUBLIC, Viewer, view_event, viewer_of

# 60 classrooms with two teachers' phones each, and visitors; 200 hear an event within 40 ms (bench.events)
MAX_SEATS = 250

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
        self._log = StateLog(replica.initial(lesson, deck), opened_at=opened_at, now=now)
        self._commit = self._log.commit
        self._seats, self._ink = self._log.seats, self._log.ink
        self.media = self._log.media
        self._handover = Handover()
        self._chair = meeting.Chair()
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
        room._log.load(events)
        room.media.load(playback)
        bodies: list[m.EventBody] = []
        for one in room._state.participants:
            seat = room._take_seat(one.peer, one.role, now)
            seat.expires = now + RESUME_S
            bodies += seating.unpublished(one)
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
        return self._log.state

    @property
    def is_recorded(self) -> bool:
        """Whether recording was asked for; a lesson's always is."""
        return self._log.is_recorded

    @property
    def is_empty(self) -> bool:
        """Whether nobody holds a seat."""
        return not self._seats

    def t_ms(self, now: float) -> int:
        """Return milliseconds since the room was opened, never before the last event."""
        return self._log.t_ms(now)

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
            seat = self._take_seat(peer, admission.role, now)
            bodies: list[m.EventBody] = [m.ParticipantJoined(seating.participant(peer, admission))]
        else:
            effects += [*self._log.dismiss(peer, "replaced", "您已在另一个窗口进入这节课。"), ForgetMedia(peer)]
            bodies = [*self._ink_gone(peer, effects), *seating.return_afresh(before, admission)]
            self.media.drop(peer)
            self.media.greet(peer)
            seat = self._take_seat(peer, admission.role, now)
        if admission.role is Role.LECTURER and self._state.lead is None:
            bodies.append(m.LeadChanged(peer))
        if meeting.is_meeting(self._state):
            bodies += meeting.sit_down(self._state, peer, admission.role)
        self._sockets += 1
        seat.socket, seat.expires = self._sockets, None
        self.media.seat(seating.participant(peer, admission), admission, now)
        outcome = self._commit(bodies, now, effects)
        ink = self._ink.open_frames(self._state, peer)
        return Joined(peer, seat.socket, seating.welcome(self.snapshot(now), seat, admission), (), outcome, ink=ink)

    def resume(self, token: str, last_seq: int, now: float, admission: Admission | None = None) -> Joined | None:
        """Give a socket the seat that `token` kept, with the events after `last_seq`; None: it must join.

        With an `admission` the seat must be that one's: a browser that changed its role begins anew.
        """
        seat = next((one for one in self._seats.values() if one.resume == token), None)
        if seat is None or not self._log.reaches(last_seq):
            return None
        if admission is not None and peer_id(self.id, admission) != seat.peer:
            return None
        effects = self._log.dismiss(seat.peer, "replaced", "连接已在别处恢复。")
        self.media.greet(seat.peer)
        was = replica.find(self._state, seat.peer)
        assert was is not None
        bodies = self._ink_gone(seat.peer, effects)
        bodies += [] if was.online else [m.OnlineChanged(seat.peer, True)]
        self._sockets += 1
        seat.socket, seat.expires = self._sockets, None
        outcome = self._commit(bodies, now, effects)
        viewer = viewer_of(was.role, was.classroom)
        backlog = tuple(view_event(event, viewer) for event in self._log.tail if event.seq > last_seq)
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
        return self._commit([*self._ink_gone(peer, effects), *seating.leaving(self._state, [peer])], now, effects)

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
            self._log.remember_mute(request.peer, request.source, request.muted)
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
            bodies += seating.unpublished(one)
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
        return min([self.media.next_timeout(), self._handover.next_timeout(), self._log.tally_due, *waiting])

    def on_timeout(self, now: float) -> Outcome:
        """Give up seats whose time is over, end a lesson that nobody ends, and tell links."""
        over = [seat.peer for seat in self._seats.values() if seat.expires is not None and seat.expires <= now]
        bodies = seating.leaving(self._state, over)
        bodies += self._ink.on_timeout(self._state, now)
        if self._log.attendance.is_abandoned(self._state, self.t_ms(now), now):
            bodies.append(m.LessonEnded())
        bodies += self._log.count(now)
        outcome = self._commit(bodies, now)
        if meeting.is_meeting(self._state):
            outcome = both(outcome, self._commit(self._chair.on_time(self._state, now), now))
        outcome = both(outcome, self._commit(self._handover.on_time(self._state, self.media.is_reachable, now), now))
        played = self.media.poll_played(now)
        kept = (KeepPlayback(played),) if played else ()
        return replace(outcome, effects=(*outcome.effects, *kept, *self.media.on_timeout(now)))

    # --- inside

    @property
    def _state(self) -> m.Snapshot:
        return self._log.state

    def _take_seat(self, peer: m.PeerId, role: Role, now: float) -> Seat:
        self._seats[peer] = seating.new_seat(self._state, peer, role, now, self._rng)
        return self._seats[peer]

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

    def _set_source(self, actor: m.Participant, seat: Seat, source: m.Source, active: bool, now: float) -> Outcome:
        require(actor.role, PUBLISH_CAPABILITY[source])
        if source == "screen" and active and meeting.is_meeting(self._state):
            meeting.require_free_screen(self._state, actor)
        (seat.sending.add if active else seat.sending.discard)(source)
        effects: list[Effect] = [SwitchSource(actor.peer, source, active)]
        if not active and replica.source_of(actor, source) is not None:
            return self._commit([m.SourceUnpublished(actor.peer, source)], now, effects)
        return Outcome((), tuple(effects))
