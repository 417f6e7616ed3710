"""RTCP: a lenient reader of compound packets and the builders that an SFU needs.

RFC 3550 §6 (SR, RR, SDES, BYE), RFC 4585 §6 (NACK, PLI), RFC 5104 §4.3.1 (FIR), RFC 3611 §4.4-4.5 (RRTR, DLRR),
draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1 (transport-wide feedback), draft-alvestrand-rmcat-remb-03.
One bad packet inside a compound never hides the others; unknown types and profile extensions are skipped.
The wire form of transport-wide feedback is in `media/twcc_wire.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence

import msgspec

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

SR, RR, SDES, BYE, RTPFB, PSFB, XR = 200, 201, 202, 203, 205, 206, 207
NACK, TWCC = 1, 15  # formats of RTPFB
PLI, FIR, AFB = 1, 4, 15  # formats of PSFB
_RRTR, _DLRR = 4, 5  # block types of XR
_CNAME = 1
_MAX_ENTRIES = 512  # of one NACK, FIR or DLRR: more than any datagram that makes sense carries

_HEAD = struct.Struct("!BBH")
_U32 = struct.Struct("!I")
_TWO_U32 = struct.Struct("!II")
_REPORT = struct.Struct("!IIIIII")
_SENDER_INFO = struct.Struct("!IQIII")
_PAIR = struct.Struct("!HH")
_DLRR_ENTRY = struct.Struct("!III")


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


def parse_compound(data: Buffer) -> tuple[list[RtcpPacket], int]:
    """Return the packets that could be read and how many could not. Never raises."""
    packets: list[RtcpPacket] = []
    bad = 0
    view = memoryview(data)
    position, size = 0, len(view)
    while position < size:
        if size - position < 4:
            return packets, bad + 1
        first, kind, words = _HEAD.unpack_from(view, position)
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
        ssrc, lost, highest, jitter, last_sr, delay = _REPORT.unpack_from(body, offset + 24 * index)
        cumulative = lost & 0xFFFFFF
        if cumulative & 0x800000:  # RFC 3550 §6.4.1: signed, duplicates make it negative
            cumulative -= 0x1000000
        blocks.append(ReportBlock(ssrc, lost >> 24, cumulative, highest, jitter, last_sr, delay))
    return tuple(blocks)


def _read_sr(count: int, body: memoryview) -> SenderReport:
    ssrc, ntp, timestamp, packets, octets = _SENDER_INFO.unpack_from(body)
    return SenderReport(ssrc, ntp, timestamp, packets, octets, _blocks(count, body, 24))


def _read_rr(count: int, body: memoryview) -> ReceiverReport:
    return ReceiverReport(_U32.unpack_from(body)[0], _blocks(count, body, 4))


def _read_sdes(count: int, body: memoryview) -> SourceDescription:
    cnames: list[tuple[int, str]] = []
    position = 0
    for _ in range(count):
        (ssrc,) = _U32.unpack_from(body, position)
        position += 4
        while body[position]:
            item, length = body[position], body[position + 1]
            text = bytes(body[position + 2 : position + 2 + length])
            if len(text) != length:
                raise ValueError("an SDES item is cut short")
            if item == _CNAME:
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
    sender, media = _TWO_U32.unpack_from(body)
    seqs: list[int] = []
    for offset in range(8, min(len(body), 8 + 4 * _MAX_ENTRIES) - 3, 4):
        first, following = _PAIR.unpack_from(body, offset)
        seqs.append(first)
        for bit in range(16):
            if following >> bit & 1:
                seqs.append((first + bit + 1) & 0xFFFF)
    return Nack(sender, media, tuple(seqs))


def _read_psfb(form: int, body: memoryview) -> RtcpPacket | None:
    sender, media = _TWO_U32.unpack_from(body)
    if form == PLI:
        return Pli(sender, media)
    if form == FIR:
        offsets = range(8, min(len(body), 8 + 8 * _MAX_ENTRIES) - 7, 8)
        return Fir(sender, tuple((_U32.unpack_from(body, offset)[0], body[offset + 4]) for offset in offsets))
    if form == AFB and bytes(body[8:12]) == b"REMB":
        count = body[12]
        mantissa = int.from_bytes(body[13:16], "big")
        bitrate = (mantissa & 0x3FFFF) << (mantissa >> 18)
        return Remb(sender, bitrate, struct.unpack_from(f"!{count}I", body, 16))
    return None


def _read_xr(_: int, body: memoryview) -> RtcpPacket | None:
    """Return the first RRTR or DLRR of an XR: a browser sends one block at a time."""
    (ssrc,) = _U32.unpack_from(body)
    position = 4
    while position + 4 <= len(body):
        kind, _reserved, words = _HEAD.unpack_from(body, position)
        start, end = position + 4, position + 4 + words * 4
        if end > len(body):
            raise ValueError("an XR block is cut short")
        if kind == _RRTR and words == 2:
            return ReceiverReferenceTime(ssrc, int.from_bytes(body[start:end], "big"))
        if kind == _DLRR:
            offsets = range(start, min(end, start + 12 * _MAX_ENTRIES) - 11, 12)
            return Dlrr(ssrc, tuple(_DLRR_ENTRY.unpack_from(body, offset) for offset in offsets))
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


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return _HEAD.pack(0x80 | count, kind, len(body) >> 2) + body


def _block_bytes(blocks: Sequence[ReportBlock]) -> bytes:
    if len(blocks) > 31:
        raise ValueError("a report has at most 31 blocks")
    return b"".join(
        _REPORT.pack(
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
    info = _SENDER_INFO.pack(
        report.ssrc,
        report.ntp,
        report.rtp_timestamp & 0xFFFFFFFF,
        report.packet_count & 0xFFFFFFFF,
        report.octet_count & 0xFFFFFFFF,
    )
    return _packet(len(report.blocks), SR, info + _block_bytes(report.blocks))


def build_rr(ssrc: int, blocks: Sequence[ReportBlock] = ()) -> bytes:
    """Return an RR (at most 31 blocks)."""
    return _packet(len(blocks), RR, _U32.pack(ssrc) + _block_bytes(blocks))


def build_sdes(ssrc: int, cname: str) -> bytes:
    """Return an SDES with the CNAME (at most 255 bytes)."""
    text = cname.encode()
    chunk = _U32.pack(ssrc) + bytes((_CNAME, len(text))) + text
    return _packet(1, SDES, chunk + bytes(4 - len(chunk) % 4))


def build_bye(ssrcs: Sequence[int]) -> bytes:
    """Return a BYE (at most 31 sources)."""
    return _packet(len(ssrcs), BYE, struct.pack(f"!{len(ssrcs)}I", *ssrcs))


def build_nack(sender_ssrc: int, media_ssrc: int, seqs: Iterable[int]) -> bytes:
    """Return a generic NACK for `seqs` (any order; packed into PID/BLP pairs)."""
    body = bytearray(_TWO_U32.pack(sender_ssrc, media_ssrc))
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
        body += _PAIR.pack(first, following)
    return _packet(NACK, RTPFB, bytes(body))


def build_pli(sender_ssrc: int, media_ssrc: int) -> bytes:
    """Return a PLI."""
    return _packet(PLI, PSFB, _TWO_U32.pack(sender_ssrc, media_ssrc))


def build_fir(sender_ssrc: int, media_ssrc: int, command_seq: int) -> bytes:
    """Return a FIR with one entry."""
    entry = _U32.pack(media_ssrc) + bytes((command_seq & 0xFF, 0, 0, 0))
    return _packet(FIR, PSFB, _TWO_U32.pack(sender_ssrc, 0) + entry)


def build_remb(sender_ssrc: int, bitrate_bps: int, ssrcs: Sequence[int]) -> bytes:
    """Return a REMB; the bitrate is rounded down to 18 significant bits."""
    exponent = max(0, bitrate_bps.bit_length() - 18)
    word = exponent << 18 | bitrate_bps >> exponent
    head = _TWO_U32.pack(sender_ssrc, 0) + b"REMB" + bytes((len(ssrcs),)) + word.to_bytes(3, "big")
    return _packet(AFB, PSFB, head + struct.pack(f"!{len(ssrcs)}I", *ssrcs))


def build_dlrr(sender_ssrc: int, entries: Sequence[tuple[int, int, int]]) -> bytes:
    """Return an XR with one DLRR block of `(ssrc, last RR, delay since last RR in 1/65536 s)`."""
    block = b"".join(_DLRR_ENTRY.pack(*entry) for entry in entries)
    return _packet(0, XR, _U32.pack(sender_ssrc) + _HEAD.pack(_DLRR, 0, len(block) >> 2) + block)


def build_rrtr(sender_ssrc: int, ntp: int) -> bytes:
    """Return an XR with one receiver reference time block."""
    return _packet(0, XR, _U32.pack(sender_ssrc) + _HEAD.pack(_RRTR, 0, 2) + ntp.to_bytes(8, "big"))


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
