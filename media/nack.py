"""Ask a sender again for what did not arrive (RFC 4585 §6.2.1): one generator per SSRC."""

from __future__ import annotations


class NackGenerator:
    """Track the gaps of one incoming SSRC.

    A gap is asked for once a newer packet came and 10 ms passed (reordering), then again at max(20 ms, RTT) x 1.25^n,
    at most 400 ms, 10 times in all. When more than 1,000 are missing, or what is missing is given up, the generator
    wants a keyframe instead (video only).
    """

    rtt_s: float

    def __init__(self, *, rtt_s: float = 0.1) -> None:
        raise NotImplementedError

    def on_packet(self, seq: int, now: float, *, begins_keyframe: bool = False) -> bool:
        """Note an arrival, first-hand or by RTX; return False for one that is a duplicate."""
        raise NotImplementedError

    def next_timeout(self) -> float | None:
        """Return when the next request falls due, None when nothing is missing."""
        raise NotImplementedError

    def on_timeout(self, now: float) -> list[int]:
        """Return the seqs to ask for now, oldest first."""
        raise NotImplementedError

    def take_keyframe_wish(self) -> bool:
        """Return once whether a loss was given up since the last keyframe, so that a keyframe must be asked for."""
        raise NotImplementedError
