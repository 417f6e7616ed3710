"""Who may do what with a plan: found and checked in the caller's transaction."""

from __future__ import annotations

import msgspec

from server.accounts.model import Person
from server.accounts.service import epoch_ms, utc_now
from server.planning.groups.desk import detail_of, group_in, role_in
from server.planning.groups.model import Group
from server.planning.meetings.tables import is_guest_beside
from server.planning.plans import tables
from server.planning.plans.model import Plan
from server.planning.rights import Right, Role, acting, has_right, require
from server.storage.database import Transaction
from signaling.errors import Refused


class Access(msgspec.Struct, frozen=True):
    """A plan with its group, and what the person who asks is to it."""

    plan: Plan
    group: Group
    role: Role

    def may(self, right: Right) -> bool:
        """Return whether the person may do this with the plan, in the state that it is in."""
        return has_right(self.role, right, is_closed=self.group.is_closed)

    @property
    def may_write(self) -> bool:
        """Return whether the person may change the plan's words now."""
        return self.plan.is_open and self.may(Right.EDIT_PLAN)

    def rights(self) -> frozenset[Right]:
        """Return everything that the person may do with the plan: the page offers nothing else."""
        return frozenset(right for right in Right if self.may(right))


async def access_in(tx: Transaction, person: Person, plan_id: str) -> Access:
    """Return what the person is to the plan; nothing is checked.

    Raises:
        Refused: `plan_unknown`.
    """
    plan = await tables.find(tx, plan_id)
    group = await group_in(tx, plan.group_id)
    role = acting(await role_in(tx, person, group.id), leads_plan=plan.lead.id == person.id)
    if role is Role.STRANGER and await is_guest_beside(tx, person.id, plan_id, epoch_ms(utc_now())):
        role = Role.MEETING_GUEST
    return Access(plan, group, role)


async def require_in(tx: Transaction, person: Person, plan_id: str, right: Right) -> Access:
    """Pass when the person may do this with the plan.

    Raises:
        Refused: `plan_unknown`, `not_allowed` or `group_closed`.
    """
    access = await access_in(tx, person, plan_id)
    require(access.role, right, detail_of(right), is_closed=access.group.is_closed)
    return access


async def require_open_in(tx: Transaction, person: Person, plan_id: str, right: Right) -> Access:
    """Pass when the person may do this, and the plan is not final or put away.

    Raises:
        Refused: `plan_state`, and what `require_in` does.
    """
    access = await require_in(tx, person, plan_id, right)
    if access.plan.state == "finalised":
        raise Refused("plan_state", "这份教案已经定稿。要继续修改，请先点“开始修订”。")
    if access.plan.state == "archived":
        raise Refused("plan_state", "这份教案已经归档，只能查看。")
    return access


async def require_seen_in(tx: Transaction, person: Person, plan_id: str) -> Access:
    """Pass when the person may at least see what is final of the plan.

    Raises:
        Refused: `plan_unknown` or `not_allowed`.
    """
    access = await access_in(tx, person, plan_id)
    if not access.may(Right.READ_PLAN) and access.plan.state != "finalised":
        raise Refused("not_allowed", detail_of(Right.READ_PLAN))
    return access
