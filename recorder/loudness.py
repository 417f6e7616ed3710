"""How loud a voice is, and by how much to raise it: a measurement of ITU-R BS.1770-4 and one static gain. Pure.

The K-weighting is applied to the spectrum of a block instead of its samples: numpy has no recursive filter, and the
mean square of a block is the same on both sides (Parseval). Of each 900 ms a block of 400 is measured: a voice is as
loud in the rest, and the gates of the standard choose among blocks anyhow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

Samples = np.ndarray[Any, np.dtype[np.float32]]

RATE = 48_000  # Hz: what Opus decodes to
BLOCK = RATE * 2 // 5  # 400 ms, BS.1770-4 annex 1
EVERY = RATE * 9 // 10  # from block to block: not in step with anything that repeats in a second
TARGET_LUFS = -18.0  # AES TD1008 (2021): speech on the net
CEILING_DB = -2.0  # a sample peak below it leaves the peaks between samples room
QUIET_SHARE = 0.001  # of the tenths of a second may be louder: a knock on the microphone, not the voice
MAX_GAIN_DB = 15.0  # more would raise the room's noise, not the voice
LEAST_GAIN_DB = 0.5  # nobody hears less
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0
# The two stages of the K-weighting at 48 kHz: BS.1770-4 tables 1 and 2.
_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


class LoudnessMeter:
    """Take the samples of a recording in order, in pieces of any length."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._skip = 0
        self._powers: list[float] = []

    def add(self, samples: Samples) -> None:
        """Take the next samples of one channel, full scale is 1."""
        data = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        start = self._skip
        while start + BLOCK <= len(data):
            self._powers.append(_weighted_power(data[start : start + BLOCK]))
            start += EVERY
        kept = min(start, len(data))
        self._rest, self._skip = data[kept:].copy(), start - kept

    def lufs(self) -> float | None:
        """Return the integrated loudness; None: there was nothing but silence."""
        loud = [power for power in self._powers if _lufs(power) > _ABSOLUTE_GATE]
        if not loud:
            return None
        gate = _lufs(sum(loud) / len(loud)) + _RELATIVE_GATE
        voiced = [power for power in loud if _lufs(power) > gate]
        return _lufs(sum(voiced) / len(voiced))


def static_gain_db(lufs: float | None, peaks: Sequence[int]) -> float:
    """Return the gain that brings a voice to the target, as far as its peaks allow.

    Args:
        lufs: its loudness, None for silence.
        peaks: the loudest sample of each tenth of a second, 255 is full scale.
    """
    if lufs is None or not peaks:
        return 0.0
    ranked = sorted(peaks, reverse=True)
    peak = ranked[min(len(ranked) - 1, int(len(ranked) * QUIET_SHARE))]
    room_db = CEILING_DB - 20 * math.log10(max(peak, 1) / 255)
    wanted = TARGET_LUFS - lufs
    gain = max(-MAX_GAIN_DB, min(wanted, MAX_GAIN_DB, max(room_db, 0.0)))
    return round(gain, 1) if abs(gain) >= LEAST_GAIN_DB else 0.0


def _weighted_power(block: Samples) -> float:
    spectrum = np.fft.rfft(block)
    energy = spectrum.real**2 + spectrum.imag**2
    energy[1:-1] *= 2  # the mirrored half; the block's length is even
    return float(np.dot(energy, _weights(len(block)))) / len(block) ** 2


@lru_cache(maxsize=2)
def _weights(length: int) -> Any:
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(length))
    response = np.ones_like(z)
    for above, below in (_SHELF, _HIGH_PASS):
        response *= np.polyval(above[::-1], z) / np.polyval(below[::-1], z)
    return np.abs(response) ** 2


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power) if power > 0 else float("-inf")
