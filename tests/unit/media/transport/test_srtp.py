"""Contract tests for the private parts of pylibsrtp that `media/transport/srtp.py` uses."""

from __future__ import annotations

import pytest
from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

from media.rtp import build_packet
from media.transport import srtp
from media.transport.srtp import PROFILES, PacketBuffer, Profile, SrtpPair, protect_all


def pair(profile: Profile) -> tuple[SrtpPair, SrtpPair]:
    material = bytes(range(2 * (profile.key_bytes + profile.salt_bytes)))
    return SrtpPair(profile, material, is_server=True), SrtpPair(profile, material, is_server=False)


def test_pylibsrtp_still_has_what_is_used() -> None:
    srtp.self_test()
    assert hasattr(Session(), "_srtp")
    for name in ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp", "srtp_err_status_ok"):
        assert hasattr(lib, name)
    assert callable(ffi.from_buffer)


def test_the_self_test_fails_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(srtp, "protect_all", lambda *_: 0)
    with pytest.raises(RuntimeError):
        srtp.self_test()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name.decode())
def test_packets_side_by_side_are_encrypted_in_place(profile: Profile) -> None:
    server, client = pair(profile)
    buffer, received = PacketBuffer(8192), PacketBuffer(2048)
    packets = [bytes(build_packet(96, 65_534 + n & 0xFFFF, n, 7, bytes([n]) * (500 + n % 2))) for n in range(5)]
    offset = 0
    for packet in packets:
        buffer.view[offset : offset + len(packet)] = packet
        offset += len(packet) + profile.tag_bytes
    assert protect_all(server.tx, buffer, 0, [len(packet) for packet in packets], profile.tag_bytes) == 5
    offset = 0
    for packet in packets:
        size = len(packet) + profile.tag_bytes
        received.view[:size] = buffer.view[offset : offset + size]
        assert received.view[:size] != packet
        assert client.unprotect(received, size) == len(packet)
        assert received.view[: len(packet)] == packet
        offset += size


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name.decode())
def test_replays_and_forgeries_are_refused(profile: Profile) -> None:
    server, client = pair(profile)
    buffer = PacketBuffer(2048)
    packet = bytes(build_packet(96, 1, 1, 7, b"hello"))
    buffer.view[: len(packet)] = packet
    protect_all(server.tx, buffer, 0, [len(packet)], profile.tag_bytes)
    size = len(packet) + profile.tag_bytes
    sealed = bytes(buffer.view[:size])
    buffer.view[20] ^= 1
    assert client.unprotect(buffer, size) == -1
    buffer.view[:size] = sealed
    assert client.unprotect(buffer, size) == len(packet)
    buffer.view[:size] = sealed
    assert client.unprotect(buffer, size) == -1
    assert client.unprotect(buffer, 13) == -1
    assert client.unprotect_rtcp(buffer, 12) == -1


def test_the_identical_packet_seals_to_the_identical_bytes() -> None:
    """What a NACK for audio relies on."""
    server, _ = pair(PROFILES[0])
    buffer = PacketBuffer(2048)
    packet = bytes(build_packet(111, 9, 1, 7, b"opus"))
    sealed = []
    for _ in range(2):
        buffer.view[: len(packet)] = packet
        assert protect_all(server.tx, buffer, 0, [len(packet)], 16) == 1
        sealed.append(bytes(buffer.view[: len(packet) + 16]))
    assert sealed[0] == sealed[1]
