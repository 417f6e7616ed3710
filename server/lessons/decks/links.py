"""Links of an ODP out of its own package: LibreOffice would draw any file of the server that they name.

Its setting against such links (office.py) holds for PPTX, but not for pictures of ODP: tried on LibreOffice 7.4. So an
ODP with one is refused; links that a person clicks on (`text:a`, `draw:a`) lead nowhere by themselves and stay.
"""

from __future__ import annotations

import zipfile
from urllib.parse import unquote
from xml.parsers import expat

from server.lessons.decks.archive import read_blocks
from server.lessons.decks.refusal import Unconvertible

_SEPARATOR = " "
_CLICKED = frozenset(f"urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0{_SEPARATOR}a" for kind in ("text", "drawing"))
MAX_DEPTH = 256


def require_no_links_out(archive: zipfile.ZipFile, name: str) -> None:
    """Pass when nothing in the package is fetched from outside of it.

    Raises:
        Unconvertible: there is such a link, or markup that cannot be read.
    """
    for entry in archive.infolist():
        if entry.filename.endswith(".xml"):
            _judge(archive, entry, name)


def _judge(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> None:
    depth = 0

    def began(element: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise Unconvertible(f"“{name}”的结构异常，没有打开它。请用原来的软件重新保存，或另存为 PDF。")
        if element in _CLICKED:
            return
        for attribute, value in attributes.items():
            if attribute.rsplit(_SEPARATOR, 1)[-1] == "href" and _leads_out(value):
                raise Unconvertible(
                    f"“{name}”里有链接到外面的内容（{value[:40]}），没有打开它。"
                    "请把图片和对象插入文件里，或另存为 PDF。"
                )

    def ended(element: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.StartElementHandler, parser.EndElementHandler = began, ended
    try:
        for block in read_blocks(archive, entry, name):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Unconvertible(f"“{name}”里的 {entry.filename[:60]} 已损坏。请重新导出后再上传。") from error


def _leads_out(href: str) -> bool:
    """Return whether a reference is to anything but a part of the same package (ODF 1.2 part 3, §3.7)."""
    path = unquote(href).replace("\\", "/").strip()
    return path.startswith("/") or ":" in path.split("/")[0] or ".." in path.split("/")
