"""Tables of spreadsheets: CSV and Excel in, as lines of text; CSV and Excel out, with no formula in them.

Bytes from outside: an .xlsx is a zip, so what it unpacks to is checked before it is unpacked; XML with entities is
refused; no more lines and columns are read than a form of ours has. Pure but for being slow: call it in a thread.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time

import msgspec
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from signaling.errors import Refused

MAX_BYTES = 1 << 20  # a roster of 60 is 10 kB, a county's timetable 200 kB
MAX_LINES = 500
MAX_COLUMNS = 30
MAX_CELL = 2_000  # characters: a list of weeks or classrooms, generously
MAX_UNPACKED_BYTES = 16 << 20  # of an .xlsx; XML of a table packs about 1:10
MAX_MEMBERS = 200  # files in an .xlsx: a fresh one has 10
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # OWASP, "CSV Injection"

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # an OLE compound file: .xls, or an .xlsx with a password
_ENTITY = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class Line(msgspec.Struct, frozen=True):
    """One line that is not empty: its number in the file, from 1, and its cells up to the last one that is not."""

    number: int
    cells: tuple[str, ...]


def read_table(data: bytes) -> list[Line]:
    """Return the lines of a CSV or .xlsx file, told apart by their content.

    Raises:
        Refused: `sheet_unsupported`, `sheet_broken` or `sheet_too_large`.
    """
    if len(data) > MAX_BYTES:
        raise _too_large(f"超过 {MAX_BYTES >> 20} MB")
    rows: Iterable[Sequence[str]]
    if data.startswith(b"PK\x03\x04"):
        rows = _xlsx_rows(data)
    elif data.startswith(_OLD_EXCEL):
        old = "这是旧版 Excel（.xls）或加了密码的文件。请另存为不加密的 .xlsx 或 CSV 再导入。"
        raise Refused("sheet_unsupported", old)
    else:
        rows = _csv_rows(_decoded(data))
    lines = []
    for number, row in enumerate(rows, 1):
        cells = [_plain(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            lines.append(Line(number, tuple(cells)))
        if len(lines) > MAX_LINES:
            raise _too_large(f"超过 {MAX_LINES} 行")
    return lines


def _decoded(data: bytes) -> str:
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Refused("sheet_unsupported", "读不出这个文件的文字。请在表格软件里另存为 .xlsx，或“CSV UTF-8”。")


def _csv_rows(text: str) -> Iterable[Sequence[str]]:
    head = text.lstrip().split("\n", 1)[0]
    delimiter = max(",\t;", key=head.count)  # Excel writes what the region of the computer says
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield row[:MAX_COLUMNS]
    except csv.Error as error:
        raise Refused("sheet_broken", "这个 CSV 文件的格式不对（引号没有成对？）。请用表格软件重新保存。") from error


def _xlsx_rows(data: bytes) -> list[list[str]]:
    try:
        _require_harmless(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what the file claims of its size is not to be trusted
            limit = MAX_LINES + 50  # some empty ones between
            rows = sheet.iter_rows(max_row=limit + 1, max_col=MAX_COLUMNS, values_only=True)
            found = [[_text(cell) for cell in row] for row in rows]
        finally:
            book.close()
    except Refused:
        raise
    except Exception as error:  # the library raises whatever a broken file makes it stumble over
        raise Refused("sheet_broken", "这个 Excel 文件打不开，可能已损坏。请重新另存为 .xlsx 再导入。") from error
    if len(found) > limit:
        raise _too_large(f"超过 {MAX_LINES} 行")
    return found


def _require_harmless(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = packed.infolist()
        # zipfile never yields more of a member than its directory declares, so the declared sizes are the bound.
        if len(members) > MAX_MEMBERS or sum(one.file_size for one in members) > MAX_UNPACKED_BYTES:
            raise _too_large("解压后太大")
        for member in members:
            if member.filename.endswith((".xml", ".rels")) and _ENTITY.search(packed.read(member)):
                raise Refused("sheet_unsupported", "这个 Excel 文件里有不允许的内容（XML 实体），没有导入。")


def _text(cell: object) -> str:
    """Return a cell of Excel as it is read: whole numbers without a point, days and times by ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat("minutes")
    return str(cell)


def _plain(cell: str) -> str:
    """Return a cell without blanks around it, and without the apostrophe that `inert` gave it."""
    text = cell[: MAX_CELL + 1].strip()
    if len(text) > MAX_CELL:
        raise _too_large(f"有一格超过 {MAX_CELL} 个字")
    return text[1:] if text.startswith("'") and text[1:2] in FORMULA_STARTS and text[1:] else text


def _too_large(why: str) -> Refused:
    return Refused("sheet_too_large", f"这个文件{why}，没有导入。请检查是不是选错了文件。")


# --- writing ------------------------------------------------------------------------------------------------------


def inert(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula: names are typed in by people."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def as_csv(rows: Iterable[Sequence[object]]) -> bytes:
    """Return the rows as CSV that spreadsheet programs open: UTF-8 with a byte order mark, CRLF (RFC 4180)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([_shown(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(title: str, rows: Sequence[Sequence[object]]) -> bytes:
    """Return the rows as an Excel file with one sheet, its first row as a heading that stays in view."""
    book = Workbook()
    sheet = book.active
    sheet.title = re.sub(r"[\\/*?:\[\]]", " ", title)[:31] or "Sheet1"
    for row in rows:
        sheet.append([_shown(cell) for cell in row])
    for number, heading in enumerate(sheet[1], 1):
        heading.font = Font(bold=True)
        heading.alignment = Alignment(vertical="center")
        widest = max((_width(row[number - 1]) for row in rows if len(row) >= number), default=4)
        sheet.column_dimensions[get_column_letter(number)].width = min(60, max(8, widest + 2))
    sheet.freeze_panes = "A2"
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _shown(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    return inert("".join(one for one in cell if one.isprintable() or one == "\n"))


def _width(cell: object) -> int:
    """Return how many columns of a Latin letter the cell takes: a Chinese one is two wide."""
    return sum(1 if one < "\u2e80" else 2 for one in str(cell))
