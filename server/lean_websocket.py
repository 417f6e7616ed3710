"""uvicorn's WebSocket protocol, holding less of an idle socket.

A lesson's socket lives for an hour and does nothing for most of it. uvicorn keeps the headers of its handshake four
times over (request, response, scope, and the parts that were split), and two queues for streams of messages: 12 of the
19 kB that a socket costs it (bench.events, tracemalloc). Nothing of ours reads them after the handshake. The test in
tests/integration/lessons/test_websocket.py fails when uvicorn's names change.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent


class LeanWebSocket(WebSocketsSansIOProtocol):
    """For `uvicorn.Config(ws=…)`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = Mailbox()  # type: ignore[assignment]  # has what uvicorn uses of a Queue
        self.writable = Gate()  # type: ignore[assignment]  # and of an Event

    async def send(self, message: ASGISendEvent) -> None:
        """Pass a message of the application on; once the handshake has left, forget it."""
        await super().send(message)
        if message["type"] == "websocket.accept":
            self.scope["headers"] = []
            del self.request, self.response


class Mailbox:
    """An unbounded queue with one reader: uvicorn pauses the socket as soon as one message waits in it."""

    __slots__ = ("_items", "_reader")

    def __init__(self) -> None:
        self._items: list[ASGIReceiveEvent] = []
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, item: ASGIReceiveEvent) -> None:
        """Add an item, and wake who waits."""
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def empty(self) -> bool:
        """Return whether nothing waits."""
        return not self._items

    async def get(self) -> ASGIReceiveEvent:
        """Return the oldest item, when there is one."""
        while not self._items:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        self._reader = None
        return self._items.pop(0)


class Gate:
    """An event that is set nearly always, and weighs nothing then."""

    __slots__ = ("_shut",)

    def __init__(self) -> None:
        self._shut: asyncio.Event | None = None

    def set(self) -> None:
        """Open: let everyone pass."""
        if self._shut is not None:
            self._shut.set()
            self._shut = None

    def clear(self) -> None:
        """Shut: let nobody pass."""
        if self._shut is None:
            self._shut = asyncio.Event()

    async def wait(self) -> None:
        """Return when it is open."""
        while self._shut is not None:
            await self._shut.wait()
