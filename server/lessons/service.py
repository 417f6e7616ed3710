"""The rules of lessons, and their persistence for live rooms (`LessonStore` of ports.py)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from server.accounts import tables as accounts
from server.accounts.model import Asker, Person, SchoolRef
from server.accounts.rights import Right, require_right
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons import tables
from server.lessons.access import may_see, require_figures, require_lecturer, require_visible
from server.lessons.model import Lesson, Page, PageFile, PersonRef, PlayedLesson
from server.lessons.packs.contents import lesson_clip
from server.lessons.packs.tables import clips_of
from server.lessons.page_files import PageFiles
from server.lessons.playback_tables import keep_playback, playback_between, playback_of
from server.lessons.ports import StoredLesson
from server.lessons.rosters.tables import live_rosters
from server.lessons.segments import segments_of
from server.storage.database import Database, Transaction
from server.storage.ids import new_code
from signaling.errors import Refused
from signaling.messages import Deck, Event, LessonEnded, LessonInfo, RoomId
from signaling.playback import Playback

REPEATED_AHEAD = timedelta(days=8)  # the lobby shows a week of the timetable, with today's weekday twice
LISTED = 200  # lessons in one list: a school's term has about that many
MAX_PAGES = 300  # of a deck: the titles of all of them go into every snapshot of the room
MAX_CLASSROOMS = 60
MAX_EXPORTED = 50_000  # seats: a county's term


class LessonService:
    """Lessons, their pages and their logs."""

    def __init__(self, database: Database, files: PageFiles, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._files = files
        self._when_ended: list[Callable[[Transaction, RoomId], Awaitable[None]]] = []

    def when_ended(self, hook: Callable[[Transaction, RoomId], Awaitable[None]]) -> None:
        """Call `hook` in the transaction that stores a lesson's end; it may be called again for the same one."""
        self._when_ended.append(hook)

    # --- lessons --------------------------------------------------------------------------------------------------

    async def visible(self, asker: Asker) -> list[Lesson]:
        """Return the lessons that the asker may see: live ones, then coming ones, then past ones."""
        async with self._database.read() as tx:
            soon_ms = epoch_ms(self._clock() + REPEATED_AHEAD)
            near = await tables.lessons_near(tx, asker, LISTED, soon_ms)
        return [lesson for lesson in near if may_see(asker, lesson)]

    async def find(self, lesson_id: str) -> Lesson | None:
        """Return the lesson, whoever asks."""
        async with self._database.read() as tx:
            return await tables.find_lesson(tx, lesson_id)

    async def see(self, asker: Asker, lesson_id: str) -> Lesson:
        """Return the lesson when the asker may see it.

        Raises:
            Refused: `not_logged_in` or `lesson_unknown`.
        """
        return require_visible(asker, await self.find(lesson_id))

    async def plan(
        self,
        lecturer: Person,
        title: str,
        subject: str,
        starts_at: datetime,
        planned_minutes: int,
        classroom_ids: tuple[str, ...],
        paired_school_id: str | None,
        open_to_observers: bool,
        *,
        require_free: Callable[[Transaction, Lesson], Awaitable[None]] | None = None,
    ) -> Lesson:
        """Make a lesson that `lecturer` gives for 1 paired school and N classrooms.

        Raises:
            Refused: `not_allowed` or `field_invalid`; what `require_free` refuses: another lesson is in the way.
        """
        if lecturer.school is None:
            raise Refused("not_allowed", "只有学校的教师可以开课。您的账号还没有所属学校，请联系管理员。")
        if starts_at.tzinfo is None:
            raise field_invalid("starts_at", "时间要带时区。")
        if len(set(classroom_ids)) != len(classroom_ids):
            raise field_invalid("classroom_ids", "同一间教室选了两次。")
        async with self._database.write() as tx:
            rooms = await accounts.find_classrooms(tx, classroom_ids)
            if len(rooms) != len(classroom_ids):
                raise field_invalid("classroom_ids", "有教室已经不存在，请刷新后重选。")
            lesson = Lesson(
                id=await _free_lesson_code(tx),
                title=title,
                subject=subject,
                state="scheduled",
                starts_at_ms=epoch_ms(starts_at.astimezone(UTC)),
                planned_minutes=planned_minutes,
                lecturer=PersonRef(lecturer.id, lecturer.name),
                lecturer_school=SchoolRef(lecturer.school.id, lecturer.school.name),
                paired_school=await _paired_school(tx, paired_school_id, lecturer.school.id),
                classrooms=tuple(rooms[room] for room in classroom_ids),
                open_to_observers=open_to_observers,
                deck_id=None,
                pages=0,
            )
            if require_free is not None:
                await require_free(tx, lesson)
            await tables.add_lesson(tx, lesson)
        return lesson

    async def cancel(self, asker: Asker, lesson_id: str) -> None:
        """Delete a lesson that has not begun.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown`, `not_allowed` or `lesson_state`.
        """
        async with self._database.write() as tx:
            lesson = require_visible(asker, await tables.find_lesson(tx, lesson_id))
            require_lecturer(asker, lesson)
            if lesson.kind == "meeting":
                raise Refused("lesson_state", "会议不能这样删除。请在会议里取消它，大家就都能看到原因。")
            if lesson.state != "scheduled":
                raise Refused("lesson_state", "这节课已经开始过，不能删除。")
            if lesson.series_id is not None:
                raise Refused("lesson_state", "这节课来自课表，请在课表里取消它并写明原因，大家就都能看到。")
            await tables.remove_lesson(tx, lesson_id)

    # --- pages ----------------------------------------------------------------------------------------------------

    async def may_set_pages(self, asker: Asker, lesson_id: str) -> Lesson:
        """Return the lesson when the asker may replace its pages now: asked before a large upload is read.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown`, `not_allowed` or `lesson_state`.
        """
        lesson = await self.see(asker, lesson_id)
        _require_open_deck(asker, lesson)
        return lesson

    async def keep_drawing(self, svg: str, title: str) -> Page:
        """Store one SVG page that this program drew itself; SVG from outside is never taken (it can hold scripts).

        It stays a drawing: 2 to 3 kB for every width, sharp on any wall, where its pictures would be 20 to 90 kB each.
        """
        data = svg.encode()
        return Page(title, (PageFile(0, await self._files.put(data), "image/svg+xml", len(data)),))

    async def set_pages(self, asker: Asker, lesson_id: str, pages: tuple[Page, ...]) -> Lesson:
        """Replace the deck of a lesson that is not live yet.

        Raises:
            Refused: as `may_set_pages`, or `field_invalid`.
        """
        if not 1 <= len(pages) <= MAX_PAGES:
            raise field_invalid("page", f"一节课要有 1 到 {MAX_PAGES} 页课件。")
        async with self._database.write() as tx:
            lesson = require_visible(asker, await tables.find_lesson(tx, lesson_id))
            _require_open_deck(asker, lesson)
            await tables.set_pages(tx, lesson_id, _deck_id(pages), pages)
            found = await tables.find_lesson(tx, lesson_id)
        assert found is not None, "read in the transaction that wrote it"
        return found

    async def give_pages(self, tx: Transaction, lesson_id: str, pages: tuple[Page, ...]) -> Lesson | None:
        """Replace the deck of a lesson that is not live yet; the caller has checked who asks. None: it has begun."""
        lesson = await tables.find_lesson(tx, lesson_id)
        if lesson is None or lesson.state != "scheduled":
            return None
        await tables.set_pages(tx, lesson_id, _deck_id(pages), pages)
        return await tables.find_lesson(tx, lesson_id)

    async def page(self, lesson_id: str, number: int) -> Page:
        """Return page `number`, from 1; the caller has checked who asks.

        Raises:
            Refused: `page_unknown`.
        """
        async with self._database.read() as tx:
            page = await tables.page_of(tx, lesson_id, number)
        if page is None:
            raise Refused("page_unknown", "这节课没有这一页。")
        return page

    async def pages(self, lesson_id: str) -> tuple[Page, ...]:
        """Return all pages in order; the caller has checked who asks."""
        async with self._database.read() as tx:
            return await tables.pages_of(tx, lesson_id)

    # --- figures --------------------------------------------------------------------------------------------------

    async def figures(self, asker: Asker, lesson_id: str) -> PlayedLesson:
        """Return how the lesson played, as far as the asker may see it.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown` or `not_allowed`.
        """
        lesson = await self.see(asker, lesson_id)
        schools = require_figures(asker, lesson)
        async with self._database.read() as tx:
            rows = await playback_of(tx, lesson_id)
        if schools is not None:
            rows = tuple(row for row in rows if row.school_id in schools)
        return PlayedLesson(
            lesson.id, lesson.title, lesson.subject, lesson.starts_at_ms, lesson.lecturer_school.name, rows
        )

    async def figures_between(self, person: Person, from_ms: int, to_ms: int) -> list[PlayedLesson]:
        """Return how the lessons of `from_ms` ≤ t < `to_ms` played: of a manager's school, or of the whole region.

        Raises:
            Refused: `not_allowed`.
        """
        require_right(person, Right.EXPORT_FIGURES, person.school_id or "", "只有管理员可以导出一段时间的上课情况。")
        async with self._database.read() as tx:
            return await playback_between(tx, from_ms, to_ms, person.school_id, MAX_EXPORTED)

    # --- LessonStore ----------------------------------------------------------------------------------------------

    async def load(self, lesson: RoomId) -> StoredLesson | None:
        """Return the lesson, or None when there is no such lesson."""
        async with self._database.read() as tx:
            found = await tables.find_lesson(tx, lesson)
            if found is None:
                return None
            pages = await tables.pages_of(tx, lesson)
            events = await tables.events_of(tx, lesson)
            playback = await playback_of(tx, lesson)
            rosters = await live_rosters(tx, [room.id for room in found.classrooms])
            clips = tuple(lesson_clip(lesson, one) for one in await clips_of(tx, lesson))
            segments = await segments_of(tx, lesson)
        opened_ms = found.opened_wallclock_ms
        deck = deck_of(found, pages)
        return StoredLesson(info_of(found), deck, opened_ms, events, playback, rosters, clips, segments)

    async def opened(self, lesson: RoomId, wallclock_ms: int) -> None:
        """Note when t_ms = 0 was; only the first call counts."""
        async with self._database.write() as tx:
            await tables.set_opened(tx, lesson, wallclock_ms)

    async def append(self, lesson: RoomId, info: LessonInfo, events: tuple[Event, ...]) -> None:
        """Store events and the lesson's state after them, in one transaction."""
        async with self._database.write() as tx:
            await tables.append_events(tx, lesson, info, events)
            if any(isinstance(event.body, LessonEnded) for event in events):
                for hook in self._when_ended:
                    await hook(tx, lesson)

    async def keep_playback(self, lesson: RoomId, rows: tuple[Playback, ...]) -> None:
        """Store figures in place of the older ones of the same seats."""
        async with self._database.write() as tx:
            await keep_playback(tx, lesson, rows)

    async def live(self) -> tuple[RoomId, ...]:
        """Return the lessons whose state is live."""
        async with self._database.read() as tx:
            return await tables.lessons_of_state(tx, "live")


def info_of(lesson: Lesson) -> LessonInfo:
    """Return the lesson as its room knows it."""
    return LessonInfo(
        id=lesson.id,
        title=lesson.title,
        subject=lesson.subject,
        lecturer_school=lesson.lecturer_school.name,
        planned_minutes=lesson.planned_minutes,
        state=lesson.state,
        started_t_ms=lesson.started_t_ms,
        ended_t_ms=lesson.ended_t_ms,
        paired_school="" if lesson.paired_school is None else lesson.paired_school.name,
        kind=lesson.kind,
    )


def deck_of(lesson: Lesson, pages: tuple[Page, ...]) -> Deck | None:
    """Return the lesson's deck; its address holds the deck's id, so that pages are cached for good."""
    if lesson.deck_id is None or not pages:
        return None
    address = f"/api/lessons/{lesson.id}/pages/{{page}}?deck={lesson.deck_id}"
    ratios = tuple(round(page.ratio, 3) for page in pages)
    return Deck(
        id=lesson.deck_id,
        title=lesson.title,
        pages=len(pages),
        page_url=address,
        titles=tuple(page.title for page in pages),
        widths=tuple(file.width for file in pages[0].files if file.width),
        ratios=ratios[:1] if len(set(ratios)) == 1 else ratios,
    )


def _deck_id(pages: tuple[Page, ...]) -> str:
    lines = (" ".join((*(file.sha256 for file in page.files), page.title)) for page in pages)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _require_open_deck(asker: Asker, lesson: Lesson) -> None:
    require_lecturer(asker, lesson)
    if lesson.state != "scheduled":
        raise Refused("lesson_state", "上课以后不能再换课件。")


async def _paired_school(tx: Transaction, school_id: str | None, own_id: str) -> SchoolRef | None:
    if school_id is None:
        return None
    school = await accounts.find_school(tx, school_id)
    if school is None or school.id == own_id:
        raise field_invalid("paired_school_id", "请选择另一所已有的学校。")
    return SchoolRef(school.id, school.name)


async def _free_lesson_code(tx: Transaction) -> RoomId:
    while True:  # one of 8.5e11: the first is free
        code = new_code()
        if await tables.find_lesson(tx, code) is None:
            return RoomId(code)
