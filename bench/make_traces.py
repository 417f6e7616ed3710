"""Make the project's own links in `bench/traces/`: `python -m bench.make_traces [--out FOLDER]`.

Each is a file for `bench.weaklink` and its twin in virtual time (`bench/link_trace.py` says what the fields mean). All
but `cellular` are drawn by hand. `cellular` follows a seeded Markov chain of signal qualities with a new rate every
200 ms and a deep queue, as a modem on a moving bus has: made up, but with the grain and the holes of such links.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any

SEED = 7  # of the chain
SECONDS = 120
GRAIN_S = 0.2  # a scheduler of a cell gives turns of about this length

# Quality -> mean rate down in kbit/s, spread of the rate around it (standard deviation of its logarithm).
QUALITIES = {
    "good": (1800.0, 0.35),
    "fair": (600.0, 0.45),
    "poor": (180.0, 0.6),
    "edge": (60.0, 0.8),
    "gone": (0.0, 0.0),
}
# Where a quality goes when it ends, and how long it lasts on average, in seconds.
NEXT: dict[str, tuple[float, dict[str, float]]] = {
    "good": (14.0, {"fair": 1.0}),
    "fair": (9.0, {"good": 0.5, "poor": 0.5}),
    "poor": (6.0, {"fair": 0.55, "edge": 0.45}),
    "edge": (3.0, {"poor": 0.6, "gone": 0.4}),
    "gone": (2.0, {"edge": 0.4, "poor": 0.6}),
}
UP_SHARE = 0.6  # of the rate down
SILENT_SLOT = 0.04  # of the turns go to somebody else

Entry = dict[str, Any]


def constant(**fields: float) -> Entry:
    """Return an entry at 0 with the same fields in both directions."""
    return {"t": 0, "down": dict(fields), "up": dict(fields)}


def both(t: float, **fields: float) -> Entry:
    """Return an entry that changes both directions."""
    return {"t": t, "down": dict(fields), "up": dict(fields)}


def down(t: float, **fields: float) -> Entry:
    """Return an entry that changes the direction towards the classroom."""
    return {"t": t, "down": dict(fields)}


def staircase() -> list[Entry]:
    """Return a link that goes down in steps, to where only sound fits, and up again."""
    steps = [(15, 900), (35, 400), (50, 160), (65, 70), (75, 400), (95, 2500)]
    first = constant(rate_kbps=2500, delay_ms=45, jitter_ms=5, loss_pct=0, queue_kb=60)
    return [first, *(down(t, rate_kbps=rate) for t, rate in steps)]


def outages() -> list[Entry]:
    """Return a good link that goes away for 1, 3, 10 and 20 s."""
    entries = [constant(rate_kbps=1800, delay_ms=35, jitter_ms=5, loss_pct=0, queue_kb=80)]
    for begin, length in ((15, 1), (30, 3), (50, 10), (80, 20)):
        entries += [both(begin, rate_kbps=0), both(begin + length, rate_kbps=1800)]
    return entries


def loss() -> list[Entry]:
    """Return a radio link whose loss has nothing to do with its load: 2, 10, 20, then 5 %."""
    first = constant(rate_kbps=1200, delay_ms=50, jitter_ms=8, loss_pct=2, queue_kb=60)
    return [first, *(both(t, loss_pct=share) for t, share in ((30, 10), (70, 20), (90, 5)))]


def narrow() -> list[Entry]:
    """Return a link that carries sound and a small picture."""
    return [constant(rate_kbps=220, delay_ms=90, jitter_ms=8, loss_pct=0.5, queue_kb=20)]


def clean() -> list[Entry]:
    """Return a good line."""
    return [constant(rate_kbps=20_000, delay_ms=25, jitter_ms=3, loss_pct=0, queue_kb=200)]


def dips() -> list[Entry]:
    """Return a link that would carry one fixed layer of 1.2 Mbit/s, but for 4 s of every 18."""
    entries = [constant(rate_kbps=1600, delay_ms=40, jitter_ms=5, loss_pct=0, queue_kb=80)]
    for begin in range(12, SECONDS, 18):
        entries += [down(begin, rate_kbps=700), down(begin + 4, rate_kbps=1600)]
    return entries


def cellular(seed: int = SEED) -> list[Entry]:
    """Return a bus ride: a Markov chain of qualities, a rate every 200 ms, a deep queue."""
    rng = random.Random(seed)
    quality = "fair"
    ends_s = rng.expovariate(1 / NEXT[quality][0])
    entries: list[Entry] = []
    for turn in range(round(SECONDS / GRAIN_S)):
        t = round(turn * GRAIN_S, 1)
        if t >= ends_s:
            ways = NEXT[quality][1]
            quality = rng.choices(list(ways), list(ways.values()))[0]
            ends_s = t + rng.expovariate(1 / NEXT[quality][0])
        entry: Entry = {"t": t, "down": {"rate_kbps": _rate(quality, 1.0, rng)}}
        entry["up"] = {"rate_kbps": _rate(quality, UP_SHARE, rng)}
        entries.append(entry)
    for direction, delay_ms in (("down", 45), ("up", 55)):
        entries[0][direction].update(delay_ms=delay_ms, jitter_ms=6, loss_pct=0, queue_kb=150)
    return entries


def _rate(quality: str, share: float, rng: random.Random) -> float:
    mean, spread = QUALITIES[quality]
    if not mean or rng.random() < SILENT_SLOT:
        return 0.0
    return round(share * mean * rng.lognormvariate(-spread * spread / 2, spread), 1)


TRACES = (staircase, outages, loss, narrow, clean, dips, cellular)


def main() -> None:
    """Write all traces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "traces")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for make in TRACES:
        lines = ",\n".join(json.dumps(entry) for entry in make())
        (folder / f"{make.__name__}.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
