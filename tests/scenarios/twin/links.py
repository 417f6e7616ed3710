"""Links for tests, in a line each."""

from __future__ import annotations

from typing import Any

from bench.link_trace import Trace, parse_trace


def link(
    *rates: tuple[float, float], up_kbps: float | None = None, up_loss_pct: float | None = None, **fields: float
) -> Trace:
    """Return a link whose rate is `(from s, kbit/s)`; the way up is the same but for what is given apart."""
    rest: dict[str, float] = {"delay_ms": 40, "jitter_ms": 5, "loss_pct": 0, "queue_kb": 60, **fields}
    entries: list[dict[str, Any]] = [{"t": 0, "down": dict(rest), "up": dict(rest)}]
    if up_loss_pct is not None:
        entries[0]["up"]["loss_pct"] = up_loss_pct
    for at_s, kbps in rates:
        if at_s > 0:
            entries.append({"t": at_s, "down": {}, "up": {}})
        entries[-1]["down"]["rate_kbps"] = kbps
        entries[-1]["up"]["rate_kbps"] = kbps if up_kbps is None else up_kbps
    return parse_trace("test", entries)


def with_outages(*outages: tuple[float, float], kbps: float = 1200, down: bool = True, up: bool = True) -> Trace:
    """Return a link of `kbps` that carries nothing from each `(begin s, end s)`, in the directions named."""
    rest: dict[str, float] = {"delay_ms": 40, "jitter_ms": 5, "queue_kb": 60, "rate_kbps": kbps}
    entries: list[dict[str, Any]] = [{"t": 0, "down": dict(rest), "up": dict(rest)}]
    for begin, end in outages:
        gone: dict[str, Any] = {"t": begin}
        back: dict[str, Any] = {"t": end}
        for name, is_hit in (("down", down), ("up", up)):
            if is_hit:
                gone[name], back[name] = {"rate_kbps": 0}, {"rate_kbps": kbps}
        entries += [gone, back]
    return parse_trace("test", entries)
