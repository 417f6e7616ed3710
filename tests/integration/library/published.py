"""A recording with three renditions, its resource, and a server that shares it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from starlette.routing import BaseRoute

from recorder.control import Chapter, RecordingChanged, Rendition
from recorder.resource import PageFile, Resource as ResourceFile
from server.app import build_app
from server.lessons.model import PersonRef
from server.lessons.page_files import PageFiles
from server.library import routes as library_routes
from server.library.delivery import Delivery
from server.library.feeds import routes as feed_routes
from server.library.feeds.service import FeedService
from server.library.resources import desk, papers, tables
from server.library.resources.model import Audience, Consent, FileEntry, Licence, Resource, Scope, State, Subjected
from server.library.service import LibraryService
from server.library.sharing import routes as sharing_routes
from server.library.sharing.service import SharingService
from signaling.messages import RoomId
from tests.integration.server.conftest import QuietLive, World, open_world

SECRET = "a-secret-of-the-county"
FILM = bytes(range(256)) * 40
PAGE = f"pages/{'0' * 64}.webp"
RENDITIONS = (
    Rendition("lecturer", "lecturer.webm", "video/webm", len(FILM), 61_000, 1280, 720),
    Rendition("light", "light.webm", "audio/webm", len(FILM), 61_000),
    Rendition("guest", "guest.webm", "video/webm", len(FILM), 61_000, minors=True),
)
CHAPTERS = (Chapter(0, "封面"), Chapter(9_000, "李小雨发言", "hand"))


class LiveWithRoutes(QuietLive):
    def __init__(self, found: list[BaseRoute]) -> None:
        super().__init__()
        self._found = found

    def routes(self) -> list[BaseRoute]:
        return self._found


@dataclasses.dataclass
class Shelf:
    """The recording `水的三态` of lin's lesson with 红星小学; `by(None)` is nobody."""

    world: World
    library: LibraryService
    recording: str
    folder: Path
    resource: str
    routes: list[BaseRoute]
    files_url: str = ""
    clients: dict[str, httpx.AsyncClient] = dataclasses.field(default_factory=dict)

    async def by(self, username: str | None) -> httpx.AsyncClient:
        key = username or ""
        if key not in self.clients:
            settings = dataclasses.replace(self.world.services.settings, files_url=self.files_url)
            services = dataclasses.replace(self.world.services, live=LiveWithRoutes(self.routes), settings=settings)
            dist = self.world.folder / "dist"
            dist.mkdir(exist_ok=True)
            (dist / "index.html").write_text("<!doctype html><title>同堂</title>")
            transport = httpx.ASGITransport(build_app(services, dist), raise_app_exceptions=False)
            client = httpx.AsyncClient(
                transport=transport, base_url="http://localhost:8000", headers={"X-Tongtang": "1"}
            )
            if username:
                assert (await client.post("/api/session/demo", json={"username": username})).status_code == 200
            self.clients[key] = client
        return self.clients[key]

    async def get(self, path: str, username: str | None = None, **headers: str) -> httpx.Response:
        return await (await self.by(username)).get(path, headers=headers)

    async def share(self, by: str = "lin", **wanted: Any) -> dict[str, Any]:
        body = {"renditions": ["lecturer", "light", "guest"], "scope": "anyone"} | wanted
        answer = await (await self.by(by)).post(f"/api/resources/{self.resource}/shares", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def open(self, share: str, username: str | None = None) -> httpx.Response:
        return await (await self.by(username)).post(f"/api/shared/{share}")

    async def set_state(
        self,
        state: State,
        audience: Audience = "public",
        licence: Licence = "CC-BY-4.0",
        files: tuple[Rendition, ...] = RENDITIONS,
    ) -> None:
        """Bring the resource's life to `state`, as its reviewers would."""
        async with self.world.database.write() as tx:
            work = await tables.find(tx, self.resource)
            assert work is not None
            work = msgspec.structs.replace(work, audience=audience, licence=licence, state=state)
            if state == "published":
                work = msgspec.structs.replace(work, published=work.version)
                entries = [FileEntry(one.name, one.path, one.mime, one.bytes, minors=one.minors) for one in files]
                now_ms = int(self.world.clock().timestamp() * 1000)
                await papers.add_version(tx, work, work.owner.id, entries, now_ms)
            elif state == "withdrawn":
                work = msgspec.structs.replace(work, published=0, reason="家长要求")
            await tables.save(tx, work)

    async def consent(self, scope: Scope = "public", *names: str) -> None:
        """Let everybody who is in these renditions (all but the pupils' unless named) consent."""
        wanted = names or ("lecturer", "light")
        async with self.world.database.write() as tx:
            work = await self._resource(tx)
            subjects: dict[str, Subjected] = {}
            for need in (await desk.consents_of(tx, work)).needs:
                if need.rendition in wanted:
                    subjects[need.subject.id] = need.subject
            for number, subject in enumerate(subjects.values()):
                by = PersonRef(work.owner.id, work.owner.name)
                consent = Consent(
                    id=f"c{number}{scope}{len(names)}",
                    subject=subject,
                    renditions=wanted,
                    scope=scope,
                    given_on="2026-11-20",
                    how="paper",
                    recorded_by=by,
                    recorded_ms=0,
                )
                await papers.add_consent(tx, self.resource, consent)

    async def _resource(self, tx: Any) -> Resource:
        found = await tables.find(tx, self.resource)
        assert found is not None
        return found


@asynccontextmanager
async def open_shelf(folder: Path, files_url: str = "") -> AsyncIterator[Shelf]:
    """Open one; with `files_url` films go by signed addresses there."""
    async with open_world(folder / "data") as world:
        pages = PageFiles(folder / "data" / "pages")
        delivery = Delivery(SECRET if files_url else "", files_url, world.clock)
        library = LibraryService(world.database, folder / "recordings", pages, world.clock, delivery)
        lesson = await world.lesson()
        recording, path = await library.begin(RoomId(lesson["id"]), lesson["title"])
        made = Path(path)
        (made / "pages").mkdir(parents=True)
        told = ResourceFile(
            recording, "水的三态", 0, 61_000, "poster.jpg", RENDITIONS, CHAPTERS,
            page_files=(PageFile(1, "封面", "水", PAGE, 4, "0" * 64, 1280),), events="events.json",
        )  # fmt: skip
        (made / "resource.json").write_bytes(msgspec.json.encode(told))
        (made / "events.json").write_text('{"version":1,"first":null,"events":[]}')
        for name in ("poster.jpg", "chapters.vtt", "journal.jsonl", PAGE):
            (made / name).write_bytes(b"data")
        for one in RENDITIONS:
            (made / one.path).write_bytes(FILM)
        await library.changed(
            RecordingChanged(
                recording, "ready", "", 100, 61_000, "poster.jpg", RENDITIONS, CHAPTERS, (Chapter(0, "1"),)
            )
        )
        async with world.database.read() as tx:
            resource = await tables.of_recording(tx, recording)
        assert resource is not None, "a recording that is ready has its draft"
        sharing = SharingService(world.database, b"\1" * 32, world.clock)
        feeds = feed_routes.routes(FeedService(world.database), world.clock)
        routes = [*library_routes.routes(library), *feeds, *sharing_routes.routes(library, sharing)]
        shelf = Shelf(world, library, recording, made, resource.id, routes, files_url)
        try:
            yield shelf
        finally:
            for client in shelf.clients.values():
                await client.aclose()
