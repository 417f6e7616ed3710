from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from server import middleware
from server.middleware import BodyLimit, content_policy, limit_of
from signaling.errors import ProtocolViolation


def test_nothing_from_outside_is_allowed() -> None:
    policy = content_policy("10.0.0.2:8000")
    assert "default-src 'self'" in policy and "script-src 'self';" in policy
    assert "connect-src 'self' ws://10.0.0.2:8000 wss://10.0.0.2:8000;" in policy
    assert "http" not in policy and "*" not in policy


def test_a_forged_host_cannot_write_into_the_policy() -> None:
    assert content_policy("a; script-src *") == content_policy("")
    assert "evil" not in content_policy("x evil.example")


def test_only_pieces_of_uploads_may_be_large() -> None:
    assert limit_of("/api/uploads/abcdefghjkmn") == 8 << 20
    for path in ("/api/session", "/api/uploads", "/api/uploads/a/b", "/api/lessons/a/pages", "/whip/abcdefgh"):
        assert limit_of(path) == 65_536


async def test_a_body_that_stands_still_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_S", 0.0)

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def unheard(message: Message) -> None:
        raise AssertionError

    scope: Scope = {"type": "http", "path": "/api/session", "method": "POST", "headers": []}
    with pytest.raises(ProtocolViolation, match="body_stalled"):
        await BodyLimit(read)(scope, silent, unheard)


async def test_a_whole_body_waits_for_the_end_of_the_connection_as_long_as_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(middleware, "BODY_S", 0.0)
    heard: list[Message] = [{"type": "http.request", "body": b"{}"}, {"type": "http.disconnect"}]

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await receive()

    async def slowly() -> Message:
        if len(heard) == 1:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return heard.pop(0)

    async def unheard(message: Message) -> None:
        raise AssertionError

    await BodyLimit(listen)({"type": "http", "path": "/", "method": "GET", "headers": []}, slowly, unheard)
    assert heard == []
