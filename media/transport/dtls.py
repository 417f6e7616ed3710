"""DTLS-SRTP handshakes (RFC 5764) over memory, with pyOpenSSL: datagrams in, datagrams out, no task and no socket.

aiortc's RTCDtlsTransport would do, but it owns a task for each transport and never resends a lost flight
(RFC 6347 §4.2.4): on a link with 20 % loss a handshake then hangs. Here the owner calls `on_timeout` when
`next_timeout` says so.
"""

from __future__ import annotations

import datetime
import hmac
import secrets
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from media.transport.srtp import PROFILES, SrtpPair

CERTIFICATE_DAYS = 30  # a new one at each start of a worker
HANDSHAKE_TIMEOUT_S = 30.0  # flights lost in a row are resent after 1, 2, 4, 8 s
FLIGHT_BYTES = 1200  # under every path MTU that carries our media (RFC 8261 uses 1200 too)
_RECORD_HEADER = 13  # RFC 6347 §4.1
_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA"
)
_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "sha-256": hashes.SHA256,
    "sha-384": hashes.SHA384,
    "sha-512": hashes.SHA512,
}


class DtlsError(Exception):
    """The handshake cannot succeed: what went wrong is in the text, for the log."""


class Certificate:
    """The worker's own certificate: ECDSA P-256, made at start, kept in memory only."""

    def __init__(self, now: datetime.datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, secrets.token_hex(8))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=CERTIFICATE_DAYS))
            .sign(key, hashes.SHA256())
        )
        self.fingerprint = fingerprint(certificate, "sha-256")
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU)
        # The client's certificate is self-signed: `Dtls` compares its fingerprint with the one in the SDP instead.
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.use_certificate(certificate)
        context.use_privatekey(key)
        context.set_cipher_list(_CIPHERS)
        context.set_tlsext_use_srtp(b":".join(profile.name for profile in PROFILES))
        self.context = context


def fingerprint(certificate: x509.Certificate, algorithm: str) -> str:
    """Return the fingerprint as SDP writes it (RFC 8122 §5)."""
    return certificate.fingerprint(_DIGESTS[algorithm]()).hex(":").upper()


class Dtls:
    """One handshake. Feed datagrams, send what comes back; `srtp` is set when it is done."""

    def __init__(self, certificate: Certificate, fingerprints: Sequence[tuple[str, str]], *, is_server: bool) -> None:
        self.srtp: SrtpPair | None = None
        self.is_closed = False
        self._fingerprints = tuple(fingerprints)
        self._is_server = is_server
        self._ssl = SSL.Connection(certificate.context, None)
        self._ssl.set_ciphertext_mtu(FLIGHT_BYTES)
        if is_server:
            self._ssl.set_accept_state()
        else:
            self._ssl.set_connect_state()

    def start(self) -> list[bytes]:
        """Return the first flight of a client; a server has none."""
        return [] if self._is_server else self._advance()

    def on_datagram(self, data: bytes) -> list[bytes]:
        """Take a DTLS datagram and return the answer.

        Raises:
            DtlsError: the handshake has failed for good.
        """
        self._ssl.bio_write(data)
        if self.srtp is None:
            return self._advance()
        try:
            self._ssl.recv(4096)  # a resent flight is answered by OpenSSL; close_notify ends the transport
        except SSL.ZeroReturnError:
            self.is_closed = True
        except SSL.Error:
            pass
        return self._flight()

    def next_timeout(self) -> float | None:
        """Return in how many seconds the last flight must be resent, or None."""
        if self.srtp is not None:
            return None
        timeout: float | None = self._ssl.DTLSv1_get_timeout()
        return timeout

    def on_timeout(self) -> list[bytes]:
        """Return the last flight once more when it is due."""
        try:
            self._ssl.DTLSv1_handle_timeout()
        except SSL.Error as error:
            raise DtlsError(f"no answer: {error}") from error
        return self._flight()

    def _advance(self) -> list[bytes]:
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            return self._flight()
        except SSL.Error as error:
            raise DtlsError(str(error) or type(error).__name__) from error
        self._verify()
        self.srtp = self._keys()
        return self._flight()

    def _verify(self) -> None:
        """Refuse a peer that is not the one in the SDP (RFC 8827 §6.5): one known digest, and all known ones match."""
        certificate = self._ssl.get_peer_certificate(as_cryptography=True)
        if certificate is None:
            raise DtlsError("the peer sent no certificate")
        known = [(name.lower(), value.upper()) for name, value in self._fingerprints if name.lower() in _DIGESTS]
        if not known or not all(hmac.compare_digest(fingerprint(certificate, name), value) for name, value in known):
            raise DtlsError("the certificate does not match the fingerprint in the session description")

    def _keys(self) -> SrtpPair:
        name = self._ssl.get_selected_srtp_profile()
        for profile in PROFILES:
            if profile.name == name:
                length = 2 * (profile.key_bytes + profile.salt_bytes)
                material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", length)
                return SrtpPair(profile, material, is_server=self._is_server)
        raise DtlsError("no SRTP profile in common")

    def _flight(self) -> list[bytes]:
        """Return what OpenSSL wants to send, whole records packed into datagrams (the BIO forgets their borders)."""
        try:
            data = self._ssl.bio_read(1 << 16)
        except SSL.WantReadError:
            return []
        datagrams: list[bytes] = []
        start = position = 0
        while position + _RECORD_HEADER <= len(data):
            end = position + _RECORD_HEADER + int.from_bytes(data[position + 11 : position + 13], "big")
            if end - start > FLIGHT_BYTES and position > start:
                datagrams.append(data[start:position])
                start = position
            position = end
        if start < len(data):
            datagrams.append(data[start:])
        return datagrams
