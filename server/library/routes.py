"""HTTP of recordings: docs/http.md, the rows under `/api/recordings`."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from recorder.resource import RESOURCE
from server.asking import asker_of, require_known
from server.context import services_of
from server.json_http import answer, answer_list, iso
from server.lessons.model import Lesson
from server.lessons.routes import page_file, wanted_width
from server.library.model import Recording
from server.library.service import LibraryService


def _answer(recording: Recording, lesson: Lesson) -> dict[str, Any]:
    base = f"/api/recordings/{recording.id}"
    made = recording.made
    return {
        "id": recording.id,
        "lesson_id": recording.lesson_id,
        "title": recording.title,
        "subject": lesson.subject,
        "lecturer": {"id": lesson.lecturer.id, "name": lesson.lecturer.name},
        "school": {"id": lesson.lecturer_school.id, "name": lesson.lecturer_school.name},
        "recorded_at": iso(recording.recorded_at_ms),
        "state": recording.state,
        "progress_pct": recording.progress_pct,
        "step": recording.detail if recording.state == "finalising" else "",
        "detail": recording.detail if recording.state != "finalising" else "",
        "duration_ms": recording.duration_ms,
        "bytes": sum(one.bytes for one in made.renditions),
        "poster_url": f"{base}/files/{made.poster}" if made.poster else None,
        "renditions": [
            {
                "name": one.name,
                "url": f"{base}/files/{one.path}",
                "mime": one.mime,
                "bytes": one.bytes,
                "duration_ms": one.duration_ms,
                "width": one.width,
                "height": one.height,
                "minors": one.minors,
                "gain_db": one.gain_db,
            }
            for one in made.renditions
        ],
        "resource_url": f"{base}/files/{RESOURCE}" if made.renditions else None,
        "chapters": [{"start_ms": one.start_ms, "title": one.title, "kind": one.kind} for one in made.chapters],
        "pages": [{"start_ms": one.start_ms, "page": int(one.title)} for one in made.pages],
        "page_url": f"{base}/pages/{{page}}",
    }


def routes(library: LibraryService) -> list[BaseRoute]:
    """Return the routes."""

    async def list_recordings(request: Request) -> Response:
        asker = await require_known(request)
        return answer_list(_answer(recording, lesson) for recording, lesson in await library.visible(asker))

    async def get_recording(request: Request) -> Response:
        recording, lesson = await library.see(await asker_of(request), request.path_params["recording"])
        return answer(_answer(recording, lesson))

    async def get_file(request: Request) -> Response:
        recording, _ = await library.see(await asker_of(request), request.path_params["recording"])
        path, mime = await asyncio.to_thread(library.file, recording, request.path_params["path"])
        # The file is replaced when it is made again: its entity tag says whether it was.
        return FileResponse(path, headers={"cache-control": "private, no-cache"}, media_type=mime)

    async def get_page(request: Request) -> Response:
        recording, _ = await library.see(await asker_of(request), request.path_params["recording"])
        services = services_of(request)
        page = await services.lessons.page(recording.lesson_id, request.path_params["page"])
        return page_file(services, page.file(wanted_width(request)), is_fixed=False)

    return [
        Route("/api/recordings", list_recordings),
        Route("/api/recordings/{recording}", get_recording),
        Route("/api/recordings/{recording}/files/{path:path}", get_file),
        Route("/api/recordings/{recording}/pages/{page:int}", get_page),
    ]
