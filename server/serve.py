"""Run the server until it is told to stop, and stop it without losing anything."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from server.addresses import check_udp, listen_tcp, local_ipv4
from server.app import build_app, open_services
from server.collector import seldom_collecting
from server.context import Services
from server.demo.people import DemoPeople
from server.demo.seed import Demo
from server.lean_websocket import LeanWebSocket
from server.live import media_bind, worker_count
from server.settings import Settings
from server.tls import check_pair, own_certificate
from server.web_server import WebServer
from signaling.errors import TongtangError
from signaling.messages import MAX_MESSAGE_BYTES

OPEN_FILES = 20_000  # MAX_SOCKETS lessons' sockets, as many connections for pages, and the database

Started = Callable[[Services, str], None]


async def serve(settings: Settings, on_started: Started, on_stopping: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_started` is called with the address once all is up.

    Raises:
        Unavailable: a port is taken, the data folder or the database cannot be used.
    """
    _allow_open_files()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with serving(settings) as (services, url):
            on_started(services, url)
            with seldom_collecting():
                await stop.wait()
            on_stopping()
    except BaseExceptionGroup as group:
        told = _told(group)
        if told is None:
            raise
        raise told from None
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _allow_open_files() -> None:
    """Take as many files as the system allows: the usual 1,024 are fewer sockets than a county has screens."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < hard:
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _told(group: BaseExceptionGroup[BaseException]) -> TongtangError | None:
    """Return the error that a person is told when the group holds nothing but that one."""
    found = group.exceptions[0]
    if len(group.exceptions) > 1:
        return None
    if isinstance(found, BaseExceptionGroup):
        return _told(found)
    return found if isinstance(found, TongtangError) else None


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[Services, str]]:
    """Serve inside the block; yield the services and the address of the server.

    Order of the end: rooms say good-bye and store their events, recordings are closed, then HTTP stops.
    """
    settings = with_certificate(settings)
    for index in range(worker_count(settings)):
        check_udp(media_bind(settings), settings.media_port + index)
    with listen_tcp(settings.host, settings.port) as listener:
        port = listener.getsockname()[1]
        async with asyncio.TaskGroup() as tasks:
            async with open_services(settings) as services:
                server = WebServer(_config(settings, services))
                tasks.create_task(server.serve([listener]), name="http")
                await server.is_up.wait()
                url = f"{settings.scheme}://{_shown(settings.host)}:{port}"
                async with _demo(settings, services, url):
                    yield services, url
            server.should_exit = True


@asynccontextmanager
async def _demo(settings: Settings, services: Services, url: str) -> AsyncIterator[None]:
    """Keep the demonstration's people in their lesson inside the block."""
    if not isinstance(services.demo, Demo):
        yield
        return
    certificate = settings.tls_cert if settings.tls_mode == "self" else None
    people = DemoPeople(services.demo, services.tokens, services.live, services.live, settings.data, certificate)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(people.run(url), name="demo people")
        try:
            yield
        finally:
            task.cancel()


def with_certificate(settings: Settings) -> Settings:
    """Return the settings with certificate and key that can be used.

    Raises:
        Unavailable: `certificate_unusable`, or the data folder cannot be written.
    """
    if settings.tls_mode == "self":
        names = tuple(sorted({"localhost", socket.gethostname()}))
        found = own_certificate(settings.data / "tls", names, ("127.0.0.1", *local_ipv4()), datetime.now(UTC))
        return replace(settings, tls_cert=found[0], tls_key=found[1])
    if settings.tls_cert is not None and settings.tls_key is not None:
        check_pair(settings.tls_cert, settings.tls_key)
    return settings


def _front(app: Starlette) -> ASGIApp:
    """Return `app` with a way for lessons' sockets past its middleware, which is for HTTP.

    Each layer costs every open socket half a kilobyte of waiting coroutine: 6 kB in all (bench.events).
    """
    doors: dict[str, ASGIApp] = {route.path: route.app for route in app.routes if isinstance(route, WebSocketRoute)}

    def choose(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        door = doors.get(scope["path"]) if scope["type"] == "websocket" else None
        return (door or app)(scope, receive, send)

    return choose


def _config(settings: Settings, services: Services) -> uvicorn.Config:
    return uvicorn.Config(
        _front(build_app(services)),
        interface="asgi3",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws=LeanWebSocket,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=None,  # the lesson's own ping/pong keeps the time
        ws_per_message_deflate=False,  # its windows are 48 kB a socket; what is large is compressed one by one
        timeout_graceful_shutdown=int(settings.shutdown_s),
        timeout_keep_alive=65,  # longer than a screen's polling interval: no new TLS handshake for each
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "localhost"
    return f"[{host}]" if ":" in host else host
