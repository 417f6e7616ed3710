"""HTTP of subtitles: docs/http.md, the rows under `/api/recordings/{id}/captions`."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from recorder.words import MAX_CAPTION_BYTES
from server.asking import asker_of
from server.context import services_of
from server.json_http import answer, answer_list, read_body
from server.library.access import may_share
from server.library.captions import KeptCaption, keep_captions, list_captions
from server.library.service import LibraryService
from server.planning.search.keeping import words_changed
from signaling.errors import Refused


def routes(library: LibraryService) -> list[BaseRoute]:
    """Return the routes."""

    async def get_captions(request: Request) -> Response:
        sight, _ = await library.see(await asker_of(request), request.path_params["recording"])
        folder = library.folder(sight.recording.id)
        found = await asyncio.to_thread(list_captions, folder)
        return answer_list(_answer(sight.recording.id, one) for one in found)

    async def put_captions(request: Request) -> Response:
        data = await read_body(request, MAX_CAPTION_BYTES)
        return await change(request, data)

    async def delete_captions(request: Request) -> Response:
        return await change(request, None)

    async def change(request: Request, data: bytes | None) -> Response:
        asker = await asker_of(request)
        sight, _ = await library.see(asker, request.path_params["recording"])
        if asker.person is None or not may_share(asker.person, sight.holding):  # its keepers: who may also hand it on
            raise Refused("not_allowed", "只有主讲教师和学校管理员可以改字幕。")
        language, version = request.path_params["language"], request.query_params.get("version", "")
        folder = library.folder(sight.recording.id)
        found = await asyncio.to_thread(keep_captions, folder, language, version, data)
        async with services_of(request).database.write() as tx:
            await words_changed(tx, sight.recording.id)
        return answer({"items": [_answer(sight.recording.id, one) for one in found]})

    path = "/api/recordings/{recording}/captions"
    return [
        Route(path, get_captions),
        Route(f"{path}/{{language}}", put_captions, methods=["PUT"]),
        Route(f"{path}/{{language}}", delete_captions, methods=["DELETE"]),
    ]


def _answer(recording: str, one: KeptCaption) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(one)
    return told | {"url": f"/api/recordings/{recording}/files/{one.path}"}
