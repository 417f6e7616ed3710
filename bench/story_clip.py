"""What the story's bot teaches with: the demo's pictures and speech, as one file."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from bench.link_clip import voice_clip
from server.bot.melody import SAMPLE_RATE_HZ

BLOCK = 960  # samples: 20 ms
VOICE_BPS = 48_000


def speaking_clip(pictures: Path, folder: Path) -> Path:
    """Return a Matroska file of the pictures of the demo's clip and a voice that speaks on and on, made in `folder`."""
    made = folder / "speaking.mkv"
    with wave.open(str(voice_clip()[0])) as file:
        said = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
        assert (file.getframerate(), file.getnchannels()) == (SAMPLE_RATE_HZ, 1)
    with av.open(str(pictures)) as source, av.open(str(made), "w", format="matroska") as out:
        drawn = source.streams.video[0]
        video = out.add_stream_from_template(drawn)
        assert isinstance(video, VideoStream)
        audio = out.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        assert isinstance(audio, AudioStream)
        audio.bit_rate = VOICE_BPS
        end_s = 0.0
        for packet in source.demux(drawn):
            if packet.pts is None or packet.time_base is None:
                continue
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            packet.stream = video
            out.mux(packet)
        for at in range(0, round(end_s * SAMPLE_RATE_HZ) - BLOCK, BLOCK):
            frame = AudioFrame.from_ndarray(np.take(said, range(at, at + BLOCK), mode="wrap")[None, :], "s16", "mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, at
            out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
    return made
