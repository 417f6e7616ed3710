"""A live recording: tapped tracks and lesson events in, work for the folder out. A pure core.

Which parts there are is decided here: one container a track, never sound and picture in one. A part begins at a
keyframe, when a track is opened, half an hour after the last one, or when recording of the track was held. A track
that ends and comes back within a minute with the same SSRC (the media worker stops copying a layer that is not needed)
goes on in its part: its clock begins anew there, as after a restamp, and the hole is journalled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from media.tap import TapTrack
from recorder.journal import Fields
from recorder.ops import ClosePart, Note, Op, OpenPart, WriteFrame
from recorder.part_names import part_file
from recorder.space import Tier, is_recorded
from recorder.track_tap import ClockMap, Frame, KeyframeNeeded, Lost, Output, Restamp, SenderClock, TrackTap

PART_NS = 1_800_000_000_000  # 30 min: bounds what one damaged file can cost, and lets closed parts be copied away
KEYFRAME_INTERVAL_NS = 4_000_000_000  # the farthest a search has to decode: about 40 kbit/s of a camera in 3 layers
ASK_INTERVAL_NS = 1_000_000_000  # a PLI takes a round trip and a frame to be answered
REPORT_INTERVAL_NS = 5_000_000_000
RETURN_NS = 60_000_000_000  # a part waits so long for its track; then the file is closed
SILENCE_NS = 2_000_000_000  # Opus sends every 400 ms even of silence, a camera far more often: less is jitter
MAX_PENDING_BYTES = 64 << 20  # a disk that stalls for 7 minutes of one 1.2 Mbit/s lecturer
MINORS_ROLES = frozenset({"classroom"})  # their tracks show pupils: flagged, so that no pack takes them unasked

TrackId = tuple[int, int]  # tap connection, track number on it


class PeerName(NamedTuple):
    """Who a peer is."""

    role: str
    name: str
    school: str


@dataclass(slots=True)
class _Track:
    """A tapped track and the part that it is written to."""

    description: TapTrack
    tap: TrackTap
    part: int | None = None
    opened_ns: int = 0
    ms0: int = 0  # the part's time at stamp ticks0
    ticks0: int = 0
    last_ms: int = -1
    last_arrival_ns: int = 0
    keyframe_ns: int = 0
    asked_ns: int = -ASK_INTERVAL_NS
    reported_ns: int = -REPORT_INTERVAL_NS
    damaged_ms: int | None = None
    held: bool = False
    late: int = 0  # of the taps before `tap`
    ended_ns: int | None = None  # when the track ended; it or its successor may come back
    dropped: int = 0
    unordered: int = 0
    lost: int = 0


class Session:
    """One recording that runs."""

    def __init__(self, recording: str, room: str, origin_ns: int, next_part: int, last_event_seq: int = 0) -> None:
        self.recording = recording
        self.room = room
        self.last_event_seq = last_event_seq
        self.pending_bytes = 0
        self._origin_ns = origin_ns
        self._next_part = next_part
        self._peers: dict[str, PeerName] = {}
        self._tracks: dict[TrackId, _Track] = {}
        self._ended: list[_Track] = []  # those whose part waits for their return
        self._ops: list[Op] = []
        self._wanted: list[TrackId] = []
        self._tier = Tier.ALL
        self._overflow_ns: int | None = None

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
        tap = TrackTap(description.codec, description.clock_rate)
        state = next((one for one in self._ended if one.description == description), None)
        if state is None:
            state = _Track(description, tap)
        else:
            self._ended.remove(state)
            state.late += state.tap.late
            state.tap = tap
        self._tracks[track] = state
        self._hold_layers(now_ns)

    def on_packet(self, track: TrackId, data: bytes, arrival_ns: int) -> None:
        """Take an RTP packet."""
        state = self._tracks.get(track)
        if state is None or state.held:
            return
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

    def on_timeout(self, now_ns: int) -> None:
        """Give up packets and tracks that were waited for long enough."""
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

    def _on_output(self, track: TrackId, state: _Track, output: Output) -> None:
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
            fields = {"part": state.part, "ms": self._part_ms(state, output.ticks), "packets": output.packets}
            self._note(state.last_arrival_ns, "loss", fields)
        else:
            self._on_restamp(state, output)

    def _at(self, arrival_ns: int) -> float:
        return round(self.t_ms(arrival_ns), 3)

    def _part_ms(self, state: _Track, ticks: int) -> int:
        return state.ms0 + (ticks - state.ticks0) * 1000 // state.description.clock_rate

    def _on_restamp(self, state: _Track, output: Restamp) -> None:
        passed_ms = max(1, (output.arrival_ns - state.last_arrival_ns) // 1_000_000)
        state.ms0, state.ticks0 = state.last_ms + passed_ms, output.ticks
        fields = {"part": state.part, "ms": state.ms0, "rtp": output.ticks, "at": self._at(output.arrival_ns)}
        self._note(output.arrival_ns, "restamp", fields)

    def _on_frame(self, track: TrackId, state: _Track, frame: Frame) -> None:
        unit, arrival_ns = frame.unit, frame.arrival_ns
        is_video = state.description.codec != "opus"
        if unit.keyframe and (state.part is None or arrival_ns - state.opened_ns >= PART_NS):
            self._close_part(state, arrival_ns, "continued")
            self._open_part(state, frame)
        is_waiting = state.ended_ns is not None and not unit.keyframe
        if is_video:
            if unit.keyframe:
                state.keyframe_ns = arrival_ns
            elif state.part is None or is_waiting or arrival_ns - state.keyframe_ns >= KEYFRAME_INTERVAL_NS:
                self._want_keyframe(track, state, arrival_ns)
        if state.part is None or is_waiting:
            return
        self._note_silence(state, frame)
        state.last_arrival_ns = arrival_ns
        ms = self._part_ms(state, unit.ticks)
        if ms < state.last_ms:
            state.unordered += 1
            return
        if self._is_overfull(arrival_ns):
            state.dropped += 1
            return
        if is_video:
            self._note_damage(state, frame, ms)
        state.last_ms = ms
        self.pending_bytes += len(unit.data)
        self._ops.append(WriteFrame(state.part, ms, unit.data, unit.keyframe, self.t_ms(arrival_ns)))

    def _note_silence(self, state: _Track, frame: Frame) -> None:
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

    def _note_damage(self, state: _Track, frame: Frame, ms: int) -> None:
        if frame.damaged and state.damaged_ms is None:
            state.damaged_ms = ms
        elif not frame.damaged and state.damaged_ms is not None:
            fields = {"part": state.part, "from_ms": state.damaged_ms, "to_ms": ms}
            state.damaged_ms = None
            self._note(frame.arrival_ns, "damage", fields)

    def _open_part(self, state: _Track, frame: Frame) -> None:
        description, unit = state.description, frame.unit
        state.part, self._next_part = self._next_part, self._next_part + 1
        state.opened_ns, state.last_ms, state.damaged_ms = frame.arrival_ns, -1, None
        state.ms0, state.ticks0 = 0, unit.ticks
        state.ended_ns = None
        state.lost = state.dropped = state.unordered = state.late = 0
        file = part_file(description, state.part)
        role = self._peers[description.peer].role if description.peer in self._peers else ""
        self._ops.append(OpenPart(state.part, file, description.codec, unit.width, unit.height, unit.config))
        fields = {
            "part": state.part, "file": file, "peer": description.peer, "role": role, "source": description.source,
            "codec": description.codec, "layer": description.layer, "ssrc": description.ssrc,
            "clock_rate": description.clock_rate, "rtp": unit.ticks, "at": self._at(frame.arrival_ns),
            "width": unit.width, "height": unit.height, "minors": role in MINORS_ROLES,
        }  # fmt: skip
        self._note(frame.arrival_ns, "part.open", fields)

    def _drain(self, track: TrackId, state: _Track) -> None:
        for output in state.tap.finish():
            self._on_output(track, state, output)

    def _close_part(self, state: _Track, now_ns: int, why: str) -> None:
        if state.part is None:
            return
        self._map(state, now_ns)
        if state.damaged_ms is not None:
            fields = {"part": state.part, "from_ms": state.damaged_ms, "to_ms": state.last_ms}
            self._note(now_ns, "damage", fields)
        counts = {"lost": state.lost, "unordered": state.unordered, "dropped": state.dropped}
        counts["late"] = state.late + state.tap.late
        self._note(now_ns, "part.close", {"part": state.part, "why": why, "ms": state.last_ms, **counts})
        self._ops.append(ClosePart(state.part))
        state.part = None

    def _map(self, state: _Track, now_ns: int) -> None:
        if state.ended_ns is not None:
            return
        for output in state.tap.map_now():
            if isinstance(output, ClockMap):
                fields = {"part": state.part, "rtp": output.ticks, "at": self._at(output.arrival_ns)}
                self._note(now_ns, "map", fields)

    def _want_keyframe(self, track: TrackId, state: _Track, now_ns: int) -> None:
        if now_ns >= state.asked_ns + ASK_INTERVAL_NS:
            state.asked_ns = now_ns
            self._wanted.append(track)

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
                state.tap = TrackTap(state.description.codec, state.description.clock_rate)
            state.held = held
