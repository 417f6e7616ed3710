"""What the story's bot teaches with: the demo's pictures in a dim room, a voice that speaks, and a clap now and then.

At each clap the picture is white for a moment, and after a short silence there is a click: in the finished recording,
after network, kill and finalising, they must still be together (`apart_ms`).
"""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bench.link_clip import voice_clip
from bench.sync import apart, watch
from server.bot.clip import FPS
from server.bot.melody import SAMPLE_RATE_HZ

LOOP_S, WIDTH, HEIGHT = 20, 640, 360
CLAP_EVERY_S, FIRST_CLAP_S = 4.0, 2.0
FLASH_S, CLICK_S = 0.4, 0.06
SILENT_S = (1.3, 0.5)  # before and after a click: bench.sync looks for what is loud after a second of silence
DIM = 0.4  # of the demo's brightness: far below BRIGHT of bench.sync
BLOCK = 960  # samples: 20 ms
VOICE_BPS = 48_000


def speaking_clip(pictures: Path, folder: Path) -> Path:
    """Return a Matroska file that loops, made of the demo's clip `pictures` in `folder`."""
    made = folder / "speaking.mkv"
    sound = _voice()
    with av.open(str(pictures)) as source, av.open(str(made), "w", format="matroska") as out:
        video = out.add_stream("libx264", rate=FPS)
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.options = {"preset": "ultrafast", "crf": "24", "g": str(4 * FPS)}
        audio = out.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        assert isinstance(audio, AudioStream)
        audio.bit_rate = VOICE_BPS
        written = 0
        for number, drawn in zip(range(LOOP_S * FPS), source.decode(video=0), strict=False):
            out.mux(video.encode(_dimmed(drawn, number)))
            while written + BLOCK <= (number + 1) * SAMPLE_RATE_HZ // FPS:
                frame = AudioFrame.from_ndarray(sound[None, written : written + BLOCK], "s16", "mono")
                frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, written
                out.mux(audio.encode(frame))
                written += BLOCK
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return made


def apart_ms(recorded: Path, clip: Path) -> list[float]:
    """Return by how much each flash of the recording is later than its click, less what the clip itself shows."""
    base_ms = median(apart(watch(clip)))
    return [one - base_ms for one in apart(watch(recorded))]


def _dimmed(drawn: VideoFrame, number: int) -> VideoFrame:
    planes = drawn.reformat(width=WIDTH, height=HEIGHT, format="yuv420p").to_ndarray()
    since_s = (number / FPS - FIRST_CLAP_S) % CLAP_EVERY_S
    planes[:HEIGHT] = 235 if since_s < FLASH_S else (planes[:HEIGHT] * DIM).astype(np.uint8)
    frame = VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, FPS)
    return frame


def _voice() -> npt.NDArray[np.int16]:
    """Return speech that holds its breath for a click every few seconds."""
    with wave.open(str(voice_clip()[0])) as file:
        said = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
        assert (file.getframerate(), file.getnchannels()) == (SAMPLE_RATE_HZ, 1)
    sound = np.resize(said, LOOP_S * SAMPLE_RATE_HZ).copy()
    click = np.sin(2 * np.pi * 1_000 * np.arange(round(CLICK_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ) * 24_000
    for clap_s in np.arange(FIRST_CLAP_S, LOOP_S, CLAP_EVERY_S):
        at = round(clap_s * SAMPLE_RATE_HZ)
        sound[at - round(SILENT_S[0] * SAMPLE_RATE_HZ) : at + round(SILENT_S[1] * SAMPLE_RATE_HZ)] = 0
        sound[at : at + len(click)] = click.astype(np.int16)
    return sound
