"""RTP packets (RFC 3550 §5), header extensions (RFC 8285) and RTX (RFC 4588), read in place.

Nothing here makes an object per packet: the forwarding path asks for the few bytes that it needs. Packets are
`bytes`, `bytearray` or `memoryview`; offsets count from the first byte of the packet.

Measured on one core with a packet of 1,100 bytes and four extension elements (`timeit`): `read_fixed` 0.06 µs,
`payload_span` 0.23 µs, `find_extension` 0.2–0.6 µs (first to last element), against 2–7 µs for a parser that makes an
object.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

import msgspec

Buffer = bytes | bytearray | memoryview

HEADER_BYTES = 12
_FIXED = struct.Struct("!BBHII")
_U16 = struct.Struct("!H")
_EXTENSION_HEAD = struct.Struct("!HH")
_unpack_u16 = _U16.unpack_from
_unpack_extension_head = _EXTENSION_HEAD.unpack_from

ONE_BYTE_PROFILE = 0xBEDE  # RFC 8285 §4.2
TWO_BYTE_PROFILE = 0x1000  # RFC 8285 §4.3; the low 4 bits are "appbits"

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
    end = len(packet)
    if end < HEADER_BYTES:
        raise RtpError("shorter than an RTP header")
    first = packet[0]
    if first & 0xC0 != 0x80:
        raise RtpError("not RTP version 2")
    start = HEADER_BYTES + ((first & 0x0F) << 2)
    if first & 0x10:
        if start + 4 > end:
            raise RtpError("the header extension is cut short")
        start += 4 + (_unpack_u16(packet, start + 2)[0] << 2)
    if first & 0x20:
        padding = packet[end - 1]
        if not padding:
            raise RtpError("a padding of 0 bytes")
        end -= padding
    if start > end:
        raise RtpError("lengths that do not fit")
    return start, end


def _extension_span(packet: Buffer) -> tuple[int, int, int]:
    """Return `(profile, start, end)` of the extension elements; `(0, 0, 0)` when there are none or they do not fit."""
    first = packet[0]
    if not first & 0x10:
        return 0, 0, 0
    start = HEADER_BYTES + ((first & 0x0F) << 2)
    if start + 4 > len(packet):
        return 0, 0, 0
    profile, words = _unpack_extension_head(packet, start)
    start += 4
    end = start + (words << 2)
    if end > len(packet):
        return 0, 0, 0
    return profile, start, end


def find_extension(packet: Buffer, extension_id: int) -> tuple[int, int]:
    """Return `(offset, length)` of the extension element's data, `(-1, 0)` when absent. Never raises on >= 12 bytes."""
    profile, position, end = _extension_span(packet)
    if profile == ONE_BYTE_PROFILE:
        while position < end:
            head = packet[position]
            element = head >> 4
            if head == 0:  # padding between elements
                position += 1
                continue
            if element == 15:  # RFC 8285 §4.2: stop reading at 15
                break
            length = (head & 0x0F) + 1
            if element == extension_id:
                return (position + 1, length) if position + 1 + length <= end else (-1, 0)
            position += 1 + length
    elif profile & 0xFFF0 == TWO_BYTE_PROFILE:
        while position + 1 < end:
            element = packet[position]
            if element == 0:
                position += 1
                continue
            length = packet[position + 1]
            if element == extension_id:
                return (position + 2, length) if position + 2 + length <= end else (-1, 0)
            position += 2 + length
    return -1, 0


def read_extensions(packet: Buffer) -> dict[int, bytes]:
    """Return all extension elements by id (for learning an SSRC; not for every packet)."""
    profile, position, end = _extension_span(packet)
    elements: dict[int, bytes] = {}
    one_byte = profile == ONE_BYTE_PROFILE
    if not one_byte and profile & 0xFFF0 != TWO_BYTE_PROFILE:
        return elements
    while position < end:
        head = packet[position]
        if head == 0:
            position += 1
            continue
        if one_byte:
            element, length, begin = head >> 4, (head & 0x0F) + 1, position + 1
            if element == 15:
                break
        else:
            if position + 1 >= end:
                break
            element, length, begin = head, packet[position + 1], position + 2
        position = begin + length
        if position > end:
            break
        elements[element] = bytes(packet[begin:position])
    return elements


def read_text(packet: Buffer, extension_id: int) -> str:
    """Return a MID, RID or repaired RID (RFC 9143, RFC 8852); "" when absent or not ASCII."""
    if not extension_id:
        return ""
    offset, length = find_extension(packet, extension_id)
    if offset < 0:
        return ""
    try:
        return bytes(packet[offset : offset + length]).decode("ascii")
    except UnicodeDecodeError:
        return ""


def read_u16(packet: Buffer, extension_id: int) -> int:
    """Return a two-byte extension such as the transport-wide sequence number; -1 when absent."""
    if not extension_id:
        return -1
    offset, length = find_extension(packet, extension_id)
    if offset < 0 or length != 2:
        return -1
    value: int = _unpack_u16(packet, offset)[0]
    return value


def build_extensions(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """Return the extension block (with its 4-byte head, padded), one-byte form when it can be; b"" for none.

    Raises:
        ValueError: an id outside 1..255 or data longer than 255 bytes.
    """
    items = list(elements)
    if not items:
        return b""
    if not all(0 < element < 256 and len(data) < 256 for element, data in items):
        raise ValueError("an extension element that does not fit")
    body = bytearray()
    if all(element < 15 and 0 < len(data) <= 16 for element, data in items):
        profile = ONE_BYTE_PROFILE
        for element, data in items:
            body.append(element << 4 | len(data) - 1)
            body += data
    else:
        profile = TWO_BYTE_PROFILE
        for element, data in items:
            body += bytes((element, len(data)))
            body += data
    body += bytes(-len(body) % 4)
    return _EXTENSION_HEAD.pack(profile, len(body) >> 2) + body


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
    packet = bytearray(
        _FIXED.pack(
            0x90 if extensions else 0x80,
            payload_type | (0x80 if marker else 0),
            seq & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            ssrc,
        )
    )
    packet += extensions
    packet += payload
    return packet


def seq_diff(a: int, b: int) -> int:
    """Return a - b of 16-bit sequence numbers as -32768..32767."""
    return ((a - b + 0x8000) & 0xFFFF) - 0x8000


def timestamp_diff(a: int, b: int) -> int:
    """Return a - b of 32-bit timestamps as -2**31..2**31-1."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


class Unwrapper:
    """Turn wrapping numbers of `bits` bits into ever-growing ones (the index): nearest to the last one.

    `last` is the newest index, -1 before the first. The lower `bits` bits of an index are the number itself.
    """

    __slots__ = ("_half", "_mask", "last")

    def __init__(self, bits: int = 16) -> None:
        self._mask = (1 << bits) - 1
        self._half = 1 << (bits - 1)
        self.last = -1

    def unwrap(self, value: int) -> int:
        """Return the index; the first one equals `value` + 2**bits, so earlier ones stay positive."""
        last = self.last
        if last < 0:
            self.last = index = value + self._mask + 1
            return index
        index = last + ((value - last + self._half) & self._mask) - self._half
        if index > last:
            self.last = index
        return index


def unwrap_rtx(packet: Buffer, payload_type: int, ssrc: int) -> bytearray | None:
    """Return the original packet of an RTX one (RFC 4588 §4), with its extensions; None for padding or malformed."""
    try:
        start, end = payload_span(packet)
    except RtpError:
        return None
    if end - start < 3:  # the original number and at least one byte: less is a probe
        return None
    original = bytearray(packet[:start])
    original[0] &= 0xDF  # padding is cut off
    original[1] = (original[1] & 0x80) | payload_type
    original[2:4] = packet[start : start + 2]
    original[8:12] = ssrc.to_bytes(4, "big")
    original += packet[start + 2 : end]
    return original


def wrap_rtx(packet: Buffer, payload_type: int, ssrc: int, seq: int) -> bytearray:
    """Return `packet` as RTX: its sequence number goes before the payload; header extensions stay.

    Raises:
        RtpError: `packet` is malformed.
    """
    start, end = payload_span(packet)
    wrapped = bytearray(packet[:start])
    wrapped += packet[2:4]
    wrapped += packet[start:end]
    wrapped[0] &= 0xDF
    wrapped[1] = (wrapped[1] & 0x80) | payload_type
    wrapped[2:4] = (seq & 0xFFFF).to_bytes(2, "big")
    wrapped[8:12] = ssrc.to_bytes(4, "big")
    return wrapped
