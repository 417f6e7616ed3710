"""A live recording: tapped tracks and lesson events in, work for the folder out. A pure core.

Which parts there are is decided here: one container a track, never sound and picture in one. A part begins at a
keyframe, when a track is opened, half an hour after the last one, or when recording of the track was held. A track
that ends and comes back within a minute with the same SSRC (the media worker stops copying a layer that is not needed)
goes on in its part: its clock begins anew there, as after a restamp, and the hole is journalled.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from media.tap import TapTrack
from recorder.journal import Fields
from recorder.ops import ClosePart, Note, Op, WriteFrame
from recorder.pauses import PauseGate
from recorder.recorded_track import RecordedTrack
from recorder.space import Tier, is_recorded
from recorder.track_tap import ClockMap, Frame, KeyframeNeeded, Lost, Output, Restamp, SenderClock, TrackTap

PART_NS = 1_800_000_000_000  # 30 min: bounds what one damaged file can cost, and lets closed parts be copied away
# The farthest that a search has to decode. Of a camera every receiver pays for it: a keyframe of 180 lines is 7 kB, a
# second of a narrow link, and at 4 s pictures stood still twice as long there as at 10 s (tests/scenarios/twin).
KEYFRAME_INTERVAL_NS, CAMERA_KEYFRAME_INTERVAL_NS = 4_000_000_000, 10_000_000_000
ASK_INTERVAL_NS = 1_000_000_000  # a PLI takes a round trip and a frame to be answered
REPORT_INTERVAL_NS = 5_000_000_000
RETURN_NS = 60_000_000_000  # a part waits so long for its track; then the file is closed
PAUSE_NS = 1_000_000_000  # the last packet of before a pause has come by then: then the parts are closed
SILENCE_NS = 2_000_000_000  # Opus sends every 400 ms even of silence, a camera far more often: less is jitter
MAX_PENDING_BYTES = 64 << 20  # a disk that stalls for 7 minutes of one 1.2 Mbit/s lecturer
MINORS_ROLES = frozenset({"classroom"})  # their tracks show pupils: flagged, so that no pack takes them unasked

TrackId = tuple[int, int]  # tap connection, track number on it


class PeerName(NamedTuple):
    """Who a peer is."""

    role: str
    name: str
    school: str


class Session:
    """One recording that runs."""

    def __init__(
        self, recording: str, room: str, origin_ns: int, next_part: int, last_event_seq: int = 0,
        paused_ns: int | None = None,
    ) -> None:  # fmt: skip
        """`paused_ns`: the journal says that recording is paused since then."""
        self.recording = recording
        self.room = room
        self.last_event_seq = last_event_seq
        self.pending_bytes = 0
        self._origin_ns = origin_ns
        self._next_part = next_part
        self._peers: dict[str, PeerName] = {}
        self._tracks: dict[TrackId, RecordedTrack] = {}
        self._ended: list[RecordedTrack] = []  # those whose part waits for their return
        self._ops: list[Op] = []
        self._wanted: list[TrackId] = []
        self._tier = Tier.ALL
        self._overflow_ns: int | None = None
        self._gate = PauseGate(paused_ns)

    # --- inputs ---------------------------------------------------------------------------------------------------

    def on_peer(self, peer: str, who: PeerName, now_ns: int) -> None:
        """Learn who a peer is."""
        if self._peers.get(peer) != who:
            self._peers[peer] = who
            self._note(now_ns, "peer", {"peer": peer, **who._asdict()})

    def on_event(self, seq: int, mono_ns: int, body: bytes) -> None:
        """Journal a lesson event; one that the journal has is skipped.

        Raises:
            msgspec.DecodeError: `body` is not JSON.
        """
        if seq <= self.last_event_seq:
            return
        fields = {"event": seq, "body": msgspec.json.decode(body)}
        self.last_event_seq = seq
        self._note(mono_ns, "event", fields)

    def on_opened(self, track: TrackId, description: TapTrack, now_ns: int) -> None:
        """Begin to listen to a track."""
        state = next((one for one in self._ended if one.description == description), None)
        if state is None:
            state = RecordedTrack(description, TrackTap(description.codec, description.clock_rate))
        else:
            self._ended.remove(state)
            state.late += state.tap.late
            state.renew_tap()
        self._tracks[track] = state
        self._hold_layers(now_ns)

    def on_packet(self, track: TrackId, data: bytes, arrival_ns: int) -> None:
        """Take an RTP packet."""
        state = self._tracks.get(track)
        if state is None or state.held:
            return
        if self._gate.shuts_out(arrival_ns):
            self._pause_track(track, state, arrival_ns)
            return
        state.paused = False
        for output in state.tap.on_packet(data, arrival_ns):
            self._on_output(track, state, output)

    def on_report(self, track: TrackId, ntp: int, rtp_timestamp: int, arrival_ns: int) -> None:
        """Take a sender report."""
        state = self._tracks.get(track)
        if state is None or state.part is None or arrival_ns < state.reported_ns + REPORT_INTERVAL_NS:
            return
        state.reported_ns = arrival_ns
        for output in state.tap.on_report(ntp, rtp_timestamp, arrival_ns):
            self._on_output(track, state, output)

    def on_dropped(self, track: TrackId, packets: int, now_ns: int) -> None:
        """Note packets that were lost between the worker and here."""
        state = self._tracks.get(track)
        if state is not None and state.part is not None:
            self._note(now_ns, "dropped", {"part": state.part, "packets": packets})

    def on_closed(self, track: TrackId, now_ns: int, why: str = "ended") -> None:
        """Stop listening to a track. When it `ended`, its part waits for its return."""
        state = self._tracks.pop(track, None)
        if state is None:
            return
        self._drain(track, state)
        if why == "ended" and state.part is not None:
            self._map(state, now_ns)
            state.ended_ns = now_ns
            self._ended.append(state)
        else:
            self._close_part(state, now_ns, why)
        self._hold_layers(now_ns)

    def on_tier(self, tier: Tier, now_ns: int) -> None:
        """Record more or less, as the disk has room."""
        if tier != self._tier:
            self._tier = tier
            self._note(now_ns, "tier", {"tier": tier.value})
            self._hold_layers(now_ns)

    def on_pause(self, since_ns: int | None, now_ns: int) -> None:
        """Write nothing that arrives from `since_ns` on, or (None) go on from now on; as it is already: nothing.

        What arrived since then and waits to be written is dropped.
        """
        if since_ns is not None and not self._gate.is_closed:
            self._gate.pause(since_ns)
            self._ops = [op for op in self._ops if not isinstance(op, WriteFrame) or op.t_ms < self.t_ms(since_ns)]
            self._note(since_ns, "pause", {})
        elif since_ns is None and self._gate.is_closed:
            self._gate.resume(now_ns)
            self._note(now_ns, "resume", {})
            for track, state in self._tracks.items():
                if state.is_video and not state.held:
                    self._want_keyframe(track, state, now_ns)

    def on_timeout(self, now_ns: int) -> None:
        """Give up packets and tracks that were waited for long enough."""
        self._gate.forget(now_ns)
        if self._gate.is_closed and self._gate.shuts_out(now_ns - PAUSE_NS):
            for track, state in self._tracks.items():
                self._pause_track(track, state, now_ns)
            while self._ended:
                self._close_part(self._ended.pop(0), now_ns, "paused")
        for track, state in self._tracks.items():
            due = state.tap.next_timeout()
            if due is not None and due <= now_ns:
                for output in state.tap.on_timeout(now_ns):
                    self._on_output(track, state, output)
        while self._ended and now_ns - (self._ended[0].ended_ns or 0) >= RETURN_NS:
            self._close_part(self._ended.pop(0), now_ns, "ended")

    def stop(self, now_ns: int, kind: str = "session.end") -> None:
        """Close everything. `session.suspend`: the process ends but the lesson does not."""
        for track in list(self._tracks):
            self.on_closed(track, now_ns, "stopped")
        while self._ended:
            self._close_part(self._ended.pop(0), now_ns, "ended")
        self._note(now_ns, kind, {})

    # --- outputs --------------------------------------------------------------------------------------------------

    def poll_ops(self) -> list[Op]:
        """Return what the folder has to do since the last call."""
        ops, self._ops = self._ops, []
        self.pending_bytes = 0
        return ops

    def poll_keyframes(self) -> list[TrackId]:
        """Return the tracks that need a keyframe."""
        wanted, self._wanted = self._wanted, []
        return wanted

    def t_ms(self, now_ns: int) -> float:
        """Return the recording's time at `now_ns`."""
        return (now_ns - self._origin_ns) / 1e6

    # --- inside ---------------------------------------------------------------------------------------------------

    def _note(self, now_ns: int, kind: str, fields: Fields) -> None:
        self._ops.append(Note(self.t_ms(now_ns), kind, fields))

    def _on_output(self, track: TrackId, state: RecordedTrack, output: Output) -> None:
        if isinstance(output, Frame):
            self._on_frame(track, state, output)
        elif isinstance(output, KeyframeNeeded):
            self._want_keyframe(track, state, state.last_arrival_ns)
        elif state.part is None or state.ended_ns is not None:
            return  # what is said of a clock that has not begun yet
        elif isinstance(output, ClockMap):
            fields = {"part": state.part, "rtp": output.ticks, "at": self._at(output.arrival_ns)}
            self._note(output.arrival_ns, "map", fields)
        elif isinstance(output, SenderClock):
            fields = {"part": state.part, "rtp": output.ticks, "at": self._at(output.arrival_ns)}
            self._note(output.arrival_ns, "sr", {**fields, "ntp_ms": round(output.ntp_ms, 3)})
        elif isinstance(output, Lost):
            state.lost += output.packets
            fields = {"part": state.part, "ms": state.part_ms(output.ticks), "packets": output.packets}
            self._note(state.last_arrival_ns, "loss", fields)
        else:
            self._on_restamp(state, output)

    def _at(self, arrival_ns: int) -> float:
        return round(self.t_ms(arrival_ns), 3)

    def _on_restamp(self, state: RecordedTrack, output: Restamp) -> None:
        state.restamp(output)
        fields = {"part": state.part, "ms": state.ms0, "rtp": output.ticks, "at": self._at(output.arrival_ns)}
        self._note(output.arrival_ns, "restamp", fields)

    def _on_frame(self, track: TrackId, state: RecordedTrack, frame: Frame) -> None:
        unit, arrival_ns = frame.unit, frame.arrival_ns
        if unit.keyframe and (state.part is None or arrival_ns - state.opened_ns >= PART_NS):
            self._close_part(state, arrival_ns, "continued")
            self._open_part(state, frame)
        is_waiting = state.ended_ns is not None and not unit.keyframe
        if state.is_video:
            if unit.keyframe:
                state.keyframe_ns = arrival_ns
            elif state.part is None or is_waiting or arrival_ns - state.keyframe_ns >= _keyframe_interval_ns(state):
                self._want_keyframe(track, state, arrival_ns)
        if state.part is None or is_waiting:
            return
        self._note_silence(state, frame)
        state.last_arrival_ns = arrival_ns
        ms = state.part_ms(unit.ticks)
        if ms < state.last_ms:
            state.unordered += 1
            return
        if self._is_overfull(arrival_ns):
            state.dropped += 1
            return
        if state.is_video:
            self._note_damage(state, frame, ms)
        state.last_ms = ms
        self.pending_bytes += len(unit.data)
        self._ops.append(WriteFrame(state.part, ms, unit.data, unit.keyframe, self.t_ms(arrival_ns)))

    def _note_silence(self, state: RecordedTrack, frame: Frame) -> None:
        """Journal that nothing came since the last frame; after the track's return, its clock begins anew."""
        arrival_ns, since_ns = frame.arrival_ns, state.last_arrival_ns
        is_silent = state.description.source != "screen" and arrival_ns - since_ns >= SILENCE_NS
        if state.last_ms >= 0 and (is_silent or state.ended_ns is not None):
            fields = {"part": state.part, "from": self._at(since_ns), "to": self._at(arrival_ns), "why": "silent"}
            self._note(arrival_ns, "gap", fields)
        if state.ended_ns is not None:
            state.ended_ns = None
            self._on_restamp(state, Restamp(frame.unit.ticks, arrival_ns))

    def _is_overfull(self, arrival_ns: int) -> bool:
        if self.pending_bytes < MAX_PENDING_BYTES:
            if self._overflow_ns is not None:
                since, self._overflow_ns = self._overflow_ns, None
                self._note(arrival_ns, "overflow", {"from": self._at(since), "to": self._at(arrival_ns)})
            return False
        self._overflow_ns = self._overflow_ns or arrival_ns
        return True

    def _note_damage(self, state: RecordedTrack, frame: Frame, ms: int) -> None:
        if frame.damaged and state.damaged_ms is None:
            state.damaged_ms = ms
        elif not frame.damaged and state.damaged_ms is not None:
            fields = {"part": state.part, "from_ms": state.damaged_ms, "to_ms": ms}
            state.damaged_ms = None
            self._note(frame.arrival_ns, "damage", fields)

    def _open_part(self, state: RecordedTrack, frame: Frame) -> None:
        opening = state.begin_part(self._next_part, frame)
        self._next_part += 1
        role = self._peers[state.description.peer].role if state.description.peer in self._peers else ""
        self._ops.append(opening)
        fields = {**state.opening_fields(opening), "role": role, "minors": role in MINORS_ROLES}
        self._note(frame.arrival_ns, "part.open", {**fields, "at": self._at(frame.arrival_ns)})

    def _drain(self, track: TrackId, state: RecordedTrack) -> None:
        for output in state.tap.finish():
            self._on_output(track, state, output)

    def _close_part(self, state: RecordedTrack, now_ns: int, why: str) -> None:
        if state.part is None:
            return
        self._map(state, now_ns)
        if state.damaged_ms is not None:
            fields = {"part": state.part, "from_ms": state.damaged_ms, "to_ms": state.last_ms}
            self._note(now_ns, "damage", fields)
        self._note(now_ns, "part.close", {"part": state.part, "why": why, "ms": state.last_ms, **state.counts()})
        self._ops.append(ClosePart(state.part))
        state.part = None

    def _map(self, state: RecordedTrack, now_ns: int) -> None:
        if state.ended_ns is not None:
            return
        for output in state.tap.map_now():
            if isinstance(output, ClockMap):
                fields = {"part": state.part, "rtp": output.ticks, "at": self._at(output.arrival_ns)}
                self._note(now_ns, "map", fields)

    def _want_keyframe(self, track: TrackId, state: RecordedTrack, now_ns: int) -> None:
        if now_ns >= state.asked_ns + ASK_INTERVAL_NS:
            state.asked_ns = now_ns
            self._wanted.append(track)

    def _pause_track(self, track: TrackId, state: RecordedTrack, now_ns: int) -> None:
        """Write what came before the pause and close the part: what comes after it is another part."""
        if state.paused or state.held:
            return
        state.paused = True
        self._drain(track, state)
        self._close_part(state, now_ns, "paused")
        state.renew_tap()

    def _hold_layers(self, now_ns: int) -> None:
        layers: dict[str, list[str]] = {}
        for state in self._tracks.values():
            if state.description.source == "camera":
                layers.setdefault(state.description.peer, []).append(state.description.layer)
        for track, state in self._tracks.items():
            held = not is_recorded(self._tier, state.description, layers.get(state.description.peer, []))
            if held and not state.held:
                self._drain(track, state)
                self._close_part(state, now_ns, "disk-low")
                state.renew_tap()
            state.held = held


def _keyframe_interval_ns(state: RecordedTrack) -> int:
    return CAMERA_KEYFRAME_INTERVAL_NS if state.description.source == "camera" else KEYFRAME_INTERVAL_NS
