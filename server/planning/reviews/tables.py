"""Tables of 听评课, and every query on them. What nobody may see yet is the business of `service.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, delete, func, insert, select, update

from server.accounts.tables import people, schools
from server.lessons.model import PersonRef
from server.planning.reviews.model import Item, Note, Rater, Review
from server.planning.reviews.rubric import Rubric
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

review_rubrics = Table(
    "review_rubrics",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),  # a version is never changed
    Column("group_id", String(16), nullable=False, index=True),
    Column("body", Text, nullable=False),  # JSON of `Rubric`
    Column("by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("made_ms", EpochMs, nullable=False),
)
reviews = Table(
    "reviews",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("group_id", String(16), nullable=False, index=True),
    Column("plan_id", String(16), nullable=False, index=True),  # empty: the lesson was taught without a plan
    Column("plan_version", Integer, nullable=False),
    Column("title", String(120), nullable=False),
    Column("rubric", Text, nullable=False),  # JSON of the `Rubric` that it is rated by, as it was then
    Column("by_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("begun_ms", EpochMs, nullable=False),
    Column("opened_ms", EpochMs),  # when all had handed in, or its lead opened it: everybody sees everything since
)
review_raters = Table(
    "review_raters",
    metadata,
    Column("review_id", String(16), ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", String(16), ForeignKey("people.id"), primary_key=True, index=True),
    Column("handed_ms", EpochMs),
    Column("remark", Text, nullable=False),
)
review_scores = Table(
    "review_scores",
    metadata,
    Column("review_id", String(16), ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", String(16), ForeignKey("people.id"), primary_key=True),
    Column("item", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
)
review_notes = Table(
    "review_notes",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("review_id", String(16), ForeignKey("reviews.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("person_id", String(16), ForeignKey("people.id"), nullable=False),
    Column("at_ms", EpochMs, nullable=False),
    Column("clock", String(10), nullable=False),  # of `model.Clock`
    Column("item", String(40), nullable=False),  # of the rubric; empty: of none
    Column("text", Text, nullable=False),
    Column("made_ms", EpochMs, nullable=False),
    Column("verdict", String(10), nullable=False),  # "", "accepted", "declined"
    Column("answer", Text, nullable=False),
)
improvement_items = Table(
    "improvement_items",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("group_id", String(16), nullable=False, index=True),
    Column("plan_id", String(16), nullable=False, index=True),
    Column("plan_version", Integer, nullable=False),  # that was taught; 0: without a plan
    Column("lesson_id", String(8), nullable=False, index=True),  # that the note is of
    Column("review_id", String(16), ForeignKey("reviews.id", ondelete="CASCADE"), nullable=False),
    Column("note_id", String(16), nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("owner_id", String(16), ForeignKey("people.id"), nullable=False, index=True),
    Column("due_day", String(10), nullable=False),
    Column("made_ms", EpochMs, nullable=False),
    Column("closed_ms", EpochMs),
    Column("closed_by_id", String(16), ForeignKey("people.id")),
    Column("by_plan_id", String(16), nullable=False),  # what closed it: a later version of the plan, or of its follower
    Column("by_version", Integer, nullable=False),
    Column("by_lesson_id", String(8), nullable=False),  # or a later lesson
    Column("how", Text, nullable=False),
)

_decode_rubric = msgspec.json.Decoder(Rubric).decode
_owner, _closer = people.alias("item_owner"), people.alias("item_closer")


# --- rubrics --------------------------------------------------------------------------------------------------------


async def add_rubric(tx: Transaction, rubric: Rubric, group_id: str, by_id: str, now_ms: int) -> None:
    """Store a version of a rubric."""
    values = {"id": rubric.id, "version": rubric.version, "group_id": group_id, "by_id": by_id, "made_ms": now_ms}
    await tx.execute(insert(review_rubrics).values(values | {"body": msgspec.json.encode(rubric).decode()}))


async def rubrics_of(tx: Transaction, group_id: str) -> list[Rubric]:
    """Return all versions of a group's rubrics, the newest of each first."""
    query = select(review_rubrics.c.body).where(review_rubrics.c.group_id == group_id)
    query = query.order_by(review_rubrics.c.id, review_rubrics.c.version.desc())
    return [_decode_rubric(row.body) for row in (await tx.execute(query)).all()]


# --- reviews --------------------------------------------------------------------------------------------------------


async def add_review(tx: Transaction, review: Review, rater_ids: Sequence[str]) -> None:
    """Store a review that begins, with those who are to rate."""
    names = ("id", "lesson_id", "group_id", "plan_id", "plan_version", "title", "begun_ms")
    values = {name: getattr(review, name) for name in names}
    values |= {"by_id": review.by.id, "rubric": msgspec.json.encode(review.rubric).decode()}
    await tx.execute(insert(reviews).values(values))
    for person_id in rater_ids:
        await tx.execute(insert(review_raters).values(review_id=review.id, person_id=person_id, remark=""))


async def find_review(tx: Transaction, review_id: str) -> Review | None:
    """Return the review."""
    found = await _reviews(tx, reviews.c.id == review_id)
    return found[0] if found else None


async def reviews_of_lessons(tx: Transaction, lesson_ids: Sequence[str]) -> list[Review]:
    """Return the reviews of these lessons, the oldest first."""
    return await _reviews(tx, reviews.c.lesson_id.in_(lesson_ids))


async def _reviews(tx: Transaction, condition: Any) -> list[Review]:
    query = select(reviews, people.c.name).join(people, people.c.id == reviews.c.by_id).where(condition)
    rows = (await tx.execute(query.order_by(reviews.c.begun_ms, reviews.c.id))).all()
    return [
        Review(
            id=row.id, lesson_id=row.lesson_id, group_id=row.group_id, plan_id=row.plan_id,
            plan_version=row.plan_version, title=row.title, rubric=_decode_rubric(row.rubric),
            by=PersonRef(row.by_id, row.name), begun_ms=row.begun_ms, opened_ms=row.opened_ms,
        )
        for row in rows
    ]  # fmt: skip


async def open_review(tx: Transaction, review_id: str, now_ms: int) -> None:
    """Let everybody see everything from now on."""
    await tx.execute(update(reviews).where(reviews.c.id == review_id).values(opened_ms=now_ms))


async def raters_of(tx: Transaction, review_id: str) -> list[Rater]:
    """Return who rates, by name."""
    query = (
        select(review_raters, people.c.name, schools.c.name.label("school"))
        .join(people, people.c.id == review_raters.c.person_id)
        .outerjoin(schools, schools.c.id == people.c.school_id)
        .where(review_raters.c.review_id == review_id)
        .order_by(people.c.name, people.c.id)
    )
    return [
        Rater(PersonRef(row.person_id, row.name), row.school or "", row.handed_ms, row.remark)
        for row in (await tx.execute(query)).all()
    ]


async def add_rater(tx: Transaction, review_id: str, person_id: str) -> None:
    """Let one more rate."""
    await tx.execute(insert(review_raters).values(review_id=review_id, person_id=person_id, remark=""))


async def remove_rater(tx: Transaction, review_id: str, person_id: str) -> None:
    """Forget somebody who never handed in, with what they wrote."""
    for table in (review_notes, review_scores, review_raters):
        await tx.execute(delete(table).where(table.c.review_id == review_id, table.c.person_id == person_id))


async def hand_in(tx: Transaction, review_id: str, person_id: str, remark: str, now_ms: int) -> None:
    """Store that a rater has finished."""
    one = (review_raters.c.review_id == review_id) & (review_raters.c.person_id == person_id)
    await tx.execute(update(review_raters).where(one).values(handed_ms=now_ms, remark=remark))


async def set_scores(tx: Transaction, review_id: str, person_id: str, scores: dict[str, int]) -> None:
    """Store a rater's scores in place of those there were."""
    one = (review_scores.c.review_id == review_id) & (review_scores.c.person_id == person_id)
    await tx.execute(delete(review_scores).where(one))
    for item, value in scores.items():
        row = {"review_id": review_id, "person_id": person_id, "item": item, "value": value}
        await tx.execute(insert(review_scores).values(row))


async def scores_of(tx: Transaction, review_id: str) -> dict[str, dict[str, int]]:
    """Return the scores of each rater by item."""
    rows = (await tx.execute(select(review_scores).where(review_scores.c.review_id == review_id))).all()
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.person_id, {})[row.item] = row.value
    return found


# --- notes ----------------------------------------------------------------------------------------------------------


async def add_note(tx: Transaction, review_id: str, note: Note) -> None:
    """Store a note."""
    names = ("id", "at_ms", "clock", "item", "text", "made_ms", "verdict", "answer")
    values = {name: getattr(note, name) for name in names}
    await tx.execute(insert(review_notes).values(values | {"review_id": review_id, "person_id": note.by.id}))


async def notes_of(tx: Transaction, review_id: str) -> list[Note]:
    """Return the notes, in the order in which they were taken."""
    query = select(review_notes, people.c.name).join(people, people.c.id == review_notes.c.person_id)
    query = query.where(review_notes.c.review_id == review_id).order_by(review_notes.c.made_ms, review_notes.c.id)
    return [
        Note(
            row.id, PersonRef(row.person_id, row.name), row.at_ms, row.clock, row.item, row.text, row.made_ms,
            row.verdict, row.answer,
        )
        for row in (await tx.execute(query)).all()
    ]  # fmt: skip


async def count_notes(tx: Transaction, review_id: str, person_id: str) -> int:
    """Return how many notes somebody took."""
    one = (review_notes.c.review_id == review_id) & (review_notes.c.person_id == person_id)
    return (await tx.execute(select(func.count()).select_from(review_notes).where(one))).scalar_one()


async def change_note(tx: Transaction, note_id: str, **values: Any) -> None:
    """Change a note."""
    await tx.execute(update(review_notes).where(review_notes.c.id == note_id).values(values))


async def remove_note(tx: Transaction, note_id: str) -> None:
    """Forget a note."""
    await tx.execute(delete(review_notes).where(review_notes.c.id == note_id))


# --- improvement items ----------------------------------------------------------------------------------------------


async def add_item(tx: Transaction, item: Item) -> None:
    """Store an item."""
    names = ("id", "group_id", "plan_id", "plan_version", "lesson_id", "review_id", "note_id", "text", "due_day")
    values = {name: getattr(item, name) for name in names} | {"owner_id": item.owner.id, "made_ms": item.made_ms}
    await tx.execute(
        insert(improvement_items).values(values | {"by_plan_id": "", "by_version": 0, "by_lesson_id": "", "how": ""})
    )


async def close_item(tx: Transaction, item_id: str, **values: Any) -> None:
    """Store what closed an item."""
    await tx.execute(update(improvement_items).where(improvement_items.c.id == item_id).values(values))


async def items_where(tx: Transaction, condition: Any) -> list[Item]:
    """Return items, what is due first before."""
    query = (
        select(improvement_items, _owner.c.name.label("owner_name"), _closer.c.name.label("closer_name"))
        .join(_owner, _owner.c.id == improvement_items.c.owner_id)
        .outerjoin(_closer, _closer.c.id == improvement_items.c.closed_by_id)
        .where(condition)
        .order_by(improvement_items.c.due_day, improvement_items.c.id)
    )
    return [
        Item(
            id=row.id, group_id=row.group_id, plan_id=row.plan_id, plan_version=row.plan_version,
            lesson_id=row.lesson_id, review_id=row.review_id, note_id=row.note_id, text=row.text,
            owner=PersonRef(row.owner_id, row.owner_name), due_day=row.due_day, made_ms=row.made_ms,
            closed_ms=row.closed_ms,
            closed_by=PersonRef(row.closed_by_id, row.closer_name) if row.closed_by_id else None,
            by_plan_id=row.by_plan_id, by_version=row.by_version, by_lesson_id=row.by_lesson_id, how=row.how,
        )
        for row in (await tx.execute(query)).all()
    ]  # fmt: skip
