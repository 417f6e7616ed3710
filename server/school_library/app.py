"""The school's library as a program of its own: `tongtang library`. No database, no other service."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from server.accounts.service import digest, epoch_ms, utc_now
from server.addresses import listen_tcp, local_ipv4
from server.data_folder import data_folder
from server.middleware import BodyLimit, OwnHeader, SecurityHeaders
from server.problems import on_error
from server.school_library.incoming import Incoming
from server.school_library.jobs import Jobs
from server.school_library.lan import Neighbours, announced
from server.school_library.routes import Desk
from server.school_library.shelf import Shelf
from server.school_library.uses import UseLog
from server.storage.ids import new_code
from server.web_server import WebServer
from signaling.errors import TongtangError

# Where Linux desktops mount what is plugged in (udisks2), and where administrators do by hand.
STICK_ROOTS = (Path("/media"), Path("/run/media"), Path("/mnt"))
SHUTDOWN_S = 5


class Opened(NamedTuple):
    """A library that serves."""

    url: str
    word: str  # that opens its settings from other computers; empty: it was told at an earlier start
    hears_others: bool


@asynccontextmanager
async def open_library(
    folder: Path,
    host: str,
    port: int,
    *,
    word: str = "",
    roots: tuple[Path, ...] = STICK_ROOTS,
    local_time: Callable[[], datetime] | None = None,
    is_announced: bool = True,
) -> AsyncIterator[Opened]:
    """Serve a school's library inside the block.

    Raises:
        Unavailable: the data folder or the port cannot be used; `library_broken`.
    """
    with data_folder(folder) as data, listen_tcp(host, port) as listener:
        shelf = Shelf(data, lambda: epoch_ms(utc_now()))
        told = _word(shelf, word)
        jobs = Jobs(shelf, UseLog(data))
        bound = listener.getsockname()[1]
        own = f"tongtang-{socket.gethostname()[:30]}-{bound}"
        url = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{bound}"
        seen_at = [f"http://{one}:{bound}" for one in local_ipv4()] if host in ("0.0.0.0", "::") else [url]
        neighbours = Neighbours(own, seen_at)
        desk = Desk(jobs, neighbours, Incoming(data / "incoming"), list(roots))
        server = WebServer(
            uvicorn.Config(
                build(desk),
                interface="asgi3",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=SHUTDOWN_S,
            )
        )
        async with (
            _announced(neighbours, own, shelf.state.name, bound, is_announced) as hears,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(server.serve([listener]), name="http")
            work = tasks.create_task(jobs.run(local_time or _local_time), name="jobs")
            await server.is_up.wait()
            try:
                yield Opened(url, told, hears)
            finally:
                jobs.stop()
                work.cancel()
                server.should_exit = True


def build(desk: Desk) -> Starlette:
    """Return the ASGI application."""
    return Starlette(
        routes=desk.routes(),
        middleware=[Middleware(SecurityHeaders), Middleware(OwnHeader), Middleware(BodyLimit)],
        exception_handlers={TongtangError: on_error, HTTPException: on_error, Exception: on_error},
    )


async def run(folder: Path, host: str, port: int, word: str, on_started: Callable[[Opened], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        Unavailable: as `open_library`.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_library(folder, host, port, word=word) as opened:
        on_started(opened)
        await stop.wait()


@asynccontextmanager
async def _announced(neighbours: Neighbours, own: str, shown: str, port: int, is_wanted: bool) -> AsyncIterator[bool]:
    if not is_wanted:
        yield False
        return
    async with announced(neighbours, own, shown, port) as hears:
        yield hears


def _word(shelf: Shelf, word: str) -> str:
    """Set the word that was given, or make one at the first start; return a word that must be told."""
    if not word and shelf.state.admin:
        return ""
    told = "" if word else new_code()
    shelf.change(admin=digest(word or told))
    return told


def _local_time() -> datetime:
    return datetime.now(UTC).astimezone()
