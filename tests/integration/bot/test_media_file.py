"""The bot's media out of real files: what can be read, its size, its timing, its loop."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from server.bot.media_file import BLOCK, FileAudioTrack, Timeline, _batches, _pictures, probe
from server.bot.options import TeachOptions
from server.bot.teach import run
from signaling.errors import Refused

FPS = 25


def write(path: Path, *, video_s: float = 0.0, audio_s: float = 0.0, rate_hz: int = 44_100) -> Path:
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=FPS) if video_s else None
        if video is not None:
            video.width, video.height, video.pix_fmt = 640, 480, "yuv420p"
        audio = (
            output.add_stream("libopus" if rate_hz == 48_000 else "aac", rate=rate_hz, layout="mono")
            if audio_s
            else None
        )
        if video is not None:
            for index in range(round(video_s * FPS)):
                frame = VideoFrame.from_ndarray(np.full((480, 640, 3), index * 4 % 256, dtype=np.uint8), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, FPS)
                output.mux(video.encode(frame))
            output.mux(video.encode(None))
        if audio is not None:
            tone = (np.sin(np.arange(round(audio_s * rate_hz)) / 20) * 8000).astype(np.int16)
            frame_ = AudioFrame.from_ndarray(tone[None, :], format="s16", layout="mono")
            frame_.sample_rate = rate_hz
            output.mux(audio.encode(frame_))
            output.mux(audio.encode(None))
    return path


def test_picture_is_scaled_thinned_and_looped(tmp_path: Path) -> None:
    facts = probe(write(tmp_path / "lesson.mp4", video_s=1.0))
    assert (facts.has_video, facts.has_audio) == (True, False)
    pictures = list(itertools.islice(_pictures(facts, height=240, fps=12, loop=True), 26))
    assert {(frame.width, frame.height, frame.format.name) for _, frame in pictures} == {(320, 240, "yuv420p")}
    times = [at_s for at_s, _ in pictures]
    assert times == sorted(times)
    assert times[13] == pytest.approx(facts.seconds, abs=0.05)  # the second turn begins where the first ended


def test_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    facts = probe(write(tmp_path / "lesson.mp4", video_s=0.2))
    _, frame = next(_pictures(facts, height=2160, fps=30, loop=False))
    assert (frame.width, frame.height) == (640, 480)


def test_sound_of_any_rate_becomes_even_blocks(tmp_path: Path) -> None:
    facts = probe(write(tmp_path / "voice.m4a", audio_s=1.0))
    blocks = [block for batch in _batches(facts, loop=False) for block in batch]
    assert {(block.samples, block.sample_rate) for block in blocks} == {(BLOCK, 48_000)}
    assert len(blocks) == pytest.approx(50, abs=4)


def test_short_sound_is_filled_up_so_that_it_keeps_to_the_picture(tmp_path: Path) -> None:
    facts = probe(write(tmp_path / "lesson.mkv", video_s=2.0, audio_s=1.0, rate_hz=48_000))
    blocks = [block for batch in itertools.islice(_batches(facts, loop=True), 20) for block in batch]
    loud = [bool(np.abs(block.to_ndarray()).max() > 500) for block in blocks]
    assert all(loud[2:45])
    assert not any(loud[56:96])
    assert all(loud[104:145])


async def test_track_hands_out_sound_at_its_own_pace(tmp_path: Path) -> None:
    facts = probe(write(tmp_path / "voice.m4a", audio_s=1.0))
    track = FileAudioTrack(facts, Timeline(), loop=False)
    frames = [await track.recv() for _ in range(10)]
    assert [frame.pts for frame in frames] == [index * BLOCK for index in range(10)]


@pytest.mark.parametrize(
    ("name", "content"),
    [("lesson.mp4", b""), ("notes.mp4", "这不是视频".encode() * 100), ("missing.mp4", None)],
    ids=["empty", "text", "missing"],
)
def test_unreadable_file_is_refused_and_ends_the_command(
    tmp_path: Path, name: str, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused) as refusal:
        probe(path)
    assert refusal.value.code == "media_unreadable"
    assert run(TeachOptions(room="k7m2p9qx", file=path)) == 2
    assert name in capsys.readouterr().err
