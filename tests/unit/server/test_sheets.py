"""Tables of spreadsheets, friendly and not."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings, strategies as st
from openpyxl import Workbook

from server.sheets import MAX_BYTES, as_csv, as_xlsx, inert, read_table
from signaling.errors import Refused

ROWS: list[list[object]] = [["学号", "姓名", "行"], [1, "李小雨", 2], [2, "=HYPERLINK(1)", ""], [3, "普阿依", 4.0]]
EXPECTED = [("学号", "姓名", "行"), ("1", "李小雨", "2"), ("2", "=HYPERLINK(1)"), ("3", "普阿依", "4")]


def cells(data: bytes) -> list[tuple[str, ...]]:
    return [line.cells for line in read_table(data)]


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        read_table(data)
    return caught.value.code


def test_what_is_written_is_read_back() -> None:
    assert cells(as_xlsx("五年级[一]班", ROWS)) == EXPECTED
    assert cells(as_csv(ROWS))[:3] == EXPECTED[:3]


def test_no_cell_is_a_formula() -> None:
    text = as_csv(ROWS).decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in text
    for start in "=+-@\t\r":
        assert inert(f"{start}1") == f"'{start}1"
    with zipfile.ZipFile(io.BytesIO(as_xlsx("x", ROWS))) as packed:
        assert b"<f>" not in packed.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_of_every_program(encoding: str, delimiter: str) -> None:
    data = f"学号{delimiter}姓名\r\n\r\n1{delimiter}李小雨\r\n".encode(encoding)
    lines = read_table(data)
    assert [(line.number, line.cells) for line in lines] == [(1, ("学号", "姓名")), (3, ("1", "李小雨"))]


def bomb(size: int, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(size))
    return packed.getvalue()


def with_entities() -> bytes:
    good, packed = as_xlsx("x", ROWS), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(packed, "w") as new:
        for one in old.infolist():
            data = old.read(one)
            if one.filename == "xl/workbook.xml":
                data = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + data
            new.writestr(one.filename, data)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"x" * (MAX_BYTES + 1), "sheet_too_large"),
        (bomb(17 << 20), "sheet_too_large"),
        (bomb(1000), "sheet_broken"),
        (b"PK\x03\x04 no zip", "sheet_broken"),
        (b"\xd0\xcf\x11\xe0old", "sheet_unsupported"),
        (b"\x00\x01\x02\xff\x80", "sheet_unsupported"),
        (b"a,b\n" * 501, "sheet_too_large"),
        (b"a," + b"x" * 2_500, "sheet_too_large"),
        (with_entities(), "sheet_unsupported"),
    ],
)
def test_a_hostile_file_is_refused(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_a_cell_far_away_is_not_gone_to() -> None:
    book = Workbook()
    book.active.append(["姓名"])
    book.active.cell(1_048_576, 16_384, "x")
    packed = io.BytesIO()
    book.save(packed)
    assert refusal(packed.getvalue()) == "sheet_too_large"


@settings(max_examples=25)
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    try:
        read_table(data)
    except Refused as refused:
        assert refused.code.startswith("sheet_")
