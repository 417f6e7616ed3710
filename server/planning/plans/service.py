"""The rules of plans as a whole: making, finding, changing what stands on their cover, archiving.

`rooms.py` has the writing itself, `versioning.py` versions, `remarks.py` comments and suggestions, `tasks.py` tasks.
"""

from __future__ import annotations

from typing import Any

import msgspec
from pycrdt import Doc

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.planning.document import Node, blank_plan, plain_text, write_tree
from server.planning.groups import desk as group_desk, tables as group_tables
from server.planning.log import ActivityLog
from server.planning.plans import desk, storage, tables
from server.planning.plans.model import Plan, State
from server.planning.plans.rooms import PlanRooms
from server.planning.rights import Right, require
from server.planning.search.keeping import plan_changed
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

MAX_PLANS = 2_000  # of one group: ten plans a week for four years
PAGE = 50
STEPS_AT_FIRST = 3  # begin, work, close: a plan to fill in, not an empty page


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a plan when it is made."""

    title: str
    subject: str
    grade: str
    edition: str = ""
    lead_id: str | None = None  # None: whoever makes it
    template_id: str | None = None
    previous_plan_id: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different on a plan's cover; None: as it is."""

    title: str | None = None
    subject: str | None = None
    grade: str | None = None
    edition: str | None = None
    lead_id: str | None = None
    state: State | None = None


class PlanService:
    """Lesson plans."""

    def __init__(self, database: Database, activity: ActivityLog, rooms: PlanRooms, clock: Clock = utc_now) -> None:
        self._database = database
        self._rooms = rooms
        self._activity = activity
        self._clock = clock

    # --- looking --------------------------------------------------------------------------------------------------

    async def see(self, person: Person, plan_id: str) -> desk.Access:
        """Return the plan and what the person may do with it.

        Raises:
            Refused: `plan_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            return await desk.require_seen_in(tx, person, plan_id)

    async def require(self, person: Person, plan_id: str, right: Right) -> desk.Access:
        """Pass when the person may do this with the plan; whoever writes asks `desk.require_in` instead.

        Raises:
            Refused: `plan_unknown`, `not_allowed` or `group_closed`.
        """
        async with self._database.read() as tx:
            return await desk.require_in(tx, person, plan_id, right)

    async def listed(
        self, person: Person, *, group_id: str | None = None, archived: bool = False, start: int = 0
    ) -> tuple[Plan, ...]:
        """Return up to `PAGE` plans that the person may read, from the `start`th, those changed last first.

        Raises:
            Refused: `group_unknown` or `not_allowed` for a group that is not theirs to look into.
        """
        states = ("archived",) if archived else ("draft", "finalised")
        async with self._database.read() as tx:
            if group_id is not None:
                await group_desk.require_in(tx, person, group_id, Right.READ_PLAN)
                groups: frozenset[str] | None = frozenset({group_id})
            else:
                groups = (await group_desk.sight_of(tx, person)).groups
            return await tables.of_groups(tx, groups, states=states, limit=PAGE, start=start)

    async def of_lesson(self, lesson_id: str) -> Plan | None:
        """Return the plan that a lesson was made of. Nothing is checked."""
        async with self._database.read() as tx:
            return await tables.of_lesson(tx, lesson_id)

    # --- making and changing --------------------------------------------------------------------------------------

    async def make(self, person: Person, group_id: str, cover: Cover, tree: Node | None = None) -> Plan:
        """Make a plan in a group.

        Args:
            person: who makes it.
            group_id: whose it is.
            cover: what stands on it.
            tree: what it begins with; None: the fields of a plan, empty.

        Raises:
            Refused: `group_unknown`, `not_allowed`, `group_closed`, `plans_full`, `plan_unknown` or `field_invalid`.
        """
        async with self._database.write() as tx:
            await group_desk.require_in(tx, person, group_id, Right.MAKE_PLAN)
            return await self.make_in(tx, person, group_id, cover, tree)

    async def make_in(
        self, tx: Transaction, person: Person, group_id: str, cover: Cover, tree: Node | None = None
    ) -> Plan:
        """Make a plan in the caller's transaction, who has checked that it may be made.

        Raises:
            Refused: `plans_full`, `plan_unknown` or `field_invalid`.
        """
        if await tables.count_of_group(tx, group_id) >= MAX_PLANS:
            raise Refused("plans_full", f"这个教研组已有 {MAX_PLANS} 份教案，请先归档到另一个组。")
        if cover.previous_plan_id is not None:
            await desk.require_seen_in(tx, person, cover.previous_plan_id)
        now = epoch_ms(self._clock())
        plan = Plan(
            id=new_id(),
            group_id=group_id,
            title=_said("title", cover.title),
            subject=_said("subject", cover.subject),
            grade=cover.grade.strip(),
            edition=cover.edition.strip(),
            lead=await _lead(tx, group_id, cover.lead_id or person.id),
            template_id=cover.template_id,
            previous_plan_id=cover.previous_plan_id,
            created_ms=now,
            changed_ms=now,
        )
        await tables.add(tx, plan, person.id)
        begun = tree or _fields(plan.title)
        await storage.begin(tx, plan.id, _update_of(begun))
        await plan_changed(tx, plan.id, plain_text(begun))
        data = {"title": plan.title, "subject": plan.subject, "grade": plan.grade}
        data |= {"from": cover.previous_plan_id or "", "template": cover.template_id or ""}
        await self._activity.note(tx, "plan.made", person.id, group_id=group_id, plan_id=plan.id, data=data)
        return plan

    async def change(self, person: Person, plan_id: str, seen: int, change: Change) -> Plan:
        """Change a plan's cover, or open it for another revision, or put it away and take it out again.

        Args:
            person: who does it.
            plan_id: the plan.
            seen: the revision that the person saw.
            change: what is to be different.

        Raises:
            Refused: `plan_unknown`, `not_allowed`, `group_closed`, `plan_changed`, `plan_state` or `field_invalid`.
        """
        async with self._database.write() as tx:
            access = await desk.access_in(tx, person, plan_id)
            right = _right_for(access.plan, change)
            require(access.role, right, group_desk.detail_of(right), is_closed=access.group.is_closed)
            plan, now = access.plan, epoch_ms(self._clock())
            values = {
                name: _said(name, value)
                for name in ("title", "subject", "grade", "edition")
                if (value := getattr(change, name)) is not None
            }
            lead = plan.lead if change.lead_id is None else await _lead(tx, plan.group_id, change.lead_id)
            state = plan.state if change.state is None else _next(plan.state, change.state)
            new = msgspec.structs.replace(
                plan, **values, lead=lead, state=state, revision=plan.revision + 1, changed_ms=now
            )
            await tables.save(tx, new, seen)
            await plan_changed(tx, plan.id)
            await self._note_change(tx, person, plan, new)
        if new.is_open != plan.is_open:
            self._rooms.come_again(plan_id, "教案的状态有变化，正在重新连接。")
        return new

    async def _note_change(self, tx: Transaction, person: Person, before: Plan, after: Plan) -> None:
        about: dict[str, Any] = {"group_id": after.group_id, "plan_id": after.id}
        if before.lead.id != after.lead.id:
            data = {"title": after.title, "person": after.lead.id, "name": after.lead.name}
            await self._activity.note(tx, "plan.led", person.id, data=data, **about)
        if before.state != after.state and after.state == "archived":
            await self._activity.note(tx, "plan.archived", person.id, data={"title": after.title}, **about)


def _right_for(plan: Plan, change: Change) -> Right:
    """Return what it takes: whoever writes may open a final plan for revision, the rest is its lead's."""
    only_revises = change == Change(state="draft") and plan.state == "finalised"
    return Right.EDIT_PLAN if only_revises else Right.MANAGE_PLAN


def _next(now: State, wanted: State) -> State:
    """Return the state to go to. A plan becomes final by a final version, not by a word.

    Raises:
        Refused: `plan_state`.
    """
    if wanted == "finalised" and now != "finalised":
        raise Refused("plan_state", "定稿需要给出一个版本，请在“版本”里点“定稿”。")
    return wanted


def _said(name: str, value: str) -> str:
    value = value.strip()
    if not value and name in ("title", "subject"):
        raise field_invalid(name, "不能为空。")
    return value


async def _lead(tx: Transaction, group_id: str, person_id: str) -> PersonRef:
    """Return the member who is to lead a plan.

    Raises:
        Refused: `field_invalid`.
    """
    member = await group_tables.find_member(tx, group_id, person_id)
    if member is None or member.role == "guest":
        raise field_invalid("lead_id", "主备人必须是这个教研组的成员。")
    return member.person


def _fields(title: str) -> Node:
    return blank_plan({"topic": [title]}, [new_id() for _ in range(STEPS_AT_FIRST)])


def _update_of(tree: Node) -> bytes:
    doc: Doc[Any] = Doc()
    write_tree(doc, tree)
    return doc.get_update()
