"""A participant without a browser: one WebSocket of `docs/signaling.md`, kept alive.

`LessonClient.run` holds the socket: it says hello, answers the heartbeat, applies events to `state`, and after a drop
comes back to the same seat by the resume token. Whoever uses it awaits `wait_change` and `request`; media that still
flows is left alone over a resume. `media_epoch` grows whenever connections have to be made anew.
"""

from __future__ import annotations

import asyncio
import enum
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from server.bot.entry import tls_context, websocket_url
from server.bot.options import Access
from signaling import messages as m, replica
from signaling.errors import ProtocolViolation, Refused, TongtangError, Unavailable
from signaling.frames import unpack

log = logging.getLogger(__name__)

PING_S: Final = 5.0  # docs/signaling.md: the server closes what was silent for 15 s
SILENT_S: Final = 15.0  # the same rule the other way round
REQUEST_S: Final = 10.0
GIVE_UP_S: Final = 60.0  # without a server for so long there is nothing to wait for
BACKOFF_S: Final = (0.2, 0.5, 1.0, 2.0, 3.0)

_decode: Callable[[bytes | str], m.ServerMessage] = msgspec.json.Decoder(m.ServerMessage).decode


def _text(data: bytes | str) -> bytes | str:
    """Return the JSON text in a frame."""
    return unpack(data) if isinstance(data, bytes) else data


def _decode_known(data: bytes | str) -> m.ServerMessage | None:
    """Return the message, or None for one that a newer server may send and this client does not know."""
    try:
        return _decode(_text(data))
    except (msgspec.DecodeError, ProtocolViolation) as error:
        log.debug("a message that is not understood: %s", error)
        return None


class Ending(enum.Enum):
    """Why `run` came back."""

    LESSON_ENDED = enum.auto()
    REPLACED = enum.auto()  # someone else took this seat
    LEFT = enum.auto()
    UNREACHABLE = enum.auto()


class LessonClient:
    """One seat in one lesson."""

    def __init__(self, access: Access, token: Callable[[], Awaitable[str]]) -> None:
        self._url = websocket_url(access.server)
        self._tls = tls_context(access)
        self._token = token
        self._socket: ClientConnection | None = None
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[m.ServerMessage]] = {}
        self._changed = asyncio.Event()
        self._resume = ""
        self._ending: Ending | None = None
        self._heard_at = 0.0
        self.state: m.Snapshot | None = None
        self.you = m.PeerId("")
        self.slots: tuple[m.SlotFill, ...] = ()
        self.links: tuple[m.Link, ...] = ()
        self.media_epoch = 0

    @property
    def is_ready(self) -> bool:
        """Whether a socket is open and the room's state is known."""
        return self._socket is not None and self.state is not None

    async def run(self) -> Ending:
        """Hold the seat until the lesson ends, another takes it, or the server is gone for `GIVE_UP_S`.

        Raises:
            Refused, ProtocolViolation: the server does not let us in.
        """
        loop = asyncio.get_running_loop()
        alive_at, failures = loop.time(), 0
        while self._ending is None:
            try:
                async with self._connect() as socket:
                    await self._enter(socket)
                    failures = 0
                    await self._converse(socket)
            except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, Unavailable) as error:
                log.info("与服务器的连接中断：%s", explain(error))
            if self._socket is not None:
                alive_at = loop.time()
            self._drop()
            if self._ending is None:
                if loop.time() - alive_at > GIVE_UP_S:
                    return Ending.UNREACHABLE
                await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
        return self._ending

    async def request(self, make: Callable[[int], m.ClientMessage]) -> m.ServerMessage:
        """Send what `make` makes of a fresh id and return its answer.

        Raises:
            Refused: the server said no.
            Unavailable: there is no connection now, or no answer came within `REQUEST_S`.
        """
        socket = self._socket
        if socket is None:
            raise Unavailable("not_connected", "现在没有连接到服务器。")
        number = next(self._ids)
        answer: asyncio.Future[m.ServerMessage] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await socket.send(m.encode(make(number)).decode())
            reply = await asyncio.wait_for(answer, REQUEST_S)
        except (TimeoutError, ConnectionClosed) as error:
            raise Unavailable("no_answer", "服务器没有回答。") from error
        finally:
            self._waiting.pop(number, None)
        if isinstance(reply, m.Error):
            raise Refused(reply.code, reply.detail)
        return reply

    async def wait_change(self, timeout_s: float) -> None:
        """Return at the next message of the server, at the latest after `timeout_s`."""
        self._changed.clear()
        try:
            async with asyncio.timeout(timeout_s):  # Python 3.11's wait_for loses a cancel that meets the event
                await self._changed.wait()
        except TimeoutError:
            return

    async def leave(self) -> None:
        """Give the seat up and end `run`."""
        self._ending = Ending.LEFT
        socket = self._socket
        if socket is not None:
            try:
                await socket.send(m.encode(m.Leave(next(self._ids))).decode())
                await socket.close()
            except ConnectionClosed:
                return

    def _connect(self) -> connect:
        return connect(
            self._url,
            ssl=self._tls,
            compression=None,  # messages are small, and a deflate window costs each seat 300 kB
            open_timeout=REQUEST_S,
            ping_interval=None,  # the protocol has its own heartbeat
            close_timeout=1,
            max_size=4 * 1024 * 1024,
            proxy=None,
        )

    async def _enter(self, socket: ClientConnection) -> None:
        """Say hello and take the first answer: a fresh seat or the old one."""
        seq = self.state.seq if self.state is not None and self._resume else 0
        hello = m.Hello(m.PROTOCOL_VERSION, await self._token(), self._resume, seq, inflates=True)
        await socket.send(m.encode(hello).decode())
        async with asyncio.timeout(REQUEST_S):
            first = _decode(_text(await socket.recv()))
        match first:
            case m.Welcome():
                self.you, self._resume, self.state = first.you, first.resume, first.snapshot
                self.media_epoch += 1
            case m.Resumed():
                self.you, self._resume = first.you, first.resume
            case m.Error(code=code, detail=detail):
                if self._resume:  # the seat was not kept: come back as a newcomer
                    self._resume = ""
                    raise Unavailable(code, detail)
                raise Refused(code, detail)
            case m.Bye():
                self._on_bye(first)
                return
            case _:
                raise ProtocolViolation("message_malformed", f"服务器先说了 {type(first).__name__}。")
        self._socket = socket
        self._changed.set()

    async def _converse(self, socket: ClientConnection) -> None:
        """Read until the socket or the seat ends, with the heartbeat beside."""
        if self._ending is not None:
            return
        self._heard_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.TaskGroup() as tasks:
                heartbeat = tasks.create_task(self._beat(socket))
                async for data in socket:
                    self._heard_at = asyncio.get_running_loop().time()
                    self._on_message(_decode_known(data))
                    self._changed.set()
                    if self._ending is not None and not self._waiting:  # who ended the lesson is answered after it
                        break
                heartbeat.cancel()
        except* (ConnectionClosed, Unavailable) as group:
            log.info("与服务器的连接中断：%s", "；".join(explain(one) for one in group.exceptions))

    async def _beat(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        for number in itertools.count(1):
            await socket.send(m.encode(m.Ping(number)).decode())
            await asyncio.sleep(PING_S)
            if loop.time() - self._heard_at > SILENT_S:
                await socket.close()
                return

    def _on_message(self, message: m.ServerMessage | None) -> None:
        match message:
            case m.Event():
                self._on_event(message)
            case m.Slots(slots=slots):
                self.slots = slots
            case m.Events(events=events):
                for event in events:
                    self._on_event(event)
            case m.Links(links=links, whole=whole, gone=gone):
                changed = {link.peer for link in links}
                kept = (
                    ()
                    if whole
                    else tuple(link for link in self.links if link.peer not in changed and link.peer not in gone)
                )
                self.links = (*kept, *links)
            case m.MediaReset() | m.RestartIce():
                self.media_epoch += 1
            case m.Bye():
                self._on_bye(message)
            case m.Ok(id=number) | m.PublishAnswer(id=number) | m.SubscribeOffer(id=number) | m.Error(id=number):
                answer = self._waiting.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(message)
            case m.Pong() | m.Welcome() | m.Resumed() | m.Encodings() | None:
                return

    def _on_event(self, event: m.Event) -> None:
        assert self.state is not None, "no event comes before the welcome"
        try:
            self.state = replica.apply(self.state, event)
        except ValueError:
            self._resume = ""
            raise Unavailable("events_missing", "漏掉了课堂事件。") from None
        if isinstance(event.body, m.LessonEnded):
            self._ending = Ending.LESSON_ENDED

    def _on_bye(self, bye: m.Bye) -> None:
        if bye.code == "replaced":
            self._ending = Ending.REPLACED
        elif bye.code == "lesson_ended":
            self._ending = Ending.LESSON_ENDED
        else:
            log.info("服务器结束了连接：%s", bye.detail)

    def _drop(self) -> None:
        self._socket = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Unavailable("not_connected", "与服务器的连接中断了。"))
        self._changed.set()


def explain(error: BaseException) -> str:
    """Return what to tell the person at the terminal about `error`."""
    return error.detail if isinstance(error, TongtangError) else str(error) or type(error).__name__
