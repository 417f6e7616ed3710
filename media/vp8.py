"""The VP8 payload descriptor (RFC 7741 §4.2) and the keyframe header (RFC 6386 §9.1).

A forwarder reads each packet once (`parse`), turns it into the fixed form once (`fixed_form`: picture id always 15
bits wide) and then only patches numbers in place per receiver (`patch`): the length of a descriptor never depends on
the value of a number in it.
"""

from __future__ import annotations

import msgspec

from media.rtp import Buffer


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
    raise NotImplementedError


def frame_size(packet: Buffer, start: int, end: int, descriptor: Descriptor) -> tuple[int, int] | None:
    """Return `(width, height)` from the payload that begins a keyframe; None when it does not or is cut short."""
    raise NotImplementedError


def fixed_form(packet: Buffer, start: int, descriptor: Descriptor) -> bytes:
    """Return a descriptor with a 15-bit picture id (0 when the source has none) and TL0PICIDX, TID, KEYIDX as present.

    Replaces `packet[start:start + descriptor.length]`. It is 4 bytes, +1 with TL0PICIDX, +1 with TID or KEYIDX.
    """
    raise NotImplementedError


def patch(packet: bytearray | memoryview, start: int, picture_id: int, tl0picidx: int, keyidx: int) -> None:
    """Write the numbers (wrapped to 15, 8 and 5 bits) into a descriptor of fixed form; absent ones are left absent."""
    raise NotImplementedError
