"""A lesson in virtual time: a lecturer's browser, the cores as the worker's shell drives them, classrooms behind links.

`Shell` is the counterpart of `media/transport/port.py` without sockets: the same order of calls, the same waits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection

from bench.link_trace import Trace
from bench.rtc_client import OPUS, RTX, VP8
from media import rtcp
from media.control import EncodingsWanted, Kind
from media.down_track import Outgoing
from media.forwarder import Forwarder
from media.publisher import Publisher
from media.rtp import ExtensionIds
from media.sdp import NegotiatedCodec, NegotiatedMedia
from media.subscriber import Subscriber
from tests.scenarios.twin.audio import AudioStream
from tests.scenarios.twin.clock import START_S, Clock
from tests.scenarios.twin.link import Link
from tests.scenarios.twin.publisher import AUDIO_SSRC, ENCODINGS, FIXED, MID_ID, OPUS_S, RID_ID, BrowserPublisher
from tests.scenarios.twin.receiver import STUN_BYTES, Receiver, Wire
from tests.scenarios.twin.video import VideoStream

GATHER_S, DRAIN_S, TICK_S, IDLE_S, WRITE_DUE_S = 0.001, 0.005, 0.01, 0.02, 0.02  # as in media/transport/port.py
UPLINK_S = 0.02  # from the lecturer to the server: a good line
NOTICE_S = 0.1  # from the worker over the web process to the lecturer's page
TAG_BYTES = 16  # AEAD_AES_256_GCM
SRTCP_BYTES = 20  # tag and index
# The classroom's own side: q and f of a camera of 360 lines, as the bench measured them (290-560 kbit/s).
OWN_START_BPS, OWN_LEAST_BPS, OWN_MOST_BPS = 300_000.0, 20_000.0, 480_000.0
OWN_QUEUE_S, OWN_FALL, OWN_GROWTH = 0.1, 0.97, 1.003  # a step, of which there are 50 a second
OWN_VOICE_BYTES, OWN_PACKET_BYTES = 110, 1_100
RECORDER_KEYFRAME_S = 10.0  # recorder/session.py
LEAD_IN_S = 2.0  # the lecturer teaches for so long before anybody joins

VP8_CODEC = NegotiatedCodec("vp8", VP8, RTX, 90_000, True, True, True)
OPUS_CODEC = NegotiatedCodec("opus", OPUS, 0, 48_000, True, False, True)
RED_TYPE = 63
DOWN_IDS = ExtensionIds(mid=1, twcc=2, playout_delay=3)
UP_VIDEO = NegotiatedMedia(
    "v",
    "video",
    (VP8_CODEC,),
    ExtensionIds(mid=MID_ID, rid=RID_ID),
    rids=tuple(encoding.rid for encoding in ENCODINGS),
)
UP_AUDIO = NegotiatedMedia("a", "audio", (OPUS_CODEC,), ExtensionIds(mid=MID_ID), ssrcs=(AUDIO_SSRC,))
DOWN_VIDEO = NegotiatedMedia("0", "video", (VP8_CODEC,), DOWN_IDS)
DOWN_AUDIO = NegotiatedMedia("1", "audio", (OPUS_CODEC,), DOWN_IDS, red_payload_type=RED_TYPE)
SLOTS: tuple[tuple[str, Kind], ...] = (("lecturer", "video"), ("audio0", "audio"))


class Shell:
    """One room of the worker and its timers."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.clock = clock
        self.skew_s = 0.0  # of the worker's clock: a machine that slept finds it ahead
        self.forwarder = Forwarder(rng)
        self.room = self.forwarder.open_room("lesson")
        self.rng = rng
        self.transmit: dict[Subscriber, Callable[[bytes], None]] = {}
        self.on_publisher_rtcp: Callable[[bytes], None] = lambda data: None
        self.on_wanted: Callable[[Collection[str]], None] = lambda rids: None
        self._is_gathering = self._is_draining = False
        self._reports: list[tuple[Subscriber, bytes]] = []
        self._tick_at = self._due_at = clock.now
        self._out = Outgoing(bytearray(1 << 19))
        clock.every(IDLE_S, self._on_idle)

    @property
    def now(self) -> float:
        """Return what the worker's clock says."""
        return self.clock.now + self.skew_s

    def on_rtp(self, publisher: Publisher, packets: list[bytearray]) -> None:
        """Take a burst of a publisher's packets."""
        now = self.now
        arrival_ns = int(now * 1e9)
        for packet in packets:
            self.forwarder.on_rtp(self.room, publisher, bytes(packet), arrival_ns, now)
        if self.forwarder.has_pending and not self._is_gathering:
            self._is_gathering = True
            self.clock.at(self.clock.now + GATHER_S, self._forward)

    def on_rtcp(self, subscriber: Subscriber, data: bytes) -> None:
        """Take RTCP of a receiver: it is read with the next batch or tick."""
        self._reports.append((subscriber, data))

    def _take_reports(self) -> None:
        reports, self._reports = self._reports, []
        for subscriber, data in reports:
            self._out.reset(TAG_BYTES)
            self.forwarder.on_subscriber_rtcp(self.room, subscriber, data, self._out, self.now)
            self._send_media(subscriber)

    def on_check(self, subscriber: Subscriber) -> None:
        """Take an authenticated STUN check of a receiver."""
        subscriber.link.on_heard(self.now)

    def _forward(self) -> None:
        self._is_gathering = False
        self._take_reports()
        for subscriber, downs in self.forwarder.poll_ready().items():
            self._out.reset(TAG_BYTES)
            subscriber.write_media(downs, self._out, self.now)
            self._send_media(subscriber)
            self._drain_later(subscriber)
        self.forwarder.end_batch()
        if self.clock.now >= self._tick_at:
            self._on_tick()
        else:
            self.drain()

    def _drain_later(self, subscriber: Subscriber) -> None:
        if subscriber.is_queueing and not self._is_draining:
            self._is_draining = True
            self.clock.at(self.clock.now + DRAIN_S, self._drain_queues)

    def _drain_queues(self) -> None:
        self._is_draining = False
        waiting = [subscriber for subscriber in self.room.subscribers.values() if subscriber.is_queueing]
        for subscriber in waiting:
            self._out.reset(TAG_BYTES)
            subscriber.drain(self._out, self.now)
            self._send_media(subscriber)
            self._drain_later(subscriber)

    def _send_media(self, subscriber: Subscriber) -> None:
        transmit, start, data = self.transmit[subscriber], 0, self._out.data
        for size in self._out.sizes:
            transmit(bytes(data[start : start + size]))
            start += size + TAG_BYTES

    def drain(self) -> None:
        """Send the RTCP that waits."""
        for core, data in self.forwarder.poll_rtcp():
            if isinstance(core, Subscriber):
                self.transmit[core](data)
            else:
                self.on_publisher_rtcp(data)
        for message in self.forwarder.poll_news():
            if isinstance(message, EncodingsWanted):
                self.on_wanted(message.rids)

    def _on_idle(self) -> None:
        if self.clock.now >= self._tick_at:
            self._on_tick()

    def _on_tick(self) -> None:
        now = self.now
        self._tick_at = self.clock.now + TICK_S
        self._take_reports()
        self.forwarder.on_timeout(now)
        self.drain()
        if self.clock.now < self._due_at:
            return
        self._due_at = self.clock.now + WRITE_DUE_S
        for subscriber in self.room.subscribers.values():
            self._out.reset(TAG_BYTES)
            subscriber.write_due(self._out, now)
            self._send_media(subscriber)


class OwnSide:
    """The classroom's own camera and microphone, which share the way up with all that it says about what it gets.

    The camera follows its estimator: down when its packets wait, up slowly else. Nobody looks at what it sends.
    """

    def __init__(self, clock: Clock, up: Link) -> None:
        self._clock = clock
        self._up = up
        self._rate_bps = OWN_START_BPS
        self._credit_bytes = 0.0
        clock.every(OPUS_S, self._send)

    def _send(self) -> None:
        now = self._clock.now
        self._up.send(now, OWN_VOICE_BYTES)
        waits_s = self._up.queued_s(now)
        factor = OWN_FALL if waits_s > OWN_QUEUE_S else OWN_GROWTH
        self._rate_bps = min(max(self._rate_bps * factor, OWN_LEAST_BPS), OWN_MOST_BPS)
        self._credit_bytes += self._rate_bps * OPUS_S / 8
        while self._credit_bytes >= OWN_PACKET_BYTES:
            self._credit_bytes -= OWN_PACKET_BYTES
            self._up.send(now, OWN_PACKET_BYTES)


class Classroom:
    """A receiver behind a link, with what it saw and heard."""

    def __init__(
        self, shell: Shell, peer: str, trace: Trace, rng: random.Random, *, adapts: bool = True, has_camera: bool = True
    ) -> None:
        clock = shell.clock
        self.clock = clock
        self.down = Link(trace.down, random.Random(rng.random()), clock.now)
        self.up = Link(trace.up, random.Random(rng.random()), clock.now)
        self.joined_at = clock.now
        self.trace = trace
        self.subscriber = Subscriber(peer, SLOTS, rng, shell.now, adapts=adapts)
        self.tamper: Callable[[bytes], list[bytes]] = lambda packet: [packet]  # with its RTCP
        self._shell = shell
        shell.transmit[self.subscriber] = self._transmit
        shell.forwarder.add_subscriber(shell.room, self.subscriber)
        self.subscriber.negotiate([DOWN_VIDEO, DOWN_AUDIO])
        if has_camera:
            OwnSide(clock, self.up)
        wire = Wire(DOWN_IDS.twcc, DOWN_IDS.playout_delay, RED_TYPE, audio_nack=OPUS_CODEC.nack)
        self.receiver = Receiver(clock, wire, self._report, self._check, rng)
        slots = self.subscriber.slots
        self.video: VideoStream = self.receiver.add_video(slots["lecturer"].ssrc, slots["lecturer"].rtx_ssrc)
        self.audio: AudioStream = self.receiver.add_audio(slots["audio0"].ssrc)

    def watch(self, peer: str) -> None:
        """Begin to receive the camera and microphone of `peer`."""
        forwarder, room, now = self._shell.forwarder, self._shell.room, self._shell.now
        forwarder.start_subscriber(room, self.subscriber, now)
        forwarder.fill_slot(room, self.subscriber.peer, "lecturer", room.track(peer, "camera"), now)
        forwarder.fill_slot(room, self.subscriber.peer, "audio0", room.track(peer, "mic"), now)
        self._shell.drain()

    def _transmit(self, packet: bytes) -> None:
        now = self.clock.now
        size = len(packet) + (SRTCP_BYTES if 192 <= packet[1] <= 223 else TAG_BYTES)
        arrival = self.down.send(now, size)
        if arrival is not None:
            self.clock.at(arrival, self.receiver.on_datagram, packet)

    def send_rtcp(self, packet: bytes) -> None:
        """Send RTCP towards the server."""
        arrival = self.up.send(self.clock.now, len(packet) + SRTCP_BYTES)
        if arrival is not None:
            self.clock.at(arrival, self._shell.on_rtcp, self.subscriber, packet)

    def _report(self, packet: bytes) -> None:
        for one in self.tamper(packet):
            self.send_rtcp(one)

    def _check(self) -> None:
        arrival = self.up.send(self.clock.now, STUN_BYTES)
        if arrival is not None:
            self.clock.at(arrival, self._shell.on_check, self.subscriber)


class Lesson:
    """A lecturer and their classrooms."""

    def __init__(self, seed: int = 1, rids: Collection[str] = ("q", "h", "f"), *, is_baseline: bool = False) -> None:
        """`rids`: the layers that the lecturer's camera is sent in; a baseline has one, and nothing adapts to links."""
        self.is_baseline = is_baseline
        self.clock = Clock()
        self.rng = random.Random(seed)
        self.shell = Shell(self.clock, self.rng)
        self.classrooms: list[Classroom] = []
        self.publisher = self.shell.forwarder.add_publisher(self.shell.room, "lecturer", self.shell.now)
        room = self.shell.room
        tracks = {"v": room.track("lecturer", "camera"), "a": room.track("lecturer", "mic")}
        self.publisher.negotiate([UP_VIDEO, UP_AUDIO], tracks)
        self.browser = BrowserPublisher(
            self.clock, random.Random(self.rng.random()), self._publish, FIXED if is_baseline else ENCODINGS
        )
        self.browser.offer(rids)
        self.shell.on_publisher_rtcp = self._on_publisher_rtcp
        self.shell.on_wanted = self._on_wanted
        self.clock.every(1.0, self._report)
        self.clock.every(1.0, self._record)
        self.clock.run(START_S + LEAD_IN_S)

    def join(self, trace: Trace, peer: str = "classroom") -> Classroom:
        """Let a classroom join now; its trace begins now."""
        classroom = Classroom(self.shell, peer, trace, self.rng, adapts=not self.is_baseline)
        self.classrooms.append(classroom)
        classroom.watch("lecturer")
        return classroom

    def play(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.run(self.clock.now + seconds)

    def _publish(self, packets: list[bytearray]) -> None:
        self.clock.at(self.clock.now + UPLINK_S, self.shell.on_rtp, self.publisher, packets)

    def _record(self) -> None:
        """Ask for keyframes as the recorder does."""
        if self.clock.now - self.browser.keyframe_at >= RECORDER_KEYFRAME_S:
            self.browser.on_keyframe_request()

    def _report(self) -> None:
        now = self.clock.now
        ntp = int(now * (1 << 32))
        for ssrc, timestamp, packets, octets in self.browser.reports():
            data = rtcp.build_sr(rtcp.SenderReport(ssrc, ntp, timestamp, packets, octets))
            self.clock.at(now + UPLINK_S, self._on_report, data)

    def _on_report(self, data: bytes) -> None:
        self.shell.forwarder.on_publisher_rtcp(self.shell.room, self.publisher, data, self.shell.now)

    def _on_wanted(self, rids: Collection[str]) -> None:
        self.clock.at(self.clock.now + NOTICE_S, self.browser.want, rids)

    def _on_publisher_rtcp(self, data: bytes) -> None:
        for packet in rtcp.parse_compound(data)[0]:
            if isinstance(packet, rtcp.Pli):
                self.clock.at(self.clock.now + UPLINK_S, self.browser.on_keyframe_request)
