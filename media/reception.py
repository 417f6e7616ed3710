"""Reception statistics of one incoming SSRC, as a receiver report tells them (RFC 3550 §6.4.1, A.3, A.8)."""

from __future__ import annotations

from media.rtcp import ReportBlock, ntp_middle
from media.rtp import Unwrapper, timestamp_diff


class ReceptionStats:
    """Count what arrives of one SSRC and turn it into report blocks.

    The first packet's index begins the count. A jump of the sequence number by up to 32,767 counts as loss; a source
    that restarts has a new SSRC in WebRTC, so RFC 3550's probation (A.1) is left out.
    """

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self._clock_rate = clock_rate
        self._unwrapper = Unwrapper(16)
        self._first = -1
        self._received = 0
        self._expected_before = 0
        self._received_before = 0
        self._fraction = 0.0
        self._jitter = 0.0
        self._last_timestamp = 0
        self._last_arrival_s = -1.0
        self._last_sr = 0
        self._last_sr_at = 0.0

    def on_packet(self, seq: int, timestamp: int, arrival_s: float) -> None:
        """Note an arrival (also of a packet that came by RTX: it is no longer lost)."""
        unwrapper = self._unwrapper
        newest = unwrapper.last
        index = unwrapper.unwrap(seq)
        if newest < 0:
            self._first = index
        self._received += 1
        if index <= newest:
            return  # late ones would count the repair as jitter of the network
        if self._last_arrival_s >= 0.0 and timestamp != self._last_timestamp:
            # RFC 3550 A.8; packets of one frame share a timestamp and would count pacing as jitter
            transit = (arrival_s - self._last_arrival_s) * self._clock_rate
            difference = abs(transit - timestamp_diff(timestamp, self._last_timestamp))
            self._jitter += (difference - self._jitter) / 16
        if timestamp != self._last_timestamp or self._last_arrival_s < 0.0:
            self._last_timestamp = timestamp
            self._last_arrival_s = arrival_s

    def on_sender_report(self, ntp: int, now: float) -> None:
        """Note the sender's SR for LSR and DLSR."""
        self._last_sr = ntp_middle(ntp)
        self._last_sr_at = now

    def report_block(self, now: float) -> ReportBlock:
        """Return the block for the interval since the last call."""
        expected = self._unwrapper.last - self._first + 1 if self._first >= 0 else 0
        expected_now = expected - self._expected_before
        lost_now = expected_now - (self._received - self._received_before)
        self._expected_before, self._received_before = expected, self._received
        self._fraction = max(0, lost_now) / expected_now if expected_now > 0 else 0.0
        # the index starts one cycle up so that earlier packets stay positive; the wire counts cycles from 0
        highest = self._unwrapper.last - 0x10000 if self._first >= 0 else 0
        delay = round((now - self._last_sr_at) * 65_536) if self._last_sr else 0
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=min(255, int(self._fraction * 256)),
            cumulative_lost=max(-0x800000, min(0x7FFFFF, expected - self._received)),
            highest_seq=highest & 0xFFFFFFFF,
            jitter_ticks=int(self._jitter),
            last_sr=self._last_sr,
            delay_since_last_sr=delay,
        )

    @property
    def fraction_lost(self) -> float:
        """Return the loss of the last reported interval, 0..1."""
        return self._fraction
