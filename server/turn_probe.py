"""Does media reach the server through the TURN relay? One allocation, one permission, one check (for the doctor).

The relay is asked as a browser asks it (RFC 8656): an allocation with long-term credentials (RFC 8489 §9.2), a
permission for the media port, then the STUN check of a throw-away connection through it. The allocation is given back.
Blocking sockets: the doctor is a command that does one thing after the other.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
import ssl
import struct
import time
from typing import Literal

import msgspec

from media.stun import HEADER_BYTES, MAGIC_COOKIE, MESSAGE_INTEGRITY, USERNAME
from server.turn import IceServer

ALLOCATE, REFRESH, SEND, DATA, CREATE_PERMISSION = 0x0003, 0x0004, 0x0016, 0x0017, 0x0008
SUCCESS, ERROR = 0x0100, 0x0110  # class bits of answers
ERROR_CODE, LIFETIME, XOR_PEER_ADDRESS, DATA_VALUE, REALM, NONCE, REQUESTED_TRANSPORT = (
    0x0009,
    0x000D,
    0x0012,
    0x0013,
    0x0014,
    0x0015,
    0x0019,
)
UDP_TRANSPORT = bytes((17, 0, 0, 0))  # RFC 8656 §18.7: the relay speaks UDP to the media port
TIMEOUT_S = 1.0  # of one try; a relay in the same country answers in a tenth of it
TRIES = 3
MAX_MESSAGE_BYTES = 2048
STALE_NONCE, UNAUTHORIZED, FORBIDDEN = 438, 401, 403

RelayVerdict = Literal["open", "silent", "refused", "forbidden", "certificate", "blocked"]
_HEADER = struct.Struct("!HHI12s")
_URL = re.compile(r"(turns?):(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::(\d+))?(?:\?transport=(udp|tcp))?", re.IGNORECASE)


class Door(msgspec.Struct, frozen=True):
    """Where one way through the relay begins."""

    kind: Literal["turn_udp", "turn_tcp", "turn_tls"]
    host: str
    port: int


def door_of(url: str) -> Door:
    """Return what a TURN address means (RFC 7065 §3.2); ValueError when it is none."""
    found = _URL.fullmatch(url)
    if found is None:
        raise ValueError(url)
    scheme, six, name, port, transport = found.groups()
    if scheme.lower() == "turns":
        return Door("turn_tls", six or name, int(port or 5349))
    return Door("turn_tcp" if transport == "tcp" else "turn_udp", six or name, int(port or 3478))


def probe(server: IceServer, url: str, media: tuple[str, int], check: bytes) -> RelayVerdict:
    """Send the STUN request `check` to the media port through the relay at `url`; return how that went.

    `open`: it was answered. `silent`: the relay does not answer. `certificate`: browsers will not trust it.
    `refused`: the credentials are wrong. `forbidden`: the relay may not speak to the media port. `blocked`: it may,
    but nothing came back.
    """
    door = door_of(url)
    try:
        with _Relay(door, server) as relay:
            return relay.check(media, check)
    except ssl.SSLCertVerificationError:
        return "certificate"
    except OSError:
        return "silent"


class _Relay:
    """An allocation on the relay inside the block."""

    def __init__(self, door: Door, server: IceServer) -> None:
        self._door = door
        self._server = server
        self._key = b""
        self._realm = self._nonce = b""
        self._buffer = b""

    def __enter__(self) -> _Relay:
        door = self._door
        if door.kind == "turn_udp":
            family, kind, _, _, address = socket.getaddrinfo(door.host, door.port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind)
            self._socket.connect(address)
        else:
            self._socket = socket.create_connection((door.host, door.port), TIMEOUT_S * TRIES)
        self._socket.settimeout(TIMEOUT_S)
        if door.kind == "turn_tls":
            try:
                self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=door.host)
            except BaseException:
                self._socket.close()
                raise
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            if self._key:
                self._send(REFRESH, _attribute(LIFETIME, bytes(4)))
        except OSError:
            pass  # the relay forgets it by itself
        finally:
            self._socket.close()

    def check(self, media: tuple[str, int], request: bytes) -> RelayVerdict:
        """Return whether the media port answers `request` through the relay."""
        code, attributes = self._ask(ALLOCATE, _attribute(REQUESTED_TRANSPORT, UDP_TRANSPORT))
        if code in (UNAUTHORIZED, STALE_NONCE) and REALM in attributes:
            self._realm, self._nonce = attributes[REALM], attributes.get(NONCE, b"")
            secret = b":".join((self._server.username.encode(), self._realm, self._server.credential.encode()))
            self._key = hashlib.md5(secret, usedforsecurity=False).digest()  # RFC 8489 §9.2.2 prescribes it
            code, attributes = self._ask(ALLOCATE, _attribute(REQUESTED_TRANSPORT, UDP_TRANSPORT))
        if code:
            return "refused"
        transaction = secrets.token_bytes(12)
        peer = _attribute(XOR_PEER_ADDRESS, _xored(media, transaction))
        code, _ = self._ask(CREATE_PERMISSION, peer, transaction)
        if code:
            return "forbidden" if code == FORBIDDEN else "refused"
        for _ in range(TRIES):
            mark = secrets.token_bytes(12)
            to = _attribute(XOR_PEER_ADDRESS, _xored(media, mark))
            self._write(_message(SEND, mark, to + _attribute(DATA_VALUE, request)))
            answer = self._hear(DATA)
            if answer is not None and answer.get(DATA_VALUE, b"")[8:20] == request[8:20]:
                return "open"
        return "blocked"

    def _ask(self, kind: int, body: bytes, transaction: bytes | None = None) -> tuple[int, dict[int, bytes]]:
        """Return the error code of the answer (0: success) and its attributes; TimeoutError when none comes."""
        transaction = transaction or secrets.token_bytes(12)
        for _ in range(TRIES if self._door.kind == "turn_udp" else 1):
            self._send(kind, body, transaction)
            answer = self._hear(kind, transaction)
            if answer is None:
                continue
            error = answer.get(ERROR_CODE)
            return (error[2] * 100 + error[3] if error is not None and len(error) >= 4 else 0), answer
        raise TimeoutError("the relay does not answer")

    def _send(self, kind: int, body: bytes, transaction: bytes | None = None) -> None:
        transaction = transaction or secrets.token_bytes(12)
        if not self._key:
            self._write(_message(kind, transaction, body))
            return
        body += _attribute(USERNAME, self._server.username.encode())
        body += _attribute(REALM, self._realm) + _attribute(NONCE, self._nonce)
        message = _message(kind, transaction, body, extra=24)
        digest = hmac.digest(self._key, message, hashlib.sha1)
        self._write(message + _attribute(MESSAGE_INTEGRITY, digest))

    def _write(self, message: bytes) -> None:
        self._socket.sendall(message)

    def _hear(self, kind: int, transaction: bytes | None = None) -> dict[int, bytes] | None:
        """Return the attributes of the next message of `kind`, or of the answer to a request; None: none came."""
        ends = time.monotonic() + TIMEOUT_S
        while time.monotonic() < ends:  # also when it talks of other things all the time
            try:
                message = self._read()
            except TimeoutError:
                return None
            found, length, cookie, mark = _HEADER.unpack_from(message)
            if cookie != MAGIC_COOKIE or HEADER_BYTES + length > len(message):
                continue
            is_answer = transaction is not None and mark == transaction and found & ~0x0110 == kind
            if is_answer or (transaction is None and found == kind):
                return _attributes(message[HEADER_BYTES : HEADER_BYTES + length])
        return None

    def _read(self) -> bytes:
        """Return one message: a datagram, or a piece of the stream as long as its header says (RFC 8656 §3.1)."""
        while True:
            if self._door.kind == "turn_udp":
                return self._socket.recv(MAX_MESSAGE_BYTES).ljust(HEADER_BYTES, b"\0")
            if len(self._buffer) >= HEADER_BYTES:
                size = HEADER_BYTES + int.from_bytes(self._buffer[2:4], "big")
                if len(self._buffer) >= size:
                    message, self._buffer = self._buffer[:size], self._buffer[size:]
                    return message
            piece = self._socket.recv(MAX_MESSAGE_BYTES)
            if not piece or len(self._buffer) > MAX_MESSAGE_BYTES:
                raise ConnectionError("the relay hung up")
            self._buffer += piece


def _message(kind: int, transaction: bytes, body: bytes, extra: int = 0) -> bytes:
    return _HEADER.pack(kind, len(body) + extra, MAGIC_COOKIE, transaction) + body


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) & 3)


def _attributes(body: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(body):
        kind, size = struct.unpack_from("!HH", body, position)
        found.setdefault(kind, body[position + 4 : position + 4 + size])
        position += 4 + size + (-size & 3)
    return found


def _xored(address: tuple[str, int], transaction: bytes) -> bytes:
    """Return an XOR-PEER-ADDRESS (RFC 8489 §14.2)."""
    ip = ipaddress.ip_address(address[0])
    pad = MAGIC_COOKIE.to_bytes(4, "big") + transaction
    xored = bytes(a ^ b for a, b in zip(ip.packed, pad, strict=False))
    return struct.pack("!BBH", 0, 1 if ip.version == 4 else 2, address[1] ^ MAGIC_COOKIE >> 16) + xored
