"""The lesson's WebSocket, `/ws`: from frames to requests of a room, and back.

One socket has three tasks: this one reads and serves requests one after the other, one writes what the outbox holds,
one watches the time. Whatever ends first ends the socket; the seat waits in the room for its resume.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from prometheus_client import Counter, Gauge
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from server.lessons.live_room import LiveRoom
from server.lessons.rooms import RoomHost, admission_of
from signaling import messages as m
from signaling.errors import ProtocolViolation, TongtangError, Unavailable
from signaling.session import Outbox, Session

log = logging.getLogger(__name__)

SEND_S = 10.0  # a send that takes longer than this stands still: the peer reads nothing
LAST_SEND_S = 2.0  # and this long for the last words to a peer that is too slow anyway
MAX_SOCKETS = 2000  # of one process: 60 classrooms × 30 lessons; each costs about 100 kB

# RFC 6455 §7.4.1; the reason itself is in `bye` or `error`, in JSON
_NORMAL, _POLICY, _INTERNAL, _TRY_LATER = 1000, 1008, 1011, 1013

_sockets = Gauge("tongtang_sockets", "Open lesson sockets")
_overflows = Counter("tongtang_outbox_overflows_total", "Sockets closed because they were too slow")
_violations = Counter("tongtang_protocol_violations_total", "Sockets closed for breaking the contract", ["code"])


def routes(host: RoomHost) -> list[BaseRoute]:
    """Return the routes of the lesson's WebSocket."""
    open_sockets: set[SocketConnection] = set()

    async def endpoint(websocket: WebSocket) -> None:
        if len(open_sockets) >= MAX_SOCKETS:
            await websocket.close(_TRY_LATER)
            return
        await websocket.accept()
        connection = SocketConnection(websocket)
        open_sockets.add(connection)
        _sockets.set(len(open_sockets))
        try:
            await _Conversation(host, websocket, connection).hold()
        finally:
            open_sockets.discard(connection)
            _sockets.set(len(open_sockets))

    return [WebSocketRoute("/ws", endpoint)]


class SocketConnection:
    """The outbox of one socket and the task that empties it (`server.lessons.live_room.Connection`)."""

    lives_by_media = False

    def __init__(self, websocket: WebSocket) -> None:
        self.is_closing = False
        self._websocket = websocket
        self._outbox = Outbox()
        self._wake = asyncio.Event()
        self._close_code = _NORMAL
        self._sending: asyncio.Timeout | None = None

    def send(self, message: bytes) -> None:
        """Queue a message. When there is no room left the socket is closed with `too_slow`."""
        if self.is_closing:
            return
        try:
            self._outbox.push(message)
        except Unavailable as error:
            _overflows.inc()
            self._outbox.clear()
            self._hurry()
            self._finish(m.encode(m.Bye(error.code, error.detail)), _TRY_LATER)
        self._wake.set()

    def close(self, code: str, detail: str) -> None:
        """Say `Bye` after what is queued, and close."""
        self._finish(m.encode(m.Bye(code, detail)), _TRY_LATER if code == "shutdown" else _NORMAL)

    def fail(self, error: m.Error, close_code: int) -> None:
        """Say the fatal `error` after what is queued, and close."""
        self._finish(m.encode(error), close_code)

    async def write(self) -> None:
        """Send what is queued until the socket is to be closed; close it then.

        Raises:
            TimeoutError: the peer reads nothing.
        """
        while True:
            message = self._outbox.pop()
            if message is not None:
                async with asyncio.timeout(SEND_S) as self._sending:
                    await self._websocket.send_text(message.decode())
                self._sending = None
            elif self.is_closing:
                break
            else:
                self._wake.clear()
                await self._wake.wait()
        async with asyncio.timeout(LAST_SEND_S):
            await self._websocket.close(self._close_code)

    def _finish(self, last: bytes, close_code: int) -> None:
        if self.is_closing:
            return
        self.is_closing = True
        self._close_code = close_code
        try:
            self._outbox.push(last)
        except Unavailable:
            self._outbox.clear()
            self._outbox.push(last)
        self._wake.set()

    def _hurry(self) -> None:
        """Give the send that stands still a last chance."""
        if self._sending is not None:
            self._sending.reschedule(min(self._sending.when() or 0.0, asyncio.get_running_loop().time() + LAST_SEND_S))


class _Closed(Exception):
    """The socket is over; the tasks of the conversation end with it."""


class _Conversation:
    """One socket from its first message to its last."""

    def __init__(self, host: RoomHost, websocket: WebSocket, connection: SocketConnection) -> None:
        self._host = host
        self._websocket = websocket
        self._connection = connection
        self._session = Session(time.monotonic())
        self._room: LiveRoom | None = None
        self._peer = m.PeerId("")
        self._gone: Callable[[], None] | None = None

    async def hold(self) -> None:
        """Talk until either side ends it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write())
                tasks.create_task(self._watch())
                await self._read()
        except* (_Closed, WebSocketDisconnect):
            pass
        finally:
            self._connection.is_closing = True
            if self._gone is not None:
                self._gone()

    # --- the three tasks

    async def _read(self) -> None:
        while True:
            data = await self._receive()
            if self._connection.is_closing:
                continue  # what a client says after the last word is read until it hangs up, and not heard
            request = 0
            try:
                self._session.on_message(time.monotonic())
                message = m.decode_client(data)
                request = getattr(message, "id", 0)
                await self._serve(message)
            except TongtangError as error:
                self._answer_error(request, error)
            except Exception:
                log.exception("a request of %s failed", self._peer or "an unknown client")
                detail = "服务器内部出错，已经记录下来。正在重新连接。"
                self._connection.fail(m.Error(request, "internal_error", detail, fatal=True), _INTERNAL)

    async def _write(self) -> None:
        try:
            await self._connection.write()
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            log.info("the socket of %s stands still and is closed", self._peer)
        raise _Closed

    async def _watch(self) -> None:
        while not self._connection.is_closing:
            await asyncio.sleep(max(0.01, self._session.next_timeout() - time.monotonic()))
            try:
                self._session.on_timeout(time.monotonic())
            except ProtocolViolation as error:
                self._answer_error(0, error)

    # --- inside

    async def _receive(self) -> bytes:
        """Return the next message; text and binary frames are the same to us.

        Raises:
            WebSocketDisconnect: the client hung up.
        """
        frame = await self._websocket.receive()
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(frame.get("code", 1005), frame.get("reason"))
        text: str | None = frame.get("text")
        data: bytes = frame["bytes"] if text is None else text.encode("utf-8", "surrogatepass")
        return data

    def _answer_error(self, request: int, error: TongtangError) -> None:
        is_fatal = isinstance(error, ProtocolViolation) or self._room is None
        answer = m.Error(request, error.code, error.detail, is_fatal)
        if not is_fatal:
            self._connection.send(m.encode(answer))
            return
        if isinstance(error, ProtocolViolation):
            _violations.labels(error.code).inc()
        self._connection.fail(answer, _TRY_LATER if isinstance(error, Unavailable) else _POLICY)

    async def _serve(self, message: m.ClientMessage) -> None:
        if self._room is None:
            if not isinstance(message, m.Hello):
                raise ProtocolViolation("hello_expected", "请先发送入课请求。")
            await self._enter(message)
            return
        room, peer = self._room, self._peer
        match message:
            case m.Hello():
                raise ProtocolViolation("hello_repeated", "入课请求只能发送一次。")
            case m.Ping(n=n):
                reply: m.ServerMessage = m.Pong(n, room.room.t_ms(time.monotonic()))
            case m.ReportPlayback():
                room.on_playback(peer, message)
                return
            case m.Publish(id=number, sdp=sdp, sources=sources):
                reply = m.PublishAnswer(number, await room.publish(peer, sdp, sources))
            case m.Subscribe():
                reply = await room.subscribe(peer, message)
            case m.SubscribeAnswer(id=number, sdp=sdp):
                await room.answer(peer, sdp)
                reply = m.Ok(number)
            case m.Leave(id=number):
                self._connection.send(m.encode(m.Ok(number)))
                room.leave(peer)
                return
            case _:
                room.handle(peer, message)
                reply = m.Ok(message.id)
        self._connection.send(m.encode(reply))

    async def _enter(self, hello: m.Hello) -> None:
        if hello.version != m.PROTOCOL_VERSION:
            raise ProtocolViolation("version_unsupported", "页面版本已过期，请刷新页面。")
        room, seat = await self._host.admit(hello.token, hello.resume)
        if self._connection.is_closing or self._websocket.client_state is not WebSocketState.CONNECTED:
            return
        if seat is None:
            entered = room.resume(hello.resume, hello.last_seq, self._connection)
            if entered is None:
                self._host.tokens.verify(hello.token)  # refuses again, with the reason
                raise AssertionError("a token that was refused is good now")
        else:
            entered = room.join(admission_of(seat), self._connection, hello.resume, hello.last_seq)
        self._session.on_hello()
        joined, self._gone = entered
        self._room, self._peer = room, joined.you
