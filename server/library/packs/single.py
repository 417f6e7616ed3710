"""`light.html`: a lesson as one file for phones, with voice, pages and ink in it. Pure but for files.

Its size is known before it is made, and it is made piece by piece: base64 of the media streams from the disk. The page
turns each piece into a Blob when it starts; a `data:` address of 15 MB would be copied with every seek.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from recorder.pack.manifest import is_safe_path
from server.library.packs.contents import PAGE, Lesson, inlined, script_json

PIECE_BYTES = 3 << 16  # a multiple of 3: base64 of pieces is base64 of the whole
MAX_BYTES = 40 << 20  # a phone of 2 GB opens it; a lesson of an hour is about 20 MB


class Part(NamedTuple):
    """A piece of the page: text, or a file as base64."""

    text: bytes
    file: Path | None = None
    size: int = 0  # of the file

    @property
    def length(self) -> int:
        """Return how many bytes it becomes."""
        return len(self.text) + (self.size + 2) // 3 * 4


class SingleFile(NamedTuple):
    """The page, ready to be sent."""

    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Return its length in bytes."""
        return sum(part.length for part in self.parts)

    def read(self) -> Iterator[bytes]:
        """Yield its bytes. Blocks for the disk.

        Raises:
            OSError
        """
        for part in self.parts:
            yield part.text
            if part.file is not None:
                yield from _encoded(part.file, part.size)


def single_file(lesson: Lesson, player: Path) -> SingleFile:
    """Return `light.html` of a lesson that was cut to its light rendition.

    Raises:
        OSError: a file is missing.
    """
    resource = inlined(lesson.folder, lesson.resource)
    embedded: list[tuple[str, Path, str]] = []

    def embed(path: str, mime: str) -> str:
        if not is_safe_path(path) or not (lesson.folder / path).is_file():
            return ""
        embedded.append((f"m{len(embedded)}", lesson.folder / path, mime))
        return f"inline:{embedded[-1][0]}"

    resource["renditions"] = [{**one, "path": embed(one["path"], one["mime"])} for one in resource["renditions"]]
    resource["page_files"] = [
        {**one, "path": embed(one["path"], one.get("mime", "image/webp"))} for one in resource.get("page_files", ())
    ]
    resource |= {"poster": "", "sprite": None}  # the pages are its pictures
    content = {"id": lesson.pack, "version": lesson.version, "resource": resource, "events": lesson.events}
    return SingleFile((_head(resource, player), *_media(embedded), _foot(content, player)))


def _head(resource: dict[str, Any], player: Path) -> Part:
    styles = (player / "player.css").read_bytes() + b"\n" + (PAGE / "start.css").read_bytes()
    title = html.escape(str(resource.get("title", "")))
    page = (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">'
        "<title>{title}</title><style>{styles}</style></head>"
        '<body><div id="player"></div><noscript>请在浏览器中开启 JavaScript 后再打开这一课。</noscript>\n'
    )
    head, foot = page.replace("{title}", title).split("{styles}")
    return Part(head.encode() + styles.replace(b"</style", b"<\\/style") + foot.encode())


def _media(embedded: list[tuple[str, Path, str]]) -> Iterator[Part]:
    for name, path, mime in embedded:
        tag = f'<script type="text/plain" id="{name}" data-mime="{html.escape(mime)}">'
        yield Part(tag.encode(), path, path.stat().st_size)
        yield Part(b"</script>\n")


def _foot(content: dict[str, Any], player: Path) -> Part:
    scripts = [
        b"window.TONGTANG_PACK = " + script_json(content) + b";",
        (player / "player.js").read_bytes(),
        (PAGE / "start.js").read_bytes(),
    ]
    tags = b"".join(b"<script>" + one.replace(b"</script", b"<\\/script") + b"</script>\n" for one in scripts)
    return Part(tags + b"</body></html>\n")


def _encoded(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        left = size
        while left:
            block = file.read(min(PIECE_BYTES, left))
            if not block:
                raise OSError(f"{path} is shorter than it was")
            left -= len(block)
            yield base64.b64encode(block)
