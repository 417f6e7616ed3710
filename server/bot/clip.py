"""Make the demo's lesson clip on the machine that shows it: nothing large lies in the repository."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from server.bot import melody
from server.bot.picture import HEIGHT, LOOP_S, WIDTH, LessonPicture

FPS = 15  # a picture takes about 10 ms to draw and code: 900 of them fit into 10 s
AUDIO_BPS = 64_000
AUDIO_BLOCK = 960  # samples: 20 ms, the frame that Opus codes


def ensure_clip(path: Path) -> Path:
    """Return `path`, holding the lesson clip: 60 s that loop, 960×540 H.264 and Opus in Matroska.

    An existing file is left alone; a new one appears under its name only when it is whole. Every machine draws the
    same lesson. Takes about 10 s of CPU: not for an event loop.

    Raises:
        OSError: the folder cannot be written.
    """
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _render(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _render(path: Path) -> None:
    sound = melody.render(LOOP_S)
    voice = melody.loudness(sound, FPS)
    with av.open(str(path), "w", format="matroska") as output:
        video = output.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.options = {"preset": "veryfast", "crf": "24", "g": str(4 * FPS), "tune": "animation"}
        audio = output.add_stream("libopus", rate=melody.SAMPLE_RATE_HZ, layout="mono")
        audio.bit_rate = AUDIO_BPS
        picture = LessonPicture()
        per_picture = melody.SAMPLE_RATE_HZ // FPS
        written = 0
        for index in range(round(LOOP_S * FPS)):
            frame = VideoFrame.from_ndarray(picture.at(index / FPS, float(voice[index])), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            output.mux(video.encode(frame))
            while written + AUDIO_BLOCK <= min((index + 1) * per_picture, len(sound)):
                output.mux(audio.encode(_block(sound[written : written + AUDIO_BLOCK], written)))
                written += AUDIO_BLOCK
        output.mux(video.encode(None))
        output.mux(audio.encode(None))


def _block(samples: np.ndarray[tuple[int], np.dtype[np.float32]], pts: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None, :], format="s16", layout="mono")
    frame.sample_rate = melody.SAMPLE_RATE_HZ
    frame.pts, frame.time_base = pts, Fraction(1, melody.SAMPLE_RATE_HZ)
    return frame
