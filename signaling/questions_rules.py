"""What requests of the quiz change, and how answers are counted. Pure functions of the lesson's state.

Requests name what they are about by ids of the client, and every one of them may arrive twice, late, or after the
question was put away: then it changes nothing. What arrives after a question was closed was answered by pupils all the
same (a phone may be offline for minutes): it is taken, and marked late.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Set

from msgspec.structs import replace

from signaling import messages as m, questions as q
from signaling.acting import require_may
from signaling.answer_values import LETTERS, PHOTO, WRITTEN_KINDS, clean_value, is_same_answer, option_letters
from signaling.errors import Refused
from signaling.roles import Capability, Role, require
from signaling.text import clean_text

QuestionCommand = (
    q.AskQuestion | q.CloseQuestion | q.RevealAnswer | q.ShowResults | q.PutAway | q.GiveAnswers | q.CountHands
)
Bodies = tuple[m.EventBody, ...]

MAX_PAGE = 2000
TALLY_S = 0.5  # counts follow answers this late: sixty classrooms that answer at once make two events a second
_ID = re.compile(r"[A-Za-z0-9_-]{8,32}")
_PREPARED = re.compile(r"[A-Za-z0-9]{1,16}")


def decide_question(state: m.Snapshot, actor: m.Participant, request: QuestionCommand) -> Bodies:
    """Return the events that carry out `request`, in order; none when it is so already.

    Raises:
        Refused: `not_allowed`, `lesson_state`, `question_open`, `question_unknown`, `questions_too_many`,
            `question_invalid`, `answer_invalid`, `answers_too_many` or `text_too_long`.
    """
    match request:
        case q.GiveAnswers():
            return _give(state, actor, request)
        case q.CountHands():
            return _count_hands(state, actor, request)
    require_may(state, actor, Capability.ASK)
    if isinstance(request, q.AskQuestion):
        return _ask(state, request.question)
    asked = _find(state.quiz, request.question)
    if asked is None:
        if any(one.id == request.question for one in state.quiz.past):
            return ()
        raise Refused("question_unknown", "没有这道题，请刷新页面。")
    if asked.stage == "away":
        return ()
    return _move(state, asked, request)


def stale_tallies(state: m.Snapshot) -> tuple[m.TallyChanged, ...]:
    """Return the counts that do not say yet what the sheets say, an event for each question."""
    changes = []
    for asked in state.quiz.asked:
        known = {tally.classroom: tally for tally in asked.tallies}
        fresh = [_tally(state, asked, sheet) for sheet in state.quiz.sheets if _is_of(sheet, asked)]
        stale = tuple(
            tally
            for tally in fresh
            if tally != known.get(tally.classroom) and not _is_by_hands(known.get(tally.classroom))
        )
        if stale:
            changes.append(m.TallyChanged(asked.question.id, stale))
    return tuple(changes)


# --- the asking side


def _ask(state: m.Snapshot, question: q.Question) -> Bodies:
    quiz = state.quiz
    if _find(quiz, question.id) is not None or any(one.id == question.id for one in quiz.past):
        return ()
    if state.lesson.state == "ended":
        raise Refused("lesson_state", "这节课现在不能这样做。")
    if len(quiz.asked) + len(quiz.past) >= q.MAX_QUESTIONS:
        raise Refused("questions_too_many", f"一节课最多提 {q.MAX_QUESTIONS} 道题。")
    on = q.current(quiz)
    if on is not None and on.stage == "open":
        raise Refused("question_open", "上一道题还在作答，请先停止作答再提新的题。")
    return (*stale_tallies(state), m.QuestionAsked(check_question(question)))


def check_question(question: q.Question) -> q.Question:
    """Return the question as it is asked, texts on one line.

    Raises:
        Refused: `question_invalid` or `text_too_long`.
    """
    title = clean_text(question.title)
    options = tuple(clean_text(one) for one in question.options)
    has_options = question.kind in ("single", "multiple")
    is_sound = (
        _ID.fullmatch(question.id) is not None
        and (question.prepared == "" or _PREPARED.fullmatch(question.prepared) is not None)
        and 0 <= question.page <= MAX_PAGE
        and (2 <= len(options) <= q.MAX_OPTIONS if has_options else not options)
    )
    if not is_sound:
        raise Refused("question_invalid", f"选择题要有 2 到 {q.MAX_OPTIONS} 个选项，别的题没有选项。")
    if len(title) > q.MAX_TITLE or any(len(one) > q.MAX_OPTION for one in options):
        raise Refused("text_too_long", f"题目最多 {q.MAX_TITLE} 个字，每个选项最多 {q.MAX_OPTION} 个字。")
    return replace(question, title=title, options=options)


def _move(
    state: m.Snapshot, asked: q.Asked, request: q.CloseQuestion | q.RevealAnswer | q.ShowResults | q.PutAway
) -> Bodies:
    """Return the events of a request about a question that is on."""
    number = asked.question.id
    close = (m.QuestionClosed(number),) if asked.stage == "open" else ()
    written = _written_answers(state.quiz, asked.question)
    again = (m.ResultsShown(number, True, asked.photo, written),) if asked.on_walls and written != asked.written else ()
    match request:
        case q.CloseQuestion():
            return (*stale_tallies(state), *close, *again) if close else ()
        case q.RevealAnswer(answer=answer):
            answer = clean_value(asked.question, answer)
            if asked.stage == "revealed" and asked.answer == answer:
                return ()
            return (*stale_tallies(state), *close, m.AnswerRevealed(number, answer), *again)
        case q.ShowResults(on_walls=on_walls, photo=photo):
            if photo and PHOTO.fullmatch(photo) is None:
                raise Refused("answer_invalid", "没有这张照片，请刷新页面。")
            if (asked.on_walls, asked.photo) == (on_walls, photo):
                return ()
            shown = written if on_walls and asked.stage != "open" else ()
            return (*stale_tallies(state), m.ResultsShown(number, on_walls, photo, shown))
        case q.PutAway():
            return (*stale_tallies(state), m.QuestionPutAway(number))


# --- the answering side


def _give(state: m.Snapshot, actor: m.Participant, request: q.GiveAnswers) -> Bodies:
    classroom, is_new = _batch(state, actor, request)
    if not is_new:
        return ()
    asked = _find(state.quiz, request.question)
    if asked is None:  # too long ago to be counted, not too late to be kept
        question = _question_of_past(state.quiz, request.question)
        answers = _clean_answers(state, classroom, question, request.answers)
        return (m.AnswersGiven(request.question, classroom, request.source, request.revision, answers, True),)
    answers = _clean_answers(state, classroom, asked.question, request.answers)
    late = asked.stage != "open"
    given = m.AnswersGiven(asked.question.id, classroom, request.source, request.revision, answers, late)
    known = next((one for one in asked.tallies if one.classroom == classroom), None)
    if not _is_by_hands(known):
        return (given,)  # counted with the next, by `stale_tallies`
    sheet = next(one for one in q.step(state.quiz, given, 0).sheets if _is_at(one, asked, classroom))
    return (given, m.TallyChanged(asked.question.id, (_tally(state, asked, sheet),)))


def _count_hands(state: m.Snapshot, actor: m.Participant, request: q.CountHands) -> Bodies:
    require(actor.role, Capability.COUNT_HANDS)
    classroom, is_new = _batch(state, actor, request)
    asked = _find(state.quiz, request.question)
    if not is_new or asked is None:
        return ()
    tally = counted_hands(asked.question, classroom, request)
    late = asked.stage != "open"
    batch = m.AnswersGiven(asked.question.id, classroom, request.source, request.revision, (), late)
    return (batch, m.TallyChanged(asked.question.id, (tally,)))


def counted_hands(question: q.Question, classroom: m.ClassroomId, request: q.CountHands) -> q.Tally:
    """Return what raised hands say.

    Raises:
        Refused: `answer_invalid`.
    """
    columns = len(option_letters(question)) or 1
    counts, of = request.counts, request.of
    is_sound = len(counts) == columns and 0 <= of <= q.MAX_HANDS and all(0 <= one <= q.MAX_HANDS for one in counts)
    if not is_sound:
        raise Refused("answer_invalid", f"举手人数要在 0 到 {q.MAX_HANDS} 之间。")
    answered = max(counts) if question.kind == "multiple" else sum(counts)
    shown = counts if option_letters(question) else ()
    return q.Tally(classroom, shown, answered, max(of, answered), by_hands=True)


def is_new_batch(request: q.GiveAnswers | q.CountHands, sources: Mapping[str, int]) -> bool:
    """Return whether a batch is news, by the last revisions of its classroom's devices.

    Raises:
        Refused: `answer_invalid` or `answers_too_many`.
    """
    if _ID.fullmatch(request.source) is None or not 1 <= request.revision <= 1 << 31:
        raise Refused("answer_invalid", "答案的编号不对，请刷新页面。")
    if request.source not in sources and len(sources) >= q.MAX_SOURCES:
        raise Refused("answers_too_many", "这间教室用来作答的设备太多。")
    return request.revision > sources.get(request.source, 0)


def _batch(
    state: m.Snapshot, actor: m.Participant, request: q.GiveAnswers | q.CountHands
) -> tuple[m.ClassroomId, bool]:
    """Return whose answers these are, and whether they are news."""
    require(actor.role, Capability.ANSWER)
    classroom = _classroom_of(state, actor, request.classroom)
    if _find(state.quiz, request.question) is None:
        _question_of_past(state.quiz, request.question)
    last = {one.source: one.revision for one in state.quiz.sources if one.classroom == classroom}
    return classroom, is_new_batch(request, last)


def _classroom_of(state: m.Snapshot, actor: m.Participant, wanted: m.ClassroomId) -> m.ClassroomId:
    """Return the classroom that `actor` may answer for."""
    if actor.role is Role.LECTURER:
        rooms = [one.classroom for one in state.participants if one.role is Role.CLASSROOM]
        if wanted in rooms or any(roster.classroom == wanted for roster in state.rosters):
            return wanted
        raise Refused("classroom_absent", "这间教室不在课堂里。")
    if actor.classroom is None or wanted not in ("", actor.classroom):
        raise Refused("not_allowed", "只能提交自己教室的答案。")
    return m.ClassroomId(actor.classroom)


def _clean_answers(
    state: m.Snapshot, classroom: m.ClassroomId, question: q.Question, answers: tuple[q.Answer, ...]
) -> tuple[q.Answer, ...]:
    """Return the answers as they are kept, if the lesson has room for them."""
    roster = next((one for one in state.rosters if one.classroom == classroom), None)
    known = frozenset(pupil.id for pupil in roster.pupils) if roster is not None else frozenset()
    kept = clean_answers(known, question, answers)
    if question.kind == "text" and _written(state.quiz) + sum(len(one.value) for one in kept) > q.MAX_WRITTEN:
        raise Refused("answers_too_many", "文字答案太多，这节课放不下了。请改用举手统计。")
    return kept


def clean_answers(known: Set[m.PupilId], question: q.Question, answers: tuple[q.Answer, ...]) -> tuple[q.Answer, ...]:
    """Return the answers as they are kept; those of pupils who left the class meanwhile are left out.

    Raises:
        Refused: `answer_invalid` or `text_too_long`.
    """
    if not 1 <= len(answers) <= q.MAX_BATCH:
        raise Refused("answer_invalid", f"一次最多提交 {q.MAX_BATCH} 个答案。")
    clean = {one.pupil: clean_value(question, one.value) for one in answers}
    kept = tuple(q.Answer(pupil, value) for pupil, value in clean.items() if pupil in known)
    if not kept:
        raise Refused("answer_invalid", "名单里没有这些学生，请刷新名单。")
    return kept


def _question_of_past(quiz: q.Quiz, question: q.QuestionId) -> q.Question:
    """Return what is still known of a question of before; its letters are those that any question can have."""
    past = next((one for one in quiz.past if one.id == question), None)
    if past is None:
        raise Refused("question_unknown", "没有这道题，请刷新页面。")
    options = tuple(LETTERS) if past.kind in ("single", "multiple") else ()
    return q.Question(past.id, past.kind, past.title, options)


def _tally(state: m.Snapshot, asked: q.Asked, sheet: q.Sheet) -> q.Tally:
    """Return the counts of a classroom's sheet."""
    letters = option_letters(asked.question)
    counts = tuple(sum(letter in one.value for one in sheet.answers) for letter in letters)
    if asked.question.kind in WRITTEN_KINDS and asked.answer:
        right = sum(is_same_answer(one.value, asked.answer) for one in sheet.answers)
        counts = (right, len(sheet.answers) - right)
    answered = frozenset(one.pupil for one in sheet.answers)
    here = _present(state, sheet.classroom) | answered
    return q.Tally(sheet.classroom, counts, len(answered), len(here))


def _written_answers(quiz: q.Quiz, question: q.Question) -> tuple[q.Written, ...]:
    """Return what all classrooms wrote, the same answers together, the most frequent first."""
    if question.kind not in WRITTEN_KINDS:
        return ()
    given = [one.value for sheet in quiz.sheets if sheet.question == question.id for one in sheet.answers]
    first = {value.casefold(): value for value in sorted(given, reverse=True)}
    counts = Counter(value.casefold() for value in given)
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(q.Written(first[value], count) for value, count in ordered[: q.MAX_SHOWN])


def _present(state: m.Snapshot, classroom: m.ClassroomId) -> frozenset[m.PupilId]:
    pupils: Iterable[m.PupilId] = (
        pupil.id for roster in state.rosters if roster.classroom == classroom for pupil in roster.pupils
    )
    absent = {pupil for one in state.absences if one.classroom == classroom for pupil in one.absent}
    return frozenset(pupil for pupil in pupils if pupil not in absent)


def _written(quiz: q.Quiz) -> int:
    """Return how many characters of text answers the state holds."""
    texts = {one.question.id for one in quiz.asked if one.question.kind == "text"}
    return sum(len(one.value) for sheet in quiz.sheets if sheet.question in texts for one in sheet.answers)


def _find(quiz: q.Quiz, question: q.QuestionId) -> q.Asked | None:
    return next((one for one in quiz.asked if one.question.id == question), None)


def _is_of(sheet: q.Sheet, asked: q.Asked) -> bool:
    return sheet.question == asked.question.id


def _is_at(sheet: q.Sheet, asked: q.Asked, classroom: m.ClassroomId) -> bool:
    return _is_of(sheet, asked) and sheet.classroom == classroom


def _is_by_hands(tally: q.Tally | None) -> bool:
    return tally is not None and tally.by_hands
