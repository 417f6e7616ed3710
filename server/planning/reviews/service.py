"""The rules of 听评课: beginning a review, rating blind, handing in, opening it to all; and the group's rubrics.

`notes.py` has the notes and what comes of them, `desk.py` who may do and see what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import Lesson, PersonRef
from server.planning.groups import desk as group_desk
from server.planning.groups.model import Group
from server.planning.log import ActivityLog
from server.planning.plans import tables as plan_tables
from server.planning.reviews import desk, tables
from server.planning.reviews.agreement import Agreement, agreement
from server.planning.reviews.model import Note, Rater, Review
from server.planning.reviews.rubric import DEFAULT, Rubric, RubricItem, check_rubric, check_scores
from server.planning.reviews.timing import on_recording
from server.planning.rights import Right
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

MAX_RATERS = 20
MAX_REMARK = 4_000  # characters
MAX_RUBRICS = 20  # of a group, without their versions


class Sheet(msgspec.Struct, frozen=True):
    """A review as one person may see it."""

    access: desk.Access
    raters: tuple[Rater, ...]  # none while their names are hidden
    handed_in: int
    count: int
    notes: tuple[Note, ...]  # the own ones, and when it is open all
    scores: Mapping[str, Mapping[str, int]]  # by rater; as the notes
    agreement: Agreement | None  # when it is open
    plan_title: str


class ReviewingService:
    """Reviews of lessons."""

    def __init__(self, database: Database, activity: ActivityLog, clock: Clock = utc_now) -> None:
        self._database = database
        self._activity = activity
        self._clock = clock

    # --- looking --------------------------------------------------------------------------------------------------

    async def of_lesson(self, person: Person, lesson_id: str) -> tuple[Lesson, list[desk.Access]]:
        """Return the lesson's reviews that are the person's business.

        Raises:
            Refused: `lesson_unknown`.
        """
        async with self._database.read() as tx:
            lesson, _ = await desk.lesson_to_watch(tx, person, lesson_id)
            found: list[desk.Access] = []
            for review in await tables.reviews_of_lessons(tx, [lesson_id]):
                try:
                    found.append(await desk.access_to(tx, person, review.id))
                except Refused:
                    continue
        return lesson, found

    async def see(self, person: Person, review_id: str) -> Sheet:
        """Return the review as the person may see it: everything of everybody only after it was opened.

        Raises:
            Refused: `review_unknown`.
        """
        async with self._database.read() as tx:
            access = await desk.access_to(tx, person, review_id)
            notes = await tables.notes_of(tx, review_id)
            scores = await tables.scores_of(tx, review_id)
            plan = await plan_tables.of_lesson(tx, access.lesson.id)
            is_open = access.review.is_open
            if not is_open:
                notes = [one for one in notes if one.by.id == person.id]
                scores = {rater: given for rater, given in scores.items() if rater == person.id}
            notes = await on_recording(tx, access, notes)
        handed = [one for one in access.raters if one.handed_ms is not None]
        shown = access.raters if access.sees_names else ()
        if not is_open:
            shown = tuple(_veiled(one) if one.person.id != person.id else one for one in shown)
        return Sheet(
            access, shown, len(handed), len(access.raters), tuple(notes), scores,
            agreement({one.person.id: scores.get(one.person.id, {}) for one in handed}) if is_open else None,
            "" if plan is None else plan.title,
        )  # fmt: skip

    # --- beginning ------------------------------------------------------------------------------------------------

    async def begin(
        self, person: Person, lesson_id: str, group_id: str, rater_ids: Sequence[str], rubric_id: str, version: int
    ) -> Review:
        """Begin a review of a lesson, live or recorded.

        Raises:
            Refused: `lesson_unknown`, `group_unknown`, `not_allowed`, `rater_unfit`, `rubric_unknown` or
                `field_invalid`.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            lesson, _ = await desk.lesson_to_watch(tx, person, lesson_id)
            group = (await group_desk.require_in(tx, person, group_id, Right.REVIEW)).group
            if await desk.taught(tx, person, lesson):
                raise Refused("not_allowed", "评课由没有参与这节课教学的老师发起，这样评课人的姓名才能保密到交齐。")
            if not 1 <= len(set(rater_ids)) <= MAX_RATERS:
                raise field_invalid("rater_ids", f"请选 1 到 {MAX_RATERS} 位评课人。")
            raters = await desk.fit_raters(tx, group, lesson, rater_ids)
            taken = await plan_tables.lesson_version(tx, lesson_id)
            review = Review(
                id=new_id(), lesson_id=lesson_id, group_id=group.id, plan_id=taken[0] if taken else "",
                plan_version=taken[1] if taken else 0, title=lesson.title,
                rubric=await _rubric(tx, group, rubric_id, version), by=PersonRef(person.id, person.name), begun_ms=now,
            )  # fmt: skip
            await tables.add_review(tx, review, [one.id for one in raters])
            await self._activity.note(
                tx, "review.given", person.id, group_id=group.id, plan_id=review.plan_id, lesson_id=lesson_id,
                object_id=review.id, data={"title": lesson.title},
            )  # fmt: skip
        return review

    async def set_raters(self, person: Person, review_id: str, rater_ids: Sequence[str]) -> None:
        """Let others rate; who handed in stays, who is taken out loses what they wrote.

        Raises:
            Refused: `review_unknown`, `not_allowed`, `review_state`, `rater_unfit` or `field_invalid`.
        """
        async with self._database.write() as tx:
            access = await self._leading(tx, person, review_id)
            wanted = set(rater_ids) | {one.person.id for one in access.raters if one.handed_ms is not None}
            if not 1 <= len(wanted) <= MAX_RATERS:
                raise field_invalid("rater_ids", f"请选 1 到 {MAX_RATERS} 位评课人。")
            known = {one.person.id for one in access.raters}
            for one in await desk.fit_raters(tx, access.group, access.lesson, sorted(wanted - known)):
                await tables.add_rater(tx, review_id, one.id)
            for gone in known - wanted:
                await tables.remove_rater(tx, review_id, gone)
            await self._open_when_complete(tx, access.review)

    # --- rating ---------------------------------------------------------------------------------------------------

    async def score(self, person: Person, review_id: str, scores: dict[str, int]) -> None:
        """Keep the own scores so far.

        Raises:
            Refused: what `desk.require_rating` does, or `score_invalid`.
        """
        async with self._database.write() as tx:
            access = await desk.require_rating(tx, person, review_id)
            check_scores(access.review.rubric, scores)
            await tables.set_scores(tx, review_id, person.id, scores)

    async def hand_in(self, person: Person, review_id: str, remark: str) -> None:
        """Finish the own rating; the last one opens the review.

        Raises:
            Refused: what `desk.require_rating` does, or `scores_missing`.
        """
        async with self._database.write() as tx:
            access = await desk.require_rating(tx, person, review_id)
            given = (await tables.scores_of(tx, review_id)).get(person.id, {})
            wanted = (len(access.review.rubric.items) + 1) // 2
            if len(given) < wanted:
                raise Refused(
                    "scores_missing", f"已打 {len(given)} 项，至少要打 {wanted} 项才能交。没有看到的可以不打。"
                )
            await tables.hand_in(tx, review_id, person.id, remark.strip(), epoch_ms(self._clock()))
            await self._open_when_complete(tx, access.review)

    async def open(self, person: Person, review_id: str) -> None:
        """Open the review though somebody never handed in; whoever did not is left out with what they wrote.

        Raises:
            Refused: `review_unknown`, `not_allowed` or `review_state`.
        """
        async with self._database.write() as tx:
            access = await self._leading(tx, person, review_id)
            if not any(one.handed_ms is not None for one in access.raters):
                raise Refused("review_state", "还没有人交评课表，不能公开。")
            for one in access.raters:
                if one.handed_ms is None:
                    await tables.remove_rater(tx, review_id, one.person.id)
            await self._open_when_complete(tx, access.review)

    async def _leading(self, tx: Transaction, person: Person, review_id: str) -> desk.Access:
        access = await desk.access_to(tx, person, review_id)
        if not access.leads:
            raise Refused("not_allowed", "只有发起这次评课的老师和组长可以这样做。")
        if access.review.is_open:
            raise Refused("review_state", "这次评课已经公开，不能再改评课人。")
        return access

    async def _open_when_complete(self, tx: Transaction, review: Review) -> None:
        raters = await tables.raters_of(tx, review.id)
        if any(one.handed_ms is None for one in raters):
            return
        now = epoch_ms(self._clock())
        await tables.open_review(tx, review.id, now)
        noted = Counter(one.by.id for one in await tables.notes_of(tx, review.id))
        for one in raters:  # not before: the group's log must not tell who rates
            await self._activity.note(
                tx, "review.rated", one.person.id, group_id=review.group_id, plan_id=review.plan_id,
                lesson_id=review.lesson_id, object_id=review.id,
                data={"title": review.title, "notes": noted[one.person.id]},
                idem=f"review.rated/{review.id}/{one.person.id}", ts_ms=now,
            )  # fmt: skip

    # --- rubrics --------------------------------------------------------------------------------------------------

    async def rubrics(self, person: Person, group_id: str) -> list[Rubric]:
        """Return the newest version of each rubric that the group may use, the common one first.

        Raises:
            Refused: `group_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            await group_desk.require_in(tx, person, group_id, Right.READ_GROUP)
            return [DEFAULT, *_newest(await tables.rubrics_of(tx, group_id))]

    async def save_rubric(
        self,
        person: Person,
        group_id: str,
        rubric_id: str,
        title: str,
        items: Sequence[RubricItem],
        levels: Sequence[str],
    ) -> Rubric:
        """Make a rubric of the group, or the next version of one.

        Raises:
            Refused: `group_unknown`, `not_allowed`, `group_closed`, `rubric_unknown` or `field_invalid`.
        """
        async with self._database.write() as tx:
            await group_desk.require_in(tx, person, group_id, Right.MANAGE_RUBRIC)
            known = {one.id: one.version for one in _newest(await tables.rubrics_of(tx, group_id))}
            if rubric_id and rubric_id not in known:
                raise _no_rubric()
            if not rubric_id and len(known) >= MAX_RUBRICS:
                raise field_invalid("title", f"一个教研组最多有 {MAX_RUBRICS} 份量表，请改已有的。")
            version = known.get(rubric_id, 0) + 1
            rubric = check_rubric(Rubric(rubric_id or new_id(), version, title.strip(), tuple(items), tuple(levels)))
            await tables.add_rubric(tx, rubric, group_id, person.id, epoch_ms(self._clock()))
        return rubric


async def _rubric(tx: Transaction, group: Group, rubric_id: str, version: int) -> Rubric:
    if rubric_id == DEFAULT.id and version in (0, DEFAULT.version):
        return DEFAULT
    known = [one for one in await tables.rubrics_of(tx, group.id) if one.id == rubric_id]
    found = next((one for one in known if version in (0, one.version)), None)
    if found is None:
        raise _no_rubric()
    return found


def _newest(rubrics: Sequence[Rubric]) -> list[Rubric]:
    """Return the first of each id: the newest, as they come from the database."""
    return list({one.id: one for one in reversed(rubrics)}.values())[::-1]


def _no_rubric() -> Refused:
    return Refused("rubric_unknown", "没有找到这份量表，请刷新后重选。")


def _veiled(one: Rater) -> Rater:
    """Return a rater as others may know of them before all have handed in."""
    return Rater(one.person, one.school, one.handed_ms, "")
