"""What the lecturer's fake camera sees and the fake microphone hears in a bench: made at first use, kept in a cache.

The picture is the demo's lesson at 720 lines with what a real camera adds to it: a room with texture, a hand that is
not quite still, and grain; without them a coder has nothing to do. The voice is espeak-ng's Mandarin where the machine
has it, else `formant_speech`: harmonics of a gliding pitch under moving formants, syllables, sentences and pauses.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from server.bot.picture import LessonPicture

Samples = npt.NDArray[np.float32]

FPS = 20
LOOP_S = 12.0  # y4m needs no decoder beside the encoder, and takes 1.4 MB a picture
SAMPLE_RATE_HZ = 48_000
SPEECH_S = 36.0
TEXTURE = 7.0  # of 255: plaster, cloth and paper in a lit room
GRAIN = 1.6  # of 255: a good webcam indoors
SWAY_PIXELS = 2.0
TEXT = (
    "同学们好，今天我们学习光的折射。请大家看这杯水，筷子插进去以后，看起来是弯的。为什么会这样呢？"
    "光从空气斜着射进水里，它的方向会改变。我们来量一量，入射角是多少，折射角又是多少。"
    "请一位同学上来试一试。很好，大家记下来。"
)


def cache_folder() -> Path:
    """Return where clips are kept: outside of the project, by the user's own rules (XDG base directories)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tongtang-bench"


def camera_clip(height: int) -> Path:
    """Return a y4m file of 16:9 that loops every 12 s; drawing 720 lines for the first time takes about 5 s."""
    width = height * 16 // 9
    path = cache_folder() / f"lesson-{width}x{height}-{FPS}.y4m"
    return _made(path, lambda unfinished: _draw(unfinished, width, height))


def voice_clip() -> tuple[Path, str]:
    """Return a wave file that loops, and what speaks in it."""
    speaker = "espeak-ng" if shutil.which("espeak-ng") else "formant"
    path = cache_folder() / f"voice-{speaker}.wav"
    return _made(path, _speak if speaker == "espeak-ng" else _write_formants), speaker


def _made(path: Path, make: Callable[[Path], None]) -> Path:
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        make(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _draw(path: Path, width: int, height: int) -> None:
    rng = np.random.default_rng(3)
    margin = math.ceil(SWAY_PIXELS) * 2
    texture = _texture(rng, height + margin, width + margin)
    grains = [rng.normal(0, GRAIN, (height, width)).astype(np.float32) for _ in range(8)]
    picture = LessonPicture()
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{FPS}:1 Ip A1:1 C420\n".encode())
        for index in range(round(LOOP_S * FPS)):
            t_s = index / FPS
            drawn = VideoFrame.from_ndarray(picture.at(t_s, abs(math.sin(9 * t_s)) * 0.8), format="rgb24")
            planes = drawn.reformat(width=width, height=height, format="yuv420p").to_ndarray()
            x = round(SWAY_PIXELS * (1 + math.sin(2 * math.pi * t_s / 6.0)))
            y = round(SWAY_PIXELS * (1 + math.sin(2 * math.pi * t_s / 4.0)))
            luma = planes[:height] + texture[y : y + height, x : x + width] + grains[index % len(grains)]
            planes[:height] = np.clip(luma, 0, 255).astype(np.uint8)
            file.write(b"FRAME\n" + planes.tobytes())


def _texture(rng: np.random.Generator, height: int, width: int) -> npt.NDArray[np.float32]:
    """Return brightness that varies as natural surfaces do: its spectrum falls with the frequency."""
    fy = np.fft.fftfreq(height)[:, None]
    fx = np.fft.rfftfreq(width)[None, :]
    fall = 1 / np.maximum(np.hypot(fx, fy), 1 / 64)
    spectrum = np.fft.rfft2(rng.normal(size=(height, width))) * fall
    field = np.fft.irfft2(spectrum, s=(height, width))
    texture: npt.NDArray[np.float32] = (field / field.std() * TEXTURE).astype(np.float32)
    return texture


def _speak(path: Path) -> None:
    raw = path.with_suffix(".raw.wav")
    try:
        command = ["espeak-ng", "-v", "cmn", "-s", "150", "-w", str(raw), TEXT]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        with wave.open(str(raw)) as file:
            rate = file.getframerate()
            said = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16).astype(np.float32) / 32768
    finally:
        raw.unlink(missing_ok=True)
    times = np.arange(round(len(said) / rate * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    _write(path, np.interp(times, np.arange(len(said)) / rate, said).astype(np.float32))


def _write_formants(path: Path) -> None:
    _write(path, formant_speech(SPEECH_S))


def _write(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 30_000).astype(np.int16).tobytes())


# First three formants in Hz of a woman's a, i, u, e, o (Peterson and Barney 1952, rounded).
_VOWELS = ((850, 1220, 2810), (310, 2790, 3310), (370, 950, 2670), (610, 2330, 2990), (590, 920, 2710))
_BANDWIDTHS_HZ = (90.0, 110.0, 170.0)
_TONES = ((1.15, 1.15), (0.95, 1.25), (0.95, 0.78), (1.3, 0.8))  # pitch at the begin and end of Mandarin's four tones
_PITCH_HZ = 205.0
_HARMONICS = 24


def formant_speech(seconds: float) -> Samples:
    """Return made-up speech in -1..1: the same every time."""
    rng = np.random.default_rng(7)
    parts: list[Samples] = []
    length = 0
    while length < seconds * SAMPLE_RATE_HZ:
        for _ in range(int(rng.integers(5, 13))):  # a sentence
            parts.append(_syllable(rng))
            length += len(parts[-1])
        parts.append(np.zeros(round(rng.uniform(0.35, 0.8) * SAMPLE_RATE_HZ), dtype=np.float32))
        length += len(parts[-1])
    speech = np.concatenate(parts)[: round(seconds * SAMPLE_RATE_HZ)]
    scaled: Samples = (speech / np.abs(speech).max() * 0.8).astype(np.float32)
    return scaled


def _syllable(rng: np.random.Generator) -> Samples:
    """Return a hissed or stopped consonant and a vowel that glides to another, under one of four tones."""
    voiced_s = rng.uniform(0.12, 0.24)
    count = round(voiced_s * SAMPLE_RATE_HZ)
    along = np.linspace(0, 1, count)
    begin, end = _TONES[int(rng.integers(4))]
    pitch = _PITCH_HZ * (begin + (end - begin) * along) * (1 + 0.01 * np.sin(40 * along))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE_HZ
    first, last = _VOWELS[int(rng.integers(5))], _VOWELS[int(rng.integers(5))]
    sound = np.zeros(count)
    for harmonic in range(1, _HARMONICS + 1):
        frequency = harmonic * pitch
        gain = np.zeros(count)
        for number, (one, two) in enumerate(zip(first, last, strict=True)):
            centre = one + (two - one) * along
            gain += (0.6**number) / (1 + ((frequency - centre) / _BANDWIDTHS_HZ[number]) ** 2)
        sound += gain / harmonic**0.5 * np.sin(harmonic * phase)
    sound *= np.minimum(1, np.minimum(along, 1 - along) * 8)
    hiss = rng.normal(0, 0.12, round(rng.uniform(0.03, 0.08) * SAMPLE_RATE_HZ))
    hiss = np.diff(hiss, prepend=0.0) * np.hanning(len(hiss))
    return np.concatenate([hiss, sound * rng.uniform(0.6, 1.0)]).astype(np.float32)
