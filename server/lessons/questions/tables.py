"""Tables of questions: those that are prepared, and what came of those that were asked; and every query on them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)

from server.lessons.questions.model import (
    AskedQuestion,
    GivenAnswer,
    HandCount,
    KeptPhoto,
    PreparedQuestion,
    ResultPupil,
)
from server.lessons.rosters.tables import pupils
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata
from signaling import messages as m

prepared_questions = Table(
    "prepared_questions",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("id", String(16), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("title", String(500), nullable=False),
    Column("options", Text, nullable=False),  # a JSON list
    Column("page", Integer, nullable=False),
    Column("exit_ticket", Boolean, nullable=False),
    Column("answer", String(100), nullable=False),
    UniqueConstraint("lesson_id", "id"),
)
# What follows is written in the transaction that stores the events it comes from: it is lost with them or not at all.
asked_questions = Table(
    "asked_questions",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("question", String(32), primary_key=True),
    Column("seq", Integer, nullable=False),  # of the event that asked it: their order
    Column("kind", String(12), nullable=False),
    Column("title", String(500), nullable=False),
    Column("options", Text, nullable=False),  # a JSON list
    Column("page", Integer, nullable=False),
    Column("exit_ticket", Boolean, nullable=False),
    Column("prepared", String(32), nullable=False),
    Column("answer", String(100), nullable=False),  # once it was revealed
    Column("t_ms", EpochMs, nullable=False),
)
pupil_answers = Table(
    "pupil_answers",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("question", String(32), primary_key=True),
    Column("pupil", String(32), primary_key=True),
    Column("classroom_id", String(16), nullable=False),
    Column("value", String(100), nullable=False),  # empty: taken back
    Column("late", Boolean, nullable=False),
    Column("t_ms", EpochMs, nullable=False),
)
hand_counts = Table(
    "hand_counts",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("question", String(32), primary_key=True),
    Column("classroom_id", String(16), primary_key=True),
    Column("counts", Text, nullable=False),  # a JSON list
    Column("answered", Integer, nullable=False),
    Column("of_pupils", Integer, nullable=False),
)
# The last batch of each device that answers for a classroom: what it sends again, counts once, also after the lesson.
answer_sources = Table(
    "answer_sources",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("classroom_id", String(16), primary_key=True),
    Column("source", String(32), primary_key=True),
    Column("revision", BigInteger, nullable=False),
)
answer_photos = Table(
    "answer_photos",
    metadata,
    Column("lesson_id", String(8), ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True),
    Column("classroom_id", String(16), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("mime", String(32), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("added_ms", EpochMs, nullable=False),
)

_decode_options = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_counts = msgspec.json.Decoder(tuple[int, ...]).decode


# --- prepared -----------------------------------------------------------------------------------------------------


async def prepared_of(tx: Transaction, lesson_id: str) -> tuple[PreparedQuestion, ...]:
    """Return the prepared questions of a lesson in order."""
    query = select(prepared_questions).where(prepared_questions.c.lesson_id == lesson_id)
    rows = (await tx.execute(query.order_by(prepared_questions.c.position))).all()
    return tuple(
        PreparedQuestion(
            row.id, row.kind, row.title, _decode_options(row.options), row.page, row.exit_ticket, row.answer
        )
        for row in rows
    )


async def set_prepared(tx: Transaction, lesson_id: str, questions: Sequence[PreparedQuestion]) -> None:
    """Replace the prepared questions of a lesson."""
    await tx.execute(delete(prepared_questions).where(prepared_questions.c.lesson_id == lesson_id))
    rows = [
        {"lesson_id": lesson_id, "position": position, **msgspec.structs.asdict(one), "options": _json(one.options)}
        for position, one in enumerate(questions)
    ]
    if rows:
        await tx.execute(insert(prepared_questions), rows)


# --- results ------------------------------------------------------------------------------------------------------


async def keep_results(tx: Transaction, lesson_id: str, events: Sequence[m.Event]) -> None:
    """Take in events of the quiz that were not stored before, in order of seq; others are passed over."""
    for event in events:
        match event.body:
            case m.QuestionAsked(question=question):
                await _keep_asked(tx, lesson_id, event, question)
            case m.AnswerRevealed(question=number, answer=answer):
                await tx.execute(
                    update(asked_questions)
                    .where(asked_questions.c.lesson_id == lesson_id, asked_questions.c.question == number)
                    .values(answer=answer)
                )
            case m.AnswersGiven() as given:
                await keep_answers(tx, lesson_id, given, event.t_ms)
            case m.TallyChanged(question=number, tallies=tallies):
                for tally in tallies:
                    await keep_tally(tx, lesson_id, number, tally)
            case _:
                pass


async def _keep_asked(tx: Transaction, lesson_id: str, event: m.Event, question: m.Question) -> None:
    await tx.execute(
        insert(asked_questions).values(
            lesson_id=lesson_id,
            question=question.id,
            seq=event.seq,
            kind=question.kind,
            title=question.title,
            options=_json(question.options),
            page=question.page,
            exit_ticket=question.exit_ticket,
            prepared=question.prepared,
            answer="",
            t_ms=event.t_ms,
        )
    )


async def keep_answers(tx: Transaction, lesson_id: str, given: m.AnswersGiven, t_ms: int) -> None:
    """Take in a batch of a device; one without names only counts as the last of its device."""
    await _keep_source(tx, lesson_id, given)
    if not given.answers:
        return
    table = pupil_answers
    await tx.execute(
        delete(table).where(
            table.c.lesson_id == lesson_id,
            table.c.question == given.question,
            table.c.pupil.in_([one.pupil for one in given.answers]),
        )
    )
    own = {
        "lesson_id": lesson_id,
        "question": given.question,
        "classroom_id": given.classroom,
        "late": given.late,
        "t_ms": t_ms,
    }
    values = {one.pupil: one.value for one in given.answers}
    await tx.execute(insert(table), [own | {"pupil": pupil, "value": value} for pupil, value in values.items()])


async def _keep_source(tx: Transaction, lesson_id: str, given: m.AnswersGiven) -> None:
    last = await sources_of(tx, lesson_id, given.classroom)
    values = {"lesson_id": lesson_id, "classroom_id": given.classroom, "source": given.source}
    same = [answer_sources.c[name] == value for name, value in values.items()]
    if given.source not in last:
        await tx.execute(insert(answer_sources).values(**values, revision=given.revision))
    elif given.revision > last[given.source]:
        await tx.execute(update(answer_sources).where(*same).values(revision=given.revision))


async def sources_of(tx: Transaction, lesson_id: str, classroom_id: str) -> dict[str, int]:
    """Return the last revision of each device that answered for the classroom."""
    query = select(answer_sources.c.source, answer_sources.c.revision).where(
        answer_sources.c.lesson_id == lesson_id, answer_sources.c.classroom_id == classroom_id
    )
    return {row.source: row.revision for row in (await tx.execute(query)).all()}


async def keep_tally(tx: Transaction, lesson_id: str, question: str, tally: m.Tally) -> None:
    """Keep a count of hands; answers by name are their own count, and take its place."""
    table = hand_counts
    await tx.execute(
        delete(table).where(
            table.c.lesson_id == lesson_id, table.c.question == question, table.c.classroom_id == tally.classroom
        )
    )
    if tally.by_hands:
        await tx.execute(
            insert(table).values(
                lesson_id=lesson_id,
                question=question,
                classroom_id=tally.classroom,
                counts=_json(tally.counts),
                answered=tally.answered,
                of_pupils=tally.of,
            )
        )


async def asked_of(tx: Transaction, lesson_id: str) -> tuple[AskedQuestion, ...]:
    """Return the questions that were asked in a lesson, in order."""
    query = select(asked_questions).where(asked_questions.c.lesson_id == lesson_id).order_by(asked_questions.c.seq)
    return tuple(
        AskedQuestion(
            row.question,
            row.kind,
            row.title,
            _decode_options(row.options),
            row.page,
            row.exit_ticket,
            row.prepared,
            row.answer,
            row.t_ms,
        )
        for row in (await tx.execute(query)).all()
    )


async def answers_of(tx: Transaction, lesson_id: str, classroom_ids: Sequence[str]) -> tuple[GivenAnswer, ...]:
    """Return what pupils of these classrooms answered; what was taken back is left out."""
    query = select(pupil_answers).where(
        pupil_answers.c.lesson_id == lesson_id,
        pupil_answers.c.classroom_id.in_(classroom_ids),
        pupil_answers.c.value != "",
    )
    return tuple(
        GivenAnswer(row.question, row.classroom_id, row.pupil, row.value, row.late)
        for row in (await tx.execute(query.order_by(pupil_answers.c.pupil))).all()
    )


async def pupils_with_answers(
    tx: Transaction, classroom_ids: Sequence[str], answered: Set[str]
) -> dict[str, tuple[ResultPupil, ...]]:
    """Return the pupils of each classroom by number; of those who left the class, whoever is in `answered`."""
    query = select(pupils).where(pupils.c.classroom_id.in_(classroom_ids)).order_by(pupils.c.number, pupils.c.id)
    found: dict[str, list[ResultPupil]] = {}
    for row in (await tx.execute(query)).all():
        if row.left_ms is None or row.id in answered:
            found.setdefault(row.classroom_id, []).append(ResultPupil(row.id, row.number, row.name))
    return {classroom: tuple(here) for classroom, here in found.items()}


async def hands_of(tx: Transaction, lesson_id: str, classroom_ids: Sequence[str]) -> tuple[HandCount, ...]:
    """Return how many raised their hands, in these classrooms."""
    query = select(hand_counts).where(
        hand_counts.c.lesson_id == lesson_id, hand_counts.c.classroom_id.in_(classroom_ids)
    )
    return tuple(
        HandCount(row.question, row.classroom_id, _decode_counts(row.counts), row.answered, row.of_pupils)
        for row in (await tx.execute(query.order_by(hand_counts.c.classroom_id))).all()
    )


# --- photos -------------------------------------------------------------------------------------------------------


async def add_photo(tx: Transaction, lesson_id: str, classroom_id: str, photo: KeptPhoto, now_ms: int) -> None:
    """Note a photo; the same one again changes nothing."""
    if await find_photo(tx, lesson_id, photo.id, (classroom_id,)) is None:
        values = msgspec.structs.asdict(photo) | {"added_ms": now_ms}
        await tx.execute(insert(answer_photos).values(lesson_id=lesson_id, classroom_id=classroom_id, **values))


async def count_photos(tx: Transaction, lesson_id: str, classroom_id: str) -> int:
    """Return how many photos a classroom has sent in a lesson."""
    query = select(func.count()).where(
        answer_photos.c.lesson_id == lesson_id, answer_photos.c.classroom_id == classroom_id
    )
    return int((await tx.execute(query)).scalar_one())


async def find_photo(
    tx: Transaction, lesson_id: str, photo_id: str, classroom_ids: Sequence[str] | None
) -> KeptPhoto | None:
    """Return a photo of one of these classrooms; None for all classrooms of the lesson."""
    query = select(answer_photos).where(answer_photos.c.lesson_id == lesson_id, answer_photos.c.id == photo_id)
    if classroom_ids is not None:
        query = query.where(answer_photos.c.classroom_id.in_(classroom_ids))
    row: Any = (await tx.execute(query.limit(1))).first()
    return None if row is None else KeptPhoto(row.id, row.sha256, row.mime, row.bytes)


def _json(values: Sequence[object]) -> str:
    return msgspec.json.encode(values).decode()
