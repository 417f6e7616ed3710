"""When somebody talks into a microphone: spans of speech in its sound. Pure.

Theory of operation. Of each 20 ms the level of what lies between 200 and 4,000 Hz is taken: speech, without hum and
hiss. What a microphone hears all the time (a fan, rain, a room of children who breathe) is its floor: the least level
that a second keeps for a tenth of its time, in the 31 seconds around; whoever talks, pauses in that time. Speech stands
above the floor by `ABOVE_DB`. Silence without any noise, of a lost packet or of a browser that suppresses noise,
tells nothing of the floor. Pauses within a sentence are filled, and what is shorter than a syllable is a knock.
Nobody's words are understood here, and no voice is known again: several people at one microphone are one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recorder.loudness import RATE, Samples

HOP_MS = 20
LEAST_DB = -50.0  # of full scale: what is softer is no speech at a microphone that a class could hear
NOISIEST_DB = -46.0  # the loudest floor: where a browser cleans the voice, all that is left to measure is speech
ABOVE_DB = 9.0  # over the floor; speech of 65 dB(A) in a classroom with 50 dB(A) of noise stands 15 above it
PAUSE_MS = 400  # shorter ones are within a sentence
SYLLABLE_MS = 160  # shorter sounds are knocks
FLOOR_SHARE = 0.1
FLOOR_S = 15  # seconds to each side
_HOP = RATE * HOP_MS // 1000
_LOW_HZ, _HIGH_HZ = 200.0, 4_000.0
_SILENCE_DB = -90.0  # a lost packet: no microphone is so quiet, so it tells nothing of the floor
_PIECE = 500  # hops that are transformed at once: 10 s

Levels = np.ndarray[Any, np.dtype[np.float32]]
Talk = list[tuple[int, int]]  # (from, to) in ms, in order, apart


class VoiceActivity:
    """Take the samples of a microphone in order, in pieces of any length."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._levels: list[Levels] = []
        window = np.hanning(_HOP).astype(np.float32)
        self._window = window / np.float32(np.sqrt(np.mean(window**2)))
        hertz = np.fft.rfftfreq(_HOP, 1 / RATE)
        self._band = (hertz >= _LOW_HZ) & (hertz <= _HIGH_HZ)

    def add(self, samples: Samples) -> None:
        """Take the next samples of one channel of 48 kHz, full scale is 1."""
        data = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        whole = len(data) // _HOP
        for start in range(0, whole, _PIECE):
            piece = data[start * _HOP : min(whole, start + _PIECE) * _HOP].reshape(-1, _HOP)
            self._levels.append(self._level(piece))
        self._rest = data[whole * _HOP :].copy()

    def _level(self, hops: Samples) -> Levels:
        spectrum = np.fft.rfft(hops * self._window, axis=1)[:, self._band]
        power = 2 * np.sum(spectrum.real**2 + spectrum.imag**2, axis=1) / _HOP**2
        levels: Levels = (10 * np.log10(np.maximum(power, 10 ** (_SILENCE_DB / 10)))).astype(np.float32)
        return levels

    def talk(self) -> Talk:
        """Return when there was speech."""
        if not self._levels:
            return []
        levels = np.concatenate(self._levels)
        return _smoothed(levels > np.maximum(_floor(levels) + ABOVE_DB, LEAST_DB))


def _floor(levels: Levels) -> Levels:
    """Return the floor at each hop."""
    per_s = 1000 // HOP_MS
    padded = np.pad(levels, (0, -len(levels) % per_s), mode="edge").reshape(-1, per_s)
    is_heard = padded > _SILENCE_DB + 1
    ranked = np.sort(np.where(is_heard, padded, np.float32(np.inf)), axis=1)
    place = (np.count_nonzero(is_heard, axis=1) * FLOOR_SHARE).astype(int)
    of_second = np.take_along_axis(ranked, place[:, None], axis=1)[:, 0]
    around = np.pad(of_second, FLOOR_S, mode="edge")
    least = np.min(np.lib.stride_tricks.sliding_window_view(around, 2 * FLOOR_S + 1), axis=1)
    floor: Levels = np.repeat(np.minimum(least, NOISIEST_DB), per_s)[: len(levels)]
    return floor


def _smoothed(is_loud: np.ndarray[Any, np.dtype[np.bool_]]) -> Talk:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_loud.astype(np.int8), [0]))))
    spans: Talk = []
    for start, end in edges.reshape(-1, 2) * HOP_MS:
        if end - start < HOP_MS * 2:  # one hop: a click
            continue
        if spans and start - spans[-1][1] < PAUSE_MS:
            spans[-1] = (spans[-1][0], int(end))
        else:
            spans.append((int(start), int(end)))
    return [(start, end) for start, end in spans if end - start >= SYLLABLE_MS]
