"""uvicorn's WebSocket protocol, holding less of an idle socket.

A lesson's socket lives for an hour and does nothing for most of it. uvicorn keeps the headers of its handshake four
times over (request, response, scope, and the parts that were split), and two queues for streams of messages: 12 of the
19 kB that a socket costs it (bench.events, tracemalloc). Nothing of ours reads them after the handshake. The test in
tests/integration/lessons/test_websocket.py fails when uvicorn's names change.

A message may come in fragments (RFC 6455 §5.4). The library counts their bytes; here they are counted too, since one
that is empty takes memory as well, and no browser sends any.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.protocol import State

MAX_FRAGMENTS = 1_000  # of a message: browsers send one for every 64 kB or so

_TEXT, _BINARY = 0x81, 0x82  # FIN and the opcode
_MIDDLE, _LARGE = struct.Struct("!BBH").pack, struct.Struct("!BBQ").pack

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent


class LeanWebSocket(WebSocketsSansIOProtocol):
    """For `uvicorn.Config(ws=…)`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = Mailbox()  # type: ignore[assignment]  # has what uvicorn uses of a Queue
        self.writable = Gate()  # type: ignore[assignment]  # and of an Event

    async def send(self, message: ASGISendEvent) -> None:
        """Pass a message of the application on; once the handshake has left, forget it.

        A message goes out as one frame, written here: an event for 200 sockets is 200 frames of the same bytes.
        """
        if message["type"] == "websocket.send" and self.handshake_complete and not self.close_sent:
            await self.writable.wait()
            if self.disconnected or self.conn.state is not State.OPEN:
                raise ClientDisconnected
            self.transport.write(frame_of(message))
            return
        await super().send(message)
        if message["type"] == "websocket.accept":
            # A door whose frames may be larger than those of lessons says so; nobody is in there without a ticket.
            self.conn.max_message_size = cast("int", message.get("max_size", self.conn.max_message_size))
            self.scope["headers"] = []
            del self.request, self.response

    def handle_cont(self, event: Frame) -> None:
        """Take up a fragment of a message; too many of them end the connection (1009)."""
        if self.close_sent:
            return
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
            return
        self.frames = []
        self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
        self.handle_parser_exception()


def frame_of(message: Mapping[str, Any]) -> bytes:
    """Return the WebSocket frame (RFC 6455 §5.2) of an ASGI message: whole, unmasked, without extensions."""
    packed: bytes | None = message.get("bytes")
    data: bytes = message["text"].encode() if packed is None else packed
    opcode, size = _TEXT if packed is None else _BINARY, len(data)
    if size < 126:
        return bytes((opcode, size)) + data
    if size < 1 << 16:
        return _MIDDLE(opcode, 126, size) + data
    return _LARGE(opcode, 127, size) + data


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
