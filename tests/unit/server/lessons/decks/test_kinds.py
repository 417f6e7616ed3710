from __future__ import annotations

import struct
from pathlib import Path

import pytest

from server.lessons.decks import archive
from server.lessons.decks.kinds import kind_of
from server.lessons.decks.refusal import Unconvertible
from tests.unit.server.lessons.decks.deck_files import pdf, picture, pptx, pptx_entries, zipped

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
ODP = [("mimetype", b"application/vnd.oasis.opendocument.presentation"), ("content.xml", b"<a/>")]


def put(folder: Path, data: bytes, name: str) -> tuple[Path, str]:
    path = folder / "1"
    path.write_bytes(data)
    return path, name


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("光.pdf", pdf(), "pdf"),
        ("光.PDF", b"junk before\n" + pdf(), "pdf"),
        ("光.pptx", pptx(("一", "二")), "office"),
        ("光.ppsx", pptx(("一", "二")), "office"),
        ("光.odp", zipped(ODP), "office"),
        ("光.ppt", OLE + bytes(600) + "PowerPoint Document".encode("utf-16-le") + bytes(9), "office"),
        ("1.png", picture(), "picture"),
        ("1.jpg", picture(kind="JPEG"), "picture"),
        ("1.webp", picture(kind="WEBP"), "picture"),
        ("页.zip", zipped([("1.png", picture())]), "zip"),
    ],
)
def test_a_file_is_told_by_its_content(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    assert kind_of(*put(tmp_path, data, name)) == (kind, ())


def test_macros_are_noted(tmp_path: Path) -> None:
    data = zipped([*pptx_entries([("一", "二")]), ("ppt/vbaProject.bin", b"macro")])
    assert kind_of(*put(tmp_path, data, "光.pptm")) == ("office", ("macros",))


BOMB = zipped([*pptx_entries([("一", "二")]), ("ppt/media/x.xml", bytes(3 << 20))])
ENTITIES = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'


def odp_with(element: str) -> bytes:
    spaces = (
        'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:x="http://www.w3.org/1999/xlink"'
    )
    return zipped([ODP[0], ("content.xml", f"<draw:page {spaces}>{element}</draw:page>".encode())])


@pytest.mark.parametrize(
    "href",
    [
        "file:///etc/passwd",
        "&#102;ile:///etc/passwd",
        "/etc/passwd",
        "../../decks/x/1.png",
        "http://10.0.0.1/",
        "%2e%2e/x",
    ],
)
def test_an_odp_draws_nothing_from_outside(tmp_path: Path, href: str) -> None:
    data = odp_with(f'<draw:image x:href="{href}"/>')
    with pytest.raises(Unconvertible, match="链接到外面"):
        kind_of(*put(tmp_path, data, "光.odp"))


def test_links_to_click_on_and_parts_of_the_package_are_no_links_out(tmp_path: Path) -> None:
    data = odp_with('<draw:image x:href="Pictures/1.png"/><text:a x:href="https://school.example/">网页</text:a>')
    assert kind_of(*put(tmp_path, data, "光.odp")) == ("office", ())


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("空.pdf", b"", "空文件"),
        ("光.pdf", pptx(("一", "二")), "扩展名和内容不一致：内容是PPTX"),
        ("光.pptx", pdf(), "扩展名和内容不一致：内容是PDF"),
        ("光.jpg", pdf(), "扩展名和内容不一致"),
        ("光.doc", OLE + bytes(600), "不是演示文稿"),
        ("光.ppt", OLE + bytes(600), "不是演示文稿"),
        ("光.pptx", OLE + "EncryptedPackage".encode("utf-16-le") + bytes(9), "有密码"),
        ("光.docx", zipped([("word/document.xml", b"<a/>")]), "另存为 PDF"),
        ("光.txt", "光的折射".encode(), "不是能用的课件"),
        ("光.svg", b"<svg onload='alert(1)'/>", "不是能用的课件"),
        ("光.pptx", BOMB, "压缩炸弹"),
        ("光.pptx", zipped([*pptx_entries([("一", "二")]), ("ppt/x.xml", ENTITIES)]), "XML 实体"),
        ("光.pptx", zipped([*pptx_entries([("一", "二")]), ("../../etc/cron.d/x", b"x")]), "指向外面的路径"),
        ("光.pptx", zipped(pptx_entries([("一", "二")] * 301)), "有 301 页，一份课件最多 300 页"),
        ("光.pptx", pptx(("一", "二"))[:900], "已损坏"),
        ("光.pptx", zipped(pptx_entries([])), "一页也没有"),
    ],
)
def test_what_cannot_be_a_deck_is_refused_in_words(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    with pytest.raises(Unconvertible) as caught:
        kind_of(*put(tmp_path, data, name))
    assert words in caught.value.reason and (name in caught.value.reason or "扩展名" in words)


def test_an_archive_of_very_many_files_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 3)
    with pytest.raises(Unconvertible, match="里有 4 个文件"):
        kind_of(*put(tmp_path, zipped([(f"{n}.png", b"") for n in range(4)]), "x.zip"))


def test_an_archive_that_unpacks_to_too_much_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 1 << 20)
    data = zipped([(f"{n}.png", bytes(600_000)) for n in range(3)])
    with pytest.raises(Unconvertible, match="展开后有 1 MB"):
        kind_of(*put(tmp_path, data, "x.zip"))


def test_an_entry_longer_than_its_directory_says_is_found_out(tmp_path: Path) -> None:
    data = bytearray(zipped([*pptx_entries([("一", "二")]), ("ppt/x.bin", bytes(100_000))]))
    at = data.rindex(b"ppt/x.bin") - 46  # its record in the central directory (APPNOTE 4.3.12)
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    with pytest.raises(Unconvertible, match="已损坏"):
        kind_of(*put(tmp_path, bytes(data), "光.pptx"))
