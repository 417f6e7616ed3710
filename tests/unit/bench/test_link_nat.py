"""Address translation: addresses change, checksums stay right."""

from __future__ import annotations

import struct

import pytest

from bench.link_nat import Translation, packed

HOME, SERVER, OTHER = packed("198.18.0.2"), packed("198.18.0.1"), packed("198.18.0.3")


def total(data: bytes) -> int:
    """Return the Internet checksum's sum of `data` (RFC 1071): 0xffff over whatever contains its right checksum."""
    padded = data + bytes(len(data) % 2)
    value: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def packet(protocol: int, source: bytes, destination: bytes, *, has_checksum: bool = True) -> bytes:
    """Return a whole IPv4 packet with right checksums."""
    body = bytearray(struct.pack(">HHHH", 4000, 8189, 28, 0) + b"a lesson on light, n1 sin"[:20])
    at = {6: 16, 17: 6}[protocol]
    body[at : at + 2] = b"\0\0"
    if has_checksum:
        pseudo = source + destination + struct.pack(">HH", protocol, len(body))
        body[at : at + 2] = (~total(pseudo + bytes(body)) & 0xFFFF).to_bytes(2, "big")
    head = bytearray(struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 7, 0, 64, protocol, 0) + source + destination)
    head[10:12] = (~total(bytes(head)) & 0xFFFF).to_bytes(2, "big")
    return bytes(head + body)


def is_right(whole: bytes) -> bool:
    """Return whether both checksums of a packet are right."""
    pseudo = whole[12:20] + struct.pack(">HH", whole[9], len(whole) - 20)
    return total(whole[:20]) == 0xFFFF and total(pseudo + whole[20:]) == 0xFFFF


@pytest.mark.parametrize("protocol", [6, 17])
def test_host_is_seen_under_its_address_outside(protocol: int) -> None:
    translation = Translation(HOME)
    translation.outside = OTHER
    assert translation.outgoing(packet(protocol, HOME, SERVER)) == packet(protocol, OTHER, SERVER)
    assert translation.incoming(packet(protocol, SERVER, OTHER)) == packet(protocol, SERVER, HOME)
    assert is_right(packet(protocol, OTHER, SERVER))


def test_nothing_arrives_for_an_address_that_was_taken_away() -> None:
    translation = Translation(HOME)
    assert translation.incoming(packet(17, SERVER, HOME)) == packet(17, SERVER, HOME)
    translation.outside = OTHER
    assert translation.incoming(packet(17, SERVER, HOME)) is None


def test_datagram_without_a_checksum_stays_without_one() -> None:
    translation = Translation(HOME)
    translation.outside = OTHER
    bare = packet(17, HOME, SERVER, has_checksum=False)
    assert translation.outgoing(bare) == packet(17, OTHER, SERVER, has_checksum=False)
