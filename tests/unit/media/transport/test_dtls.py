"""Handshakes over memory, with losses; time is what OpenSSL's own clock says, so nothing here waits for it."""

from __future__ import annotations

import datetime
import random

import pytest
from hypothesis import given, settings, strategies as st

from media.transport.dtls import FLIGHT_BYTES, Certificate, Dtls, DtlsError
from media.transport.srtp import PacketBuffer

NOW = datetime.datetime.now(datetime.UTC)
SERVER, CLIENT, OTHER = Certificate(NOW), Certificate(NOW), Certificate(NOW)


def ends(client_fingerprint: str = CLIENT.fingerprint) -> tuple[Dtls, Dtls]:
    server = Dtls(SERVER, [("sha-256", client_fingerprint)], is_server=True)
    return server, Dtls(CLIENT, [("SHA-256", SERVER.fingerprint.lower())], is_server=False)


def shake(server: Dtls, client: Dtls) -> None:
    waiting = [(server, datagram) for datagram in client.start()]
    while waiting:
        to, datagram = waiting.pop(0)
        assert len(datagram) <= FLIGHT_BYTES + 100
        waiting += [(client if to is server else server, answer) for answer in to.on_datagram(datagram)]


def test_both_ends_get_the_same_keys() -> None:
    server, client = ends()
    shake(server, client)
    assert server.srtp is not None
    assert client.srtp is not None
    assert server.next_timeout() is None
    buffer = PacketBuffer(256)
    length = client.srtp.protect_rtcp(buffer, b"\x80\xc9\x00\x01\x00\x00\x00\x07")
    assert server.srtp.unprotect_rtcp(buffer, length) == 8


def test_a_certificate_that_was_not_announced_is_refused() -> None:
    server, client = ends(OTHER.fingerprint)
    with pytest.raises(DtlsError):
        shake(server, client)
    assert server.srtp is None


@pytest.mark.parametrize("fingerprints", [[], [("md5", "00:11")], [("sha-256", ""), ("sha-512", "AA")]])
def test_no_fingerprint_that_fits_is_a_refusal(fingerprints: list[tuple[str, str]]) -> None:
    server = Dtls(SERVER, fingerprints, is_server=True)
    client = Dtls(CLIENT, [("sha-256", SERVER.fingerprint)], is_server=False)
    with pytest.raises(DtlsError):
        shake(server, client)
    assert server.srtp is None


def test_a_lost_flight_is_due_again() -> None:
    server, client = ends()
    server.on_datagram(client.start()[0])
    timeout = server.next_timeout()
    assert timeout is not None
    assert 0 < timeout <= 1.0


def test_closing_is_noticed() -> None:
    server, client = ends()
    shake(server, client)
    client._ssl.shutdown()
    for datagram in client._flight():
        server.on_datagram(datagram)
    assert server.is_closed


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 3))
def test_noise_is_refused_or_ignored(noise: bytes, when: int) -> None:
    server, client = ends()
    if when == 1:
        server.on_datagram(client.start()[0])
    elif when > 1:
        shake(server, client)
    head = random.Random(len(noise)).choice([b"", b"\x16\xfe\xfd", b"\x14\xfe\xfd", b"\x17\xfe\xfd"])
    try:
        server.on_datagram(head + noise)
    except DtlsError:
        assert server.srtp is None
