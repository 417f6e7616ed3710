"""Answers that reach the server after the lesson: a phone was offline until it was over.

They are checked by the rules of the live lesson and stored where its events would have brought them. The log of the
lesson is closed and stays as it was; so is what the screens showed.
"""

from __future__ import annotations

from server.accounts.model import Asker
from server.lessons import tables as lesson_tables
from server.lessons.access import entries
from server.lessons.model import Lesson
from server.lessons.questions import tables
from server.lessons.rosters.tables import pupils_of
from server.storage.database import Transaction
from signaling import messages as m
from signaling.errors import Refused
from signaling.questions_rules import clean_answers, counted_hands, is_new_batch
from signaling.roles import Capability, Role, is_granted

LateBatch = m.GiveAnswers | m.CountHands


def may_answer(asker: Asker, lesson: Lesson, classroom_id: str, capability: Capability = Capability.ANSWER) -> bool:
    """Return whether the asker may answer for a classroom: for the own one, or as a lecturer for any of the lesson."""
    for entry in entries(asker, lesson):
        if not is_granted(entry.role, capability):
            continue
        if entry.role is Role.LECTURER:
            if any(room.id == classroom_id for room in lesson.classrooms):
                return True
        elif entry.classroom is not None and entry.classroom.id == classroom_id:
            return True
    return False


async def keep_late(tx: Transaction, asker: Asker, lesson_id: str, batch: LateBatch, now_ms: int) -> bool:
    """Store a batch of a lesson that has ended; return whether it was news: the same one again changes nothing.

    `now_ms` is in UTC epoch milliseconds.

    Raises:
        Refused: `not_allowed`, `lesson_state`, `question_unknown`, `answer_invalid`, `answers_too_many` or
            `text_too_long`.
    """
    lesson = await lesson_tables.find_lesson(tx, lesson_id)
    needed = Capability.COUNT_HANDS if isinstance(batch, m.CountHands) else Capability.ANSWER
    if lesson is None or not may_answer(asker, lesson, batch.classroom, needed):
        raise Refused("not_allowed", "只能提交自己教室的答案。")
    if lesson.state != "ended":
        raise Refused("lesson_state", "这节课还没有下课，请在课堂里提交答案。")
    asked = next((one for one in await tables.asked_of(tx, lesson_id) if one.id == batch.question), None)
    if asked is None:
        raise Refused("question_unknown", "这节课没有问过这道题。")
    question = m.Question(m.QuestionId(asked.id), asked.kind, asked.title, asked.options)
    if not is_new_batch(batch, await tables.sources_of(tx, lesson_id, batch.classroom)):
        return False
    t_ms = max(0, now_ms - (lesson.opened_wallclock_ms or now_ms))
    await _keep(tx, lesson_id, question, batch, t_ms)
    return True


async def _keep(tx: Transaction, lesson_id: str, question: m.Question, batch: LateBatch, t_ms: int) -> None:
    classroom = batch.classroom
    answers: tuple[m.Answer, ...] = ()
    if isinstance(batch, m.CountHands):
        tally = counted_hands(question, classroom, batch)
    else:
        known = frozenset(one.id for one in (await pupils_of(tx, [classroom]))[classroom])
        answers = clean_answers(known, question, batch.answers)
        tally = m.Tally(classroom, (), 0, 0)  # names take the place of a count of hands, and are counted as they are
    given = m.AnswersGiven(question.id, classroom, batch.source, batch.revision, answers, True)
    await tables.keep_answers(tx, lesson_id, given, t_ms)
    await tables.keep_tally(tx, lesson_id, question.id, tally)
