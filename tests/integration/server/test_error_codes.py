"""Every error code that the code raises is explained in docs/errors.md, and nothing else is."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("media", "signaling", "recorder", "server")
# Where a code stands as the first argument, and where as the second.
FIRST = {"ProtocolViolation", "Refused", "Unavailable", "SdpError", "Bye", "TongtangError", "_Refused", "__init__"}
SECOND = {"Failed", "Error", "InkRefused"}
CLOSING = {"dismiss_all", "close", "dismiss"}  # calls that carry the code of a `Bye`
CODE = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$|^(silent|replaced|shutdown|left|conflict|busy)$")
RAISING = re.compile(rf"\b({'|'.join(FIRST | SECOND | CLOSING)})\(")
# Built from a variable, or said by the framework's own errors (server/problems.py).
INDIRECT = {"path_unknown", "method_unsupported", "body_too_large", "request_refused", "internal_error"}


def name_of(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = name_of(node)
        arguments = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "code")]
        if name in FIRST or name in CLOSING:
            candidates = arguments[:2] if name in CLOSING else arguments[:1]
        elif name in SECOND:
            candidates = arguments[1:2]
        else:
            continue
        for argument in candidates:
            for constant in ast.walk(argument):
                if (
                    isinstance(constant, ast.Constant)
                    and isinstance(constant.value, str)
                    and CODE.match(constant.value)
                ):
                    yield constant.value


@functools.cache
def used_codes() -> dict[str, set[str]]:
    """Return code → files."""
    used: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if not RAISING.search(text):
                continue
            for code in codes_in(ast.parse(text)):
                used.setdefault(code, set()).add(str(path.relative_to(ROOT)))
    return used


def documented_codes() -> list[str]:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([a-z0-9_]+)` \|", text, re.M)


def test_every_code_that_is_used_is_documented() -> None:
    missing = {code: files for code, files in used_codes().items() if code not in documented_codes()}
    assert not missing


def test_every_documented_code_is_used() -> None:
    assert set(documented_codes()) - set(used_codes()) - INDIRECT == set()


def test_no_code_is_documented_twice() -> None:
    codes = documented_codes()
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("source", ['raise Refused("not_allowed", "…")', 'm.Error(1, "internal_error", "…")'])
def test_scan_finds_codes(source: str) -> None:
    assert len(list(codes_in(ast.parse(source)))) == 1
