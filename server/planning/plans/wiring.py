"""Everything of lesson plans that is made once a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from server.accounts.service import Clock, utc_now
from server.planning.log import ActivityLog
from server.planning.plans.service import PlanService
from server.planning.plans.tickets import Ticket, Tickets
from server.storage.database import Database


@dataclass(frozen=True)
class Plans:
    """The services of lesson plans."""

    service: PlanService
    tickets: Tickets

    def ticket(self, plan_id: str, person_id: str) -> str:
        """Return a ticket to the plan's socket."""
        return self.tickets.issue(Ticket(plan_id, person_id))


@asynccontextmanager
async def open_plans(
    database: Database, activity: ActivityLog, secret: bytes, clock: Clock = utc_now
) -> AsyncIterator[Plans]:
    """Yield the services of lesson plans."""
    yield Plans(PlanService(database, activity, clock), Tickets(secret, clock))
