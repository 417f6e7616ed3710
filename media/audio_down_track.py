"""An audio slot of a receiver: never held back, resent as the identical packet."""

from __future__ import annotations

import random

from media.down_track import HEADER_BYTES, IP_UDP_BYTES, OPAQUE_HEADER, DownTrack, Outgoing, SendLog, Splice
from media.up_track import Layer, UpPacket

CACHE_PACKETS = 128  # 2.5 s
RESEND_GUARD_S = 0.015  # a repeated NACK is answered, but not one that crossed our answer (media.md §2.9)
RESEND_MEMORY = 256


class AudioDownTrack(DownTrack):
    """One audio slot of one receiver."""

    kind = "audio"

    def __init__(self, slot: str, ssrc: int, rng: random.Random) -> None:
        super().__init__(slot, ssrc, rng)
        self._resent: dict[int, float] = {}
        self._cache: dict[int, bytearray] = {}

    def write(self, out: Outgoing, log: SendLog, now: float) -> None:
        """Write what came of the slot's layer in this batch; about 2.5 µs a packet (bench/forwarding.py)."""
        splice = self._splice
        target = self.target
        if splice is None or splice.layer is not target:
            if target is None or not target.pending:
                return
            begun = self._begin(target)
            if begun is None:
                return
            splice = begun
        head, first_in, seq_offset, ts_offset = self._twcc_head, splice.first_in, splice.seq, splice.ts
        data, end, tag = out.data, out.end, out.tag_bytes
        for packet in splice.layer.pending:
            index = packet.index
            if index < first_in:
                continue
            body = packet.body
            size = len(body) + HEADER_BYTES
            number = head | log.on_send(now, size + tag + IP_UDP_BYTES) << 8 if head else 0
            seq = index + seq_offset & 0xFFFF
            timestamp = packet.timestamp + ts_offset & 0xFFFFFFFF
            OPAQUE_HEADER.pack_into(
                data, end, 0x90, packet.marker | splice.payload_type, seq, timestamp, self.ssrc, 0xBEDE0001, number
            )
            data[end + HEADER_BYTES : end + size] = body
            out.sizes.append(size)
            self._keep(seq, data[end : end + size])
            if index + seq_offset > self._last_out:
                self._last_out, self._last_ts, self._last_arrival_ns = index + seq_offset, timestamp, packet.arrival_ns
            self.octets += len(body)
            self.packets += 1
            end += size + tag
        out.end = end

    def _begin(self, target: Layer) -> Splice | None:
        types = self._types.get(target.codec.name)
        if types is None:
            return None
        first: UpPacket = target.pending[0]
        splice = Splice(target, first.index, self._last_out + 1, *types)
        splice.ts = self._next_timestamp(target, first) - first.timestamp
        self._splice = self._before = splice
        return splice

    def _keep(self, seq: int, packet: bytearray) -> None:
        """Keep a plain packet, to be sent once more as it is."""
        cache = self._cache
        cache[seq] = packet
        if len(cache) > CACHE_PACKETS:
            del cache[next(iter(cache))]

    def resend(self, seqs: tuple[int, ...], out: Outgoing, log: SendLog, now: float) -> None:
        """Write again what a NACK asks for, as far as it is cached."""
        for seq in seqs:
            packet = self._cache.get(seq)
            if packet is None or not out.has_room() or now - self._resent.get(seq, -1.0) < RESEND_GUARD_S:
                continue
            out.data[out.end : out.end + len(packet)] = packet
            out.sizes.append(len(packet))
            out.end += len(packet) + out.tag_bytes
            self._resent[seq] = now
            if len(self._resent) > RESEND_MEMORY:
                del self._resent[next(iter(self._resent))]
