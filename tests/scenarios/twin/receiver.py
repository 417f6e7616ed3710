"""A Chromium-like receiver at the far end of a link: streams in, RTCP out.

Feedback leaves every 64 ms while packets arrive (measured: media.md §2.3), receiver reports once a second, a STUN check
every 0.9 s. All of it goes through the uplink of the same link.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from media import rtcp
from media.reception import ReceptionStats
from media.rtp import find_extension, payload_span, read_fixed, read_u16
from media.twcc import TwccRecorder
from tests.scenarios.twin.audio import FRAME_S, AudioStream
from tests.scenarios.twin.clock import Clock
from tests.scenarios.twin.video import VideoStream

FEEDBACK_S = 0.064
REPORT_S = 1.0
CHECK_S = 0.9
TICK_S = 0.02  # libwebrtc's NACK module looks every 20 ms
OWN_SSRC = 1
STUN_BYTES = 100
# libwebrtc's stream synchronisation: looked at once a second, over a mean of 4, half of it and at most 80 ms at once.
SYNC_S, SYNC_MEAN, SYNC_LEAST_S, SYNC_MOST_S = 1.0, 4, 0.03, 0.08
PLAYOUT_UNIT_S = 0.010  # of the playout-delay extension


class Wire:
    """What the receiver knows of its slots from the session description."""

    def __init__(self, twcc_id: int, playout_id: int, red_type: int, *, audio_nack: bool) -> None:
        self.twcc_id = twcc_id
        self.playout_id = playout_id
        self.red_type = red_type
        self.audio_nack = audio_nack


class Receiver:
    """One peer connection that receives. `send` puts RTCP into the uplink, `check` a STUN check."""

    def __init__(
        self,
        clock: Clock,
        wire: Wire,
        send: Callable[[bytes], None],
        check: Callable[[], None],
        rng: random.Random,
    ) -> None:
        self.videos: dict[int, VideoStream] = {}
        self.audios: dict[int, AudioStream] = {}
        self.rtp_bytes = 0
        self.sends_feedback = True
        self._clock = clock
        self._wire = wire
        self._send = send
        self._check = check
        self._apart_s = 0.0  # mean of how much later the picture is than the voice
        self._rtx: dict[int, int] = {}
        self._stats: dict[int, ReceptionStats] = {}
        self._heard: dict[int, None] = {}  # SSRCs, in the order in which they came
        self._twcc = TwccRecorder(OWN_SSRC)
        self._offset_ns = rng.randrange(1 << 40)  # its clock is not ours
        phase = rng.random()
        clock.at(clock.now + phase * FEEDBACK_S, clock.every, FEEDBACK_S, self._feedback)
        clock.at(clock.now + phase * REPORT_S, clock.every, REPORT_S, self._report)
        clock.at(clock.now + phase * TICK_S, clock.every, TICK_S, self._tick)
        clock.at(clock.now + phase * SYNC_S, clock.every, SYNC_S, self._synchronise)
        clock.at(clock.now + phase * CHECK_S, clock.every, CHECK_S, self._check)

    def add_video(self, ssrc: int, rtx_ssrc: int) -> VideoStream:
        """Expect a video stream."""

        def nack(seqs: list[int]) -> None:
            self._send(rtcp.build_nack(OWN_SSRC, ssrc, seqs))

        def pli() -> None:
            self._send(rtcp.build_pli(OWN_SSRC, ssrc))

        stream = self.videos[ssrc] = VideoStream(self._clock, nack, pli)
        self._rtx[rtx_ssrc] = ssrc
        self._stats[ssrc] = ReceptionStats(ssrc, 90_000)
        return stream

    def add_audio(self, ssrc: int) -> AudioStream:
        """Expect an audio stream."""

        def nack(seqs: list[int]) -> None:
            self._send(rtcp.build_nack(OWN_SSRC, ssrc, seqs))

        stream = self.audios[ssrc] = AudioStream(self._clock, nack if self._wire.audio_nack else None)
        self._stats[ssrc] = ReceptionStats(ssrc, 48_000)
        self._clock.every(FRAME_S, stream.on_tick)
        return stream

    # --- in --------------------------------------------------------------------------------------------------------

    def on_datagram(self, packet: bytes) -> None:
        """Take RTP or RTCP, decrypted."""
        now = self._clock.now
        if 192 <= packet[1] <= 223:
            self._on_rtcp(packet, now)
            return
        self.rtp_bytes += len(packet)
        _, second, seq, timestamp, ssrc = read_fixed(packet)
        number = read_u16(packet, self._wire.twcc_id) if self._wire.twcc_id else -1
        if number >= 0:
            self._twcc.on_packet(number, int(now * 1e9) + self._offset_ns, ssrc, now)
        start, end = payload_span(packet)
        if ssrc in self._stats:
            self._heard[ssrc] = None
        if ssrc in self.audios:
            self._stats[ssrc].on_packet(seq, timestamp, now)
            if start < end:
                self._on_audio(self.audios[ssrc], packet, second & 0x7F, seq, timestamp)
            return
        media_ssrc = self._rtx.get(ssrc, ssrc)
        video = self.videos.get(media_ssrc)
        if video is None or start == end:
            return
        if self._wire.playout_id:
            self._read_playout(video, packet)
        resent = media_ssrc != ssrc
        if resent:
            if end - start < 3:
                return
            seq = packet[start] << 8 | packet[start + 1]
            start += 2
        else:
            self._stats[ssrc].on_packet(seq, timestamp, now)
        video.on_packet(seq, timestamp, bool(second & 0x80), memoryview(packet)[start:end], resent=resent)

    def _on_audio(self, stream: AudioStream, packet: bytes, payload_type: int, seq: int, timestamp: int) -> None:
        if self._wire.red_type and payload_type == self._wire.red_type:
            stream.on_packet(seq, _red_timestamps(packet, payload_span(packet)[0], timestamp))
        else:
            stream.on_packet(seq, [timestamp])

    def _read_playout(self, video: VideoStream, packet: bytes) -> None:
        offset, length = find_extension(packet, self._wire.playout_id)
        if offset >= 0 and length == 3:
            video.min_playout_s = (packet[offset] << 4 | packet[offset + 1] >> 4) * PLAYOUT_UNIT_S

    def _on_rtcp(self, packet: bytes, now: float) -> None:
        for item in rtcp.parse_compound(packet)[0]:
            if isinstance(item, rtcp.SenderReport) and item.ssrc in self._stats:
                self._stats[item.ssrc].on_sender_report(item.ntp, now)

    # --- out -------------------------------------------------------------------------------------------------------

    def _feedback(self) -> None:
        if self.sends_feedback:
            for packet in self._twcc.on_timeout(self._clock.now + 0.05):  # its own interval is another one
                self._send(packet)

    def _report(self) -> None:
        heard = [self._stats[ssrc] for ssrc in self._heard]
        if heard:
            self._send(rtcp.build_rr(OWN_SSRC, [stats.report_block(self._clock.now) for stats in heard]))

    def _tick(self) -> None:
        for video in self.videos.values():
            video.on_tick()

    def _synchronise(self) -> None:
        """Hold the first voice back as long as the first picture, whose stream it shares."""
        video, audio = next(iter(self.videos.values()), None), next(iter(self.audios.values()), None)
        if video is None or audio is None or not video.shown or audio.began_at < 0:
            return
        self._apart_s += (video.delay_s - audio.target_s - self._apart_s) / SYNC_MEAN
        if abs(self._apart_s) >= SYNC_LEAST_S:
            step = min(max(self._apart_s / 2, -SYNC_MOST_S), SYNC_MOST_S)
            self._apart_s = 0.0
            audio.hold(min(max(0.0, audio.hold_s + step), video.delay_s + SYNC_MOST_S))


def _red_timestamps(packet: bytes, position: int, timestamp: int) -> list[int]:
    """Return the timestamps of the blocks of a RED packet that are not empty, the primary last (RFC 2198 §3)."""
    times: list[int] = []
    while packet[position] & 0x80:
        word = int.from_bytes(packet[position + 1 : position + 4], "big")
        if word & 0x3FF:
            times.append((timestamp - (word >> 10)) & 0xFFFFFFFF)
        position += 4
    return [*times, timestamp]
