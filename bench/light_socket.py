"""A WebSocket client that costs a bench almost nothing: five thousand of them share one core with nobody's notice.

Only what the lesson's socket needs of RFC 6455: one handshake, unfragmented frames of the server's, masked text frames
of ours (the mask is zero, §5.3: the bytes are the same work for the server), no control frames but close.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from signaling import messages as m

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
_DEFLATED, _FINAL, _MASKED = 0x40, 0x80, 0x80
_TAIL = b"\x00\x00\xff\xff"  # RFC 7692 §7.2.2
_KEY = base64.b64encode(b"tongtang-bench!!").decode()
OPEN_S = 30.0
# What Chromium sends besides, with a session's cookie: the server keeps a socket's headers as long as the socket.
_HEADERS = (
    "Pragma: no-cache\r\nCache-Control: no-cache\r\nOrigin: http://127.0.0.1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 "
    "Safari/537.36\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n"
    "Cookie: tongtang_session=0123456789abcdefghijklmnopqrstuvwxyzABCDEFG\r\n"
)
SERVER_IP, CLIENT_IP = 20 + 32, 20 + 32  # IPv4 and TCP with time stamps (RFC 7323), bytes a segment
_TCP_INFO_SEGMENTS = struct.Struct("=II")
_SEGMENTS_AT = 136  # linux/tcp.h: struct tcp_info, tcpi_segs_out and tcpi_segs_in
_TCP_INFO_BYTES = 192

Heard = Callable[["LightSocket", bytes], None]


@dataclass(frozen=True)
class Wire:
    """What one connection has carried: bytes above TCP, and segments with their acknowledgements, both directions."""

    payload_bytes: int
    segments: int

    @property
    def bytes(self) -> int:
        """Bytes on the wire, with TCP's and IP's headers."""
        return self.payload_bytes + self.segments * SERVER_IP


class LightSocket(asyncio.Protocol):
    """One connection. `heard` gets each message of the server, uncompressed."""

    __slots__ = ("_buffer", "_bytes", "_inflate", "_is_open", "_offers", "_opened", "_transport", "heard", "tag")

    def __init__(self, heard: Heard, *, offers_deflate: bool = False, tag: int = 0) -> None:
        self.heard = heard
        self.tag = tag
        self._offers = offers_deflate
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._bytes = 0
        self._is_open = False
        self._inflate: zlib._Decompress | None = None
        self._opened: asyncio.Future[None] | None = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        """Whether the handshake is done and the connection not lost."""
        return self._is_open

    async def opened(self) -> None:
        """Wait for the server's handshake.

        Raises:
            ConnectionError: it refused.
            TimeoutError: it did not answer.
        """
        if self._opened is not None:
            async with asyncio.timeout(OPEN_S):
                await self._opened
            self._opened = None

    def send(self, message: m.ClientMessage) -> None:
        """Write a message."""
        data = m.encode(message)
        size = len(data)
        head = (
            struct.pack("!BB", _FINAL | TEXT, _MASKED | size)
            if size < 126
            else (struct.pack("!BBH", _FINAL | TEXT, _MASKED | 126, size))
        )
        frame = head + bytes(4) + data
        self._bytes += len(frame)
        assert self._transport is not None
        self._transport.write(frame)

    def close(self) -> None:
        """Hang up at once."""
        self._is_open = False
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Read nothing more."""
        assert self._transport is not None
        self._transport.pause_reading()

    def wire(self) -> Wire:
        """Return what the connection has carried so far (Linux)."""
        assert self._transport is not None
        raw: socket.socket = self._transport.get_extra_info("socket")
        info = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        return Wire(self._bytes, sum(_TCP_INFO_SEGMENTS.unpack_from(info, _SEGMENTS_AT)))

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        extensions = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" if self._offers else ""
        transport.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"{_HEADERS}{extensions}"
            f"Sec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Cut frames and hand the messages on."""
        self._bytes += len(data)
        if self._buffer:
            data = self._buffer + data
        start = 0 if self._is_open else self._shake_hands(data)
        if self._is_open:
            start = self._take_frames(data, start)
        self._buffer = data[start:]

    def connection_lost(self, exc: Exception | None) -> None:
        """Note it."""
        self._is_open = False
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(ConnectionError("the server hung up"))

    # --- inside

    def _shake_hands(self, data: bytes) -> int:
        end = data.find(b"\r\n\r\n")
        if end < 0 or self._opened is None:
            return 0
        if not data.startswith(b"HTTP/1.1 101"):
            self._opened.set_exception(ConnectionError(data[:end].decode("latin-1")))
            return len(data)
        if b"permessage-deflate" in data[:end]:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._is_open = True
        self._opened.set_result(None)
        return end + 4

    def _take_frames(self, data: bytes, start: int) -> int:
        while len(data) - start >= 2:
            size, body = data[start + 1], start + 2
            if size == 126:
                if len(data) < body + 2:
                    break
                size, body = int.from_bytes(data[body : body + 2], "big"), body + 2
            elif size == 127:
                if len(data) < body + 8:
                    break
                size, body = int.from_bytes(data[body : body + 8], "big"), body + 8
            end = body + size
            if len(data) < end:
                break
            self._take(data[start], data[body:end])
            start = end
        return start

    def _take(self, head: int, payload: bytes) -> None:
        if head & _DEFLATED and self._inflate is not None:
            payload = self._inflate.decompress(payload + _TAIL)
        if head & 0x0F in (TEXT, BINARY):
            self.heard(self, payload)


async def open_light(url: str, heard: Heard, *, offers_deflate: bool = False, tag: int = 0) -> LightSocket:
    """Return a connection to `url` (ws://) after its handshake.

    Raises:
        OSError, TimeoutError: no such server, or it refused.
    """
    address = urlsplit(url)
    assert address.hostname and address.port, url
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(OPEN_S):
        _, light = await loop.create_connection(
            lambda: LightSocket(heard, offers_deflate=offers_deflate, tag=tag), address.hostname, address.port
        )
    await light.opened()
    return light
