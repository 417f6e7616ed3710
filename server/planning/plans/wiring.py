"""Everything of lesson plans that is made once a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from server.accounts.service import AccountService, Clock, utc_now
from server.lessons.page_files import PageFiles
from server.planning.log import ActivityLog
from server.planning.plans.mentions import MentionService
from server.planning.plans.pictures import PictureService
from server.planning.plans.remarks import RemarkService
from server.planning.plans.rooms import PlanRooms
from server.planning.plans.service import PlanService
from server.planning.plans.tasks import TaskService
from server.planning.plans.tickets import Ticket, Tickets
from server.planning.plans.versioning import VersionService
from server.storage.database import Database


@dataclass(frozen=True)
class Plans:
    """The services of lesson plans."""

    service: PlanService
    tickets: Tickets
    rooms: PlanRooms
    versions: VersionService
    remarks: RemarkService
    mentions: MentionService
    tasks: TaskService
    pictures: PictureService

    def ticket(self, plan_id: str, person_id: str) -> str:
        """Return a ticket to the plan's socket."""
        return self.tickets.issue(Ticket(plan_id, person_id))


@asynccontextmanager
async def open_plans(
    database: Database,
    accounts: AccountService,
    activity: ActivityLog,
    pictures: PageFiles,
    secret: bytes,
    clock: Clock = utc_now,
) -> AsyncIterator[Plans]:
    """Yield the services of lesson plans, with their rooms alive."""
    tickets = Tickets(secret, clock)
    async with asyncio.TaskGroup() as tasks:
        rooms = PlanRooms(database, accounts.person_of, clock, tasks)
        watch = tasks.create_task(rooms.look_after())
        service = PlanService(database, activity, rooms, clock)
        try:
            yield Plans(
                service,
                tickets,
                rooms,
                VersionService(database, activity, rooms, clock),
                RemarkService(database, activity, rooms, clock),
                MentionService(database, activity),
                TaskService(database, activity, clock),
                PictureService(database, pictures, clock),
            )
        finally:
            watch.cancel()
            rooms.close()
