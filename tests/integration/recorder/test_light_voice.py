"""A voice that is too large or too quiet to be light: measured, made louder and encoded anew."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from recorder.loudness import RATE, TARGET_LUFS, LoudnessMeter
from recorder.opus_packing import TimedPacket
from recorder.sound import LIGHT_BPS, decode_voice, encode_light, listen

SECONDS = 12


def voice(db: float, bps: int, layout: str) -> list[TimedPacket]:
    """Return a tone that swells and fades, like syllables, in packets of 20 ms."""
    context: Any = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format, context.bit_rate = RATE, layout, "flt", bps
    t = np.arange(SECONDS * RATE) / RATE
    wave = (10 ** (db / 20) * np.sin(2 * np.pi * 440 * t) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * t))).astype(np.float32)
    packets: list[bytes] = []
    for start in range(0, len(wave) - 959, 960):
        channels = 1 if layout == "mono" else 2
        block = np.repeat(wave[start : start + 960], channels)[None, :]
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        packets += [bytes(packet) for packet in context.encode(frame)]
    return [TimedPacket(number * 20, 20, data) for number, data in enumerate(packets)]


def loudness(packets: list[TimedPacket]) -> float:
    meter = LoudnessMeter()
    for samples in decode_voice(packets):
        meter.add(samples)
    found = meter.lufs()
    assert found is not None
    return found


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_a_quiet_and_large_voice_becomes_light_and_as_loud_as_others(layout: str) -> None:
    packets = voice(-24.0, 96_000, layout)
    heard = listen(packets)
    assert len(heard.peaks) == pytest.approx(SECONDS * 10, abs=1)
    light = list(encode_light(packets, heard.gain_db))
    assert sum(len(one.data) for one in light) * 8 / SECONDS <= LIGHT_BPS * 1.1
    assert [one.ms for one in light] == [number * 60 for number in range(len(light))]
    assert len(light) * 60 == pytest.approx(SECONDS * 1000, abs=120)
    assert loudness(light) == pytest.approx(TARGET_LUFS, abs=1.0)


def test_what_cannot_be_decoded_is_silence_of_its_length() -> None:
    packets = voice(-24.0, 32_000, "mono")
    broken = [one._replace(data=b"\xff\xff\xff") if 100 <= n < 150 else one for n, one in enumerate(packets)]
    samples = np.concatenate(list(decode_voice(broken)))
    assert len(samples) == pytest.approx(len(packets) * 960, abs=960)
