"""Small real films and sounds, made as they are asked for: what a teacher's phone or an editor would export."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

FPS = 10
RATE_HZ = 48_000
BLOCK = 1_024  # samples: what AAC codes at a time


@cache
def film(
    container: str = "mp4",
    video: str = "libx264",
    audio: str = "aac",
    *,
    seconds: float = 1.0,
    size: tuple[int, int] = (64, 48),
) -> bytes:
    """Return a film whose grey grows with time; an empty codec leaves picture or sound out."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        picture = cast("VideoStream", output.add_stream(video, rate=FPS)) if video else None
        sound = cast("AudioStream", output.add_stream(audio, rate=RATE_HZ, layout="mono")) if audio else None
        if picture is not None:
            picture.width, picture.height = size
            picture.pix_fmt = "yuv420p"
            picture.options = {"preset": "ultrafast"} if video.startswith("libx26") else {}
            for frame in _pictures(size, round(seconds * FPS)):
                output.mux(picture.encode(frame))
            output.mux(picture.encode(None))
        if sound is not None:
            for block in _tone(round(seconds * RATE_HZ)):
                output.mux(sound.encode(block))
            output.mux(sound.encode(None))
    return file.getvalue()


def _pictures(size: tuple[int, int], count: int) -> Iterator[VideoFrame]:
    for index in range(count):
        grey = np.full((size[1], size[0], 3), 40 + 180 * index // count, np.uint8)
        frame = VideoFrame.from_ndarray(grey, format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        yield frame


def _tone(samples: int) -> Iterator[AudioFrame]:
    for start in range(0, samples, BLOCK):
        times = np.arange(start, start + BLOCK) / RATE_HZ
        wave = (8_000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)
        block = AudioFrame.from_ndarray(wave[None, :], format="s16", layout="mono")
        block.sample_rate, block.pts, block.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        yield block
