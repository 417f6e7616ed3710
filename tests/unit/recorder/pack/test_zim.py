"""What we write as ZIM is read back by the format's own library."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from libzim.reader import Archive
from PIL import Image

from recorder.pack.digests import Source
from recorder.pack.zim import Book, Item, Zim

PAGE = b"<!doctype html><title>t</title>"


def icon() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (48, 48), (11, 107, 87)).save(made, "png")
    return made.getvalue()


def a_book(main: str = "b1/index.html") -> Book:
    return Book(
        "tongtang_b1", "1", "光的折射", "五年级科学", "林晓云", "春城实验小学", "zho", "2026-11-20", "CC BY 4.0", main,
        icon(),
    )  # fmt: skip


def lessons(folder: Path) -> list[Item]:
    film = folder / "light.webm"
    film.write_bytes(bytes(range(256)) * 9)
    player = folder / "player.js"
    player.write_bytes(b"// player")
    items = []
    for name, title in (("b1", "光的折射"), ("a2", "水的三态")):
        items += [
            Item(f"{name}/index.html", "text/html", Source("index.html", data=PAGE + name.encode()), title, True),
            Item(f"{name}/light.webm", "audio/webm", Source("light.webm", film)),
            Item(f"{name}/player.js", "text/javascript", Source("player.js", player)),
        ]
    return [*items, Item("empty.txt", "text/plain", Source("empty.txt"))]


def read(zim: Zim, folder: Path) -> Archive:
    (folder / "made.zim").write_bytes(b"".join(zim.read()))
    return Archive(folder / "made.zim")


def test_a_book_of_two_lessons_is_read_by_libzim(tmp_path: Path) -> None:
    zim = Zim(a_book(), lessons(tmp_path))
    book = read(zim, tmp_path)
    assert book.check(), "checksum, order of entries and titles, pointers, media types"
    assert book.checksum == zim.checksum
    assert str(book.uuid) == str(zim.uuid)
    assert book.has_new_namespace_scheme
    assert book.main_entry.get_item().path == "b1/index.html"
    assert (book.entry_count, book.article_count) == (7, 2)
    assert bytes(book.get_entry_by_path("a2/light.webm").get_item().content) == bytes(range(256)) * 9
    assert bytes(book.get_entry_by_title("水的三态").get_item().content) == PAGE + b"a2"
    assert bytes(book.get_entry_by_path("empty.txt").get_item().content) == b""
    assert book.get_entry_by_path("b1/player.js").get_item().mimetype == "text/javascript"
    assert book.get_metadata("Title").decode() == "光的折射"
    assert book.get_metadata("Counter") == b"audio/webm=2;text/html=2;text/javascript=2;text/plain=1"
    assert set(book.metadata_keys) >= {"Name", "Title", "Creator", "Publisher", "Date", "Description", "Language"}
    assert bytes(book.get_illustration_item(48).content) == icon()


def test_what_two_lessons_share_is_in_it_once(tmp_path: Path) -> None:
    whole = b"".join(Zim(a_book(), lessons(tmp_path)).read())
    assert whole.count(b"// player") == 1
    assert whole.count(bytes(range(256)) * 9) == 1


def test_any_stretch_is_what_stands_there(tmp_path: Path) -> None:
    zim = Zim(a_book(), lessons(tmp_path))
    whole = b"".join(zim.read())
    assert len(whole) == zim.size
    for start in range(0, len(whole), 97):
        assert b"".join(zim.read(start, start + 131)) == whole[start : start + 131]


def test_same_lessons_are_same_bytes_and_another_version_is_another_book(tmp_path: Path) -> None:
    items = lessons(tmp_path)
    assert b"".join(Zim(a_book(), items).read()) == b"".join(Zim(a_book(), items).read())
    assert Zim(a_book()._replace(version="2"), items).uuid != Zim(a_book(), items).uuid


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    whole = bytearray(b"".join(Zim(a_book(), lessons(tmp_path)).read()))
    whole[whole.index(b"// player")] ^= 1
    (tmp_path / "broken.zim").write_bytes(whole)
    assert not Archive(tmp_path / "broken.zim").check()


def test_a_book_without_its_main_page_or_with_a_path_twice_is_not_made(tmp_path: Path) -> None:
    items = lessons(tmp_path)
    with pytest.raises(ValueError):
        Zim(a_book("c3/index.html"), items)
    with pytest.raises(ValueError):
        Zim(a_book(), [*items, items[0]])
