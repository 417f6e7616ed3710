"""A link's history as a list of steps: the format of `bench/traces/*.json`.

A trace is a JSON list of `{"t": seconds, "down": {...}, "up": {...}}` with any of rate_kbps (0: nothing passes),
delay_ms (one way), jitter_ms, loss_pct and queue_kb (drop-tail). Fields hold until they are changed, the last ones for
ever. `down` is the direction towards the classroom.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec


class Step(msgspec.Struct, frozen=True):
    """What one direction is like from `at_s` on."""

    at_s: float
    rate_bps: float = 20_000_000.0
    delay_s: float = 0.04
    jitter_s: float = 0.0
    loss: float = 0.0  # 0..1
    queue_bytes: int = 60_000


class Trace(msgspec.Struct, frozen=True):
    """Both directions; each begins with a step at 0."""

    down: tuple[Step, ...]
    up: tuple[Step, ...]


def read_trace(items: Sequence[Mapping[str, Any]]) -> Trace:
    """Return the trace that a list of the file format tells.

    Raises:
        ValueError: empty, or its times do not rise.
    """
    return Trace(_direction(items, "down"), _direction(items, "up"))


def load(path: Path) -> Trace:
    """Return the trace in a file."""
    return read_trace(json.loads(path.read_text()))


def _direction(items: Sequence[Mapping[str, Any]], name: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    known: dict[str, float] = {}
    for item in items:
        at_s = float(item["t"])
        if steps and at_s <= steps[-1].at_s:
            raise ValueError(f"the times of a trace must rise: {at_s}")
        known.update(item.get(name, {}))
        steps.append(
            Step(
                at_s if steps else 0.0,
                known.get("rate_kbps", 20_000) * 1000.0,
                known.get("delay_ms", 40) / 1000,
                known.get("jitter_ms", 0) / 1000,
                known.get("loss_pct", 0) / 100,
                int(known.get("queue_kb", 60) * 1000),
            )
        )
    if not steps:
        raise ValueError("a trace has at least one step")
    return tuple(steps)
