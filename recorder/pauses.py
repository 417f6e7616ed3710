"""Stretches of a lesson that are not recorded because somebody asked for it. Pure.

Nothing of any track is written from the moment of the command on, which is earlier than the moment at which the
recorder hears of it: what counts is when a packet arrived. The lesson's events go on: whoever comes later must see the
page and the ink that class has. In the finished file the stretch does not exist: time leaps over it (`cut_time`).
"""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[float, float]  # from, to; the second is infinite while nobody went on

FOREVER = float("inf")
KEPT_NS = 60_000_000_000  # packets of before a pause's end may still come so long after it: they wait 0.4 s as a rule


class PauseGate:
    """Say of a packet whether it may be written."""

    def __init__(self, paused_ns: int | None = None) -> None:
        """`paused_ns`: since when it is paused already."""
        self._spans: list[tuple[int, int | None]] = [] if paused_ns is None else [(paused_ns, None)]

    @property
    def is_closed(self) -> bool:
        """Whether recording is paused now."""
        return bool(self._spans) and self._spans[-1][1] is None

    def pause(self, now_ns: int) -> None:
        """Let nothing pass that arrives from now on; a second pause changes nothing."""
        if not self.is_closed:
            self._spans.append((now_ns, None))

    def resume(self, now_ns: int) -> None:
        """Let pass what arrives from now on."""
        if self.is_closed:
            self._spans[-1] = (self._spans[-1][0], max(now_ns, self._spans[-1][0]))

    def shuts_out(self, arrival_ns: int) -> bool:
        """Return whether what arrived at `arrival_ns` must not be written."""
        return any(since <= arrival_ns and (until is None or arrival_ns < until) for since, until in self._spans)

    def forget(self, now_ns: int) -> None:
        """Drop pauses that no packet can belong to any more."""
        self._spans = [span for span in self._spans if span[1] is None or span[1] + KEPT_NS > now_ns]


def is_paused(pauses: Sequence[Span], t_ms: float) -> bool:
    """Return whether nothing was recorded at `t_ms`."""
    return any(since <= t_ms < until for since, until in pauses)


def cut_time(pauses: Sequence[Span], t_ms: float) -> float:
    """Return where `t_ms` lies when the pauses are cut out; all of a pause lies at the cut."""
    return t_ms - sum(min(t_ms, until) - since for since, until in pauses if since < t_ms)


def uncut_time(pauses: Sequence[Span], t_ms: float) -> float:
    """Return what `cut_time` makes `t_ms` of: of all the moments that lie at a cut the last."""
    for since, until in pauses:
        if t_ms < since:
            break
        t_ms += until - since
    return t_ms


def without(spans: Sequence[Span], pauses: Sequence[Span]) -> list[Span]:
    """Return what is left of `spans` when the pauses are taken out."""
    left = list(spans)
    for since, until in pauses:
        pieces = [piece for start, end in left for piece in ((start, min(end, since)), (max(start, until), end))]
        left = [(start, end) for start, end in pieces if start < end]
    return left
