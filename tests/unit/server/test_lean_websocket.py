"""The frames that the server writes itself, against the library that reads them, and what replaces its queues."""

from __future__ import annotations

import asyncio

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from server.lean_websocket import Gate, Mailbox, frame_of


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
@pytest.mark.parametrize("is_text", [True, False])
def test_frames_are_read_by_the_library(size: int, is_text: bool) -> None:
    text = "x" * size
    stream = StreamReader()
    stream.feed_data(frame_of({"text": text} if is_text else {"bytes": text.encode()}))
    parsing = Frame.parse(stream.read_exact, mask=False, max_size=1 << 20)
    with pytest.raises(StopIteration) as parsed:
        next(parsing)
    frame = parsed.value.value
    assert bytes(frame.data) == text.encode() and frame.fin
    assert frame.opcode is (Opcode.TEXT if is_text else Opcode.BINARY)


def test_chinese_is_counted_in_bytes() -> None:
    assert frame_of({"text": "光"}) == b"\x81\x03" + "光".encode()


async def test_mailbox_gives_in_order_and_wakes_its_reader() -> None:
    box = Mailbox()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(box.get())
        await asyncio.sleep(0)
        box.put_nowait({"type": "websocket.receive", "text": "1"})
        box.put_nowait({"type": "websocket.receive", "text": "2"})
    assert waiting.result().get("text") == "1"
    assert not box.empty()
    assert (await box.get()).get("text") == "2"
    assert box.empty()


async def test_gate_holds_everyone_until_it_opens() -> None:
    gate = Gate()
    await gate.wait()
    gate.clear()
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(gate.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(one.done() for one in waiting)
        waiting[0].cancel()
        gate.set()
