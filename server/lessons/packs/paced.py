"""A file as an answer that leaves no faster than a pace allows, whole or from where a cut left off (RFC 9110 §14).

A file of a pack has no Content-Length: one that stands still for too long ends early, and is asked for again from
where it ended; `Content-Range` says how much there is. A picture that a page shows must come whole: when nothing may
leave for long, one piece leaves all the same (3 kbit/s), so that it is never half a picture and never waits for good.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from server.lessons.packs.pace import Pace
from server.problems import problem_of, problem_response
from signaling.errors import Refused

CHUNK_BYTES = 4_096  # what leaves at once: 0.3 s of a link of 100 kbit/s
READ_BYTES = 64 * CHUNK_BYTES
PATIENCE_S = 10.0  # as long as nothing may leave; the browser asks again
_RANGE = re.compile(r"^bytes=(\d{1,15})-(\d{0,15})$")


def paced_file(request: Request, path: Path, mime: str, headers: Mapping[str, str], pace: Pace) -> Response:
    """Answer with the file, or the one range of it that was asked for; `headers` have its strong ETag.

    Several ranges, or one of another file (`If-Range`), are answered with the whole file (RFC 9110 §14.2).
    """
    size = path.stat().st_size
    found = _RANGE.match(request.headers.get("range", ""))
    if found is None or request.headers.get("if-range", headers["etag"]) != headers["etag"]:
        return _answer(path, 0, size, 200, mime, {**headers, "accept-ranges": "bytes"}, pace)
    start, end = int(found[1]), min(size, int(found[2] or size) + 1)
    if start >= end:
        problem = problem_of(Refused("pack_range", "要的这一段不在文件里。"))
        return problem_response(problem, {"content-range": f"bytes */{size}"})
    ranged = {**headers, "accept-ranges": "bytes", "content-range": f"bytes {start}-{end - 1}/{size}"}
    return _answer(path, start, end, 206, mime, ranged, pace)


def trickled_file(path: Path, mime: str, headers: Mapping[str, str], pace: Pace) -> Response:
    """Answer with the whole file, which goes on at a trickle when the pace allows nothing."""
    size = path.stat().st_size
    told = {**headers, "content-length": str(size)}
    return StreamingResponse(_paced(path, 0, size, pace, is_whole=True), 200, told, media_type=mime)


def _answer(path: Path, start: int, end: int, status: int, mime: str, headers: dict[str, str], pace: Pace) -> Response:
    return StreamingResponse(_paced(path, start, end, pace), status, headers, media_type=mime)


async def _paced(path: Path, start: int, end: int, pace: Pace, *, is_whole: bool = False) -> AsyncIterator[bytes]:
    for block in range(start, end, READ_BYTES):
        data = await asyncio.to_thread(_read, path, block, min(READ_BYTES, end - block))
        for offset in range(0, len(data), CHUNK_BYTES):
            chunk = data[offset : offset + CHUNK_BYTES]
            if not await _granted(len(chunk), pace) and not is_whole:
                return
            yield chunk


async def _granted(size_bytes: int, pace: Pace) -> bool:
    patience = time.monotonic() + PATIENCE_S
    while delay_s := pace(size_bytes, now := time.monotonic()):
        if now >= patience:
            return False
        await asyncio.sleep(delay_s)
    return True


def _read(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(size)
