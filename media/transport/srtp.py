"""SRTP in place on reused buffers (RFC 3711, RFC 7714): the one file that touches pylibsrtp's private parts.

`pylibsrtp.Session.protect` copies a packet in and out and refuses more than 1356 bytes; `lib.srtp_protect` on our own
buffer costs 3.5 µs instead of 6 µs a packet of 1,100 bytes. `self_test` fails loudly at start when a new release of
pylibsrtp moves what is used here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

REPLAY_WINDOW = 1024  # packets; as aiortc: a burst of RTX on a link with 1 s of queue stays inside

_OK: int = lib.srtp_err_status_ok


@dataclass(frozen=True)
class Profile:
    """An SRTP protection profile (RFC 5764 §4.1.2, RFC 7714 §14.2); a packet grows by the tag."""

    name: bytes
    libsrtp: int
    key_bytes: int
    salt_bytes: int
    tag_bytes: int


# Most wanted first. AES-GCM is cheaper than AES-CM + HMAC-SHA1 wherever the CPU has AES instructions.
PROFILES = (
    Profile(b"SRTP_AEAD_AES_128_GCM", Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12, 16),
    Profile(b"SRTP_AEAD_AES_256_GCM", Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 32, 12, 16),
    Profile(b"SRTP_AES128_CM_SHA1_80", Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14, 10),
)


class PacketBuffer:
    """A block of memory that Python writes and libsrtp encrypts in place."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(size)
        self.view = memoryview(self.data)
        self.pointer: Any = ffi.from_buffer("char[]", self.data)


class SrtpPair:
    """The two SRTP sessions of a transport: one for each direction, with DTLS-SRTP keys (RFC 5764 §4.2)."""

    def __init__(self, profile: Profile, keying_material: bytes, *, is_server: bool) -> None:
        key, salt = profile.key_bytes, profile.salt_bytes

        def half(index: int) -> bytes:
            start = 2 * key + index * salt
            return keying_material[index * key : (index + 1) * key] + keying_material[start : start + salt]

        self.tag_bytes = profile.tag_bytes
        self._inbound = _session(half(0 if is_server else 1), profile, Policy.SSRC_ANY_INBOUND)
        self._outbound = _session(half(1 if is_server else 0), profile, Policy.SSRC_ANY_OUTBOUND)
        self._rx = self._inbound._srtp[0]
        self.tx = self._outbound._srtp[0]
        self._length = ffi.new("int *")

    def unprotect(self, buffer: PacketBuffer, length: int) -> int:
        """Decrypt the RTP packet at the start of `buffer` in place; return its length, -1 when it is not good."""
        size = self._length
        size[0] = length
        if lib.srtp_unprotect(self._rx, buffer.pointer, size) != _OK:
            return -1
        return int(size[0])

    def unprotect_rtcp(self, buffer: PacketBuffer, length: int) -> int:
        """Decrypt the RTCP packet at the start of `buffer` in place; return its length, or -1."""
        size = self._length
        size[0] = length
        if lib.srtp_unprotect_rtcp(self._rx, buffer.pointer, size) != _OK:
            return -1
        return int(size[0])

    def protect_rtcp(self, buffer: PacketBuffer, packet: bytes) -> int:
        """Write `packet` encrypted to the start of `buffer`; return the length, or -1."""
        size = self._length
        size[0] = len(packet)
        buffer.view[: len(packet)] = packet
        if lib.srtp_protect_rtcp(self.tx, buffer.pointer, size) != _OK:
            return -1
        return int(size[0])


def protect_all(tx: Any, buffer: PacketBuffer, start: int, sizes: list[int], tag_bytes: int) -> int:
    """Encrypt RTP packets of these plain sizes in place.

    They lie in `buffer` from `start` on, with `tag_bytes` of room behind each.

    Returns how many succeeded; libsrtp refuses a packet only for a mistake of our own (a reused sequence number).
    """
    protect = lib.srtp_protect
    length = _LENGTH
    packet = buffer.pointer + start
    done = 0
    for size in sizes:
        length[0] = size
        if protect(tx, packet, length) == 0:
            done += 1
        packet += size + tag_bytes
    return done


_LENGTH = ffi.new("int *")


def _session(key: bytes, profile: Profile, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile.libsrtp)
    policy.window_size = REPLAY_WINDOW
    # A NACK for audio is answered by the identical packet again (media/down_track.py), never by a changed one.
    policy.allow_repeat_tx = direction == Policy.SSRC_ANY_OUTBOUND
    return Session(policy)


def self_test() -> None:
    """Protect and unprotect one packet with every profile.

    Raises:
        RuntimeError: this release of pylibsrtp does not have what the worker needs.
    """
    packet = bytes([0x80, 111]) + b"\x00\x01" + b"\x00\x00\x00\x02" + b"\x00\x00\x00\x03" + b"tongtang"
    for profile in PROFILES:
        material = bytes(range(2 * (profile.key_bytes + profile.salt_bytes)))
        try:
            server = SrtpPair(profile, material, is_server=True)
            client = SrtpPair(profile, material, is_server=False)
            buffer = PacketBuffer(2048)
            buffer.view[: len(packet)] = packet
            done = protect_all(server.tx, buffer, 0, [len(packet)], profile.tag_bytes)
            length = client.unprotect(buffer, len(packet) + profile.tag_bytes)
        except (AttributeError, TypeError) as error:
            raise RuntimeError(f"pylibsrtp has changed: {error}") from error
        if done != 1 or buffer.view[:length] != packet:
            raise RuntimeError(f"pylibsrtp cannot speak {profile.name.decode()}")
