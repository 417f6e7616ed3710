"""Uploads that are begun and never end: pieces of a stretch, the same piece again, fragments of a message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import repeat
from pathlib import Path

import pytest
from websockets import ConnectionClosed

from bench.plan_client import SESSION, PlanClient
from bench.plan_limit import history
from bench.plan_world import PlanWorld, plan_world
from server.lean_websocket import MAX_FRAGMENTS
from server.planning.document import Node, read_tree
from server.planning.plans import core, rooms
from server.planning.plans.core import MAX_OF_PERSON
from server.planning.plans.cutting import pieces
from server.planning.plans.structs import look
from server.planning.plans.wire import Close, Sub, sync_frame


def first_field(page: PlanClient) -> int:
    """Return which of the plan's blocks is the first field: what is uploaded here stands before or behind it."""
    blocks = read_tree(page.doc).children
    return next(at for at, one in enumerate(blocks) if isinstance(one, Node) and one.kind == "planField")


def pieces_of(page: PlanClient, structs: int) -> list[bytes]:
    """Return a stretch that the page wrote without a network, in pieces."""
    typed, _ = history(page.doc.client_id, structs)
    return [part for _, part in pieces(look(typed), {}, lambda _: "", "")]


async def test_uploads_that_are_begun_and_never_finished_hold_nothing(world: PlanWorld) -> None:
    plan = await world.plan()
    quiet = await world.page("王老师", plan.id)
    hostile = [await world.page("赵老师", plan.id) for _ in range(MAX_OF_PERSON)]
    begun = [pieces_of(page, 20_000)[:2] for page in hostile]
    for page, parts in zip(hostile, begun, strict=True):
        for part in parts:
            page.made += 1
            await page.send_update(Sub.STEP_2, part)
    for page in hostile:
        await page.until(lambda page=page: page.unsaved == 0)  # type: ignore[misc]
    one_more = PlanClient(world.base, plan.id, world.session_of("赵老师"))
    await one_more.resume()
    assert await one_more.closed() == Close.TRY_LATER
    async with world.plans.rooms.using(plan.id) as room:
        assert room.core.next_timeout() is None  # nothing waits for the rest
        size = len(room.core.doc.get_update())
    assert size < 1.1 * sum(len(part) for parts in begun for part in parts)
    await quiet.until(lambda: len(quiet.doc.get_update()) == size)
    await quiet.write("照常", first_field(quiet))
    await quiet.until(lambda: quiet.unsaved == 0)
    for page in (*hostile, one_more, quiet):
        await page.close()


@pytest.mark.parametrize(("is_new", "code"), [(True, Close.DOCUMENT_FULL), (False, Close.TOO_FAST)])
async def test_pieces_that_never_end_come_to_one(
    world: PlanWorld, monkeypatch: pytest.MonkeyPatch, is_new: bool, code: Close
) -> None:
    monkeypatch.setattr(core, "MAX_DOCUMENT_BYTES", 100_000)
    monkeypatch.setattr(core, "BURST_FRAMES", 50.0)
    monkeypatch.setattr(core, "MAX_FRAMES_S", 1.0)
    plan = await world.plan()
    quiet, hostile = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)
    parts = pieces_of(hostile, 30_000)
    assert sum(map(len, parts)) > 200_000
    with suppress(ConnectionClosed):
        for part in parts if is_new else repeat(parts[0], 60):
            await hostile.send(sync_frame(Sub.STEP_2, part))
    assert await hostile.closed() == code
    async with world.plans.rooms.using(plan.id) as room:
        assert len(room.core.doc.get_update()) <= 100_000
    await quiet.write("照常", first_field(quiet))
    await quiet.until(lambda: quiet.unsaved == 0)
    await hostile.close()
    await quiet.close()


@asynccontextmanager
async def bare_socket(page: PlanClient) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Shake hands by hand: no library sends what is sent here."""
    host, port = page.base.removeprefix("http://").split(":")
    ticket = (await page.ticket())["ticket"]
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = (
        f"GET /api/plans/{page.plan_id}/socket?ticket={ticket} HTTP/1.1",
        f"Host: {host}:{port}",
        f"Cookie: {SESSION}={page.session}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    try:
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(20):
            yield reader, writer
    finally:
        writer.transport.abort()


def fragment(first: bool, data: bytes) -> bytes:
    """Return a frame of RFC 6455 §5.2 that is not the last of its message, masked with zeros."""
    return bytes((0x02 if first else 0x00, 0x80 | len(data), 0, 0, 0, 0)) + data


async def close_code(reader: asyncio.StreamReader) -> int:
    """Read what the server sends up to its close frame."""
    while True:
        kind, size = await reader.readexactly(2)
        if size == 126:
            size = int.from_bytes(await reader.readexactly(2))
        data = await reader.readexactly(size)
        if kind == 0x88:
            return int.from_bytes(data[:2])


async def test_a_message_of_fragments_that_never_end_comes_to_one(world: PlanWorld) -> None:
    plan, quiet = await world.plan(), await world.person("赵老师")
    page = PlanClient(world.base, plan.id, world.session_of(quiet.name))
    async with bare_socket(page) as (reader, writer):
        writer.write(fragment(True, bytes((0, 2))) + fragment(False, b"") * 2 * MAX_FRAGMENTS)
        assert await close_code(reader) == 1009


async def test_a_message_that_is_begun_and_never_ended_is_silence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "CHECK_S", 0.05)
    monkeypatch.setattr(rooms, "SILENCE_S", 0.3)
    async with plan_world(folder) as world:
        plan, quiet = await world.plan(), await world.person("赵老师")
        page = PlanClient(world.base, plan.id, world.session_of(quiet.name))
        async with bare_socket(page) as (reader, writer):
            writer.write(fragment(True, bytes((0, 2))) + fragment(False, b"\x01"))
            assert await close_code(reader) == Close.GOING_AWAY
