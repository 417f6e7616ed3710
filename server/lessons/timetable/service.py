"""The rules of timetables: terms, bell times and series, and the lessons that follow from them.

Whatever changes a timetable, reconciles the lessons of every series that it touches, in the same transaction, or is
refused with what is in the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement

from server.accounts import tables as accounts
from server.accounts.model import Person, SchoolRef
from server.accounts.rights import Right, has_right, require_right
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import Lesson, PersonRef
from server.lessons.tables import lessons as lesson_table
from server.lessons.timetable import tables
from server.lessons.timetable.apply import apply
from server.lessons.timetable.clashes import Bookings, Clash, booking_of, fit_notes, in_words
from server.lessons.timetable.model import MAX_SERIES, Period, Plan, PlannedLesson, Series, Term
from server.lessons.timetable.reconcile import Reconciled, reconcile
from server.lessons.timetable.rules import SeriesDraft, check_bells, check_draft, check_term
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

LONGEST_LESSON_MS = 4 * 3_600_000  # what began before that is over; as in the form of a lesson
MAX_TOLD = 5  # conflicts in one refusal


class Outcome(msgspec.Struct, frozen=True):
    """What saving a series does, or would do."""

    series: Series
    reconciled: Reconciled
    notes: tuple[str, ...]


class TimetableService:
    """Terms, bell times and series.

    Args:
        zone: whose clocks the bells follow.
        clock: the wall clock, UTC.
    """

    def __init__(self, database: Database, zone: ZoneInfo, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self.zone = zone

    def now_ms(self) -> int:
        """Return the wall clock as UTC epoch ms."""
        return epoch_ms(self._clock())

    # --- terms ----------------------------------------------------------------------------------------------------

    async def terms(self) -> tuple[Term, ...]:
        """Return every term, the latest first."""
        async with self._database.read() as tx:
            return await tables.all_terms(tx)

    async def save_term(self, by: Person, term: Term) -> Term:
        """Store a term, new when its id is empty, and let the lessons of its series follow.

        Raises:
            Refused: `not_allowed`, `term_unknown`, `field_invalid`, `name_taken` or `timetable_conflict`.
        """
        _require_region(by)
        async with self._database.write() as tx:
            others = [one for one in await tables.all_terms(tx) if one.id != term.id]
            check_term(term, others)
            known = await tables.find_term(tx, term.id) if term.id else None
            if term.id and known is None:
                raise _term_unknown()
            saved = msgspec.structs.replace(term, id=term.id or new_id(), version=known.version + 1 if known else 1)
            await tables.write_term(tx, saved)
            found = await tables.series_where(tx, tables.series.c.term_id == saved.id)
            await self._follow(tx, found, by)
        return saved

    async def remove_term(self, by: Person, term_id: str) -> None:
        """Forget a term that has no series.

        Raises:
            Refused: `not_allowed`, `term_unknown` or `term_taken`.
        """
        _require_region(by)
        async with self._database.write() as tx:
            if await tables.find_term(tx, term_id) is None:
                raise _term_unknown()
            if await tables.series_where(tx, tables.series.c.term_id == term_id):
                raise Refused("term_taken", "这个学期已经排了课，不能删除。")
            await tables.remove_term(tx, term_id)

    # --- bells ----------------------------------------------------------------------------------------------------

    async def bells(self, school_id: str) -> tuple[Period, ...]:
        """Return the periods of the school; none when it has not set them."""
        async with self._database.read() as tx:
            return (await tables.bells_of(tx, (school_id,)))[school_id]

    async def set_bells(self, by: Person, school_id: str, periods: tuple[Period, ...]) -> None:
        """Replace the periods of a school, and let the lessons that it gives follow.

        Raises:
            Refused: `not_allowed`, `school_unknown`, `field_invalid` or `timetable_conflict`.
        """
        require_right(by, Right.SET_BELLS, school_id, "作息时间由本校或区域的管理员设置。")
        check_bells(periods)
        async with self._database.write() as tx:
            if await accounts.find_school(tx, school_id) is None:
                raise Refused("school_unknown", "没有这所学校。")
            await tables.touch_terms(tx)
            await tables.set_bells(tx, school_id, periods)
            found = await tables.series_where(
                tx, (tables.series.c.lecturer_school_id == school_id) & ~tables.series.c.is_ended
            )
            await self._follow(tx, found, by)

    async def teachers(self, by: Person, school_id: str) -> list[PersonRef]:
        """Return who may give lessons of a school: for its own people, who choose substitutes.

        Raises:
            Refused: `not_allowed`.
        """
        require_right(by, Right.PLAN_OWN, school_id, "只能查看自己学校的教师。")
        async with self._database.read() as tx:
            return await tables.teachers_of(tx, school_id)

    # --- series ---------------------------------------------------------------------------------------------------

    async def series(self, by: Person, term_id: str) -> tuple[Series, ...]:
        """Return the series of a term that the person's school takes part in; all of them for people of the region."""
        where = tables.series.c.term_id == term_id
        if by.school_id is not None:
            where &= tables.concerns_school(by.school_id)
        async with self._database.read() as tx:
            return await tables.series_where(tx, where)

    async def preview(self, by: Person, draft: SeriesDraft, series_id: str | None = None) -> Outcome:
        """Return what `save` would do.

        Raises:
            Refused: as `save`, but not `timetable_conflict`.
        """
        async with self._database.read() as tx:
            return await self._outcome(tx, by, draft, series_id, None)

    async def save(self, by: Person, draft: SeriesDraft, series_id: str | None = None) -> Outcome:
        """Store a series, a new one without `series_id`, and make, change and call off its lessons.

        Raises:
            Refused: `not_allowed`, `series_unknown`, `term_unknown`, `field_invalid` or `timetable_conflict`.
        """
        async with self._database.write() as tx:
            await tables.touch_terms(tx)
            return await self.save_within(tx, by, draft, series_id)

    async def save_within(
        self,
        tx: Transaction,
        by: Person,
        draft: SeriesDraft,
        series_id: str | None = None,
        bookings: Bookings | None = None,
    ) -> Outcome:
        """Do what `save` does in a transaction of the caller's, who may keep the bookings from one to the next."""
        outcome = await self._outcome(tx, by, draft, series_id, bookings)
        self._require_no_clash(outcome.reconciled.clashes)
        await tables.write_series(tx, outcome.series)
        await apply(tx, outcome.series, outcome.reconciled, by.name, self.now_ms())
        if bookings is not None:
            for booking in outcome.reconciled.stand:
                bookings.add(booking)
        return outcome

    async def end(self, by: Person, series_id: str) -> Series:
        """Call off all lessons of the series that have not begun; what was held stays.

        Raises:
            Refused: `series_unknown` or `not_allowed`.
        """
        async with self._database.write() as tx:
            await tables.touch_terms(tx)
            known = await find_series(tx, series_id)
            require_planner(by, known.lecturer, known.lecturer_school)
            ended = msgspec.structs.replace(known, is_ended=True)
            await tables.write_series(tx, ended)
            await self._follow(tx, (ended,), by)
        return ended

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _outcome(
        self, tx: Transaction, by: Person, draft: SeriesDraft, series_id: str | None, known_bookings: Bookings | None
    ) -> Outcome:
        known = await find_series(tx, series_id) if series_id is not None else None
        if known is not None:
            require_planner(by, known.lecturer, known.lecturer_school)
        wanted = await self._series(tx, by, draft, known)
        term = await tables.find_term(tx, draft.term_id)
        assert term is not None, "asked for by _series"
        schools = {room.school.id: room.school.name for room in wanted.classrooms}
        bells = await tables.bells_of(tx, {wanted.lecturer_school.id, *schools})
        period = next((one for one in bells[wanted.lecturer_school.id] if one.number == wanted.period), None)
        if period is None:
            raise field_invalid("period", f"{wanted.lecturer_school.name}的作息里没有第 {draft.period} 节。")
        existing = await tables.planned_where(tx, lesson_table.c.series_id == wanted.id)
        bookings = known_bookings or await self.bookings(tx)
        bookings.remove(frozenset(one.lesson.id for one in existing))
        done = reconcile(wanted, term, period, existing, bookings, self.now_ms(), self.zone)
        others = [(name, bells[school]) for school, name in schools.items() if school != wanted.lecturer_school.id]
        return Outcome(wanted, done, tuple(fit_notes(period.start_min, period.end_min, others)))

    async def _series(self, tx: Transaction, by: Person, draft: SeriesDraft, known: Series | None) -> Series:
        term = await tables.find_term(tx, draft.term_id)
        if term is None:
            raise _term_unknown()
        if known is not None and known.term_id != term.id:
            raise field_invalid("term_id", "已经排好的课不能换到另一个学期，请新建一门。")
        weeks = check_draft(draft, term)
        teacher = await tables.find_teacher(tx, draft.lecturer_id)
        if teacher is None:
            raise field_invalid("lecturer_id", "请选择一位属于某所学校的教师。")
        require_planner(by, *teacher)
        paired = await _paired(tx, draft.paired_school_id, teacher[1].id)
        rooms = await accounts.find_classrooms(tx, draft.classroom_ids)
        if len(rooms) != len(draft.classroom_ids):
            raise field_invalid("classroom_ids", "有教室重复，或已经不存在，请刷新后重选。")
        return Series(
            id=known.id if known else new_id(),
            term_id=term.id,
            title=draft.title.strip(),
            subject=draft.subject.strip(),
            lecturer=teacher[0],
            lecturer_school=teacher[1],
            paired_school=paired,
            classrooms=tuple(rooms[room] for room in draft.classroom_ids),
            weekday=draft.weekday,
            period=draft.period,
            weeks=weeks,
            open_to_observers=draft.open_to_observers,
        )

    async def bookings(self, tx: Transaction) -> Bookings:
        """Return the lessons of everybody from now on."""
        return Bookings(booking_of(one) for one in await tables.planned_where(tx, coming(self.now_ms())))

    async def _follow(self, tx: Transaction, found: Sequence[Series], by: Person) -> None:
        """Reconcile the lessons of these series with each other and with everybody else's."""
        if len(found) > MAX_SERIES:
            raise Refused("timetable_full", f"一次最多能重排 {MAX_SERIES} 门课。")
        bookings, terms = await self.bookings(tx), {one.id: one for one in await tables.all_terms(tx)}
        bells = await tables.bells_of(tx, {one.lecturer_school.id for one in found})
        existing = {one.id: await tables.planned_where(tx, lesson_table.c.series_id == one.id) for one in found}
        bookings.remove(frozenset(one.lesson.id for made in existing.values() for one in made))
        for one in found:
            period = next((bell for bell in bells[one.lecturer_school.id] if bell.number == one.period), None)
            done = reconcile(one, terms[one.term_id], period, existing[one.id], bookings, self.now_ms(), self.zone)
            self._require_no_clash(done.clashes)
            for booking in done.stand:
                bookings.add(booking)
            await apply(tx, one, done, by.name, self.now_ms())

    def _require_no_clash(self, clashes: Sequence[Clash]) -> None:
        if not clashes:
            return
        told = "".join(self.clash_in_words(one) for one in clashes[:MAX_TOLD])
        more = f"还有 {len(clashes) - MAX_TOLD} 处冲突。" if len(clashes) > MAX_TOLD else ""
        raise Refused("timetable_conflict", f"时间冲突，没有保存。{told}{more}")

    async def require_free(self, tx: Transaction, lesson: Lesson) -> None:
        """Pass when the lecturer and the classrooms of a lesson have no other at its time.

        Raises:
            Refused: `timetable_conflict`.
        """
        await tables.touch_terms(tx)
        wanted = booking_of(PlannedLesson(lesson, Plan(lesson.id)))
        near = coming(self.now_ms()) & (lesson_table.c.starts_at_ms < wanted.end_ms)
        clashes = Bookings(booking_of(one) for one in await tables.planned_where(tx, near)).clashes(wanted)
        if clashes:
            told = "".join(self.clash_in_words(one) for one in clashes[:MAX_TOLD])
            raise Refused("timetable_conflict", f"时间冲突，没有保存。{told}")

    def clash_in_words(self, clash: Clash) -> str:
        """Return a clash as people are told."""
        return in_words(clash, self.zone)


def coming(now_ms: int) -> ColumnElement[bool]:
    """Return the condition of lessons that occupy people and rooms from now on."""
    return (
        lesson_table.c.state.in_(("scheduled", "live"))
        & lesson_table.c.cancelled.is_(None)
        & (lesson_table.c.starts_at_ms > now_ms - LONGEST_LESSON_MS)
    )


async def find_series(tx: Transaction, series_id: str) -> Series:
    """Return the series.

    Raises:
        Refused: `series_unknown`.
    """
    found = await tables.series_where(tx, tables.series.c.id == series_id)
    if not found:
        raise Refused("series_unknown", "课表里没有这门课，可能刚刚被删除。")
    return found[0]


def require_planner(by: Person, lecturer: PersonRef, school: SchoolRef) -> None:
    """Pass when `by` may plan lessons of this lecturer.

    Raises:
        Refused: `not_allowed`.
    """
    own = has_right(by, Right.PLAN_OWN, school.id) and by.id == lecturer.id
    if not own and not has_right(by, Right.PLAN_ANY, school.id):
        raise Refused("not_allowed", "教师只能安排自己主讲的课；别人的课请管理员安排。")


def _require_region(by: Person) -> None:
    if not (by.is_manager and by.school is None):
        raise Refused("not_allowed", "学期和假期由区域管理员设置。")


def _term_unknown() -> Refused:
    return Refused("term_unknown", "没有这个学期，请刷新后重选。")


async def _paired(tx: Transaction, school_id: str | None, own_id: str) -> SchoolRef | None:
    if school_id is None:
        return None
    school = await accounts.find_school(tx, school_id)
    if school is None or school.id == own_id:
        raise field_invalid("paired_school_id", "请选择另一所已有的学校。")
    return SchoolRef(school.id, school.name)
