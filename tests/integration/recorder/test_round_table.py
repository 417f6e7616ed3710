"""The recording of a meeting, through a real recorder: all are heard at once, and seen is who has the floor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from bench.recorder_feed import Clip, RecorderProcess, Stream, make_clip
from recorder.control import NamePeer, RecordingChanged, StartRecording, StopRecording
from recorder.loudness import RATE, Samples

SECONDS = 10
LIN_HZ, HE_HZ = 440, 880


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RecorderProcess]:
    process = RecorderProcess(tmp_path)
    yield process
    process.kill()


def speaking(width: int, hz: int, since: float, until: float) -> Clip:
    """Return a camera and a voice that sounds from `since` to `until` seconds and is silent else."""
    clip = make_clip(2.0, 200_000, width, width * 9 // 16)
    context: Any = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format, context.bit_rate = RATE, "mono", "flt", 24_000
    t = np.arange(SECONDS * RATE) / RATE
    wave = (0.2 * np.sin(2 * np.pi * hz * t) * ((t >= since) & (t < until))).astype(np.float32)
    packets: list[bytes] = []
    for start in range(0, len(wave), 960):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 960], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        packets += [bytes(packet) for packet in context.encode(frame)]
    return clip._replace(sounds=packets)


def sound_of(path: Path) -> Samples:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(container.streams.audio[0])]
    samples: Samples = np.concatenate(frames)
    return samples


def heard_at(samples: Samples, second: float) -> set[int]:
    """Return which of the two voices is heard at a time."""
    window = samples[int(second * RATE) : int((second + 0.5) * RATE)]
    power = np.abs(np.fft.rfft(window)) / len(window)
    return {hz for hz in (LIN_HZ, HE_HZ) if power[round(hz * len(window) / RATE)] > 0.01}


def widths_at(path: Path, *seconds: float) -> list[int]:
    with av.open(str(path)) as container:
        shown = [(float(frame.time or 0), frame.width) for frame in container.decode(container.streams.video[0])]
    return [max((one for one in shown if one[0] <= second), key=lambda one: one[0])[1] for second in seconds]


def test_all_are_heard_at_once_and_who_speaks_is_seen(recorder: RecorderProcess, tmp_path: Path) -> None:
    folder = tmp_path / "meeting"
    recorder.send(StartRecording("r1", "room", "联席会议", str(folder)))
    recorder.wait_for_state("recording")
    for peer, role in (("lin", "convener"), ("he", "member")):
        recorder.send(NamePeer("r1", peer, role, peer, "城关小学"))
    begin = time.monotonic_ns()
    lin = Stream(speaking(320, LIN_HZ, 0, 5), peer="lin")
    he = Stream(speaking(640, HE_HZ, 4, SECONDS), peer="he", first_track=5)
    tap = recorder.connect_tap()
    tap.sendall(lin.opening() + he.opening())
    for second in range(1, SECONDS + 1):
        tap.sendall(lin.until(second, begin) + he.until(second, begin))
    tap.sendall(lin.closing() + he.closing())
    time.sleep(0.5)  # what was sent is in the recorder's socket
    recorder.send(StopRecording("r1"))
    ready: RecordingChanged = recorder.wait_for_state("ready")
    assert abs(ready.duration_ms - SECONDS * 1000) <= 120
    assert not any(one.minors for one in ready.renditions)
    path = folder / "lecturer.webm"
    samples = sound_of(path)
    assert [heard_at(samples, second) for second in (2, 4.25, 8)] == [{LIN_HZ}, {LIN_HZ, HE_HZ}, {HE_HZ}]
    assert widths_at(path, 2, 9.5) == [320, 640]
