"""What the terminal says when the program itself is wrong."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from server import cli


def test_an_unexpected_error_is_a_sentence_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        local = "机密的局部变量"
        raise RuntimeError(f"{len(local)}")

    monkeypatch.setattr(cli, "app", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == cli.CRASHED
    assert said.count("\n") == 1 and "同堂出错停下了（RuntimeError）" in said and "Traceback" not in said
    (kept,) = tmp_path.iterdir()
    assert kept.name in said
    assert "Traceback" in kept.read_text(encoding="utf-8")
    assert "机密的局部变量" not in said


def test_no_command_line_prints_the_values_of_variables() -> None:
    assert cli.app.pretty_exceptions_enable is False
