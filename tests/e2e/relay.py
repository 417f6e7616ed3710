"""A way to the server that can be cut: a TCP and a UDP relay in a thread of their own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

READ_BYTES = 65_536


class Relay:
    """Relays TCP and UDP on ports of its own to a server on this machine."""

    def __init__(self, tcp_to: int, udp_to: int) -> None:
        self._tcp_to, self._udp_to = tcp_to, udp_to
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_tcp_cut = False
        self._is_udp_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("0.0.0.0", 0))
        self._front.setblocking(False)
        self._back: dict[tuple[str, int], socket.socket] = {}
        self.tcp_port: int = self._listener.getsockname()[1]
        self.udp_port: int = self._front.getsockname()[1]
        self._stop = asyncio.Event()

    def cut_tcp(self) -> None:
        """Drop all connections and refuse new ones."""
        self._loop.call_soon_threadsafe(self._cut_tcp)

    def mend_tcp(self) -> None:
        """Let new connections through."""
        self._is_tcp_cut = False

    def cut_udp(self) -> None:
        """Lose every datagram."""
        self._is_udp_cut = True

    def mend_udp(self) -> None:
        """Let datagrams through."""
        self._is_udp_cut = False

    def _cut_tcp(self) -> None:
        self._is_tcp_cut = True
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self) -> None:
        self._loop.add_reader(self._front, self._from_client)
        server = await asyncio.start_server(self._on_connection, sock=self._listener)
        await self._stop.wait()
        self._cut_tcp()
        server.close()
        for one in (self._front, *self._back.values()):
            self._loop.remove_reader(one)
            one.close()
        await asyncio.sleep(0.1)

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_tcp_cut:
            writer.transport.abort()
            return
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._tcp_to)
        except OSError:  # the server is down just now
            writer.transport.abort()
            return
        self._writers |= {writer, back_writer}
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_copy(reader, back_writer))
                tasks.create_task(_copy(back_reader, writer))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            for one in (writer, back_writer):
                self._writers.discard(one)
                one.transport.abort()

    def _from_client(self) -> None:
        data, address = self._front.recvfrom(READ_BYTES)
        if self._is_udp_cut:
            return
        back = self._back.get(address)
        if back is None:
            back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            back.connect(("127.0.0.1", self._udp_to))
            back.setblocking(False)
            self._back[address] = back
            self._loop.add_reader(back, self._from_server, back, address)
        try:
            back.send(data)
        except OSError:  # the worker is down just now
            return

    def _from_server(self, back: socket.socket, address: tuple[str, int]) -> None:
        try:
            data = back.recv(READ_BYTES)
        except OSError:
            return
        if not self._is_udp_cut:
            self._front.sendto(data, address)

    def run(self) -> None:
        """Serve until `stop`; the body of the thread."""
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(READ_BYTES):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


@contextmanager
def relay(tcp_to: int, udp_to: int) -> Iterator[Relay]:
    """Relay inside the block."""
    one = Relay(tcp_to, udp_to)
    thread = threading.Thread(target=one.run, name="relay")
    thread.start()
    try:
        yield one
    finally:
        one.stop()
        thread.join(5)
