"""A browser that teaches: VP8 simulcast and Opus, as Chromium sends them for the encodings of `simulcast.ts`.

Frames vary in size around their temporal layer's share, keyframes come when they are asked for and on all layers at
once, and packets leave paced. Each frame carries its own number and the numbers of the frames that it refers to
behind its header, so that a receiver knows whether it decodes what was encoded, whatever the forwarder did to the
descriptors.
"""

from __future__ import annotations

import random
import struct
from collections import deque
from collections.abc import Callable, Collection, Sequence

import msgspec

from bench.rtc_client import OPUS, VP8
from media.rtp import build_extensions, build_packet
from tests.scenarios.twin.clock import Clock

CAPTURE_FPS = 24.0
PACKET_BYTES = 1_130  # payload of Chromium's VP8 packets at most
KEYFRAME_DELAY_S = 0.06  # from a PLI to the keyframes (measured: media.md §2.3)
PACING_BPS = 4_000_000.0  # 2.5 times the target (libwebrtc)
PACING_S = 0.005
OPUS_BYTES = 50  # 20 kbit/s in 20 ms, as our answer asks for
OPUS_S = 0.02
MID_ID, RID_ID = 4, 10
NAMED_PACKETS = 60  # MID and RID are written until a receiver report came, about a second
# frame number, the frame that it needs besides the last TL0, last TL0, is key, capture in ms
TRUTH = struct.Struct("!IIIBI")
NO_FRAME = 0xFFFFFFFF


class Encoding(msgspec.Struct, frozen=True):
    """One simulcast layer."""

    rid: str
    ssrc: int
    width: int
    height: int
    fps: float
    bps: int  # what the encoder makes of the cap that it was given
    key_bytes: int  # median of 20 that a real Chromium made of the bench's clip
    tids: tuple[int, ...]
    syncs: tuple[bool, ...]


# The patterns of libvpx's default temporal layers; a sync frame refers to nothing but TL0.

_L1T3 = ((0, 2, 1, 2, 0, 2, 1, 2), (False, True, True, False, False, False, False, False))
_L1T2 = ((0, 1), (False, True))
_SHARES = {2: (0.6, 0.4), 3: (0.4, 0.2, 0.4)}  # of the rate by temporal layer (libwebrtc's rate allocator)

ENCODINGS = (
    Encoding("q", 101, 320, 180, 8.0, 38_000, 2_000, *_L1T2),
    Encoding("h", 102, 640, 360, 20.0, 340_000, 10_000, *_L1T3),
    Encoding("f", 103, 1280, 720, 22.0, 1_170_000, 20_000, *_L1T3),
)
FIXED = (Encoding("f", 103, 1280, 720, 22.0, 1_170_000, 20_000, *_L1T3),)  # what adaptation is compared with
AUDIO_SSRC = 201
KEY_SPREAD = 0.4  # σ of the logarithm of a keyframe's size, alike on all layers: it is what is seen at the moment
# An encoder whose buffer is empty leaves a picture out; of the base, since those are the large ones (measured: 3 of 10
# behind a keyframe, 1.3 % of the others).
DROPPED_AFTER_KEY, DROPPED = 0.3, 0.013


class _Encoder:
    """One layer's frames."""

    def __init__(self, encoding: Encoding, rng: random.Random) -> None:
        self.encoding = encoding
        self.is_active = True
        self._rng = rng
        self._due = 0.0
        self._pattern = 0
        self._frame = 0
        self._debt = 0.0
        self._drops = DROPPED  # how likely the next picture of the base is left out
        self._last_tl0 = NO_FRAME
        self._last_tl1 = NO_FRAME
        self._seq = rng.randrange(1 << 16)
        self._picture_id = rng.randrange(1 << 15)
        self._tl0picidx = rng.randrange(1 << 8)
        self._keyidx = rng.randrange(1 << 5)
        self._offset = rng.randrange(1 << 32)
        self._packets = 0
        self._filler = rng.randbytes(PACKET_BYTES)
        self._names = build_extensions([(MID_ID, b"v"), (RID_ID, encoding.rid.encode())])
        self.packets_sent = self.octets_sent = 0

    def timestamp(self, media_s: float) -> int:
        """Return the RTP timestamp of a moment."""
        return (round(media_s * 90_000) + self._offset) & 0xFFFFFFFF

    def encode(self, media_s: float, now: float, activity: float, *, key: bool) -> list[bytearray]:
        """Return the packets of the picture taken at `media_s`; none when this layer leaves it out."""
        encoding = self.encoding
        if not self.is_active or (media_s < self._due - 1e-6 and not key):
            return []
        self._due = max(self._due + 1 / encoding.fps, media_s)
        if key:
            self._pattern = 0
            self._keyidx = (self._keyidx + 1) & 0x1F
        place = self._pattern % len(encoding.tids)
        tid, is_sync = encoding.tids[place], encoding.syncs[place]
        self._pattern += 1
        if tid == 0 and not key:
            chance, self._drops = self._drops, DROPPED
            if self._rng.random() < chance:
                return []
        self._frame += 1
        truth = self._refer(tid, now, is_sync=is_sync, key=key)
        return self._packetize(self._size(tid, activity, key=key), media_s, tid, is_sync, truth, key=key)

    def _refer(self, tid: int, now: float, *, is_sync: bool, key: bool) -> bytes:
        """Return what the frame refers to, and note what later ones may refer to."""
        if key:
            self._last_tl0 = self._last_tl1 = NO_FRAME
        needs = NO_FRAME if tid == 0 or is_sync or self._last_tl1 == NO_FRAME else self._last_tl1
        truth = TRUTH.pack(self._frame, needs, self._last_tl0, key, round(now * 1000))
        if tid == 0:
            self._last_tl0 = self._frame
        if tid == 1:
            self._last_tl1 = self._frame
        return truth

    def _size(self, tid: int, activity: float, *, key: bool) -> int:
        """Return the frame's bytes. What a large frame took too much is saved on the next ones, as an encoder does."""
        encoding, rng = self.encoding, self._rng
        if key:
            size = encoding.key_bytes * activity * rng.lognormvariate(0.0, 0.12)
            self._debt += 0.5 * size
            self._drops = DROPPED_AFTER_KEY
            return int(size)
        layers = max(encoding.tids) + 1
        rate_share = _SHARES[layers][tid] * len(encoding.tids) / encoding.tids.count(tid)
        mean = encoding.bps / encoding.fps / 8 * rate_share
        size = mean * activity * rng.lognormvariate(-0.03, 0.25)
        saved = min(self._debt, 0.3 * size)
        self._debt -= saved
        return max(60, int(size - saved))

    def _packetize(
        self, size: int, media_s: float, tid: int, is_sync: bool, truth: bytes, *, key: bool
    ) -> list[bytearray]:
        encoding = self.encoding
        self._picture_id = (self._picture_id + 1) & 0x7FFF
        if tid == 0:
            self._tl0picidx = (self._tl0picidx + 1) & 0xFF
        is_unreferenced = tid == max(encoding.tids)
        tail = struct.pack(
            "!BHBB", 0xF0, 0x8000 | self._picture_id, self._tl0picidx, tid << 6 | is_sync << 5 | self._keyidx
        )
        if key:  # RFC 6386 §9.1: frame tag, start code, width and height
            head = b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", encoding.width, encoding.height) + truth
        else:
            head = b"\x11\x02\x00" + truth
        count = -(-max(size, len(head)) // PACKET_BYTES)
        part = -(-size // count)
        timestamp = self.timestamp(media_s)
        packets: list[bytearray] = []
        for number in range(count):
            first = 0x80 | (0x20 if is_unreferenced else 0) | (0x10 if number == 0 else 0)
            payload = bytes((first,)) + tail + (head if number == 0 else b"")
            payload += self._filler[: max(0, part - len(payload))]
            self._seq = (self._seq + 1) & 0xFFFF
            self.packets_sent += 1
            self.octets_sent += len(payload)
            names = self._names if self.packets_sent <= NAMED_PACKETS else b""
            packets.append(
                build_packet(
                    VP8, self._seq, timestamp, encoding.ssrc, payload, marker=number == count - 1, extensions=names
                )
            )
        return packets


class BrowserPublisher:
    """Camera and microphone of a lecturer; `send` gets its packets, in bursts as its pacer lets them out."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        send: Callable[[list[bytearray]], None],
        encodings: Sequence[Encoding] = ENCODINGS,
    ) -> None:
        self.encoders = {encoding.rid: _Encoder(encoding, rng) for encoding in encodings}
        self._clock = clock
        self._rng = rng
        self._send = send
        self._began = clock.now
        self._activity = 1.0
        self._offered = self._wanted = frozenset(self.encoders)
        self._wants_keyframe = False
        self._was_asked = False
        self._queue: deque[bytearray] = deque()
        self._audio_seq = rng.randrange(1 << 16)
        self._audio_offset = rng.randrange(1 << 32)
        self._audio_frame = 0
        self._speech = rng.randbytes(2 * OPUS_BYTES)
        self.keyframes = 0
        self.keyframe_at = clock.now
        clock.every(1 / CAPTURE_FPS, self._capture)
        clock.every(OPUS_S, self._speak)

    def on_keyframe_request(self) -> None:
        """Take a PLI: keyframes on all layers a moment later."""
        if not self._was_asked:
            self._was_asked = True
            self._clock.at(self._clock.now + KEYFRAME_DELAY_S, self._make_keyframe)

    def _make_keyframe(self) -> None:
        self._wants_keyframe = True

    def offer(self, rids: Collection[str]) -> None:
        """Have these layers and no others, whoever wants which: a smaller camera, or a browser short of CPU."""
        self._offered = frozenset(rids)
        self._choose()

    def want(self, rids: Collection[str]) -> None:
        """Take the server's word for which layers somebody takes."""
        self._wanted = frozenset(rids)
        self._choose()

    def _choose(self) -> None:
        """Encode what is offered and wanted; a layer that opens again begins with keyframes."""
        active = self._offered & self._wanted
        if any(rid in active and not encoder.is_active for rid, encoder in self.encoders.items()):
            self.on_keyframe_request()
        for rid, encoder in self.encoders.items():
            encoder.is_active = rid in active

    def _capture(self) -> None:
        self._activity += (1.0 - self._activity) * 0.02 + self._rng.gauss(0.0, 0.04)
        self._activity = min(max(self._activity, 0.5), 1.6)
        media_s = self._clock.now - self._began
        key = self._wants_keyframe or self.keyframes == 0
        if key:
            self._wants_keyframe = self._was_asked = False
            self.keyframes += 1
            self.keyframe_at = self._clock.now
        was_empty = not self._queue
        activity = self._activity * (self._rng.lognormvariate(0.0, KEY_SPREAD) if key else 1.0)
        for encoder in self.encoders.values():
            self._queue += encoder.encode(media_s, self._clock.now, activity, key=key)
        if was_empty and self._queue:
            self._pace()

    def _pace(self) -> None:
        burst: list[bytearray] = []
        budget = PACING_BPS * PACING_S / 8
        while self._queue and budget > 0:
            burst.append(self._queue.popleft())
            budget -= len(burst[-1])
        if burst:
            self._send(burst)
        if self._queue:
            self._clock.at(self._clock.now + PACING_S, self._pace)

    def _speak(self) -> None:
        self._audio_seq = (self._audio_seq + 1) & 0xFFFF
        self._audio_frame += 1
        timestamp = self._audio_timestamp()
        self._send(
            [
                build_packet(
                    OPUS,
                    self._audio_seq,
                    timestamp,
                    AUDIO_SSRC,
                    self._speech[: round(OPUS_BYTES * self._rng.uniform(0.8, 1.2))],
                )
            ]
        )

    def _audio_timestamp(self) -> int:
        return (self._audio_frame * 960 + self._audio_offset) & 0xFFFFFFFF

    def reports(self) -> list[tuple[int, int, int, int]]:
        """Return `(ssrc, RTP timestamp of now, packets, octets)` for sender reports."""
        media_s = self._clock.now - self._began
        video = [
            (e.encoding.ssrc, e.timestamp(media_s), e.packets_sent, e.octets_sent)
            for e in self.encoders.values()
            if e.packets_sent
        ]
        audio = self._audio_frame
        return [*video, (AUDIO_SSRC, self._audio_timestamp(), audio, audio * OPUS_BYTES)]
