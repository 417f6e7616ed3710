"""A publisher for the recorder alone: real VP8, H.264 and Opus as RTP through a real tap, and its process."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple

import av
import msgspec
import numpy as np

from media.control import FrameReader
from media.tap import TapTrack, close_frame, open_frame, report_frame, rtp_frame
from recorder.control import Command, Message, decode_message

PAYLOAD_BYTES = 1_100
FPS = 25
CAMERA, MIC = 1, 2


class Clip(NamedTuple):
    """Encoded pictures (data, is_keyframe) at 25 a second and packets of sound of 20 ms."""

    codec: str
    width: int
    height: int
    pictures: list[tuple[bytes, bool]]
    sounds: list[bytes]


def make_clip(seconds: float, bps: int, width: int = 1280, height: int = 720, codec: str = "vp8") -> Clip:
    """Encode a moving pattern with noise, hard enough to need `bps`, and a tone with a click every second."""
    context: Any = av.CodecContext.create("libvpx" if codec == "vp8" else "libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    context.bit_rate, context.gop_size = bps, 4 * FPS
    if codec == "vp8":
        context.options = {"deadline": "realtime", "cpu-used": "12", "minrate": str(bps), "maxrate": str(bps)}
    else:
        context.options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0", "profile": "baseline"}
    random = np.random.default_rng(1)
    noise = random.integers(0, 24, (height, width), dtype=np.uint8)
    pictures: list[tuple[bytes, bool]] = []
    for number in range(int(seconds * FPS)):
        pictures += [(bytes(packet), packet.is_keyframe) for packet in context.encode(_picture(noise, number))]
    pictures += [(bytes(packet), packet.is_keyframe) for packet in context.encode(None)]
    return Clip(codec, width, height, pictures, _sounds(seconds))


def _picture(noise: np.ndarray[Any, np.dtype[np.uint8]], number: int) -> av.VideoFrame:
    height, width = noise.shape
    luma = np.roll(noise, number * 7, axis=1) + np.linspace(40, 160, width, dtype=np.uint8)[None, :]
    left = number * 8 % max(1, width - 64)
    luma[height // 3 : height // 3 + 64, left : left + 64] = 235
    planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    planes[:height] = luma
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, FPS)
    return frame


def _sounds(seconds: float) -> list[bytes]:
    context: Any = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = 48_000, "mono", "s16"
    context.bit_rate = 20_000  # what clients are asked for: media/sdp.py
    context.options = {"application": "voip", "vbr": "constrained"}  # a tone would get three times that
    t = np.arange(int(seconds * 48_000)) / 48_000
    wave = (6000 * np.sin(2 * np.pi * 440 * t) * (0.4 + 0.6 * (t % 1 < 0.5))).astype(np.int16)
    packets: list[bytes] = []
    for start in range(0, len(wave) - 959, 960):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 960], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        packets += [bytes(packet) for packet in context.encode(frame)]
    return packets + [bytes(packet) for packet in context.encode(None)]


def rtp(seq: int, timestamp: int, marker: bool, payload: bytes, ssrc: int = 1, payload_type: int = 96) -> bytes:
    """Return an RTP packet."""
    head = bytes((0x80, payload_type | marker << 7)) + (seq & 0xFFFF).to_bytes(2, "big")
    return head + (timestamp & 0xFFFFFFFF).to_bytes(4, "big") + ssrc.to_bytes(4, "big") + payload


def vp8_payloads(data: bytes, picture_id: int) -> Iterator[tuple[bytes, bool]]:
    """Yield the payloads of a VP8 frame (RFC 7741), and whether each is the last."""
    for start in range(0, len(data), PAYLOAD_BYTES):
        head = bytes((0x90 if start == 0 else 0x80, 0x80)) + (0x8000 | picture_id & 0x7FFF).to_bytes(2, "big")
        yield head + data[start : start + PAYLOAD_BYTES], start + PAYLOAD_BYTES >= len(data)


def h264_payloads(annex_b: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield the payloads of an access unit (RFC 6184): single NAL units and FU-A."""
    nals = [piece.rstrip(b"\0") for piece in annex_b.split(b"\0\0\1")]
    nals = [nal for nal in nals if nal]
    for number, nal in enumerate(nals):
        is_last = number == len(nals) - 1
        if len(nal) <= PAYLOAD_BYTES:
            yield nal, is_last
            continue
        body = nal[1:]
        for start in range(0, len(body), PAYLOAD_BYTES):
            end = start + PAYLOAD_BYTES >= len(body)
            flags = (0x80 if start == 0 else 0) | (0x40 if end else 0) | nal[0] & 0x1F
            yield bytes((nal[0] & 0xE0 | 28, flags)) + body[start : start + PAYLOAD_BYTES], is_last and end


class Stream:
    """A camera (or screen) and a microphone as tap frames on a common clock, looped for ever with stamps that go on."""

    def __init__(
        self, clip: Clip, *, room: str = "room", peer: str = "teacher", layer: str = "", first_track: int = CAMERA,
        seq0: int = 65_000, stamp0: int = (1 << 32) - 90_000, with_sound: bool = True,
        source: Literal["camera", "screen"] = "camera",
    ) -> None:  # fmt: skip
        self._clip = clip
        self._room, self._peer, self._layer = room, peer, layer
        self._camera, self._mic = first_track, first_track + 1
        self._seq, self._sound_seq = seq0, seq0
        self._stamp0 = stamp0
        self._with_sound = with_sound
        self._source = source
        self._pictures = self._sounds = 0
        self._packets_of = vp8_payloads if clip.codec == "vp8" else lambda data, _: h264_payloads(data)

    def opening(self) -> bytes:
        """Return the frames that announce the tracks."""
        codec: Any = self._clip.codec
        camera = TapTrack(self._room, self._peer, self._source, codec, self._layer, 11, 96, 90_000)
        mic = TapTrack(self._room, self._peer, "mic", "opus", "", 12, 111, 48_000)
        return open_frame(self._camera, camera) + (open_frame(self._mic, mic) if self._with_sound else b"")

    def closing(self) -> bytes:
        """Return the frames that end the tracks."""
        return close_frame(self._camera) + (close_frame(self._mic) if self._with_sound else b"")

    def until(self, seconds: float, start_ns: int, *, stall_ns: int = 0) -> bytes:
        """Return the frames up to `seconds` of media that were not returned before; 0 s arrived at `start_ns`."""
        out: list[bytes] = []
        while self._pictures / FPS < seconds:
            out += self._picture(start_ns + self._pictures * 1_000_000_000 // FPS + stall_ns)
            if self._with_sound:
                for _ in range(2):
                    out.append(self._sound(start_ns + self._sounds * 20_000_000 + stall_ns))
        return b"".join(out)

    def rest(self, seconds: float) -> None:
        """Send nothing up to `seconds` of media: as a layer that is paused, stamps go on and numbers do not."""
        while self._pictures / FPS < seconds:
            self._pictures += 1
            self._sounds += 2

    def report(self, start_ns: int, sent_ms: float = 20.0) -> bytes:
        """Return sender reports that say the stamps of now in the sender's wall clock."""
        out = b""
        for track, done_s, rate in (
            (self._camera, self._pictures / FPS, 90_000),
            (self._mic, self._sounds / 50, 48_000),
        ):
            ntp = int((3_900_000_000 + done_s) * (1 << 32))
            arrival_ns = start_ns + int(done_s * 1e9 + sent_ms * 1e6)
            out += report_frame(track, arrival_ns, ntp, (self._stamp0 + int(done_s * rate)) & 0xFFFFFFFF)
        return out

    def _picture(self, arrival_ns: int) -> Iterator[bytes]:
        data, _ = self._clip.pictures[self._pictures % len(self._clip.pictures)]
        stamp = self._stamp0 + self._pictures * 90_000 // FPS
        for payload, is_last in self._packets_of(data, self._pictures):
            yield rtp_frame(self._camera, arrival_ns, rtp(self._seq, stamp, is_last, payload))
            self._seq += 1
        self._pictures += 1

    def _sound(self, arrival_ns: int) -> bytes:
        data = self._clip.sounds[self._sounds % len(self._clip.sounds)]
        packet = rtp(self._sound_seq, self._stamp0 + self._sounds * 960, False, data, ssrc=2, payload_type=111)
        self._sound_seq += 1
        self._sounds += 1
        return rtp_frame(self._mic, arrival_ns, packet)


class RecorderProcess:
    """A real recorder process and this end of its two sockets."""

    def __init__(self, scratch: Path, *arguments: str) -> None:
        self.tap_path = scratch / f"tap-{os.getpid()}-{time.monotonic_ns()}.sock"
        self.control, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "recorder.process", "--control-fd", str(theirs.fileno()),
             "--tap-path", str(self.tap_path), *arguments],
            pass_fds=[theirs.fileno()],
        )  # fmt: skip
        theirs.close()
        self._reader = FrameReader()
        self._messages: list[Message] = []
        self._taps: list[socket.socket] = []
        self.wait_for(lambda message: type(message).__name__ == "RecorderReady")

    def send(self, command: Command) -> None:
        """Send a command."""
        body = msgspec.msgpack.encode(command)
        self.control.sendall(len(body).to_bytes(4, "big") + body)

    def wait_for(self, wanted: Any, timeout_s: float = 60.0) -> Any:
        """Return the next message for which `wanted` is true; those before it are dropped.

        Raises:
            TimeoutError: it did not come.
        """
        end = time.monotonic() + timeout_s
        while True:
            while self._messages:
                message = self._messages.pop(0)
                if wanted(message):
                    return message
            ready, _, _ = select.select([self.control], [], [], max(0.0, end - time.monotonic()))
            data = self.control.recv(1 << 16) if ready else b""
            if not data:
                raise TimeoutError("the recorder said nothing more")
            self._messages += [decode_message(body) for body in self._reader.feed(data)]

    def wait_for_state(self, state: str, timeout_s: float = 60.0) -> Any:
        """Return the message that says that a recording is in `state`.

        Raises:
            TimeoutError: it did not come, or said that it failed instead.
        """
        change = self.wait_for(lambda message: getattr(message, "state", "") in (state, "failed"), timeout_s)
        if change.state != state:
            raise TimeoutError(change.detail)
        return change

    def connect_tap(self) -> socket.socket:
        """Return a new tap connection, closed with the process."""
        tap = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        tap.connect(str(self.tap_path))
        self._taps.append(tap)
        return tap

    def end(self) -> int:
        """Close the control socket and return the exit code."""
        self.control.close()
        code = self.process.wait(30)
        self._close_taps()
        return code

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(30)
        self.control.close()
        self._close_taps()

    def _close_taps(self) -> None:
        for tap in self._taps:
            tap.close()
