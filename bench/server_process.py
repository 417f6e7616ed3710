"""A whole server with lessons in a folder of its own, for benches: the real command line and media worker."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError

from server.accounts.model import Asker
from server.accounts.passwords import Passwords
from server.accounts.service import AccountService
from server.data_folder import data_folder, load_secret
from server.lessons.page_files import PageFiles
from server.lessons.ports import Seat
from server.lessons.service import LessonService
from server.lessons.tokens import SignedRoomTokens
from server.storage.database import open_database, sqlite_url
from signaling.messages import Deck, Event, LessonInfo, RoomId
from signaling.roles import Role

ROOT = Path(__file__).resolve().parent.parent
START_S = 30.0
Past = Callable[[LessonInfo, Deck | None], tuple[LessonInfo, tuple[Event, ...]]]
STOP_S = 10.0


@dataclass(frozen=True)
class BenchServer:
    """A running server and the right to sit in its lessons."""

    port: int
    lessons: tuple[RoomId, ...]
    tokens: SignedRoomTokens
    pid: int  # of the web process
    password: str = ""  # of the account `lecturer`

    @property
    def lesson(self) -> RoomId:
        """Return the first lesson."""
        return self.lessons[0]

    @property
    def websocket_url(self) -> str:
        """Return where the lesson's WebSocket is."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def token(self, role: Role, name: str, lesson: RoomId | None = None) -> str:
        """Return a room token for a seat of its own, in the first lesson unless another is named."""
        classroom = name if role is Role.CLASSROOM else None
        return self.tokens.issue(Seat(lesson or self.lesson, f"bot:{name}", role, name, "青山小学", classroom))

    def rss_bytes(self) -> int:
        """Return the memory that the web process has in RAM (Linux)."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        """Return the processor time that the web process has used (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _plan_lessons(
    folder: Path, lessons: int, pages: int, past: Past | None
) -> tuple[tuple[RoomId, ...], bytes, str]:
    """Put a school, a lecturer and lessons into the folder.

    Returns:
        The lessons, the secret that signs tokens, and the password of the lecturer's account.
    """
    password = secrets.token_urlsafe(16)
    with data_folder(folder):
        secret = load_secret(folder)
        async with open_database(sqlite_url(folder / "tongtang.db")) as database:
            accounts = AccountService(database, Passwords())
            school = await accounts.found_school("实验小学", "urban", "云岭县")
            await accounts.enrol("lecturer", password, "周明远", school.id, False)
            lecturer = (await accounts.find_people(("lecturer",)))["lecturer"]
            service = LessonService(database, PageFiles(folder / "pages"))
            deck = [await service.keep_drawing(_drawing(n + 1), f"第 {n + 1} 页") for n in range(pages)]
            planned: list[RoomId] = []
            for _ in range(lessons):
                lesson = await service.plan(
                    lecturer, "光的折射", "科学", datetime.now(UTC), 40, (), None, open_to_observers=True
                )
                if deck:
                    await service.set_pages(Asker(lecturer), lesson.id, tuple(deck))
                planned.append(lesson.id)
                if past is not None:
                    await _let_pass(service, lesson.id, past)
    return tuple(planned), secret, password


async def _let_pass(service: LessonService, lesson: RoomId, past: Past) -> None:
    """Make the lesson one that has been going on: the server opens it again when it starts."""
    stored = await service.load(lesson)
    assert stored is not None
    info, events = past(stored.info, stored.deck)
    await service.opened(lesson, int(datetime.now(UTC).timestamp() * 1000) - events[-1].t_ms)
    await service.append(lesson, info, events)


def _drawing(number: int) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1600 900"><rect width="1600" height="900" fill="#fff"/>'
        f'<text x="80" y="160" font-size="72">第 {number} 页</text></svg>'
    )


@asynccontextmanager
async def running_server(
    port: int, media_port: int, *, lessons: int = 1, pages: int = 0, past: Past | None = None
) -> AsyncIterator[BenchServer]:
    """Run a server with lessons of `pages` pages for the length of the block; `past` is what has happened in them.

    Raises:
        TimeoutError: it did not come up within 30 s.
    """
    with tempfile.TemporaryDirectory(prefix="tongtang-bench-") as name:
        folder = Path(name)
        planned, secret, password = await _plan_lessons(folder, lessons, pages, past)
        flags = {"--port": port, "--media-port": media_port, "--data": folder, "--media-addresses": "127.0.0.1"}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "server.cli", "serve", "--no-demo", "--log-level", "warning"),
            *(str(part) for pair in flags.items() for part in pair),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
        )
        try:
            await _wait_until_ready(process, port)
            yield BenchServer(port, planned, SignedRoomTokens(secret), process.pid, password)
        finally:
            await _stop(process)


async def _wait_until_ready(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(START_S):
        while not await asyncio.to_thread(_is_ready, port):
            if process.returncode is not None:
                raise ConnectionError("the server has ended")
            await asyncio.sleep(0.1)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            parts: dict[str, str] = json.load(answer)
    except (URLError, OSError):
        return False
    return parts["media"] == parts["recorder"] == "ready"


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
