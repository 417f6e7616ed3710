"""Voice activity, on synthetic sound whose talk is known."""

from __future__ import annotations

import numpy as np
import pytest

from recorder.loudness import RATE, Samples
from recorder.voice_activity import VoiceActivity

TALK_S = ((1.0, 3.5), (5.0, 5.6), (7.0, 11.0))  # 7.1 s of 12


def _db(db: float) -> float:
    return float(10 ** (db / 20))


def _sound(talk_s: tuple[tuple[float, float], ...], *, seconds: int, noise_db: float, hum_db: float = -90.0) -> Samples:
    """Return syllables of harmonics with pauses of 120 ms between them, over noise and a hum of 50 Hz."""
    time = np.arange(RATE, dtype=np.float32) / RATE  # one second, again and again: all of it fits into one
    voice = sum(np.sin(np.float32(2 * np.pi * 140 * n) * time) / n for n in (2, 3, 5, 8))
    voice = np.tile(np.where(time % 0.25 < 0.15, voice, 0) * _db(-25.0), seconds)
    ends, starts = [0.0, *(end for _, end in talk_s)], [*(start for start, _ in talk_s), float(seconds)]
    for silent_from, silent_to in zip(ends, starts, strict=True):
        voice[int(silent_from * RATE) : int(silent_to * RATE)] = 0
    noise = np.random.default_rng(1).standard_normal(RATE, np.float32) * _db(noise_db)
    noise += np.sin(np.float32(2 * np.pi * 50) * time) * _db(hum_db)
    return np.asarray(voice + np.tile(noise, seconds), np.float32)


def _heard(samples: Samples) -> list[tuple[int, int]]:
    activity = VoiceActivity()
    for start in range(0, len(samples), 7_001):  # pieces that fit into nothing
        activity.add(samples[start : start + 7_001])
    return activity.talk()


@pytest.mark.parametrize(("noise_db", "hum_db"), [(-65.0, -90.0), (-38.0, -18.0)])
def test_talk_is_found_where_it_is_whatever_the_room_hums(noise_db: float, hum_db: float) -> None:
    heard = _heard(_sound(TALK_S, seconds=12, noise_db=noise_db, hum_db=hum_db))
    assert len(heard) == len(TALK_S)
    for (start, end), (known_start, known_end) in zip(heard, TALK_S, strict=True):
        assert abs(start - known_start * 1000) <= 60
        assert -200 <= end - known_end * 1000 <= 60  # the last syllable may end before
    share = sum(end - start for start, end in heard) / 12_000
    assert share == pytest.approx(7.1 / 12, abs=0.02)


def test_talk_between_silence_without_any_noise_is_found() -> None:
    heard = _heard(_sound(((1.0, 3.0),), seconds=5, noise_db=-200.0))
    assert len(heard) == 1
    assert heard[0] == pytest.approx((1000, 3000), abs=110)


def test_a_room_that_only_hums_says_nothing() -> None:
    assert _heard(_sound((), seconds=3, noise_db=-38.0, hum_db=-18.0)) == []
    assert _heard(np.zeros(RATE, np.float32)) == []
    assert _heard(np.zeros(0, np.float32)) == []


def test_a_knock_is_no_speech() -> None:
    data = _sound((), seconds=4, noise_db=-65.0)
    data[RATE : RATE + RATE // 50] = 0.7
    assert _heard(data) == []


def test_lost_packets_do_not_lower_the_floor() -> None:
    noisy = _sound((), seconds=6, noise_db=-38.0)
    noisy[2 * RATE : 4 * RATE] = 0.0
    assert _heard(noisy) == []
