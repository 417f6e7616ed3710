"""A lesson's voice and picture as two senders have them: the call's own encoder, and the browser's own recording.

The voice is noise in syllables of chance: like speech, and unlike a tone, it fits to itself at one place only. The
picture's brightness tells its time.
"""

from __future__ import annotations

import io
import time
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from bench.recorder_feed import Clip, RecorderProcess, Stream
from recorder.control import NamePeer, StartRecording, StopRecording

RATE = 48_000
FPS = 25
SIZE = (96, 64)
SYLLABLE = RATE * 9 // 50  # 180 ms
BRIGHTEST, DARKEST, PERIOD = 210, 40, 250  # frames until the brightness begins anew: 10 s

Wave = np.ndarray[Any, np.dtype[np.int16]]


def speech(seconds: float, seed: int = 1) -> Wave:
    """Return syllables."""
    random = np.random.default_rng(seed)
    count = int(seconds * RATE)
    loud = np.repeat(10 ** random.uniform(-2.2, -0.3, count // SYLLABLE + 1), SYLLABLE)[:count]
    wave: Wave = (random.normal(0, 6_000, count) * loud).astype(np.int16)
    return wave


def brightness_at(t_s: float) -> float:
    """Return how bright the picture is at a moment."""
    return DARKEST + (BRIGHTEST - DARKEST) * (round(t_s * FPS) % PERIOD) / PERIOD


@cache
def clip(seconds: float, seed: int = 1) -> Clip:
    """Return the lesson as the call sends it: 20 ms a packet, 24 kbit/s."""
    pictures = _pictures(seconds, 0.0, 2 * FPS)
    return Clip("vp8", *SIZE, pictures, _sounds(speech(seconds, seed), 24_000, 20))


def record(recorder: RecorderProcess, folder: Path, peer: str, seconds: float, lost: tuple[float, float]) -> float:
    """Record a lesson of which nothing came in `lost`; return when its voice begins on the recording's clock, in ms."""
    lesson = clip(seconds)  # which takes its time
    recorder.send(StartRecording("r1", "room", "光合作用", str(folder)))
    recorder.wait_for_state("recording")
    started = time.monotonic_ns()
    recorder.send(NamePeer("r1", peer, "lecturer", "林老师", "城关小学"))
    stream, begin = Stream(lesson, peer=peer), time.monotonic_ns()
    tap = recorder.connect_tap()
    tap.sendall(stream.opening() + stream.until(lost[0], begin))
    stream.until(lost[1], begin)
    tap.sendall(stream.until(seconds, begin) + stream.closing())
    time.sleep(0.8)  # two reads of the tap
    recorder.send(StopRecording("r1"))
    recorder.wait_for_state("ready")
    return (begin - started) / 1e6


def browser_sound(since_s: float, until_s: float, seed: int = 1) -> bytes:
    """Return that stretch of the voice as a browser's MediaRecorder writes it: live WebM, Opus of 60 ms."""
    wave = speech(until_s, seed)[int(since_s * RATE) :]
    file = io.BytesIO()
    with av.open(file, "w", format="webm", options={"live": "1"}) as output:
        stream = output.add_stream("libopus", rate=RATE, layout="mono")
        stream.options = {"frame_duration": "60"}
        stream.bit_rate = 64_000
        for start in range(0, len(wave) - 2_879, 2_880):
            output.mux(stream.encode(_frame(wave, start, 2_880)))
        output.mux(stream.encode(None))
    return file.getvalue()


def browser_picture(since_s: float, until_s: float, keyframe_every: int = 50) -> bytes:
    """Return that stretch of the picture as a browser's MediaRecorder writes it."""
    file = io.BytesIO()
    with av.open(file, "w", format="webm", options={"live": "1"}) as output:
        stream = output.add_stream("libvpx", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"deadline": "realtime", "cpu-used": "12", "lag-in-frames": "0", "auto-alt-ref": "0"}
        stream.bit_rate, stream.gop_size = 200_000, keyframe_every
        first = round(since_s * FPS)
        for number in range(first, round(until_s * FPS)):
            output.mux(stream.encode(_picture(number, number - first)))
        output.mux(stream.encode(None))
    return file.getvalue()


def _pictures(seconds: float, since_s: float, keyframe_every: int) -> list[tuple[bytes, bool]]:
    context: Any = av.CodecContext.create("libvpx", "w")
    context.width, context.height, context.pix_fmt = *SIZE, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    context.bit_rate, context.gop_size = 100_000, keyframe_every
    context.options = {"deadline": "realtime", "cpu-used": "12", "lag-in-frames": "0", "auto-alt-ref": "0"}
    first = round(since_s * FPS)
    frames = [_picture(number, number - first) for number in range(first, round(seconds * FPS))]
    packets = [packet for frame in [*frames, None] for packet in context.encode(frame)]
    return [(bytes(packet), packet.is_keyframe) for packet in packets]


def _picture(number: int, pts: int) -> VideoFrame:
    planes = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8)
    planes[: SIZE[1]] = round(brightness_at(number / FPS))
    frame = VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.pts, frame.time_base = pts, Fraction(1, FPS)
    return frame


def _sounds(wave: Wave, bps: int, packet_ms: int) -> list[bytes]:
    context: Any = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format, context.bit_rate = RATE, "mono", "s16", bps
    context.options = {"application": "voip", "frame_duration": str(packet_ms)}
    size = RATE * packet_ms // 1000
    frames = [_frame(wave, start, size) for start in range(0, len(wave) - size + 1, size)]
    return [bytes(packet) for frame in [*frames, None] for packet in context.encode(frame)]


def _frame(wave: Wave, start: int, size: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(wave[None, start : start + size], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
    return frame
