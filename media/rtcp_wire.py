"""What RTCP packets say and how their parts lie in bytes: shared by the reader and the builders (`media/rtcp.py`)."""

from __future__ import annotations

import struct

import msgspec

from media.twcc_wire import TransportFeedback

SR, RR, SDES, BYE, RTPFB, PSFB, XR = 200, 201, 202, 203, 205, 206, 207
NACK, TWCC = 1, 15  # formats of RTPFB
PLI, FIR, AFB = 1, 4, 15  # formats of PSFB
RRTR, DLRR = 4, 5  # block types of XR
CNAME = 1
MAX_ENTRIES = 512  # of one NACK, FIR or DLRR: more than any datagram that makes sense carries

HEAD = struct.Struct("!BBH")
U32 = struct.Struct("!I")
TWO_U32 = struct.Struct("!II")
REPORT = struct.Struct("!IIIIII")
SENDER_INFO = struct.Struct("!IQIII")
PAIR = struct.Struct("!HH")
DLRR_ENTRY = struct.Struct("!III")


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
