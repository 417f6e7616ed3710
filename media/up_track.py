"""What arrives from a publisher: packets, simulcast layers and the track that they form.

An `UpTrack` is one source (camera, mic, screen) of one peer and outlives the publisher's transport: slots point to it
before it sends and while it is away. Its `Layer`s are the SSRCs that carry it now. A packet is read once, here, into
an `UpPacket` that all down tracks share; VP8 payload descriptors are brought into one form so that a down track only
writes numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from media import h264, vp8
from media.control import AUDIO_SOURCES, Kind, Source
from media.demand import EncodingDemand
from media.ladder import NOT_LIVE, Ladder, LayerView, nominal_bps, nominal_costs
from media.layer_rates import LayerRates
from media.nack import NackGenerator
from media.packet_cache import PacketCache
from media.reception import ReceptionStats
from media.rtcp import SenderReport
from media.rtp import RtpError, Unwrapper, payload_span
from media.sdp import NegotiatedCodec
from media.voice import VoiceActivity

if TYPE_CHECKING:
    from media.down_track import DownTrack

OPAQUE, VP8_FULL, VP8_PART = 0, 1, 2
# A layer flows when a packet came within 3 of its frame intervals, at least 0.5 s (Janus: 250 ms) and, for a still
# screen at less than a frame a second, at most 5 s.
LIVE_INTERVALS, LIVE_MIN_S, LIVE_MAX_S = 3, 0.5, 5.0
LADDER_S = 0.1  # a ladder is built once in so long for all receivers
# A layer that falls so far behind another one of its track does not flow: a browser sends all layers of a picture at
# once, so this may be told sooner than a silence of all.
BEHIND_S, BEHIND_INTERVALS = 0.35, 4
# A shared screen costs nothing while a page stands, and a second of the whole link when it turns: its better layer is
# for links that carry a quarter of what such a layer may cost.
BURST_SHARE = 4
SILENT_S = 3.0  # a track without a packet for longer is reported as ended
RATE_WINDOW_S = 1.0
MEAN_PACKET_BYTES = 1_000  # of a frame of several packets: Chromium fills them to about 1,170
MAX_REPLAY_PACKETS = 40  # Galene replays a keyframe from its cache up to this length
CACHE_PACKETS = {"video": 2048, "audio": 256}
_NO_DESCRIPTOR = -1


class UpPacket:
    """A media packet as all receivers of its track share it. Treat as read-only."""

    __slots__ = (
        "arrival_ns",
        "begins_keyframe",
        "body",
        "flags",
        "form",
        "index",
        "is_sync",
        "keyidx",
        "layer",
        "marker",
        "picture_id",
        "tid",
        "timestamp",
        "tk",
        "tl0picidx",
    )

    def __init__(self, layer: Layer, index: int, marker: int, timestamp: int, arrival_ns: int) -> None:
        self.layer = layer
        self.index = index  # unwrapped sequence number
        self.marker = marker  # 0 or 128
        self.timestamp = timestamp
        self.arrival_ns = arrival_ns
        self.begins_keyframe = False
        self.tid = 0  # temporal layer; 0 where the codec tells none
        self.is_sync = True  # its temporal layer may be taken up again from this frame on (RFC 7741 §4.2, Y)
        self.form = OPAQUE
        # The payload; in form VP8_FULL without its descriptor. A bytearray, because each receiver copies it into
        # another one: CPython copies bytes twice there (0.17 against 0.05 us for 1,100).
        self.body = bytearray()
        self.flags = 0  # VP8_FULL: the first byte of the descriptor
        self.tk = 0  # VP8_FULL: TID, Y and no KEYIDX
        self.picture_id = _NO_DESCRIPTOR
        self.tl0picidx = _NO_DESCRIPTOR
        self.keyidx = _NO_DESCRIPTOR


class RateMeter:
    """Bytes over a sliding second, in two halves."""

    def __init__(self) -> None:
        self._since = -1.0
        self._bytes = 0
        self._bps = 0.0

    def add(self, size: int, now: float) -> None:
        """Count `size` bytes."""
        if self._since < 0:
            self._since = now
        elif now - self._since >= RATE_WINDOW_S:
            self._roll(now)
        self._bytes += size

    def bps(self, now: float) -> int:
        """Return the rate of the last full window; 0 after two silent ones."""
        if self._since >= 0 and now - self._since >= RATE_WINDOW_S:
            self._roll(now)
        return int(self._bps)

    def _roll(self, now: float) -> None:
        elapsed = now - self._since
        self._bps = self._bytes * 8 / elapsed if elapsed < 3 * RATE_WINDOW_S else 0.0
        self._bytes = 0
        self._since = now


class Layer:
    """One encoding of a track: an SSRC and everything that is counted for it."""

    def __init__(self, track: UpTrack, rid: str, ssrc: int, codec: NegotiatedCodec) -> None:
        self.track = track
        self.rid = rid
        self.ssrc = ssrc
        self.codec = codec
        self.height = 0  # lines; 0 until a keyframe told
        self.pending: list[UpPacket] = []  # of this batch, for the slots that take it
        self.pending_bytes = 0
        self.top_tid = 0  # the highest temporal layer seen
        self.first_index = -1  # of its present flow
        self.newest_index = -1
        self.key_index = -1  # where the newest keyframe begins
        self.key_at = -1.0
        self.key_bytes = 0  # of that keyframe, as far as it came
        self.bytes_after_key = 0  # of what came after it
        self._key_timestamp = -1
        self.last_at = -1.0
        self._frame_timestamp = -1
        self._frame_at = -1.0
        self._interval_s = 0.1
        self.live_since = -1.0  # the end of its last silence
        self.rate = RateMeter()
        self.rates = LayerRates()
        self.report: tuple[int, int, float] | None = None  # the publisher's SR: NTP, RTP time, when it came
        self.nack = NackGenerator()
        self.stats = ReceptionStats(ssrc, codec.clock_rate)
        self.cache: PacketCache[UpPacket] = PacketCache(CACHE_PACKETS[track.kind])
        self.tap_number = 0  # the recorder's name of this layer; 0: not recorded
        self._unwrapper = Unwrapper()

    def is_live(self, now: float) -> bool:
        """Return whether packets are flowing."""
        return self.last_at >= 0 and now - self.last_at < self._allowed_s

    @property
    def _allowed_s(self) -> float:
        return min(max(LIVE_MIN_S, LIVE_INTERVALS * self._interval_s), LIVE_MAX_S)

    def receive(self, packet: bytes, arrival_ns: int, now: float) -> UpPacket | None:
        """Read one media packet (first-hand or unwrapped from RTX); None for a duplicate or a broken one."""
        try:
            start, end = payload_span(packet)
        except RtpError:
            return None
        seq = packet[2] << 8 | packet[3]
        timestamp = int.from_bytes(packet[4:8], "big")
        index = self._unwrapper.unwrap(seq)
        item = UpPacket(self, index, packet[1] & 0x80, timestamp, arrival_ns)
        if end > start:
            try:
                self._read_payload(item, packet, start, end)
            except vp8.Vp8Error:
                return None
        is_new = self.nack.on_packet(seq, now, begins_keyframe=item.begins_keyframe)
        self.stats.on_packet(seq, timestamp, arrival_ns / 1e9)
        if not is_new:
            return None
        if now - self.last_at >= BEHIND_S and now - self.last_at >= BEHIND_INTERVALS * self._interval_s:
            self.live_since, self.first_index = now, -1  # it begins, or begins again
            self.track.expire_ladder()
        self.last_at = now
        if timestamp != self._frame_timestamp:
            if self._frame_at >= 0:
                self._interval_s += (min(now - self._frame_at, LIVE_MAX_S) - self._interval_s) / 4
            self._frame_timestamp, self._frame_at = timestamp, now
        self.rate.add(len(packet) + 28, now)  # with IPv4 and UDP headers, as estimates count
        if self.first_index < 0:
            self.first_index = index
        self.newest_index = max(self.newest_index, index)
        if item.begins_keyframe and index > self.key_index:
            self.key_index, self.key_at, self._key_timestamp = index, now, timestamp
            self.key_bytes = self.bytes_after_key = 0
        is_key = timestamp == self._key_timestamp
        if is_key:
            self.key_bytes += len(packet)
        else:
            self.bytes_after_key += len(packet)
        self.rates.add(len(packet) + 28, item.tid, now, is_key=is_key)
        self.cache.put(seq, item, now)
        return item

    def frame_s(self, tid: int) -> float:
        """Return the time between two frames when temporal layers up to `tid` are sent: each one halves it."""
        return self._interval_s * float(1 << max(0, self.top_tid - tid))

    def packets_per_frame(self, now: float) -> float:
        """Return the mean number of packets of a frame, at least 1."""
        return max(1.0, self.rate.bps(now) * self._interval_s / 8 / MEAN_PACKET_BYTES)

    def view(self, newest_at: float, least_bps: int = 0) -> LayerView:
        """Return the layer as a receiver chooses it; it flows when it keeps up with what came last of its track.

        It costs `least_bps`, however little flows.
        """
        is_live = newest_at - self.last_at < max(BEHIND_S, BEHIND_INTERVALS * self._interval_s)
        costs = self.rates.costs() or nominal_costs(self.height, self.top_tid)
        if least_bps:
            costs = tuple(max(cost, least_bps) for cost in costs)
        return LayerView(self.rid, self.height, costs, self.live_since if is_live else NOT_LIVE)

    def on_sender_report(self, report: SenderReport, now: float) -> None:
        """Take the publisher's clock pair."""
        self.report = (report.ntp, report.rtp_timestamp, now)
        self.stats.on_sender_report(report.ntp, now)

    def since_keyframe(self, now: float) -> list[UpPacket]:
        """Return what is cached from the newest keyframe on, in order; empty when that is too much to be replayed."""
        if self.key_index < 0 or self.newest_index - self.key_index >= MAX_REPLAY_PACKETS:
            return []
        found = (self.cache.get(index & 0xFFFF, now) for index in range(self.key_index, self.newest_index + 1))
        packets = [packet for packet in found if packet is not None]
        if not packets or not packets[0].begins_keyframe or packets[0].index != self.key_index:
            return []
        return packets

    def _read_payload(self, item: UpPacket, packet: bytes, start: int, end: int) -> None:
        name = self.codec.name
        if name == "vp8":
            self._read_vp8(item, packet, start, end)
            return
        item.body = bytearray(packet[start:end])
        if name == "h264" and h264.begins_keyframe(packet, start, end):
            item.begins_keyframe = True
            sps = h264.find_sps(packet, start, end)
            if sps is not None:
                self.height = sps.height

    def _read_vp8(self, item: UpPacket, packet: bytes, start: int, end: int) -> None:
        descriptor = vp8.parse(packet, start, end)
        if descriptor.is_keyframe:
            item.begins_keyframe = True
            size = vp8.frame_size(packet, start, end, descriptor)
            if size is not None:
                self.height = size[1]
        item.picture_id = descriptor.picture_id
        item.tl0picidx = descriptor.tl0picidx
        item.keyidx = descriptor.keyidx
        if descriptor.tid > 0:
            item.tid, item.is_sync = descriptor.tid, descriptor.layer_sync
            if descriptor.tid > self.top_tid:
                self.top_tid = descriptor.tid
        if descriptor.picture_id < 0:
            item.body = bytearray(packet[start:end])
            return
        fixed = vp8.fixed_form(packet, start, descriptor)
        rest = bytearray(packet[start + descriptor.length : end])
        if descriptor.tl0picidx >= 0 and len(fixed) == 6:
            item.form, item.flags, item.body = VP8_FULL, fixed[0] << 8 | fixed[1], rest
            # A source without KEYIDX leaves the field alone: K = 0 in the flags says that it means nothing.
            item.tk = fixed[5] & 0xE0
            item.keyidx = max(descriptor.keyidx, 0)
        else:
            item.form, item.body = VP8_PART, bytearray(fixed) + rest


class UpTrack:
    """A source of a peer: what slots point to."""

    def __init__(self, peer: str, source: Source) -> None:
        self.peer = peer
        self.source = source
        self.kind: Kind = "audio" if source in AUDIO_SOURCES else "video"
        self.layers: dict[str, Layer] = {}  # by rid
        self.downs: list[DownTrack] = []
        self.is_muted = False
        self.is_active = True  # SetSource
        self.is_heard = False  # as last told by TrackChanged
        self.keyframe_wish = False
        self.demand = EncodingDemand()
        self.voice = VoiceActivity()
        self._flowing: set[str] = set()
        self._ladder = Ladder()
        self._ladder_until = -1.0

    def add_layer(self, rid: str, ssrc: int, codec: NegotiatedCodec) -> Layer:
        """Make the layer `rid`, in place of an older one of that name."""
        layer = self.layers[rid] = Layer(self, rid, ssrc, codec)
        self.expire_ladder()
        return layer

    def clear(self) -> None:
        """Forget what was received: the publisher is gone or another one. Receivers wait for a new beginning."""
        self.layers.clear()
        self.demand.restart()
        self.expire_ladder()
        for down in self.downs:
            down.interrupt()

    def set_muted(self, muted: bool) -> None:
        """Drop what arrives, or let it through again, from a keyframe on."""
        if muted != self.is_muted:
            self.is_muted = muted
            for down in self.downs:
                down.interrupt()

    def by_quality(self) -> list[Layer]:
        """Return the layers, poorest first: by lines once keyframes told them, before that by rate."""
        return sorted(self.layers.values(), key=lambda layer: (layer.height, layer.rate._bps))

    def expire_ladder(self) -> None:
        """Build the ladder anew when it is asked for next."""
        self._ladder_until = -1.0

    def take_fall(self, now: float) -> bool:
        """Return once whether a layer fell silent while others go on, so that who gets it must choose again."""
        flowing = {view.rid for view in self.ladder(now).layers if view.live_since != NOT_LIVE}
        fell = not self._flowing <= flowing
        self._flowing = flowing
        return fell

    def ladder(self, now: float) -> Ladder:
        """Return what receivers can choose from; one that is silent altogether keeps its place in their slots."""
        if now >= self._ladder_until:
            self._ladder_until = now + LADDER_S
            layers = [layer for layer in self.by_quality() if layer.last_at >= 0]
            # A layer whose lines are not known yet has no place among those whose lines are: no keyframe came.
            known = [layer for layer in layers if layer.height] or layers
            newest_at = max((layer.last_at for layer in layers), default=-1.0)
            bursts = self.source == "screen"
            self._ladder = Ladder.of(
                [
                    layer.view(newest_at, nominal_bps(layer.height) // BURST_SHARE if bursts and number else 0)
                    for number, layer in enumerate(known)
                ]
            )
        return self._ladder

    def live_layers(self, now: float) -> list[Layer]:
        """Return the layers that flow, poorest first."""
        return [layer for layer in self.by_quality() if layer.is_live(now)]
