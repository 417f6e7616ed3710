"""From what a page of a meeting showed and played to the figures of `bench.meeting_link`. Pure.

A sample has `t`, seconds since the link became weak; of each small picture how many `frames` it has shown, its `lines`,
its brightness (`light`, 0..255) and the words under it (`note`); of each voice how many audio samples were played and
how many of them were made up; and what the page says of its own connection (`away`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

STILL_S = 3.0  # a picture that stands for so long must say so
GOOD = 0.1  # of a second made up: a word is understood
RATE_HZ = 48_000
Sample = Mapping[str, Any]


def voice_figures(samples: Sequence[Sample], begin: float, end: float) -> tuple[float | None, float | None]:
    """Return the share of made-up sound in per cent, and the seconds of it that the poorest voice lacked."""
    within = [one for one in samples if begin <= one["t"] <= end]
    played = made_up = 0.0
    lacking: list[float] = []
    for voice in {name for one in within for name in one["voices"]}:
        heard = [(one["t"], *one["voices"][voice]) for one in within if voice in one["voices"]]
        total = heard[-1][1] - heard[0][1]
        played, made_up = played + total, made_up + heard[-1][2] - heard[0][2]
        lacking.append(heard[-1][0] - heard[0][0] - total / RATE_HZ)
    if played <= 0:
        return None, None
    return round(100 * made_up / played, 2), round(max(lacking), 1)


def sound_back_s(samples: Sequence[Sample], at: float) -> float | None:
    """Return how long after `at` the first second ended in which every voice was played and hardly made up."""
    after = [one for one in samples if one["t"] >= at]
    for before, one in zip(after, after[2:], strict=False):  # a second apart
        grown = [
            (one["voices"][name][0] - before["voices"][name][0], one["voices"][name][1] - before["voices"][name][1])
            for name in one["voices"]
            if name in before["voices"]
        ]
        if grown and all(total > RATE_HZ / 2 and made_up < GOOD * total for total, made_up in grown):
            return round(float(one["t"]) - at, 1)
    return None


def picture_figures(samples: Sequence[Sample], weak: tuple[float, float]) -> dict[str, Any]:
    """Return how the small pictures did: moving in the weak time, and marked whenever they stood still."""
    moving = counted = unmarked = 0
    moved_at: dict[str, tuple[int, float]] = {}
    lines: list[int] = []
    for one in samples:
        for slot, tile in one["tiles"].items():
            frames, since = moved_at.get(slot, (-1, one["t"]))
            moves = tile["frames"] != frames
            since = one["t"] if moves else since
            moved_at[slot] = tile["frames"], since
            unmarked += one["t"] - since >= STILL_S and not tile["note"] and not one["away"]
            if weak[0] <= one["t"] <= weak[1]:
                counted, moving = counted + 1, moving + moves
                lines.append(tile["lines"])
    lights = [tile["light"] for one in samples for tile in one["tiles"].values() if tile["light"] is not None]
    return {
        "tiles_moving_pct": round(100 * moving / counted) if counted else None,
        "tile_lines": max(lines, default=0),
        "unmarked_stills": unmarked,
        "darkest": min(lights, default=None),
    }


def picture_back_s(samples: Sequence[Sample], at: float) -> float | None:
    """Return how long after `at` a small picture moved."""
    before: dict[str, int] = {}
    for one in samples:
        for slot, tile in one["tiles"].items():
            if one["t"] >= at and slot in before and tile["frames"] > before[slot]:
                return round(float(one["t"]) - at, 1)
            before[slot] = tile["frames"]
    return None
