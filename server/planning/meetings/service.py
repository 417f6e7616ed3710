"""The rules of meetings: calling one, who is let in, agenda and minutes, and what came of it."""

from __future__ import annotations

from datetime import UTC, timedelta

import msgspec

from server.accounts.model import Person, SchoolRef
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons import tables as lesson_tables
from server.lessons.model import Invited, Lesson, PersonRef
from server.planning.calendar import model as calendar_model, tables as calendar
from server.planning.calendar.model import Gathering
from server.planning.groups import desk, tables as groups
from server.planning.groups.model import Access
from server.planning.log import ActivityLog
from server.planning.meetings import outcome, tables
from server.planning.meetings.model import (
    FORGOTTEN_MS,
    MAX_GUESTS,
    MAX_MINUTES,
    AgendaItem,
    Call,
    Meeting,
    Resolution,
    Seated,
)
from server.planning.meetings.substance import Attendee, Substance
from server.planning.plans import tables as plans
from server.planning.rights import Right, Role, has_right
from server.storage.database import Database, Transaction
from server.storage.ids import new_code, new_id
from signaling.errors import Refused
from signaling.messages import RoomId

MAX_AHEAD = timedelta(days=365)
LISTED = 100  # meetings in one list: a year of a group's weekly ones, twice
MAX_LOGGED = 150  # people in one entry of the log


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting as somebody sees it."""

    meeting: Meeting
    group_name: str
    rights: frozenset[Right]
    convenes: bool  # may take the chair
    people: tuple[Seated, ...]  # of the group, guests, and whoever was in: who can be given a resolution
    resolutions: tuple[Resolution, ...]
    attendees: tuple[Attendee, ...]
    substance: Substance | None  # None: it was not held yet


class MeetingService:
    """Meetings of research groups."""

    def __init__(self, database: Database, activity: ActivityLog, clock: Clock = utc_now) -> None:
        self._database = database
        self._activity = activity
        self._clock = clock

    # --- calling ----------------------------------------------------------------------------------------------------

    async def call(self, person: Person, wanted: Call) -> Meeting:
        """Make a meeting, its room, and its entry in the group's calendar.

        Raises:
            Refused: `field_invalid`, `not_allowed`, `group_closed`, `group_unknown` or `plan_unknown`.
        """
        title = wanted.title.strip()
        if not title:
            raise field_invalid("title", "请写上会议的名称。")
        if person.school is None:
            raise Refused("not_allowed", "会议由学校的教师召集。请教研组里的一位老师来召集，您可以参加。")
        now = self._clock()
        starts = wanted.starts_at or now
        if starts.tzinfo is None or not now - timedelta(days=1) <= starts <= now + MAX_AHEAD:
            raise field_invalid("starts_at", "时间要在今天以后的一年以内。")
        async with self._database.write() as tx:
            if wanted.plan_id is not None and not wanted.group_id:
                wanted = msgspec.structs.replace(wanted, group_id=(await plans.find(tx, wanted.plan_id)).group_id)
            access = await desk.require_in(tx, person, wanted.group_id, Right.HOLD_MEETING)
            await self._check(tx, wanted)
            room = await self._room(tx, person, access, wanted, title, epoch_ms(starts.astimezone(UTC)))
            meeting = Meeting(
                id=room.id, group_id=wanted.group_id, plan_id=wanted.plan_id, kind=wanted.kind, room=room,
                guests=frozenset(wanted.guests), agenda=_numbered(wanted.agenda),
            )  # fmt: skip
            await tables.add_meeting(tx, meeting)
            await self._enter(tx, person, access, meeting)
        return meeting

    async def _check(self, tx: Transaction, wanted: Call) -> None:
        if wanted.plan_id is not None:
            plan = await plans.find(tx, wanted.plan_id)
            if plan.group_id != wanted.group_id:
                raise Refused("plan_unknown", "这份教案属于另一个教研组。")
        elif wanted.kind == "plan":
            raise field_invalid("plan_id", "请选择要讨论的教案，或者改为联席会议。")
        if len(wanted.guests) > MAX_GUESTS:
            raise field_invalid("guests", f"一次会议最多邀请 {MAX_GUESTS} 位来宾。")
        if len(await tables.seated(tx, wanted.guests)) != len(set(wanted.guests)):
            raise field_invalid("guests", "有来宾的账号已经不存在，请刷新后重选。")

    async def _room(
        self, tx: Transaction, person: Person, access: Access, wanted: Call, title: str, starts_ms: int
    ) -> Lesson:
        assert person.school is not None, "checked by the caller"
        members = [one.person.id for one in await groups.members_of(tx, wanted.group_id)]
        room = Lesson(
            id=RoomId(new_code()), title=title, subject=access.group.subject, state="scheduled",
            starts_at_ms=starts_ms, planned_minutes=wanted.minutes, lecturer=PersonRef(person.id, person.name),
            lecturer_school=SchoolRef(person.school.id, person.school.name), paired_school=None, classrooms=(),
            open_to_observers=False, deck_id=None, pages=0, kind="meeting",
            people=tuple(Invited(one, one == person.id) for one in dict.fromkeys((*members, *wanted.guests))),
        )  # fmt: skip
        await lesson_tables.add_lesson(tx, room)
        return room

    async def _enter(self, tx: Transaction, person: Person, access: Access, meeting: Meeting) -> None:
        """Put the meeting into the group's calendar."""
        room = meeting.room
        kind: calendar_model.Kind = "conference" if meeting.kind == "joint" else "planning"
        entry = Gathering(
            id=new_id(), group_id=meeting.group_id, group_name=access.group.name, kind=kind, title=room.title,
            starts_ms=room.starts_at_ms, minutes=max(10, room.planned_minutes), link=_address(meeting.id),
            plan_id=meeting.plan_id or "", by=room.lecturer, changed_ms=epoch_ms(self._clock()),
        )  # fmt: skip
        await calendar.add(tx, entry)
        data = {"title": room.title, "what": kind, "starts_ms": room.starts_at_ms, "minutes": room.planned_minutes}
        await self._activity.note(
            tx, "gathering.planned", person.id, group_id=meeting.group_id, plan_id=meeting.plan_id or "",
            object_id=entry.id, data=data,
        )  # fmt: skip

    async def cancel(self, person: Person, meeting_id: str, reason: str) -> None:
        """Call off a meeting that has not begun: whoever called it, or the group's lead.

        Raises:
            Refused: `meeting_unknown`, `not_allowed` or `meeting_state`.
        """
        async with self._database.write() as tx:
            meeting, access = await self.require_in(tx, person, meeting_id, Right.HOLD_MEETING)
            if person.id != meeting.room.lecturer.id and access.role is not Role.LEAD:
                raise Refused("not_allowed", "会议由召集人或组长取消。")
            if meeting.room.state != "scheduled":
                raise Refused("meeting_state", "会议已经开始过，不能取消。主持人可以在会议里结束它。")
            lessons = lesson_tables.lessons
            await tx.execute(lessons.update().where(lessons.c.id == meeting_id).values(cancelled=reason[:200] or "—"))
            entries, link = calendar.gatherings, _address(meeting_id)
            off = {"cancelled_ms": epoch_ms(self._clock()), "reason": reason[:200]}
            await tx.execute(
                entries.update().where(entries.c.link == link).values(off | {"revision": entries.c.revision + 1})
            )

    # --- who is let in ----------------------------------------------------------------------------------------------

    async def admit(self, person: Person, meeting_id: str) -> Lesson:
        """Let the person in, now; return the room with what they are there.

        Raises:
            Refused: `meeting_unknown`, `not_allowed` or `group_closed`.
        """
        async with self._database.write() as tx:
            meeting, access = await self.require_in(tx, person, meeting_id, Right.JOIN_MEETING)
            await lesson_tables.invite(tx, meeting_id, Invited(person.id, _convenes(person, meeting, access)))
            room = await lesson_tables.find_lesson(tx, meeting_id)
        assert room is not None, "read in the transaction that wrote it"
        return room

    async def require_in(
        self, tx: Transaction, person: Person, meeting_id: str, right: Right
    ) -> tuple[Meeting, Access]:
        """Pass when the person may do this in the meeting; its guests may be in it and read what belongs to it.

        Raises:
            Refused: `meeting_unknown`, also for one that is none of the person's business; `not_allowed` or
                `group_closed`.
        """
        meeting = await tables.find_meeting(tx, meeting_id)
        if meeting is None:
            raise _unknown()
        group = await desk.group_in(tx, meeting.group_id)
        role = await desk.role_in(tx, person, meeting.group_id)
        if role is Role.STRANGER and person.id not in meeting.guests:
            raise _unknown()
        role = Role.MEETING_GUEST if role is Role.STRANGER else role
        if not has_right(role, right, is_closed=group.is_closed):
            await desk.require_in(tx, person, meeting.group_id, right)
            raise Refused("not_allowed", "您是这次会议的来宾，可以参加和查看，不能这样做。")
        return meeting, Access(group, role)

    # --- agenda and minutes -----------------------------------------------------------------------------------------

    async def set_agenda(self, person: Person, meeting_id: str, items: tuple[AgendaItem, ...], known: int) -> None:
        """Replace the agenda, if it is still the one that `known` is the revision of.

        Raises:
            Refused: `field_invalid`, `agenda_changed`, or what `require_in` raises.
        """
        async with self._database.write() as tx:
            meeting, _ = await self.require_in(tx, person, meeting_id, Right.RECORD_MINUTES)
            if meeting.agenda_revision != known:
                raise Refused("agenda_changed", "议程刚才被别人改过。请看过最新的议程再改。")
            agenda = _numbered(items)
            on = meeting.item_id if any(one.id == meeting.item_id for one in agenda) else ""
            await tables.change(tx, meeting_id, agenda=agenda, item_id=on, agenda_revision=known + 1)

    async def turn_to(self, person: Person, meeting_id: str, item_id: str) -> None:
        """Turn to an item of the agenda; empty: to none.

        Raises:
            Refused: `field_invalid`, or what `require_in` raises.
        """
        async with self._database.write() as tx:
            meeting, _ = await self.require_in(tx, person, meeting_id, Right.RECORD_MINUTES)
            if item_id and all(one.id != item_id for one in meeting.agenda):
                raise field_invalid("item", "议程里没有这一项，请刷新。")
            if item_id != meeting.item_id:
                await tables.change(tx, meeting_id, item_id=item_id, item_since_ms=epoch_ms(self._clock()))

    async def set_minutes(self, person: Person, meeting_id: str, text: str, known: int) -> Meeting:
        """Store the minutes, if they are still those that `known` is the revision of.

        Raises:
            Refused: `field_invalid`, `minutes_changed`, or what `require_in` raises.
        """
        if len(text) > MAX_MINUTES:
            raise field_invalid("text", f"纪要最多 {MAX_MINUTES} 个字。")
        async with self._database.write() as tx:
            meeting, _ = await self.require_in(tx, person, meeting_id, Right.RECORD_MINUTES)
            if meeting.minutes.revision != known:
                by = "" if meeting.minutes.by is None else f"（{meeting.minutes.by.name}）"
                raise Refused("minutes_changed", f"纪要刚才被别人{by}改过。您写的还在，请对照最新的纪要再保存。")
            if text == meeting.minutes.text:
                return meeting
            now = epoch_ms(self._clock())
            values = {"minutes": text, "minutes_revision": known + 1, "minutes_by_id": person.id, "minutes_ms": now}
            await tables.change(tx, meeting_id, **values)
            await self._activity.note(
                tx, "minutes.made", person.id, group_id=meeting.group_id, plan_id=meeting.plan_id or "",
                object_id=meeting_id, data={"title": meeting.room.title}, idem=f"minutes:{meeting_id}",
            )  # fmt: skip
            changed = await tables.find_meeting(tx, meeting_id)
        assert changed is not None, "read in the transaction that wrote it"
        return changed

    # --- looking ----------------------------------------------------------------------------------------------------

    async def see(self, person: Person, meeting_id: str) -> Shown:
        """Return the meeting with everything that belongs to it.

        Raises:
            Refused: what `require_in` raises.
        """
        async with self._database.read() as tx:
            meeting, access = await self.require_in(tx, person, meeting_id, Right.READ_PLAN)
            shown = await self._shown(tx, meeting, access, convenes=_convenes(person, meeting, access))
        if all(one.person_id != person.id for one in meeting.room.people):  # who joined the group since: its recording
            async with self._database.write() as tx:
                await lesson_tables.invite(tx, meeting_id, Invited(person.id, shown.convenes))
        return shown

    async def listed(self, person: Person, group_id: str, plan_id: str) -> tuple[list[Meeting], bool]:
        """Return the meetings of a group, or beside a plan, and whether the person may call one.

        Guests of some of them are shown those.

        Raises:
            Refused: `plan_unknown`, or what `desk.require_in` raises.
        """
        async with self._database.read() as tx:
            if plan_id:
                group_id = (await plans.find(tx, plan_id)).group_id
            where = tables.meetings.c.group_id == group_id
            where = where & (tables.meetings.c.plan_id == plan_id) if plan_id else where
            found = await tables.meetings_where(tx, where, LISTED)
            own = [one for one in found if person.id in one.guests]
            if own and await desk.role_in(tx, person, group_id) is Role.STRANGER:
                return own, False
            access = await desk.require_in(tx, person, group_id, Right.READ_GROUP)
        return found, has_right(access.role, Right.HOLD_MEETING, is_closed=access.group.is_closed)

    async def coming(self, person: Person) -> list[Meeting]:
        """Return the meetings of the person's groups, and those they are a guest of, that run or are to come."""
        lessons, people = lesson_tables.lessons, lesson_tables.lesson_people
        async with self._database.read() as tx:
            own = [group.id for group, _ in await groups.groups_of(tx, person.id)]
            invited = people.select().with_only_columns(people.c.lesson_id).where(people.c.person_id == person.id)
            where = tables.meetings.c.group_id.in_(own) | tables.meetings.c.id.in_(invited)
            soon = epoch_ms(self._clock()) - FORGOTTEN_MS
            is_ahead = (lessons.c.state == "live") | (
                (lessons.c.state == "scheduled") & (lessons.c.starts_at_ms > soon)
            )
            return await tables.meetings_where(tx, where & is_ahead & lessons.c.cancelled.is_(None), LISTED)

    async def _shown(self, tx: Transaction, meeting: Meeting, access: Access, *, convenes: bool) -> Shown:
        members = [one.person.id for one in await groups.members_of(tx, meeting.group_id)]
        ids = [*members, *(one.person_id for one in meeting.room.people)]
        made = tables.resolutions.c.meeting_id == meeting.id
        resolutions = tuple(await tables.resolutions_where(tx, made, LISTED))
        now = epoch_ms(self._clock())
        attendees = await outcome.attendees(tx, meeting, now)
        rights = frozenset(one for one in Right if has_right(access.role, one, is_closed=access.group.is_closed))
        has_begun = meeting.room.started_t_ms is not None
        found = await outcome.substance_of(tx, meeting, attendees, len(resolutions), now) if has_begun else None
        return Shown(
            meeting=meeting, group_name=access.group.name, rights=rights, convenes=convenes,
            people=tuple((await tables.seated(tx, ids)).values()), resolutions=resolutions,
            attendees=tuple(attendees), substance=found,
        )  # fmt: skip

    async def on_ended(self, tx: Transaction, room: RoomId) -> None:
        """Log that a meeting was held, in the transaction that stores the end of its room; a lesson is left alone."""
        meeting = await tables.find_meeting(tx, room)
        if meeting is None or meeting.room.started_t_ms is None:
            return
        now = epoch_ms(self._clock())
        people = [one.person_id for one in await outcome.attendees(tx, meeting, now)]
        begun, until = outcome.span(meeting, now)
        data = {"title": meeting.room.title, "started_ms": begun, "ended_ms": until, "people": people[:MAX_LOGGED]}
        await self._activity.note(
            tx, "meeting.held", meeting.room.lecturer.id, group_id=meeting.group_id, plan_id=meeting.plan_id or "",
            object_id=meeting.id, data=data, idem=f"held:{meeting.id}", ts_ms=until,
        )  # fmt: skip


def _address(meeting_id: str) -> str:
    return f"/meetings/{meeting_id}"


def _convenes(person: Person, meeting: Meeting, access: Access) -> bool:
    return person.id == meeting.room.lecturer.id or access.role is Role.LEAD


def _numbered(items: tuple[AgendaItem, ...]) -> tuple[AgendaItem, ...]:
    """Return the items, each with an id."""
    ids: set[str] = set()
    found = []
    for one in items:
        if not one.title.strip():
            raise field_invalid("items", "每一项议程都要有内容。")
        own = one.id if one.id and one.id not in ids else new_id()
        ids.add(own)
        found.append(msgspec.structs.replace(one, id=own, title=one.title.strip(), person=one.person.strip()))
    return tuple(found)


def _unknown() -> Refused:
    return Refused("meeting_unknown", "没有找到这次会议，或者您不在受邀的人里。请向召集人核对。")
