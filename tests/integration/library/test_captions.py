"""Subtitles: who may change them, what is taken, what happens when two people or the finaliser do it at once."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
from starlette.routing import BaseRoute

from recorder.folder import lock_folder
from recorder.resource import Resource, decode_resource
from server.app import build_app
from server.lessons.page_files import PageFiles
from server.library import caption_routes
from server.library.service import LibraryService
from signaling.messages import RoomId
from tests.integration.library.test_library import LiveWithLibrary, Shelf
from tests.integration.server.conftest import open_world

TEXT = (
    "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.500 align:start\n<v 林老师>水有<b>三态</b></v>\n\n"
    "NOTE 校对\n\n00:03.000 --> 00:04.000\na &lt; b\n"
)
KEPT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n水有三态\n\n00:00:03.000 --> 00:00:04.000\na &lt; b\n"


class LiveWithCaptions(LiveWithLibrary):
    def routes(self) -> list[BaseRoute]:
        return [*super().routes(), *caption_routes.routes(self._library)]


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with open_world(tmp_path / "data") as world:
        files = PageFiles(tmp_path / "data" / "pages")
        library = LibraryService(world.database, tmp_path / "recordings", files, world.clock)
        lesson = await world.lesson()
        recording, folder = await library.begin(RoomId(lesson["id"]), lesson["title"])
        Path(folder).mkdir(parents=True)
        yield Shelf(world, library, recording, Path(folder), lesson)


async def send(shelf: Shelf, method: str, tail: str = "", data: bytes = b"", username: str = "lin") -> httpx.Response:
    services = dataclasses.replace(shelf.world.services, live=LiveWithCaptions(shelf.library))
    transport = httpx.ASGITransport(build_app(services, shelf.world.folder / "no-dist"), raise_app_exceptions=False)
    headers = {"X-Tongtang": "1"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000", headers=headers) as client:
        assert (await client.post("/api/session/demo", json={"username": username})).status_code == 200
        return await client.request(method, f"/api/recordings/{shelf.recording}/captions{tail}", content=data)


async def test_captions_are_kept_by_version_and_told_in_the_resource(shelf: Shelf) -> None:
    assert (await send(shelf, "PUT", "/zh-CN", TEXT.encode())).json()["code"] == "file_unknown"
    await shelf.make_ready()
    (shelf.folder / "resource.json").write_bytes(msgspec.json.encode(Resource(shelf.recording, "水的三态", 0, 61_000)))
    first = (await send(shelf, "PUT", "/zh-CN", TEXT.encode())).json()["items"]
    assert (shelf.folder / "captions" / "zh-CN.vtt").read_text() == KEPT
    resource = decode_resource((shelf.folder / "resource.json").read_bytes())
    assert [(one.language, one.label, one.path) for one in resource.captions] == [
        ("zh-CN", "中文", "captions/zh-CN.vtt")
    ]
    assert (await send(shelf, "GET")).json()["items"] == first
    late = await send(shelf, "PUT", "/zh-CN", KEPT.replace("三", "四").encode())
    assert (late.status_code, late.json()["code"]) == (409, "captions_changed")
    assert (shelf.folder / "captions" / "zh-CN.vtt").read_text() == KEPT
    version = first[0]["version"]
    again = await send(shelf, "PUT", f"/zh-CN?version={version}", KEPT.replace("三", "四").encode())
    assert again.json()["items"][0]["version"] != version
    gone = await send(shelf, "DELETE", f"/zh-CN?version={again.json()['items'][0]['version']}")
    assert gone.json()["items"] == []
    assert decode_resource((shelf.folder / "resource.json").read_bytes()).captions == ()


async def test_who_did_not_make_it_and_whoever_comes_while_it_is_made_change_nothing(shelf: Shelf) -> None:
    await shelf.make_ready()
    (shelf.folder / "resource.json").write_bytes(msgspec.json.encode(Resource(shelf.recording, "水的三态", 0, 61_000)))
    assert (await send(shelf, "PUT", "/zh-CN", TEXT.encode(), "yang")).json()["code"] == "not_allowed"
    lock = lock_folder(shelf.folder)
    try:
        busy = await send(shelf, "PUT", "/zh-CN", TEXT.encode())
    finally:
        os.close(lock)
    assert (busy.status_code, busy.json()["code"]) == (503, "recording_busy")
    assert not (shelf.folder / "captions").exists()


@pytest.mark.parametrize(
    ("language", "data"),
    [
        ("zh-CN", b"1\n00:00:01,000 --> 00:00:02,000\nsrt"),
        ("zh-CN", b"WEBVTT\n\n00:00:03.000 --> 00:00:02.000\nwrong"),
        ("zh-CN", b"WEBVTT\n\n00:00:03 --> 00:00:02.000\nwrong"),
        ("zh-CN", b"WEBVTT\n\n" + "教室".encode("gb18030")),
        ("..%2F..%2Fx", b"WEBVTT\n"),
        ("zh_CN", b"WEBVTT\n"),
    ],
)
async def test_what_is_no_caption_is_refused(shelf: Shelf, language: str, data: bytes) -> None:
    await shelf.make_ready()
    (shelf.folder / "resource.json").write_bytes(msgspec.json.encode(Resource(shelf.recording, "水的三态", 0, 61_000)))
    refused = await send(shelf, "PUT", f"/{language}", data)
    assert refused.status_code in (404, 405, 422)
    assert not (shelf.folder / "captions").exists()
