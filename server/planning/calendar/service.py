"""The rules of groups' calendars: planning, changing and calling off, who comes, and who is busy elsewhere."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.planning.calendar import tables
from server.planning.calendar.model import Busy, Draft, Gathering, check, overlapping, weekly
from server.planning.calendar.sessions import KINDS, MonthFigure, by_month, last_months, sessions
from server.planning.groups import desk
from server.planning.groups.tables import groups_of, members_of
from server.planning.log import ActivityLog
from server.planning.rights import RIGHTS, Right
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

DAY_MS = 86_400_000
PLANNED_BEFORE_MS = 180 * DAY_MS  # how long before it was held a gathering may have been written into the log
MAX_PLANNED = 300  # ahead of one group: six a week for a year


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A gathering as one person sees it."""

    gathering: Gathering
    comes: bool | None  # what the person answered
    may_change: bool
    clashes: tuple[Busy, ...]  # what else the person has to do then


class GatheringService:
    """Calendars of groups."""

    def __init__(self, database: Database, activity: ActivityLog, zone: ZoneInfo, clock: Clock = utc_now) -> None:
        self._database = database
        self._activity = activity
        self._zone = zone
        self._clock = clock

    # --- looking --------------------------------------------------------------------------------------------------

    async def of_group(self, person: Person, group_id: str, from_ms: int, to_ms: int) -> list[Shown]:
        """Return what stands in a group's calendar in a stretch of time.

        Raises:
            Refused: `group_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            await desk.require_in(tx, person, group_id, Right.READ_GROUP)
            found = await tables.of_groups(tx, (group_id,), from_ms, to_ms)
            return await self._shown(tx, person, found, from_ms, to_ms)

    async def mine(self, person: Person, from_ms: int, to_ms: int) -> list[Shown]:
        """Return what stands in the calendars of all the person's groups."""
        async with self._database.read() as tx:
            ids = [group.id for group, _ in await groups_of(tx, person.id)]
            found = await tables.of_groups(tx, ids, from_ms, to_ms)
            return await self._shown(tx, person, found, from_ms, to_ms)

    async def _shown(
        self, tx: Transaction, person: Person, found: tuple[Gathering, ...], from_ms: int, to_ms: int
    ) -> list[Shown]:
        busy = await tables.lessons_given(tx, (person.id,), from_ms, to_ms)
        roles = {group_id: await desk.role_in(tx, person, group_id) for group_id in {one.group_id for one in found}}
        shown = []
        for one in found:
            role = roles[one.group_id]
            is_own = one.by.id == person.id and Right.PLAN_GATHERING in RIGHTS[role]
            comes = next((answer.comes for answer in one.coming if answer.person.id == person.id), None)
            clashes = () if one.cancelled_ms is not None else overlapping(one.starts_ms, one.minutes, busy)
            may_change = is_own or Right.CHANGE_ANY_GATHERING in RIGHTS[role]
            shown.append(Shown(gathering=one, comes=comes, may_change=may_change, clashes=clashes))
        return shown

    async def clashes(self, person: Person, group_id: str, starts_ms: int, minutes: int) -> tuple[Busy, ...]:
        """Return which people of the group have something else to do then: a hint for whoever chooses the time.

        Raises:
            Refused: what `desk.require_in` raises.
        """
        to_ms = starts_ms + minutes * 60_000
        async with self._database.read() as tx:
            await desk.require_in(tx, person, group_id, Right.PLAN_GATHERING)
            ids = [one.person.id for one in await members_of(tx, group_id)]
            found = await tables.lessons_given(tx, ids, starts_ms, to_ms)
            found += await tables.gatherings_elsewhere(tx, ids, group_id, starts_ms, to_ms)
        return tuple(sorted(found, key=lambda one: (one.person.name, one.starts_ms)))

    async def figures(self, group_id: str, months: int) -> tuple[MonthFigure, ...]:
        """Return the group's sessions of the last months, this one first; the caller has checked who asks."""
        now = epoch_ms(self._clock())
        since_ms = now - (31 * months + 1) * DAY_MS - PLANNED_BEFORE_MS
        entries = await self._activity.read(kinds=KINDS, since_ms=since_ms, group_id=group_id)
        return by_month(sessions(entries, now), self._zone, last_months(now, months, self._zone))

    # --- planning -------------------------------------------------------------------------------------------------

    async def plan(self, person: Person, group_id: str, draft: Draft, repeats: int = 1) -> tuple[Gathering, ...]:
        """Put something into a group's calendar, `repeats` times a week apart.

        Raises:
            Refused: `field_invalid`, `calendar_full`, or what `desk.require_in` raises.
        """
        check(draft, self._clock())
        now, series = epoch_ms(self._clock()), new_id() if repeats > 1 else ""
        async with self._database.write() as tx:
            group = (await desk.require_in(tx, person, group_id, Right.PLAN_GATHERING)).group
            await _check_plan(tx, group_id, draft.plan_id)
            if await tables.count_ahead(tx, group_id, now) + repeats > MAX_PLANNED:
                raise Refused("calendar_full", f"日历里最多安排 {MAX_PLANNED} 次将来的活动。请先取消一些。")
            made = []
            for starts_ms in weekly(draft.starts_ms, repeats, self._zone):
                told = {name: getattr(draft, name) for name in Draft.__struct_fields__} | {"starts_ms": starts_ms}
                one = Gathering(
                    **told, id=new_id(), group_id=group_id, group_name=group.name, series_id=series,
                    by=PersonRef(person.id, person.name), changed_ms=now,
                )  # fmt: skip
                await tables.add(tx, one)
                await self._note(tx, "gathering.planned", person, one)
                made.append(one)
        return tuple(made)

    async def change(self, person: Person, gathering_id: str, draft: Draft, revision: int) -> Gathering:
        """Change one gathering; whoever subscribed sees it within the hour.

        Raises:
            Refused: `field_invalid`, `gathering_unknown`, `gathering_changed`, or what `desk.require_in` raises.
        """
        check(draft, self._clock())
        async with self._database.write() as tx:
            old = await self._take(tx, person, gathering_id)
            if old.revision != revision:
                raise Refused("gathering_changed", "这次活动刚才被别人改过。请刷新看一看，再修改。")
            await _check_plan(tx, old.group_id, draft.plan_id)
            told = {name: getattr(draft, name) for name in Draft.__struct_fields__}
            new = await self._save(tx, old, **told)
            await self._note(tx, "gathering.changed", person, new)
        return new

    async def cancel(self, person: Person, gathering_id: str, reason: str, *, following: bool = False) -> None:
        """Call a gathering off, or it and all later ones of its series; it stays to be seen.

        Raises:
            Refused: `gathering_unknown`, or what `desk.require_in` raises.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            first = await self._take(tx, person, gathering_id)
            found: tuple[Gathering, ...] = (first,)
            if following and first.series_id:
                found = await tables.of_series(tx, first.series_id, first.starts_ms)
            for one in found:
                if one.cancelled_ms is None:
                    off = await self._save(tx, one, cancelled_ms=now, reason=reason.strip())
                    await self._note(tx, "gathering.cancelled", person, off)

    async def answer(self, person: Person, gathering_id: str, comes: bool) -> None:
        """Say whether one comes; the last answer counts.

        Raises:
            Refused: `gathering_unknown`, `gathering_off`, or what `desk.require_in` raises.
        """
        async with self._database.write() as tx:
            one = await self._find(tx, gathering_id)
            await desk.require_in(tx, person, one.group_id, Right.ANSWER_GATHERING)
            if one.cancelled_ms is not None:
                raise Refused("gathering_off", "这次活动已经取消，不用再回复。")
            await tables.set_answer(tx, gathering_id, person.id, comes, epoch_ms(self._clock()))

    async def _find(self, tx: Transaction, gathering_id: str) -> Gathering:
        one = await tables.find(tx, gathering_id)
        if one is None:
            raise Refused("gathering_unknown", "没有找到这次活动。请刷新日历。")
        return one

    async def _take(self, tx: Transaction, person: Person, gathering_id: str) -> Gathering:
        """Return a gathering that the person may change: their own, or any as the group's lead."""
        one = await self._find(tx, gathering_id)
        right = Right.PLAN_GATHERING if one.by.id == person.id else Right.CHANGE_ANY_GATHERING
        detail = "这次活动由别人安排，只有安排的人和组长可以修改。"
        await desk.require_in(tx, person, one.group_id, right, detail=detail)
        if one.cancelled_ms is not None:
            raise Refused("gathering_off", "这次活动已经取消，不能再修改。需要时请新安排一次。")
        return one

    async def _save(self, tx: Transaction, one: Gathering, **changes: object) -> Gathering:
        now = epoch_ms(self._clock())
        new = msgspec.structs.replace(one, revision=one.revision + 1, changed_ms=now, **changes)
        await tables.save(tx, new)
        return new

    async def _note(self, tx: Transaction, kind: str, person: Person, one: Gathering) -> None:
        told = {"title": one.title, "what": one.kind, "starts_ms": one.starts_ms, "minutes": one.minutes}
        data = told | ({"reason": one.reason} if kind == "gathering.cancelled" else {})
        await self._activity.note(
            tx, kind, person.id, group_id=one.group_id, plan_id=one.plan_id, object_id=one.id, data=data
        )


async def _check_plan(tx: Transaction, group_id: str, plan_id: str) -> None:
    """Pass when the plan is one of the group's, or none."""
    if plan_id and await tables.group_of_plan(tx, plan_id) != group_id:
        raise field_invalid("plan_id", "请选择本教研组的教案。")
