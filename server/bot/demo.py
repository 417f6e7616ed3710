"""The people of the demonstration in one process: the lecturer bot and the classrooms that listen.

    python -m server.bot.demo --server URL --room CODE --clip PATH

reads one line of JSON, `{"lecturer": "<room token>", "classrooms": ["<room token>", …]}`, and runs until its standard
input ends, which is how it learns that its parent is gone. An empty lecturer token: classrooms only.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from server.bot.classroom import sit_in
from server.bot.client import LessonClient
from server.bot.clip import ensure_clip
from server.bot.lead import Plan, teach
from server.bot.media_file import probe
from server.bot.options import Access, Exit
from server.bot.seat import run_until_stopped, take_seat, tell
from signaling.errors import Refused

log = logging.getLogger(__name__)

PAGE_S = 20.0
LINES, FPS = 540, 15  # the clip as it is; about 0.15 of a core
NICENESS = 5  # the server and the viewer's browser go first on a small machine


class Tokens(msgspec.Struct):
    """The seats of the demonstration."""

    lecturer: str = ""
    classrooms: list[str] = []


def main() -> int:
    """Run the demonstration's people; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m server.bot.demo", description="the demonstration's people")
    parser.add_argument("--server", required=True)
    parser.add_argument("--room", required=True)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--page-seconds", type=float, default=PAGE_S)
    given = parser.parse_args()
    try:
        tokens = msgspec.json.decode(sys.stdin.readline(), type=Tokens)
    except msgspec.DecodeError as error:
        tell(f"标准输入的第一行应是房间令牌：{error}")
        return int(Exit.BAD_INPUT)
    os.nice(NICENESS)
    return run_until_stopped(lambda: people(given.server, given.room, given.clip, given.page_seconds, tokens))


async def people(server: str, room: str, clip: Path, page_s: float, tokens: Tokens) -> Exit:
    """Run every seat until the lecturer's ends, one fails, none is left or standard input ends; return how it ended.

    A classroom whose seat a visitor takes just leaves.
    """
    seats: list[tuple[str, str, Callable[[LessonClient], Awaitable[None]]]] = [
        (token, "classroom", functools.partial(sit_in, room=number)) for number, token in enumerate(tokens.classrooms)
    ]
    if tokens.lecturer:
        seats.append((tokens.lecturer, "lecturer", functools.partial(_teach_clip, clip=clip, page_s=page_s)))
    results: list[Exit] = []
    stop = asyncio.Event()

    async def _sit(token: str, role: str, act: Callable[[LessonClient], Awaitable[None]]) -> None:
        results.append(await take_seat(Access(room=room, server=server, token=token), role, act))
        if role == "lecturer" or results[-1] is not Exit.DONE or len(results) == len(seats):
            stop.set()

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(_sit(*seat)) for seat in seats]
        running.append(tasks.create_task(_wait_for_parent(stop)))
        await stop.wait()
        while pending := [task for task in running if not task.done()]:
            for task in pending:  # again: a cancel that meets a socket's end is lost in a TaskGroup (Python 3.11)
                task.cancel()
            await asyncio.wait(pending, timeout=1.0)
    return max(results, default=Exit.DONE)


async def _teach_clip(client: LessonClient, clip: Path, page_s: float) -> None:
    """Make the clip if it is not there, then teach with it: the classrooms sit in meanwhile."""
    try:
        facts = await asyncio.to_thread(lambda: probe(ensure_clip(clip)))
    except OSError as error:
        raise Refused("media_unreadable", f"没能生成演示课的画面：{error}") from error
    await teach(client, Plan(facts, page_s, loop=True, height=LINES, fps=FPS, end_lesson=False))


async def _wait_for_parent(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
