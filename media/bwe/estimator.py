"""The seam between a sending transport and whatever estimates its bandwidth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from media.twcc import PacketResult


class BandwidthEstimator(Protocol):
    """Estimate what a path carries from what became of the packets on it."""

    def on_feedback(self, results: Sequence[PacketResult], now: float) -> None:
        """Take what one feedback told, each packet once, in order of seq."""

    def estimate_bps(self, now: float) -> int:
        """Return the rate that may be sent, in bit/s of whole packets (IP, UDP, SRTP included)."""

    def wants_probe_bps(self, now: float) -> int:
        """Return the rate at which padding would tell more right now; 0: none. The caller probes for about 100 ms."""
