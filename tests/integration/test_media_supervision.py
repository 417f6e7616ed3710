"""Media workers that hang or die, and what their successors know."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench.rtc_client import RtcClient
from media.bwe.controller import KNOWN_SHARE
from media.control import PeerReport, SlotSpec
from media.rtcp import build_remb, build_rr
from server.processes import media
from server.processes.media import MediaWorkers, Report

ROOM = "abcd2345"
KNOWN_BPS = 800_000  # a REMB says it exactly
SILENCE_S = 2.5  # a report comes every 2 s


class Listener:
    def __init__(self) -> None:
        self.resets: asyncio.Queue[str] = asyncio.Queue()
        self.estimates: asyncio.Queue[int] = asyncio.Queue()

    def on_media_report(self, report: Report) -> None:
        if isinstance(report, PeerReport):
            self.estimates.put_nowait(report.estimate_bps)

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
        workers.open_room(ROOM)
        try:
            yield workers, listener
        finally:
            keeper.cancel()


async def test_a_worker_that_hangs_is_replaced_and_its_rooms_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "SILENCE_S", SILENCE_S)
    async with running() as (workers, listener), asyncio.timeout(20):
        (hung,) = workers.pids
        os.kill(hung, signal.SIGSTOP)
        assert await listener.resets.get() == ROOM
        (successor,) = workers.pids
        assert successor != hung
        assert workers.is_ready
        with pytest.raises(ProcessLookupError):
            os.kill(hung, 0)


async def receive(workers: MediaWorkers) -> RtcClient:
    """Connect a receiver."""
    client = RtcClient()
    offer = await workers.subscribe(ROOM, "pupil", (SlotSpec("lecturer", "video"),))
    await workers.accept_subscribe(ROOM, "pupil", client.answer(offer.sdp))
    await asyncio.to_thread(client.connect)
    return client


async def test_the_successor_of_a_dead_worker_knows_what_a_link_carried() -> None:
    async with running() as (workers, listener), asyncio.timeout(20):
        client = await receive(workers)
        client.send_rtcp(build_rr(1) + build_remb(1, KNOWN_BPS, ()))
        while await listener.estimates.get() != KNOWN_BPS:
            client.send_rtcp(build_rr(1) + build_remb(1, KNOWN_BPS, ()))
        (pid,) = workers.pids
        os.kill(pid, signal.SIGKILL)
        await listener.resets.get()
        client.socket.close()
        client = await receive(workers)
        assert await listener.estimates.get() == KNOWN_BPS * KNOWN_SHARE
        client.socket.close()
