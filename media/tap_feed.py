"""What of a room is copied to the recorder, and the bounded queue of it.

Of a simulcast source every layer but the poorest is recorded; the poorest only while it is all there is. A layer
that falls silent stays open: a browser short of CPU pauses its layers for seconds, and each end would cost a keyframe
and a part.

The queue holds whole frames of `media.tap`; past `TAP_LIMIT_BYTES` packets are dropped and counted, and the recorder
is told. When the recorder comes back, what waits is preceded by the descriptions of the tracks that it speaks of.
"""

from __future__ import annotations

from collections import deque

from media import tap
from media.up_track import Layer, UpPacket, UpTrack

ALONE_S = 3.0  # a source's first layer is the poorest one; the others follow, or come back, within this time
TAPPED_CODECS = ("vp8", "h264", "opus")
SEND_BYTES = 256 << 10  # one write


class TapFeed:
    """The tap of one room."""

    def __init__(self, room: str, socket_path: str) -> None:
        self.room = room
        self.socket_path = socket_path
        self.queued_bytes = 0
        self.is_closed = False
        self._frames: deque[tuple[int, int, bytes]] = deque()  # type, track, frame
        self._descriptions: dict[int, bytes] = {}  # tracks whose end has not left yet
        self._layers: dict[int, Layer] = {}
        self._dropped: dict[int, int] = {}
        self._next = 1
        self._since: dict[UpTrack, float] = {}  # since when nothing but the poorest layer flows

    # --- in --------------------------------------------------------------------------------------------------------

    def choose(self, track: UpTrack, now: float) -> None:
        """Open and close layers of `track` as they come and go; call about four times a second."""
        live = track.live_layers(now)
        if not live or track.source == "line":  # what two teachers say to each other is nobody's resource
            return
        since = self._since.setdefault(track, now)
        poorest = track.by_quality()[0] if len(track.layers) > 1 else None
        wanted = [layer for layer in live if layer is not poorest]
        if poorest is not None and wanted:
            self._since[track] = now
            self._close_layer(poorest)
        elif track.kind == "video" and now - since < ALONE_S:
            return
        for layer in wanted or live:
            if not layer.tap_number:
                self._open_layer(layer)

    def on_packet(self, layer: Layer, packet: bytes, item: UpPacket) -> None:
        """Copy a packet of a layer that is recorded."""
        if layer.tap_number:
            self._push(tap.RTP, layer.tap_number, tap.rtp_frame(layer.tap_number, item.arrival_ns, packet))

    def on_report(self, layer: Layer, now: float) -> None:
        """Copy the clock pair that a layer's sender report brought."""
        if layer.tap_number and layer.report is not None:
            number, (ntp, rtp_timestamp, _) = layer.tap_number, layer.report
            self._push(tap.REPORT, number, tap.report_frame(number, int(now * 1e9), ntp, rtp_timestamp))

    def close_track(self, track: UpTrack) -> None:
        """End the layers of a track."""
        self._since.pop(track, None)
        for layer in track.layers.values():
            self._close_layer(layer)

    def close(self) -> None:
        """End everything; what is queued may still leave."""
        for layer in list(self._layers.values()):
            self._close_layer(layer)
        self.is_closed = True

    def track_of(self, number: int) -> UpTrack | None:
        """Return the track of a tap number."""
        layer = self._layers.get(number)
        return layer.track if layer is not None else None

    def _open_layer(self, layer: Layer) -> None:
        number = self._next
        self._next = self._next % 0xFFFF + 1
        track = layer.track
        if layer.codec.name not in TAPPED_CODECS or track.source == "line":
            return
        codec = layer.codec.name
        description = tap.TapTrack(
            room=self.room,
            peer=track.peer,
            source=track.source,
            codec=codec,
            layer=layer.rid,
            ssrc=layer.ssrc,
            payload_type=layer.codec.payload_type,
            clock_rate=layer.codec.clock_rate,
        )
        layer.tap_number = number
        self._layers[number] = layer
        self._descriptions[number] = tap.open_frame(number, description)
        self._push(tap.OPEN, number, self._descriptions[number])
        track.keyframe_wish = track.kind == "video"

    def _close_layer(self, layer: Layer) -> None:
        if layer.tap_number:
            self._layers.pop(layer.tap_number, None)
            self._push(tap.CLOSE, layer.tap_number, tap.close_frame(layer.tap_number))
            layer.tap_number = 0

    def _push(self, kind: int, track: int, frame: bytes) -> None:
        if kind == tap.RTP:
            if self.queued_bytes + len(frame) > tap.TAP_LIMIT_BYTES:
                self._dropped[track] = self._dropped.get(track, 0) + 1
                return
            lost = self._dropped.pop(track, 0)
            if lost:
                self._append(tap.DROPPED, track, tap.dropped_frame(track, lost))
        self._append(kind, track, frame)

    def _append(self, kind: int, track: int, frame: bytes) -> None:
        self._frames.append((kind, track, frame))
        self.queued_bytes += len(frame)

    # --- out -------------------------------------------------------------------------------------------------------

    def take(self, limit: int = SEND_BYTES) -> bytes:
        """Return whole frames of about `limit` bytes in order; b"" when nothing waits."""
        chunks: list[bytes] = []
        size = 0
        while self._frames and size < limit:
            kind, track, frame = self._frames.popleft()
            if kind == tap.CLOSE:
                self._descriptions.pop(track, None)
            chunks.append(frame)
            size += len(frame)
        self.queued_bytes -= size
        return b"".join(chunks)

    def reconnected(self) -> bytes:
        """Return the descriptions that a new connection begins with, and forget the ones that wait."""
        kept = deque(item for item in self._frames if item[0] != tap.OPEN)
        self._frames = kept
        self.queued_bytes = sum(len(frame) for _, _, frame in kept)
        named = {track for _, track, _ in kept} | set(self._layers)
        return b"".join(self._descriptions[number] for number in sorted(named) if number in self._descriptions)
