"""Plans with everything under them and nothing beside: a server that benches and tests can start, break and kill.

As a process of its own: `python -m bench.plan_world --data FOLDER --port PORT`; the world is in the folder already.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import uvicorn
from starlette.applications import Starlette

from bench.plan_client import PlanClient
from server.accounts import tables as account_tables
from server.accounts.devices import DeviceService
from server.accounts.model import Person, School
from server.accounts.passwords import Passwords
from server.accounts.service import AccountService, digest, epoch_ms, utc_now
from server.collector import seldom_collecting
from server.lean_websocket import LeanWebSocket
from server.lessons.page_files import PageFiles
from server.planning.document import Node
from server.planning.groups import tables as group_tables
from server.planning.groups.model import Group
from server.planning.log import ActivityLog
from server.planning.plans import paper_routes, room, routes as plan_routes
from server.planning.plans.model import Plan, State
from server.planning.plans.service import Change, Cover
from server.planning.plans.wiring import Plans, open_plans
from server.problems import on_error
from server.storage.database import Database, open_database, sqlite_url
from server.storage.ids import new_id
from signaling.errors import TongtangError
from signaling.messages import MAX_MESSAGE_BYTES
from tests.ports import free_port

SECRET = bytes(32)


class PlanWorld:
    """A database with a group in it, and the services of plans."""

    def __init__(self, database: Database, plans: Plans) -> None:
        self.database = database
        self.plans = plans
        self.base = ""
        self._people: dict[str, Person] = {}

    async def found(self) -> None:
        """Make the school and the group, unless they are in the folder already."""
        async with self.database.write() as tx:
            if await group_tables.find_group(tx, "group1") is not None:
                return
            school = School("school1", "河口小学", "rural", "云南")
            await account_tables.add_school(tx, school)
            await account_tables.add_person(tx, Person("founder", "founder", "教研员", school), "no password")
            await group_tables.add_group(tx, _group(), "founder")

    async def person(self, name: str, role: str = "member") -> Person:
        """Return somebody of the group; made when they are not there yet. Their session is `session_of`."""
        if name in self._people:
            return self._people[name]
        now = epoch_ms(utc_now())
        async with self.database.write() as tx:
            known = await account_tables.find_session(tx, digest(self.session_of(name)), now)
            if known is None:
                school = School("school1", "河口小学", "rural", "云南")
                known = Person(new_id(), name, name, school)
                await account_tables.add_person(tx, known, "no password")
                await account_tables.add_session(tx, digest(self.session_of(name)), known.id, now + 86_400_000)
                await group_tables.add_member(tx, "group1", known.id, role, now)  # type: ignore[arg-type]
        self._people[name] = known
        return known

    @staticmethod
    def session_of(name: str) -> str:
        """Return the secret of somebody's log-in."""
        return digest(name)[:40]

    async def plan(self, title: str = "光的折射", tree: Node | None = None, by: str = "王老师") -> Plan:
        """Make a plan."""
        lead = await self.person(by, "lead")
        return await self.plans.service.make(lead, "group1", Cover(title=title, subject="科学", grade="五年级"), tree)

    @staticmethod
    def change(state: State) -> Change:
        """Return a change of a plan's state."""
        return Change(state=state)

    async def page(self, name: str, plan_id: str) -> PlanClient:
        """Open a plan as somebody."""
        await self.person(name)
        return await PlanClient(self.base, plan_id, self.session_of(name)).open()


def _group() -> Group:
    return Group(
        id="group1", kind="jiaoyanzu", name="科学教研组", subject="科学", stage="小学", rules="", rules_version=1
    )


@asynccontextmanager
async def plan_world(folder: Path, port: int | None = None) -> AsyncIterator[PlanWorld]:
    """Serve plans out of `folder` inside the block, in this process."""
    async with open_database(sqlite_url(folder / "tongtang.db")) as database:
        accounts = AccountService(database, Passwords())
        async with open_plans(
            database, accounts, ActivityLog(database), PageFiles(folder / "plan_pictures"), SECRET
        ) as plans:
            world = PlanWorld(database, plans)
            await world.found()
            services = SimpleNamespace(
                planning=SimpleNamespace(plans=plans), accounts=accounts, devices=DeviceService(database)
            )
            app = Starlette(
                routes=[*plan_routes.routes(), *paper_routes.routes()],
                exception_handlers={TongtangError: on_error, Exception: on_error},
            )
            app.state.services = services
            async with serving(app, port or free_port()) as base:
                world.base = base
                yield world


@asynccontextmanager
async def serving(app: Starlette, port: int) -> AsyncIterator[str]:
    """Serve the application as the program does inside the block; yield its address."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        ws=LeanWebSocket,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server._serve())  # serve() would take the signal handlers
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving


async def _main(folder: Path, port: int) -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    async with plan_world(folder, port):
        with seldom_collecting():
            print("ready", flush=True)
            await over.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--snapshot-rows", type=int, default=room.SNAPSHOT_ROWS)
    asked = parser.parse_args()
    room.SNAPSHOT_ROWS = asked.snapshot_rows
    asyncio.run(_main(asked.data, asked.port))
