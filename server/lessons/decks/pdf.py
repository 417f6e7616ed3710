"""PDF to pages: pictures, text, titles and outline, by PDFium (its build has no JavaScript engine: nothing runs)."""

from __future__ import annotations

import ctypes
import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from server.lessons.decks.headings import Line, clean, short, title_of
from server.lessons.decks.kinds import require_pages
from server.lessons.decks.model import MAX_PAGE_TEXT, Heading, Remark
from server.lessons.decks.refusal import Unconvertible

MAX_RATIO = 8.0  # longer side to shorter: a page beyond it is unreadable on any screen
MAX_HEADINGS = 500
MAX_DEPTH = 4
TITLE_CHARS = 600  # a title stands among the first: about half a page
# What office programs call a slide in the outline when nobody did.
_AUTOMATIC = re.compile(r"(?:slide|page|幻灯片|页|第)\s*\d+\s*页?", re.IGNORECASE)
_XFA_FORMS = (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND)


@contextmanager
def opened(path: Path, name: str) -> Iterator[pypdfium2.PdfDocument]:
    """Open a PDF whose number of pages is right.

    Raises:
        Unconvertible: it is broken, encrypted, empty or too long.
    """
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unconvertible(f"“{name}”有打开密码。请去掉密码后再上传。") from error
        raise Unconvertible(f"“{name}”已损坏或不是完整的 PDF，打不开。请重新导出后再上传。") from error
    try:
        require_pages(len(document), name)
        yield document
    finally:
        document.close()


def remarks_of(document: pypdfium2.PdfDocument, path: Path) -> tuple[Remark, ...]:
    """Return what the pages will be without."""
    found: list[Remark] = []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        has_actions = data.find(b"/JavaScript") >= 0 or data.find(b"/Launch") >= 0
    if has_actions or pdfium.FPDFDoc_GetJavaScriptActionCount(document) > 0:
        found.append("scripts")
    if document.count_attachments() > 0:
        found.append("attachments")
    if document.get_formtype() in _XFA_FORMS:
        found.append("forms")
    return tuple(found)


def outline_of(document: pypdfium2.PdfDocument) -> tuple[Heading, ...]:
    """Return the chapters that the file names; none when it has no outline or a broken one."""
    found: list[Heading] = []
    try:
        for mark in document.get_toc(max_depth=MAX_DEPTH):
            target = mark.get_dest()
            page = target.get_index() if target is not None else None
            title = short(clean(mark.get_title()))
            if title and not _AUTOMATIC.fullmatch(title) and page is not None and 0 <= page < len(document):
                found.append(Heading(title, page + 1, mark.level))
            if len(found) == MAX_HEADINGS:
                break
    except (pypdfium2.PdfiumError, ValueError, RecursionError):
        return tuple(found)
    return tuple(found)


def draw(document: pypdfium2.PdfDocument, number: int, longer_side: int) -> Image.Image:
    """Return page `number`, from 1, as an RGB picture with a longer side of so many px.

    Raises:
        Unconvertible: the page cannot be read or has no usable shape.
    """
    try:
        page = document[number - 1]
        width, height = page.get_size()
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise Unconvertible("这一页已损坏，读不出来。请重新导出 PDF，或删掉这一页。", number) from error
    if not (0 < width < 1e6 and 0 < height < 1e6) or max(width, height) > MAX_RATIO * min(width, height):
        raise Unconvertible("这一页太窄长，放不到屏幕上。请改成普通的页面大小。", number)
    scale = longer_side / max(width, height)
    try:
        bitmap = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True, prefer_bgrx=True)
        picture: Image.Image = bitmap.to_pil()
        return picture.convert("RGB")
    except (pypdfium2.PdfiumError, MemoryError, ValueError, OSError) as error:
        raise Unconvertible("这一页画不出来，可能太复杂。请把这一页导出成图片后替换。", number) from error


def read(document: pypdfium2.PdfDocument, number: int) -> tuple[str, str]:
    """Return `(title, text)` of page `number`; empty where there is no text that can be read."""
    try:
        page = document[number - 1].get_textpage()
    except pypdfium2.PdfiumError:
        return "", ""
    try:
        text = clean(page.get_text_range(0, min(page.count_chars(), 2 * MAX_PAGE_TEXT), errors="ignore"))
        return title_of(_lines(page)), text[:MAX_PAGE_TEXT]
    except (pypdfium2.PdfiumError, UnicodeError):
        return "", ""
    finally:
        page.close()


def _lines(page: pypdfium2.PdfTextPage) -> list[Line]:
    """Return the first lines with the median height of their letters, whatever matrix scales the font."""
    lines: list[Line] = []
    text, heights = "", list[float]()
    box = pdfium.FS_RECTF()
    for index in range(min(page.count_chars(), TITLE_CHARS)):
        letter = chr(min(pdfium.FPDFText_GetUnicode(page, index), 0x10FFFF))
        if letter in "\r\n":
            _keep(lines, text, heights)
            text, heights = "", []
            continue
        text += letter
        if not letter.isspace() and pdfium.FPDFText_GetLooseCharBox(page, index, ctypes.byref(box)):
            heights.append(abs(box.top - box.bottom))
    _keep(lines, text, heights)
    return lines


def _keep(lines: list[Line], text: str, heights: list[float]) -> None:
    plain = clean(text).strip()
    if plain and heights:
        lines.append(Line(plain, sorted(heights)[len(heights) // 2]))
