"""Run one bot in one seat: the connection beside what it does there, and what became of both."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from server.bot.client import Ending, LessonClient, explain
from server.bot.entry import room_token
from server.bot.options import Access, Exit
from signaling.errors import TongtangError, Unavailable

log = logging.getLogger(__name__)

EXITS = {
    Ending.LESSON_ENDED: Exit.DONE,
    Ending.LEFT: Exit.DONE,
    Ending.REPLACED: Exit.DONE,
    Ending.UNREACHABLE: Exit.UNREACHABLE,
}


async def take_seat(access: Access, role: str, act: Callable[[LessonClient], Awaitable[None]]) -> Exit:
    """Sit in the lesson as `role` and run `act` there until either comes to its end."""
    try:
        client = LessonClient(access, lambda: room_token(access, role))
    except ValueError as error:
        tell(str(error))
        return Exit.BAD_INPUT
    code = Exit.DONE
    try:
        async with asyncio.TaskGroup() as tasks:
            acting = tasks.create_task(_act(client, act))
            code = EXITS[await client.run()]
            acting.cancel()
    except* TongtangError as group:
        for refusal in group.exceptions:
            tell(explain(refusal))
        code = Exit.UNREACHABLE if isinstance(group.exceptions[0], Unavailable) else Exit.NOT_LET_IN
    if code is Exit.UNREACHABLE:
        tell("服务器没有回应，已停止。")
    return code


async def _act(client: LessonClient, act: Callable[[LessonClient], Awaitable[None]]) -> None:
    await act(client)
    await client.leave()


def run_until_stopped(main: Callable[[], Coroutine[Any, Any, Exit]]) -> int:
    """Run `main` in a loop of its own; SIGINT and SIGTERM cancel it, which is a good end."""

    async def _guarded() -> Exit:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        return await main()

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for noisy in ("aioice", "aiortc", "libav", "websockets"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    with contextlib.suppress(asyncio.CancelledError):
        return int(asyncio.run(_guarded()))
    return int(Exit.DONE)


def tell(line: str) -> None:
    """Say one line to the person at the terminal."""
    print(line, file=sys.stderr, flush=True)
