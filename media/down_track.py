"""A slot of a receiver: one outgoing SSRC that never breaks, whatever feeds it.

Theory of operation. A packet that leaves is the packet that came plus offsets: for the sequence number, the timestamp
and the VP8 picture id, TL0PICIDX and KEYIDX. A set of offsets is a `Splice`. A new one is made whenever what feeds the
slot begins anew (another source, another layer, another codec, after a mute, after frames that were left out), always
so that the receiver sees the next numbers in order.

SRTP rule: one (SSRC, sequence number) is never encrypted with two contents (RFC 3711 §9.1). Video is therefore resent
on the RTX SSRC only (RFC 4588); audio, for which Chromium takes no RTX, is resent as the identical packet.

Here is what both kinds share; `media/audio_down_track.py` and `media/video_down_track.py` are the two kinds.
"""

from __future__ import annotations

import random
import struct
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from media.control import Kind
from media.rtcp import SenderReport
from media.sdp import NegotiatedMedia
from media.up_track import Layer, UpPacket, UpTrack

if TYPE_CHECKING:
    from media.subscriber import Subscriber

HEADER_BYTES = 20  # fixed header and one extension element: the transport-wide sequence number
OPAQUE_HEADER = struct.Struct("!BBHIIII")
IP_UDP_BYTES = 28
MAX_TIMESTAMP_LEAD_S = 0.25  # further off than this from arrival time, an SR pair is not believed
SR_MEMORY = 4


class SendLog(Protocol):
    """Where sent packets are counted and get their transport-wide number: `media.twcc.TwccSendLog`."""

    next_index: int  # of which the next packet gets the lower 16 bits

    def on_send(self, now: float, size_bytes: int) -> int:
        """Log a packet and return the number to write."""

    def on_send_run(self, now: float, sizes: Sequence[int], more_bytes: int) -> None:
        """Log packets that got the numbers from `next_index` on, each of its size and `more_bytes`."""

    def on_resend(self, seq: int) -> None:
        """Note that the packet of this number leaves once more as it was."""


class Outgoing:
    """Packets of one receiver on their way out: plain RTP in `data`, each with `tag_bytes` of room behind it.

    They lie from `start` to `end`; before them are those of other receivers that wait to be sent.
    """

    __slots__ = ("data", "end", "sizes", "start", "tag_bytes")

    def __init__(self, data: bytearray) -> None:
        self.data = data
        self.sizes: list[int] = []
        self.start = self.end = 0
        self.tag_bytes = 16

    def begin(self, tag_bytes: int) -> None:
        """Begin behind what is there, for a transport that adds `tag_bytes` to a packet."""
        self.sizes.clear()
        self.start = self.end
        self.tag_bytes = tag_bytes

    def reset(self, tag_bytes: int) -> None:
        """Empty it for a transport that adds `tag_bytes` to a packet."""
        self.start = self.end = 0
        self.begin(tag_bytes)

    def has_room(self) -> bool:
        """Return whether one more packet surely fits."""
        return self.end + 2048 < len(self.data)


class Splice:
    """Offsets that put the packets of a layer into a slot's numbering, from one beginning on."""

    __slots__ = (
        "first_in",
        "keyidx",
        "last_in",
        "last_picture",
        "layer",
        "payload_type",
        "picture_id",
        "rtx_type",
        "seq",
        "tl0",
        "ts",
    )

    def __init__(self, layer: Layer, first_in: int, first_out: int, payload_type: int, rtx_type: int) -> None:
        self.layer = layer
        self.first_in = first_in
        self.last_in = 1 << 62  # the last index that has its place here, once another splice followed
        self.last_picture = -1  # … and the picture id of its frame, as it came in
        self.seq = first_out - first_in
        self.payload_type = payload_type
        self.rtx_type = rtx_type
        self.ts = 0
        self.picture_id = 0
        self.tl0 = 0
        self.keyidx = 0

    def moved_on(self, first_in: int, ts: int) -> Splice:
        """Return one that goes on with these numbers from `first_in`, with other timestamps."""
        new = Splice(self.layer, first_in, first_in + self.seq, self.payload_type, self.rtx_type)
        new.ts = ts
        new.picture_id, new.tl0, new.keyidx = self.picture_id, self.tl0, self.keyidx
        return new


class DownTrack:
    """One slot of one receiver: what both kinds share."""

    __slots__ = (
        "_before", "_last_arrival_ns", "_last_out", "_last_ts", "_reports", "_splice", "_twcc_head", "_types",
        "max_height", "octets", "owner", "packets", "rtx_ssrc", "slot", "ssrc", "target", "track", "window_bytes",
    )  # fmt: skip

    kind: Kind

    def __init__(self, slot: str, ssrc: int, rng: random.Random) -> None:
        self.owner: Subscriber | None = None
        self.slot = slot
        self.ssrc = ssrc
        self.rtx_ssrc = 0
        self.track: UpTrack | None = None
        self.target: Layer | None = None  # what the layer policy wants
        self.max_height = 100_000
        self.packets = 0
        self.octets = 0
        self.window_bytes = 0  # since the last report
        self._types: dict[str, tuple[int, int]] = {}
        self._twcc_head = 0  # 0: the receiver did not negotiate it
        self._splice: Splice | None = None
        self._before: Splice | None = None  # the newest one, also when the slot waits for the next
        # Below 2**15, so that the first packets lost do not confuse the receiver's rollover counter (RFC 3711 §3.3.1).
        self._last_out = rng.randrange(1, 1 << 14)
        self._last_ts = rng.randrange(1 << 31)
        self._last_arrival_ns = 0
        self._reports: deque[tuple[int, float]] = deque(maxlen=SR_MEMORY)

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

    def takes(self, layer: Layer) -> bool:
        """Return whether a packet of `layer` concerns this slot now."""
        splice = self._splice
        return layer is self.target or (splice is not None and splice.layer is layer)

    def resend(self, seqs: tuple[int, ...], out: Outgoing, log: SendLog, now: float) -> None:
        """Write again what a NACK asks for, as far as it is of use."""
        raise NotImplementedError

    # --- numbering -------------------------------------------------------------------------------------------------

    def _next_timestamp(self, layer: Layer, first: UpPacket) -> int:
        """Return the outgoing timestamp for `first`: after the last one by as much time as passed."""
        if not self._last_arrival_ns:
            return self._last_ts
        return self._last_ts + max(self._elapsed_ticks(layer, first), layer.codec.clock_rate // 100)

    def _elapsed_ticks(self, layer: Layer, first: UpPacket) -> int:
        """Return the ticks between the last packet sent and `first`; less than 0 when `first` is older."""
        rate = layer.codec.clock_rate
        elapsed = (first.arrival_ns - self._last_arrival_ns) * rate // 1_000_000_000
        exact = self._elapsed_by_reports(layer, first)
        if exact is not None and abs(exact - elapsed) < MAX_TIMESTAMP_LEAD_S * rate:
            elapsed = exact
        return elapsed

    def _elapsed_by_reports(self, layer: Layer, first: UpPacket) -> int | None:
        """Return the ticks between the last packet sent and `first` by the publisher's clock (SR pairs), if it told."""
        before = self._before
        if before is None or before.layer.track is not layer.track:
            return None
        old, new = before.layer.report, layer.report
        if old is None or new is None:
            return None
        rate = layer.codec.clock_rate
        last_in = self._last_ts - before.ts
        apart = (new[0] - old[0]) * rate >> 32  # ticks from the old pair to the new one
        since_new = signed32(first.timestamp - new[1])
        since_old = signed32(last_in - old[1])
        return apart + since_new - since_old

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


def signed32(value: int) -> int:
    """Return a difference of 32-bit timestamps as the lesser step, forwards or back."""
    return ((value + 0x80000000) & 0xFFFFFFFF) - 0x80000000
