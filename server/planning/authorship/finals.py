"""Who wrote the final versions: counted once each, off the event loop, and remembered, as a version never changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pycrdt import Doc
from sqlalchemy import select

from server.planning.authorship.attribution import Attribution
from server.planning.document import plain_text, read_tree
from server.planning.plans.tables import plan_versions, plans
from server.storage.database import Transaction

MAX_COUNTED = 10_000  # final versions whose counts are remembered


class Final(NamedTuple):
    """The last final version of a plan that is final now."""

    plan_id: str
    lead_id: str
    counts: Mapping[str, int]  # surviving characters by person's id


class FinalCounts:
    """Counts of final versions; one serves the whole server."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, int], Mapping[str, int]] = {}

    async def read(self, tx: Transaction, group_id: str | None = None) -> list[Final]:
        """Return all plans that are final now, or those of a group, by their ids."""
        return [
            Final(plan_id, lead_id, await self._counts(tx, plan_id, number))
            for plan_id, lead_id, number in await _final_versions(tx, group_id)
        ]

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
