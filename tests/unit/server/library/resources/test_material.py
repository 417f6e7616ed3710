"""What an uploaded file is, told by its content."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from server.library.resources.material import material_kind


def zipped(**entries: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return held.getvalue()


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("教案.pdf", b"%PDF-1.7\n", "application/pdf"),
        ("教案.pdf", b"MZ\x90\x00", None),  # a program that calls itself a document
        ("教案.pdf", b"", None),
        ("照片.jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("照片.png", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("照片.webp", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ("实验.webm", b"\x1a\x45\xdf\xa3" + bytes(20), "video/webm"),
        ("实验.mp4", b"\0\0\0\x20ftypisom", "video/mp4"),
        ("朗读.mp3", b"ID3\x04" + bytes(20), "audio/mpeg"),
        ("说明.txt", "水的三态".encode(), "text/plain"),
        ("说明.txt", ("水" * 3000).encode(), "text/plain"),  # cut in the middle of a character
        ("说明.txt", "水的三态".encode("gb18030"), "text/plain"),
        ("说明.txt", b"\0\x01\x02\x03" * 9, None),
        ("页面.html", b"<!doctype html><script>1</script>", None),
        ("教案.doc", OLE, "application/msword"),
        ("安装.msi", OLE, None),
        ("压缩.zip", zipped(a_xml="x"), None),
        ("压缩.zip", b"PK\x03\x04 broken", None),
        (
            "教案.docx",
            zipped(word__document_xml="x"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            "教案.odt",
            zipped(mimetype="application/vnd.oasis.opendocument.text"),
            "application/vnd.oasis.opendocument.text",
        ),
        ("书.epub", zipped(mimetype="application/epub+zip"), None),
    ],
)
def test_a_file_is_what_is_in_it(tmp_path: Path, name: str, data: bytes, kind: str | None) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    assert material_kind(path, name) == kind
