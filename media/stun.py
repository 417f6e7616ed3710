"""STUN messages of ICE (RFC 8489, RFC 8445 §7.1): binding requests and success responses, nothing else.

Unknown attributes are skipped, also the comprehension-required ones: an ICE-lite server gains nothing from refusing
a check over an extension (RFC 8489 §6.3.1 would answer 420).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import struct
import zlib

import msgspec

from media.rtp import Buffer

Address = tuple[str, int]

MAGIC_COOKIE = 0x2112A442
BINDING_REQUEST, BINDING_SUCCESS = 0x0001, 0x0101
USERNAME, MESSAGE_INTEGRITY, XOR_MAPPED_ADDRESS = 0x0006, 0x0008, 0x0020
PRIORITY, USE_CANDIDATE, FINGERPRINT, ICE_CONTROLLING = 0x0024, 0x0025, 0x8028, 0x802A
FINGERPRINT_XOR = 0x5354554E  # RFC 8489 §14.7
HEADER_BYTES = 20
INTEGRITY_BYTES = 24  # attribute head and HMAC-SHA1
MAX_USERNAME_BYTES = 513  # RFC 8489 §14.3: fewer than 509 characters; both ICE halves are at most 256 and a colon

_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")
_U32 = struct.Struct("!I")


class StunError(ValueError):
    """The bytes are not a STUN binding request that we can answer."""


class BindingRequest(msgspec.Struct, frozen=True):
    """A STUN binding request."""

    transaction: bytes  # 12 bytes
    local_ufrag: str
    remote_ufrag: str
    use_candidate: bool
    priority: int
    integrity_offset: int  # where MESSAGE-INTEGRITY begins


def parse_binding_request(data: Buffer) -> BindingRequest:
    """Read a binding request; its FINGERPRINT is checked, its integrity is not.

    Raises:
        StunError: anything else.
    """
    size = len(data)
    if size < HEADER_BYTES:
        raise StunError("shorter than a STUN header")
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if kind != BINDING_REQUEST or cookie != MAGIC_COOKIE or length & 3 or HEADER_BYTES + length != size:
        raise StunError("not a binding request")
    username: bytes | None = None
    integrity_offset, priority, use_candidate = 0, 0, False
    position = HEADER_BYTES
    while position < size:  # a multiple of 4: a head always fits
        attribute, value_bytes = _ATTRIBUTE.unpack_from(data, position)
        value = position + 4
        if value + value_bytes > size:
            raise StunError("an attribute is cut short")
        if attribute == FINGERPRINT:
            _check_fingerprint(data, position, value_bytes)
        elif integrity_offset:
            pass  # RFC 8489 §14.5: what follows MESSAGE-INTEGRITY is ignored, except FINGERPRINT
        elif attribute == USERNAME:
            username = bytes(data[value : value + value_bytes])
        elif attribute == MESSAGE_INTEGRITY:
            if value_bytes != 20:
                raise StunError("MESSAGE-INTEGRITY of a wrong length")
            integrity_offset = position
        elif attribute == USE_CANDIDATE:
            use_candidate = True
        elif attribute == PRIORITY and value_bytes == 4:
            (priority,) = _U32.unpack_from(data, value)
        position = value + value_bytes + (-value_bytes & 3)
    local, remote = _split_username(username)
    if not integrity_offset:
        raise StunError("no MESSAGE-INTEGRITY")
    return BindingRequest(transaction, local, remote, use_candidate, priority, integrity_offset)


def _check_fingerprint(data: Buffer, position: int, value_bytes: int) -> None:
    if value_bytes != 4 or position + 8 != len(data):
        raise StunError("FINGERPRINT is not the last attribute")
    if _U32.unpack_from(data, position + 4)[0] != zlib.crc32(data[:position]) ^ FINGERPRINT_XOR:
        raise StunError("FINGERPRINT does not match")


def _split_username(username: bytes | None) -> tuple[str, str]:
    if not username or len(username) > MAX_USERNAME_BYTES:
        raise StunError("no usable USERNAME")
    try:
        local, colon, remote = username.decode("ascii").partition(":")
    except UnicodeDecodeError:
        raise StunError("USERNAME is not ASCII") from None
    if not (local and colon and remote):
        raise StunError("USERNAME has no two halves")
    return local, remote


def is_authentic(data: Buffer, request: BindingRequest, pwd: str) -> bool:
    """Return whether MESSAGE-INTEGRITY was made with `pwd`."""
    offset = request.integrity_offset
    expected = _integrity(bytes(data[:offset]), pwd)
    return hmac.compare_digest(expected, bytes(data[offset + 4 : offset + INTEGRITY_BYTES]))


def _integrity(message: bytes, pwd: str) -> bytes:
    # RFC 8489 §14.5: the length in the header is the one with MESSAGE-INTEGRITY as the last attribute
    length = struct.pack("!H", len(message) - HEADER_BYTES + INTEGRITY_BYTES)
    return hmac.digest(pwd.encode(), message[:2] + length + message[4:], hashlib.sha1)


def _finish(kind: int, transaction: bytes, body: bytes, pwd: str) -> bytes:
    """Return the message with MESSAGE-INTEGRITY and FINGERPRINT."""
    message = _HEADER.pack(kind, len(body), MAGIC_COOKIE, transaction) + body
    message += _ATTRIBUTE.pack(MESSAGE_INTEGRITY, 20) + _integrity(message, pwd)
    message = message[:2] + struct.pack("!H", len(message) - HEADER_BYTES + 8) + message[4:]
    return message + struct.pack("!HHI", FINGERPRINT, 4, zlib.crc32(message) ^ FINGERPRINT_XOR)


def _pad(value: bytes) -> bytes:
    return value + bytes(-len(value) & 3)


def build_binding_success(transaction: bytes, address: Address, pwd: str) -> bytes:
    """Return the success response with XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT."""
    ip = ipaddress.ip_address(address[0].partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped  # a dual-stack socket names IPv4 clients so; they know themselves by the plain address
    pad = _U32.pack(MAGIC_COOKIE) + transaction
    xored = bytes(a ^ b for a, b in zip(ip.packed, pad, strict=False))
    family = 1 if ip.version == 4 else 2
    mapped = struct.pack("!HHBBH", XOR_MAPPED_ADDRESS, 4 + len(xored), 0, family, address[1] ^ MAGIC_COOKIE >> 16)
    return _finish(BINDING_SUCCESS, transaction, mapped + xored, pwd)


def build_binding_request(
    transaction: bytes, username: str, pwd: str, *, use_candidate: bool = False, priority: int = 0x7E0000FF
) -> bytes:
    """Return a request as a controlling client makes it (test clients, doctor); `username` is "server:client"."""
    name = username.encode("ascii")
    body = _ATTRIBUTE.pack(USERNAME, len(name)) + _pad(name)
    body += struct.pack("!HHI", PRIORITY, 4, priority)
    body += struct.pack("!HHQ", ICE_CONTROLLING, 8, int.from_bytes(transaction[:8], "big"))
    if use_candidate:
        body += _ATTRIBUTE.pack(USE_CANDIDATE, 0)
    return _finish(BINDING_REQUEST, transaction, body, pwd)
