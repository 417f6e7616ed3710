from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from recorder.journal import Chain, parse_journal


def journal(count: int) -> bytes:
    chain = Chain()
    return b"".join(chain.line(number * 10.0, "note", {"text": f"第{number}行"}) for number in range(count))


def test_an_empty_journal_is_intact() -> None:
    read = parse_journal(b"")
    assert read.is_intact
    assert (read.lines, read.last_seq, read.last_hash) == ((), 0, "0")


def test_lines_come_back_as_written_and_the_chain_goes_on() -> None:
    data = journal(3)
    read = parse_journal(data)
    assert [line["text"] for line in read.lines] == ["第0行", "第1行", "第2行"]
    assert read.is_intact
    more = data + Chain(read.last_seq, read.last_hash).line(40, "note", {"text": "第3行"})
    assert parse_journal(more).is_intact


@given(st.integers(0, 400))
def test_a_journal_cut_anywhere_keeps_its_whole_lines(cut: int) -> None:
    data = journal(5)
    read = parse_journal(data[:cut])
    assert read.is_intact
    assert read.whole_bytes == data[:cut].rfind(b"\n") + 1
    assert len(read.lines) == data[:cut].count(b"\n")


def test_a_tail_of_zeros_is_torn_not_changed() -> None:
    data = journal(3)
    read = parse_journal(data + b"\0" * 4096)
    assert read.is_intact
    assert read.whole_bytes == len(data)


@pytest.mark.parametrize("change", ["edit", "remove", "swap"])
def test_a_changed_journal_is_found_out(change: str) -> None:
    lines = journal(5).splitlines(keepends=True)
    if change == "edit":
        lines[1] = lines[1].replace("第1行".encode(), "第9行".encode())
    elif change == "remove":
        del lines[2]
    else:
        lines[1], lines[2] = lines[2], lines[1]
    read = parse_journal(b"".join(lines))
    assert not read.is_intact
    assert len(read.lines) == len(lines), "what is left is evidence too"


@given(st.binary(max_size=300))
def test_rubbish_is_read_without_an_error(data: bytes) -> None:
    parse_journal(data)
    parse_journal(journal(2) + data)
