"""Which encodings of its sources a publisher should make: those that somebody takes, or soon may.

A layer that nobody takes costs its publisher uplink and processor, which a village classroom and a hotel room are
short of. It is stopped after 10 s without a taker (`encoding.active = false` in the browser: no renegotiation), and
wanted again at once. The poorest layer is always made: it is what everybody falls back to and joins with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

DROP_AFTER_S = 10.0  # longer than a receiver's hold after most falls (media/layers.py), shorter than a lesson's scene


class EncodingDemand:
    """What is wanted of one source."""

    def __init__(self) -> None:
        self._taken_at: dict[str, float] = {}
        self._told: tuple[str, ...] | None = None  # None: the publisher makes everything, as it began

    def update(
        self, rids: Sequence[str], taken: Iterable[str], now: float, *, is_recorded: bool = False
    ) -> tuple[str, ...] | None:
        """Return the rids to make from now on, in the order of `rids`, when that changed; else None.

        Args:
            rids: the source's layers, poorest first.
            taken: what receivers get or may soon climb to.
            now: monotonic seconds.
            is_recorded: the recorder takes all of it.
        """
        if len(rids) < 2:
            return None
        present: Collection[str] = rids
        for rid in list(self._taken_at):
            if rid not in present:
                del self._taken_at[rid]
        for rid in rids if is_recorded else {rids[0], *taken}:
            if rid in present:
                self._taken_at[rid] = now
        wanted = tuple(rid for rid in rids if now - self._taken_at.setdefault(rid, now) < DROP_AFTER_S)
        if wanted == (rids if self._told is None else self._told):
            return None
        self._told = wanted
        return wanted
