"""The log: everything in the file, a sentence on the terminal."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from server.log import _relay, keep_crash, set_up_log


@pytest.fixture
def terminal() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    shown = io.StringIO()
    yield shown
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def log_to(folder: Path, terminal: io.StringIO, level: str = "info") -> Path:
    return set_up_log(level, folder, Console(file=terminal, width=200))


def crash() -> Exception:
    try:
        raise RuntimeError("机密的细节")
    except RuntimeError as error:
        return error


def test_the_terminal_gets_warnings_and_the_file_everything(tmp_path: Path, terminal: io.StringIO) -> None:
    path = log_to(tmp_path / "log", terminal)
    assert not path.exists()
    logging.getLogger("x").info("平常的事")
    logging.getLogger("alembic.runtime").info("Running upgrade")
    logging.getLogger("x").warning("磁盘快满了")
    assert "磁盘快满了" in terminal.getvalue() and "平常的事" not in terminal.getvalue()
    written = path.read_text(encoding="utf-8")
    assert "平常的事" in written and "磁盘快满了" in written and "Running" not in written


def test_a_traceback_goes_to_the_file_and_its_last_line_to_the_terminal(tmp_path: Path, terminal: io.StringIO) -> None:
    path = log_to(tmp_path, terminal)
    logging.getLogger("x").error("课堂出错了", exc_info=crash())
    assert "课堂出错了（RuntimeError: 机密的细节）" in terminal.getvalue() and "Traceback" not in terminal.getvalue()
    assert "Traceback" in path.read_text(encoding="utf-8")


def test_debug_shows_everything(tmp_path: Path, terminal: io.StringIO) -> None:
    log_to(tmp_path, terminal, "debug")
    logging.getLogger("x").debug("细节")
    assert "细节" in terminal.getvalue()


def test_a_crash_is_kept_beside_the_log_or_elsewhere(tmp_path: Path, terminal: io.StringIO) -> None:
    path = log_to(tmp_path, terminal)
    assert keep_crash(crash()) == path
    assert "Traceback" in path.read_text(encoding="utf-8") and terminal.getvalue() == ""
    (tmp_path / "file").write_text("x")
    log_to(tmp_path / "file" / "log", terminal)
    elsewhere = keep_crash(crash())
    assert elsewhere is not None and "Traceback" in elsewhere.read_text(encoding="utf-8")
    elsewhere.unlink()
    assert terminal.getvalue() == ""


async def test_what_a_child_says_is_logged_line_by_line_and_bounded(
    tmp_path: Path, terminal: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    stream = asyncio.StreamReader()
    stream.feed_data("WARNING 慢了\n".encode() + b"\xff\n" + b"x" * 10_000 + b"\nlast")
    stream.feed_eof()
    with caplog.at_level(logging.INFO):
        await _relay(stream, logging.getLogger("child"))
    said = [record.getMessage() for record in caplog.records]
    assert said[:2] == ["WARNING 慢了", "\N{REPLACEMENT CHARACTER}"] and said[-1] == "last"
    assert "".join(said[2:-1]) == "x" * 10_000 and max(map(len, said)) <= 8192
