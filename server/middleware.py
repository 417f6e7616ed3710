"""What every HTTP request passes: size limits, the header no foreign form can send, and security headers.

Plain ASGI, so that bodies stream and WebSockets pass untouched.
"""

from __future__ import annotations

import asyncio
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recorder.words import MAX_CAPTION_BYTES
from server.json_http import MAX_JSON_BYTES
from server.lessons.questions.model import MAX_PHOTO_BYTES
from server.planning.meetings.model import MAX_FILE_BYTES
from server.planning.plans.pictures import MAX_PICTURE_BYTES
from server.problems import problem_of, problem_response
from server.sheets import MAX_BYTES as MAX_SHEET_BYTES
from server.uploads.service import MAX_PIECE_BYTES
from signaling.errors import ProtocolViolation, Refused

OWN_HEADER = b"x-tongtang"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"^[A-Za-z0-9.\-:\[\]]{1,255}$")
_PIECE = re.compile(r"^/api/uploads/[^/]+$")
BODY_S = 30.0  # between two pieces of a body: a 2G link repeats for about as long before it gives up
_SHEETS = re.compile(r"^/api/(?:classrooms/[^/]+/roster|timetable)/import$")

_CAPTIONS = re.compile(r"^/api/recordings/[^/]+/captions/[^/]+$")
_EVIDENCE = re.compile(r"^/api/resolutions/[^/]+/files$")
_PICTURES = re.compile(r"^/api/plans/[^/]+/pictures$")
_PHOTOS = re.compile(r"^/api/lessons/[^/]+/photos$")


def limit_of(path: str) -> int:
    """Return how many bytes the body of a request to `path` may have."""
    if _PHOTOS.match(path):
        return MAX_PHOTO_BYTES
    if _PICTURES.match(path):
        return MAX_PICTURE_BYTES
    if _EVIDENCE.match(path):
        return MAX_FILE_BYTES
    if _SHEETS.match(path):
        return MAX_SHEET_BYTES
    if _CAPTIONS.match(path):
        return MAX_CAPTION_BYTES
    return MAX_PIECE_BYTES if _PIECE.match(path) else MAX_JSON_BYTES


class BodyLimit:
    """Refuse bodies that are longer than their route ever needs, or stand still, before and while they are read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counted body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = limit_of(scope["path"])
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not declared.isdigit() or int(declared) > limit:
            await problem_response(problem_of(_too_large(limit)), {"connection": "close"})(scope, receive, send)
            return
        seen, is_whole = 0, False

        async def counted() -> Message:
            nonlocal seen, is_whole
            if is_whole:
                return await receive()  # the end of the connection, which may take its time
            try:
                async with asyncio.timeout(BODY_S):
                    message = await receive()
            except TimeoutError:
                raise ProtocolViolation("body_stalled", "请求内容没有传完，连接已断开。请检查网络后重试。") from None
            is_whole = not message.get("more_body", False)
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, counted, send)


class OwnHeader:
    """Refuse state-changing API requests without `X-Tongtang`: no form or image of another site can send it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when it may be ours."""
        guarded = scope["type"] == "http" and scope["method"] not in _SAFE and scope["path"].startswith("/api/")
        if guarded and not any(name == OWN_HEADER for name, _ in scope["headers"]):
            error = Refused("header_missing", "这个请求不是从同堂的页面发出的，没有执行。")
            await problem_response(problem_of(error))(scope, receive, send)
            return
        await self._app(scope, receive, send)


class SecurityHeaders:
    """Tell browsers to load nothing from elsewhere and to give camera and microphone to this site only."""

    def __init__(self, app: ASGIApp, files: str = "") -> None:
        """`files` is the setting `files.url`: where films and pictures may come from besides."""
        self._app = app
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to the answer, unless the route set its own policy."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", content_policy(host, self._files))
                headers.setdefault("x-content-type-options", "nosniff")
                headers.setdefault("referrer-policy", "same-origin")
                headers.setdefault("cross-origin-opener-policy", "same-origin")
                headers.setdefault("cross-origin-resource-policy", "same-origin")
                headers.setdefault(
                    "permissions-policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=()"
                )
            await send(message)

        await self._app(scope, receive, secured)


def content_policy(host: str, files: str = "", frames: str = "'none'") -> str:
    """Return the content security policy of our pages.

    `files` is the site that films and pictures of recordings come from besides ours ("/": it is ours), `frames` who may
    show the page in a frame.
    `style-src 'unsafe-inline'`: Element Plus positions its pop-ups by inline styles. The sockets are named because
    Chrome 87 does not take `'self'` for `ws:`.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.match(host) else ""
    others = f" {files}" if files.startswith("http") else ""
    return (
        f"default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:{others}; "
        f"media-src 'self' blob:{others}; font-src 'self'; connect-src 'self'{sockets}; worker-src 'self' blob:; "
        f"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {frames}"
    )


def _too_large(limit: int) -> ProtocolViolation:
    size = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit >> 10} KB"
    return ProtocolViolation("body_too_large", f"请求内容太大，最多 {size}。")
