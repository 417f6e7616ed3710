"""The worker's end of the control socket: commands in, replies and reports out, with a bound on both.

The web process reads all the time; when it does not for so long that `LIMIT_BYTES` wait, it hangs, and the worker
ends. Reports that would be outdated anyway are not queued behind a backlog.
"""

from __future__ import annotations

import asyncio
import socket

from media.control import Command, FrameReader, Message, PeerReport, WorkerReport, decode_command, frame

LIMIT_BYTES = 4 << 20
REPORT_LIMIT_BYTES = 256 << 10
READ_BYTES = 1 << 16


class ControlStream:
    """A stream socket that carries `media.control` frames."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(False)
        self._frames = FrameReader()
        self._waiting = bytearray()
        self._is_writing = False

    async def receive(self) -> list[Command] | None:
        """Return the next commands, None at the end of the stream.

        Raises:
            ValueError, msgspec.DecodeError: the other end does not speak our contract.
        """
        loop = asyncio.get_running_loop()
        while True:
            try:
                data = await loop.sock_recv(self._socket, READ_BYTES)
            except ConnectionError:
                return None
            if not data:
                return None
            bodies = self._frames.feed(data)
            if bodies:
                return [decode_command(body) for body in bodies]

    def send(self, message: Message) -> None:
        """Queue a message and write what the socket takes.

        Raises:
            ConnectionError: the other end is gone, or has not read for long.
        """
        if len(self._waiting) > REPORT_LIMIT_BYTES and isinstance(message, PeerReport | WorkerReport):
            return
        self._waiting += frame(message)
        if len(self._waiting) > LIMIT_BYTES:
            raise ConnectionError("the web process does not read what we say")
        if not self._is_writing:
            self._write()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                del self._waiting[: self._socket.send(self._waiting)]
        except BlockingIOError:
            if not self._is_writing:
                self._is_writing = True
                loop.add_writer(self._socket.fileno(), self._write)
            return
        except OSError:
            self._waiting.clear()  # the reader sees the end of the stream and closes the worker
        if self._is_writing:
            self._is_writing = False
            loop.remove_writer(self._socket.fileno())
