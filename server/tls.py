"""A certificate of our own making, so that browsers on a school's LAN may use camera and microphone.

Browsers give camera and microphone to secure pages only (W3C Secure Contexts); `http://localhost` counts as one, an
address of the LAN does not. The certificate names this machine's host name and addresses (RFC 5280 §4.2.1.6), is kept
in the data folder, and is made anew when an address is missing in it or it is about to end. Browsers warn once about
it, since nobody vouches for it.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.data_folder import refusal
from signaling.errors import Unavailable

LIFE = timedelta(days=820)  # Apple's systems refuse certificates of more than 825 days (support.apple.com/103769)
RENEW_BEFORE = timedelta(days=30)
_CLOCK_SKEW = timedelta(days=1)  # a classroom computer with a flat battery: valid since yesterday


class Facts(msgspec.Struct, frozen=True):
    """What a certificate says."""

    names: frozenset[str]
    addresses: frozenset[str]
    begins: datetime
    ends: datetime


def own_certificate(
    folder: Path, names: tuple[str, ...], addresses: tuple[str, ...], wallclock: datetime
) -> tuple[Path, Path]:
    """Return the files of a certificate and its key for these names and addresses, made when they are not there yet.

    Raises:
        Unavailable: the folder cannot be written.
    """
    certificate, key = folder / "cert.pem", folder / "key.pem"
    if key.is_file() and _is_good(certificate, names, addresses, wallclock):
        return certificate, key
    private = ec.generate_private_key(ec.SECP256R1())
    signed = _sign(private, names, addresses, wallclock)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(key, _pem_of(private), 0o600)
        _write(certificate, signed.public_bytes(serialization.Encoding.PEM), 0o644)
    except OSError as error:
        raise refusal(error, folder) from error
    return certificate, key


def facts_of(path: Path) -> Facts:
    """Return what the certificate at `path` says.

    Raises:
        Unavailable: `certificate_unusable`.
    """
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Unavailable("certificate_unusable", f"读不了证书文件 {path}。请检查路径和格式（PEM）。") from error
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        alternatives = x509.SubjectAlternativeName([])
    return Facts(
        frozenset(alternatives.get_values_for_type(x509.DNSName)),
        frozenset(str(address) for address in alternatives.get_values_for_type(x509.IPAddress)),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def check_pair(certificate: Path, key: Path) -> None:
    """Pass when certificate and key can be used together.

    Raises:
        Unavailable: `certificate_unusable`.
    """
    for path in (certificate, key):
        if not os.access(path, os.R_OK):
            raise Unavailable("certificate_unusable", f"读不到文件 {path}。请检查 tls.cert 和 tls.key 的路径和权限。")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError, ValueError, UnsupportedAlgorithm) as error:
        raise Unavailable(
            "certificate_unusable",
            f"证书 {certificate} 和私钥 {key} 不能一起使用。请确认两个文件是一对、是 PEM 格式、私钥没有密码。",
        ) from error


def _is_good(path: Path, names: tuple[str, ...], addresses: tuple[str, ...], wallclock: datetime) -> bool:
    try:
        facts = facts_of(path)
    except Unavailable:
        return False
    covers = facts.names.issuperset(names) and facts.addresses.issuperset(addresses)
    return covers and facts.begins <= wallclock and wallclock + RENEW_BEFORE < facts.ends


def _sign(
    private: ec.EllipticCurvePrivateKey, names: tuple[str, ...], addresses: tuple[str, ...], wallclock: datetime
) -> x509.Certificate:
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "Tongtang"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "同堂")]
    )
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(wallclock - _CLOCK_SKEW)
        .not_valid_after(wallclock + LIFE)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )


def _pem_of(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, data: bytes, mode: int) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
