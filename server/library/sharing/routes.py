"""HTTP of links: docs/http.md, the rows under `/api/shares`, `/api/shared`, `/s` and `/embed`."""

from __future__ import annotations

import io
from typing import Any

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.asking import address_of, asker_of, require_person
from server.context import services_of
from server.json_http import answer, iso, no_content, read_json
from server.lessons.routes import page_file, wanted_width
from server.library.access import Stage, stage_of
from server.library.routes import answer_of, name_of
from server.library.service import LibraryService
from server.library.sharing.model import NewShare, Share, ShareState, frame_ancestors
from server.library.sharing.service import Opened, SharingService, Shelf
from server.middleware import content_policy
from server.web_build import page_or_file

_NO_TRACE = {"referrer-policy": "no-referrer", "x-robots-tag": "noindex"}  # the address is the key


def share_answer(share: Share, state: ShareState, site: str) -> dict[str, Any]:
    """Return `Share` of docs/http.md."""
    return {
        "id": share.id,
        "url": f"{site}/s/{share.id}",
        "embed_url": f"{site}/embed/{share.id}" if share.frames else None,
        "state": state,
        "renditions": share.renditions,
        "scope": share.scope,
        "school": {"id": share.school_id, "name": share.school_name} if share.school_id else None,
        "note": share.note,
        "may_take": share.may_take,
        "frames": share.frames,
        "expires_at": iso(share.expires_ms),
        "max_uses": share.max_uses,
        "used": share.used,
        "made_by": share.made_by.name,
        "made_at": iso(share.made_ms),
        "revoked_at": None if share.revoked_ms is None else iso(share.revoked_ms),
    }


def _shelf_answer(shelf: Shelf, site: str) -> dict[str, Any]:
    stage = stage_of(shelf.held.holding)
    return {
        "title": shelf.resource.title,
        "recording_id": shelf.held.recording.id,
        "may_go_out": stage not in (Stage.BEFORE, Stage.WITHDRAWN),
        "is_withdrawn": stage is Stage.WITHDRAWN,
        "is_free": shelf.held.holding.is_free,
        "renditions": [
            {
                "name": one.name,
                "bytes": one.bytes,
                "minors": one.minors,
                "leaves": [reach for reach, names in shelf.leaving.items() if one.name in names],
            }
            for one in shelf.held.recording.made.renditions
        ],
        "items": [share_answer(share, state, site) for share, state in shelf.shares],
    }


def _opened_answer(opened: Opened, given: str) -> dict[str, Any]:
    share, resource, base = opened.share, opened.resource, f"/api/shared/{opened.share.id}/{given}"
    recording = answer_of(opened.sight.recording, opened.lesson, may_take=opened.sight.may_take, base=base)
    # Who has a link needs no identifiers of ours.
    recording |= {"id": share.id, "lesson_id": "", "title": resource.title, "subject": resource.subject, "detail": ""}
    recording["lecturer"] = {"id": "", "name": opened.lesson.lecturer.name}
    recording["school"] = {"id": "", "name": resource.school.name}
    return {
        "recording": recording,
        "base": f"{base}/files/",
        "licence": resource.licence,
        "description": resource.description,
        "expires_at": iso(share.expires_ms),
    }


def routes(library: LibraryService, sharing: SharingService) -> list[BaseRoute]:
    """Return the routes."""

    async def list_shares(request: Request) -> Response:
        by = await require_person(request)
        shelf = await sharing.shelf(by, request.path_params["resource"])
        return answer(_shelf_answer(shelf, _site(request)))

    async def make_share(request: Request) -> Response:
        by = await require_person(request)
        share = await sharing.make(by, request.path_params["resource"], await read_json(request, NewShare))
        return answer(share_answer(share, "open", _site(request)), 201)

    async def revoke_share(request: Request) -> Response:
        await sharing.revoke(await require_person(request), request.path_params["share"])
        return no_content()

    async def get_code(request: Request) -> Response:
        share = await sharing.own(await require_person(request), request.path_params["share"])
        return Response(qr_code(f"{_site(request)}/s/{share.id}"), media_type="image/svg+xml")

    async def open_share(request: Request) -> Response:
        asker = await asker_of(request)
        opened, given = await sharing.open(asker, request.path_params["share"], address_of(request))
        return answer(_opened_answer(opened, given))

    async def entered(request: Request) -> Opened:
        return await sharing.enter(await asker_of(request), request.path_params["share"], request.path_params["given"])

    async def get_shared_file(request: Request) -> Response:
        opened, path = await entered(request), request.path_params["path"]
        name = name_of(opened.sight.recording, opened.resource.subject, path)
        response = await library.delivery.deliver(request, library, opened.sight, path, name)
        response.headers.update(_NO_TRACE)
        return response

    async def get_shared_page(request: Request) -> Response:
        opened, services = await entered(request), services_of(request)
        page = await services.lessons.page(opened.lesson.id, request.path_params["page"])
        return page_file(services, page.file(wanted_width(request)), is_fixed=False)

    async def get_embed(request: Request) -> Response:
        frames = frame_ancestors(await sharing.frames(request.path_params["share"]))
        response = page_or_file(request.app.state.dist, "/embed/")
        policy = content_policy(request.headers.get("host", ""), services_of(request).settings.files_url, frames)
        # A page that demands it of all that it loads (COEP) may show the player too.
        response.headers.update(_NO_TRACE | {"content-security-policy": policy})
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        return response

    async def get_share_page(request: Request) -> Response:
        response = page_or_file(request.app.state.dist, "/s/")
        response.headers.update(_NO_TRACE)
        return response

    return [
        Route("/api/resources/{resource}/shares", list_shares),
        Route("/api/resources/{resource}/shares", make_share, methods=["POST"]),
        Route("/api/shares/{share}", revoke_share, methods=["DELETE"]),
        Route("/api/shares/{share}/qr.svg", get_code),
        Route("/api/shared/{share}", open_share, methods=["POST"]),
        Route("/api/shared/{share}/{given}/files/{path:path}", get_shared_file),
        Route("/api/shared/{share}/{given}/pages/{page:int}", get_shared_page),
        Route("/embed/{share}", get_embed),
        Route("/s/{share}", get_share_page),
    ]


def qr_code(text: str) -> bytes:
    """Return the QR code of `text` as SVG, with the quiet zone that readers want (ISO/IEC 18004 §6.3.8)."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=4, scale=4, xmldecl=False, light="#fff")
    return out.getvalue()


def _site(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
