"""When the library fetches by itself, and how fast. Pure."""

from __future__ import annotations

_DAY = 24 * 60


def is_open(from_minute: int, to_minute: int, minute: int) -> bool:
    """Return whether `minute` of the day lies in the window; one that ends where it begins is always open."""
    if from_minute == to_minute:
        return True
    return (minute - from_minute) % _DAY < (to_minute - from_minute) % _DAY


class Pace:
    """A ceiling on what is fetched: how long to wait after each piece. `bps` 0: none."""

    BURST_S = 1.0  # what may come at once after a pause: a socket's buffer is not held back

    def __init__(self, bps: int) -> None:
        self._bps = bps
        self._free_at = 0.0  # when all that came is paid for

    def after(self, size_bytes: int, now: float) -> float:
        """Return how many seconds to wait after `size_bytes` have come."""
        if not self._bps:
            return 0.0
        self._free_at = max(self._free_at, now - self.BURST_S) + size_bytes * 8 / self._bps
        return max(0.0, self._free_at - now)
