"""Somebody in a lesson without a browser: for what a story needs done or watched but does not tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from server.bot.client import Ending, LessonClient
from server.bot.entry import room_token
from server.bot.options import Access
from signaling import messages as m
from tests.e2e.school import PASSWORD


def start_lesson(url: str, lesson: str, username: str) -> None:
    """Enter as the lecturer, begin the lesson and leave."""
    _run(_access(url, lesson, username), m.StartLesson)


def end_lesson(url: str, lesson: str, username: str) -> None:
    """Enter as the lecturer and end the lesson."""
    _run(_access(url, lesson, username), m.EndLesson)


class Follower:
    """Somebody who looks on until the lesson ends, and keeps its state as every participant does."""

    def __init__(self, url: str, lesson: str, username: str, role: str) -> None:
        access = _access(url, lesson, username)
        self._client = LessonClient(access, lambda: room_token(access, role))
        self._pool = ThreadPoolExecutor(1)  # Playwright's own loop runs in the test's thread
        self._ending: Future[Ending] = self._pool.submit(lambda: asyncio.run(self._client.run()))

    @property
    def state(self) -> m.Snapshot | None:
        """The state as it is known now; None before the first snapshot.

        Raises:
            Refused: the server let nobody in here.
        """
        if self._ending.done():
            self._ending.result()
        return self._client.state

    def end_state(self, timeout_s: float) -> m.Snapshot:
        """Return the last state, when the lesson has ended."""
        ending = self._ending.result(timeout_s)
        assert ending is Ending.LESSON_ENDED, ending
        assert self._client.state is not None
        return self._client.state


def _access(url: str, lesson: str, username: str) -> Access:
    return Access(room=lesson, server=url, username=username, password=PASSWORD)


def _run(access: Access, make: Callable[[int], m.ClientMessage]) -> None:
    with ThreadPoolExecutor(1) as pool:  # Playwright's own loop runs in the test's thread
        pool.submit(lambda: asyncio.run(_do(access, make))).result()


async def _do(access: Access, make: Callable[[int], m.ClientMessage]) -> None:
    client = LessonClient(access, lambda: room_token(access, "lecturer"))
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(client.run())
        while not client.is_ready:
            await client.wait_change(0.5)
        await client.request(make)
        await client.leave()
        running.cancel()
