"""Look into a file that somebody sent as a clip, in a confined process (`clip_look`)."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec

from server.lessons.decks.process import Limits, confined
from server.lessons.packs.clip_media import Found

# A 4K picture in H.264 takes FFmpeg 100 MB; reading 200 MB to its end takes 2 s of CPU here.
LIMITS = Limits(memory_bytes=2 << 30, cpu_s=30, file_bytes=1 << 20)
PROBE_S = 40.0  # wall clock


async def probe(path: Path, kind: str) -> Found:
    """Return what the file has in it; nothing when it cannot be read, or not within the limits of its process."""
    with tempfile.TemporaryDirectory(prefix="tongtang-clip-") as folder:
        async with confined(_command(path, kind), LIMITS, Path(folder), [path]) as process:
            assert process.stdout is not None
            try:
                async with asyncio.timeout(PROBE_S):
                    line = await process.stdout.readline()
            except TimeoutError:
                line = b""
    try:
        return msgspec.json.decode(line, type=Found)
    except msgspec.DecodeError:
        return Found()


def _command(path: Path, kind: str) -> tuple[str, ...]:
    # It works in another folder than the server.
    return (sys.executable, "-m", "server.lessons.packs.clip_look", kind, str(path.absolute()))
