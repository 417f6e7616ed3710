"""Somebody in a lesson without a browser: for what a story needs done but does not tell."""

from __future__ import annotations

import asyncio

from server.bot.client import LessonClient
from server.bot.entry import room_token
from server.bot.options import Access
from signaling import messages as m
from tests.e2e.school import PASSWORD


def end_lesson(url: str, lesson: str, username: str) -> None:
    """Enter as the lecturer and end the lesson."""
    asyncio.run(_end(Access(room=lesson, server=url, username=username, password=PASSWORD)))


async def _end(access: Access) -> None:
    client = LessonClient(access, lambda: room_token(access, "lecturer"))
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(client.run())
        while not client.is_ready:
            await client.wait_change(0.5)
        await client.request(lambda number: m.EndLesson(number))
        running.cancel()
