"""Pictures to pages: judged by their header before a pixel is decoded, turned upright, on white."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from PIL import Image, ImageOps

from server.lessons.decks.archive import open_archive, read_blocks, shown_name
from server.lessons.decks.headings import short
from server.lessons.decks.kinds import require_pages
from server.lessons.decks.refusal import Unconvertible
from server.lessons.model import PAGE_WIDTHS
from server.lessons.pictures import MAX_PICTURE_BYTES, inspect
from signaling.errors import Refused

_FORMATS = ("JPEG", "PNG", "WEBP")
_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_NUMBER = re.compile(r"(\d+)")


class Photograph(NamedTuple):
    """One picture: what it is called, and where it is."""

    name: str
    path: Path
    entry: str = ""  # in an archive

    def data(self, page: int) -> bytes:
        """Return its bytes.

        Raises:
            Unconvertible: it is too large or broken.
        """
        if not self.entry:
            size = self.path.stat().st_size
            return self.path.read_bytes() if size <= MAX_PICTURE_BYTES else _refuse_size(self.name, page)
        with open_archive(self.path, self.path.name) as archive:
            entry = archive.getinfo(self.entry)
            if entry.file_size > MAX_PICTURE_BYTES:
                return _refuse_size(self.name, page)
            try:
                return b"".join(read_blocks(archive, entry, self.name))
            except Unconvertible as error:
                raise Unconvertible(error.reason, page) from error


def _refuse_size(name: str, page: int) -> bytes:
    raise Unconvertible(f"图片“{name}”超过 {MAX_PICTURE_BYTES >> 20} MB。请缩小后再上传。", page)


def in_archive(path: Path, name: str) -> tuple[Photograph, ...]:
    """Return the pictures of an archive in the order of their names.

    Raises:
        Unconvertible: the archive is broken, hostile, or has something else in it.
    """
    with open_archive(path, name) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_clutter(entry)]
    found = []
    for entry in entries:
        shown = PurePosixPath(shown_name(entry).replace("\\", "/")).name
        if PurePosixPath(shown).suffix.lower() not in (".jpg", ".jpeg", ".png", ".webp"):
            raise Unconvertible(f"压缩包“{name}”里的“{shown[:60]}”不是图片。压缩包里只能放 JPEG、PNG 或 WebP 图片。")
        found.append((shown_name(entry), Photograph(shown, path, entry.filename)))
    require_pages(len(found), name)
    return tuple(one for _, one in sorted(found, key=lambda pair: as_counted(pair[0])))


def _is_clutter(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename).parts
    return any(part.startswith(".") for part in parts) or entry.filename.startswith(_IGNORED) or parts[-1] in _IGNORED


def as_counted(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts names as people count: 第2页 before 第10页."""
    parts = _NUMBER.split(name.casefold())
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part]


def page_title(name: str) -> str:
    """Return what a page made of this picture is called."""
    return short(PurePosixPath(name).stem)


def decode(photograph: Photograph, page: int) -> Image.Image:
    """Return the picture as RGB, upright, not much larger than the largest width.

    Raises:
        Unconvertible: it is no picture, broken, or too large to decode.
    """
    data = photograph.data(page)
    try:
        inspect(data)
    except Refused as error:
        raise Unconvertible(f"图片“{photograph.name}”：{error.detail}", page) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's doubts about size and metadata: both were judged
            return _upright(data)
    except (OSError, ValueError, SyntaxError, MemoryError, ArithmeticError, Image.DecompressionBombError) as error:
        raise Unconvertible(f"图片“{photograph.name}”已损坏，读不出来。请重新导出后再上传。", page) from error


def _upright(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
        largest = max(PAGE_WIDTHS)
        picture.draft("RGB", (largest, largest))  # a JPEG is decoded at an eighth, a quarter or half where that does
        turned = ImageOps.exif_transpose(picture)
        if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
            clear = turned.convert("RGBA")
            ground = Image.new("RGBA", clear.size, "white")
            return Image.alpha_composite(ground, clear).convert("RGB")
        return turned.convert("RGB")
