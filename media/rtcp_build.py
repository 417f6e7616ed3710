"""Builders of RTCP packets, each to stand alone or in a compound (`media/rtcp.py`)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from media.rtcp_wire import (
    AFB,
    BYE,
    CNAME,
    DLRR,
    DLRR_ENTRY,
    FIR,
    HEAD,
    NACK,
    PAIR,
    PLI,
    PSFB,
    REPORT,
    RR,
    RRTR,
    RTPFB,
    SDES,
    SENDER_INFO,
    SR,
    TWO_U32,
    U32,
    XR,
    ReportBlock,
    SenderReport,
)


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return HEAD.pack(0x80 | count, kind, len(body) >> 2) + body


def _block_bytes(blocks: Sequence[ReportBlock]) -> bytes:
    if len(blocks) > 31:
        raise ValueError("a report has at most 31 blocks")
    return b"".join(
        REPORT.pack(
            block.ssrc,
            block.fraction_lost << 24 | (max(-0x800000, min(block.cumulative_lost, 0x7FFFFF)) & 0xFFFFFF),
            block.highest_seq & 0xFFFFFFFF,
            block.jitter_ticks & 0xFFFFFFFF,
            block.last_sr,
            block.delay_since_last_sr & 0xFFFFFFFF,
        )
        for block in blocks
    )


def build_sr(report: SenderReport) -> bytes:
    """Return an SR (at most 31 blocks)."""
    info = SENDER_INFO.pack(
        report.ssrc,
        report.ntp,
        report.rtp_timestamp & 0xFFFFFFFF,
        report.packet_count & 0xFFFFFFFF,
        report.octet_count & 0xFFFFFFFF,
    )
    return _packet(len(report.blocks), SR, info + _block_bytes(report.blocks))


def build_rr(ssrc: int, blocks: Sequence[ReportBlock] = ()) -> bytes:
    """Return an RR (at most 31 blocks)."""
    return _packet(len(blocks), RR, U32.pack(ssrc) + _block_bytes(blocks))


def build_sdes(ssrc: int, cname: str) -> bytes:
    """Return an SDES with the CNAME (at most 255 bytes)."""
    text = cname.encode()
    chunk = U32.pack(ssrc) + bytes((CNAME, len(text))) + text
    return _packet(1, SDES, chunk + bytes(4 - len(chunk) % 4))


def build_bye(ssrcs: Sequence[int]) -> bytes:
    """Return a BYE (at most 31 sources)."""
    return _packet(len(ssrcs), BYE, struct.pack(f"!{len(ssrcs)}I", *ssrcs))


def build_nack(sender_ssrc: int, media_ssrc: int, seqs: Iterable[int]) -> bytes:
    """Return a generic NACK for `seqs` (any order; packed into PID/BLP pairs)."""
    body = bytearray(TWO_U32.pack(sender_ssrc, media_ssrc))
    waiting = set(seqs)
    # sorted by distance from the first, so that a run over the wrap of 65535 packs as well as any other
    origin = min(waiting, default=0)
    if waiting and max(waiting) - origin >= 0x8000:
        origin = min((seq for seq in waiting if seq >= 0x8000), default=origin)
    ordered = sorted(waiting, key=lambda seq: (seq - origin) & 0xFFFF)
    index = 0
    while index < len(ordered):
        first, following = ordered[index], 0
        index += 1
        while index < len(ordered) and (distance := (ordered[index] - first) & 0xFFFF) <= 16:
            following |= 1 << (distance - 1)
            index += 1
        body += PAIR.pack(first, following)
    return _packet(NACK, RTPFB, bytes(body))


def build_pli(sender_ssrc: int, media_ssrc: int) -> bytes:
    """Return a PLI."""
    return _packet(PLI, PSFB, TWO_U32.pack(sender_ssrc, media_ssrc))


def build_fir(sender_ssrc: int, media_ssrc: int, command_seq: int) -> bytes:
    """Return a FIR with one entry."""
    entry = U32.pack(media_ssrc) + bytes((command_seq & 0xFF, 0, 0, 0))
    return _packet(FIR, PSFB, TWO_U32.pack(sender_ssrc, 0) + entry)


def build_remb(sender_ssrc: int, bitrate_bps: int, ssrcs: Sequence[int]) -> bytes:
    """Return a REMB; the bitrate is rounded down to 18 significant bits."""
    exponent = max(0, bitrate_bps.bit_length() - 18)
    word = exponent << 18 | bitrate_bps >> exponent
    head = TWO_U32.pack(sender_ssrc, 0) + b"REMB" + bytes((len(ssrcs),)) + word.to_bytes(3, "big")
    return _packet(AFB, PSFB, head + struct.pack(f"!{len(ssrcs)}I", *ssrcs))


def build_dlrr(sender_ssrc: int, entries: Sequence[tuple[int, int, int]]) -> bytes:
    """Return an XR with one DLRR block of `(ssrc, last RR, delay since last RR in 1/65536 s)`."""
    block = b"".join(DLRR_ENTRY.pack(*entry) for entry in entries)
    return _packet(0, XR, U32.pack(sender_ssrc) + HEAD.pack(DLRR, 0, len(block) >> 2) + block)


def build_rrtr(sender_ssrc: int, ntp: int) -> bytes:
    """Return an XR with one receiver reference time block."""
    return _packet(0, XR, U32.pack(sender_ssrc) + HEAD.pack(RRTR, 0, 2) + ntp.to_bytes(8, "big"))
