"""A simple honest estimator: acked rate, delay trend and loss move one number up and down (AIMD)."""

from __future__ import annotations

from collections.abc import Sequence

from media.twcc import PacketResult

FLOOR_BPS = 30_000
START_BPS = 300_000


class AimdEstimator:
    """Implements `BandwidthEstimator`.

    It never falls because little is sent (application-limited), and grows past 1.5 x acked rate only when a probe
    proves more.
    """

    def __init__(self, now: float, *, start_bps: int = START_BPS, ceiling_bps: int = 20_000_000) -> None:
        raise NotImplementedError

    def on_feedback(self, results: Sequence[PacketResult], now: float) -> None:
        """Take what one feedback told."""
        raise NotImplementedError

    def estimate_bps(self, now: float) -> int:
        """Return the estimate."""
        raise NotImplementedError

    def wants_probe_bps(self, now: float) -> int:
        """Return the rate at which padding would tell more right now; 0: none. The caller probes for about 100 ms."""
        raise NotImplementedError
