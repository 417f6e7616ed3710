"""Virtual time: what is due, in order."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

START_S = 100.0  # cores see a clock that began long ago, as monotonic ones do


class Clock:
    """A queue of calls. `now` is the time of the call that runs, in seconds."""

    def __init__(self) -> None:
        self.now = START_S
        self._calls: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = itertools.count()

    def at(self, when: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call at `when`, or as soon as possible; calls of one moment run in the order in which they were asked for."""
        heapq.heappush(self._calls, (max(when, self.now), next(self._numbers), call, arguments))

    def every(self, interval_s: float, call: Callable[[], None]) -> None:
        """Call again and again, from now on."""

        def again() -> None:
            call()
            self.at(self.now + interval_s, again)

        self.at(self.now, again)

    def run(self, until: float) -> None:
        """Run everything that is due before `until`."""
        calls = self._calls
        while calls and calls[0][0] < until:
            self.now, _, call, arguments = heapq.heappop(calls)
            call(*arguments)
        self.now = until
