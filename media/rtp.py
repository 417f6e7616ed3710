"""RTP packets (RFC 3550 §5), header extensions (RFC 8285), RTX (RFC 4588) and RED (RFC 2198), read in place.

Nothing here makes an object per packet: the forwarding path asks for the few bytes that it needs. Packets are
`bytes`, `bytearray` or `memoryview`; offsets count from the first byte of the packet.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

import msgspec

Buffer = bytes | bytearray | memoryview

HEADER_BYTES = 12
_FIXED = struct.Struct("!BBHII")

read_fixed: Callable[[Buffer], tuple[int, int, int, int, int]] = _FIXED.unpack_from
"""Return `(first byte, marker << 7 | payload type, seq, timestamp, ssrc)`; struct.error when shorter than 12 bytes."""


class RtpError(ValueError):
    """The bytes are not an RTP packet."""


class ExtensionIds(msgspec.Struct, frozen=True):
    """Negotiated header extension ids (RFC 8285); 0: not negotiated."""

    mid: int = 0
    rid: int = 0
    repaired_rid: int = 0
    twcc: int = 0
    audio_level: int = 0
    abs_send_time: int = 0
    playout_delay: int = 0


def payload_span(packet: Buffer) -> tuple[int, int]:
    """Return `(start, end)` of the payload without padding; start == end for a padding-only packet.

    Raises:
        RtpError: not version 2, or lengths that do not fit.
    """
    raise NotImplementedError


def is_padding_only(packet: Buffer) -> bool:
    """Return whether the packet carries no payload (Chromium's bandwidth probes); RtpError as `payload_span`."""
    raise NotImplementedError


def find_extension(packet: Buffer, extension_id: int) -> tuple[int, int]:
    """Return `(offset, length)` of the extension element's data, `(-1, 0)` when absent. Never raises on >= 12 bytes."""
    raise NotImplementedError


def read_extensions(packet: Buffer) -> dict[int, bytes]:
    """Return all extension elements by id (for learning an SSRC; not for every packet)."""
    raise NotImplementedError


def read_text(packet: Buffer, extension_id: int) -> str:
    """Return a MID, RID or repaired RID (RFC 9143, RFC 8852); "" when absent or not ASCII."""
    raise NotImplementedError


def read_u16(packet: Buffer, extension_id: int) -> int:
    """Return a two-byte extension such as the transport-wide sequence number; -1 when absent."""
    raise NotImplementedError


def read_audio_level(packet: Buffer, extension_id: int) -> tuple[bool, int] | None:
    """Return `(voice activity, level in -dBov 0..127)` (RFC 6464), None when absent."""
    raise NotImplementedError


def build_extensions(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """Return the extension block (with its 4-byte head, padded), one-byte form when it can be; b"" for none."""
    raise NotImplementedError


def build_packet(
    payload_type: int,
    seq: int,
    timestamp: int,
    ssrc: int,
    payload: Buffer,
    *,
    marker: bool = False,
    extensions: bytes = b"",
) -> bytearray:
    """Return a packet; `extensions` is what `build_extensions` returned."""
    raise NotImplementedError


def seq_diff(a: int, b: int) -> int:
    """Return a - b of 16-bit sequence numbers as -32768..32767."""
    return ((a - b + 0x8000) & 0xFFFF) - 0x8000


def timestamp_diff(a: int, b: int) -> int:
    """Return a - b of 32-bit timestamps as -2**31..2**31-1."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


class Unwrapper:
    """Turn wrapping numbers of `bits` bits into ever-growing ones (the index): nearest to the last one."""

    def __init__(self, bits: int = 16) -> None:
        self.last = -1

    def unwrap(self, value: int) -> int:
        """Return the index; the first one equals `value` + 2**bits, so earlier ones stay positive."""
        raise NotImplementedError


def unwrap_rtx(packet: Buffer, payload_type: int, ssrc: int) -> bytearray | None:
    """Return the original packet of an RTX one (RFC 4588 §4), with its extensions; None for padding or malformed."""
    raise NotImplementedError


def wrap_rtx(packet: Buffer, payload_type: int, ssrc: int, seq: int) -> bytearray:
    """Return `packet` as RTX: its sequence number goes before the payload; header extensions stay.

    Raises:
        RtpError: `packet` is malformed.
    """
    raise NotImplementedError


class RedBlock(msgspec.Struct, frozen=True, gc=False):
    """One block of a RED packet; the last one is the primary."""

    payload_type: int
    timestamp: int
    payload: bytes


def unwrap_red(packet: Buffer) -> list[RedBlock]:
    """Return the blocks of a RED packet, oldest first.

    Raises:
        RtpError: malformed.
    """
    raise NotImplementedError
