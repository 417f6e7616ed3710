"""The media side of a room: who sends, who receives what, what each link may carry, and what it has cost.

It reads the room's state and changes none of it: everything here is answered by effects and notices alone. Media that
begins or ends is an event, and so the room's own (`signaling.room`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from signaling import messages as m
from signaling.data_caps import DataCap, DataCaps
from signaling.effects import Effect, ForgetMedia, LimitLink, MuteSource, Outcome, Tell
from signaling.errors import Refused
from signaling.links import Reception
from signaling.meeting import is_meeting
from signaling.playback import Playback, PlaybackBook
from signaling.receivers import Receivers
from signaling.replica import find, source_of
from signaling.roles import Capability, Role, require
from signaling.seats import Admission, Seat


class MediaSide:
    """Connections, links, data caps and playback of a room's seats.

    Args:
        seats: the room's seats, by peer; the room's own dict.
        state: returns the room's present state.
        now: monotonic seconds.
    """

    def __init__(self, seats: Mapping[m.PeerId, Seat], state: Callable[[], m.Snapshot], now: float) -> None:
        self._seats = seats
        self._state = state
        self._receivers = Receivers(now)
        self._playback = PlaybackBook(now)
        self._caps = DataCaps()
        self._opened_mics: list[m.PeerId] = []

    # --- seats come and go

    def load(self, playback: tuple[Playback, ...]) -> None:
        """Take in how the lesson played before the room was restored."""
        self._playback.load(playback)

    def seat(self, one: m.Participant, admission: Admission, now: float) -> None:
        """Take in that a seat was taken, or taken again."""
        self._caps.seat(one.peer, admission.school_id)
        self._playback.open(one, admission.school_id, now)

    def greet(self, peer: m.PeerId) -> None:
        """Tell everything anew to a socket that has just come."""
        self._receivers.greet(peer)

    def drop(self, peer: m.PeerId) -> None:
        """Take in that the connections of `peer` are closed; the seat stays."""
        self._receivers.forget(peer)

    def forget(self, peer: m.PeerId) -> None:
        """Take in that the seat is gone."""
        self._receivers.forget(peer)
        self._caps.forget(peer)
        self.note_mic(peer)

    def reset(self) -> None:
        """Take in that the worker is gone with all connections."""
        self._receivers.forget_all()
        for seat in self._seats.values():
            seat.encodings.clear()

    # --- connections

    @property
    def playback(self) -> tuple[Playback, ...]:
        """How the lesson played at each seat so far."""
        return self._playback.all()

    @property
    def links(self) -> m.Links:
        """All links that are known."""
        return self._receivers.links

    def on_published(self, peer: m.PeerId, sources: tuple[m.Source, ...]) -> Outcome:
        """Take in that the worker accepted the sending connection: mute from the first packet what shall be muted."""
        seat = self._seats.get(peer)
        if seat is None:
            return Outcome()
        seat.sending = set(sources)
        return Outcome((), tuple(MuteSource(peer, source, True) for source in sorted(seat.muted)))

    def check_subscribe(self, peer: m.PeerId, request: m.Subscribe) -> tuple[m.Slot, ...]:
        """Return the slots that `peer` asks for.

        Raises:
            Refused: `seat_lost`, `not_allowed`, `tiles_invalid`, or `not_subscribed` when there is nothing to restart.
        """
        one = find(self._state(), peer)
        if one is None or peer not in self._seats:
            raise Refused("seat_lost", "您已离开这节课，请重新进入。")
        require(one.role, Capability.WATCH)
        slots = self._receivers.slots_for(request.tiles, request.video)
        if request.restart and not self._receivers.has(peer):
            raise Refused("not_subscribed", "还没有建立接收连接。")
        return slots

    def on_subscribed(self, peer: m.PeerId, slots: tuple[m.Slot, ...]) -> Outcome:
        """Take in that the worker made the receiving connection: its slots are filled at once."""
        if peer not in self._seats:
            return Outcome((), (ForgetMedia(peer),))
        filled = self._receivers.subscribe(self._state(), peer, slots, self._opened_mics)
        return Outcome((), (self.limit(peer), *filled))

    def on_path(
        self,
        peer: m.PeerId,
        side: Literal["publish", "subscribe"],
        state: Literal["connected", "suspect", "lost", "closed"],
    ) -> Outcome:
        """Take in how a connection of `peer` is: a lost one is asked to restart ICE, a closed one to begin anew."""
        seat = self._seats.get(peer)
        if seat is None or state == "suspect":
            return Outcome()
        if side == "subscribe":
            self._receivers.on_path(peer, state != "connected")
            is_wanted = self._receivers.has(peer)
        else:
            is_wanted = bool(seat.sending)
        if not is_wanted or state == "connected":
            return Outcome()
        notice = m.RestartIce(side) if state == "lost" else m.MediaReset()
        return Outcome((), (Tell(peer, notice),))

    def on_voice(self, peer: m.PeerId) -> Outcome:
        """Take in that `peer` speaks: in a meeting, who spoke last is heard and seen first."""
        if not is_meeting(self._state()) or peer not in self._opened_mics or self._opened_mics[0] == peer:
            return Outcome()
        self._opened_mics.remove(peer)
        self._opened_mics.insert(0, peer)
        return Outcome((), tuple(self.refill()))

    def on_encodings_wanted(self, peer: m.PeerId, source: m.Source, rids: tuple[str, ...]) -> Outcome:
        """Take in which layers of a source of `peer` somebody takes."""
        seat = self._seats.get(peer)
        if seat is None:
            return Outcome()
        seat.encodings[source] = m.Encodings(source, rids)
        return Outcome((), (Tell(peer, seat.encodings[source]),))

    def on_reception(self, peer: m.PeerId, report: Reception) -> Outcome:
        """Take in the media plane's report of `peer`."""
        if peer not in self._seats:
            return Outcome()
        cap = self._caps.of(peer)
        report = replace(report, estimate_bps=cap.most_of(report.estimate_bps))
        rung, effects = self._receivers.on_reception(self._state(), peer, report)
        counts, limited = self._state().lesson.state == "live", not cap.is_open
        total = self._playback.on_reception(peer, report.sent_bytes, rung, counts=counts, limited=limited)
        self._receivers.on_bill(peer, total, limited=limited)
        return Outcome((), tuple(effects))

    def on_playback(self, peer: m.PeerId, report: m.ReportPlayback, now: float) -> None:
        """Take in how the lesson plays at `peer`.

        Raises:
            ProtocolViolation: `message_malformed`.
        """
        self._playback.on_report(peer, report, now, counts=self._state().lesson.state != "scheduled")
        if peer in self._seats:
            self._receivers.on_way(peer, report.path)

    def on_download(self, peers: Sequence[m.PeerId], size_bytes: int) -> None:
        """Take in that whoever holds one of these seats fetched something over HTTP."""
        here = next((peer for peer in peers if peer in self._seats), None)
        if here is not None:
            self._playback.on_download(here, size_bytes)

    def set_cap(self, school_id: str, cap: DataCap) -> Outcome:
        """Change the data cap of a school: it holds at once for all its seats that receive."""
        held = [peer for peer in self._caps.set(school_id, cap) if self._receivers.has(peer)]
        return Outcome((), tuple(self.limit(peer) for peer in held))

    def cap_of(self, peer: m.PeerId) -> DataCap:
        """Return the data cap that holds for a seat."""
        return self._caps.of(peer)

    def seats_of(self, school_id: str) -> list[m.PeerId]:
        """Return the seats of a school."""
        return self._caps.seats_of(school_id)

    def limit_slot(self, peer: m.PeerId, slot: m.Slot, max_height: int) -> list[Effect]:
        """Limit how high a picture is sent.

        Raises:
            Refused: `not_subscribed`, `slot_unknown` or `height_invalid`.
        """
        return self._receivers.limit(peer, slot, max_height)

    # --- in step with the room

    def is_reachable(self, one: m.Participant) -> bool:
        """Return whether `one` is in and its media path is alive, as far as it has one."""
        return one.online and self._receivers.link_state(one.peer) != "outage"

    def limit(self, peer: m.PeerId) -> LimitLink:
        """Return what `peer` may be sent: its school's cap; in group work a classroom gets no moving picture."""
        limit = self._caps.limit(peer)
        one = find(self._state(), peer)
        if self._state().phase == "group_work" and one is not None and one.role is Role.CLASSROOM:
            return replace(limit, video_allowed=False)
        return limit

    def note_mic(self, peer: m.PeerId) -> None:
        """Keep the queue of open microphones: whoever opened first stands in front."""
        one = find(self._state(), peer)
        mic = source_of(one, "mic") if one is not None else None
        is_open = mic is not None and not mic.muted
        if is_open and peer not in self._opened_mics:
            self._opened_mics.append(peer)
        elif not is_open and peer in self._opened_mics:
            self._opened_mics.remove(peer)

    def refill(self) -> list[Effect]:
        """Return what must change so that every slot shows what the state asks for."""
        return self._receivers.refill(self._state(), self._opened_mics)

    def rest(self) -> list[Effect]:
        """Return the limits of all classrooms that receive: the phase of the lesson has changed."""
        rooms = (one.peer for one in self._state().participants if one.role is Role.CLASSROOM)
        return [self.limit(peer) for peer in rooms if self._receivers.has(peer)]

    def next_timeout(self) -> float:
        """Return when `on_timeout` has something to do."""
        return self._receivers.next_timeout()

    def poll_played(self, now: float) -> tuple[Playback, ...]:
        """Return the figures of playback that are to be stored."""
        return self._playback.poll_changed(now)

    def on_timeout(self, now: float) -> list[Effect]:
        """Tell links when it is time."""
        return self._receivers.on_timeout(self._state(), now)
