"""The provider's address translation: what the village is called outside, which may change in the middle of a lesson.

Pure. IPv4 without options that matter here; checksums are corrected, not computed anew (RFC 1624 §3, eqn. 3).
"""

from __future__ import annotations

import socket

_SOURCE, _DESTINATION = 12, 16  # offsets of the addresses in an IPv4 header (RFC 791 §3.1)
_IP_CHECKSUM = 10
_CHECKSUMS = {6: 16, 17: 6}  # TCP and UDP: offset of the checksum in their header
_UDP = 17


def packed(address: str) -> bytes:
    """Return an address as it stands in a packet."""
    return socket.inet_aton(address)


class Translation:
    """One host behind an address that is not its own."""

    def __init__(self, inside: bytes) -> None:
        self._inside = inside
        self.outside = inside

    def outgoing(self, packet: bytes) -> bytes:
        """Return a packet of the host as it is seen outside."""
        if self.outside == self._inside or packet[_SOURCE : _SOURCE + 4] != self._inside:
            return packet
        return _rewritten(packet, _SOURCE, self.outside)

    def incoming(self, packet: bytes) -> bytes | None:
        """Return a packet for the host as it sees it; None: it is for an address that is no longer its."""
        destination = packet[_DESTINATION : _DESTINATION + 4]
        if destination != self.outside:
            return None
        return packet if destination == self._inside else _rewritten(packet, _DESTINATION, self._inside)


def _rewritten(packet: bytes, offset: int, address: bytes) -> bytes:
    changed = bytearray(packet)
    before = bytes(changed[offset : offset + 4])
    changed[offset : offset + 4] = address
    _correct(changed, _IP_CHECKSUM, before, address)
    protocol = changed[9]
    is_first_fragment = not int.from_bytes(changed[6:8], "big") & 0x1FFF
    if protocol in _CHECKSUMS and is_first_fragment:
        at = (changed[0] & 15) * 4 + _CHECKSUMS[protocol]
        if not (protocol == _UDP and changed[at : at + 2] == b"\0\0"):  # RFC 768: no checksum was made
            _correct(changed, at, before, address)
    return bytes(changed)


def _correct(packet: bytearray, at: int, before: bytes, after: bytes) -> None:
    total = ~int.from_bytes(packet[at : at + 2], "big") & 0xFFFF
    for index in (0, 2):
        total += ~int.from_bytes(before[index : index + 2], "big") & 0xFFFF
        total += int.from_bytes(after[index : index + 2], "big")
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    packet[at : at + 2] = (~total & 0xFFFF).to_bytes(2, "big")
