"""Who has which calendar address, and what stands in the calendar behind one."""

from __future__ import annotations

import msgspec

from server.accounts import tables as accounts
from server.accounts.model import Person
from server.accounts.rights import Right, has_right
from server.lessons.timetable import tables
from server.lessons.timetable.feeds import KINDS, FeedAddresses, FeedKind, calendar
from server.lessons.timetable.reading import TimetableReader
from server.storage.database import Database, Transaction
from signaling.errors import Refused


class Feed(msgspec.Struct, frozen=True):
    """A calendar and the secret end of its address."""

    kind: FeedKind
    id: str
    name: str
    token: str


class FeedService:
    """Calendars of teachers and classrooms."""

    def __init__(self, database: Database, reader: TimetableReader, addresses: FeedAddresses) -> None:
        self._database = database
        self._reader = reader
        self._addresses = addresses

    async def of(self, person: Person) -> list[Feed]:
        """Return the calendars whose addresses the person may have: the own one, and those of the school's rooms."""
        async with self._database.read() as tx:
            schools = await accounts.all_schools(tx)
            rooms = [
                (room.id, f"{school.name}{room.name}")
                for school in schools
                if school.id == person.school_id
                for room in school.classrooms
            ]
            own = [await self._feed(tx, "teacher", person.id, f"{person.name}的课")]
            return own + [await self._feed(tx, "classroom", room_id, f"{name}的课") for room_id, name in rooms]

    async def renew(self, person: Person, kind: FeedKind, owner_id: str) -> Feed:
        """Give a calendar a new address; the older one is not answered any more.

        Raises:
            Refused: `not_allowed` or `classroom_unknown`.
        """
        async with self._database.write() as tx:
            name = f"{person.name}的课"
            if kind == "classroom":
                room = (await accounts.find_classrooms(tx, (owner_id,))).get(owner_id)
                if room is None:
                    raise Refused("classroom_unknown", "没有这间教室。")
                if not has_right(person, Right.PAIR_SCREEN, room.school.id):
                    raise Refused("not_allowed", "只能更换自己学校教室的日历地址。")
                name = f"{room.school.name}{room.name}的课"
            elif owner_id != person.id:
                raise Refused("not_allowed", "只能更换自己的日历地址。")
            await tables.renew_feed(tx, kind, owner_id)
            return await self._feed(tx, kind, owner_id, name)

    async def read(self, token: str, host: str, base_url: str) -> bytes:
        """Return the calendar of this address.

        Raises:
            Refused: `calendar_unknown`.
        """
        claimed = self._addresses.owner(token)
        if claimed is None or claimed[0] not in KINDS:
            raise _unknown()
        kind, owner_id = claimed
        async with self._database.read() as tx:
            if not self._addresses.is_valid(token, await tables.feed_generation(tx, kind, owner_id)):
                raise _unknown()
            if kind == "teacher":
                name = await tables.person_name(tx, owner_id)
            else:
                room = (await accounts.find_classrooms(tx, (owner_id,))).get(owner_id)
                name = f"{room.school.name}{room.name}" if room else None
        if name is None:
            raise _unknown()
        if kind == "teacher":
            lessons = await self._reader.of_teacher(owner_id)
            return calendar(f"{name}的课", lessons, host, base_url, owner_id)
        return calendar(f"{name}的课", await self._reader.of_classroom(owner_id), host, base_url)

    async def _feed(self, tx: Transaction, kind: FeedKind, owner_id: str, name: str) -> Feed:
        generation = await tables.feed_generation(tx, kind, owner_id)
        return Feed(kind, owner_id, name, self._addresses.token(kind, owner_id, generation))


def _unknown() -> Refused:
    return Refused("calendar_unknown", "这个日历地址已经更换或不存在。请在课表页重新复制地址。")
