"""Voice and picture together in the finished file: `python -m bench.sync [--minutes 60]`.

Real Opus with clicks and real VP8 with flashes of the same moments, through a network that jitters, loses 2 % for good,
and is gone for 30 s; after 40 minutes another microphone takes over, whose clock is as wrong the other way round
(50 ppm). It is virtual time up to the parts; then the real finaliser makes the file, which is decoded whole, and each
flash is compared with its click.

Prints one JSON line: `apart_ms` is the most that a flash is away from its click, less what a minute without any of that
shows (`base_ms`: encoders and frames have delays of their own). `skipped` pictures could not be decoded: nobody repairs
or asks for a keyframe here.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import os
import random
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import av
import numpy as np

from bench.recorder_feed import rtp, vp8_payloads
from bench.recorder_virtual import START_NS, VirtualRecorder, finalise
from media.tap import TapTrack

WIDTH, HEIGHT, FPS = 160, 96, 25
LOOP_S = 10  # a clap every 10 s, at 5 s of each
CLAP_S, FLASH_S, CLICK_S = 5.0, 0.4, 0.06
SOUND_MS, PICTURE_MS = 20, 1000 // FPS
LOSS, JITTER_MS = 0.02, 15.0
OUTAGE_S = (1_500.0, 1_530.0)
SWITCH_S = 2_400.0
PPM = 50.0
BRIGHT, LOUD = 120.0, 0.1
NEAR_MS = 2_000.0  # a flash and a click of one clap; half an outage away is another one
CAMERA, MIC, OTHER_MIC = (1, 1), (1, 2), (1, 3)


class Media(NamedTuple):
    """Ten seconds to be sent over and over."""

    pictures: list[bytes]
    sounds: list[bytes]


class Device(NamedTuple):
    """A camera or microphone while it is in use."""

    track: tuple[int, int]
    is_camera: bool
    ppm: float
    from_s: float
    to_s: float
    stamp0: int

    @property
    def description(self) -> TapTrack:
        """What the tap says of it."""
        if self.is_camera:
            return TapTrack("room", "teacher", "camera", "vp8", "", self.track[1], 96, 90_000)
        return TapTrack("room", "teacher", "mic", "opus", "", self.track[1], 111, 48_000)


def make_media() -> Media:
    """Encode a dark picture that flashes and a silence that clicks."""
    video: Any = av.CodecContext.create("libvpx", "w")
    video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    video.time_base, video.framerate, video.bit_rate, video.gop_size = Fraction(1, FPS), Fraction(FPS), 100_000, 2 * FPS
    # As browsers encode for a call: a lost picture must not make the next ones undecodable.
    video.options = {"deadline": "realtime", "cpu-used": "12", "lag-in-frames": "0", "error-resilient": "1"}
    pictures: list[bytes] = []
    for number in range(LOOP_S * FPS):
        is_flash = CLAP_S <= number / FPS < CLAP_S + FLASH_S
        plane = np.full((HEIGHT * 3 // 2, WIDTH), 128, dtype=np.uint8)
        plane[:HEIGHT] = 235 if is_flash else 30
        frame = av.VideoFrame.from_ndarray(plane, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        pictures += [bytes(packet) for packet in video.encode(frame)]
    audio: Any = av.CodecContext.create("libopus", "w")
    audio.sample_rate, audio.layout, audio.format, audio.bit_rate = 48_000, "mono", "s16", 24_000
    time_s = np.arange(LOOP_S * 48_000) / 48_000
    is_click = (time_s >= CLAP_S) & (time_s < CLAP_S + CLICK_S)
    wave = (np.sin(2 * np.pi * 1_000 * time_s) * 20_000 * is_click).astype(np.int16)
    sounds: list[bytes] = []
    for start in range(0, len(wave), 960):
        block = av.AudioFrame.from_ndarray(wave[None, start : start + 960], format="s16", layout="mono")
        block.sample_rate, block.pts, block.time_base = 48_000, start, Fraction(1, 48_000)
        sounds += [bytes(packet) for packet in audio.encode(block)]
    return Media(pictures, sounds[: LOOP_S * 1000 // SOUND_MS])


def sent(device: Device, media: Media, seed: int, *, is_hard: bool) -> Iterator[tuple[int, tuple[int, int], bytes]]:
    """Yield what of a device's packets arrives: when, of which track, the packet."""
    chance = random.Random(seed)
    step_ms, rate = (PICTURE_MS, 90_000) if device.is_camera else (SOUND_MS, 48_000)
    frames = media.pictures if device.is_camera else media.sounds
    offset = round(device.from_s * 1000 / step_ms)  # so that claps of a device that takes over are at the same moments
    seq = 0
    for number in range(int((device.to_s - device.from_s) * 1000 / step_ms)):
        real_ms = device.from_s * 1000 + number * step_ms / (1 + device.ppm / 1e6)
        # Which frame of the loop: by the device's real time, as a lens and a membrane see the same world.
        data = frames[round(real_ms / step_ms) % len(frames) if device.ppm else (number + offset) % len(frames)]
        stamp = device.stamp0 + number * step_ms * rate // 1000
        payloads = vp8_payloads(data, number) if device.is_camera else iter([(data, True)])
        for payload, is_last in payloads:
            seq += 1
            at_ms = real_ms + 40 + (chance.expovariate(1 / JITTER_MS) if is_hard else 0.0)
            is_out = OUTAGE_S[0] * 1000 <= at_ms < OUTAGE_S[1] * 1000
            if is_hard and (is_out or chance.random() < LOSS):
                continue
            yield START_NS + round(at_ms * 1e6), device.track, rtp(seq, stamp, is_last, payload)


def record(folder: Path, media: Media, devices: list[Device], *, is_hard: bool) -> None:
    """Record the devices."""
    with VirtualRecorder(folder) as recorder:
        recorder.name("teacher", "lecturer")
        waiting = sorted(devices, key=lambda device: device.from_s)
        streams = (_in_order(sent(one, media, seed, is_hard=is_hard)) for seed, one in enumerate(devices))
        for at_ns, track, packet in heapq.merge(*streams):
            while waiting and START_NS + waiting[0].from_s * 1e9 <= at_ns:
                opened = waiting.pop(0)
                for gone in devices:
                    if gone.to_s == opened.from_s and gone.is_camera is opened.is_camera:
                        recorder.session.on_closed(gone.track, at_ns)
                recorder.open(opened.track, opened.description)
            recorder.packet(track, packet, at_ns)


def _in_order(
    packets: Iterator[tuple[int, tuple[int, int], bytes]],
) -> Iterator[tuple[int, tuple[int, int], bytes]]:
    """Yield packets in order of arrival: jitter lets them overtake by a few only."""
    held: list[tuple[int, tuple[int, int], bytes]] = []
    for packet in packets:
        heapq.heappush(held, packet)
        if len(held) > 64:
            yield heapq.heappop(held)
    while held:
        yield heapq.heappop(held)


class Watched(NamedTuple):
    """When, in ms of the file, it becomes bright and loud."""

    flashes: list[float]
    clicks: list[float]
    skipped: int


def watch(path: Path) -> Watched:
    """Decode all of a file, as a player does: a picture that cannot be decoded is passed over."""
    flashes: list[float] = []
    clicks: list[float] = []
    was_bright, loud_ms, samples, skipped = False, -math.inf, 0, 0
    with av.open(str(path)) as container:
        for packet in container.demux(container.streams.video[0], container.streams.audio[0]):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                skipped += 1
                continue
            for frame in frames:
                if isinstance(frame, av.VideoFrame):
                    is_bright = float(np.mean(frame.to_ndarray(format="gray"))) > BRIGHT
                    if is_bright and not was_bright:
                        flashes.append(float(frame.time or 0) * 1000)
                    was_bright = is_bright
                elif isinstance(frame, av.AudioFrame):
                    at_ms = samples / frame.sample_rate * 1000  # a player counts samples
                    samples += frame.samples
                    loud = np.flatnonzero(_loudness(frame) > LOUD)
                    if len(loud):
                        if at_ms - loud_ms > 1_000:
                            clicks.append(at_ms + int(loud[0]) / frame.sample_rate * 1000)
                        loud_ms = at_ms
    return Watched(flashes, clicks, skipped)


def _loudness(frame: av.AudioFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    wave: np.ndarray[Any, np.dtype[np.float64]] = np.abs(frame.to_ndarray()).max(axis=0).astype(np.float64)
    return wave / 32_768 if frame.format.name.startswith("s16") else wave


def apart(watched: Watched) -> list[float]:
    """Return by how much each flash that has a click is later than it."""
    pairs = ((flash, min(watched.clicks, key=lambda click: abs(click - flash))) for flash in watched.flashes)
    return [flash - click for flash, click in pairs if abs(flash - click) < NEAR_MS]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.sync")
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    end_s = options.minutes * 60
    switch_s = min(SWITCH_S, end_s * 2 / 3)
    media = make_media()
    easy = [Device(CAMERA, True, 0, 0, 60, 1), Device(MIC, False, 0, 0, 60, 7)]
    hard = [
        Device(CAMERA, True, 0, 0, end_s, (1 << 32) - 90_000),
        Device(MIC, False, PPM, 0, switch_s, 77),
        Device(OTHER_MIC, False, -PPM, switch_s, end_s, 123_456),
    ]
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        record(scratch / "easy", media, easy, is_hard=False)
        finalise(scratch / "easy")
        base_ms = median(apart(watch(scratch / "easy" / "lecturer.webm")))
        record(scratch / "hard", media, hard, is_hard=True)
        made = finalise(scratch / "hard")
        watched = watch(scratch / "hard" / "lecturer.webm")
    differences = [one - base_ms for one in apart(watched)]
    line = {
        "bench": "sync",
        "apart_ms": round(max(abs(one) for one in differences), 1),
        "median_ms": round(median(differences), 1),
        "claps": len(differences),
        "of": int(end_s // LOOP_S),
        "skipped": watched.skipped,
        "base_ms": round(base_ms, 1),
        "minutes": options.minutes,
        "duration_ms": made.duration_ms,
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
