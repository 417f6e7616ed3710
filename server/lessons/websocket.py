"""The lesson's WebSocket, `/ws`: from frames to requests of a room, and back.

One socket has two tasks: one reads and serves requests one after the other, one writes what the outbox holds. One
timer looks after the silence of all sockets of the process. Whatever ends first ends the socket; the seat waits in the
room for its resume.

It speaks ASGI itself instead of through Starlette's classes: five thousand sockets that are idle are a few thousand
coroutines that wait, and each frame of them, each object of the way in, is held five thousand times (bench.events).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from prometheus_client import Counter, Gauge
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import Message, Receive, Scope, Send

from server.lessons.live_room import LiveRoom
from server.lessons.rooms import RoomHost, admission_of
from signaling import messages as m
from signaling.board_frames import MARK, InkGate
from signaling.errors import ProtocolViolation, TongtangError, Unavailable
from signaling.frames import Encoded
from signaling.session import Outbox, Session

log = logging.getLogger(__name__)

PATH = "/ws"
SEND_S = 10.0  # a send that takes longer than this stands still: the peer reads nothing
LAST_SEND_S = 2.0  # and this long for the last words to a peer that is too slow anyway
PACK_ASIDE_BYTES = 32_768  # compressing more than this takes longer than a millisecond, and does so in a thread
SWEEP_S = 1.0  # how late a silence may be noticed
MAX_SOCKETS = 8000  # of one process; bench.events: 5,000 cost it about 0.15 GB and 20 % of one core while they idle

# RFC 6455 §7.4.1; the reason itself is in `bye` or `error`, in JSON
_NORMAL, _POLICY, _INTERNAL, _TRY_LATER = 1000, 1008, 1011, 1013

_sockets = Gauge("tongtang_sockets", "Open lesson sockets")
_overflows = Counter("tongtang_outbox_overflows_total", "Sockets closed because they were too slow")
_violations = Counter("tongtang_protocol_violations_total", "Sockets closed for breaking the contract", ["code"])


class _HungUp(Exception):
    """The client is gone."""


class LessonDoor:
    """The WebSocket `/ws` as an ASGI application, with all sockets that are open."""

    def __init__(self, host: RoomHost) -> None:
        self._host = host
        self._open: set[_Conversation] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one socket from its handshake to its end."""
        await receive()  # websocket.connect
        if len(self._open) >= MAX_SOCKETS:
            await send({"type": "websocket.close", "code": _TRY_LATER})
            return
        await send({"type": "websocket.accept"})
        conversation = _Conversation(self._host, receive, send)
        self._open.add(conversation)
        self._count()
        try:
            await conversation.hold()
        finally:
            self._open.discard(conversation)
            self._count()

    def _count(self) -> None:
        _sockets.set(len(self._open))
        if self._open and self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
        elif not self._open and self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    def _sweep(self) -> None:
        """Close who is silent for too long or takes nothing: one timer, because five thousand wake a core for that."""
        self._sweeping = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
        now = time.monotonic()
        for conversation in tuple(self._open):
            conversation.on_time(now)


def routes(host: RoomHost) -> list[BaseRoute]:
    """Return the routes of the lesson's WebSocket."""
    return [WebSocketRoute(PATH, LessonDoor(host))]


class SocketConnection:
    """The outbox of one socket and the task that empties it (`server.lessons.live_room.Connection`)."""

    __slots__ = (
        *("_close_code", "_ink", "_limit", "_outbox", "_send", "_sending_since", "_wake"),
        *("inflates", "is_closing"),
    )

    lives_by_media = False

    def __init__(self, send: Send) -> None:
        self.inflates = False
        self.is_closing = False
        self._send = send
        self._outbox = Outbox()
        self._ink = InkGate()
        self._wake: asyncio.Future[None] | None = None  # an Event is 0.8 kB larger, for every idle socket
        self._close_code = _NORMAL
        self._limit: asyncio.Timeout | None = None
        self._sending_since: float | None = None

    def send(self, message: Encoded) -> None:
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
        self._rouse()

    def relay(self, frame: bytes) -> None:
        """Queue ink in flight, unless much waits already."""
        if self._ink.passes(frame, len(self._outbox)):
            self.send(Encoded(frame))

    def close(self, code: str, detail: str) -> None:
        """Say `Bye` after what is queued, and close."""
        self._finish(m.encode(m.Bye(code, detail)), _TRY_LATER if code == "shutdown" else _NORMAL)

    def fail(self, error: m.Error, close_code: int) -> None:
        """Say the fatal `error` after what is queued, and close."""
        self._finish(m.encode(error), close_code)

    async def write(self) -> None:
        """Send what is queued until the socket is to be closed; close it then.

        A limit for each send would be a timer for each message: `on_time` looks after all sends instead.

        Raises:
            TimeoutError: the peer reads nothing.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as self._limit:
            while True:
                message = self._outbox.pop()
                if message is not None:
                    frame = await self._frame(message)
                    self._sending_since = loop.time()
                    await self._send(frame)
                    self._sending_since = None
                elif self.is_closing:
                    break
                else:
                    self._wake = loop.create_future()
                    await self._wake
            self._limit.reschedule(loop.time() + LAST_SEND_S)
            await self._send({"type": "websocket.close", "code": self._close_code})

    def on_time(self, now: float) -> None:
        """Give up a send that stands still."""
        if self._sending_since is not None and now - self._sending_since >= SEND_S and self._limit is not None:
            self._limit.reschedule(now)

    async def _frame(self, message: Encoded) -> Message:
        """Return the message as ASGI sends it: compressed when it is large and the client knows that."""
        if not (self.inflates and message.is_large):
            return {"type": "websocket.send", "text": message.text.decode()}
        if len(message.text) > PACK_ASIDE_BYTES:
            return {"type": "websocket.send", "bytes": await asyncio.to_thread(message.packed)}
        return {"type": "websocket.send", "bytes": message.packed()}

    def _finish(self, last: bytes, close_code: int) -> None:
        if self.is_closing:
            return
        self.is_closing = True
        self._close_code = close_code
        words = Encoded(last)
        try:
            self._outbox.push(words)
        except Unavailable:
            self._outbox.clear()
            self._outbox.push(words)
        self._rouse()

    def _rouse(self) -> None:
        """Wake the task that writes."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _hurry(self) -> None:
        """Give the send that stands still a last chance."""
        if self._limit is not None and self._limit.when() is None:
            self._limit.reschedule(asyncio.get_running_loop().time() + LAST_SEND_S)


class _Closed(Exception):
    """The socket is over; the tasks of the conversation end with it."""


class _Conversation:
    """One socket from its first message to its last."""

    __slots__ = ("_connection", "_gone", "_host", "_peer", "_receive", "_room", "_session")

    def __init__(self, host: RoomHost, receive: Receive, send: Send) -> None:
        self._host = host
        self._receive = receive
        self._connection = SocketConnection(send)
        self._session = Session(time.monotonic())
        self._room: LiveRoom | None = None
        self._peer = m.PeerId("")
        self._gone: Callable[[], None] | None = None

    async def hold(self) -> None:
        """Talk until either side ends it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write())
                await self._read()
        except* (_Closed, _HungUp):
            pass
        finally:
            self._connection.is_closing = True
            if self._gone is not None:
                self._gone()

    def on_time(self, now: float) -> None:
        """Close the socket when it was silent for too long, or takes nothing."""
        self._connection.on_time(now)
        if self._connection.is_closing:
            return
        try:
            self._session.on_timeout(now)
        except ProtocolViolation as error:
            self._answer_error(0, error)

    # --- the two tasks

    async def _read(self) -> None:
        while True:
            data = await self._next()
            if self._connection.is_closing:
                continue  # what a client says after the last word is read until it hangs up, and not heard
            request = 0
            try:
                if data.startswith(MARK) and self._room is not None:
                    self._session.on_ink(time.monotonic())
                    self._room.on_ink(self._peer, data)
                    continue
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
        except (TimeoutError, OSError, RuntimeError):
            log.info("the socket of %s stands still and is closed", self._peer)
        raise _Closed

    # --- inside

    async def _next(self) -> bytes:
        """Return the next message; text and binary frames are the same to us.

        Raises:
            _HungUp: the client hung up.
        """
        frame = await self._receive()
        if frame["type"] == "websocket.disconnect":
            raise _HungUp
        text: str | None = frame.get("text")
        data: bytes = frame["bytes"] if text is None else text.encode("utf-8", "surrogatepass")
        return data

    def _answer_error(self, request: int, error: TongtangError) -> None:
        is_fatal = isinstance(error, ProtocolViolation) or self._room is None
        answer = m.Error(request, error.code, error.detail, is_fatal)
        if not is_fatal:
            self._connection.send(Encoded(m.encode(answer)))
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
                self._connection.send(Encoded(m.encode(m.Ok(number))))
                room.leave(peer)
                return
            case _:
                room.handle(peer, message)
                reply = m.Ok(message.id)
        self._connection.send(Encoded(m.encode(reply)))

    async def _enter(self, hello: m.Hello) -> None:
        if hello.version != m.PROTOCOL_VERSION:
            raise ProtocolViolation("version_unsupported", "页面版本已过期，请刷新页面。")
        self._connection.inflates = hello.inflates
        room, seat = await self._host.admit(hello.token, hello.resume)
        if self._connection.is_closing:
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
