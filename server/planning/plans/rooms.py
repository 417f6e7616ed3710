"""All rooms of plans that are open in this process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from server.accounts.model import Person
from server.accounts.service import Clock
from server.planning.plans import desk, storage, tables
from server.planning.plans.batches import load
from server.planning.plans.core import PlanCore
from server.planning.plans.room import Room
from server.planning.plans.wire import Close
from server.planning.rights import Right
from server.storage.database import Database
from signaling.errors import TongtangError, Unavailable

log = logging.getLogger(__name__)

CHECK_S = 20.0  # how late a log-in that ended, or a right that was taken, is noticed
SILENCE_S = 60.0  # pages renew their awareness every 15 s (y-protocols)
SIGNED_OUT = "登录已过期，请重新登录。您写的内容还在这个页面里。"
MAX_ROOMS = 1_000  # bench.planning: 200 take less than 400 MB

WhoseSession = Callable[[str], Awaitable[Person | None]]


class PlanRooms:
    """The rooms that are open, made when they are needed."""

    def __init__(self, database: Database, whose_session: WhoseSession, clock: Clock, tasks: asyncio.TaskGroup) -> None:
        self._database = database
        self._whose_session = whose_session
        self._clock = clock
        self._tasks = tasks
        self._rooms: dict[str, Room] = {}
        self._loading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._rooms)

    @asynccontextmanager
    async def using(self, plan_id: str) -> AsyncIterator[Room]:
        """Hold a plan's room open.

        Raises:
            Refused: `plan_unknown`.
            Unavailable: `plan_busy`, or the database cannot be read.
        """
        loading = self._loading.setdefault(plan_id, asyncio.Lock())
        async with loading:  # of this plan: a large one takes 2 s
            room = self._rooms.get(plan_id)
            if room is None or room.is_over:
                room = await self._open(plan_id)
            room.users += 1
        try:
            yield room
        finally:
            room.users -= 1

    def come_again(self, plan_id: str, reason: str) -> None:
        """Let everybody at a plan connect again, because what they may do has changed."""
        if room := self._rooms.get(plan_id):
            room.close_all(Close.COME_AGAIN, reason)

    def log_out(self, session: str) -> None:
        """Close what a log-in that is over has open."""
        for room in self._rooms.values():
            for link in room.links.values():
                if link.session == session:
                    link.end(Close.SIGNED_OUT, SIGNED_OUT)

    def close(self) -> None:
        """End all rooms: the server goes down. What was acknowledged is on the disk."""
        for room in tuple(self._rooms.values()):
            room.stop()

    async def _open(self, plan_id: str) -> Room:
        if len(self._rooms) >= MAX_ROOMS:
            raise Unavailable("plan_busy", "同时打开的教案太多，请稍后再试。")
        async with self._database.read() as tx:
            plan = await tables.find(tx, plan_id)
            stored = await storage.load(tx, plan_id)
        core = PlanCore(await asyncio.to_thread(load, stored), plan.generation)
        room = Room(plan_id, core, self._database, self._clock)
        self._rooms[plan_id] = room
        self._tasks.create_task(room.run(self._on_over), name=f"plan {plan_id}")
        return room

    def _on_over(self, room: Room) -> None:
        if self._rooms.get(room.plan_id) is room:
            del self._rooms[room.plan_id]

    # --- looking after who is in ----------------------------------------------------------------------------------

    async def look_after(self) -> None:
        """Close, again and again, what is silent, and whoever may not be there any more."""
        while True:
            await asyncio.sleep(CHECK_S)
            for room in tuple(self._rooms.values()):
                try:
                    await self._look(room)
                except TongtangError as error:
                    log.warning("who is at plan %s cannot be checked now: %s", room.plan_id, error)
                except Exception:
                    log.exception("looking after plan %s failed", room.plan_id)

    async def _look(self, room: Room) -> None:
        now = asyncio.get_running_loop().time()
        for connection, link in tuple(room.links.items()):
            if now - link.heard > SILENCE_S:
                link.end(Close.GOING_AWAY, "")
                continue
            person = await self._whose_session(link.session)
            if person is None or person.id != link.person_id:
                link.end(Close.SIGNED_OUT, SIGNED_OUT)
                continue
            async with self._database.read() as tx:
                access = await desk.access_in(tx, person, room.plan_id)
            if connection not in room.links or room.is_over:
                continue
            if not access.may(Right.READ_PLAN) or access.may_write != room.core.writes(connection):
                link.end(Close.COME_AGAIN, "您对这份教案的权限有变化。")
