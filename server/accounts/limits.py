"""How often something may be tried: failures counted per key in a sliding window. Pure; memory is bounded."""

from __future__ import annotations

from collections import OrderedDict, deque

MAX_KEYS = 10_000  # the least recently used key is forgotten beyond it: about 5 MB


class AttemptLimit:
    """Allow `limit` attempts per key in any `window_s` seconds."""

    def __init__(self, limit: int, window_s: float, max_keys: int = MAX_KEYS) -> None:
        self._limit = limit
        self._window_s = window_s
        self._max_keys = max_keys
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()

    def is_allowed(self, key: str, now: float) -> bool:
        """Return whether another attempt may be made at `now`; counts nothing."""
        times = self._attempts.get(key)
        if times is None:
            return True
        while times and times[0] <= now - self._window_s:
            times.popleft()
        if not times:
            del self._attempts[key]
            return True
        return len(times) < self._limit

    def count(self, key: str, now: float) -> None:
        """Count an attempt."""
        times = self._attempts.setdefault(key, deque(maxlen=self._limit))
        times.append(now)
        self._attempts.move_to_end(key)
        while len(self._attempts) > self._max_keys:
            self._attempts.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Take the last attempt back: it was none."""
        times = self._attempts.get(key)
        if times:
            times.pop()

    def forget(self, key: str) -> None:
        """Forget the attempts of `key`: one succeeded."""
        self._attempts.pop(key, None)

    def wait_s(self, key: str, now: float) -> float:
        """Return in how many seconds the next attempt is allowed."""
        times = self._attempts.get(key)
        if times is None or self.is_allowed(key, now):
            return 0.0
        return times[0] + self._window_s - now
