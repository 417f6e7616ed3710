"""Links over time, as files: a JSON list of `{"t": s, "down": {...}, "up": {...}}`.

A direction has any of `rate_kbps` (0: nothing passes), `delay_ms` (one way), `jitter_ms`, `loss_pct` and `queue_kb`
(drop-tail, 1 kB = 1,000 bytes); a field holds until it is changed. `down` is towards the classroom. Pure but for
`read_trace`.
"""

from __future__ import annotations

import bisect
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

OUTAGE_S = 0.5  # what the issue calls a stall: a shorter hole in a measured trace is its ordinary grain
STEP_S = 5.0  # a rate that holds shorter than this is no step to settle on


@dataclass(frozen=True, slots=True)
class LinkState:
    """One direction of a link while it holds."""

    rate_bps: float = 20e6
    delay_s: float = 0.04
    jitter_s: float = 0.0
    loss: float = 0.0  # share 0..1
    queue_bytes: int = 60_000


_FIELDS = {
    "rate_kbps": ("rate_bps", 1e3),
    "delay_ms": ("delay_s", 1e-3),
    "jitter_ms": ("jitter_s", 1e-3),
    "loss_pct": ("loss", 1e-2),
    "queue_kb": ("queue_bytes", 1e3),
}


@dataclass(frozen=True)
class Direction:
    """One direction of a trace: states and the times from which they hold; the first time is 0, the last holds on."""

    times: tuple[float, ...]
    states: tuple[LinkState, ...]

    def at(self, t_s: float) -> LinkState:
        """Return the state at `t_s`."""
        return self.states[max(bisect.bisect_right(self.times, t_s) - 1, 0)]

    def bits(self, start_s: float, end_s: float) -> float:
        """Return how many bits could pass between two times."""
        total = 0.0
        for index, (begins, state) in enumerate(zip(self.times, self.states, strict=True)):
            ends = self.times[index + 1] if index + 1 < len(self.times) else math.inf
            total += max(min(ends, end_s) - max(begins, start_s), 0.0) * state.rate_bps
        return total


@dataclass(frozen=True)
class Trace:
    """Both directions and how long they were written for."""

    name: str
    down: Direction
    up: Direction
    ends_s: float

    def share_under(self, bps: float, seconds: float) -> float:
        """Return the share of whole seconds in which the down direction passes less than `bps` on average."""
        whole = max(int(seconds), 1)
        return sum(self.down.bits(second, second + 1) < bps for second in range(whole)) / whole

    def outages(self, seconds: float) -> list[tuple[float, float]]:
        """Return begin and end of the times of at least 0.5 s in which nothing passes down, that end in time."""
        found: list[tuple[float, float]] = []
        begin: float | None = None
        for t_s, state in zip(self.down.times, self.down.states, strict=True):
            if state.rate_bps <= 0 and begin is None:
                begin = t_s
            elif state.rate_bps > 0 and begin is not None:
                if t_s - begin >= OUTAGE_S and t_s < seconds:
                    found.append((begin, t_s))
                begin = None
        return found

    def steps(self, seconds: float) -> list[tuple[float, float, float, float]]:
        """Return `(at, until, from_bps, to_bps)` of each change of the down rate that holds for 5 s or more.

        Outages are not steps. A trace whose rate changes all the time has none.
        """
        changes = [(0.0, self.down.states[0].rate_bps)]
        for t_s, state in zip(self.down.times[1:], self.down.states[1:], strict=True):
            if state.rate_bps != changes[-1][1]:
                changes.append((t_s, state.rate_bps))
        ends = [t_s for t_s, _ in changes[1:]] + [seconds]
        held = [(t_s, min(end, seconds), rate) for (t_s, rate), end in zip(changes, ends, strict=True)]
        return [
            (t_s, end, before[2], rate)
            for before, (t_s, end, rate) in itertools.pairwise(held)
            if min(end - t_s, before[1] - before[0]) >= STEP_S and before[2] > 0 and rate > 0
        ]


def _direction(entries: Sequence[Mapping[str, Any]], key: str) -> Direction:
    state = LinkState()
    times: list[float] = []
    states: list[LinkState] = []
    for entry in entries:
        given = entry.get(key, {})
        unknown = set(given) - set(_FIELDS)
        if unknown:
            raise ValueError(f"a trace's direction has no field {sorted(unknown)[0]!r}")
        changed = {_FIELDS[name][0]: value * _FIELDS[name][1] for name, value in given.items()}
        if "queue_bytes" in changed:
            changed["queue_bytes"] = round(changed["queue_bytes"])
        state = replace(state, **changed)
        times.append(float(entry["t"]))
        states.append(state)
    return Direction((0.0, *times[1:]), tuple(states))


def parse_trace(name: str, entries: Sequence[Mapping[str, Any]]) -> Trace:
    """Return a trace from its JSON.

    Raises:
        ValueError: it is empty, not in the order of time, or has an unknown field.
    """
    times = [float(entry["t"]) for entry in entries]
    if not times or times != sorted(times):
        raise ValueError("a trace is a list of at least one entry in the order of t")
    return Trace(name, _direction(entries, "down"), _direction(entries, "up"), times[-1])


def read_trace(path: Path) -> Trace:
    """Return the trace of a file, called by the file's name.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no trace.
    """
    return parse_trace(path.stem, json.loads(path.read_text()))
