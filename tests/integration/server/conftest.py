from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from starlette.routing import BaseRoute

from server.accounts.model import Asker
from server.accounts.passwords import Passwords
from server.app import build_app, make_basis, open_domains
from server.context import Services
from server.demo.seed import Demo
from server.ground import Ground
from server.lessons.catchup import Spare
from server.lessons.decks.worker import DeckWorker
from server.lessons.model import Page, PageFile
from server.lessons.packs.pace import Pace
from server.lessons.ports import Seat
from server.lessons.rooms import Seats
from server.settings import load
from server.storage.database import Database, open_database, sqlite_url
from signaling.data_caps import DataCap
from signaling.messages import Clip, Deck, RoomId, Roster, Rung, Segment
from signaling.roles import Role

PASSWORD = "correct horse 电池"


class QuietLive:
    """A live plane without lessons: nobody is in, and what it is told is written down."""

    is_media_ready = True
    is_recorder_ready = False

    def __init__(self) -> None:
        self.decks: list[tuple[RoomId, Deck | None]] = []
        self.clips: list[tuple[RoomId, tuple[Clip, ...]]] = []
        self.segments: list[tuple[RoomId, tuple[Segment, ...]]] = []
        self.ended: list[RoomId] = []
        self.off: list[tuple[RoomId, str]] = []  # cancelled, and why
        self.rosters: list[Roster] = []
        self.photo = ""  # that the walls show
        self.acting = ""  # the id of the person who acts for the lecturer
        self.downloads: list[tuple[RoomId, list[Role], int]] = []
        self.caps: list[tuple[str, DataCap]] = []
        self.spares_now: list[Spare] = []
        self.remade: list[tuple[str, str, str]] = []  # recordings that are to be made again
        self.rungs_now: list[tuple[str, Rung]] = []

    def seats(self, lesson: RoomId) -> Seats:
        return Seats()

    def end(self, lesson: RoomId) -> None:
        self.ended.append(lesson)

    def cap_changed(self, school_id: str, cap: DataCap) -> None:
        self.caps.append((school_id, cap))

    def downloaded(self, lesson: RoomId, seats: Sequence[Seat], size_bytes: int) -> None:
        self.downloads.append((lesson, [seat.role for seat in seats], size_bytes))

    def spares(self, school_id: str) -> list[Spare]:
        return self.spares_now

    def page_pace(self, lesson: RoomId, seats: Sequence[Seat], page: int) -> Pace | None:
        return None

    def rungs(self) -> list[tuple[str, Rung]]:
        return self.rungs_now

    def deck_changed(self, lesson: RoomId, deck: Deck | None) -> None:
        self.decks.append((lesson, deck))

    def clips_changed(self, lesson: RoomId, clips: tuple[Clip, ...]) -> None:
        self.clips.append((lesson, clips))

    def segments_changed(self, lesson: RoomId, segments: tuple[Segment, ...]) -> None:
        self.segments.append((lesson, segments))

    def called_off(self, lesson: RoomId, reason: str) -> None:
        self.off.append((lesson, reason))

    def roster_changed(self, roster: Roster) -> None:
        self.rosters.append(roster)

    def photo_shown(self, lesson: RoomId) -> str:
        return self.photo

    def is_acting(self, lesson: RoomId, seats: Sequence[Seat]) -> bool:
        return any(seat.subject.startswith(f"person:{self.acting}/") for seat in seats)

    def remake(self, recording: str, folder: str, title: str) -> None:
        self.remade.append((recording, folder, title))

    async def test_path(self, offer: str) -> str:
        return f"answer to {offer}"

    async def ids_by_lesson(self, lessons: tuple[RoomId, ...]) -> dict[str, str]:
        return {}

    def routes(self) -> list[BaseRoute]:
        return []


class Clock:
    """The wall clock, which can be set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class World:
    """A server with the demonstration's people, its database and clients that are logged in."""

    services: Services
    live: QuietLive
    clock: Clock
    folder: Path
    new_client: Callable[[], Awaitable[httpx.AsyncClient]]
    worker: DeckWorker
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    planned: int = 0  # lessons so far

    @property
    def database(self) -> Database:
        return self.services.database

    async def client(self, username: str | None = None) -> httpx.AsyncClient:
        """Return a client that is logged in as a demo account, or nobody."""
        key = username or ""
        if key not in self.clients:
            client = self.clients[key] = await self.new_client()
            if username:
                answer = await client.post("/api/session/demo", json={"username": username})
                assert answer.status_code == 200, answer.text
        return self.clients[key]

    async def screen(self, classroom_id: str | None, by: str = "wang") -> httpx.AsyncClient:
        """Return the client of a screen, paired with a classroom or not."""
        client = await self.new_client()
        code = (await client.post("/api/devices")).json()["code"]
        if classroom_id is not None:
            manager = await self.client(by)
            paired = await manager.post("/api/devices/pair", json={"code": code, "classroom_id": classroom_id})
            assert paired.status_code == 200, paired.text
        return client

    async def classroom_id(self, school: str) -> str:
        schools = (await (await self.client("wang")).get("/api/schools")).json()["items"]
        return str(next(one for one in schools if one["name"] == school)["classrooms"][0]["id"])

    async def school_id(self, school: str) -> str:
        schools = (await (await self.client("wang")).get("/api/schools")).json()["items"]
        return str(next(one for one in schools if one["name"] == school)["id"])

    async def lesson(self, by: str = "lin", **changes: Any) -> dict[str, Any]:
        """Return a new lesson for the classroom of 红星小学, an hour after the one before: it has one at a time."""
        begins = datetime(2026, 11, 22, 1, tzinfo=UTC) + timedelta(hours=self.planned)
        self.planned += 1
        body = {
            "title": "水的三态",
            "subject": "科学",
            "starts_at": begins.isoformat(),
            "planned_minutes": 40,
            "classroom_ids": [await self.classroom_id("红星小学")],
            "paired_school_id": await self.school_id("河口小学"),
            **changes,
        }
        answer = await (await self.client(by)).post("/api/lessons", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def give_pages(self, lesson_id: str, *pages: bytes, by: str = "lin") -> None:
        """Give the lesson pages of one PNG each."""
        files = [PageFile(0, await self.services.files.put(data), "image/png", len(data)) for data in pages]
        kept = tuple(Page(f"第{number}页", (file,)) for number, file in enumerate(files, 1))
        await self.services.lessons.set_pages(await self.person(by), lesson_id, kept)

    async def convert(self) -> None:
        """Do what the worker of decks has to do."""
        while await self.worker.step():
            pass

    async def person(self, username: str) -> Asker:
        return Asker((await self.services.accounts.find_people((username,)))[username])


_beginnings: list[bytes] = []  # a database with every table and the people: to make it takes longer than most tests


async def lay_down(folder: Path) -> None:
    """Let an SQLite database with everybody in it lie in the folder, unless there is one."""
    path = folder / "tongtang.db"
    if path.exists():
        return
    if not _beginnings:
        async with open_world(folder, sqlite_url(path)):
            pass
        _beginnings.append(path.read_bytes())
    path.write_bytes(_beginnings[0])


@asynccontextmanager
async def open_world(folder: Path, database_url: str = "") -> AsyncIterator[World]:
    """Open a world whose data lies in `folder`, and in SQLite there when no other database is named."""
    settings = load({"data": folder, "demo": True}, {}, {})
    folder.mkdir(parents=True, exist_ok=True)
    if not database_url:
        await lay_down(folder)
    clock, live, quick = Clock(), QuietLive(), Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    async with open_database(database_url or sqlite_url(folder / "tongtang.db")) as database:
        ground = Ground(settings, database, folder, bytes(32), clock)
        basis = make_basis(ground, quick)
        demo = Demo(basis.accounts, basis.lessons)
        await demo.seed()
        async with open_domains(ground, basis, live, demo) as services, AsyncExitStack() as opened:
            app = build_app(services, folder / "no-dist")

            async def new_client() -> httpx.AsyncClient:
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                return await opened.enter_async_context(
                    httpx.AsyncClient(
                        transport=transport, base_url="http://localhost:8000", headers={"X-Tongtang": "1"}
                    )
                )

            yield World(services, live, clock, folder, new_client, services.preparing.deck_worker)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "data") as opened:
        yield opened
