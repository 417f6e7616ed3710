"""What of a voice must be decoded: its peaks and loudness in one pass, and the light form where a copy is too large."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from recorder.loudness import RATE, LoudnessMeter, Samples, static_gain_db
from recorder.opus_packing import TimedPacket

PEAK_SAMPLES = RATE // 10
LIGHT_BPS = 24_000  # a voice is understood without effort; RFC 6716 §2.1.1: wideband speech from 16 kbit/s
_LIGHT_MS = 60  # a frame of libopus is at most so long
_LIGHT_SAMPLES = RATE * _LIGHT_MS // 1000
_LIGHT_OPTIONS = {"application": "voip", "frame_duration": "60", "vbr": "on"}
_FULL = 32_768


class Heard(NamedTuple):
    """What listening to a voice once tells."""

    peaks: bytes  # one a tenth of a second, 255 is full scale
    gain_db: float


def decode_voice(packets: Iterable[TimedPacket], decoder: str = "libopus") -> Iterator[Samples]:
    """Yield the samples of Opus packets that follow each other without gap, one channel of 48 kHz, full scale is 1.

    A packet that cannot be decoded is silence of its length, so that what follows stays in its place. The decoder
    `opus` of FFmpeg takes two thirds of the time of `libopus` and is not exact to the sample: good enough to measure.
    """
    context = av.CodecContext.create(decoder, "r")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate, context.layout = RATE, "mono"
    for packet in packets:
        try:
            frames = context.decode(av.Packet(packet.data))
        except av.error.FFmpegError:
            frames = []
        if not frames:
            yield np.zeros(packet.duration_ms * RATE // 1000, np.float32)
        for frame in frames:
            yield _samples(frame)


def _samples(frame: AudioFrame) -> Samples:
    data: Any = frame.to_ndarray()
    data = data.reshape(-1) if data.dtype == np.int16 else data.reshape(-1) * _FULL
    samples: Samples = (data / _FULL).astype(np.float32)
    return samples


def listen(packets: Iterable[TimedPacket]) -> Heard:
    """Return the peaks of a voice and the gain that it needs."""
    meter = LoudnessMeter()
    peaks: list[Samples] = []
    for samples in gathered(decode_voice(packets, "opus"), RATE * 10):
        meter.add(samples)
        whole = np.pad(samples, (0, -len(samples) % PEAK_SAMPLES)).reshape(-1, PEAK_SAMPLES)
        peaks.append(np.maximum(whole.max(axis=1), -whole.min(axis=1)))
    found = np.concatenate(peaks) if peaks else np.zeros(0, np.float32)
    data = np.minimum(np.rint(found * 255), 255).astype(np.uint8).tobytes()
    return Heard(data, static_gain_db(meter.lufs(), data))


def encode_light(packets: Iterable[TimedPacket], gain_db: float) -> Iterator[TimedPacket]:
    """Yield a voice anew as mono of about `LIGHT_BPS`, louder by `gain_db`; what would be beyond full scale is cut."""
    factor = np.float32(10 ** (gain_db / 20))
    return encode_voice((np.clip(samples * factor, -1.0, 1.0) for samples in decode_voice(packets)), LIGHT_BPS)


def encode_voice(voice: Iterable[Samples], bps: int) -> Iterator[TimedPacket]:
    """Yield samples of one channel of 48 kHz as packets of 60 ms, from 0 on without gap."""
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate, context.layout, context.format = RATE, "mono", "flt"
    context.bit_rate, context.options, context.time_base = bps, _LIGHT_OPTIONS, Fraction(1, RATE)
    made, position = itertools.count(), 0
    for loud in gathered(voice, _LIGHT_SAMPLES):
        if len(loud) < _LIGHT_SAMPLES:
            loud = np.pad(loud, (0, _LIGHT_SAMPLES - len(loud)))
        frame = AudioFrame.from_ndarray(loud[None, :], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, position, Fraction(1, RATE)
        position += _LIGHT_SAMPLES
        yield from _light_packets(context.encode(frame), made)
    yield from _light_packets(context.encode(None), made)


def _light_packets(packets: Iterable[av.Packet[Any]], made: Iterator[int]) -> Iterator[TimedPacket]:
    """Yield packets without gap from 0 on: the encoder's own delay of 6.5 ms is not heard."""
    for packet in packets:
        yield TimedPacket(next(made) * _LIGHT_MS, _LIGHT_MS, bytes(packet))


def gathered(pieces: Iterable[Samples], size: int) -> Iterator[Samples]:
    """Yield the same samples in pieces of `size`, the last one as long as it is."""
    held: list[Samples] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += len(piece)
        if count >= size:
            data = np.concatenate(held)
            whole = count // size * size
            for start in range(0, whole, size):
                yield data[start : start + size]
            held, count = [data[whole:]], count - whole
    if count:
        yield np.concatenate(held)
