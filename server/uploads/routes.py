"""HTTP of uploads: docs/http.md, the rows under `/api/uploads`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from server.asking import asker_of, require_known, require_person
from server.context import services_of
from server.json_http import answer, no_content, read_json
from server.uploads.model import Upload
from signaling.errors import ProtocolViolation

OFFSET = "upload-offset"
LENGTH = "upload-length"
GAPS = "gap"  # the one purpose for which a classroom's screen sends: server/library/gaps
PIECE_TYPE = "application/offset+octet-stream"  # as tus 1.0 calls it: no form of another site sends it


class NewUpload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/uploads`."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    bytes: Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None = None


def _shown(upload: Upload, status: int = 200) -> Response:
    response = answer(
        {
            "id": upload.id,
            "name": upload.name,
            "purpose": upload.purpose,
            "bytes": upload.bytes,
            "received": upload.received,
        },
        status,
    )
    response.headers[OFFSET] = str(upload.received)
    response.headers[LENGTH] = str(upload.bytes)
    return response


async def _sender(request: Request, purpose: str = GAPS) -> str:
    """Return the id of the person who sends, or on whose behalf a classroom's screen sends what it recorded.

    Raises:
        Refused: `not_logged_in`.
    """
    asker = await asker_of(request)
    if asker.person is None and asker.device is not None and purpose == GAPS:
        sender = await services_of(request).library.gaps.sender_for(asker.device)
        if sender is not None:
            return sender
    return (await require_person(request)).id


async def begin_upload(request: Request) -> Response:
    """`POST /api/uploads`."""
    await require_known(request)
    body = await read_json(request, NewUpload)
    uploads = services_of(request).uploads
    sender = await _sender(request, body.purpose)
    return _shown(await uploads.begin(sender, body.name, body.bytes, body.purpose, body.sha256), 201)


async def get_upload(request: Request) -> Response:
    """`GET` and `HEAD /api/uploads/{id}`: how far it is."""
    sender = await _sender(request)
    return _shown(await services_of(request).uploads.find(sender, request.path_params["upload"]))


async def patch_upload(request: Request) -> Response:
    """`PATCH /api/uploads/{id}`: the next piece."""
    sender = await _sender(request)
    offset = request.headers.get(OFFSET, "")
    if not (offset.isascii() and offset.isdigit() and len(offset) <= 15):
        raise ProtocolViolation("upload_offset_missing", "上传的一段要说明从哪里开始（Upload-Offset）。")
    if request.headers.get("content-type", "") != PIECE_TYPE:
        raise ProtocolViolation("content_type_unsupported", f"上传的一段要以 {PIECE_TYPE} 发送。")
    uploads = services_of(request).uploads
    try:
        upload = await uploads.append(sender, request.path_params["upload"], int(offset), request.stream())
    except ClientDisconnect:
        return no_content()  # nobody reads it: what had come is kept
    return _shown(upload)


async def drop_upload(request: Request) -> Response:
    """`DELETE /api/uploads/{id}`."""
    sender = await _sender(request)
    await services_of(request).uploads.drop(sender, request.path_params["upload"])
    return no_content()


def routes() -> list[Route]:
    """Return the routes of this domain."""
    return [
        Route("/api/uploads", begin_upload, methods=["POST"]),
        Route("/api/uploads/{upload}", get_upload, methods=["GET"]),
        Route("/api/uploads/{upload}", patch_upload, methods=["PATCH"]),
        Route("/api/uploads/{upload}", drop_upload, methods=["DELETE"]),
    ]
