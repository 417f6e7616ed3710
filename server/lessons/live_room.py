"""One live room with its surroundings: sockets, the media worker, the recording and the stored log.

The room itself (`signaling.room`) is pure. Every method here that changes it is synchronous: read, decide, commit, hand
events and effects out to queues, all without an `await` in between, so inputs are never nested.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from prometheus_client import Counter

from media import control
from recorder.control import DiskLow, RecordingChanged, RecordingOpened, RecordingStalled
from server.lessons.catchup import Spare, SpareBook
from server.lessons.log_keeper import LogKeeper
from server.lessons.packs.pace import Pace, page_pace
from server.lessons.playback_keeper import PlaybackKeeper
from server.lessons.recording import LessonRecording
from server.processes.media import MediaCommand, MediaWorkers, Report
from signaling import effects as fx, messages as m
from signaling.board_frames import read_frame
from signaling.data_caps import DataCap
from signaling.effects import Outcome
from signaling.frames import Encoded
from signaling.links import Reception, SlotReception
from signaling.roles import Role
from signaling.room import Joined, Request, Room
from signaling.seats import Admission
from signaling.views import Viewer, is_private, view_event

TICK_S = 0.25  # how late a seat may expire or links may be told; nothing in a room is due more precisely
BACKLOG_TOGETHER = 4  # so many missed events go in one message: a frame and its segment are 60 bytes
EMPTY_S = 60.0  # a room that nobody is in and that is not live is kept this long for those who reload

_events = Counter("tongtang_room_events_total", "Events of rooms", ["kind"])


class Connection(Protocol):
    """A participant's way to hear from the room."""

    @property
    def lives_by_media(self) -> bool:
        """Whether it ends with its media: a WHIP or WHEP session, which has no socket."""

    @property
    def inflates(self) -> bool:
        """Whether its client said that it knows compressed frames, and many events in one message."""

    def send(self, message: Encoded) -> None:
        """Queue a message; never blocks, never raises."""

    def relay(self, frame: bytes) -> None:
        """Queue ink in flight, or leave it out when much waits already: the finished object comes in any case."""

    def close(self, code: str, detail: str) -> None:
        """Say `Bye` and close."""


class LiveRoom:
    """One open room. `run` owns its tasks."""

    def __init__(
        self,
        room: Room,
        keeper: LogKeeper,
        recording: LessonRecording,
        playback: PlaybackKeeper,
        media: MediaWorkers,
        *,
        timeout_s: float,
        ended_grace_s: float,
        flush_s: float,
        classrooms: frozenset[m.ClassroomId] = frozenset(),
    ) -> None:
        self.room = room
        self.classrooms = classrooms  # that the lesson was planned for
        self.finished = asyncio.Event()  # everything is stored, the lesson may be opened anew
        self.is_closing = False
        self.spare = SpareBook()
        self._keeper = keeper
        self._recording = recording
        self._playback = playback
        self._media = media
        self._timeout_s = timeout_s
        self._ended_grace_s = ended_grace_s
        self._flush_s = flush_s
        self._connections: dict[m.PeerId, Connection] = {}
        self._viewers: dict[m.PeerId, Viewer] = {}  # how each of them sees the lesson: fixed with the seat
        self._close_at: float | None = None

    # --- its life

    def open(self, restored: Outcome) -> None:
        """Open the room on its media worker; whoever comes from now on can be served."""
        self._media.open_room(self.room.id)
        self.carry_out(restored)
        if self.room.state.lesson.state == "live" and self.room.is_recorded:
            self._recording.start()
        self.carry_out(self.room.on_timeout(time.monotonic()))  # a lesson left over from days ago takes nobody in

    async def run(self) -> None:
        """Serve until the room is over: nobody is left, or class has ended and everyone was dismissed."""
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [
                    tasks.create_task(self._keeper.run()),
                    tasks.create_task(self._playback.run()),
                    tasks.create_task(self._recording.run(self.room, self._timeout_s)),
                ]
                await self._tick_until_over()
                for helper in helpers:
                    helper.cancel()
        finally:
            self.is_closing = True
            self.dismiss_all("shutdown", "服务器正在关闭，请稍后重新进入。")
            self._media.close_room(self.room.id)
            await self._keeper.flush(self._flush_s)
            self._playback.add(self.room.media.playback)
            await self._playback.flush(self._flush_s)
            self.finished.set()

    def dismiss_all(self, code: str, detail: str) -> None:
        """Close every socket; the seats wait for their resume."""
        for connection in tuple(self._connections.values()):
            connection.close(code, detail)
        self._connections.clear()
        self._viewers.clear()

    async def _tick_until_over(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            if now >= self.room.next_timeout():
                self.carry_out(self.room.on_timeout(now))
            if self._is_over(now):
                return

    def _is_over(self, now: float) -> bool:
        state = self.room.state.lesson.state
        if state == "live" or (state == "scheduled" and not self.room.is_empty):
            self._close_at = None
            return False
        if self._close_at is None:
            self._close_at = now + (self._ended_grace_s if state == "ended" else EMPTY_S)
        if now < self._close_at:
            return False
        if state == "ended":
            self.is_closing = True
            self.dismiss_all("lesson_ended", "下课了，这节课已经结束。")
        return True

    # --- seats

    def join(
        self, admission: Admission, connection: Connection, resume: str = "", last_seq: int = 0
    ) -> tuple[Joined, Callable[[], None]]:
        """Seat a participant; return its greeting and what to call when its socket is gone.

        Raises:
            Refused: `lesson_ended` or `room_full`.
            Unavailable: `storage_unavailable`.
        """
        self._keeper.check()
        now = time.monotonic()
        joined = self.room.resume(resume, last_seq, now, admission) if resume else None
        if joined is None:
            joined = self.room.join(admission, now)
        return self._seat(joined, connection)

    def resume(self, token: str, last_seq: int, connection: Connection) -> tuple[Joined, Callable[[], None]] | None:
        """Seat a participant by its resume token alone; None when that seat is gone."""
        joined = self.room.resume(token, last_seq, time.monotonic())
        return None if joined is None else self._seat(joined, connection)

    def leave(self, peer: m.PeerId) -> None:
        """Give a seat up."""
        self.carry_out(self.room.leave(peer, time.monotonic()))

    def _seat(self, joined: Joined, connection: Connection) -> tuple[Joined, Callable[[], None]]:
        self.carry_out(joined.outcome)
        self._connections[joined.you] = connection
        self._viewers[joined.you] = self.room.viewer(joined.you)
        connection.send(_encoded(joined.greeting))
        if connection.inflates and len(joined.backlog) >= BACKLOG_TOGETHER:
            connection.send(_encoded(m.Events(joined.backlog)))
        else:
            for event in joined.backlog:
                connection.send(_encoded(event))
        for notice in joined.notices:
            connection.send(_encoded(notice))
        for frame in joined.ink:
            connection.relay(frame)

        def gone() -> None:
            if self._connections.get(joined.you) is connection:
                del self._connections[joined.you], self._viewers[joined.you]
            self.carry_out(self.room.disconnect(joined.you, joined.socket, time.monotonic()))

        return joined, gone

    # --- requests

    def handle(self, peer: m.PeerId, request: Request) -> None:
        """Carry out a request.

        Raises:
            Refused: see docs/errors.md.
            Unavailable: `storage_unavailable`.
        """
        self._keeper.check()
        self.carry_out(self.room.handle(peer, request, time.monotonic()))

    def on_ink(self, peer: m.PeerId, data: bytes) -> None:
        """Take in a frame of ink in flight.

        Raises:
            ProtocolViolation: `message_malformed` or `message_too_large`.
            Refused: `seat_lost`.
            Unavailable: `storage_unavailable`.
        """
        self._keeper.check()
        self.carry_out(self.room.on_ink(peer, read_frame(data), time.monotonic()))

    async def publish(self, peer: m.PeerId, sdp: str, lines: tuple[m.SourceLine, ...]) -> str:
        """Return the answer to a sending client's offer.

        Raises:
            Refused: `not_allowed`, `source_repeated`, or the worker's reason.
            Unavailable: the worker does not answer.
        """
        sources = tuple(line.source for line in lines)
        self.room.check_publish(peer, sources)
        wanted = tuple(control.SourceLine(line.mid, line.source) for line in lines)
        answer = await self._media.publish(self.room.id, peer, sdp, wanted)
        self.carry_out(self.room.media.on_published(peer, sources))
        return answer

    async def subscribe(self, peer: m.PeerId, request: m.Subscribe) -> m.SubscribeOffer:
        """Return the server's offer of a receiving connection; its slots are filled before it is answered.

        Raises:
            Refused: `not_allowed`, `tiles_invalid`, `not_subscribed`, or the worker's reason.
            Unavailable: the worker does not answer.
        """
        slots = self.room.media.check_subscribe(peer, request)
        if request.restart:
            offer = await self._media.restart_subscribe(self.room.id, peer)
        else:
            specs = tuple(control.SlotSpec(slot, _kind(slot)) for slot in slots)
            offer = await self._media.subscribe(self.room.id, peer, specs)
            self.carry_out(self.room.media.on_subscribed(peer, slots))
        lines = tuple(m.SlotLine(one.mid, one.slot, one.kind) for one in offer.mids)
        return m.SubscribeOffer(request.id, offer.sdp, lines)

    async def answer(self, peer: m.PeerId, sdp: str) -> None:
        """Take the client's answer to the server's offer.

        Raises:
            Refused: the worker's reason.
            Unavailable: the worker does not answer.
        """
        await self._media.accept_subscribe(self.room.id, peer, sdp)

    async def watch(self, peer: m.PeerId, offer: str) -> str:
        """Return the answer to a receiving client's own offer (WHEP): it gets the lead's voice and picture."""
        answer = await self._media.subscribe_with_offer(self.room.id, peer, offer)
        self.carry_out(self.room.media.on_subscribed(peer, ("audio0", "lecturer")))
        return answer.sdp

    def end(self) -> None:
        """End a live lesson from outside."""
        self.carry_out(self.room.end(time.monotonic()))

    def set_deck(self, deck: m.Deck | None) -> None:
        """Give the lesson another deck."""
        self.carry_out(self.room.set_deck(deck, time.monotonic()))

    def set_segments(self, segments: tuple[m.Segment, ...]) -> None:
        """Tell which segments of a plan the lesson is taught by now."""
        self.carry_out(self.room.set_segments(segments, time.monotonic()))

    def set_clips(self, clips: tuple[m.Clip, ...]) -> None:
        """Tell which clips the lesson has now."""
        self.carry_out(self.room.set_clips(clips, time.monotonic()))

    def set_roster(self, roster: m.Roster) -> None:
        """Tell who the pupils of a classroom are now."""
        self.carry_out(self.room.set_roster(roster, time.monotonic()))

    # --- news

    def on_playback(self, peer: m.PeerId, report: m.ReportPlayback) -> None:
        """Take in how the lesson plays at a page.

        Raises:
            ProtocolViolation: `message_malformed`.
        """
        self.room.media.on_playback(peer, report, time.monotonic())

    def set_cap(self, school_id: str, cap: DataCap) -> None:
        """Change the data cap of a school."""
        self.carry_out(self.room.media.set_cap(school_id, cap))

    def on_media_report(self, report: Report) -> None:
        """Take in a report of the media worker."""
        peer, now = m.PeerId(report.peer), time.monotonic()
        match report:
            case control.TrackChanged(source=source, active=active):
                self.carry_out(self.room.on_track(peer, source, active, now))
            case control.TransportChanged(side=side, state=state):
                self.carry_out(self.room.media.on_path(peer, side, state))
                if state == "closed" and self._lives_by_media(peer):
                    self.leave(peer)
            case control.EncodingsWanted(source=source, rids=rids):
                self.carry_out(self.room.media.on_encodings_wanted(peer, source, rids))
            case control.VoiceHeard():
                self.carry_out(self.room.media.on_voice(peer))
            case control.PeerReport(estimate_bps=estimate_bps, sent_bps=sent_bps):
                most_bps = self.room.media.cap_of(peer).ceiling_bps or estimate_bps  # a replay is paid for too
                besides_bps = self.spare.on_report(peer, min(estimate_bps, most_bps), sent_bps, now)
                if besides_bps is not None:
                    self._media.tell(control.WantBesides(self.room.id, peer, besides_bps))
                self.carry_out(self.room.media.on_reception(peer, _reception(report)))

    def on_media_reset(self) -> None:
        """Take in that the worker died and its successor knows the room again, without peers."""
        self.carry_out(self.room.on_media_reset(time.monotonic()))
        for peer in tuple(self._connections):
            if self._lives_by_media(peer):
                self.leave(peer)

    def on_recorder_lost(self) -> None:
        """Take in that nothing is recorded for a moment."""
        self.carry_out(self.room.set_recording(False, time.monotonic()))

    def on_recorder_message(self, message: RecordingOpened | RecordingChanged | RecordingStalled | DiskLow) -> bool:
        """Take in news of a recording; return whether it was about this room's."""
        recording = message.refused if isinstance(message, DiskLow) else message.recording
        if self._recording.id is None or recording != self._recording.id:
            return False
        runs = isinstance(message, RecordingOpened) or (
            isinstance(message, RecordingChanged) and message.state == "recording"
        )
        runs = runs or (isinstance(message, RecordingStalled) and not message.stalled)
        self.carry_out(self.room.set_recording(runs, time.monotonic()))
        return True

    @property
    def recording_folder(self) -> str:
        """Where the lesson is being recorded; empty: it is not, or not yet."""
        return self._recording.folder if self.room.state.lesson.state == "live" else ""

    # --- who is in

    def online(self) -> tuple[int, frozenset[str]]:
        """Return how many people are in and the ids of the classrooms that are."""
        here = [one for one in self.room.state.participants if one.online]
        classrooms = frozenset(one.classroom for one in here if one.role is Role.CLASSROOM and one.classroom)
        return sum(one.role is not Role.CLASSROOM for one in here), classrooms

    def spares_of(self, school_id: str, now: float) -> list[Spare]:
        """Return what the links of a school have to spare while class runs."""
        if self.room.state.lesson.state != "live":
            return []
        here = {one.peer for one in self.room.state.participants if one.online}
        return [self.spare.of(peer, now) for peer in self.room.media.seats_of(school_id) if peer in here]

    def page_pace(self, peers: Sequence[m.PeerId], page: int) -> Pace | None:
        """Return how fast a page goes to one of these seats; None: at once."""
        now = time.monotonic()
        spares = [self.spare.of(peer, now) for peer in peers if self.spare.knows(peer)]
        return page_pace(page, self._shown_page, spares) if spares and self._shown_page() is not None else None

    def _shown_page(self) -> int | None:
        state = self.room.state
        return state.page if state.lesson.state == "live" else None

    def rungs(self) -> list[tuple[str, m.Rung]]:
        """Return the school and the rung of each classroom whose link is known."""
        links = {link.peer: link.rung for link in self.room.media.links.links}
        classrooms = [one for one in self.room.state.participants if one.role is Role.CLASSROOM and one.online]
        return [(one.school, links[one.peer]) for one in classrooms if one.peer in links]

    # --- inside

    def carry_out(self, outcome: Outcome) -> None:
        """Hand out events, then effects."""
        if outcome.events:
            self._keeper.add(outcome.events, self.room.state.lesson)
            self._recording.add(outcome.events)
            for event in outcome.events:
                _events.labels(event.body.__struct_config__.tag).inc()
                self._broadcast(event)
        for effect in outcome.effects:
            self._effect(effect)

    def _broadcast(self, event: m.Event) -> None:
        """Send an event to everyone, encoded once for all who see the same of it."""
        if not is_private(event):
            message = _encoded(event)
            for connection in tuple(self._connections.values()):
                connection.send(message)
            return
        views: dict[Viewer, Encoded] = {}
        withheld = _encoded(m.Event(event.seq, event.t_ms, m.Withheld()))  # what most see of it, as a rule
        for peer, connection in tuple(self._connections.items()):
            viewer = self._viewers[peer]
            seen = views.get(viewer)
            if seen is None:
                shown = view_event(event, viewer)
                seen = withheld if isinstance(shown.body, m.Withheld) else _encoded(shown)
                views[viewer] = seen
            connection.send(seen)

    def _effect(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Tell(peer=peer, message=message):
                connection = self._connections.get(peer)
                if connection is not None:
                    connection.send(_encoded(message))
            case fx.Relay(frame=frame, writer=writer):
                for peer, connection in self._connections.items():
                    if peer != writer:
                        connection.relay(frame)
            case fx.Dismiss(peer=peer, code=code, detail=detail):
                connection = self._connections.pop(peer, None)
                if connection is not None:
                    self._viewers.pop(peer, None)
                    connection.close(code, detail)
            case fx.KeepPlayback(rows=rows):
                self._playback.add(rows)
            case fx.StartRecording():
                self._recording.start()
            case fx.StopRecording():
                self._recording.stop()
            case _:
                self._media.tell(_command(self.room.id, effect))

    def _lives_by_media(self, peer: m.PeerId) -> bool:
        connection = self._connections.get(peer)
        return connection is not None and connection.lives_by_media


def _encoded(message: m.ServerMessage) -> Encoded:
    return Encoded(m.encode(message))


MediaEffect = fx.FeedSlot | fx.LimitHeight | fx.LimitLink | fx.MuteSource | fx.SwitchSource | fx.ForgetMedia


def _command(room: str, effect: MediaEffect) -> MediaCommand:
    match effect:
        case fx.FeedSlot(peer=peer, slot=slot, from_peer=from_peer, source=source):
            return control.FillSlot(room, peer, slot, from_peer, source)
        case fx.LimitHeight(peer=peer, slot=slot, max_height=max_height):
            return control.LimitSlot(room, peer, slot, max_height)
        case fx.LimitLink(peer=peer, ceiling_bps=ceiling_bps, video_allowed=video_allowed):
            return control.LimitPeer(room, peer, ceiling_bps, video_allowed)
        case fx.MuteSource(peer=peer, source=source, muted=muted):
            return control.SetMute(room, peer, source, muted)
        case fx.SwitchSource(peer=peer, source=source, active=active):
            return control.SetSource(room, peer, source, active)
        case fx.ForgetMedia(peer=peer):
            return control.ClosePeer(room, peer)


def _kind(slot: m.Slot) -> control.Kind:
    return "audio" if slot.startswith("audio") else "video"


def _reception(report: control.PeerReport) -> Reception:
    return Reception(
        rtt_ms=report.rtt_ms,
        loss_pct=report.loss_pct,
        estimate_bps=report.estimate_bps,
        uplink_loss_pct=report.uplink_loss_pct,
        slots=tuple(SlotReception(one.slot, one.height, one.bps, one.paused) for one in report.slots),
        sent_bytes=report.sent_bytes,
        state=report.state,
    )
