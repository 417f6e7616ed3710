"""The rules of rosters: who reads them, who changes them, and that nobody overwrites what another just did."""

from __future__ import annotations

from collections.abc import Sequence

from server.accounts import tables as accounts
from server.accounts.model import Asker, Classroom, Person
from server.accounts.rights import Right, has_right, require_right
from server.accounts.service import Clock, epoch_ms, utc_now
from server.lessons.access import entries
from server.lessons.model import Lesson
from server.lessons.rosters import tables
from server.lessons.rosters.model import Pupil, RosterPage, Wanted
from server.lessons.rosters.plan import Plan, plan_roster
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused
from signaling.ids import PupilId
from signaling.roles import Role

MAX_TOLD = 5  # problems in one refusal


class RosterService:
    """Rosters of classrooms."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    # --- reading --------------------------------------------------------------------------------------------------

    async def pupils_of(self, classroom_ids: Sequence[str]) -> dict[str, tuple[Pupil, ...]]:
        """Return the pupils of each classroom in order of their numbers, whoever asks."""
        async with self._database.read() as tx:
            return await tables.pupils_of(tx, classroom_ids)

    async def see(self, person: Person, classroom_id: str) -> tuple[Classroom, RosterPage]:
        """Return a roster of the person's own school.

        Raises:
            Refused: `classroom_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            room = await _own_classroom(tx, person, classroom_id, Right.SEE_ROSTER)
            return room, await tables.find_roster(tx, classroom_id)

    async def printed(self, classroom_id: str) -> None:
        """Note that the answer cards of a classroom are printed; its wall asks for them from now on."""
        async with self._database.write() as tx:
            await tables.note_printed(tx, classroom_id, epoch_ms(self._clock()))

    async def of_lesson(self, asker: Asker, lesson: Lesson) -> dict[str, tuple[Pupil, ...]]:
        """Return those rosters of the lesson that the asker may read in it, by classroom; perhaps none.

        Its lecturers read all of them, screen and teachers of a classroom their own: as in the live lesson.
        """
        return await self.pupils_of([room.id for room in readable_rooms(asker, lesson)])

    # --- changing -------------------------------------------------------------------------------------------------

    async def preview(
        self, person: Person, classroom_id: str, wanted: Sequence[Wanted], others_leave: bool
    ) -> tuple[RosterPage, Plan]:
        """Return the roster as it is and what `wanted` would do to it.

        Raises:
            Refused: `classroom_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            await _own_classroom(tx, person, classroom_id, Right.EDIT_ROSTER)
            page = await tables.find_roster(tx, classroom_id)
        return page, plan_roster(page.pupils, page.left, wanted, others_leave, _new_pupil_id)

    async def replace(
        self, person: Person, classroom_id: str, wanted: Sequence[Wanted], others_leave: bool, version: int
    ) -> tuple[RosterPage, Plan]:
        """Change the roster from `version` on, all of it or nothing; return it and what was done.

        Raises:
            Refused: `classroom_unknown`, `not_allowed`, `roster_invalid`, or `conflict`: it is another version by now.
        """
        async with self._database.write() as tx:
            await _own_classroom(tx, person, classroom_id, Right.EDIT_ROSTER)
            return await self._replace(tx, classroom_id, wanted, others_leave, version)

    async def fill(self, classroom_id: str, wanted: Sequence[Wanted]) -> RosterPage:
        """Make the roster of a classroom that has none, without asking who wants it; else leave it as it is."""
        async with self._database.write() as tx:
            page = await tables.find_roster(tx, classroom_id)
            if page.version:
                return page
            return (await self._replace(tx, classroom_id, wanted, False, 0))[0]

    async def _replace(
        self, tx: Transaction, classroom_id: str, wanted: Sequence[Wanted], others_leave: bool, version: int
    ) -> tuple[RosterPage, Plan]:
        page = await tables.find_roster(tx, classroom_id)
        if page.version != version:
            raise Refused("conflict", "这份名单刚才被别人改过，您的改动没有保存。请刷新后再改。")
        plan = plan_roster(page.pupils, page.left, wanted, others_leave, _new_pupil_id)
        if plan.problems:
            told = [f"第 {one.index + 1} 名：{one.text}" for one in plan.problems[:MAX_TOLD]]
            raise Refused("roster_invalid", "名单没有保存。" + "".join(told))
        if plan.changes_nothing:
            return page, plan
        if not await tables.bump_version(tx, classroom_id, version):
            raise Refused("conflict", "这份名单刚才被别人改过，您的改动没有保存。请刷新后再改。")
        await tables.leave_class(tx, [one.id for one in plan.gone], epoch_ms(self._clock()))
        rewritten = (*plan.back, *(change.after for change in plan.changed))
        await tables.write_pupils(tx, classroom_id, plan.added, rewritten)
        return await tables.find_roster(tx, classroom_id), plan


def readable_rooms(asker: Asker, lesson: Lesson) -> list[Classroom]:
    """Return the classrooms of the lesson whose pupils the asker may know."""
    ways = entries(asker, lesson)
    if any(way.role is Role.LECTURER for way in ways):
        return list(lesson.classrooms)
    own = {way.classroom.id for way in ways if way.classroom is not None}
    return [
        room
        for room in lesson.classrooms
        if room.id in own or (asker.person is not None and has_right(asker.person, Right.SEE_ROSTER, room.school.id))
    ]


async def _own_classroom(tx: Transaction, person: Person, classroom_id: str, right: Right) -> Classroom:
    room = (await accounts.find_classrooms(tx, (classroom_id,))).get(classroom_id)
    if room is None:
        raise Refused("classroom_unknown", "没有这间教室。")
    require_right(person, right, room.school.id, "学生名单只给本校的教师看和修改。")
    return room


def _new_pupil_id() -> PupilId:
    return PupilId(new_id())
