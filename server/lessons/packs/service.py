"""The rules of lesson packs: what is in one, who gets which, when it may be fetched, and who is ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from server.accounts import tables as accounts
from server.accounts.limits import AttemptLimit
from server.accounts.model import Asker, Classroom, Person
from server.accounts.rights import Right, require_right
from server.accounts.service import epoch_ms
from server.lessons import tables as lesson_tables
from server.lessons.access import entries, require_figures
from server.lessons.model import Lesson
from server.lessons.packs import tables
from server.lessons.packs.contents import PackFiles, PackSource, clip_item, made_item, page_item
from server.lessons.packs.model import (
    Item,
    Manifest,
    PackPolicy,
    PackState,
    Problem,
    Readiness,
    manifest,
    readiness,
)
from server.lessons.packs.windows import When, is_coming, when
from server.lessons.service import LessonService
from server.storage.database import Database, Transaction
from signaling.errors import Refused, Unavailable
from signaling.roles import Role

REPORTS, REPORTS_S = 20, 60.0  # of one screen: it tells every few seconds while it fetches
MAX_COMING = 60  # packs that a classroom is told of at a time: a week of eight lessons a day
LARGEST_BYTES = 1 << 40  # of a pack: beyond any disk of a school PC


class Coming(NamedTuple):
    """A lesson that a classroom prepares for."""

    lesson: Lesson
    pack: Manifest
    when: When
    in_s: float  # until it begins; less than 0: it should have


class Blob(NamedTuple):
    """A file of a pack that the asker may fetch."""

    mime: str
    bytes: int
    when: When  # for classrooms' screens
    is_lecturers: bool  # the asker may lead the lesson


class PackService:
    """Packs of lessons.

    Args:
        sources: what adds to them.
        zone: whose nights the schools mean.
    """

    def __init__(
        self,
        database: Database,
        lessons: LessonService,
        files: PackFiles,
        sources: Sequence[PackSource] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        zone: tzinfo = UTC,
    ) -> None:
        self._database = database
        self._lessons = lessons
        self._sources = sources
        self._clock = clock
        self._zone = zone
        self._reports = AttemptLimit(REPORTS, REPORTS_S)
        self.files = files

    # --- what is in it --------------------------------------------------------------------------------------------

    async def see(self, asker: Asker, lesson_id: str, classroom_id: str | None = None) -> Manifest:
        """Return the lesson's pack as the asker gets it: of `classroom_id` when they may enter as that.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown` or `not_allowed`.
            Unavailable: `disk_full` or `storage_failed`.
        """
        lesson = await self._lessons.see(asker, lesson_id)
        rooms = _rooms_of(asker, lesson)
        if classroom_id is not None and classroom_id not in rooms:
            raise Refused("not_allowed", "您不能以这间教室的身份进入这节课。")
        _require_entry(asker, lesson)
        return await self.pack(lesson, classroom_id or (rooms[0] if rooms else None))

    async def pack(self, lesson: Lesson, classroom_id: str | None) -> Manifest:
        """Return the lesson's pack for a classroom, or for whoever else may enter."""
        async with self._database.read() as tx:
            pages = await lesson_tables.pages_of(tx, lesson.id)
            clips = await tables.clips_of(tx, lesson.id)
            known = await tables.offered(tx, lesson.id, classroom_id or "")
        found = [("", page_item(lesson.id, number, page)) for number, page in enumerate(pages, 1)]
        for source in self._sources:
            made = await source.prepared(lesson, classroom_id)
            if made is not None:
                sha256 = await self.files.made.put(made.data)
                found.append((made.classroom_id, made_item(lesson.id, sha256, made)))
        found += [("", clip_item(lesson.id, clip)) for clip in clips]
        new = [(room, item) for room, item in found if (room, item.sha256) not in known]
        if new:
            async with self._database.write() as tx:
                await tables.offer(tx, lesson.id, new)
        return manifest(lesson.id, lesson.deck_id or "", _in_order([item for _, item in found]))

    async def blob(self, asker: Asker, lesson_id: str, sha256: str) -> Blob:
        """Return what is known of a file that was in a pack of the asker's, today's or an older one.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown`, `not_allowed` or `blob_unknown`.
        """
        lesson = await self._lessons.see(asker, lesson_id)
        _require_entry(asker, lesson)
        async with self._database.read() as tx:
            found = await tables.find_blob(tx, lesson_id, _rooms_of(asker, lesson), sha256)
            school_id = _school_of(asker)
            policy = await tables.policy_of(tx, school_id) if school_id else PackPolicy()
        if found is None:
            raise Refused("blob_unknown", "这个文件不在这节课的课件包里。请刷新页面，重新获取清单。")
        leads = any(entry.role is Role.LECTURER for entry in entries(asker, lesson))
        return Blob(*found, self._when(policy, lesson), leads)

    # --- when it is fetched ---------------------------------------------------------------------------------------

    async def coming(self, classroom: Classroom, asker: Asker) -> list[Coming]:
        """Return the lessons that a classroom prepares for, in the order in which they begin."""
        now = self._clock()
        visible = await self._lessons.visible(Asker(device=asker.device))
        lessons = [one for one in visible if is_coming(one.state, _begins(one), now)]
        lessons.sort(key=lambda one: (one.state != "live", one.starts_at_ms))
        async with self._database.read() as tx:
            policy = await tables.policy_of(tx, classroom.school.id)
        found = []
        for one in lessons[:MAX_COMING]:
            in_s = (_begins(one) - now).total_seconds()
            found.append(Coming(one, await self.pack(one, classroom.id), self._when(policy, one), in_s))
        return found

    def _when(self, policy: PackPolicy, lesson: Lesson) -> When:
        return when(policy, lesson.state, _begins(lesson), self._clock().astimezone(self._zone))

    async def policy(self, person: Person, school_id: str) -> PackPolicy:
        """Return how a school fetches, for whoever may change it.

        Raises:
            Refused: `not_allowed` or `school_unknown`.
        """
        async with self._database.read() as tx:
            await _require_school(tx, person, school_id)
            return await tables.policy_of(tx, school_id)

    async def set_policy(self, person: Person, school_id: str, policy: PackPolicy) -> PackPolicy:
        """Change how a school fetches.

        Raises:
            Refused: `not_allowed` or `school_unknown`.
        """
        async with self._database.write() as tx:
            await _require_school(tx, person, school_id)
            await tables.set_policy(tx, school_id, policy)
        return policy

    async def ceiling_bps(self, school_id: str) -> tuple[int, int]:
        """Return the ceilings that hold for a school's downloads: of packs, and of its data cap; 0: none."""
        async with self._database.read() as tx:
            school = await accounts.find_school(tx, school_id)
            policy = await tables.policy_of(tx, school_id)
        return policy.ceiling_bps, school.cap.ceiling_bps if school is not None else 0

    # --- who is ready ---------------------------------------------------------------------------------------------

    async def report(
        self, asker: Asker, lesson_id: str, version: str, have_bytes: int, problem: Problem, now: float
    ) -> Readiness:
        """Store how far a classroom's screen is with a lesson's pack.

        Raises:
            Refused: `device_unknown`, `lesson_unknown`, `not_allowed` or `too_many_attempts`.
        """
        device = asker.device
        if device is None or device.classroom is None:
            raise Refused("device_unknown", "这块屏幕还没有配对，请先配对教室大屏。")
        if not self._reports.is_allowed(device.id, now):
            raise Refused("too_many_attempts", "这块屏幕报得太快了，请稍后再报。")
        self._reports.count(device.id, now)
        screen = Asker(device=device)
        lesson = await self._lessons.see(screen, lesson_id)
        pack = await self.pack(lesson, device.classroom.id)
        total = pack.total_bytes if version == pack.version else max(have_bytes, pack.total_bytes)
        have = min(have_bytes, total)
        state = PackState(device.classroom.id, version, have, total, problem, epoch_ms(self._clock()))
        async with self._database.write() as tx:
            await tables.set_state(tx, lesson_id, state)
        return readiness(state, pack)

    async def readiness(self, asker: Asker, lesson_id: str) -> list[tuple[Classroom, Readiness, int]]:
        """Return how far the classrooms of a lesson are, and the bytes of each one's pack, as far as the asker may see.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown` or `not_allowed`.
        """
        lesson = await self._lessons.see(asker, lesson_id)
        schools = require_figures(asker, lesson)
        rooms = [room for room in lesson.classrooms if schools is None or room.school.id in schools]
        async with self._database.read() as tx:
            states = await tables.states_of(tx, lesson_id)
        found = []
        for room in rooms:
            pack = await self.pack(lesson, room.id)
            found.append((room, readiness(states.get(room.id), pack), pack.total_bytes))
        return found


def require_now(asker: Asker, when: When) -> None:
    """Pass when a classroom's screen may fetch now; people are not held to the school's nights.

    Raises:
        Unavailable: `pack_waits`.
    """
    if asker.device is not None and asker.person is None and when.in_s > 0:
        raise Unavailable("pack_waits", "现在不是下载时段，课件包会在夜里或上课前自动下载。")


def school_of(asker: Asker) -> str:
    """Return whose line a download of the asker's goes over; empty: of no school that we know."""
    return _school_of(asker)


def _school_of(asker: Asker) -> str:
    if asker.device is not None and asker.device.classroom is not None:
        return asker.device.classroom.school.id
    return (asker.person.school_id if asker.person is not None else None) or ""


def _rooms_of(asker: Asker, lesson: Lesson) -> list[str]:
    """Return the classrooms that the asker may enter the lesson as."""
    ways = (way for way in entries(asker, lesson) if way.role is Role.CLASSROOM and way.classroom is not None)
    return list(dict.fromkeys(way.classroom.id for way in ways if way.classroom is not None))


def _require_entry(asker: Asker, lesson: Lesson) -> None:
    if not entries(asker, lesson):
        raise Refused("not_allowed", "您不能进入这节课，所以也不能下载它的课件包。")


async def _require_school(tx: Transaction, person: Person, school_id: str) -> None:
    require_right(person, Right.SET_DATA_CAP, school_id, "您只能设置自己学校的课件包。")
    if await accounts.find_school(tx, school_id) is None:
        raise Refused("school_unknown", "没有这所学校。")


def _begins(lesson: Lesson) -> datetime:
    return datetime.fromtimestamp(lesson.starts_at_ms / 1000, UTC)


def _in_order(items: Sequence[Item]) -> list[Item]:
    """Return what a lesson needs first, first: pages, questions and seats, then the long clips."""
    rank = {"page": 0, "quiz": 1, "plan": 2, "roster": 3, "clip": 4}
    return sorted(items, key=lambda one: rank[one.kind])
