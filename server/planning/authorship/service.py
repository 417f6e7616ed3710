"""Who wrote a plan, and how many plans the west led."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from server.accounts.model import Person
from server.accounts.tables import people_by_id
from server.planning.authorship import origins
from server.planning.authorship.attribution import COPIED, TEMPLATE, Attribution
from server.planning.authorship.finals import FinalCounts
from server.planning.authorship.shares import Interval, Shares, shares_of, wilson
from server.planning.groups import desk as group_desk
from server.planning.plans import desk
from server.planning.plans.rooms import PlanRooms
from server.planning.rights import Right
from server.storage.database import Database, Transaction
from signaling.errors import Refused


class Written(msgspec.Struct, frozen=True):
    """Who wrote a plan, and what in it is nobody's."""

    shares: Shares
    template: int  # characters
    copied: int


class WesternLead(msgspec.Struct, frozen=True):
    """How many final plans that were written across regions the west led."""

    plans: int  # that are final
    across: int  # of them written across regions
    led: Interval  # of these


class SharesService:
    """Shares of authorship."""

    def __init__(self, database: Database, rooms: PlanRooms, finals: FinalCounts, west: Collection[str]) -> None:
        self._database = database
        self._rooms = rooms
        self._west = tuple(west)
        self._finals = finals

    async def of_plan(self, person: Person, plan_id: str) -> Written:
        """Return who wrote what stands in the plan now.

        Raises:
            Refused: `plan_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            access = await desk.require_in(tx, person, plan_id, Right.READ_PLAN)
        async with self._rooms.using(plan_id) as room:
            attribution = room.core.attribution
            now = Attribution.decode(attribution.encode(), attribution.text)  # others go on typing
        async with self._database.read() as tx:
            now.disown(await origins.copied(tx, "plan", plan_id, now.text))
        counts = now.tally()
        template, copied = counts.pop(TEMPLATE, 0), counts.pop(COPIED, 0)
        plan = access.plan
        async with self._database.read() as tx:
            shares = await self._shares(tx, counts, plan.lead.id, is_final=plan.state == "finalised")
        return Written(shares, template, copied)

    async def western_lead(self, person: Person, group_id: str | None) -> WesternLead:
        """Return the figure of a group; None: of all groups, for managers of the region.

        Raises:
            Refused: `group_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            if group_id is not None:
                await group_desk.require_in(tx, person, group_id, Right.READ_GROUP)
            elif (await group_desk.sight_of(tx, person)).groups is not None:
                raise Refused("not_allowed", "全区域的统计由区域管理员查看。请选择您的教研组。")
            found = [
                (await self._shares(tx, one.counts, one.lead_id, is_final=True)).led
                for one in await self._finals.read(tx, group_id)
            ]
        across = [led for led in found if led.by_regions]
        return WesternLead(len(found), len(across), wilson(sum(led.is_led for led in across), len(across)))

    async def _shares(self, tx: Transaction, counts: Mapping[Any, int], lead_id: str, *, is_final: bool) -> Shares:
        people = await people_by_id(tx, sorted({*map(str, counts), lead_id}))
        written = {str(one): count for one, count in counts.items() if one in people}
        return shares_of(written, people, people[lead_id], is_final=is_final, west=self._west)
