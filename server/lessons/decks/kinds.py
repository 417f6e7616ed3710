"""What an uploaded file is: told by its content, and refused when its name says something else."""

from __future__ import annotations

import mmap
from pathlib import Path, PurePosixPath
from typing import Literal

from server.lessons.decks.archive import open_archive, read_blocks, verify
from server.lessons.decks.links import require_no_links_out
from server.lessons.decks.model import MAX_DECK_PAGES, Remark
from server.lessons.decks.refusal import Unconvertible

Kind = Literal["pdf", "office", "picture", "zip"]

_PDF, _ZIP, _OLE = b"%PDF-", b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
PDF_HEAD_BYTES = 1024  # where readers look for %PDF- (ISO 32000-1, annex H.3.4.1)

_OOXML, _BINARY, _ODP = "pptx", "ppt", "odp"
_EXTENSIONS: dict[str, str] = {
    "pdf": "pdf",
    **dict.fromkeys(("pptx", "ppsx", "pptm", "ppsm"), _OOXML),
    **dict.fromkeys(("ppt", "pps"), _BINARY),
    "odp": _ODP,
    **dict.fromkeys(("jpg", "jpeg", "png", "webp"), "picture"),
    "zip": "zip",
}
_NAMES = {
    "pdf": "PDF",
    _OOXML: "PPTX 演示文稿",
    _BINARY: "PPT 演示文稿",
    _ODP: "ODP 演示文稿",
    "picture": "图片",
    "zip": "ZIP 压缩包",
}
TAKEN = "PDF、PPTX、PPT、ODP、图片（JPEG、PNG、WebP）或装着图片的 ZIP"


def kind_of(path: Path, name: str) -> tuple[Kind, tuple[Remark, ...]]:
    """Return what the file is, and what of it will be left out; office files are judged all through.

    Raises:
        Unconvertible: it is empty, broken, encrypted, hostile, of no kind that is taken, or not what its name says.
    """
    extension = PurePosixPath(name).suffix.lower().lstrip(".")
    says = _EXTENSIONS.get(extension)
    if path.stat().st_size == 0:
        raise Unconvertible(f"“{name}”是空文件，里面没有内容。请重新导出后再上传。")
    found, remarks = _by_content(path, name)
    if found is None or says is None:
        raise Unconvertible(f"“{name}”不是能用的课件。请上传 {TAKEN}。")
    if found != says:
        raise Unconvertible(f"“{name}”的扩展名和内容不一致：内容是{_NAMES[found]}。请改正扩展名，或重新导出。")
    if found in (_OOXML, _BINARY, _ODP):
        return "office", remarks
    kinds: dict[str, Kind] = {"pdf": "pdf", "picture": "picture", "zip": "zip"}
    return kinds[found], remarks


def _by_content(path: Path, name: str) -> tuple[str | None, tuple[Remark, ...]]:
    with path.open("rb") as file:
        head = file.read(PDF_HEAD_BYTES)
    if head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "picture", ()
    if head.startswith(_ZIP):
        return _zipped(path, name)
    if head.startswith(_OLE):
        return _compound(path, name), ()
    return ("pdf", ()) if _PDF in head else (None, ())


def _zipped(path: Path, name: str) -> tuple[str, tuple[Remark, ...]]:
    with open_archive(path, name) as archive:
        names = {entry.filename for entry in archive.infolist()}
        if "ppt/presentation.xml" in names:
            verify(archive, name)
            slides = sum(1 for one in names if one.startswith("ppt/slides/slide") and one.endswith(".xml"))
            require_pages(slides, name)
            return _OOXML, ("macros",) if "ppt/vbaProject.bin" in names else ()
        if "mimetype" in names:
            mime = b"".join(read_blocks(archive, archive.getinfo("mimetype"), name))
            if mime.startswith(b"application/vnd.oasis.opendocument.presentation"):
                verify(archive, name)
                require_no_links_out(archive, name)
                return _ODP, ("macros",) if any(one.startswith("Basic/") for one in names) else ()
        if names & {"word/document.xml", "xl/workbook.xml", "mimetype"}:
            raise Unconvertible(f"“{name}”是文档或表格，不是演示文稿。请在原来的软件里另存为 PDF，再上传 PDF。")
    return "zip", ()


def _compound(path: Path, name: str) -> str:
    """Tell what an OLE file holds by the names in its directory ([MS-CFB] §2.6.1: UTF-16LE)."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            raise Unconvertible(f"“{name}”有密码。请去掉密码后再上传。")
        if data.find("PowerPoint Document".encode("utf-16-le")) >= 0:
            return _BINARY
    raise Unconvertible(f"“{name}”不是演示文稿。请在原来的软件里另存为 PDF，再上传 PDF。")


def require_pages(pages: int, name: str) -> None:
    """Pass when a deck may have so many pages.

    Raises:
        Unconvertible: too many, or none.
    """
    if pages == 0:
        raise Unconvertible(f"“{name}”里一页也没有。")
    if pages > MAX_DECK_PAGES:
        raise Unconvertible(f"“{name}”有 {pages} 页，一份课件最多 {MAX_DECK_PAGES} 页。请拆成几份再上传。")
