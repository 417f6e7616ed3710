"""Whether the machine was the limit: two browsers, the server and the link share its cores."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STARVED_FPS = 8  # the poorest layer has 10 pictures a second: below that its encoder did not get to run
BUSY = 0.97  # of all cores in a second: something had to wait
_STAT = Path("/proc/stat")


class CpuWatch:
    """How busy all cores together were, second by second."""

    def __init__(self) -> None:
        self._last = _ticks()
        self.busy: list[tuple[float, float]] = []  # at, share 0..1

    def sample(self, t_s: float) -> None:
        """Note how busy they were since the last sample."""
        used, total = _ticks()
        if total > self._last[1]:
            self.busy.append((t_s, (used - self._last[0]) / (total - self._last[1])))
        self._last = used, total


def _ticks() -> tuple[int, int]:
    numbers = [int(text) for text in _STAT.read_text().splitlines()[0].split()[1:9]]
    total = sum(numbers)
    return total - numbers[3] - numbers[4], total  # idle and waiting for a disk are not work


def cpu_figures(
    watch: CpuWatch, watching: Sequence[Mapping[str, Any]], teaching: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return how busy the machine was, whether an encoder said that it was the limit, and what was left out."""
    shares = [share for _, share in watch.busy]
    limited = _cpu_limited_s(teaching) + _cpu_limited_s(watching)
    dropped, decoded = _shown(watching)
    full = sum(share > BUSY for share in shares)
    taught = _taught(teaching)
    return {
        "cpu_busy_pct": round(100 * statistics.fmean(shares), 1) if shares else None,
        "cpu_full_s": full,
        "encoder_cpu_limited_s": round(limited, 1),
        "lecturer_low_fps": taught,
        "frames_dropped": dropped,
        "cpu_was_limit": limited > 1
        or full > 0.1 * len(shares)
        or dropped > 0.02 * max(decoded, 1)
        or (taught is not None and taught < STARVED_FPS),
    }


def _taught(samples: Sequence[Mapping[str, Any]]) -> float | None:
    """Return below how many pictures a second the lecturer's busiest encoder was for a twentieth of the time."""
    rates = sorted(
        max((stream.get("framesPerSecond") or 0 for stream in sample["streams"] if stream["way"] == "out"), default=0)
        for sample in samples
        if sample["t"] >= 0
    )
    return rates[len(rates) // 20] if rates else None


def _cpu_limited_s(samples: Sequence[Mapping[str, Any]]) -> float:
    """Return for how long an encoder of this page was held down for want of CPU."""
    first: dict[tuple[Any, ...], float] = {}
    last: dict[tuple[Any, ...], float] = {}
    for sample in samples:
        for stream in sample["streams"]:
            if stream["way"] == "out" and "qualityLimitationDurations" in stream:
                key = (stream["of"], stream.get("mid"), stream.get("rid"))
                last[key] = float(stream["qualityLimitationDurations"].get("cpu", 0.0))
                first.setdefault(key, last[key])
    return max((last[key] - first[key] for key in last), default=0.0)


def _shown(samples: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return how many decoded pictures of the lecturer were dropped before they were shown, and all decoded ones."""
    totals: dict[int, tuple[int, int]] = {}
    for sample in samples:
        for stream in sample["streams"]:
            if stream["way"] == "in" and stream.get("trackIdentifier") == sample.get("track"):
                totals[stream["of"]] = (stream.get("framesDropped", 0), stream.get("framesDecoded", 0))
    return sum(dropped for dropped, _ in totals.values()), sum(decoded for _, decoded in totals.values())
