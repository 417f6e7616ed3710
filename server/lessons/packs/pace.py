"""How fast packs leave: a token bucket for each school, and what live leaves over while one of its lessons runs. Pure.

A pack is never in a hurry. Outside of class it takes no more than the school's ceiling; in class only what the links of
the school have to spare (`server.lessons.catchup.Spare`), which on a link that live fills is nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from server.lessons.catchup import Spare

BURST_S = 0.25  # what may leave at once: a few packets on a slow link, and no stutter on a fast one
WISH_BPS = 120_000  # what fetching in class could use: a page of 40 kB in three seconds
WAIT_S = 1.0  # the longest pause between two looks
MAX_SCHOOLS = 2_000  # whose buckets are kept; the one that stood still the longest is forgotten, and starts anew

# Whether `size` bytes may leave at `now`: 0.0, or how long to wait before asking again.
Pace = Callable[[int, float], float]


class SchoolBucket:
    """What the classrooms of one school may fetch together."""

    def __init__(self, now: float) -> None:
        self.free_at = now  # when what was taken has been paid for

    def wait_s(self, ceiling_bps: int, now: float) -> float:
        """Return how long to wait before something may be taken."""
        if not ceiling_bps:
            return 0.0
        return min(WAIT_S, max(0.0, self.free_at - now - BURST_S))

    def take(self, size_bytes: int, ceiling_bps: int, now: float) -> None:
        """Note what was taken."""
        if ceiling_bps:
            self.free_at = max(self.free_at, now) + size_bytes * 8 / ceiling_bps


class PackPaces:
    """The buckets of all schools."""

    def __init__(self) -> None:
        self._buckets: dict[str, SchoolBucket] = {}

    def pace(self, school_id: str, ceiling_bps: int, spares: Callable[[], Sequence[Spare]]) -> Pace:
        """Return how fast a download of the school goes; `spares` are its links in lessons that run now."""

        def take(size_bytes: int, now: float) -> float:
            bucket = self._bucket(school_id, now)
            wait_s = bucket.wait_s(ceiling_bps, now)
            busy = spares() if not wait_s else ()
            if busy:
                wait_s = take_spare(busy, size_bytes, now)
            if not wait_s:
                bucket.take(size_bytes, ceiling_bps, now)
            return wait_s

        return take

    def _bucket(self, school_id: str, now: float) -> SchoolBucket:
        bucket = self._buckets.get(school_id)
        if bucket is None:
            if len(self._buckets) >= MAX_SCHOOLS:
                del self._buckets[min(self._buckets, key=lambda one: self._buckets[one].free_at)]
            bucket = self._buckets[school_id] = SchoolBucket(now)
        return bucket


def page_pace(page: int, shown: Callable[[], int | None], spares: Sequence[Spare]) -> Pace:
    """Return how fast a page goes over these links; `shown` is the page that class sees now, None out of class.

    The page that is shown always goes ahead; the ones after it take what live leaves over, until they are shown.
    """

    def take(size_bytes: int, now: float) -> float:
        return 0.0 if shown() in (None, page) else take_spare(spares, size_bytes, now)

    return take


def take_spare(spares: Sequence[Spare], size_bytes: int, now: float) -> float:
    """Take `size_bytes` of what the narrowest of these links has to spare; 0.0, or how long to wait.

    They may all be one village's line: what the narrowest can spare is what surely hurts nobody.
    """
    narrowest = min(spares, key=lambda one: one.rate_bps(now))
    narrowest.wish(WISH_BPS, now)
    return narrowest.take(size_bytes, now)


def lower(ceiling_bps: int, other_bps: int) -> int:
    """Return the lower of two ceilings, of which 0 is none."""
    return min(ceiling_bps, other_bps) if ceiling_bps and other_bps else ceiling_bps or other_bps
