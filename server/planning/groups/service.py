"""The rules of research groups: making, naming, agreeing on rules, closing. `joining.py` has who is in them."""

from __future__ import annotations

import msgspec

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.planning.groups import desk, tables
from server.planning.groups.model import (
    RULES_AT_FIRST,
    Access,
    Group,
    Invitation,
    Kind,
    Membership,
    Rules,
    Sight,
    Stage,
)
from server.planning.log import ActivityLog
from server.planning.rights import RIGHTS, Right, Role, has_right
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

MAX_LED = 10  # open groups that one person leads: a 教研员 has one for each subject of a stage
MAX_LISTED = 300  # of all groups of a server: a province's region has about a hundred


class Mine(msgspec.Struct, frozen=True):
    """A group in the list of one person's groups."""

    group: Group
    role: Role
    people: int
    schools: int
    is_confirmed: bool  # whether the person agreed to the rules as they are now


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a group that its page shows to one person."""

    group: Group
    role: Role
    rights: frozenset[Right]  # that the person has now: the page offers nothing else
    members: tuple[Membership, ...]
    former: tuple[Membership, ...]
    invitations: tuple[Invitation, ...]  # for whoever may invite
    rules: tuple[Rules, ...]


class AtSchool(msgspec.Struct, frozen=True):
    """That a teacher of a school is in a group."""

    member: Membership
    group_name: str


class GroupService:
    """Research groups."""

    def __init__(self, database: Database, activity: ActivityLog, clock: Clock = utc_now) -> None:
        self._database = database
        self._activity = activity
        self._clock = clock

    # --- what somebody is to a group ------------------------------------------------------------------------------

    async def role(self, person_id: str, group_id: str) -> Role | None:
        """Return the role that somebody was given in the group; None: they are not in it."""
        async with self._database.read() as tx:
            member = await tables.find_member(tx, group_id, person_id)
        return None if member is None else Role(member.role)

    async def require(self, person: Person, group_id: str, right: Right, *, leads_plan: bool = False) -> Access:
        """Pass when the person may do this in the group.

        Whoever writes asks `desk.require_in` inside the transaction that writes.

        Raises:
            Refused: `group_unknown`, `not_allowed` or `group_closed`.
        """
        async with self._database.read() as tx:
            return await desk.require_in(tx, person, group_id, right, leads_plan=leads_plan)

    async def sight(self, person: Person) -> Sight:
        """Return whose drafts the person may read."""
        async with self._database.read() as tx:
            return await desk.sight_of(tx, person)

    # --- looking --------------------------------------------------------------------------------------------------

    async def mine(self, person: Person) -> list[Mine]:
        """Return the person's groups."""
        async with self._database.read() as tx:
            found = []
            for group, role in await tables.groups_of(tx, person.id):
                members = await tables.members_of(tx, group.id)
                own = next(one for one in members if one.person.id == person.id)
                found.append(_listed(group, Role(role), members, own.confirmed == group.rules_version))
        return found

    async def all(self, person: Person) -> list[Mine]:
        """Return every group of the server, to the region's manager.

        Raises:
            Refused: `not_allowed`.
        """
        if not (person.is_manager and person.school is None):
            raise Refused("not_allowed", "只有区域管理员可以查看全部教研组。")
        async with self._database.read() as tx:
            found = []
            for group in await tables.all_groups(tx, MAX_LISTED):
                role = await desk.role_in(tx, person, group.id)
                found.append(_listed(group, role, await tables.members_of(tx, group.id), True))
        return found

    async def see(self, person: Person, group_id: str) -> Sheet:
        """Return the group.

        Raises:
            Refused: `group_unknown` or `not_allowed`.
        """
        now = epoch_ms(self._clock())
        async with self._database.read() as tx:
            access = await desk.require_in(tx, person, group_id, Right.READ_GROUP)
            known = await tables.members_of(tx, group_id, with_former=True)
            may_invite = Right.INVITE in RIGHTS[access.role]
            asked = await tables.open_invitations(tx, now, group_id=group_id) if may_invite else ()
            rules = await tables.rules_of(tx, group_id)
        closed = access.group.is_closed
        return Sheet(
            group=access.group,
            role=access.role,
            rights=frozenset(right for right in Right if has_right(access.role, right, is_closed=closed)),
            members=tuple(one for one in known if one.left_ms is None),
            former=tuple(one for one in known if one.left_ms is not None),
            invitations=asked,
            rules=rules,
        )

    async def at_school(self, person: Person) -> list[AtSchool]:
        """Return who of a school is in which group, to the school's manager.

        Raises:
            Refused: `not_allowed`.
        """
        if not person.is_manager or person.school is None:
            raise Refused("not_allowed", "只有学校管理员可以查看本校教师参加的教研组。")
        async with self._database.read() as tx:
            return [AtSchool(one, name) for one, name in await tables.members_at_school(tx, person.school.id)]

    # --- making and changing --------------------------------------------------------------------------------------

    async def make(self, person: Person, kind: Kind, name: str, subject: str, stage: Stage, rules: str = "") -> Group:
        """Make a group that the person leads.

        Raises:
            Refused: `field_invalid` or `groups_full`.
        """
        now = epoch_ms(self._clock())
        group = Group(
            id=new_id(), kind=kind, name=_named(name), subject=subject.strip() or "综合", stage=stage,
            rules=rules.strip() or RULES_AT_FIRST, rules_version=1, created_ms=now, changed_ms=now,
        )  # fmt: skip
        async with self._database.write() as tx:
            if await tables.count_led(tx, person.id) >= MAX_LED:
                raise Refused("groups_full", f"您已经主持 {MAX_LED} 个教研组。请先移交或结束一个，再新建。")
            await tables.add_group(tx, group, person.id)
            await tables.add_member(tx, group.id, person.id, "lead", now)
            await tables.change_member(tx, group.id, person.id, confirmed=1)
            data = {"name": group.name, "kind": kind}
            await self._activity.note(tx, "group.made", person.id, group_id=group.id, data=data, ts_ms=now)
        return group

    async def edit(self, person: Person, group_id: str, name: str, subject: str, stage: Stage) -> Group:
        """Change what a group is called and what it is about.

        Raises:
            Refused: `field_invalid`, or what `desk.require_in` raises.
        """
        async with self._database.write() as tx:
            old = (await desk.require_in(tx, person, group_id, Right.MANAGE_GROUP)).group
            values = {"name": _named(name), "subject": subject.strip() or old.subject, "stage": stage}
            group = await self._save(tx, old, **values)
            before = {"name": old.name, "subject": old.subject, "stage": old.stage}
            if values != before:
                data = values | {"before": before}
                await self._activity.note(tx, "group.changed", person.id, group_id=group_id, data=data)
        return group

    async def set_rules(self, person: Person, group_id: str, text: str, known: int) -> Group:
        """Make the next version of the rules of cooperation; everybody is asked to agree again.

        Args:
            person: who writes them.
            group_id: the group.
            text: the whole text.
            known: the version that it was written from.

        Raises:
            Refused: `field_invalid`, `rules_changed`, or what `desk.require_in` raises.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            group = (await desk.require_in(tx, person, group_id, Right.MANAGE_GROUP)).group
            if known != group.rules_version:
                raise _rules_changed()
            if not text.strip():
                raise field_invalid("text", "请写下大家的分工和约定。")
            if text.strip() == group.rules:
                return group
            version = group.rules_version + 1
            await tables.add_rules(tx, group_id, version, text.strip(), person.id, now)
            group = await self._save(tx, group, rules=text.strip(), rules_version=version)
            await tables.change_member(tx, group_id, person.id, confirmed=version)
            await self._activity.note(tx, "group.rules", person.id, group_id=group_id, data={"version": version})
        return group

    async def confirm(self, person: Person, group_id: str, version: int) -> None:
        """Agree to the rules of cooperation as they are now; agreeing twice changes nothing.

        Raises:
            Refused: `rules_changed`, `not_allowed` or `group_closed`.
        """
        async with self._database.write() as tx:
            group = (await desk.require_in(tx, person, group_id, Right.ANSWER_GATHERING)).group
            if version != group.rules_version:
                raise _rules_changed()
            await tables.change_member(tx, group_id, person.id, confirmed=version)
            key = f"confirmed:{group_id}:{version}:{person.id}"
            data = {"version": version}
            await self._activity.note(tx, "group.confirmed", person.id, group_id=group_id, data=data, idem=key)

    async def close(self, person: Person, group_id: str, reason: str) -> Group:
        """End the group's work: nothing is lost, everything can only be read from then on.

        Raises:
            Refused: what `desk.require_in` raises.
        """
        async with self._database.write() as tx:
            group = (await desk.require_in(tx, person, group_id, Right.CLOSE_GROUP)).group
            if group.is_closed:
                return group
            told = reason.strip()
            group = await self._save(tx, group, state="closed", reason=told)
            await self._activity.note(tx, "group.closed", person.id, group_id=group_id, data={"reason": told})
        return group

    async def open(self, person: Person, group_id: str) -> Group:
        """Go on with a group that was closed.

        Raises:
            Refused: what `desk.require_in` raises.
        """
        async with self._database.write() as tx:
            group = (await desk.require_in(tx, person, group_id, Right.CLOSE_GROUP)).group
            if not group.is_closed:
                return group
            group = await self._save(tx, group, state="open", reason="")
            await self._activity.note(tx, "group.opened", person.id, group_id=group_id)
        return group

    async def _save(self, tx: Transaction, group: Group, **values: object) -> Group:
        saved = tables.changed(group, epoch_ms(self._clock()), **values)
        await tables.save_group(tx, saved)
        return saved


def _listed(group: Group, role: Role, members: tuple[Membership, ...], is_confirmed: bool) -> Mine:
    schools = {one.school.id for one in members if one.school is not None}
    return Mine(group, role, len(members), len(schools), is_confirmed)


def _named(name: str) -> str:
    if not name.strip():
        raise field_invalid("name", "请给教研组起个名字。")
    return name.strip()


def _rules_changed() -> Refused:
    return Refused("rules_changed", "权责约定刚才有了新的版本。请看过最新的版本，再继续。")
