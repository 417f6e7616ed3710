"""A slot of a receiver: one outgoing SSRC that never breaks, whatever feeds it.

Theory of operation. Every packet that leaves is the packet that came plus offsets: for the sequence number, the
timestamp and the VP8 picture id, TL0PICIDX and KEYIDX. A set of offsets is a `Splice`. A new one is made whenever what
feeds the slot begins anew (another source, another layer, another codec, after a mute): always at a keyframe for
video, and always so that the receiver sees the next numbers in order. Offsets, not counters: a packet that came late
or was lost on the way up still has its place in the outgoing numbering, and a NACK is answered from the cache of
the layer through the splice that was in force at that number.

SRTP rule: one (SSRC, sequence number) is never encrypted with two contents (RFC 3711 §9.1). Video is
therefore resent on the RTX SSRC only (RFC 4588); audio, for which Chromium takes no RTX, is resent as the identical
packet.

The file is longer than others because it is one idea: splicing, resending, padding and reporting all turn on the same
few numbers, and the fast path pays for every attribute that lies a further object away.
"""

from __future__ import annotations

import random
import struct
from collections import deque
from typing import TYPE_CHECKING, Protocol

from media import vp8
from media.control import Kind
from media.rtcp import SenderReport
from media.rtp import seq_diff
from media.sdp import NegotiatedMedia
from media.up_track import OPAQUE, VP8_FULL, Layer, UpPacket, UpTrack

if TYPE_CHECKING:
    from media.subscriber import Subscriber

HEADER_BYTES = 20  # fixed header and one extension element: the transport-wide sequence number
_OPAQUE = struct.Struct("!BBHIIII")
_FULL = struct.Struct("!BBHIIIIHHBB")
_RTX_FULL = struct.Struct("!BBHIIIIHHHBB")
_RTX_OPAQUE = struct.Struct("!BBHIIIIH")
IP_UDP_BYTES = 28
SPLICES = 4  # how many beginnings back a NACK can reach
AUDIO_CACHE = 128  # packets: 2.5 s
RESEND_GUARD_S = 0.015  # media.md §2.9: a repeated NACK is answered, but not one that crossed our answer
RESEND_MEMORY = 256
MAX_TIMESTAMP_LEAD_S = 0.25  # further off than this from arrival time, an SR pair is not believed
REPLAY_S = 0.3  # a switch replays a cached keyframe only when the receiver takes it within this time (media.md §2.10)
REPLAY_BYTES = 8_000  # … or it is a small one
# An empty slot waits for a keyframe's bytes either way: only what comes after it is the price of the replay. A new
# keyframe may be asked for once a second, so half of that on average is what the replay saves.
JOIN_REPLAY_S = 0.5
JUST_BEGUN_S = 0.06  # a keyframe this young is beginning, not replayed
SR_MEMORY = 4


class SendLog(Protocol):
    """Where sent packets are counted and get their transport-wide number: `media.twcc.TwccSendLog`."""

    def on_send(self, now: float, size_bytes: int) -> int:
        """Log a packet and return the number to write."""


class Outgoing:
    """Packets of one receiver on their way out: plain RTP in `data`, each with `tag_bytes` of room behind it."""

    __slots__ = ("data", "end", "sizes", "tag_bytes")

    def __init__(self, data: bytearray) -> None:
        self.data = data
        self.sizes: list[int] = []
        self.end = 0
        self.tag_bytes = 16

    def reset(self, tag_bytes: int) -> None:
        """Empty it for a transport that adds `tag_bytes` to a packet."""
        self.sizes.clear()
        self.end = 0
        self.tag_bytes = tag_bytes

    def has_room(self) -> bool:
        """Return whether one more packet surely fits."""
        return self.end + 2048 < len(self.data)


class Splice:
    """Offsets that put the packets of a layer into a slot's numbering, from one beginning on."""

    __slots__ = (
        "first_in",
        "first_out",
        "keyidx",
        "layer",
        "payload_type",
        "picture_id",
        "rtx_type",
        "seq",
        "tl0",
        "ts",
    )

    def __init__(self, layer: Layer, first: UpPacket, first_out: int, payload_type: int, rtx_type: int) -> None:
        self.layer = layer
        self.first_in = first.index
        self.first_out = first_out
        self.seq = first_out - first.index
        self.payload_type = payload_type
        self.rtx_type = rtx_type
        self.ts = 0
        self.picture_id = 0
        self.tl0 = 0
        self.keyidx = 0


class DownTrack:
    """One slot of one receiver."""

    def __init__(self, slot: str, kind: Kind, ssrc: int, rtx_ssrc: int, rng: random.Random) -> None:
        self.owner: Subscriber | None = None
        self.slot = slot
        self.kind: Kind = kind
        self.ssrc = ssrc
        self.rtx_ssrc = rtx_ssrc
        self.track: UpTrack | None = None
        self.target: Layer | None = None  # what the layer policy wants
        self.max_height = 100_000
        self.packets = 0
        self.octets = 0
        self.window_bytes = 0  # since the last report
        self._types: dict[str, tuple[int, int]] = {}
        self._twcc_head = 0  # 0: the receiver did not negotiate it
        self._splice: Splice | None = None
        self._splices: deque[Splice] = deque(maxlen=SPLICES)
        # Below 2**15, so that the first packets lost do not confuse the receiver's rollover counter (RFC 3711 §3.3.1).
        self._last_out = rng.randrange(1, 1 << 14)
        self._rtx_out = rng.randrange(1, 1 << 14)
        self._last_ts = rng.randrange(1 << 31)
        self._last_arrival_ns = 0
        self._last_marker = 128
        self._last_picture_id = rng.randrange(1 << 15)
        self._last_tl0 = rng.randrange(1 << 8)
        self._last_keyidx = rng.randrange(1 << 5)
        self._resent: dict[int, float] = {}
        self._audio_cache: dict[int, bytearray] = {}
        self._reports: deque[tuple[int, float]] = deque(maxlen=SR_MEMORY)

    # --- what feeds it ---------------------------------------------------------------------------------------------

    def negotiate(self, media: NegotiatedMedia) -> None:
        """Take what the receiver agreed to for this slot."""
        self._types = {codec.name: (codec.payload_type, codec.rtx_payload_type) for codec in media.codecs}
        self._twcc_head = (media.extensions.twcc << 4 | 1) << 24 if media.extensions.twcc else 0
        if not media.active:
            self._types = {}

    def feed(self, track: UpTrack | None) -> None:
        """Attach to a track, or to none; the numbering goes on."""
        if track is self.track:
            return
        if self.track is not None:
            self.track.downs.remove(self)
        self.track = track
        if track is not None:
            track.downs.append(self)
        self.interrupt()

    def interrupt(self) -> None:
        """Wait for a new beginning: what follows does not continue what was."""
        self._splice = None
        self.target = None

    @property
    def layer(self) -> Layer | None:
        """Return the layer that flows, or None."""
        return self._splice.layer if self._splice is not None else None

    def wants_keyframe(self) -> bool:
        """Return whether the slot waits for a keyframe of its target."""
        return self.kind == "video" and self.target is not None and self.layer is not self.target

    # --- the fast path ---------------------------------------------------------------------------------------------

    def write(self, packets: list[UpPacket], out: Outgoing, log: SendLog, now: float, budget_bps: int) -> None:
        """Write those of `packets` (one batch of the slot's track) that belong to the slot's layer.

        O(packets); about 3 µs a packet (bench/forwarding.py), which is why it is one long loop over local names.
        """
        splice = self._splice
        if splice is None or (self.target is not None and splice.layer is not self.target):
            begun = self._begin(packets, now, budget_bps)
            if begun is not None:
                packets, splice = begun
        if splice is None:
            return
        layer, first_in, seq_offset, ts_offset = splice.layer, splice.first_in, splice.seq, splice.ts
        payload_type, ssrc, head = splice.payload_type, self.ssrc, self._twcc_head
        data, end, tag, sizes = out.data, out.end, out.tag_bytes, out.sizes
        on_send, pack_full, pack_opaque = log.on_send, _FULL.pack_into, _OPAQUE.pack_into
        newest = None
        last_out, before, begin = self._last_out, len(sizes), end
        for packet in packets:
            index = packet.index
            if packet.layer is not layer or index < first_in:
                continue
            body = packet.body
            size = len(body) + (26 if packet.form == VP8_FULL else HEADER_BYTES)
            number = head | on_send(now, size + tag + IP_UDP_BYTES) << 8 if head else 0
            out_index = index + seq_offset
            out_ts = (packet.timestamp + ts_offset) & 0xFFFFFFFF
            second = packet.marker | payload_type
            if packet.form == VP8_FULL:
                pack_full(
                    data, end, 0x90, second, out_index & 0xFFFF, out_ts, ssrc, 0xBEDE0001, number, packet.flags,
                    0x8000 | (packet.picture_id + splice.picture_id) & 0x7FFF,
                    (packet.tl0picidx + splice.tl0) & 0xFF,
                    packet.tk | (packet.keyidx + splice.keyidx) & 0x1F,
                )  # fmt: skip
                data[end + 26 : end + size] = body
            else:
                pack_opaque(data, end, 0x90, second, out_index & 0xFFFF, out_ts, ssrc, 0xBEDE0001, number)
                data[end + HEADER_BYTES : end + size] = body
                if packet.form != OPAQUE:
                    self._patch(data, end + HEADER_BYTES, packet, splice)
            sizes.append(size)
            if out_index > last_out:
                last_out = out_index
                newest = packet
            self.octets += len(body)
            end += size + tag
        self.packets += len(sizes) - before
        out.end = end
        if newest is not None:
            self._remember(newest, splice, last_out)
        if self.kind == "audio":
            self._keep_audio(data, begin, sizes[before:], tag)

    def _remember(self, newest: UpPacket, splice: Splice, last_out: int) -> None:
        """Note where the numbering stands, for the next splice."""
        self._last_out = last_out
        self._last_ts = (newest.timestamp + splice.ts) & 0xFFFFFFFF
        self._last_arrival_ns = newest.arrival_ns
        self._last_marker = newest.marker
        if newest.picture_id >= 0:
            self._last_picture_id = (newest.picture_id + splice.picture_id) & 0x7FFF
        if newest.tl0picidx >= 0:
            self._last_tl0 = (newest.tl0picidx + splice.tl0) & 0xFF
        if newest.keyidx >= 0:
            self._last_keyidx = (newest.keyidx + splice.keyidx) & 0x1F

    @staticmethod
    def _patch(data: bytearray, start: int, packet: UpPacket, splice: Splice) -> None:
        vp8.patch(
            data,
            start,
            packet.picture_id + splice.picture_id,
            max(packet.tl0picidx, 0) + splice.tl0,
            max(packet.keyidx, 0) + splice.keyidx,
        )

    def _keep_audio(self, data: bytearray, start: int, sizes: list[int], tag_bytes: int) -> None:
        """Keep the plain packets that lie from `start` on, to be sent once more as they are."""
        cache = self._audio_cache
        for size in sizes:
            cache[data[start + 2] << 8 | data[start + 3]] = data[start : start + size]
            if len(cache) > AUDIO_CACHE:
                del cache[next(iter(cache))]
            start += size + tag_bytes

    # --- a new beginning -------------------------------------------------------------------------------------------

    def _begin(self, packets: list[UpPacket], now: float, budget_bps: int) -> tuple[list[UpPacket], Splice] | None:
        """Splice in the target at a keyframe (audio: at once); return what is to be sent with it."""
        target = self.target
        if target is None:
            return None
        types = self._types.get(target.codec.name)
        if types is None:
            return None
        if self.kind == "audio":
            begin = [packet for packet in packets if packet.layer is target]
        else:
            if target.key_at < 0 or (now - target.key_at > JUST_BEGUN_S and not self._may_replay(target, budget_bps)):
                return None
            begin = target.since_keyframe(now)
        if not begin:
            return None
        splice = self._make_splice(target, begin[0], types)
        self._splice = splice
        self._splices.append(splice)
        return begin, splice

    def _may_replay(self, target: Layer, budget_bps: int) -> bool:
        """Return whether the cached keyframe with all after it is a better beginning than a new keyframe."""
        after = target.bytes_after_key
        if target.key_bytes + after <= max(REPLAY_BYTES, budget_bps * REPLAY_S / 8):
            return True
        return self._splice is None and after <= budget_bps * JOIN_REPLAY_S / 8

    def _make_splice(self, layer: Layer, first: UpPacket, types: tuple[int, int]) -> Splice:
        # One number is left out after an unfinished frame: the receiver must not join its halves with ours.
        gap = 1 if self._last_marker or self.kind == "audio" else 2
        splice = Splice(layer, first, self._last_out + gap, *types)
        splice.ts = self._next_timestamp(layer, first) - first.timestamp
        if first.picture_id >= 0:
            splice.picture_id = self._last_picture_id + 1 - first.picture_id
        if first.tl0picidx >= 0:
            splice.tl0 = self._last_tl0 + 1 - first.tl0picidx
        if first.keyidx >= 0:
            splice.keyidx = self._last_keyidx + 1 - first.keyidx
        return splice

    def _next_timestamp(self, layer: Layer, first: UpPacket) -> int:
        """Return the outgoing timestamp for `first`: after the last one by as much time as passed."""
        rate = layer.codec.clock_rate
        if not self._last_arrival_ns:
            return self._last_ts
        elapsed = (first.arrival_ns - self._last_arrival_ns) * rate // 1_000_000_000
        exact = self._elapsed_by_reports(layer, first)
        if exact is not None and abs(exact - elapsed) < MAX_TIMESTAMP_LEAD_S * rate:
            elapsed = exact
        return self._last_ts + max(elapsed, rate // 100)

    def _elapsed_by_reports(self, layer: Layer, first: UpPacket) -> int | None:
        """Return the ticks between the last packet sent and `first` by the publisher's clock (SR pairs), if it told."""
        before = self._splices[-1] if self._splices else None
        if before is None or before.layer.track is not layer.track:
            return None
        old, new = before.layer.report, layer.report
        if old is None or new is None:
            return None
        rate = layer.codec.clock_rate
        last_in = self._last_ts - before.ts
        apart = (new[0] - old[0]) * rate >> 32  # ticks from the old pair to the new one
        since_new = _signed32(first.timestamp - new[1])
        since_old = _signed32(last_in - old[1])
        return apart + since_new - since_old

    # --- repair ----------------------------------------------------------------------------------------------------

    def resend(self, seqs: tuple[int, ...], out: Outgoing, log: SendLog, now: float) -> None:
        """Write again what a NACK asks for, as far as it is cached."""
        for seq in seqs:
            if not out.has_room():
                return
            if now - self._resent.get(seq, -1.0) < RESEND_GUARD_S:
                continue
            if self._resend_audio(seq, out) if self.kind == "audio" else self._resend_video(seq, out, log, now):
                self._resent[seq] = now
                if len(self._resent) > RESEND_MEMORY:
                    del self._resent[next(iter(self._resent))]

    def _resend_audio(self, seq: int, out: Outgoing) -> bool:
        packet = self._audio_cache.get(seq)
        if packet is None:
            return False
        out.data[out.end : out.end + len(packet)] = packet
        out.sizes.append(len(packet))
        out.end += len(packet) + out.tag_bytes
        return True

    def _resend_video(self, seq: int, out: Outgoing, log: SendLog, now: float) -> bool:
        out_index = self._last_out + seq_diff(seq, self._last_out & 0xFFFF)
        splice = next((item for item in reversed(self._splices) if item.first_out <= out_index), None)
        if splice is None or not splice.rtx_type or not self.rtx_ssrc or out_index > self._last_out:
            return False
        packet = splice.layer.cache.get((out_index - splice.seq) & 0xFFFF, now)
        if packet is None or packet.index != out_index - splice.seq:
            return False
        self._write_rtx(packet, splice, out, log, now)
        return True

    def _write_rtx(self, packet: UpPacket, splice: Splice, out: Outgoing, log: SendLog, now: float) -> None:
        """Write `packet` on the RTX SSRC with its original number before the payload (RFC 4588 §4)."""
        body, data, end = packet.body, out.data, out.end
        size = len(body) + (28 if packet.form == VP8_FULL else 22)
        number = self._twcc_head | log.on_send(now, size + out.tag_bytes + IP_UDP_BYTES) << 8 if self._twcc_head else 0
        self._rtx_out += 1
        fixed = (
            0x90,
            packet.marker | splice.rtx_type,
            self._rtx_out & 0xFFFF,
            (packet.timestamp + splice.ts) & 0xFFFFFFFF,
            self.rtx_ssrc,
            0xBEDE0001,
            number,
        )
        original = (packet.index + splice.seq) & 0xFFFF
        if packet.form == VP8_FULL:
            _RTX_FULL.pack_into(
                data, end, *fixed, original, packet.flags,
                0x8000 | (packet.picture_id + splice.picture_id) & 0x7FFF,
                (packet.tl0picidx + splice.tl0) & 0xFF,
                packet.tk | (packet.keyidx + splice.keyidx) & 0x1F,
            )  # fmt: skip
        else:
            _RTX_OPAQUE.pack_into(data, end, *fixed, original)
        data[end + size - len(body) : end + size] = body
        if packet.form not in (OPAQUE, VP8_FULL):
            self._patch(data, end + 22, packet, splice)
        out.sizes.append(size)
        out.end = end + size + out.tag_bytes

    def pad(self, wanted_bytes: int, out: Outgoing, log: SendLog, now: float) -> int:
        """Write up to `wanted_bytes` of recent packets once more as RTX: a probe that also repairs. Return how many."""
        splice = self._splice
        if splice is None or not splice.rtx_type or not self.rtx_ssrc:
            return 0
        written = 0
        index = splice.layer.newest_index
        while written < wanted_bytes and index >= splice.first_in and out.has_room():
            packet = splice.layer.cache.get(index & 0xFFFF, now)
            index -= 1
            if packet is None or not packet.body:
                break
            before = out.end
            self._write_rtx(packet, splice, out, log, now)
            written += out.end - before + IP_UDP_BYTES
        return written

    # --- reports ---------------------------------------------------------------------------------------------------

    def sender_report(self, now: float) -> SenderReport | None:
        """Return the slot's SR: the publisher's clock pair, moved to `now` and into the slot's timestamps."""
        splice = self._splice
        if splice is None or splice.layer.report is None or not self.packets:
            return None
        ntp, rtp_timestamp, at = splice.layer.report
        ahead = now - at
        moved = (ntp + int(ahead * (1 << 32))) & 0xFFFFFFFFFFFFFFFF
        ticks = (rtp_timestamp + int(ahead * splice.layer.codec.clock_rate) + splice.ts) & 0xFFFFFFFF
        self._reports.append(((moved >> 16) & 0xFFFFFFFF, now))
        return SenderReport(self.ssrc, moved, ticks, self.packets & 0xFFFFFFFF, self.octets & 0xFFFFFFFF)

    def round_trip(self, last_sr: int, delay_since: int, now: float) -> float | None:
        """Return the round trip that a report block about this slot tells, in seconds (RFC 3550 §6.4.1).

        The SR carries the publisher's clock, so the time that it left is looked up instead of computed.
        """
        for middle, sent in self._reports:
            if middle == last_sr:
                return max(0.0, now - sent - delay_since / 65536)
        return None


def _signed32(value: int) -> int:
    return ((value + 0x80000000) & 0xFFFFFFFF) - 0x80000000
