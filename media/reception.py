"""Reception statistics of one incoming SSRC, as a receiver report tells them (RFC 3550 §6.4.1, A.3, A.8)."""

from __future__ import annotations

from media.rtcp import ReportBlock


class ReceptionStats:
    """Count what arrives of one SSRC and turn it into report blocks."""

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        raise NotImplementedError

    def on_packet(self, seq: int, timestamp: int, arrival_s: float) -> None:
        """Note an arrival (also of a packet that came by RTX: it is no longer lost)."""
        raise NotImplementedError

    def on_sender_report(self, ntp: int, now: float) -> None:
        """Note the sender's SR for LSR and DLSR."""
        raise NotImplementedError

    def report_block(self, now: float) -> ReportBlock:
        """Return the block for the interval since the last call."""
        raise NotImplementedError

    @property
    def fraction_lost(self) -> float:
        """Return the loss of the last reported interval, 0..1."""
        raise NotImplementedError
