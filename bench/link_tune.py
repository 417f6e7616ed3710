"""Find a link on which a fixed push stalls for a given share of a lesson: good, but narrow for a while every 20 s.

A constant rate would not do: a little above what is pushed nothing stalls, a little below everything does. With dips
the share grows with their length. Pure but for the runs that the caller makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PERIOD_S = 20.0
GOOD_KBPS, NARROW_KBPS = 2000, 300
LEAST_DIP_S, LONGEST_DIP_S = 0.2, 12.0
NEAR_PCT = 2.0  # two runs of one link differ by as much
MAX_RUNS = 7


def dipping_link(dip_s: float, seconds: float) -> list[dict[str, Any]]:
    """Return the trace of a link of 2,000 kbit/s that falls to 300 kbit/s for the last `dip_s` of each 20 s."""
    common = {"delay_ms": 40, "jitter_ms": 5, "loss_pct": 0, "queue_kb": 60}
    trace: list[dict[str, Any]] = [
        {"t": 0, "down": {"rate_kbps": GOOD_KBPS, **common}, "up": {"rate_kbps": 1000, **common}}
    ]
    end = PERIOD_S
    while end <= seconds:
        trace.append({"t": round(end - dip_s, 2), "down": {"rate_kbps": NARROW_KBPS}})
        trace.append({"t": round(end, 2), "down": {"rate_kbps": GOOD_KBPS}})
        end += PERIOD_S
    return trace


def tune(stall_pct: Callable[[float], float], target_pct: float) -> tuple[float, float]:
    """Return `(dip in s, stall in %)` of the run that came nearest to `target_pct`, halving what is left each time."""
    low, high = LEAST_DIP_S, LONGEST_DIP_S
    best: tuple[float, float] | None = None
    for _ in range(MAX_RUNS):
        dip_s = round((low + high) / 2, 2)
        stall = stall_pct(dip_s)
        if best is None or abs(stall - target_pct) < abs(best[1] - target_pct):
            best = dip_s, stall
        if abs(stall - target_pct) <= NEAR_PCT:
            break
        low, high = (low, dip_s) if stall > target_pct else (dip_s, high)
    assert best is not None
    return best
