"""When the demonstration's people go: with the lecturer, not with a classroom that a visitor took."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from server.bot import demo
from server.bot.client import LessonClient
from server.bot.demo import Tokens, people
from server.bot.options import Access, Exit


class Seats:
    """Seats that end when the test says so (instead of `server.bot.seat.take_seat`)."""

    def __init__(self) -> None:
        self.ends: dict[str, asyncio.Future[Exit]] = {}

    async def take(self, access: Access, role: str, act: Callable[[LessonClient], Awaitable[None]]) -> Exit:
        self.ends[access.token] = asyncio.get_running_loop().create_future()
        return await self.ends[access.token]


@pytest.fixture
def seats(monkeypatch: pytest.MonkeyPatch) -> Seats:
    seats = Seats()

    async def no_parent(stop: asyncio.Event) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(demo, "take_seat", seats.take)
    monkeypatch.setattr(demo, "_wait_for_parent", no_parent)
    return seats


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("ended", "code", "is_over"),
    [
        ((("c1", Exit.DONE),), Exit.DONE, False),
        ((("c1", Exit.DONE), ("c2", Exit.DONE)), Exit.DONE, False),
        ((("lecturer", Exit.DONE),), Exit.DONE, True),
        ((("c1", Exit.DONE), ("c2", Exit.UNREACHABLE)), Exit.UNREACHABLE, True),
    ],
)
async def test_a_classroom_that_is_taken_over_just_leaves(
    seats: Seats, ended: tuple[tuple[str, Exit], ...], code: Exit, is_over: bool
) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(people("http://x", "r", Path("x"), 20.0, Tokens("lecturer", ["c1", "c2"])))
        await turns()
        for token, how in ended:
            seats.ends[token].set_result(how)
            await turns()
        assert running.done() is is_over
        if not is_over:
            seats.ends["lecturer"].set_result(Exit.DONE)
    assert running.result() is code


async def test_classrooms_alone_are_over_when_the_last_one_left(seats: Seats) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(people("http://x", "r", Path("x"), 20.0, Tokens("", ["c1", "c2"])))
        await turns()
        seats.ends["c1"].set_result(Exit.DONE)
        await turns()
        assert not running.done()
        seats.ends["c2"].set_result(Exit.DONE)
    assert running.result() is Exit.DONE
