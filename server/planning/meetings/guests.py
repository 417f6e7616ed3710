"""Guests of one meeting 来宾: people of other schools who are asked to it without being of the group.

Until it is over they read the plan that it is about, and sit at its table; they change nothing
(`rights.Role.MEETING_GUEST`). What they were at, its minutes, resolutions and recording, stays open to them.
"""

from __future__ import annotations

from sqlalchemy import delete

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons import tables as lesson_tables
from server.lessons.model import Invited
from server.planning.groups import desk, tables as groups
from server.planning.groups.model import Candidate
from server.planning.meetings import tables
from server.planning.meetings.model import MAX_GUESTS, Meeting
from server.planning.meetings.service import MeetingService
from server.planning.plans import tables as plans
from server.planning.rights import Right
from server.storage.database import Database, Transaction
from signaling.errors import Refused

MAX_FOUND = 20  # names in the list of a search, as where members are asked


class GuestService:
    """Finding guests, asking them, and asking them no more."""

    def __init__(self, database: Database, meetings: MeetingService, clock: Clock = utc_now) -> None:
        self._database = database
        self._meetings = meetings
        self._clock = clock

    async def candidates(self, person: Person, group_id: str, plan_id: str, words: str) -> tuple[Candidate, ...]:
        """Return people outside the group, or the plan's group, who are found by name or school.

        Raises:
            Refused: `plan_unknown`, or what `desk.require_in` raises.
        """
        words = words.strip()
        async with self._database.read() as tx:
            if plan_id:
                group_id = (await plans.find(tx, plan_id)).group_id
            await desk.require_in(tx, person, group_id, Right.HOLD_MEETING)
            return await groups.candidates(tx, group_id, words, MAX_FOUND) if words else ()

    async def ask(self, person: Person, meeting_id: str, guest_id: str) -> None:
        """Ask somebody to a meeting that is not over; who is a guest or of the group already stays what they are.

        Raises:
            Refused: `field_invalid`, `meeting_state`, or what `MeetingService.require_in` raises.
        """
        async with self._database.write() as tx:
            meeting = await self._not_over(tx, person, meeting_id)
            if guest_id not in await tables.seated(tx, [guest_id]):
                raise field_invalid("guests", "没有找到这位老师，请刷新后重选。")
            if guest_id in meeting.guests or await groups.find_member(tx, meeting.group_id, guest_id) is not None:
                return
            if len(meeting.guests) >= MAX_GUESTS:
                raise field_invalid("guests", f"一次会议最多邀请 {MAX_GUESTS} 位来宾。")
            await tables.change(tx, meeting_id, guests=meeting.guests | {guest_id})
            await lesson_tables.invite(tx, meeting_id, Invited(guest_id, False))

    async def uninvite(self, person: Person, meeting_id: str, guest_id: str) -> None:
        """Ask a guest no more, before the meeting began: who sat at it belongs to it.

        Raises:
            Refused: `meeting_state`, or what `MeetingService.require_in` raises.
        """
        async with self._database.write() as tx:
            meeting = await self._not_over(tx, person, meeting_id)
            if meeting.room.state != "scheduled":
                raise Refused("meeting_state", "会议已经开始，不能再取消邀请。")
            if guest_id not in meeting.guests:
                return
            await tables.change(tx, meeting_id, guests=meeting.guests - {guest_id})
            invited = lesson_tables.lesson_people
            gone = (invited.c.lesson_id == meeting_id) & (invited.c.person_id == guest_id)
            await tx.execute(delete(invited).where(gone))

    async def _not_over(self, tx: Transaction, person: Person, meeting_id: str) -> Meeting:
        meeting, _ = await self._meetings.require_in(tx, person, meeting_id, Right.HOLD_MEETING)
        if not meeting.is_ahead(epoch_ms(self._clock())):
            raise Refused("meeting_state", "会议已经结束或取消，不能再邀请来宾。")
        return meeting
