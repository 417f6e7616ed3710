"""An audio slot of a receiver: never held back, repaired as its link needs it.

Theory of operation. As long as the mode is plain, a packet that leaves is the packet that came plus offsets
(`media/down_track.py`). In every other mode a packet is RED (`media/red.py`): the newest frame, before it the other new
frames of the bundle, before those the frames of earlier packets as copies. Its timestamp is the newest frame's. Copies
are taken from what this slot sent, not from what arrived: so a frame that was late or lost on the way up leaves no
hole that would be filled with another, and a slot that is fed by another microphone begins with none.

Numbers: with one new frame a packet, a packet's number is the frame's plus an offset, so late frames find their place
and what was lost on the way up is seen as lost. A bundle takes the next number, and the offset is moved behind it. That
makes every change of mode seamless.

A NACK is answered with the identical packet (RFC 3711 §9.1: one number is never encrypted with two contents).
"""

from __future__ import annotations

import itertools
import random
from array import array
from bisect import insort
from collections import deque
from collections.abc import Iterable, Iterator
from operator import attrgetter

from media import red
from media.audio_repair import FRAME_BYTES, FRAME_S, PLAIN, AudioMode, AudioRepairPolicy, audio_bps
from media.bwe.link_state import LinkState
from media.down_track import HEADER_BYTES, IP_UDP_BYTES, OPAQUE_HEADER, DownTrack, Outgoing, SendLog, Splice
from media.rtp import timestamp_diff
from media.sdp import NegotiatedMedia
from media.up_track import Layer, UpPacket

CACHE_PACKETS = 64  # a divisor of 2**16; 1.3 s: what is asked for later than that has long been concealed
RESEND_GUARD_S = 0.015  # a repeated NACK is answered, but not one that crossed our answer (media.md §2.9)
MAX_RESENDS = 3  # of one packet
COPY_MEMORY = 8  # packets that copies can be taken from: more than 341 ms lie outside of what RED can say
TWCC_AT = 17  # where the transport-wide number lies in a packet
SAMPLED_FRAMES = 16  # frames whose size tells what the microphone costs
MEASURE_INTERVAL_S = 1.0
_by_index = attrgetter("index")


class AudioDownTrack(DownTrack):
    """One audio slot of one receiver."""

    __slots__ = (
        "_frame_bytes", "_frame_ticks", "_kept", "_kept_as", "_kept_by", "_measure_at", "_newest_in", "_red_type",
        "_resent", "_sent", "_waiting", "mode", "policy",
    )  # fmt: skip

    kind = "audio"

    def __init__(self, slot: str, ssrc: int, rng: random.Random) -> None:
        super().__init__(slot, ssrc, rng)
        self.policy = AudioRepairPolicy()
        self.mode: AudioMode = PLAIN
        self._red_type = 0  # 0: the receiver takes no RED
        self._frame_bytes: float = FRAME_BYTES
        self._frame_ticks = round(FRAME_S * 48_000)
        self._measure_at = 0.0
        self._waiting: list[UpPacket] = []  # new frames of the next bundle, by index
        self._sent: deque[list[UpPacket]] = deque(maxlen=COPY_MEMORY)  # new frames of earlier packets, newest last
        self._newest_in = -1  # the newest frame that was sent
        # What a NACK can reach, by outgoing number: a plain packet as it came with its splice, others as they left.
        self._kept: list[UpPacket | bytes | None] = [None] * CACHE_PACKETS
        self._kept_by: list[Splice | None] = [None] * CACHE_PACKETS
        self._kept_as = array("Q", bytes(8 * CACHE_PACKETS))  # seq << 32 | the extension with the transport-wide number
        self._resent: dict[int, tuple[int, float]] = {}  # seq -> how often, and when last

    # --- what it is told -------------------------------------------------------------------------------------------

    def negotiate(self, media: NegotiatedMedia) -> None:
        """Take what the receiver agreed to for this slot."""
        super().negotiate(media)
        self._red_type = media.red_payload_type if media.active else 0

    def interrupt(self) -> None:
        """Wait for a new beginning; frames of what flowed are neither sent late nor copied into what comes."""
        super().interrupt()
        self._measure_at = 0.0
        self._waiting.clear()
        self._sent.clear()

    def adapt(self, *, loss: float, loss_burst: float, rtt_s: float, room_bps: int, now: float) -> None:
        """Choose the repair anew (every 100–500 ms): `room_bps` is what the link leaves for this slot."""
        self._measure(now)
        if self.owner is not None and self.owner.link.state is LinkState.OUTAGE:
            room_bps = 0  # what a dead link's buffer holds now is what the live edge waits for when it is back
        mode = self.policy.choose(
            loss=loss,
            loss_burst=loss_burst,
            rtt_s=rtt_s,
            room_bps=room_bps,
            frame_bytes=self._frame_bytes,
            frame_s=self._frame_ticks / 48_000,
            has_red=self._red_type > 0,
            now=now,
        )
        if mode.is_plain:
            self._sent.clear()  # they will be old when they are wanted again
        self.mode = mode

    @property
    def cost_bps(self) -> int:
        """Return what the slot costs on the wire as it is sent now, resends aside; 0 while nothing feeds it."""
        return audio_bps(self.mode, self._frame_bytes, self._frame_ticks / 48_000) if self._splice is not None else 0

    def _measure(self, now: float) -> None:
        """Look at the last frames that came: how large they are and how long; 15 us, so once a second."""
        layer = self.layer
        if layer is None or now < self._measure_at:
            return
        self._measure_at = now + MEASURE_INTERVAL_S
        newest = layer.newest_index
        found = (layer.cache.get(index & 0xFFFF, now) for index in range(newest - SAMPLED_FRAMES, newest + 1))
        frames = [frame for frame in found if frame is not None and frame.body]
        if len(frames) < 2:
            return
        self._frame_bytes = sum(len(frame.body) for frame in frames) / len(frames)
        steps = [
            timestamp_diff(after.timestamp, before.timestamp) // (after.index - before.index)
            for before, after in itertools.pairwise(frames)
        ]
        self._frame_ticks = min(max(min(steps), 120), 5_760)  # 2.5 to 120 ms (RFC 6716 §2.1.4, §3.2.5)

    # --- the fast path ---------------------------------------------------------------------------------------------

    def write(self, out: Outgoing, log: SendLog, now: float) -> None:
        """Write what came of the slot's layer in this batch; about 2 µs a plain packet (bench/forwarding.py).

        Nothing is copied for the cache but numbers: copies in a dict took 1 µs a packet of all receivers more.
        """
        splice = self._splice
        target = self.target
        if splice is None or splice.layer is not target:
            if target is None or not target.pending:
                return
            begun = self._begin(target)
            if begun is None:
                return
            splice = begun
        mode = self.mode
        if self._waiting or mode.copies or mode.frames > 1:
            self._write_repaired(splice, out, log, now)
            return
        head, first_in, seq_offset, ts_offset = self._twcc_head, splice.first_in, splice.seq, splice.ts
        data, end, tag, resent = out.data, out.end, out.tag_bytes, self._resent
        for packet in splice.layer.pending:
            index = packet.index
            if index < first_in:
                continue
            body = packet.body
            length = len(body)
            size = length + HEADER_BYTES
            number = head | log.on_send(now, size + tag + IP_UDP_BYTES) << 8 if head else 0
            out_index = index + seq_offset
            seq = out_index & 0xFFFF
            timestamp = packet.timestamp + ts_offset & 0xFFFFFFFF
            OPAQUE_HEADER.pack_into(
                data, end, 0x90, packet.marker | splice.payload_type, seq, timestamp, self.ssrc, 0xBEDE0001, number
            )
            data[end + HEADER_BYTES : end + size] = body
            out.sizes.append(size)
            place = out_index % CACHE_PACKETS
            self._kept[place], self._kept_by[place], self._kept_as[place] = packet, splice, seq << 32 | number
            if resent:
                resent.pop(seq, None)
            if out_index > self._last_out:
                self._last_out, self._last_ts, self._last_arrival_ns = out_index, timestamp, packet.arrival_ns
                self._newest_in = index
            self.octets += length
            self.packets += 1
            end += size + tag
        out.end = end

    def skip(self) -> None:
        """Leave out what came of the slot's layer in this batch: it gets no number, so nobody asks for it again."""
        splice = self._splice
        if splice is None or splice.layer is not self.target or not splice.layer.pending:
            return
        self._waiting.clear()
        self._sent.clear()
        first_in = max(packet.index for packet in splice.layer.pending) + 1
        if first_in > splice.first_in:
            splice.first_in = first_in
            splice.seq = self._last_out + 1 - first_in

    def _begin(self, target: Layer) -> Splice | None:
        types = self._types.get(target.codec.name)
        if types is None:
            return None
        first: UpPacket = target.pending[0]
        splice = Splice(target, first.index, self._last_out + 1, *types)
        splice.ts = self._next_timestamp(target, first) - first.timestamp
        self._splice = self._before = splice
        self._newest_in = -1
        self._waiting.clear()
        self._sent.clear()
        return splice

    # --- bundles and copies ----------------------------------------------------------------------------------------

    def _write_repaired(self, splice: Splice, out: Outgoing, log: SendLog, now: float) -> None:
        for packet in splice.layer.pending:
            if not out.has_room():
                return
            if self.mode.frames > 1:
                self._collect(packet, splice, out, log, now)
                continue
            self._write_bundle(splice, out, log, now)  # of the mode before
            if packet.index < splice.first_in:
                continue
            is_odd = packet.index < self._newest_in or not packet.body  # late, or the publisher's padding
            copies = () if is_odd else self._copies()
            self._write_red([packet], copies, packet.index + splice.seq, splice, out, log, now)
            if not is_odd:
                self._sent.append([packet])

    def _collect(self, packet: UpPacket, splice: Splice, out: Outgoing, log: SendLog, now: float) -> None:
        """Put a frame into the next bundle and write the bundle when it is full."""
        if not packet.body:
            return  # the publisher's padding
        waiting, frames, ticks = self._waiting, self.mode.frames, self._frame_ticks
        before = waiting[-1] if waiting else self._sent[-1][-1] if self._sent else packet
        # Silence lies between (DTX), or the clock jumped: what waits gains nothing by waiting longer, and the next
        # frame may be 400 ms away. A frame that is too large for a block goes alone, too.
        is_apart = abs(timestamp_diff(packet.timestamp, before.timestamp)) > 2 * frames * ticks
        is_alone = is_apart or not red.fits(1, len(packet.body))
        if is_alone or red.payload_bytes([len(one.body) for one in (*waiting, packet)]) > red.MAX_PAYLOAD_BYTES:
            self._write_bundle(splice, out, log, now)
            waiting = self._waiting
        insort(waiting, packet, key=_by_index)
        if waiting[-1].index < self._newest_in:  # late ones alone make no packet: its timestamp would fall
            del waiting[:-frames]
            return
        spanned = timestamp_diff(waiting[-1].timestamp, waiting[0].timestamp)
        if is_alone or len(waiting) >= frames or spanned >= (frames - 1) * ticks:
            self._write_bundle(splice, out, log, now)

    def flush(self, out: Outgoing, log: SendLog, now: float) -> None:
        """Write frames that wait for a bundle which does not fill up: the publisher paused. Any tick may call it."""
        splice = self._splice
        if self._waiting and splice is not None and out.has_room():
            held_s = now - splice.layer.last_at
            if held_s > (self.mode.frames + 1) * self._frame_ticks / 48_000:
                self._write_bundle(splice, out, log, now)

    def _write_bundle(self, splice: Splice, out: Outgoing, log: SendLog, now: float) -> None:
        """Write the frames that wait as one packet with the next number; later numbers follow it."""
        frames, self._waiting = self._waiting, []
        if not frames or frames[-1].index < self._newest_in:
            return
        number = self._last_out + 1
        self._write_red(frames, self._copies(), number, splice, out, log, now)
        self._sent.append(frames)
        splice.first_in = frames[-1].index + 1
        splice.seq = number - frames[-1].index

    def _copies(self) -> Iterator[UpPacket]:
        """Return the frames to send once more, oldest first."""
        for distance in sorted(self.mode.copies, reverse=True):
            if distance <= len(self._sent):
                yield from self._sent[-distance]

    def _write_red(
        self, frames: list[UpPacket], copies: Iterable[UpPacket], number: int,
        splice: Splice, out: Outgoing, log: SendLog, now: float,
    ) -> None:  # fmt: skip
        """Write one packet: `frames` are new, the last one is the primary."""
        newest = frames[-1]
        blocks = [
            (offset, frame.body)
            for frame in (*copies, *frames[:-1])
            if red.fits(offset := timestamp_diff(newest.timestamp, frame.timestamp), len(frame.body))
        ]
        while blocks and red.payload_bytes([len(b) for _, b in blocks] + [len(newest.body)]) > red.MAX_PAYLOAD_BYTES:
            del blocks[0]
        data, begin = out.data, out.end
        payload_type = splice.payload_type
        body = begin + HEADER_BYTES
        if blocks and self._red_type:
            end = red.write_into(data, body, payload_type, blocks, newest.body)
            payload_type = self._red_type
        else:
            end = body + len(newest.body)
            data[body:end] = newest.body
        self._write_header(newest, number, payload_type, splice, out, log, end - begin, now)

    def _write_header(
        self, newest: UpPacket, number: int, payload_type: int,
        splice: Splice, out: Outgoing, log: SendLog, size: int, now: float,
    ) -> None:  # fmt: skip
        head, begin = self._twcc_head, out.end
        seq, timestamp = number & 0xFFFF, (newest.timestamp + splice.ts) & 0xFFFFFFFF
        written = head | log.on_send(now, size + out.tag_bytes + IP_UDP_BYTES) << 8 if head else 0
        OPAQUE_HEADER.pack_into(
            out.data, begin, 0x90, newest.marker | payload_type, seq, timestamp, self.ssrc, 0xBEDE0001, written
        )
        out.sizes.append(size)
        out.end = begin + size + out.tag_bytes
        place = number % CACHE_PACKETS
        self._kept[place], self._kept_by[place] = bytes(out.data[begin : begin + size]), splice
        self._kept_as[place] = seq << 32 | written
        self._resent.pop(seq, None)
        if number > self._last_out:
            self._last_out, self._last_ts, self._last_arrival_ns = number, timestamp, newest.arrival_ns
            self._newest_in = newest.index
        self.octets += size - HEADER_BYTES
        self.packets += 1

    # --- resends ---------------------------------------------------------------------------------------------------

    def resend(self, seqs: tuple[int, ...], out: Outgoing, log: SendLog, now: float) -> None:
        """Write again what a NACK asks for, as far as it is cached and of use."""
        if not self.mode.resends:
            return
        for seq in seqs:
            place = seq % CACHE_PACKETS
            kept, splice, kept_as = self._kept[place], self._kept_by[place], self._kept_as[place]
            if kept is None or splice is None or kept_as >> 32 != seq or not out.has_room():
                continue
            times, at = self._resent.get(seq, (0, -1.0))
            if times >= MAX_RESENDS or now - at < RESEND_GUARD_S:
                continue
            packet = kept if isinstance(kept, bytes) else self._as_sent(kept, splice, kept_as)
            if self.owner is not None and not self.owner.may_resend(len(packet) + out.tag_bytes + IP_UDP_BYTES, now):
                return
            out.data[out.end : out.end + len(packet)] = packet
            out.sizes.append(len(packet))
            out.end += len(packet) + out.tag_bytes
            if self._twcc_head:
                log.on_resend(packet[TWCC_AT] << 8 | packet[TWCC_AT + 1])
            self._resent[seq] = times + 1, now

    def _as_sent(self, packet: UpPacket, splice: Splice, kept_as: int) -> bytes:
        """Return a plain packet as it left."""
        timestamp = packet.timestamp + splice.ts & 0xFFFFFFFF
        kind = packet.marker | splice.payload_type
        header = OPAQUE_HEADER.pack(0x90, kind, kept_as >> 32, timestamp, self.ssrc, 0xBEDE0001, kept_as & 0xFFFFFFFF)
        return header + packet.body
