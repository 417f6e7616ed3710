"""RED (RFC 2198) for Opus: several frames in one packet, read and written.

A packet is a list of block heads, oldest block first, then the blocks in the same order. The last block is the
primary: its head is one byte, its timestamp the packet's. Every other head has 4 bytes: payload type, how many ticks
before the packet's timestamp the block belongs (14 bits), how many bytes it has (10 bits).

The frames of a bundle (two or three new frames a packet) are written the same way: a receiver tells old from new by
timestamps alone, so it needs nothing but `red` in its answer.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import msgspec

from media.rtp import Buffer, RtpError, payload_span, read_fixed

MAX_OFFSET_TICKS = (1 << 14) - 1  # RFC 2198 §3: 341 ms at 48 kHz
MAX_BLOCK_BYTES = (1 << 10) - 1
MAX_BLOCKS = 32  # libwebrtc discards a packet with more
BLOCK_HEAD_BYTES, PRIMARY_HEAD_BYTES = 4, 1
# pylibsrtp refuses what would exceed 1,356 bytes of RTP; behind IP, UDP, a tunnel's head and TURN's, 1,200 passes
# every path that Chromium's own video passes.
MAX_PAYLOAD_BYTES = 1_100
_HEAD = struct.Struct("!I")


class RedBlock(msgspec.Struct, frozen=True, gc=False):
    """One block of a RED packet; the last one is the primary."""

    payload_type: int
    timestamp: int
    payload: bytes


def read(packet: Buffer) -> list[RedBlock]:
    """Return the blocks of a RED packet, oldest first; an empty one (RFC 2198 §3 allows it) stays in its place.

    Raises:
        RtpError: malformed.
    """
    position, end = payload_span(packet)
    timestamp = read_fixed(packet)[3]
    heads: list[tuple[int, int, int]] = []  # payload type, timestamp, length
    while True:
        if position >= end:
            raise RtpError("a RED header is cut short")
        first = packet[position]
        if not first & 0x80:
            position += PRIMARY_HEAD_BYTES
            break
        if position + BLOCK_HEAD_BYTES > end or len(heads) + 1 >= MAX_BLOCKS:
            raise RtpError("RED headers that do not end")
        word = _HEAD.unpack_from(packet, position)[0]
        heads.append((first & 0x7F, (timestamp - (word >> 10 & 0x3FFF)) & 0xFFFFFFFF, word & 0x3FF))
        position += BLOCK_HEAD_BYTES
    blocks: list[RedBlock] = []
    for payload_type, block_timestamp, length in heads:
        if position + length > end:
            raise RtpError("a RED block is cut short")
        blocks.append(RedBlock(payload_type, block_timestamp, bytes(packet[position : position + length])))
        position += length
    blocks.append(RedBlock(first & 0x7F, timestamp, bytes(packet[position:end])))
    return blocks


def payload_bytes(sizes: Sequence[int]) -> int:
    """Return how long a RED payload with blocks of `sizes` bytes is."""
    return sum(sizes) + BLOCK_HEAD_BYTES * (len(sizes) - 1) + PRIMARY_HEAD_BYTES


def fits(offset_ticks: int, size_bytes: int) -> bool:
    """Return whether a block `offset_ticks` before the primary can be written; one at the same time is no block."""
    return 0 < offset_ticks <= MAX_OFFSET_TICKS and 0 < size_bytes <= MAX_BLOCK_BYTES


def write_into(
    data: bytearray, start: int, payload_type: int, blocks: Sequence[tuple[int, Buffer]], primary: Buffer
) -> int:
    """Write a RED payload at `start` of `data` and return where it ends.

    `blocks` are `(ticks before the primary, frame)`, oldest first, each of which `fits`; all of one payload type.
    """
    position = start
    head = (0x80 | payload_type) << 24
    for offset, frame in blocks:
        _HEAD.pack_into(data, position, head | offset << 10 | len(frame))
        position += BLOCK_HEAD_BYTES
    data[position] = payload_type
    position += PRIMARY_HEAD_BYTES
    for _, frame in blocks:
        end = position + len(frame)
        data[position:end] = frame
        position = end
    end = position + len(primary)
    data[position:end] = primary
    return end
