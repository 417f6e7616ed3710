"""A whole live plane on loopback: rooms, real media workers, the real recorder, uvicorn, and a database in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import msgspec
import uvicorn
import websockets
from starlette.applications import Starlette

from recorder.control import RecordingChanged
from server import problems
from server.lean_websocket import LeanWebSocket
from server.lessons import catchup_routes, websocket, whip
from server.lessons.ports import Seat, StoredLesson
from server.lessons.rooms import LiveSettings, RoomHost
from server.processes.media import MediaWorkers
from server.processes.recorder import RecorderLink
from signaling import messages as m
from signaling.errors import Refused, TongtangError
from signaling.frames import unpack
from signaling.playback import Playback
from signaling.roles import Role
from tests.ports import free_port

LESSON = m.RoomId("abcd2345")
DECK = m.Deck("d1", "光的折射", 3, "/api/lessons/abcd2345/pages/{page}", ("封面", "观察", "练习"))
PATIENCE_S = 10.0
Message = TypeVar("Message", bound=msgspec.Struct)
_decode = msgspec.json.Decoder(m.ServerMessage).decode


class MemoryStore:
    """Lessons in memory (`server.lessons.ports.LessonStore`), with a switch for a database that is down."""

    def __init__(self) -> None:
        info = m.LessonInfo(LESSON, "光的折射", "科学", "实验小学", 40, "scheduled")
        self.lessons = {LESSON: StoredLesson(info, DECK, None, ())}
        self.is_down = False

    async def load(self, lesson: m.RoomId) -> StoredLesson | None:
        return self.lessons.get(lesson)

    async def opened(self, lesson: m.RoomId, wallclock_ms: int) -> None:
        self.lessons[lesson] = msgspec.structs.replace(self.lessons[lesson], opened_wallclock_ms=wallclock_ms)

    async def append(self, lesson: m.RoomId, info: m.LessonInfo, events: tuple[m.Event, ...]) -> None:
        if self.is_down:
            raise OSError("the database is down")
        stored = self.lessons[lesson]
        new = tuple(event for event in events if event.seq > len(stored.events))
        self.lessons[lesson] = msgspec.structs.replace(stored, info=info, events=(*stored.events, *new))

    async def keep_playback(self, lesson: m.RoomId, rows: tuple[Playback, ...]) -> None:
        if self.is_down:
            raise OSError("the database is down")
        stored = self.lessons[lesson]
        kept = {row.peer: row for row in (*stored.playback, *rows)}
        self.lessons[lesson] = msgspec.structs.replace(stored, playback=tuple(kept.values()))

    async def live(self) -> tuple[m.RoomId, ...]:
        return tuple(lesson for lesson, stored in self.lessons.items() if stored.info.state == "live")

    def bodies(self) -> list[m.EventBody]:
        return [event.body for event in self.lessons[LESSON].events]


class PlainTokens:
    """Tokens that are the seat itself (`server.lessons.ports.RoomTokens`); 'expired' and junk are refused."""

    def issue(self, seat: Seat) -> str:
        return msgspec.json.encode(seat).hex()

    def verify(self, token: str) -> Seat:
        if token == "expired":
            raise Refused("token_expired", "入课凭证已过期，请重新进入。")
        try:
            return msgspec.json.decode(bytes.fromhex(token), type=Seat)
        except (ValueError, msgspec.MsgspecError) as error:
            raise Refused("token_invalid", "入课凭证无效，请重新进入。") from error


class MemoryLibrary:
    """What the recorder said (`server.lessons.ports.RecordingStore`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.news: list[RecordingChanged] = []
        self.described_before: int | None = None  # how much news had come when it was described

    async def begin(self, lesson: m.RoomId, title: str) -> tuple[str, str]:
        return f"rec-{lesson}", str(self._folder / lesson)

    async def describe(self, lesson: m.RoomId) -> None:
        self.described_before = len(self.news)

    async def changed(self, change: RecordingChanged) -> None:
        self.news.append(change)


class Client:
    """A participant's socket."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.heard: list[m.ServerMessage] = []
        self.welcome: m.Welcome | None = None
        self.binary_frames = 0

    async def send(self, message: m.ClientMessage) -> None:
        await self.socket.send(m.encode(message))

    async def hear(self, kind: type[Message]) -> Message:
        """Return the next message of `kind`; what comes before it is kept in `heard`."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                data = await self.socket.recv()
                message = _decode(unpack(data) if isinstance(data, bytes) else data)
                self.binary_frames += isinstance(data, bytes)
                self.heard.append(message)
                if isinstance(message, kind):
                    return message

    async def event(self, kind: type[Message]) -> Message:
        """Return the body of the next event of `kind`."""
        while True:
            body = (await self.hear(m.Event)).body
            if isinstance(body, kind):
                return body

    async def closed(self) -> int:
        """Wait for the server to close; return its code."""
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(websockets.ConnectionClosed):
                while True:
                    self.heard.append(_decode(await self.socket.recv()))
        assert self.socket.close_code is not None
        return self.socket.close_code


class Live:
    """The running server and everything around it."""

    def __init__(self, port: int, host: RoomHost, store: MemoryStore, library: MemoryLibrary) -> None:
        self.port = port
        self.http = f"http://127.0.0.1:{port}"
        self.host = host
        self.store = store
        self.library = library
        self.tokens = PlainTokens()

    def token(self, role: Role, subject: str = "person:1", classroom: str | None = None) -> str:
        name = {Role.LECTURER: "王老师", Role.CLASSROOM: "五年级", Role.LOCAL_TEACHER: "赵老师"}.get(role, "教研员")
        return self.tokens.issue(Seat(LESSON, subject, role, name, "实验小学", classroom))

    @contextlib.asynccontextmanager
    async def socket(self) -> AsyncIterator[Client]:
        url = self.http.replace("http", "ws") + "/ws"
        async with websockets.connect(url, proxy=None, ping_interval=None, max_queue=None) as socket:
            yield Client(socket)

    @contextlib.asynccontextmanager
    async def joined(
        self, role: Role, subject: str = "person:1", classroom: str | None = None
    ) -> AsyncIterator[Client]:
        async with self.socket() as client:
            await client.send(m.Hello(m.PROTOCOL_VERSION, self.token(role, subject, classroom)))
            client.welcome = await client.hear(m.Welcome)
            yield client


@contextlib.asynccontextmanager
async def live_server(folder: Path, store: MemoryStore | None = None, grace_s: float = 0.3) -> AsyncIterator[Live]:
    """Run the server (HTTP and media UDP on one port of loopback) inside the block."""
    port = free_port()
    store, library = store or MemoryStore(), MemoryLibrary(folder)
    media = MediaWorkers(1, port, "127.0.0.1", ("127.0.0.1",))
    host = RoomHost(
        store, PlainTokens(), library, media, RecorderLink(folder / "tap"), LiveSettings(ended_grace_s=grace_s)
    )
    app = Starlette(
        routes=[*websocket.routes(host), *whip.routes(host), *catchup_routes.routes(host)],
        exception_handlers={TongtangError: problems.on_error},
    )
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        ws=LeanWebSocket,
        ws_max_size=m.MAX_MESSAGE_BYTES,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    async with host.running(), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server._serve())  # serve() would take the signal handlers
        async with asyncio.timeout(PATIENCE_S):
            await media.wait_ready()
            while not server.started:
                await asyncio.sleep(0.01)
        try:
            yield Live(port, host, store, library)
        finally:
            server.should_exit = True
            await serving
