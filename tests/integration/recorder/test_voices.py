"""Talk at two microphones whose shares are known, through a real recorder; and run again only when it changed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest

from bench.recorder_feed import Clip, RecorderProcess, Stream, make_clip
from recorder.control import NamePeer, StartRecording, StopRecording
from recorder.loudness import RATE
from recorder.voices import Voices
from server.planning.reviews.picture import picture_of

SECONDS = 10


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RecorderProcess]:
    process = RecorderProcess(tmp_path)
    yield process
    process.kill()


def talking(hz: int, since: float, until: float) -> Clip:
    """Return a camera and a microphone of a room that hums, in which somebody talks from `since` to `until` seconds."""
    context: Any = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format, context.bit_rate = RATE, "mono", "flt", 24_000
    t = np.arange(SECONDS * RATE) / RATE
    wave = 0.2 * np.sin(2 * np.pi * hz * t) * ((t >= since) & (t < until)) * (t % 0.3 < 0.2)
    wave = (wave + 0.0005 * np.random.default_rng(hz).standard_normal(len(t))).astype(np.float32)
    packets: list[bytes] = []
    for start in range(0, len(wave), 960):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 960], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        packets += [bytes(packet) for packet in context.encode(frame)]
    return make_clip(2.0, 100_000, 160, 90)._replace(sounds=packets)


def listen(folder: Path) -> Voices:
    done = subprocess.run([sys.executable, "-m", "recorder.voices", str(folder)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return msgspec.json.decode(done.stdout, type=Voices)


def test_both_rooms_are_heard_apart_and_only_once(recorder: RecorderProcess, tmp_path: Path) -> None:
    folder = tmp_path / "lesson"
    recorder.send(StartRecording("r1", "room", "光的折射", str(folder)))
    recorder.wait_for_state("recording")
    recorder.send(NamePeer("r1", "lin", "lecturer", "林晓云", "春城实验小学"))
    recorder.send(NamePeer("r1", "room", "classroom", "五年级", "河口小学"))
    begin = time.monotonic_ns()
    lin = Stream(talking(440, 0.5, 5.5), peer="lin")
    room = Stream(talking(880, 7.0, 9.0), peer="room", first_track=5)
    tap = recorder.connect_tap()
    tap.sendall(lin.opening() + room.opening())
    for second in range(1, SECONDS + 1):
        tap.sendall(lin.until(second, begin) + room.until(second, begin))
    tap.sendall(lin.closing() + room.closing())
    time.sleep(0.5)  # what was sent is in the recorder's socket
    recorder.send(StopRecording("r1"))
    recorder.wait_for_state("ready")
    heard = listen(folder)
    picture = picture_of(heard, [])
    assert [(one.school, one.is_main) for one in picture.rooms] == [("春城实验小学", True), ("河口小学", False)]
    assert picture.main_ms == pytest.approx(5_000, abs=300)
    assert picture.remote_ms == pytest.approx(2_000, abs=300)
    assert picture.together_ms == 0
    assert picture.reply_ms == pytest.approx(1_500, abs=250)
    note = folder / "steps" / "voices.json"
    noted = note.stat().st_mtime_ns
    assert listen(folder) == heard
    assert note.stat().st_mtime_ns == noted
