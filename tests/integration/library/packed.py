"""A published lesson, the player's build, and a school's library beside the platform, both on real sockets."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn

from recorder.control import Rendition
from recorder.resource import decode_resource
from server.addresses import listen_tcp
from server.app import build_app
from server.school_library.app import open_library
from tests.integration.library.published import FILM, RENDITIONS, LiveWithRoutes, Shelf, open_shelf
from tests.ports import free_port

LOW = Rendition("low", "low.mp4", "video/mp4", len(FILM), 61_000, 640, 360)
PLAYER = "window.TongtangPlayer = { mount() {} };"


@asynccontextmanager
async def open_published(folder: Path) -> AsyncIterator[Shelf]:
    """Open a platform with one published lesson that may leave, but for its pupils' rendition."""
    async with open_shelf(folder) as shelf:
        (folder / "data" / "recordings").symlink_to(folder / "recordings")
        player = folder / "data" / "dist" / "player"
        player.mkdir(parents=True)
        (player / "player.js").write_text(PLAYER)
        (player / "player.css").write_text("body { color: #111 }")
        await shelf.consent("public", "lecturer", "light", "low")
        told = decode_resource((shelf.folder / "resource.json").read_bytes())
        told = msgspec.structs.replace(told, renditions=(*told.renditions, LOW))
        (shelf.folder / "resource.json").write_bytes(msgspec.json.encode(told))
        (shelf.folder / LOW.path).write_bytes(FILM)
        await shelf.set_state("published", files=(*RENDITIONS, LOW))
        yield shelf


@asynccontextmanager
async def serving(shelf: Shelf) -> AsyncIterator[str]:
    """Serve the platform on a port of its own; yield its address."""
    services = dataclasses.replace(shelf.world.services, live=LiveWithRoutes(shelf.routes))
    app = build_app(services, shelf.world.folder / "dist")
    with listen_tcp("127.0.0.1", free_port()) as listener:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
        task = asyncio.get_running_loop().create_task(server.serve([listener]))
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@dataclasses.dataclass
class Library:
    """A school's library that runs."""

    url: str
    folder: Path
    client: httpx.AsyncClient

    async def ask(self, method: str, path: str, body: dict[str, Any]) -> httpx.Response:
        return await self.client.request(method, path, json=body or None)

    async def call(self, method: str, path: str, **body: Any) -> Any:
        answer = await self.ask(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def code(self, method: str, path: str, **body: Any) -> str:
        return str((await self.ask(method, path, body)).json()["code"])

    async def titles(self) -> list[str]:
        return [one["title"] for one in (await self.call("GET", "/api/state"))["lessons"]]

    async def eventually(self, title: str, *renditions: str) -> None:
        """Wait until the lesson is listed with these renditions."""
        state: dict[str, Any] = {}
        for _ in range(200):
            state = await self.call("GET", "/api/state")
            if (title, list(renditions)) in [(one["title"], one["renditions"]) for one in state["lessons"]]:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(state)


@asynccontextmanager
async def library(
    folder: Path, sticks: tuple[Path, ...] = (), local_time: Callable[[], datetime] | None = None
) -> AsyncIterator[Library]:
    """Run a library in `folder`, where it is `local_time`."""
    async with (
        open_library(
            folder, "127.0.0.1", free_port(), roots=sticks, local_time=local_time, is_announced=False
        ) as opened,
        httpx.AsyncClient(base_url=opened.url, headers={"X-Tongtang": "1"}, timeout=20) as client,
    ):
        yield Library(opened.url, folder, client)


async def pair(shelf: Shelf, hub: str, box: Library) -> str:
    """Pair the library with 红星小学; return its id."""
    manager = await shelf.by("wang")
    school = await shelf.world.school_id("红星小学")
    made = (await manager.post("/api/libraries", json={"school_id": school, "name": "红星资源库"})).json()
    await box.call("POST", "/api/pair", url=hub, code=made["code"])
    return str(made["id"])
