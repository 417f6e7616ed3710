"""Calendar addresses of groups and of people's groups, made and written as those of the timetable are."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from icalendar import Event

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.lessons.timetable.feeds import FeedAddresses, FeedKind, new_calendar, utc
from server.lessons.timetable.reading import FEED_AHEAD_DAYS, FEED_PAST_DAYS
from server.lessons.timetable.tables import feed_generation, person_name, renew_feed
from server.planning.calendar import tables
from server.planning.calendar.model import KIND_NAMES, Gathering
from server.planning.groups import desk
from server.planning.groups.tables import find_group, groups_of
from server.planning.rights import Right
from server.storage.database import Database, Transaction
from signaling.errors import Refused

GROUP: FeedKind = "group"
WORKSHOP: FeedKind = "workshop"  # of all groups of one person


class Feed(msgspec.Struct, frozen=True):
    """A calendar and the secret end of its address."""

    kind: FeedKind
    id: str
    name: str
    token: str


class GatheringFeeds:
    """Calendars that phones subscribe to."""

    def __init__(self, database: Database, addresses: FeedAddresses, clock: Clock = utc_now) -> None:
        self._database = database
        self._addresses = addresses
        self._clock = clock

    async def of(self, person: Person) -> list[Feed]:
        """Return the calendars whose addresses the person may have: the own one, and those of the own groups."""
        async with self._database.read() as tx:
            own = [await self._feed(tx, WORKSHOP, person.id, f"{person.name}的教研")]
            return own + [
                await self._feed(tx, GROUP, group.id, group.name) for group, _ in await groups_of(tx, person.id)
            ]

    async def renew(self, person: Person, kind: FeedKind, owner_id: str) -> Feed:
        """Give a calendar a new address; the older one is not answered any more.

        Raises:
            Refused: `not_allowed`, `group_closed` or `group_unknown`.
        """
        async with self._database.write() as tx:
            name = f"{person.name}的教研"
            if kind == GROUP:
                detail = "只有组长可以更换教研组的日历地址：更换后大家都要重新订阅。"
                name = (await desk.require_in(tx, person, owner_id, Right.MANAGE_GROUP, detail=detail)).group.name
            elif owner_id != person.id:
                raise Refused("not_allowed", "只能更换自己的日历地址。")
            await renew_feed(tx, kind, owner_id)
            return await self._feed(tx, kind, owner_id, name)

    async def read(self, token: str, host: str, base_url: str) -> bytes:
        """Return the calendar of this address.

        Args:
            token: the secret end of the address.
            host: of the server: the right side of the events' UIDs.
            base_url: where the groups' pages are.

        Raises:
            Refused: `calendar_unknown`.
        """
        claimed, now = self._addresses.owner(token), self._clock()
        if claimed is None or claimed[0] not in (GROUP, WORKSHOP):
            raise _unknown()
        kind, owner_id = claimed
        from_ms, to_ms = (epoch_ms(now + timedelta(days=days)) for days in (-FEED_PAST_DAYS, FEED_AHEAD_DAYS))
        async with self._database.read() as tx:
            if not self._addresses.is_valid(token, await feed_generation(tx, kind, owner_id)):
                raise _unknown()
            if kind == GROUP:
                group = await find_group(tx, owner_id)
                name, ids = (None, []) if group is None else (group.name, [group.id])
            else:
                told = await person_name(tx, owner_id)
                name = None if told is None else f"{told}的教研"
                ids = [group.id for group, _ in await groups_of(tx, owner_id)]
            if name is None:
                raise _unknown()
            found = await tables.of_groups(tx, ids, from_ms, to_ms)
        return calendar(name, found, host, base_url)

    async def _feed(self, tx: Transaction, kind: FeedKind, owner_id: str, name: str) -> Feed:
        generation = await feed_generation(tx, kind, owner_id)
        return Feed(kind, owner_id, name, self._addresses.token(kind, owner_id, generation))


def calendar(name: str, found: tuple[Gathering, ...], host: str, base_url: str) -> bytes:
    """Return gatherings as a calendar file; see `GatheringFeeds.read`."""
    made = new_calendar(name)
    for one in found:
        made.add_component(_event(one, host, base_url))
    packed: bytes = made.to_ical()
    return packed


def _event(one: Gathering, host: str, base_url: str) -> Event:
    event, is_off = Event(), one.cancelled_ms is not None
    event.add("uid", f"gathering-{one.id}@{host}")
    event.add("dtstamp", utc(one.changed_ms))
    event.add("last-modified", utc(one.changed_ms))
    event.add("sequence", one.revision)
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if is_off else "OPAQUE")
    event.add("dtstart", utc(one.starts_ms))
    event.add("dtend", utc(one.ends_ms))
    event.add("summary", f"{'【取消】' if is_off else ''}{KIND_NAMES[one.kind]} · {one.title}")
    event.add("location", one.place or one.link)
    yes = [f"{answer.school} {answer.person.name}".strip() for answer in one.coming if answer.comes]
    lines = [one.group_name, f"取消：{one.reason}" if is_off and one.reason else "", one.note]
    lines += [f"会议链接：{one.link}" if one.link else "", f"参加：{'、'.join(yes)}" if yes else ""]
    event.add("description", "\n".join(line for line in lines if line))
    event.add("url", f"{base_url}/research/groups/{one.group_id}")
    return event


def _unknown() -> Refused:
    return Refused("calendar_unknown", "这个日历地址已经更换或不存在。请在教研页重新复制地址。")
