"""How much a connection may send: token buckets. Pure."""

from __future__ import annotations


class Allowance:
    """Several budgets that fill up with time; what is spent is taken from each, or from none."""

    __slots__ = ("_at", "_left", "_rates")

    def __init__(self, now: float, *rates: tuple[float, float]) -> None:
        """Begin with full budgets.

        Args:
            now: monotonic seconds.
            rates: of each budget, how much it gets a second and how much it holds.
        """
        self._at = now
        self._rates = rates
        self._left = [most for _, most in rates]

    def spend(self, now: float, amounts: tuple[float, ...]) -> bool:
        """Take an amount from each budget; return whether there was enough."""
        passed, self._at = max(0.0, now - self._at), now
        self._left = [
            min(most, left + passed * a_second) for left, (a_second, most) in zip(self._left, self._rates, strict=True)
        ]
        if any(left < amount for left, amount in zip(self._left, amounts, strict=True)):
            return False
        self._left = [left - amount for left, amount in zip(self._left, amounts, strict=True)]
        return True
