"""HTTP of a lesson's clips (docs/http.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import asker_of
from server.context import services_of
from server.json_http import answer, read_json
from server.lessons.packs.model import Clip, blob_url


class NewClip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/lessons/{id}/clips`."""

    upload: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
    title: Annotated[str, msgspec.Meta(max_length=80)] = ""


def _answer(lesson_id: str, clips: Iterable[Clip], status: int = 200) -> Response:
    items = [msgspec.structs.asdict(clip) | {"url": blob_url(lesson_id, clip.sha256)} for clip in clips]
    return answer({"items": items}, status)


async def list_clips(request: Request) -> Response:
    """`GET /api/lessons/{id}/clips`."""
    lesson_id = request.path_params["lesson"]
    return _answer(lesson_id, await services_of(request).preparing.clips.of_lesson(await asker_of(request), lesson_id))


async def add_clip(request: Request) -> Response:
    """`POST /api/lessons/{id}/clips`."""
    lesson_id, body = request.path_params["lesson"], await read_json(request, NewClip)
    clips = services_of(request).preparing.clips
    return _answer(lesson_id, await clips.attach(await asker_of(request), lesson_id, body.upload, body.title), 201)


async def remove_clip(request: Request) -> Response:
    """`DELETE /api/lessons/{id}/clips/{sha256}`."""
    lesson_id, sha256 = request.path_params["lesson"], request.path_params["sha256"]
    return _answer(
        lesson_id, await services_of(request).preparing.clips.detach(await asker_of(request), lesson_id, sha256)
    )


def routes() -> list[Route]:
    """Return the routes of clips."""
    return [
        Route("/api/lessons/{lesson}/clips", list_clips, methods=["GET"]),
        Route("/api/lessons/{lesson}/clips", add_clip, methods=["POST"]),
        Route("/api/lessons/{lesson}/clips/{sha256}", remove_clip, methods=["DELETE"]),
    ]
