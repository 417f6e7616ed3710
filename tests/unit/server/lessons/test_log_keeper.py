"""Events are stored in order, those of a moment in one transaction, and the last ones at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from server.lessons import log_keeper
from server.lessons.log_keeper import BATCH_EVENTS, LogKeeper
from signaling.messages import Event, LessonEnded, LessonInfo, LessonStarted, RoomId

INFO = LessonInfo(RoomId("abcd2345"), "认识时钟", "数学", "春城实验小学", 40, "live")
ENDED = replace(INFO, state="ended")
LONG_S, SHORT_S = 60.0, 0.002  # a wait that no test sits out, and one that each does


class Store:
    """A database that takes events, or is down."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[int]]] = []
        self.is_down = False
        self.stored = asyncio.Event()

    async def append(self, lesson: RoomId, info: LessonInfo, events: tuple[Event, ...]) -> None:
        if self.is_down:
            raise OSError("the database is down")
        self.batches.append((info.state, [event.seq for event in events]))
        self.stored.set()


@asynccontextmanager
async def keeping(store: Store) -> AsyncIterator[LogKeeper]:
    """Run a keeper as a live room does: cancelled, then flushed."""
    keeper = LogKeeper(INFO.id, store, 1.0)  # type: ignore[arg-type]  # the part it needs
    async with asyncio.timeout(5.0), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(keeper.run())
        yield keeper
        running.cancel()
        await asyncio.wait([running])
        await keeper.flush(1.0)


def say(keeper: LogKeeper, *numbers: int, info: LessonInfo = INFO) -> None:
    body = LessonEnded() if info.state == "ended" else LessonStarted()
    keeper.add(tuple(Event(n, n * 10, body) for n in numbers), info)


async def turns(count: int = 20) -> None:
    """Let the keeper come as far as it can without time passing."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_events_of_a_moment_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_keeper, "GATHER_S", SHORT_S)
    store = Store()
    async with keeping(store) as keeper:
        for n in (1, 2, 3):
            say(keeper, n)
        await store.stored.wait()
        store.stored.clear()
        say(keeper, 4)
        await store.stored.wait()
    assert store.batches == [("live", [1, 2, 3]), ("live", [4])]


async def test_nothing_is_stored_before_the_moment_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_keeper, "GATHER_S", LONG_S)
    store = Store()
    async with keeping(store) as keeper:
        say(keeper, 1)
        await turns()
        assert store.batches == []
    assert store.batches == [("live", [1])], "a shutdown stores at once what still gathers"


async def test_the_end_of_a_lesson_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_keeper, "GATHER_S", LONG_S)
    store = Store()
    async with keeping(store) as keeper:
        say(keeper, 1)
        await turns()
        say(keeper, 2, info=ENDED)
        await store.stored.wait()
    assert store.batches == [("ended", [1, 2])]


async def test_a_whole_batch_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_keeper, "GATHER_S", LONG_S)
    store = Store()
    async with keeping(store) as keeper:
        say(keeper, *range(1, BATCH_EVENTS + 1))
        await store.stored.wait()
        store.stored.clear()
        say(keeper, BATCH_EVENTS + 1)
        await turns()
        assert len(store.batches) == 1, "after it, events are gathered again"
    assert [len(numbers) for _, numbers in store.batches] == [BATCH_EVENTS, 1]


async def test_what_could_not_be_stored_stays_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_keeper, "GATHER_S", SHORT_S)
    monkeypatch.setattr(log_keeper, "FIRST_RETRY_S", SHORT_S)
    store = Store()
    store.is_down = True
    async with keeping(store) as keeper:
        say(keeper, 1)
        await asyncio.sleep(SHORT_S)
        say(keeper, 2)
        store.is_down = False
        await store.stored.wait()
    assert [n for _, numbers in store.batches for n in numbers] == [1, 2]
