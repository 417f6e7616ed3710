"""Descriptions, logs and subtitles go out squeezed: on 100 kbit/s a lesson's log takes 7 s less."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

_TEXTS = ("application/json", "text/vtt", "image/svg+xml")
LEAST_BYTES = 1_024  # less fits into one packet anyway
MOST_BYTES = 16_000_000  # a lesson's log at its bounds is a third of it; more is not read into memory
LEVEL = 6


async def squeezed(request: Request, content: bytes | Path, mime: str, headers: dict[str, str]) -> Response | None:
    """Return the answer with its content squeezed, in a thread, or None when it goes out as it is."""
    if mime not in _TEXTS or "gzip" not in request.headers.get("accept-encoding", "") or "range" in request.headers:
        return None
    packed = await asyncio.to_thread(_pack, content)
    if packed is None:
        return None
    return Response(packed, headers=headers | {"content-encoding": "gzip", "vary": "Accept-Encoding"}, media_type=mime)


def _pack(content: bytes | Path) -> bytes | None:
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    if not LEAST_BYTES <= size <= MOST_BYTES:
        return None
    return gzip.compress(content.read_bytes() if isinstance(content, Path) else content, LEVEL, mtime=0)
