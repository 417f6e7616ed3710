"""The chain plan → lesson → recording → review → next plan, read from what each of them says of the one before it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from server.accounts.model import Asker, Person
from server.lessons import tables as lesson_tables
from server.lessons.access import may_see
from server.lessons.model import Lesson
from server.library import tables as library_tables
from server.library.model import Recording
from server.planning.plans import desk as plan_desk, tables as plan_tables
from server.planning.plans.model import Plan
from server.planning.plans.tables import plan_versions
from server.planning.reviews import desk as review_desk, tables as review_tables
from server.planning.reviews.model import Item
from server.planning.reviews.notes import line_of
from server.planning.reviews.tables import improvement_items
from server.planning.rights import Right
from server.storage.database import Database, Transaction
from signaling.errors import Refused

MAX_PLANS = 30  # of a line, to each side: a term's


class Named(msgspec.Struct, frozen=True):
    """A version of a plan."""

    number: int
    name: str
    is_final: bool
    made_ms: int


class Taught(msgspec.Struct, frozen=True):
    """A lesson with what came of it, as far as the person may watch it."""

    lesson: Lesson
    version: int  # of the plan; 0: without one
    is_open: bool  # whether the person may watch it
    recording: Recording | None
    reviews: tuple[review_desk.Access, ...]


class Link(msgspec.Struct, frozen=True):
    """A plan with its lessons."""

    plan: Plan
    versions: tuple[Named, ...]
    lessons: tuple[Taught, ...]
    items: tuple[Item, ...]


class Chain(msgspec.Struct, frozen=True):
    """A line of plans, the first one first; or a lesson that was taught without one."""

    links: tuple[Link, ...]
    focus: str  # the id of the plan, or of the lesson, that was asked for
    lesson: Taught | None = None


class ChainService:
    """Chains."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_plan(self, person: Person, plan_id: str) -> Chain:
        """Return the chain that a plan stands in.

        Raises:
            Refused: `plan_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            await plan_desk.require_in(tx, person, plan_id, Right.READ_PLAN)
            return Chain(await self._links(tx, person, plan_id), plan_id)

    async def of_lesson(self, person: Person, lesson_id: str) -> Chain:
        """Return the chain that a lesson stands in.

        Raises:
            Refused: `lesson_unknown`.
        """
        async with self._database.read() as tx:
            lesson, _ = await review_desk.lesson_to_watch(tx, person, lesson_id)
            plan = await plan_tables.of_lesson(tx, lesson_id)
            if plan is not None:
                access = await plan_desk.access_in(tx, person, plan.id)
                if access.may(Right.READ_PLAN):
                    return Chain(await self._links(tx, person, plan.id), lesson_id)
            return Chain((), lesson_id, await self._taught(tx, person, lesson, 0))

    async def _links(self, tx: Transaction, person: Person, plan_id: str) -> tuple[Link, ...]:
        line = [*reversed(await line_of(tx, plan_id)), *await self._followers(tx, plan_id)]
        links: list[Link] = []
        for one in line[-2 * MAX_PLANS :]:
            try:
                access = await plan_desk.require_in(tx, person, one, Right.READ_PLAN)
            except Refused:  # another group's; what it took over is in its own plan
                continue
            links.append(await self._link(tx, person, access.plan))
        return tuple(links)

    async def _followers(self, tx: Transaction, plan_id: str) -> list[str]:
        found: list[str] = []
        waiting = [plan_id]
        while waiting and len(found) < MAX_PLANS:
            for plan in await plan_tables.next_of(tx, waiting.pop(0)):
                if plan.id not in found and plan.id != plan_id:
                    found.append(plan.id)
                    waiting.append(plan.id)
        return found

    async def _link(self, tx: Transaction, person: Person, plan: Plan) -> Link:
        query = select(*(plan_versions.c[name] for name in ("number", "name", "is_final", "made_ms")))
        rows = (
            await tx.execute(query.where(plan_versions.c.plan_id == plan.id).order_by(plan_versions.c.number))
        ).all()
        lessons: list[Taught] = []
        for lesson_id in plan.lesson_ids:
            lesson = await lesson_tables.find_lesson(tx, lesson_id)
            taken = await plan_tables.lesson_version(tx, lesson_id)
            if lesson is not None:
                lessons.append(await self._taught(tx, person, lesson, 0 if taken is None else taken[1]))
        items = await review_tables.items_where(tx, improvement_items.c.plan_id == plan.id)
        versions = tuple(Named(row.number, row.name, row.is_final, row.made_ms) for row in rows)
        return Link(plan, versions, tuple(lessons), tuple(items))

    async def _taught(self, tx: Transaction, person: Person, lesson: Lesson, version: int) -> Taught:
        try:
            await review_desk.lesson_to_watch(tx, person, lesson.id)
        except Refused:
            return Taught(lesson, version, may_see(Asker(person), lesson), None, ())
        recordings = await library_tables.recordings_of(tx, [lesson.id])
        return Taught(
            lesson, version, True, recordings[0] if recordings else None, await self._reviews(tx, person, lesson.id)
        )

    async def _reviews(self, tx: Transaction, person: Person, lesson_id: str) -> tuple[review_desk.Access, ...]:
        found: list[review_desk.Access] = []
        for review in await review_tables.reviews_of_lessons(tx, [lesson_id]):
            try:
                found.append(await review_desk.access_to(tx, person, review.id))
            except Refused:
                continue
        return tuple(found)


def open_items(items: Sequence[Item]) -> int:
    """Return how many items are open."""
    return sum(one.closed_ms is None for one in items)
