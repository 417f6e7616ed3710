"""Recordings over HTTP: who sees them, what is served, what a crash leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.routing import BaseRoute

from recorder.control import Chapter, RecordingChanged, Rendition
from recorder.resource import Material, PageFile, Resource
from recorder.step_notes import StepNote
from server.app import build_app
from server.lessons.page_files import PageFiles
from server.lessons.questions.model import PreparedQuestion
from server.lessons.questions.tables import set_prepared
from server.library.routes import routes
from server.library.service import LibraryService
from signaling.messages import RoomId, Snapshot
from tests.integration.server.conftest import QuietLive, World, open_world

FILM = bytes(range(256)) * 40


class LiveWithLibrary(QuietLive):
    def __init__(self, library: LibraryService) -> None:
        super().__init__()
        self._library = library

    def routes(self) -> list[BaseRoute]:
        return routes(self._library)


@dataclasses.dataclass
class Shelf:
    world: World
    library: LibraryService
    recording: str
    folder: Path
    lesson: dict[str, Any]

    async def client(self, username: str | None) -> httpx.AsyncClient:
        live = LiveWithLibrary(self.library)
        app = build_app(dataclasses.replace(self.world.services, live=live), self.world.folder / "no-dist")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"X-Tongtang": "1"}
        client = httpx.AsyncClient(transport=transport, base_url="http://localhost:8000", headers=headers)
        if username:
            assert (await client.post("/api/session/demo", json={"username": username})).status_code == 200
        return client

    async def get(self, path: str, username: str | None = "lin", **headers: str) -> httpx.Response:
        client = await self.client(username)
        try:
            return await client.get(path, headers=headers)
        finally:
            await client.aclose()

    async def make_ready(self) -> None:
        (self.folder / "lecturer.webm").write_bytes(FILM)
        (self.folder / "poster.jpg").write_bytes(b"\xff\xd8")
        film = Rendition("lecturer", "lecturer.webm", "video/webm", len(FILM), 61_000, 1280, 720)
        change = RecordingChanged(
            self.recording, "ready", "", 100, 61_000, "poster.jpg", (film,), (Chapter(0, "封面"),), (Chapter(0, "1"),)
        )
        await self.library.changed(change)


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with open_world(tmp_path / "data") as world:
        library = LibraryService(
            world.database, tmp_path / "recordings", PageFiles(tmp_path / "data" / "pages"), world.clock
        )
        lesson = await world.lesson()
        recording, folder = await library.begin(RoomId(lesson["id"]), lesson["title"])
        Path(folder).mkdir(parents=True)
        yield Shelf(world, library, recording, Path(folder), lesson)


async def test_a_lesson_has_one_recording(shelf: Shelf) -> None:
    again = await shelf.library.begin(RoomId(shelf.lesson["id"]), "anders")
    assert again == (shelf.recording, str(shelf.folder))
    found = await shelf.library.ids_by_lesson((RoomId(shelf.lesson["id"]), RoomId("nowhere")))
    assert found == {shelf.lesson["id"]: shelf.recording}


async def test_a_ready_recording_is_listed_with_all_that_a_player_needs(shelf: Shelf) -> None:
    await shelf.make_ready()
    (item,) = (await shelf.get("/api/recordings")).json()["items"]
    one = (await shelf.get(f"/api/recordings/{shelf.recording}")).json()
    assert item == {key: one[key] for key in item}
    assert (one["may_take"], one["may_share"]) == (True, True), "lin gave the lesson"
    base = f"/api/recordings/{shelf.recording}"
    assert (item["state"], item["duration_ms"], item["bytes"]) == ("ready", 61_000, len(FILM))
    assert item["poster_url"] == f"{base}/files/poster.jpg"
    assert item["renditions"][0]["url"] == f"{base}/files/lecturer.webm"
    assert item["chapters"] == [{"start_ms": 0, "title": "封面", "kind": "page"}]
    assert item["pages"] == [{"start_ms": 0, "page": 1}]
    assert item["lecturer"]["name"] == "林晓云"


async def test_what_finalising_needs_of_the_database_is_written_beside_the_journal(shelf: Shelf) -> None:
    id_ = shelf.lesson["id"]
    await shelf.world.give_pages(id_, b"a picture")
    async with shelf.world.database.write() as tx:
        await set_prepared(tx, id_, [PreparedQuestion("q1", "single", "哪个是固态？", ("冰", "水"), answer="A")])
    await shelf.library.describe(RoomId(id_))
    material = msgspec.json.decode((shelf.folder / "material.json").read_bytes(), type=Material)
    assert (material.lesson, material.lecturer, material.school) == (
        id_,
        "林晓云",
        shelf.lesson["lecturer_school"]["name"],
    )
    assert material.answers == {"q1": "A"}
    assert (material.pages[0].title, material.pages[0].mime) == ("第1页", "image/png")
    assert (shelf.folder / material.pages[0].file).read_bytes() == b"a picture"
    first = msgspec.json.decode(material.first, type=Snapshot)
    assert (first.seq, first.lesson.state, first.deck and first.deck.pages) == (0, "scheduled", 1)


async def test_the_files_of_a_resource_are_served_and_no_other(shelf: Shelf) -> None:
    await shelf.make_ready()
    film = Rendition("lecturer", "lecturer.webm", "video/webm", len(FILM), 61_000)
    page = PageFile(1, "封面", "", "pages/ab.webp", 2, "ab", 1280)
    whole = Resource(
        shelf.recording, "水的三态", 0, 61_000, renditions=(film,), page_files=(page,), events="events.json"
    )
    (shelf.folder / "resource.json").write_bytes(msgspec.json.encode(whole))
    (shelf.folder / "pages").mkdir()
    for name in ("pages/ab.webp", "pages/other.webp", "events.json", "material.json"):
        (shelf.folder / name).write_bytes(b"{}")
    base = f"/api/recordings/{shelf.recording}/files"
    for name, mime in {"resource.json": "application/json", "pages/ab.webp": "image/webp", "events.json": ""}.items():
        answer = await shelf.get(f"{base}/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(mime)
    for name in ("pages/other.webp", "material.json", "poster.jpg"):
        assert (await shelf.get(f"{base}/{name}")).json()["code"] == "file_unknown"


async def test_files_are_served_in_ranges(shelf: Shelf) -> None:
    await shelf.make_ready()
    path = f"/api/recordings/{shelf.recording}/files/lecturer.webm"
    whole = await shelf.get(path)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, FILM, "video/webm")
    part = await shelf.get(path, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, FILM[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(FILM)}"


@pytest.mark.parametrize(
    "name", ["journal.jsonl", "../../secret.key", "..%2f..%2fsecret.key", "/etc/passwd", "tracks/a/0001.webm", ""]
)
async def test_only_files_that_are_offered_are_served(shelf: Shelf, name: str) -> None:
    await shelf.make_ready()
    (shelf.folder / "journal.jsonl").write_text("{}\n")
    answer = await shelf.get(f"/api/recordings/{shelf.recording}/files/{name}")
    assert answer.status_code == 404


async def test_who_may_not_see_the_lesson_does_not_see_its_recording(shelf: Shelf) -> None:
    await shelf.make_ready()
    path = f"/api/recordings/{shelf.recording}"
    for tail in ("", "/files/lecturer.webm", "/pages/1"):
        assert (await shelf.get(path + tail, "ma")).json()["code"] == "recording_unknown"
        assert (await shelf.get(path + tail, None)).json()["code"] == "not_logged_in"
    assert (await shelf.get("/api/recordings", "ma")).json()["items"] == []
    assert (await shelf.get("/api/recordings", None)).status_code == 401
    assert len((await shelf.get("/api/recordings", "yang")).json()["items"]) == 1


async def test_what_a_crash_left_is_to_be_finalised(shelf: Shelf) -> None:
    assert await shelf.library.unfinished() == [(shelf.recording, str(shelf.folder), "水的三态")]
    await shelf.library.changed(RecordingChanged(shelf.recording, "failed", "磁盘已满"))
    assert len(await shelf.library.unfinished()) == 1, "a failed one is tried again"
    await shelf.make_ready()
    assert await shelf.library.unfinished() == []


async def test_what_is_ready_and_has_work_left_for_the_night_is_told(shelf: Shelf) -> None:
    await shelf.make_ready()
    assert await shelf.library.night_work() == []
    (shelf.folder / "steps").mkdir()
    left = StepNote("hash", {}, {"night": True})
    (shelf.folder / "steps" / "low.json").write_bytes(msgspec.json.encode(left))
    assert await shelf.library.night_work() == [(shelf.recording, str(shelf.folder), "水的三态")]
    (shelf.folder / "steps" / "night.json").write_bytes(msgspec.json.encode(StepNote("hash", {})))
    assert await shelf.library.night_work() == []


async def test_what_was_made_stays_while_it_is_made_again(shelf: Shelf) -> None:
    await shelf.make_ready()
    await shelf.library.changed(RecordingChanged(shelf.recording, "finalising", progress_pct=40))
    item = (await shelf.get(f"/api/recordings/{shelf.recording}")).json()
    assert (item["state"], item["progress_pct"], len(item["renditions"])) == ("finalising", 40, 1)
