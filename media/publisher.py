"""The sending side of a peer: which packet belongs to which layer, and what the sender is told in return.

SSRCs are learned from the MID and RID extensions (RFC 9143, RFC 8852), else from the SDP's ssrc lines, else from the
payload type (WHIP encoders and aiortc write neither). Feedback goes back as compound RTCP that begins with an RR, since
not every WHIP encoder takes reduced-size RTCP (RFC 5506).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from media import rtcp
from media.audio_down_track import AudioDownTrack
from media.control import Source
from media.rtp import ExtensionIds, read_fixed, read_text, read_u16, unwrap_rtx
from media.sdp import NegotiatedCodec, NegotiatedMedia
from media.twcc import TwccRecorder
from media.up_track import Layer, UpPacket, UpTrack

REPORT_INTERVAL_S = 1.0
MAX_ROUTES = 48  # 3 sources x 3 layers x (media + RTX), twice over: a client may change its SSRCs
REFERENCE_MEMORY = 4  # reference times that an answer may still come to
MAX_RTT_S = 5.0  # longer ones are of an answer that waited for its next report
# What an encoder is told to protect a voice against. Opus pays for it with the sound of those who lose nothing.
MAX_TOLD_LOSS = 0.2
LEARN_ATTEMPTS_PER_S = 200  # unknown SSRCs are looked at no more often


class Line(msgspec.Struct, frozen=True):
    """An m-line that a publisher sends on, with the track that it feeds."""

    media: NegotiatedMedia
    track: UpTrack


class _Route:
    """Where packets of an SSRC go: to a layer as they are, or unwrapped from RTX."""

    __slots__ = ("codecs", "is_rtx", "layer", "line")

    def __init__(self, line: Line, layer: Layer, *, is_rtx: bool) -> None:
        self.line = line
        self.layer = layer
        self.is_rtx = is_rtx
        # payload type on the wire -> codec
        self.codecs = {(codec.rtx_payload_type if is_rtx else codec.payload_type): codec for codec in line.media.codecs}


class Publisher:
    """One sending transport of a peer."""

    def __init__(self, peer: str, own_ssrc: int, now: float) -> None:
        self.peer = peer
        self.own_ssrc = own_ssrc
        self.rtt_s = 0.1
        self.packets = 0
        self.heard_at = -100.0
        self.bytes_in = 0
        self.lines: tuple[Line, ...] = ()
        self._ids = ExtensionIds()
        self._twcc_id = 0
        self._routes: dict[int, _Route] = {}
        self._names: dict[int, tuple[str, str]] = {}  # SSRC -> MID and RID, once learned: see `forget`
        self._twcc = TwccRecorder(own_ssrc)
        self._report_at = now + REPORT_INTERVAL_S
        self._learn_until = now
        self._learned = 0
        self._dlrr: list[tuple[int, int, float]] = []
        self._references: deque[tuple[int, float]] = deque(maxlen=REFERENCE_MEMORY)  # told: middle of NTP, when
        self._has_rtt = False

    def negotiate(self, media: Sequence[NegotiatedMedia], tracks: Mapping[str, UpTrack]) -> None:
        """Take what was agreed; `tracks` says by mid which track each m-line feeds."""
        self.lines = tuple(Line(line, tracks[line.mid]) for line in media if line.active and line.mid in tracks)
        self._ids = _ids_of_all([line.media.extensions for line in self.lines])
        self._twcc_id = next((line.media.extensions.twcc for line in self.lines if line.media.extensions.twcc), 0)

    def source_of(self, source: Source) -> UpTrack | None:
        """Return the track of a source that this publisher feeds."""
        return next((line.track for line in self.lines if line.track.source == source), None)

    def forget(self, track: UpTrack) -> None:
        """Forget the layers of a track: they are made anew when their SSRCs send again.

        The names of the SSRCs are kept: browsers write MID and RID until the first receiver report and never again
        (RFC 8852 §3.1), also when the same SSRCs go on after a pause of minutes.
        """
        self._routes = {ssrc: route for ssrc, route in self._routes.items() if route.line.track is not track}

    # --- packets ---------------------------------------------------------------------------------------------------

    def on_rtp(self, packet: bytes, arrival_ns: int, now: float) -> tuple[UpPacket, bytes] | None:
        """Take a decrypted packet; return it read, with its original bytes, or None: nothing new in it."""
        if len(packet) < 12 or packet[0] & 0xC0 != 0x80:
            return None
        self.packets += 1
        self.heard_at = now
        self.bytes_in += len(packet) + 28
        _, second, _, _, ssrc = read_fixed(packet)
        if self._twcc_id:
            number = read_u16(packet, self._twcc_id)
            if number >= 0:
                self._twcc.on_packet(number, arrival_ns, ssrc, now)
        route = self._routes.get(ssrc) or self._learn(packet, second & 0x7F, ssrc, now)
        if route is None:
            return None
        codec = route.codecs.get(second & 0x7F)
        if codec is None:
            return None
        layer = route.layer
        if route.is_rtx:
            original = unwrap_rtx(packet, codec.payload_type, layer.ssrc)
            if original is None:
                return None
            packet = bytes(original)
        if layer.codec is not codec:
            layer.codec = codec
        track = route.line.track
        if not track.is_active or track.layers.get(layer.rid) is not layer:
            return None
        item = layer.receive(packet, arrival_ns, now)
        return (item, packet) if item is not None else None

    def speaks(self, track: UpTrack, packet: bytes, now: float) -> bool:
        """Return whether it must be told now that somebody speaks on `track`."""
        return self._ids.audio_level > 0 and track.voice.on_packet(packet, self._ids.audio_level, now)

    def _learn(self, packet: bytes, payload_type: int, ssrc: int, now: float) -> _Route | None:
        """Find out what an unknown SSRC is (RFC 9143 §9.2), or None: not yet, or never."""
        if now > self._learn_until:
            self._learn_until, self._learned = now + 1.0, 0
        self._learned += 1
        if self._learned > LEARN_ATTEMPTS_PER_S or len(self._routes) >= MAX_ROUTES:
            return None
        line = self._find_line(packet, payload_type, ssrc)
        if line is None or not line.track.is_active:
            return None
        for codec in line.media.codecs:
            if codec.payload_type == payload_type:
                route = self._media_route(line, codec, packet, ssrc)
                break
            if codec.rtx_payload_type == payload_type:
                route = self._rtx_route(line, packet, ssrc)
                break
        else:
            return None
        if route is not None:
            self._routes[ssrc] = route
            self._names[ssrc] = (line.media.mid, route.layer.rid)
            if len(self._names) > MAX_ROUTES:
                del self._names[next(iter(self._names))]
        return route

    def _find_line(self, packet: bytes, payload_type: int, ssrc: int) -> Line | None:
        mid = (read_text(packet, self._ids.mid) if self._ids.mid else "") or self._names.get(ssrc, ("", ""))[0]
        if mid:
            return next((line for line in self.lines if line.media.mid == mid), None)
        for line in self.lines:
            if ssrc in line.media.ssrcs or ssrc in line.media.rtx_ssrcs.values():
                return line
        fitting = [
            line
            for line in self.lines
            if any(payload_type in (codec.payload_type, codec.rtx_payload_type) for codec in line.media.codecs)
            # who announced its SSRCs and uses one of them does not send with another one
            and not (line.media.ssrcs and line.track.layers)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _media_route(self, line: Line, codec: NegotiatedCodec, packet: bytes, ssrc: int) -> _Route | None:
        rid = (read_text(packet, self._ids.rid) if self._ids.rid else "") or self._names.get(ssrc, ("", ""))[1]
        if line.media.rids:
            if rid not in line.media.rids:
                return None
        else:
            rid = ""
        old = line.track.layers.get(rid)
        if old is not None:
            self._routes = {number: route for number, route in self._routes.items() if route.layer is not old}
        layer = line.track.add_layer(rid, ssrc, codec)
        layer.nack.rtt_s = self.rtt_s
        return _Route(line, layer, is_rtx=False)

    def _rtx_route(self, line: Line, packet: bytes, ssrc: int) -> _Route | None:
        written = read_text(packet, self._ids.repaired_rid) if self._ids.repaired_rid else ""
        rid = written or self._names.get(ssrc, ("", ""))[1]
        layers = line.track.layers
        if rid:
            layer = layers.get(rid)
        else:
            primary = next((main for main, rtx in line.media.rtx_ssrcs.items() if rtx == ssrc), None)
            candidates = [item for item in layers.values() if primary is None or item.ssrc == primary]
            layer = candidates[0] if len(candidates) == 1 else None
        return _Route(line, layer, is_rtx=True) if layer is not None else None

    # --- RTCP ------------------------------------------------------------------------------------------------------

    def layer_of(self, ssrc: int) -> Layer | None:
        """Return the layer that an SSRC carries first-hand."""
        route = self._routes.get(ssrc)
        return route.layer if route is not None and not route.is_rtx else None

    def on_rtcp(self, packet: rtcp.RtcpPacket, now: float) -> Layer | None:
        """Take a report of the sender; return the layer whose clock pair it brought."""
        if isinstance(packet, rtcp.SenderReport):
            layer = self.layer_of(packet.ssrc)
            if layer is not None:
                layer.on_sender_report(packet, now)
            return layer
        if isinstance(packet, rtcp.ReceiverReferenceTime):
            self._dlrr = [*self._dlrr[-7:], (packet.ssrc, rtcp.ntp_middle(packet.ntp), now)]
        elif isinstance(packet, rtcp.Dlrr):
            self._on_reference_answered(packet, now)
        return None

    def _on_reference_answered(self, packet: rtcp.Dlrr, now: float) -> None:
        """Take the round trip that the answer to a reference time tells (RFC 3611 §4.5); others are ignored."""
        for ssrc, middle, delay in packet.entries:
            sent_at = next((at for told, at in self._references if told == middle), None)
            if ssrc != self.own_ssrc or sent_at is None:
                continue
            rtt_s = now - sent_at - delay / 65_536
            if 0 <= rtt_s <= MAX_RTT_S:
                self.rtt_s += (rtt_s - self.rtt_s) / (4 if self._has_rtt else 1)
                self._has_rtt = True

    def layers(self) -> list[Layer]:
        """Return the layers that were learned."""
        return [layer for line in self.lines for layer in line.track.layers.values()]

    def poll_feedback(self, now: float) -> list[bytes]:
        """Return the RTCP that is due: transport-wide feedback, NACKs, and each second a report on every layer."""
        packets: list[bytes] = []
        due = self._twcc.next_timeout()
        if due is not None and now >= due:
            packets += self._twcc.on_timeout(now)
        for layer in self.layers():
            due = layer.nack.next_timeout()
            if due is None or now < due:
                continue
            seqs = layer.nack.on_timeout(now)
            if seqs and layer.codec.nack and (layer.track.kind == "video" or self._sends_video(now)):
                packets.append(rtcp.build_rr(self.own_ssrc) + rtcp.build_nack(self.own_ssrc, layer.ssrc, seqs))
            if layer.nack.take_keyframe_wish() and layer.track.kind == "video":
                layer.track.keyframe_wish = True
        if now >= self._report_at:
            self._report_at = now + REPORT_INTERVAL_S
            packets.append(self._report(now))
        return packets

    def _sends_video(self, now: float) -> bool:
        """Return whether pictures flow.

        Without them voices are not asked for again: Chromium, once it resends a voice, probes with padding, and with no
        RTX stream at hand it pads the voice's own (200 kbit/s beside a voice of 24).
        """
        return any(layer.track.kind == "video" and layer.is_live(now) for layer in self.layers())

    def _report(self, now: float) -> bytes:
        layers = self.layers()[:24]
        for layer in layers:
            layer.nack.rtt_s = self.rtt_s
        data = rtcp.build_rr(self.own_ssrc, [_report_block(layer, now) for layer in layers])
        data += self._reference(now)
        if self._dlrr:
            entries = [(ssrc, middle, int((now - at) * 65536)) for ssrc, middle, at in self._dlrr]
            data += rtcp.build_dlrr(self.own_ssrc, entries)
            self._dlrr = []
        return data

    def _reference(self, now: float) -> bytes:
        """Return our clock, for the sender to answer with its next report: so we learn the round trip."""
        ntp = int(now * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
        self._references.append((rtcp.ntp_middle(ntp), now))
        return rtcp.build_rrtr(self.own_ssrc, ntp)

    def keyframe_request(self, track: UpTrack) -> bytes | None:
        """Return the PLI for a track: on one of its layers, which makes keyframes on all of them (media.md §2.3)."""
        layer = max(track.layers.values(), key=lambda item: item.last_at, default=None)
        if layer is None:
            return None
        return rtcp.build_rr(self.own_ssrc) + rtcp.build_pli(self.own_ssrc, layer.ssrc)

    def fraction_lost(self) -> float:
        """Return the worst loss that its layers had in the last second, 0..1."""
        return max((layer.stats.fraction_lost for layer in self.layers()), default=0.0)


def _report_block(layer: Layer, now: float) -> rtcp.ReportBlock:
    """Return a layer's report. A voice's tells of its hearers' loss, too: Opus then adds in-band FEC (RFC 6716 §2.1.7).

    Only the fraction is raised. The sum of lost packets, by which browsers estimate their uplink, stays what it is.
    """
    block = layer.stats.report_block(now)
    if layer.track.kind != "audio":
        return block
    told = int(min(MAX_TOLD_LOSS, _unrepaired_loss(layer.track)) * 256)
    return msgspec.structs.replace(block, fraction_lost=max(told, block.fraction_lost))


def _unrepaired_loss(track: UpTrack) -> float:
    """Return the worst loss, 0..1, of those who hear the voice without copies of their own (RED)."""
    losses = [
        down.owner.link.loss
        for down in track.downs
        if isinstance(down, AudioDownTrack)
        and down.owner is not None
        and down.layer is not None
        and not down.mode.copies
    ]
    return max(losses, default=0.0)


def _ids_of_all(lines: Sequence[ExtensionIds]) -> ExtensionIds:
    """Return the ids of all lines of a bundle: an id means the same on each, but audio lists no RID (RFC 9143)."""
    ids = {
        name: next((getattr(line, name) for line in lines if getattr(line, name)), 0)
        for name in ExtensionIds.__struct_fields__
    }
    return ExtensionIds(**ids)
