"""Transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01), both ends."""

from __future__ import annotations

import msgspec

from media.rtcp import TransportFeedback

FEEDBACK_INTERVAL_S = 0.05  # str0m sends at 50 ms, Chromium itself at about 64 ms


class PacketResult(msgspec.Struct, frozen=True, gc=False):
    """What became of one sent packet."""

    seq: int
    sent_s: float  # our clock
    arrival_s: float | None  # the receiver's clock, of which only differences mean something; None: lost
    size_bytes: int


class FeedbackReport(msgspec.Struct, frozen=True):
    """What one feedback says, each packet told once."""

    results: tuple[PacketResult, ...]  # in order of seq
    acked_bytes: int
    lost: int
    rtt_s: float | None  # now - send time of the newest packet that arrived: an upper bound of the round trip


class TwccRecorder:
    """Collect arrivals of a publisher's packets and make its feedback.

    `media_ssrc` of the feedback is the newest SSRC seen: Chromium ignores feedback with 0.
    """

    def __init__(self, sender_ssrc: int) -> None:
        raise NotImplementedError

    def on_packet(self, seq: int, arrival_ns: int, ssrc: int, now: float) -> None:
        """Note the arrival (kernel stamp, any epoch, ns) of transport-wide number `seq` (16 bits)."""
        raise NotImplementedError

    def next_timeout(self) -> float | None:
        """Return when feedback falls due; None when nothing arrived."""
        raise NotImplementedError

    def on_timeout(self, now: float) -> list[bytes]:
        """Return the RTCP feedback packets that are due, in order."""
        raise NotImplementedError


class TwccSendLog:
    """Remember what was sent under which transport-wide number, and read the receiver's feedback."""

    def __init__(self, first_seq: int = 0) -> None:
        raise NotImplementedError

    def on_send(self, now: float, size_bytes: int) -> int:
        """Log a packet of `size_bytes` on the wire (incl. IP, UDP, SRTP) and return its 16-bit number to write."""
        raise NotImplementedError

    def on_feedback(self, feedback: TransportFeedback, now: float) -> FeedbackReport:
        """Return what the feedback says of packets not told before. Unknown or repeated numbers are skipped."""
        raise NotImplementedError

    @property
    def in_flight_bytes(self) -> int:
        """Return the bytes sent and not yet told of."""
        raise NotImplementedError
