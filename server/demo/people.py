"""The demonstration's people: a child process with the lecturer bot and two classrooms, kept alive.

The bots get room tokens over the child's standard input, so they need no password, and end when that input ends, that
is when this server dies. A human who takes the lead is left alone: the bot stands back by itself. A lesson ends after
its planned time, and the next one begins when somebody visits: an unattended demonstration must not fill the disk with
recordings.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

import msgspec

from server.demo.seed import LECTURER, PLANNED_MINUTES, Demo
from server.lessons.access import Entry, seat_for
from server.lessons.model import Lesson
from server.lessons.ports import Seat
from server.lessons.tokens import SignedRoomTokens
from server.live_ports import Presence, Rooms
from server.log import logged
from signaling.roles import Role

log = logging.getLogger("tongtang.demo")

BETWEEN_LESSONS_S = 3.0  # the end of the last one is stored by then
RETRY_S = 2.0  # doubled after each quick death
MAX_RETRY_S = 60.0
QUICK_S = 30.0  # a child that lived longer than this was healthy, a lesson real
STOP_S = 5.0  # for the bots to leave; then they are killed
# The first invited classroom stays empty for the visitor.
FIRST_BOT_ROOM = 1


class DemoPeople:
    """Keeps the demonstration's lesson going.

    Args:
        demo: the accounts and the lesson.
        tokens: signs the bots' room tokens.
        rooms: ends a lesson for everybody.
        presence: who is in: a classroom that a visitor has taken is left to the visitor.
        folder: where the clip is made.
        certificate: the server's own certificate, when it has one.
    """

    def __init__(
        self,
        demo: Demo,
        tokens: SignedRoomTokens,
        rooms: Rooms,
        presence: Presence,
        folder: Path,
        certificate: Path | None,
    ) -> None:
        self._demo = demo
        self._tokens = tokens
        self._rooms = rooms
        self._presence = presence
        self._clip = demo_clip(folder)
        self._certificate = certificate

    async def run(self, server: str) -> None:
        """Teach one lesson after the other until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            lesson, began = await self._demo.lesson(), loop.time()
            await self._teach(lesson, server)
            await asyncio.sleep(BETWEEN_LESSONS_S)
            if loop.time() - began > QUICK_S:  # else it was left over from days ago and ended as it was opened
                await self._demo.visited()

    async def _teach(self, lesson: Lesson, server: str) -> None:
        """Run the bots until the lesson is over."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + PLANNED_MINUTES * 60
        retry_s = RETRY_S
        while not await self._demo.is_over(lesson.id):
            began = loop.time()
            try:
                async with asyncio.timeout_at(ends_at):
                    code = await self._run_child(lesson, server)
            except TimeoutError:
                log.info("演示课到时间了，下课。")
                self._rooms.end(lesson.id)
                await asyncio.sleep(BETWEEN_LESSONS_S)
                continue
            if await self._demo.is_over(lesson.id):
                return
            retry_s = RETRY_S if loop.time() - began > QUICK_S else min(retry_s * 2, MAX_RETRY_S)
            log.warning("演示教师退出了（%d），%.0f 秒后重新开始。", code, retry_s)
            await asyncio.sleep(retry_s)

    async def _run_child(self, lesson: Lesson, server: str) -> int:
        arguments = ["--server", server, "--room", lesson.id, "--clip", str(self._clip)]
        environment = dict(os.environ)
        if self._certificate is not None:
            environment["SSL_CERT_FILE"] = str(self._certificate)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server.bot.demo",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl+C is for the server, which then ends its people in order
        )
        async with logged(process, "tongtang.demo"):
            try:
                assert process.stdin is not None, "asked for above"
                process.stdin.write(await self._seats(lesson) + b"\n")
                await process.stdin.drain()
                return await process.wait()
            except ConnectionError:
                return await process.wait()
            finally:
                await _stop(process)

    async def _seats(self, lesson: Lesson) -> bytes:
        lecturer = await self._demo.account(LECTURER)
        taken = self._presence.seats(lesson.id).online_classrooms
        rooms = [
            Seat(lesson.id, f"bot:{room.id}", Role.CLASSROOM, room.name, room.school.name, room.id, room.school.id)
            for room in lesson.classrooms[FIRST_BOT_ROOM:]
            if room.id not in taken
        ]
        return msgspec.json.encode(
            {
                "lecturer": self._tokens.issue(seat_for(Entry(Role.LECTURER, lecturer), lesson)),
                "classrooms": [self._tokens.issue(seat) for seat in rooms],
            }
        )


def demo_clip(data: Path) -> Path:
    """Return where the demonstration's clip lies in the data folder."""
    return data / "demo" / "lesson.mkv"


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the child: its input ends, and it is killed when that does not help."""
    if process.returncode is not None:
        return
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        log.warning("演示教师没有按时退出，强制结束。")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
