"""Addresses and errors of the bots' way in."""

from __future__ import annotations

import pytest

from server.bot.client import explain
from server.bot.entry import _error, tls_context, websocket_url
from server.bot.options import Access
from signaling.errors import Refused, Unavailable


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/ws"),
        ("https://ketang.example.cn", "wss://ketang.example.cn/ws"),
        ("https://example.cn/tongtang/", "wss://example.cn/tongtang/ws"),
        ("http://[::1]:8000", "ws://[::1]:8000/ws"),
    ],
)
def test_websocket_lies_beside_the_pages(server: str, expected: str) -> None:
    assert websocket_url(server) == expected


@pytest.mark.parametrize("server", ["127.0.0.1:8000", "ftp://example.cn", "http://", ""])
def test_other_addresses_are_refused_with_what_is_accepted(server: str) -> None:
    with pytest.raises(ValueError, match="http://"):
        websocket_url(server)


def test_certificates_are_checked_unless_told_otherwise() -> None:
    assert tls_context(Access(room="a")) is None
    strict = tls_context(Access(room="a", server="https://a"))
    loose = tls_context(Access(room="a", server="https://a", insecure=True))
    assert strict is not None
    assert strict.check_hostname
    assert loose is not None
    assert not loose.check_hostname


def test_problem_details_become_errors() -> None:
    refused = _error(403, '{"code": "not_allowed", "detail": "没有权限。"}'.encode())
    assert isinstance(refused, Refused)
    assert (refused.code, explain(refused)) == ("not_allowed", "没有权限。")
    assert isinstance(_error(503, b"<html>"), Unavailable)
    assert "HTTP 404" in _error(404, b"<html>").detail
