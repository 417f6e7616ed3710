"""RTCP: a lenient reader of compound packets and the builders that an SFU needs.

RFC 3550 §6 (SR, RR, SDES, BYE), RFC 4585 §6 (NACK, PLI), RFC 5104 §4.3.1 (FIR), RFC 3611 §4.4-4.5 (RRTR, DLRR),
draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1 (transport-wide feedback), draft-alvestrand-rmcat-remb-03.
One bad packet inside a compound never hides the others; unknown types and profile extensions are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from media.rtp import Buffer


class ReportBlock(msgspec.Struct, frozen=True, gc=False):
    """A report block (RFC 3550 §6.4.1)."""

    ssrc: int
    fraction_lost: int  # 1/256
    cumulative_lost: int
    highest_seq: int  # cycles << 16 | seq
    jitter_ticks: int
    last_sr: int  # middle 32 bits of NTP; 0: none yet
    delay_since_last_sr: int  # 1/65536 s


class SenderReport(msgspec.Struct, frozen=True):
    """SR."""

    ssrc: int
    ntp: int  # 64 bits
    rtp_timestamp: int
    packet_count: int
    octet_count: int
    blocks: tuple[ReportBlock, ...] = ()


class ReceiverReport(msgspec.Struct, frozen=True):
    """RR."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


class SourceDescription(msgspec.Struct, frozen=True):
    """SDES, of which only CNAME is kept: `(ssrc, cname)`."""

    cnames: tuple[tuple[int, str], ...]


class Bye(msgspec.Struct, frozen=True):
    """BYE."""

    ssrcs: tuple[int, ...]
    reason: str = ""


class Nack(msgspec.Struct, frozen=True):
    """Generic NACK; `seqs` in order of the packet."""

    sender_ssrc: int
    media_ssrc: int
    seqs: tuple[int, ...]


class Pli(msgspec.Struct, frozen=True):
    """Picture loss indication."""

    sender_ssrc: int
    media_ssrc: int


class Fir(msgspec.Struct, frozen=True):
    """Full intra request: `(ssrc, command seq)`."""

    sender_ssrc: int
    entries: tuple[tuple[int, int], ...]


class Remb(msgspec.Struct, frozen=True):
    """Receiver estimated maximum bitrate."""

    sender_ssrc: int
    bitrate_bps: int
    ssrcs: tuple[int, ...]


class ReceiverReferenceTime(msgspec.Struct, frozen=True):
    """XR RRTR: the receiver's clock, to be answered with `build_dlrr`."""

    ssrc: int
    ntp: int


class Dlrr(msgspec.Struct, frozen=True):
    """XR DLRR: `(ssrc, last RR, delay since last RR in 1/65536 s)`."""

    ssrc: int
    entries: tuple[tuple[int, int, int], ...]


class TransportFeedback(msgspec.Struct, frozen=True):
    """Transport-wide feedback: for `base_seq + i` the arrival in the receiver's clock, in ns, or None when lost."""

    sender_ssrc: int
    media_ssrc: int
    base_seq: int
    feedback_count: int
    arrivals_ns: tuple[int | None, ...]


RtcpPacket = (
    SenderReport
    | ReceiverReport
    | SourceDescription
    | Bye
    | Nack
    | Pli
    | Fir
    | Remb
    | ReceiverReferenceTime
    | Dlrr
    | TransportFeedback
)


def parse_compound(data: Buffer) -> tuple[list[RtcpPacket], int]:
    """Return the packets that could be read and how many could not. Never raises."""
    raise NotImplementedError


def build_sr(report: SenderReport) -> bytes:
    """Return an SR (at most 31 blocks)."""
    raise NotImplementedError


def build_rr(ssrc: int, blocks: Sequence[ReportBlock] = ()) -> bytes:
    """Return an RR (at most 31 blocks)."""
    raise NotImplementedError


def build_sdes(ssrc: int, cname: str) -> bytes:
    """Return an SDES with the CNAME."""
    raise NotImplementedError


def build_bye(ssrcs: Sequence[int]) -> bytes:
    """Return a BYE."""
    raise NotImplementedError


def build_nack(sender_ssrc: int, media_ssrc: int, seqs: Iterable[int]) -> bytes:
    """Return a generic NACK for `seqs` (any order; packed into PID/BLP pairs)."""
    raise NotImplementedError


def build_pli(sender_ssrc: int, media_ssrc: int) -> bytes:
    """Return a PLI."""
    raise NotImplementedError


def build_fir(sender_ssrc: int, media_ssrc: int, command_seq: int) -> bytes:
    """Return a FIR with one entry."""
    raise NotImplementedError


def build_remb(sender_ssrc: int, bitrate_bps: int, ssrcs: Sequence[int]) -> bytes:
    """Return a REMB."""
    raise NotImplementedError


def build_dlrr(sender_ssrc: int, entries: Sequence[tuple[int, int, int]]) -> bytes:
    """Return an XR with one DLRR block of `(ssrc, last RR, delay since last RR in 1/65536 s)`."""
    raise NotImplementedError


def build_rrtr(sender_ssrc: int, ntp: int) -> bytes:
    """Return an XR with one receiver reference time block."""
    raise NotImplementedError


def build_transport_feedback(
    sender_ssrc: int,
    media_ssrc: int,
    base_seq: int,
    feedback_count: int,
    arrivals_ns: Sequence[int | None],
) -> bytes:
    """Return one transport-wide feedback; `arrivals_ns[0]` belongs to `base_seq` and must not be None.

    Raises:
        ValueError: a step between arrivals does not fit 16 bits of 250 us (the caller splits there).
    """
    raise NotImplementedError


def ntp_from_unix_ns(unix_ns: int) -> int:
    """Return the 64-bit NTP time of a UNIX time."""
    return ((unix_ns + 2_208_988_800 * 1_000_000_000) << 32) // 1_000_000_000 & 0xFFFFFFFFFFFFFFFF


def ntp_middle(ntp: int) -> int:
    """Return the middle 32 bits, as LSR and LRR carry them."""
    return (ntp >> 16) & 0xFFFFFFFF


def rtt_s(block: ReportBlock, ntp_now: int) -> float | None:
    """Return the round trip that a report block tells (RFC 3550 §6.4.1), None when it has no LSR or is absurd."""
    raise NotImplementedError
