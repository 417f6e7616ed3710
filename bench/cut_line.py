"""A line to a server that is cut where one wants it: a TCP relay that ends all connections after so many bytes.

It reads what browsers ask for on the way (HTTP/1.1 in the clear), so that what crosses the line is counted where it
crosses, whatever a browser says of itself.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

_REQUEST = re.compile(rb"(?:^|\r\n\r\n|\n)(GET|POST|PUT|DELETE|HEAD) (/[^ ]*) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.S)
_RANGE = re.compile(rb"^range: bytes=(\d+)-", re.I | re.M)
_PIECE_BYTES = 16_384
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: the connection is reset, as a dead link does


@dataclass(frozen=True)
class Asked:
    """A request that crossed the line."""

    path: str
    start: int  # of its Range; 0: none


@dataclass
class CutLine:
    """The line; open inside `serving`."""

    target_port: int
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    down_bytes: int = 0
    buffer_bytes: int = 0  # what the line itself holds; 0: as much as the system likes, which is megabytes on loopback
    was_cut: threading.Event = field(default_factory=threading.Event)
    _left_bytes: int | None = None  # until the next cut; None: none is due
    _cut_in: str = ""  # part of the address whose answer is cut; empty: any
    _is_down: bool = False
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cut_after(self, size_bytes: int, part: str = "") -> None:
        """Cut the line when so many more bytes have come down; it stays down until `mend`.

        With `part` only answers to requests with it in their address count.
        """
        with self._lock:
            self.was_cut.clear()
            self._left_bytes = size_bytes
            self._cut_in = part

    def cut(self) -> None:
        """Cut the line now."""
        with self._lock:
            self._is_down = True
            self._left_bytes = None
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    one.shutdown(socket.SHUT_RDWR)
            self._open.clear()
        self.was_cut.set()

    def mend(self) -> None:
        """Let connections through again."""
        with self._lock:
            self._is_down = False

    def count(self, part: str) -> int:
        """Return how many requests had `part` in their address."""
        return sum(part in one.path for one in tuple(self.asked))

    @contextlib.contextmanager
    def serving(self) -> Iterator[CutLine]:
        """Serve on a free port inside the block."""
        with socket.create_server(("127.0.0.1", self.port)) as door:
            self.port = door.getsockname()[1]
            threading.Thread(target=self._accept, args=(door,), daemon=True).start()
            try:
                yield self
            finally:
                self.cut()
                with contextlib.suppress(OSError):
                    door.shutdown(socket.SHUT_RDWR)

    def _accept(self, door: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = door.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near, socket.create_connection(("127.0.0.1", self.target_port)) as far:
            with self._lock:
                if self._is_down:
                    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    return
                self._open |= {near, far}
            if self.buffer_bytes:
                near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.buffer_bytes)
            current = [""]  # the address that this connection was asked for last; a browser waits for the answer
            threading.Thread(target=self._up, args=(near, far, current), daemon=True).start()
            try:
                self._down(far, near, current)
            finally:
                with self._lock:
                    self._open -= {near, far}

    def _up(self, near: socket.socket, far: socket.socket, current: list[str]) -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while data := near.recv(_PIECE_BYTES):
                rest = self._read((rest + data)[-8 * _PIECE_BYTES :], current)
                far.sendall(data)
            far.shutdown(socket.SHUT_WR)

    def _read(self, data: bytes, current: list[str]) -> bytes:
        end = 0
        for found in _REQUEST.finditer(data):
            starts = _RANGE.search(found[3])
            current[0] = found[2].decode("latin-1")
            self.asked.append(Asked(current[0], int(starts[1]) if starts else 0))
            end = found.end()
        return data[end:]

    def _down(self, far: socket.socket, near: socket.socket, current: list[str]) -> None:
        while data := far.recv(_PIECE_BYTES):
            with self._lock:
                left = self._left_bytes if self._cut_in in current[0] else None
                if left is not None:
                    self._left_bytes = left - len(data)
                self.down_bytes += len(data)
            if left is not None and left <= len(data):
                near.sendall(data[:left])
                self.cut()
                return
            near.sendall(data)
