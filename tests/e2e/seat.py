"""Somebody in a lesson without a browser: for what a story needs done but does not tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from server.bot.client import LessonClient
from server.bot.entry import room_token
from server.bot.options import Access
from signaling import messages as m
from tests.e2e.school import PASSWORD


def start_lesson(url: str, lesson: str, username: str) -> None:
    """Enter as the lecturer, begin the lesson and leave."""
    _run(Access(room=lesson, server=url, username=username, password=PASSWORD), m.StartLesson)


def end_lesson(url: str, lesson: str, username: str) -> None:
    """Enter as the lecturer and end the lesson."""
    _run(Access(room=lesson, server=url, username=username, password=PASSWORD), m.EndLesson)


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
