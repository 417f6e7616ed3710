"""Who is in a group: asking, answering, roles, leaving, and handing over the lead."""

from __future__ import annotations

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.planning.groups import desk, tables
from server.planning.groups.model import Candidate, Invitation, MemberRole, Membership
from server.planning.log import ActivityLog
from server.planning.rights import Right
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

DAY_MS = 86_400_000
INVITATION_DAYS = 30  # a holiday fits in
MAX_PEOPLE = 100  # in a group, with those who are asked: a document is written by 30 at once
MAX_CANDIDATES = 20  # names in the list of a search


class JoiningService:
    """Memberships and invitations."""

    def __init__(self, database: Database, activity: ActivityLog, clock: Clock = utc_now) -> None:
        self._database = database
        self._activity = activity
        self._clock = clock

    async def candidates(self, person: Person, group_id: str, words: str) -> tuple[Candidate, ...]:
        """Return people who could be asked, found by name or school.

        Raises:
            Refused: what `desk.require_in` raises.
        """
        async with self._database.read() as tx:
            await desk.require_in(tx, person, group_id, Right.INVITE)
            return await tables.candidates(tx, group_id, words.strip(), MAX_CANDIDATES) if words.strip() else ()

    async def invitations(self, person: Person) -> tuple[Invitation, ...]:
        """Return the invitations that wait for the person's answer."""
        async with self._database.read() as tx:
            return await tables.open_invitations(tx, self._now(), person_id=person.id)

    async def invite(self, person: Person, group_id: str, guest_id: str, role: MemberRole, note: str) -> Invitation:
        """Ask somebody to join.

        Raises:
            Refused: `field_invalid`, `already_member`, `group_full`, or what `desk.require_in` raises.
        """
        now = self._now()
        async with self._database.write() as tx:
            group = (await desk.require_in(tx, person, group_id, Right.INVITE)).group
            if role == "lead":
                raise field_invalid("role", "组长通过移交产生，请先邀请为成员。")
            asked = await tables.find_person(tx, guest_id)
            if asked is None:
                raise field_invalid("person_id", "没有找到这位老师。")
            if await tables.find_member(tx, group_id, guest_id) is not None:
                raise Refused("already_member", f"{asked.person.name}已经在这个教研组里。")
            waiting = await tables.open_invitations(tx, now, group_id=group_id)
            for one in waiting:
                if one.person.id == guest_id:
                    raise Refused("already_member", f"已经邀请过{asked.person.name}，正在等待回复。")
            if len(await tables.members_of(tx, group_id)) + len(waiting) >= MAX_PEOPLE:
                raise Refused("group_full", f"教研组最多 {MAX_PEOPLE} 人（含待回复的邀请）。请先整理名单。")
            invitation = Invitation(
                id=new_id(), group_id=group_id, group_name=group.name, person=asked.person, school=asked.school,
                role=role, by=PersonRef(person.id, person.name), note=note.strip(), made_ms=now,
                expires_ms=now + INVITATION_DAYS * DAY_MS,
            )  # fmt: skip
            await tables.add_invitation(tx, invitation)
            school = "" if asked.school is None else asked.school.name
            data = {"person": guest_id, "name": asked.person.name, "school": school, "role": role}
            await self._activity.note(tx, "group.invited", person.id, group_id=group_id, data=data)
        return invitation

    async def answer(self, person: Person, invitation_id: str, *, accepts: bool) -> None:
        """Accept or decline an invitation of one's own.

        Raises:
            Refused: `invitation_unknown` or `group_closed`.
        """
        now = self._now()
        async with self._database.write() as tx:
            invitation = await tables.find_invitation(tx, invitation_id, now)
            if invitation is None or invitation.person.id != person.id:
                raise _unknown()
            group = await desk.group_in(tx, invitation.group_id)
            if group.is_closed:
                raise Refused("group_closed", f"“{group.name}”已经结束，不再接收新成员。")
            await tables.answer_invitation(tx, invitation_id, "accepted" if accepts else "declined", now)
            if accepts:
                await tables.add_member(tx, group.id, person.id, invitation.role, now)
            kind, data = ("group.joined", {"role": invitation.role}) if accepts else ("group.declined", {})
            await self._activity.note(tx, kind, person.id, group_id=group.id, data=data)

    async def withdraw(self, person: Person, invitation_id: str) -> str:
        """Take an invitation back; return the group's id.

        Raises:
            Refused: `invitation_unknown`, or what `desk.require_in` raises.
        """
        now = self._now()
        async with self._database.write() as tx:
            invitation = await tables.find_invitation(tx, invitation_id, now)
            if invitation is None:
                raise _unknown()
            await desk.require_in(tx, person, invitation.group_id, Right.INVITE)
            await tables.answer_invitation(tx, invitation_id, "withdrawn", now)
            data = {"person": invitation.person.id, "name": invitation.person.name}
            await self._activity.note(tx, "group.uninvited", person.id, group_id=invitation.group_id, data=data)
        return invitation.group_id

    async def set_role(self, person: Person, group_id: str, member_id: str, role: MemberRole) -> None:
        """Make a guest of a member, or a member of a guest.

        Raises:
            Refused: `field_invalid`, `member_unknown`, or what `desk.require_in` raises.
        """
        if role == "lead":
            raise field_invalid("role", "组长通过移交产生。")
        async with self._database.write() as tx:
            await desk.require_in(tx, person, group_id, Right.MANAGE_GROUP)
            member = await _member(tx, group_id, member_id)
            if member.role == "lead":
                raise _lead_stays()
            if member.role == role:
                return
            await tables.change_member(tx, group_id, member_id, role=role)
            data = {"person": member_id, "name": member.person.name, "role": role, "before": member.role}
            await self._activity.note(tx, "group.role", person.id, group_id=group_id, data=data)

    async def hand_over(self, person: Person, group_id: str, member_id: str) -> None:
        """Make a member the lead; whoever was it is a member from then on.

        Raises:
            Refused: `member_unknown`, or what `desk.require_in` raises.
        """
        async with self._database.write() as tx:
            await desk.require_in(tx, person, group_id, Right.HAND_OVER)
            member = await _member(tx, group_id, member_id)
            if member.role == "lead":
                return
            for one in await tables.members_of(tx, group_id):
                if one.role == "lead":
                    await tables.change_member(tx, group_id, one.person.id, role="member")
            await tables.change_member(tx, group_id, member_id, role="lead")
            data = {"person": member_id, "name": member.person.name}
            await self._activity.note(tx, "group.lead", person.id, group_id=group_id, data=data)

    async def remove(self, person: Person, group_id: str, member_id: str, reason: str = "") -> None:
        """Leave the group, or take somebody out of it; what they wrote stays theirs.

        Raises:
            Refused: `lead_stays`, `member_unknown`, `group_closed`, or what `desk.require_in` raises.
        """
        now = self._now()
        async with self._database.write() as tx:
            if person.id != member_id:
                await desk.require_in(tx, person, group_id, Right.MANAGE_GROUP)
            elif (await desk.group_in(tx, group_id)).is_closed:
                raise Refused("group_closed", "这个教研组已经结束，成员名单作为记录保留。")
            member = await _member(tx, group_id, member_id)
            if member.role == "lead":
                raise _lead_stays()
            await tables.change_member(tx, group_id, member_id, left_ms=now)
            kind, data = "group.left", {}
            if person.id != member_id:
                kind, data = "group.removed", {"person": member_id, "name": member.person.name, "reason": reason}
            await self._activity.note(tx, kind, person.id, group_id=group_id, data=data)

    def _now(self) -> int:
        return epoch_ms(self._clock())


async def _member(tx: Transaction, group_id: str, person_id: str) -> Membership:
    member = await tables.find_member(tx, group_id, person_id)
    if member is None:
        raise Refused("member_unknown", "这位老师已经不在教研组里。请刷新名单。")
    return member


def _lead_stays() -> Refused:
    return Refused("lead_stays", "组长要先把教研组移交给另一位成员，才能退出或改变身份。")


def _unknown() -> Refused:
    return Refused("invitation_unknown", "这份邀请已经回复过、被收回，或者过期了。")
