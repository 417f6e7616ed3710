"""What was sent lately, to be sent again on a NACK."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class PacketCache(Generic[T]):
    """A ring of values by 16-bit sequence number, bounded in number and age.

    O(1) and without allocation: 2,048 packets and 2 s (mediasoup: 2,500 and 2 s).
    """

    def __init__(self, capacity: int = 2048, max_age_s: float = 2.0) -> None:
        """Make an empty cache; `capacity` is a power of two, at most 32,768."""
        raise NotImplementedError

    def put(self, seq: int, value: T, now: float) -> None:
        """Keep `value` under `seq`; it takes the place of what was `capacity` before it."""
        raise NotImplementedError

    def get(self, seq: int, now: float) -> T | None:
        """Return what was put under exactly this seq no more than `max_age_s` ago, else None."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget everything."""
        raise NotImplementedError
