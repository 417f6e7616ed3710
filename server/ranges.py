"""Answers to Range requests for content whose size is known and of which any stretch can be read.

One stretch a request (RFC 9110 §14.2 lets a server ignore others): a reader that wants two asks twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

_RANGE = re.compile(r"^bytes=(\d{0,15})-(\d{0,15})$")


def ranged(
    request: Request,
    size: int,
    read: Callable[[int, int], Iterator[bytes]],
    *,
    etag: str,
    mime: str,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return the answer: all of it, a stretch (206), 304 or 416. `read(start, end)` blocks and runs in a thread."""
    tag = f'"{etag}"'
    shared = {"etag": tag, "accept-ranges": "bytes", **(headers or {})}
    if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=shared)
    start, end, is_part = 0, size, False
    asked = request.headers.get("range", "")
    if asked and request.headers.get("if-range", tag) == tag:
        found = _RANGE.match(asked)
        if found and (found[1] or found[2]):
            start, end = _stretch(found[1], found[2], size)
            is_part = True
            if start >= end:
                return Response(status_code=416, headers=shared | {"content-range": f"bytes */{size}"})
    shared["content-length"] = str(end - start)
    if is_part:
        shared["content-range"] = f"bytes {start}-{end - 1}/{size}"
    status = 206 if is_part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=shared, media_type=mime)
    return StreamingResponse(read(start, end), status, shared, media_type=mime)


def _stretch(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
