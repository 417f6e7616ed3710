"""The sound of the demo lesson: 茉莉花, a folk song of the 18th century, on a soft plucked string.

A tune rather than made-up speech: it is audible, never still for long, and pleasant for the hundredth time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 48_000  # what Opus works at: no resampling on the way
BEAT_S = 0.625  # 96 beats a minute
SECONDS = 60.0

# (semitones above D4 or None for a rest, beats): 32 beats a phrase pair; the song in D, notated 3 3 5 6 i i 6 | 5 …
_FIRST = [(4, 1), (4, 0.5), (7, 0.5), (9, 0.5), (12, 0.5), (12, 0.5), (9, 0.5)]
_ANSWER = [(7, 1), (7, 0.5), (9, 0.5), (7, 2)]
_SECOND = [(7, 1), (7, 1), (7, 1), (4, 0.5), (7, 0.5), (9, 1), (9, 1), (7, 2)]
_THIRD = [(4, 1), (2, 0.5), (4, 0.5), (7, 1), (4, 0.5), (2, 0.5), (0, 1), (0, 0.5), (2, 0.5), (0, 2)]
_FOURTH = [(4, 0.5), (2, 0.5), (0, 0.5), (4, 0.5), (2, 1.5), (4, 0.5), (7, 1), (9, 0.5), (12, 0.5), (7, 2)]
_LAST = [(2, 1), (4, 0.5), (7, 0.5), (2, 0.5), (4, 0.5), (0, 0.5), (-3, 0.5), (-5, 2), (-3, 1), (0, 1)]
_END = [(2, 1.5), (4, 0.5), (0, 0.5), (2, 0.5), (0, 0.5), (-3, 0.5), (-5, 3), (None, 1)]
NOTES: list[tuple[int | None, float]] = [
    *(_FIRST + _ANSWER) * 2,
    *_SECOND,
    *_THIRD,
    *_FOURTH,
    *_LAST,
    *_END,
]
_D4_HZ = 293.66


def render(seconds: float = SECONDS) -> Samples:
    """Return the song, again and again for `seconds`, as mono samples in -1..1; it ends in silence, so it loops."""
    count = round(seconds * SAMPLE_RATE_HZ)
    samples = np.zeros(count, dtype=np.float32)
    at_s, index = 0.0, 0
    while at_s < seconds - 1:
        pitch, beats = NOTES[index % len(NOTES)]
        if pitch is not None:
            note = _pluck(_D4_HZ * 2 ** (pitch / 12), beats * BEAT_S + 0.9)
            start = round(at_s * SAMPLE_RATE_HZ)
            part = samples[start : start + len(note)]
            part += note[: len(part)]
        at_s += beats * BEAT_S
        index += 1
    fade = round(0.4 * SAMPLE_RATE_HZ)
    samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    song: Samples = np.tanh(samples * np.float32(0.5))
    return song


def loudness(samples: Samples, fps: int) -> Samples:
    """Return how loud each picture's stretch of `samples` is, 0..1: the teacher's mouth moves by it."""
    hop = SAMPLE_RATE_HZ // fps
    blocks = samples[: len(samples) // hop * hop].reshape(-1, hop)
    level = np.sqrt((blocks * blocks).mean(axis=1))
    relative: Samples = (level / max(float(level.max()), 1e-6)).astype(np.float32)
    return relative


def _pluck(frequency_hz: float, seconds: float) -> Samples:
    """Return one note: four harmonics, the higher the sooner gone."""
    t = np.arange(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32) / np.float32(SAMPLE_RATE_HZ)
    note = np.zeros_like(t)
    for harmonic, strength in ((1, 1.0), (2, 0.42), (3, 0.2), (4, 0.08)):
        decay = np.exp(-t * np.float32(1.6 + 1.3 * harmonic))
        note += np.float32(strength) * decay * np.sin(np.float32(2 * np.pi * frequency_hz * harmonic) * t)
    attack = np.minimum(t / np.float32(0.012), 1)
    release = np.minimum((t[-1] - t) / np.float32(0.06), 1)
    shaped: Samples = (note * attack * release).astype(np.float32)
    return shaped
