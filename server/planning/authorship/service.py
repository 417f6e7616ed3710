"""Who wrote a plan, and how many plans the west led."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from pycrdt import Doc
from sqlalchemy import select

from server.accounts.model import Person
from server.accounts.tables import people_by_id
from server.planning.authorship import origins
from server.planning.authorship.attribution import COPIED, TEMPLATE, Attribution
from server.planning.authorship.shares import Interval, Shares, shares_of, wilson
from server.planning.document import plain_text, read_tree
from server.planning.groups import desk as group_desk
from server.planning.plans import desk
from server.planning.plans.rooms import PlanRooms
from server.planning.plans.tables import plan_versions, plans
from server.planning.rights import Right
from server.storage.database import Database, Transaction
from signaling.errors import Refused

MAX_COUNTED = 10_000  # final versions whose counts are remembered: they never change


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

    def __init__(self, database: Database, rooms: PlanRooms, west: Collection[str]) -> None:
        self._database = database
        self._rooms = rooms
        self._west = tuple(west)
        self._counted: dict[tuple[str, int], Mapping[str, int]] = {}

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
            final = await _final_versions(tx, group_id)
            found = []
            for plan_id, lead_id, number in final:
                counts = await self._counts(tx, plan_id, number)
                found.append((await self._shares(tx, counts, lead_id, is_final=True)).led)
        across = [led for led in found if led.by_regions]
        return WesternLead(len(found), len(across), wilson(sum(led.is_led for led in across), len(across)))

    async def _shares(self, tx: Transaction, counts: Mapping[Any, int], lead_id: str, *, is_final: bool) -> Shares:
        people = await people_by_id(tx, sorted({*map(str, counts), lead_id}))
        written = {str(one): count for one, count in counts.items() if one in people}
        return shares_of(written, people, people[lead_id], is_final=is_final, west=self._west)

    async def _counts(self, tx: Transaction, plan_id: str, number: int) -> Mapping[str, int]:
        key = (plan_id, number)
        if key not in self._counted:
            of = (plan_versions.c.plan_id == plan_id) & (plan_versions.c.number == number)
            row = (await tx.execute(select(plan_versions.c.blob, plan_versions.c.runs).where(of))).one()
            if len(self._counted) >= MAX_COUNTED:
                self._counted.clear()
            self._counted[key] = await asyncio.to_thread(_count, row.blob, row.runs)
        return self._counted[key]


async def _final_versions(tx: Transaction, group_id: str | None) -> Sequence[tuple[str, str, int]]:
    """Return plan, its lead and the number of its last final version, of all plans that are final now."""
    query = (
        select(plans.c.id, plans.c.lead_id, plan_versions.c.number)
        .join(plan_versions, plan_versions.c.plan_id == plans.c.id)
        .where(plans.c.state == "finalised", plan_versions.c.is_final)
        .order_by(plan_versions.c.number)
    )
    if group_id is not None:
        query = query.where(plans.c.group_id == group_id)
    last = {row.id: (row.id, row.lead_id, row.number) for row in await tx.execute(query)}
    return [last[plan_id] for plan_id in sorted(last)]


def _count(blob: bytes, runs: bytes) -> Mapping[str, int]:
    doc: Doc[Any] = Doc()
    doc.apply_update(blob)
    attribution = Attribution.decode(runs, plain_text(read_tree(doc)))
    return {str(author): count for author, count in attribution.shares().items()}
