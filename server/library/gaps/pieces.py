"""A file that a browser sent becomes a part of the recording: rewritten in a confined process, described last."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from recorder.pauses import Span
from recorder.splice.gap_parts import GAPS, GapPart, GapSource
from recorder.splice.rewrite import Order, Rewritten
from server.lessons.decks.process import Limits, confined

MAX_PIECE_BYTES = 96 << 20  # five minutes of 1.5 Mbit/s and what lies beside them: 60 MB
# FFmpeg takes 100 MB of address space, the file and its frames twice its size; 60 MB are read in 2 s here.
LIMITS = Limits(memory_bytes=2 << 30, cpu_s=30, file_bytes=MAX_PIECE_BYTES)
REWRITE_S = 60.0  # wall clock
GUARD_MS = 2_000.0  # around a pause: a browser's clock is not better than that before it is compared


async def rewrite(sent: Path, target: Path, kind: GapSource, without: Sequence[Span]) -> Rewritten:
    """Write what can be used of `sent` to `target`, whole or not at all, and return what it is.

    Args:
        sent: what a browser sent; an absolute path.
        target: the part; its folder is made.
        kind: what it must be.
        without: spans of the file in ms that must not be written.
    """
    with tempfile.TemporaryDirectory(prefix="tongtang-gap-") as folder:
        made = Path(folder) / "part"
        order = Order(str(sent), str(made), kind, tuple(without))
        command = (sys.executable, "-m", "recorder.splice.rewrite", msgspec.json.encode(order).decode())
        async with confined(command, LIMITS, Path(folder), [sent]) as process:
            assert process.stdout is not None
            try:
                async with asyncio.timeout(REWRITE_S):
                    line = await process.stdout.readline()
            except TimeoutError:
                line = b""
        try:
            found = msgspec.json.decode(line, type=Rewritten)
        except msgspec.DecodeError:
            return Rewritten()
        if found.codec:
            await asyncio.to_thread(_keep, made, target)
        return found


def _keep(made: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    half = target.with_suffix(".tmp")
    shutil.copyfile(made, half)
    _sync(half)
    half.replace(target)


def describe(folder: Path, part: GapPart) -> None:
    """Write a part's description beside it: from now on it is there. Blocks for the disk.

    Raises:
        OSError: it could not be written.
    """
    target = folder / GAPS / f"{part.name}.json"
    half = target.with_suffix(".tmp")
    half.write_bytes(msgspec.json.encode(part))
    _sync(half)
    half.replace(target)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def paused_in(pauses: Sequence[tuple[float, float | None]], maps: Sequence[tuple[int, float]]) -> list[Span]:
    """Return the pauses, widened by what a browser's clock may be off, in the ms of a file with these times."""
    offset_ms = min(at - ms for ms, at in maps)
    ends = [(since, 1e12 if until is None else until) for since, until in pauses]
    return [(since - GUARD_MS - offset_ms, until + GUARD_MS - offset_ms) for since, until in ends]
