"""A media worker that hangs: alive for the kernel, dead for the lesson."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.processes import media
from server.processes.media import MediaWorkers, Report

SILENCE_S = 2.5  # a report comes every 2 s


class Listener:
    def __init__(self) -> None:
        self.resets: asyncio.Queue[str] = asyncio.Queue()

    def on_media_report(self, report: Report) -> None:
        """Not of interest here."""

    def on_media_reset(self, room: str) -> None:
        self.resets.put_nowait(room)


@asynccontextmanager
async def running() -> AsyncIterator[tuple[MediaWorkers, Listener]]:
    workers, listener = MediaWorkers(1, 0, "127.0.0.1", ["127.0.0.1"]), Listener()
    workers.listen(listener)
    async with asyncio.TaskGroup() as tasks:
        keeper = tasks.create_task(workers.run())
        async with asyncio.timeout(20):
            await workers.wait_ready()
        workers.open_room("abcd2345")
        try:
            yield workers, listener
        finally:
            keeper.cancel()


async def test_a_worker_that_hangs_is_replaced_and_its_rooms_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "SILENCE_S", SILENCE_S)
    async with running() as (workers, listener), asyncio.timeout(20):
        (hung,) = workers.pids
        os.kill(hung, signal.SIGSTOP)
        assert await listener.resets.get() == "abcd2345"
        (successor,) = workers.pids
        assert successor != hung
        assert workers.is_ready
        with pytest.raises(ProcessLookupError):
            os.kill(hung, 0)
