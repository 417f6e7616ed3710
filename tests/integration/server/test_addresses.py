"""The server's listening socket."""

from __future__ import annotations

import asyncio
import socket

from server.addresses import listen_tcp


async def test_connections_do_not_wait_for_delayed_acknowledgements() -> None:
    delays: asyncio.Queue[int] = asyncio.Queue()

    def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        delays.put_nowait(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen_tcp("127.0.0.1", 0)
    async with await asyncio.start_server(accepted, sock=listener), asyncio.timeout(5):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await delays.get()
        writer.close()
        await writer.wait_closed()
