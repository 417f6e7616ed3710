"""Files that a deck may be made of, good and hostile, made here: nothing large lies in the repository."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence

from PIL import Image

WORDS = "光从空气斜着射入水中时传播方向发生偏折这种现象叫作光的折射"


def zipped(entries: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return made.getvalue()


def picture(width: int = 160, height: int = 90, kind: str = "PNG", colour: str = "navy") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(made, kind)
    return made.getvalue()


def png_of(width: int, height: int) -> bytes:
    """Return a PNG whose header says so; its pixels are one empty chunk."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def pdf(
    pages: Sequence[tuple[str, str]] = (("Refraction of light", "Light bends at the surface"),),
    *,
    catalog: str = "",
    count: int | None = None,
    media_box: str = "0 0 960 540",
) -> bytes:
    """Return a PDF: of each page a heading in 40 pt and a line in 20 pt, in Latin letters."""
    objects: list[bytes] = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for heading, line in pages:
        drawn = f"BT /F1 40 Tf 60 440 Td ({heading}) Tj ET BT /F1 20 Tf 60 380 Td ({line}) Tj ET".encode()
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n".encode() + drawn + b"\nendstream")
        where = f"/MediaBox [{media_box}] /Resources << /Font << /F1 3 0 R >> >> /Contents {len(objects)} 0 R"
        objects.append(f"<< /Type /Page /Parent 2 0 R {where} >>".encode())
        kids.append(f"{len(objects)} 0 R")
    listed = " ".join(kids if count is None else [kids[0]] * count)
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode()
    objects[1] = f"<< /Type /Pages /Kids [{listed}] /Count {count or len(kids)} >>".encode()
    return _pdf_of(objects)


def _pdf_of(objects: Sequence[bytes]) -> bytes:
    made, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(made))
        made += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    for offset in offsets:
        made += f"{offset:010d} 00000 n \n".encode()
    made += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(made)


def encrypted_pdf() -> bytes:
    """Return a PDF that says it is encrypted with a password that nobody gives (standard handler, 40 bit)."""
    plain = pdf()
    entry = "/Encrypt << /Filter /Standard /V 1 /R 2 /O <" + "00" * 32 + "> /U <" + "11" * 32 + "> /P -4 >> "
    return plain.replace(b"trailer << ", b"trailer << /ID [<00><00>] " + entry.encode())


_NS = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def _box(number: int, text: str, top: int, size: int) -> str:
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="t{number}"/><p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr><p:spPr>'
        f'<a:xfrm><a:off x="600000" y="{top}"/><a:ext cx="10800000" cy="900000"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>'
        f'<p:txBody><a:bodyPr/><a:p><a:r><a:rPr lang="zh-CN" sz="{size}"/><a:t>{text}</a:t></a:r></a:p></p:txBody>'
        "</p:sp>"
    )


def _slide(heading: str, line: str) -> str:
    tree = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    boxes = _box(2, heading, 500_000, 4_400) + _box(3, line, 2_000_000, 2_400)
    return f"{_HEAD}<p:sld {_NS}><p:cSld><p:spTree>{tree}{boxes}</p:spTree></p:cSld></p:sld>"


def _relations(*pairs: tuple[str, str]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{_REL}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(pairs, 1)
    )
    return f'{_HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def pptx_entries(slides: Sequence[tuple[str, str]]) -> list[tuple[str, bytes]]:
    """Return the parts of a PPTX of 16:9 with a heading and a line on each slide."""
    main = "application/vnd.openxmlformats-officedocument.presentationml"
    numbers = range(1, len(slides) + 1)
    types = "".join(f'<Override PartName="/ppt/slides/slide{n}.xml" ContentType="{main}.slide+xml"/>' for n in numbers)
    content = (
        f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/ppt/presentation.xml" ContentType="{main}.presentation.main+xml"/>{types}</Types>'
    )
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in numbers)
    presentation = (
        f"{_HEAD}<p:presentation {_NS}><p:sldIdLst>{listed}</p:sldIdLst>"
        '<p:sldSz cx="12192000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>'
    )
    parts = {
        "[Content_Types].xml": content,
        "_rels/.rels": _relations(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": presentation,
        "ppt/_rels/presentation.xml.rels": _relations(*(("slide", f"slides/slide{n}.xml") for n in numbers)),
    }
    for number, (heading, line) in enumerate(slides, 1):
        parts[f"ppt/slides/slide{number}.xml"] = _slide(heading, line)
    return [(name, text.encode()) for name, text in parts.items()]


def pptx(*slides: tuple[str, str]) -> bytes:
    return zipped(pptx_entries(slides))
