"""A publisher and receivers around a `Forwarder` in virtual time, with a checker of what receivers may see."""

from __future__ import annotations

import itertools
import random
import struct
from collections.abc import Sequence
from typing import Any

from bench.rtc_client import OPUS, RTX, VP8, OpusSource, Vp8Source
from media import rtcp
from media.control import Kind, Source
from media.down_track import Outgoing
from media.forwarder import Forwarder, Room
from media.publisher import Publisher
from media.rtp import ExtensionIds, seq_diff, timestamp_diff
from media.sdp import CodecName, NegotiatedCodec, NegotiatedMedia
from media.subscriber import Subscriber
from media.up_track import UpTrack
from media.video_down_track import ODD_TICKS

VP8_UP = NegotiatedCodec("vp8", VP8, RTX, 90_000, True, True, True)
H264_UP = NegotiatedCodec("h264", 98, 99, 90_000, True, True, True)
OPUS_UP = NegotiatedCodec("opus", OPUS, 0, 48_000, False, False, True)
DOWN_TYPES: dict[CodecName, int] = {"vp8": 96, "h264": 98, "opus": 111}


def line(mid: str, kind: Kind, *codecs: NegotiatedCodec, ssrcs: tuple[int, ...] = (), **more: Any) -> NegotiatedMedia:
    """Return an m-line of a publisher that is told by SSRC."""
    return NegotiatedMedia(mid, kind, codecs, ExtensionIds(), ssrcs=ssrcs, **more)


DOWN_VIDEO = NegotiatedMedia("0", "video", (VP8_UP, H264_UP), ExtensionIds(mid=1, twcc=2))
DOWN_AUDIO = NegotiatedMedia("1", "audio", (OPUS_UP,), ExtensionIds(mid=1, twcc=2))


class Scene:
    """One room; time moves when told."""

    def __init__(self, seed: int = 1) -> None:
        self.now = 100.0
        self.rng = random.Random(seed)
        self.forwarder = Forwarder(self.rng)
        self.room: Room = self.forwarder.open_room("r")
        self.sent: dict[str, list[bytes]] = {}
        self.rtcp: list[tuple[Publisher | Subscriber, rtcp.RtcpPacket]] = []
        self._out = Outgoing(bytearray(1 << 19))

    def publisher(self, peer: str, sources: dict[Source, NegotiatedMedia]) -> Publisher:
        """Add a sender."""
        publisher = self.forwarder.add_publisher(self.room, peer, self.now)
        tracks: dict[str, UpTrack] = {media.mid: self.room.track(peer, source) for source, media in sources.items()}
        publisher.negotiate(list(sources.values()), tracks)
        return publisher

    def subscriber(self, peer: str = "pupil", *, tiles: int = 0, known_bps: int = 4_000_000) -> Subscriber:
        """Add a receiver with the slots `lecturer`, `audio0` and `tile0` …, connected."""
        slots: list[tuple[str, Kind]] = [("lecturer", "video"), ("audio0", "audio")]
        slots += [(f"tile{number}", "video") for number in range(tiles)]
        subscriber = Subscriber(peer, slots, self.rng, self.now, known_bps=known_bps)
        self.forwarder.add_subscriber(self.room, subscriber)
        subscriber.negotiate([DOWN_VIDEO, DOWN_AUDIO, *[DOWN_VIDEO] * tiles])
        self.forwarder.start_subscriber(self.room, subscriber, self.now)
        self.sent[peer] = []
        return subscriber

    def fill(self, peer: str, slot: str, from_peer: str | None, source: Source = "camera") -> None:
        """Feed a slot."""
        track = self.room.track(from_peer, source) if from_peer is not None else None
        self.forwarder.fill_slot(self.room, peer, slot, track, self.now)
        self._drain()

    def arrive(self, publisher: Publisher, *packets: bytes | bytearray) -> None:
        """Let packets arrive in one batch."""
        for packet in packets:
            self.forwarder.on_rtp(self.room, publisher, bytes(packet), int(self.now * 1e9), self.now)
        for subscriber, downs in self.forwarder.poll_ready().items():
            self._out.reset(16)
            subscriber.write_media(downs, self._out, self.now)
            self.sent[subscriber.peer] += self._written()
        self.forwarder.end_batch()
        self._drain()

    def report(self, subscriber: Subscriber, packet: bytes) -> list[bytes]:
        """Let a receiver's RTCP arrive; return what was sent again."""
        self._out.reset(16)
        self.forwarder.on_subscriber_rtcp(self.room, subscriber, packet, self._out, self.now)
        self._drain()
        return self._written()

    def hear(self) -> None:
        """Let every receiver say that it hears us, with a loss that moves no estimate.

        Without any word of the receiver, no more video leaves than a long round trip takes.
        """
        for subscriber in self.room.subscribers.values():
            subscriber.link.on_report(None, 0.05, self.now)

    def sender_report(self, publisher: Publisher, ssrc: int, timestamp: int, at: float | None = None) -> None:
        """Let a sender's clock pair arrive."""
        ntp = int((self.now if at is None else at) * (1 << 32))
        self.forwarder.on_publisher_rtcp(
            self.room, publisher, rtcp.build_sr(rtcp.SenderReport(ssrc, ntp, timestamp, 1, 1)), self.now
        )

    def pass_time(self, seconds: float, step: float = 0.01) -> None:
        """Let timers run."""
        end = self.now + seconds
        while self.now < end:
            self.now += step
            self.forwarder.on_timeout(self.now)
            for subscriber in self.room.subscribers.values():
                if subscriber.is_queueing:
                    self._out.reset(16)
                    subscriber.drain(self._out, self.now)
                    self.sent[subscriber.peer] += self._written()
            self._drain()

    def asked(self, kind: type[rtcp.RtcpPacket]) -> list[Any]:
        """Return and forget the RTCP of a kind that was sent."""
        found = [packet for _, packet in self.rtcp if isinstance(packet, kind)]
        self.rtcp = [item for item in self.rtcp if not isinstance(item[1], kind)]
        return found

    def _drain(self) -> None:
        for core, data in self.forwarder.poll_rtcp():
            packets, broken = rtcp.parse_compound(data)
            assert broken == 0
            self.rtcp += [(core, packet) for packet in packets]

    def _written(self) -> list[bytes]:
        packets, start = [], 0
        for size in self._out.sizes:
            packets.append(bytes(self._out.data[start : start + size]))
            start += size + self._out.tag_bytes
        return packets


class Seen(tuple[int, ...]):
    """A sent packet as a receiver reads it."""

    def __new__(cls, packet: bytes) -> Seen:
        first, second, seq, timestamp, ssrc = struct.unpack_from("!BBHII", packet)
        assert first == 0x90
        return super().__new__(cls, (seq, timestamp, ssrc, second & 0x7F, second >> 7))

    seq = property(lambda self: self[0])
    timestamp = property(lambda self: self[1])
    ssrc = property(lambda self: self[2])
    payload_type = property(lambda self: self[3])
    marker = property(lambda self: self[4])


def payload(packet: bytes) -> bytes:
    """Return the payload of a packet of ours."""
    return packet[20:]


def picture(packet: bytes) -> tuple[int, int, int]:
    """Return `(picture id, TL0PICIDX, KEYIDX)` of a VP8 packet of ours."""
    data = payload(packet)
    assert data[0] & 0x80 and data[1] == 0xF0
    return (data[2] << 8 | data[3]) & 0x7FFF, data[4], data[5] & 0x1F


def is_key(packet: bytes) -> bool:
    """Return whether a VP8 packet of ours begins a keyframe."""
    data = payload(packet)
    return bool(data[0] & 0x10) and not data[6] & 1


def in_place(packets: list[bytes]) -> list[bytes]:
    """Return the packets in the order of their numbers, a resend (RFC 4588 §4) as what it brings again."""
    if not packets:
        return []
    first = Seen(packets[0])

    def original(packet: bytes) -> bytes:
        if Seen(packet).ssrc == first.ssrc:
            return packet
        types = bytes((packet[1] & 0x80 | first.payload_type,))
        return b"".join((packet[:1], types, packet[20:22], packet[4:8], packets[0][8:12], packet[12:20], packet[22:]))

    return sorted(map(original, packets), key=lambda packet: seq_diff(Seen(packet).seq, first.seq))


def own_timestamps(seen: Sequence[Seen]) -> list[int]:
    """Return the timestamps with those of odd frames (`VideoDownTrack.restart_timing`) where they would be."""
    own: list[int] = []
    for item in seen:
        is_odd = bool(own) and timestamp_diff(item.timestamp, own[-1]) < -ODD_TICKS // 2
        own.append((item.timestamp + ODD_TICKS * is_odd) & 0xFFFFFFFF)
    return own


def odd_frames(packets: list[bytes]) -> list[int]:
    """Return the places of the packets whose timestamp was put into the past."""
    seen = [Seen(packet) for packet in packets]
    return [n for n, (item, own) in enumerate(zip(seen, own_timestamps(seen), strict=True)) if item.timestamp != own]


def check_continuity(packets: list[bytes], *, holes: int = 0) -> None:
    """Assert what must hold for any receiver.

    One SSRC, numbers that rise by one (but for `holes`, where a frame was left unfinished), timestamps that never
    fall but for one frame that makes the receiver's timing begin anew, frames of one timestamp, picture ids that rise
    by one a frame.
    """
    packets = in_place(packets)
    seen = [Seen(packet) for packet in packets]
    assert len({item.ssrc for item in seen}) == 1
    steps = [seq_diff(after.seq, before.seq) for before, after in itertools.pairwise(seen)]
    assert all(step >= 1 for step in steps), steps
    assert sum(step - 1 for step in steps) == holes, steps
    own = own_timestamps(seen)
    for former, latter in itertools.pairwise(own):
        assert timestamp_diff(latter, former) >= 0
    vp8 = [(item, picture(packet)) for item, packet in zip(seen, packets, strict=True) if item.payload_type == 96]
    for (before, old), (after, new) in itertools.pairwise(vp8):
        if before.timestamp == after.timestamp:
            assert old == new
        else:
            assert (new[0] - old[0]) & 0x7FFF == 1
            assert (new[1] - old[1]) & 0xFF == 1


__all__ = ["OpusSource", "Vp8Source"]
