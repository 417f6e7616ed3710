"""ZIP files from outside, judged before anything unpacks them: PPTX, ODP, and archives of pictures.

What the directory promises is bounded first (entries, sizes, ratio, names), then kept: every entry is inflated once and
must have the length and checksum that it promised (a directory that lies would let the next reader inflate for ever).
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from server.lessons.decks.refusal import Unconvertible

MAX_ENTRIES = 5_000  # 300 slides with their notes, layouts and pictures have about 2,000
MAX_TOTAL_BYTES = 600 << 20  # three times the largest upload: pictures and clips are packed already
MAX_RATIO = 150  # of an entry over 1 MB: XML of slides packs 10 to 40 times, a bomb 1,000 times
RATIO_FROM_BYTES = 1 << 20
BLOCK_BYTES = 1 << 16
_MARKUP = (".xml", ".rels")
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # what office programs write


def open_archive(path: Path, name: str) -> zipfile.ZipFile:
    """Return the archive, whose directory is within bounds; its entries are not read yet.

    Raises:
        Unconvertible: it is broken, encrypted, or a bomb.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unconvertible(f"“{name}”已损坏或不完整，打不开。请重新导出后再上传。") from error
    try:
        _judge(archive.infolist(), name)
    except BaseException:
        archive.close()
        raise
    return archive


def _judge(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MAX_ENTRIES:
        raise Unconvertible(
            f"“{name}”里有 {len(entries)} 个文件，最多 {MAX_ENTRIES} 个。这不像正常的课件，没有打开它。"
        )
    total = 0
    for entry in entries:
        if entry.flag_bits & 0x1:
            raise Unconvertible(f"“{name}”有密码。请去掉密码后再上传。")
        if entry.compress_type not in _METHODS:
            raise Unconvertible(f"“{name}”用了少见的压缩方式。请用 PowerPoint 或 WPS 重新保存。")
        if _leaves_its_folder(entry.filename):
            raise Unconvertible(f"“{name}”里有指向外面的路径（{entry.filename[:40]}），不安全，没有打开它。")
        total += entry.file_size
        if entry.file_size > RATIO_FROM_BYTES and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise Unconvertible(f"“{name}”里的内容展开后异常地大（压缩炸弹），没有打开它。请用原来的软件重新保存。")
    if total > MAX_TOTAL_BYTES:
        raise Unconvertible(
            f"“{name}”展开后有 {total >> 20} MB，最多 {MAX_TOTAL_BYTES >> 20} MB。请压缩里面的图片，或拆成几份。"
        )


def _leaves_its_folder(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name.split("/")[0] or "\0" in name


def verify(archive: zipfile.ZipFile, name: str) -> None:
    """Inflate every entry once: it must be as its directory says, and markup must not define entities.

    Raises:
        Unconvertible: it is broken, or would grow when it is parsed.
    """
    for entry in archive.infolist():
        is_markup, tail = entry.filename.endswith(_MARKUP), b""
        for block in read_blocks(archive, entry, name):
            if is_markup and b"<!ENTITY" in tail + block:
                raise Unconvertible(f"“{name}”里有会自我膨胀的内容（XML 实体），没有打开它。请用原来的软件重新保存。")
            tail = block[-8:]


def read_blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    """Yield the content of an entry.

    Raises:
        Unconvertible: it is broken.
    """
    try:
        with archive.open(entry) as file:
            while block := file.read(BLOCK_BYTES):
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise Unconvertible(f"“{name}”里的 {entry.filename[:60]} 已损坏。请重新导出后再上传。") from error


def shown_name(entry: zipfile.ZipInfo) -> str:
    """Return the entry's name as people wrote it: Chinese Windows packs names in GBK without saying so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gbk")
    except UnicodeError:
        return entry.filename
