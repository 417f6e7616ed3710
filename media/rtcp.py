"""RTCP: a lenient reader of compound packets, and the clock arithmetic of reports.

RFC 3550 §6 (SR, RR, SDES, BYE), RFC 4585 §6 (NACK, PLI), RFC 5104 §4.3.1 (FIR), RFC 3611 §4.4-4.5 (RRTR, DLRR),
draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1 (transport-wide feedback), draft-alvestrand-rmcat-remb-03.
One bad packet inside a compound never hides the others; unknown types and profile extensions are skipped.
What packets say is in `media/rtcp_wire.py`, the builders in `media/rtcp_build.py`, the wire form of transport-wide
feedback in `media/twcc_wire.py`; all of it is used through this module.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from media.rtcp_build import (
    build_bye,
    build_dlrr,
    build_fir,
    build_nack,
    build_pli,
    build_remb,
    build_rr,
    build_rrtr,
    build_sdes,
    build_sr,
)
from media.rtcp_wire import (
    AFB,
    BYE,
    CNAME,
    DLRR,
    DLRR_ENTRY,
    FIR,
    HEAD,
    MAX_ENTRIES,
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
    TWCC,
    TWO_U32,
    U32,
    XR,
    Bye,
    Dlrr,
    Fir,
    Nack,
    Pli,
    ReceiverReferenceTime,
    ReceiverReport,
    Remb,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
)
from media.rtp import Buffer
from media.twcc_wire import TransportFeedback, build_transport_feedback, read_transport_feedback

__all__ = [
    "Bye",
    "Dlrr",
    "Fir",
    "Nack",
    "Pli",
    "ReceiverReferenceTime",
    "ReceiverReport",
    "Remb",
    "ReportBlock",
    "RtcpPacket",
    "SenderReport",
    "SourceDescription",
    "TransportFeedback",
    "build_bye",
    "build_dlrr",
    "build_fir",
    "build_nack",
    "build_pli",
    "build_remb",
    "build_rr",
    "build_rrtr",
    "build_sdes",
    "build_sr",
    "build_transport_feedback",
    "ntp_from_unix_ns",
    "ntp_middle",
    "parse_compound",
    "rtt_s",
]


def parse_compound(data: Buffer) -> tuple[list[RtcpPacket], int]:
    """Return the packets that could be read and how many could not. Never raises."""
    packets: list[RtcpPacket] = []
    bad = 0
    view = memoryview(data)
    position, size = 0, len(view)
    while position < size:
        if size - position < 4:
            return packets, bad + 1
        first, kind, words = HEAD.unpack_from(view, position)
        end = position + 4 + words * 4
        if first & 0xC0 != 0x80 or end > size:
            return packets, bad + 1  # without a length that holds, nothing after it can be found
        reader = _READERS.get(kind)
        if reader is not None:
            body = view[position + 4 : end]
            try:
                if first & 0x20:
                    body = _without_padding(body)
                packet = reader(first & 0x1F, body)
                if packet is not None:
                    packets.append(packet)
            except (ValueError, struct.error, IndexError):
                bad += 1
        position = end
    return packets, bad


def _without_padding(body: memoryview) -> memoryview:
    padding = body[-1]
    if not 0 < padding <= len(body):
        raise ValueError("padding that does not fit")
    return body[:-padding]


def _blocks(count: int, body: memoryview, offset: int) -> tuple[ReportBlock, ...]:
    blocks: list[ReportBlock] = []
    for index in range(count):
        ssrc, lost, highest, jitter, last_sr, delay = REPORT.unpack_from(body, offset + 24 * index)
        cumulative = lost & 0xFFFFFF
        if cumulative & 0x800000:  # RFC 3550 §6.4.1: signed, duplicates make it negative
            cumulative -= 0x1000000
        blocks.append(ReportBlock(ssrc, lost >> 24, cumulative, highest, jitter, last_sr, delay))
    return tuple(blocks)


def _read_sr(count: int, body: memoryview) -> SenderReport:
    ssrc, ntp, timestamp, packets, octets = SENDER_INFO.unpack_from(body)
    return SenderReport(ssrc, ntp, timestamp, packets, octets, _blocks(count, body, 24))


def _read_rr(count: int, body: memoryview) -> ReceiverReport:
    return ReceiverReport(U32.unpack_from(body)[0], _blocks(count, body, 4))


def _read_sdes(count: int, body: memoryview) -> SourceDescription:
    cnames: list[tuple[int, str]] = []
    position = 0
    for _ in range(count):
        (ssrc,) = U32.unpack_from(body, position)
        position += 4
        while body[position]:
            item, length = body[position], body[position + 1]
            text = bytes(body[position + 2 : position + 2 + length])
            if len(text) != length:
                raise ValueError("an SDES item is cut short")
            if item == CNAME:
                cnames.append((ssrc, text.decode("utf-8", "replace")))
            position += 2 + length
        position += 4 - position % 4  # the null ends the chunk and pads it to 32 bits
    return SourceDescription(tuple(cnames))


def _read_bye(count: int, body: memoryview) -> Bye:
    ssrcs = struct.unpack_from(f"!{count}I", body)
    reason = b""
    if len(body) > 4 * count:
        length = body[4 * count]
        reason = bytes(body[4 * count + 1 : 4 * count + 1 + length])
    return Bye(ssrcs, reason.decode("utf-8", "replace"))


def _read_rtpfb(form: int, body: memoryview) -> RtcpPacket | None:
    if form == TWCC:
        return read_transport_feedback(body)
    if form != NACK:
        return None
    sender, media = TWO_U32.unpack_from(body)
    seqs: list[int] = []
    for offset in range(8, min(len(body), 8 + 4 * MAX_ENTRIES) - 3, 4):
        first, following = PAIR.unpack_from(body, offset)
        seqs.append(first)
        for bit in range(16):
            if following >> bit & 1:
                seqs.append((first + bit + 1) & 0xFFFF)
    return Nack(sender, media, tuple(seqs))


def _read_psfb(form: int, body: memoryview) -> RtcpPacket | None:
    sender, media = TWO_U32.unpack_from(body)
    if form == PLI:
        return Pli(sender, media)
    if form == FIR:
        offsets = range(8, min(len(body), 8 + 8 * MAX_ENTRIES) - 7, 8)
        return Fir(sender, tuple((U32.unpack_from(body, offset)[0], body[offset + 4]) for offset in offsets))
    if form == AFB and bytes(body[8:12]) == b"REMB":
        count = body[12]
        mantissa = int.from_bytes(body[13:16], "big")
        bitrate = (mantissa & 0x3FFFF) << (mantissa >> 18)
        return Remb(sender, bitrate, struct.unpack_from(f"!{count}I", body, 16))
    return None


def _read_xr(_: int, body: memoryview) -> RtcpPacket | None:
    """Return the first RRTR or DLRR of an XR: a browser sends one block at a time."""
    (ssrc,) = U32.unpack_from(body)
    position = 4
    while position + 4 <= len(body):
        kind, _reserved, words = HEAD.unpack_from(body, position)
        start, end = position + 4, position + 4 + words * 4
        if end > len(body):
            raise ValueError("an XR block is cut short")
        if kind == RRTR and words == 2:
            return ReceiverReferenceTime(ssrc, int.from_bytes(body[start:end], "big"))
        if kind == DLRR:
            offsets = range(start, min(end, start + 12 * MAX_ENTRIES) - 11, 12)
            return Dlrr(ssrc, tuple(DLRR_ENTRY.unpack_from(body, offset) for offset in offsets))
        position = end
    return None


_READERS: dict[int, Callable[[int, memoryview], RtcpPacket | None]] = {
    SR: _read_sr,
    RR: _read_rr,
    SDES: _read_sdes,
    BYE: _read_bye,
    RTPFB: _read_rtpfb,
    PSFB: _read_psfb,
    XR: _read_xr,
}


def ntp_from_unix_ns(unix_ns: int) -> int:
    """Return the 64-bit NTP time of a UNIX time."""
    return ((unix_ns + 2_208_988_800 * 1_000_000_000) << 32) // 1_000_000_000 & 0xFFFFFFFFFFFFFFFF


def ntp_middle(ntp: int) -> int:
    """Return the middle 32 bits, as LSR and LRR carry them."""
    return (ntp >> 16) & 0xFFFFFFFF


def rtt_s(block: ReportBlock, ntp_now: int) -> float | None:
    """Return the round trip that a report block tells (RFC 3550 §6.4.1), None when it has no LSR or is absurd."""
    if not block.last_sr:
        return None
    ticks = (ntp_middle(ntp_now) - block.last_sr - block.delay_since_last_sr) & 0xFFFFFFFF
    if ticks >= 0xFFFF0000:  # up to 1 s below zero: rounding or a stepped clock
        return 0.0
    return ticks / 65_536 if ticks < 60 << 16 else None
