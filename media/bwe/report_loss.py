"""Bandwidth from nothing but receiver reports: for clients that give neither transport-wide feedback nor REMB.

The loss rule of Google Congestion Control (draft-ietf-rmcat-gcc-02 §6): little loss lets the estimate grow, much takes
it down, what lies between leaves it. It sees a full link only when that link already loses packets, so it
climbs no higher than `CEILING_BPS`, enough for one lecturer in 720p and some small pictures. GStreamer, aiortc and many
WHEP players are such clients; browsers are not.
"""

from __future__ import annotations

START_BPS = 300_000
FLOOR_BPS = 30_000
CEILING_BPS = 3_000_000
CLEAN_LOSS = 0.02  # gcc-02 §6: below 2 % grow …
HEAVY_LOSS = 0.10  # … above 10 % fall
FIRST_GROWTH = 1.5  # a second, until the first heavy loss: five reports to 1.5 Mbit/s
GROWTH = 1.05  # a report, as in gcc-02 §6


class ReportLossEstimator:
    """Move one number by the loss that receiver reports tell."""

    def __init__(self, start_bps: int = START_BPS) -> None:
        self._estimate = float(min(start_bps, CEILING_BPS))
        self._has_fallen = False
        self._updated = float("-inf")
        self._worst = 0.0

    def on_loss(self, fraction_lost: float, now: float) -> None:
        """Take the fraction lost (0..1) of one report block; the blocks of one second act together, by their worst."""
        self._worst = max(self._worst, fraction_lost)
        if now - self._updated < 1.0:
            return
        worst, self._worst, self._updated = self._worst, 0.0, now
        if worst > HEAVY_LOSS:
            self._estimate *= 1 - 0.5 * worst
            self._has_fallen = True
        elif worst < CLEAN_LOSS:
            self._estimate *= GROWTH if self._has_fallen else FIRST_GROWTH
        self._estimate = min(max(self._estimate, FLOOR_BPS), CEILING_BPS)

    def estimate_bps(self) -> int:
        """Return the rate that may be sent, in bit/s of whole packets."""
        return round(self._estimate)
