"""The VP8 payload descriptor (RFC 7741 §4.2) and the keyframe header (RFC 6386 §9.1).

A forwarder reads each packet once (`parse`), turns it into the fixed form once (`fixed_form`: picture id always 15
bits wide) and then only patches numbers in place per receiver (`patch`): the length of a descriptor never depends on
the value of a number in it.

Measured with a full 6-byte descriptor (`timeit`): `parse` 0.5 µs, `patch` 0.2 µs.
"""

from __future__ import annotations

import msgspec

from media.rtp import Buffer

_X, _N, _S, _PID = 0x80, 0x20, 0x10, 0x07  # first byte; RFC 7741 §4.2: PID has 3 bits, the bit above is reserved
_I, _L, _T, _K = 0x80, 0x40, 0x20, 0x10  # extension byte


class Vp8Error(ValueError):
    """The bytes are not a VP8 payload."""


class Descriptor(msgspec.Struct, frozen=True, gc=False):
    """A payload descriptor; -1 where a field is absent."""

    length: int  # bytes of the descriptor
    begins_frame: bool  # S = 1 and partition 0
    is_keyframe: bool  # only known, and only true, on the packet that begins the frame
    non_reference: bool  # N
    picture_id: int
    picture_id_bits: int  # 0, 7 or 15
    tl0picidx: int
    tid: int
    layer_sync: bool  # Y
    keyidx: int


def parse(packet: Buffer, start: int, end: int) -> Descriptor:
    """Read the descriptor of the payload `packet[start:end]`.

    Raises:
        Vp8Error: truncated or empty.
    """
    try:
        first = packet[start]
        position = start + 1
        picture_id = tl0picidx = tid = keyidx = -1
        bits = 0
        layer_sync = False
        if first & _X:
            flags = packet[position]
            position += 1
            if flags & _I:
                picture_id = packet[position]
                position += 1
                bits = 7
                if picture_id & 0x80:
                    picture_id = (picture_id & 0x7F) << 8 | packet[position]
                    position += 1
                    bits = 15
            if flags & _L:
                tl0picidx = packet[position]
                position += 1
            if flags & (_T | _K):
                last = packet[position]
                position += 1
                if flags & _T:
                    tid = last >> 6
                    layer_sync = last & 0x20 != 0
                if flags & _K:
                    keyidx = last & 0x1F
    except IndexError:
        raise Vp8Error("the descriptor is cut short") from None
    if position >= end:
        raise Vp8Error("no payload after the descriptor")
    begins = first & (_S | _PID) == _S
    # RFC 6386 §9.1: the first bit of a frame is 0 in a keyframe
    is_keyframe = begins and not packet[position] & 1
    return Descriptor(
        position - start,
        begins,
        is_keyframe,
        first & _N != 0,
        picture_id,
        bits,
        tl0picidx,
        tid,
        layer_sync,
        keyidx,
    )


def frame_size(packet: Buffer, start: int, end: int, descriptor: Descriptor) -> tuple[int, int] | None:
    """Return `(width, height)` from the payload that begins a keyframe; None when it does not or is cut short."""
    head = start + descriptor.length
    if not descriptor.is_keyframe or head + 10 > end or packet[head + 3 : head + 6] != b"\x9d\x01\x2a":
        return None
    # RFC 6386 §9.1: 14 bits of size and 2 of scaling each, little endian
    return (
        (packet[head + 6] | packet[head + 7] << 8) & 0x3FFF,
        (packet[head + 8] | packet[head + 9] << 8) & 0x3FFF,
    )


def fixed_form(packet: Buffer, start: int, descriptor: Descriptor) -> bytes:
    """Return a descriptor with a 15-bit picture id (0 when the source has none) and TL0PICIDX, TID, KEYIDX as present.

    Replaces `packet[start:start + descriptor.length]`. It is 4 bytes, +1 with TL0PICIDX, +1 with TID or KEYIDX.
    """
    picture_id = max(0, descriptor.picture_id)
    flags = _I
    tail = bytearray()
    if descriptor.tl0picidx >= 0:
        flags |= _L
        tail.append(descriptor.tl0picidx)
    if descriptor.tid >= 0 or descriptor.keyidx >= 0:
        last = 0
        if descriptor.tid >= 0:
            flags |= _T
            last = descriptor.tid << 6 | (0x20 if descriptor.layer_sync else 0)
        if descriptor.keyidx >= 0:
            flags |= _K
            last |= descriptor.keyidx
        tail.append(last)
    return bytes((packet[start] | _X, flags, 0x80 | picture_id >> 8, picture_id & 0xFF)) + tail


def patch(packet: bytearray | memoryview, start: int, picture_id: int, tl0picidx: int, keyidx: int) -> None:
    """Write the numbers (wrapped to 15, 8 and 5 bits) into a descriptor of fixed form; absent ones are left absent."""
    flags = packet[start + 1]
    packet[start + 2] = 0x80 | picture_id >> 8 & 0x7F
    packet[start + 3] = picture_id & 0xFF
    position = start + 4
    if flags & _L:
        packet[position] = tl0picidx & 0xFF
        position += 1
    if flags & _K:
        packet[position] = packet[position] & 0xE0 | keyidx & 0x1F
