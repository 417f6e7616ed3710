"""What of a recording's folder goes into the store, and how it comes back. Blocks for the disk; asks no store."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import msgspec

from recorder.folder import JOURNAL
from recorder.journal import read_journal
from recorder.resource import RESOURCE, files_of
from recorder.splice.gap_parts import read_gap_parts
from recorder.story import read_story
from server.library.sight import read_resource
from server.objects.store import READ_BYTES

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


class Part(NamedTuple):
    """A part that is closed: nobody writes it any more."""

    path: str  # in the recording's folder
    bytes: int


class Kept(msgspec.Struct, frozen=True):
    """A finished file in the store."""

    sha256: str
    bytes: int
    mime: str


class Manifest(msgspec.Struct, frozen=True):
    """What a finished recording consists of, by path in its folder."""

    recording: str
    files: dict[str, Kept]
    version: int = 1


def part_key(recording: str, path: str) -> str:
    """Return the key of a part, or of a journal's snapshot."""
    return f"parts/{recording}/{path}"


def file_key(sha256: str) -> str:
    """Return the key of a finished file."""
    return f"cas/{sha256[:2]}/{sha256}"


def closed_parts(folder: Path) -> list[Part]:
    """Return the parts that the journal says are closed, in the order of their beginning, and what browsers brought."""
    story = read_story(read_journal(folder / JOURNAL).lines)
    is_over = story.end_ms is not None
    found = []
    for one in story.parts.values():
        path = folder / one.file
        if (one.closed or is_over) and _NAME.fullmatch(one.file) and path.is_file():
            found.append(Part(one.file, path.stat().st_size))
    brought = [name for one in read_gap_parts(folder) for name in (one.file, one.about)]
    return found + [Part(name, (folder / name).stat().st_size) for name in brought if _NAME.fullmatch(name)]


def snapshot_journal(folder: Path, to: Path) -> int:
    """Copy the journal's whole lines to the file `to`; return how many bytes."""
    data = (folder / JOURNAL).read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    to.write_bytes(whole)
    return len(whole)


def made_ms(folder: Path) -> int | None:
    """Return when the recording was described last (UTC epoch ms); None: it is not finished."""
    try:
        return (folder / RESOURCE).stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return None


def manifest_of(recording: str, folder: Path) -> Manifest | None:
    """Return what the finished recording consists of, with the hash of each file; None: it is not whole."""
    resource = read_resource(folder)
    if resource is None:
        return None
    types = files_of(resource) | {JOURNAL: "application/jsonl"}
    known = {one.path: one.sha256 for one in resource.renditions if one.sha256}
    files = {}
    for path, mime in types.items():
        file = folder / path
        if file.is_file():
            files[path] = Kept(known.get(path) or _hash(file), file.stat().st_size, mime)
    return Manifest(recording, files)


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
