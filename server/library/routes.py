"""HTTP of recordings: docs/http.md, the rows under `/api/recordings`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from recorder.resource import RESOURCE
from server.asking import asker_of, require_known
from server.context import services_of
from server.json_http import answer, answer_list, iso
from server.lessons.model import Lesson
from server.lessons.routes import page_file, wanted_width
from server.library.model import Recording
from server.library.naming import saved_as
from server.library.service import LibraryService


def answer_of(recording: Recording, lesson: Lesson, *, may_take: bool, base: str = "") -> dict[str, Any]:
    """Return `Recording` of docs/http.md; `base` is where its files and pages are, unless it is its own address."""
    base = base or f"/api/recordings/{recording.id}"
    made = recording.made
    return {
        "id": recording.id,
        "lesson_id": recording.lesson_id,
        "kind": lesson.kind,
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
        "may_take": may_take,
    }


def name_of(recording: Recording, subject: str, path: str) -> str:
    """Return the name to save a file of the recording under."""
    rendition = next((one.name for one in recording.made.renditions if one.path == path), path.rpartition(".")[0])
    return saved_as(subject, recording.title, rendition, path)


def routes(library: LibraryService) -> list[BaseRoute]:
    """Return the routes."""

    async def list_recordings(request: Request) -> Response:
        seen = await library.visible(await require_known(request))
        return answer_list(answer_of(sight.recording, lesson, may_take=sight.may_take) for sight, lesson in seen)

    async def get_recording(request: Request) -> Response:
        sight, lesson = await library.see(await asker_of(request), request.path_params["recording"])
        told = answer_of(sight.recording, lesson, may_take=sight.may_take)
        return answer(told | {"resource_id": sight.resource_id, "may_share": sight.may_share})

    async def get_file(request: Request) -> Response:
        sight, lesson = await library.see(await asker_of(request), request.path_params["recording"])
        path = request.path_params["path"]
        name = name_of(sight.recording, lesson.subject, path)
        return await library.delivery.deliver(request, library, sight, path, name)

    async def get_signed(request: Request) -> Response:
        return await library.delivery.serve_signed(request.path_params["path"], library)

    async def get_page(request: Request) -> Response:
        sight, _ = await library.see(await asker_of(request), request.path_params["recording"])
        services = services_of(request)
        page = await services.lessons.page(sight.recording.lesson_id, request.path_params["page"])
        return page_file(services, page.file(wanted_width(request)), is_fixed=False)

    return [
        Route("/api/recordings", list_recordings),
        Route("/api/recordings/{recording}", get_recording),
        Route("/api/recordings/{recording}/files/{path:path}", get_file),
        Route("/api/recordings/{recording}/pages/{page:int}", get_page),
        Route("/signed/{path:path}", get_signed),
    ]
