"""The questions of a lesson: what is asked, how each classroom answers, and what was asked before.

Theory of operation. A question is asked, closed, revealed and put away, and one of them is on at a time. What everybody
knows of the answers are `Tally`s, one a classroom; who answered what is a `Sheet`, private to the classroom and to
lecturers (`signaling.views`). Tallies do not follow from sheets in the reducer, since most readers have no sheets: the
room counts (`signaling.questions_rules`) and says so in events of their own.

Answers come in batches from phones that were offline for minutes, may arrive twice, and may arrive after a correction
from another phone. So each device numbers its batches: `source` is the device, `revision` grows with each batch, and a
batch that is not newer than the last one of its device is a repetition. A value is always text: the letters of the
chosen options in order ("A", "AC"; true or false: "A" is true, "B" is false), a number, a text, or the id of a photo.
An empty value takes an answer back.

The correct answer is in no event before `AnswerRevealed`.
"""

from __future__ import annotations

from typing import Literal, NewType

import msgspec
from msgspec.structs import replace

from signaling.ids import ClassroomId, PupilId

QuestionId = NewType("QuestionId", str)  # chosen by whoever asks, so that asking twice asks once

QuestionKind = Literal["single", "multiple", "true_false", "number", "text", "photo"]
QuestionStage = Literal["open", "closed", "revealed", "away"]

MAX_QUESTIONS = 60  # of a lesson: one in 45 s
MAX_WHOLE = 3  # the last questions are kept with all tallies and answers, for phones that come back late
MAX_TITLE = 500
MAX_OPTIONS = 6
MAX_OPTION = 80
MAX_CARD_OPTIONS = 4  # a card has four sides
MAX_TEXT_ANSWER = 100
MAX_PAST_TITLE = 60
MAX_SOURCES = 16  # devices of one classroom: a wall, phones, and pages that may not store their id
MAX_BATCH = 60  # answers: a whole class at once (`class_list.MAX_PUPILS`)
MAX_HANDS = 99  # pupils in a room, counted by raised hands
MAX_SHOWN = 6  # different answers on a wall: two lines that are read from 8 m
MAX_WRITTEN = 100_000  # characters of text answers in one room: 300 kB of a snapshot, which a socket can still take


class Question(msgspec.Struct, frozen=True):
    """What is asked. True-or-false has no options; its letters are A (true) and B (false)."""

    id: QuestionId
    kind: QuestionKind
    title: str = ""  # up to 500 characters; empty: asked aloud, or on the page
    options: tuple[str, ...] = ()  # of single and multiple: 2..6, each up to 80 characters, or empty
    page: int = 0  # that it belongs to; 0: none
    exit_ticket: bool = False
    prepared: str = ""  # id of the prepared question that it was asked from


class Tally(msgspec.Struct, frozen=True):
    """How a classroom answered, in numbers."""

    classroom: ClassroomId
    counts: tuple[int, ...]  # of each option; of numbers and texts, once the answer is told, right ones and others
    answered: int
    of: int  # pupils who are there; 0: not known
    by_hands: bool = False  # counted by raised hands, without names


class Written(msgspec.Struct, frozen=True):
    """A number or a text that pupils gave as answer, and how many of them; without names."""

    value: str
    count: int


class Asked(msgspec.Struct, frozen=True):
    """A question and how far it is."""

    question: Question
    stage: QuestionStage
    asked_t_ms: int
    tallies: tuple[Tally, ...] = ()  # in order of the classrooms' ids
    answer: str = ""  # the correct value, once revealed; empty: there is none, or it was not said
    on_walls: bool = False  # whether the walls show the tallies
    photo: str = ""  # a pupil's photo that the walls show
    written: tuple[Written, ...] = ()  # what the walls show of numbers and texts, the most frequent first


class PastQuestion(msgspec.Struct, frozen=True):
    """A question that is over, in short: all classrooms together."""

    id: QuestionId
    kind: QuestionKind
    title: str  # its first 60 characters
    page: int
    exit_ticket: bool
    prepared: str
    answer: str
    counts: tuple[int, ...]
    answered: int
    of: int


class Answer(msgspec.Struct, frozen=True):
    """What one pupil answered; empty: nothing, or taken back."""

    pupil: PupilId
    value: str


class Sheet(msgspec.Struct, frozen=True):
    """Who of a classroom answered what."""

    question: QuestionId
    classroom: ClassroomId
    answers: tuple[Answer, ...]  # in order of the pupils' ids


class AnswerSource(msgspec.Struct, frozen=True):
    """The last batch that came from a device of a classroom."""

    classroom: ClassroomId
    source: str
    revision: int


class Quiz(msgspec.Struct, frozen=True):
    """All questions of a lesson so far."""

    asked: tuple[Asked, ...] = ()  # the last ones, the newest at the end
    past: tuple[PastQuestion, ...] = ()  # those before, the oldest first
    sheets: tuple[Sheet, ...] = ()  # private to the classroom, like the next
    sources: tuple[AnswerSource, ...] = ()


class QuestionAsked(msgspec.Struct, frozen=True, tag_field="kind", tag="question_asked"):
    """A question is on; the one before it is away."""

    question: Question


class QuestionClosed(msgspec.Struct, frozen=True, tag_field="kind", tag="question_closed"):
    """No more answers are collected. What a phone collected before may still arrive."""

    question: QuestionId


class AnswerRevealed(msgspec.Struct, frozen=True, tag_field="kind", tag="answer_revealed"):
    """The correct answer is said; empty: there is none to say."""

    question: QuestionId
    answer: str


class ResultsShown(msgspec.Struct, frozen=True, tag_field="kind", tag="results_shown"):
    """What the walls show of the answers: the tallies or not, a pupil's photo or none."""

    question: QuestionId
    on_walls: bool
    photo: str = ""
    written: tuple[Written, ...] = ()


class QuestionPutAway(msgspec.Struct, frozen=True, tag_field="kind", tag="question_put_away"):
    """The screens show the question no longer."""

    question: QuestionId


class TallyChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="tally_changed"):
    """The counts of these classrooms, whole; those of others are as before."""

    question: QuestionId
    tallies: tuple[Tally, ...]


class AnswersGiven(msgspec.Struct, frozen=True, tag_field="kind", tag="answers_given"):
    """Private to the classroom: a batch of answers, by name."""

    question: QuestionId
    classroom: ClassroomId
    source: str
    revision: int
    answers: tuple[Answer, ...]
    late: bool = False  # came after the question was closed


class AskQuestion(msgspec.Struct, frozen=True, tag_field="type", tag="ask_question"):
    """Ask. A question that was closed is put away by it; an open one must be closed first."""

    id: int
    question: Question


class CloseQuestion(msgspec.Struct, frozen=True, tag_field="type", tag="close_question"):
    """Collect no more answers."""

    id: int
    question: QuestionId


class RevealAnswer(msgspec.Struct, frozen=True, tag_field="type", tag="reveal_answer"):
    """Say the correct answer to everybody, and close the question if it is open."""

    id: int
    question: QuestionId
    answer: str = ""


class ShowResults(msgspec.Struct, frozen=True, tag_field="type", tag="show_results"):
    """Show the results on the walls or not, and one pupil's photo or none.

    What pupils wrote stands there once no more answers are collected: nobody shall copy from the wall.
    """

    id: int
    question: QuestionId
    on_walls: bool
    photo: str = ""


class PutAway(msgspec.Struct, frozen=True, tag_field="type", tag="put_away"):
    """Take the question from the screens; its results stay."""

    id: int
    question: QuestionId


class GiveAnswers(msgspec.Struct, frozen=True, tag_field="type", tag="give_answers"):
    """Answers of pupils, by name: of the own classroom, or (a lecturer) of `classroom`.

    An empty value takes a pupil's answer back. `revision` grows by itself from 1 with each batch of `source`, which is
    random for each device, 8 to 32 letters and digits.
    """

    id: int
    question: QuestionId
    source: str
    revision: int
    answers: tuple[Answer, ...]
    classroom: ClassroomId = ClassroomId("")


class CountHands(msgspec.Struct, frozen=True, tag_field="type", tag="count_hands"):
    """How many raised their hands for each option, without names; without options one number: who has an answer.

    It stands in place of answers by name until one of those comes again. `of`: how many pupils are there.
    """

    id: int
    question: QuestionId
    source: str
    revision: int
    counts: tuple[int, ...]
    of: int
    classroom: ClassroomId = ClassroomId("")


QuestionEvent = (
    QuestionAsked | QuestionClosed | AnswerRevealed | ResultsShown | QuestionPutAway | TallyChanged | AnswersGiven
)


def step(quiz: Quiz, body: QuestionEvent, t_ms: int) -> Quiz:
    """Return the quiz after an event. One of a question that is not kept whole any more changes no question."""
    match body:
        case QuestionAsked(question=question):
            asked = (*(_put_away(one) for one in quiz.asked), Asked(question, "open", t_ms))
            return _shorten(replace(quiz, asked=asked))
        case QuestionClosed():
            return _change(quiz, body.question, stage="closed")
        case AnswerRevealed(answer=answer):
            return _change(quiz, body.question, stage="revealed", answer=answer)
        case ResultsShown(on_walls=on_walls, photo=photo, written=written):
            return _change(quiz, body.question, on_walls=on_walls, photo=photo, written=written)
        case QuestionPutAway():
            asked = tuple(_put_away(one) if one.question.id == body.question else one for one in quiz.asked)
            return replace(quiz, asked=asked)
        case TallyChanged(tallies=tallies):
            asked = tuple(
                replace(one, tallies=_merged(one.tallies, tallies)) if one.question.id == body.question else one
                for one in quiz.asked
            )
            return replace(quiz, asked=asked)
        case AnswersGiven():
            return _give(quiz, body)


def current(quiz: Quiz) -> Asked | None:
    """Return the question that is on the screens."""
    return quiz.asked[-1] if quiz.asked and quiz.asked[-1].stage != "away" else None


def _change(quiz: Quiz, question: QuestionId, **changes: object) -> Quiz:
    asked = tuple(replace(one, **changes) if one.question.id == question else one for one in quiz.asked)
    return replace(quiz, asked=asked)


def _put_away(one: Asked) -> Asked:
    return replace(one, stage="away", on_walls=False, photo="", written=())


def _merged(before: tuple[Tally, ...], changed: tuple[Tally, ...]) -> tuple[Tally, ...]:
    tallies = {one.classroom: one for one in (*before, *changed)}
    return tuple(tallies[classroom] for classroom in sorted(tallies))


def _shorten(quiz: Quiz) -> Quiz:
    """Keep the last questions whole, and those before in short and without names."""
    over, asked = quiz.asked[:-MAX_WHOLE], quiz.asked[-MAX_WHOLE:]
    if not over:
        return quiz
    kept = {one.question.id for one in asked}
    sheets = tuple(sheet for sheet in quiz.sheets if sheet.question in kept)
    past = (*quiz.past, *(_in_short(one) for one in over))[-MAX_QUESTIONS:]
    return replace(quiz, asked=asked, past=past, sheets=sheets)


def _in_short(one: Asked) -> PastQuestion:
    question = one.question
    columns = max((len(tally.counts) for tally in one.tallies), default=0)
    counts = tuple(sum(tally.counts[n] for tally in one.tallies if n < len(tally.counts)) for n in range(columns))
    return PastQuestion(
        question.id,
        question.kind,
        question.title[:MAX_PAST_TITLE],
        question.page,
        question.exit_ticket,
        question.prepared,
        one.answer,
        counts,
        sum(tally.answered for tally in one.tallies),
        sum(tally.of for tally in one.tallies),
    )


def _give(quiz: Quiz, body: AnswersGiven) -> Quiz:
    mine = AnswerSource(body.classroom, body.source, body.revision)
    others = [one for one in quiz.sources if (one.classroom, one.source) != (mine.classroom, mine.source)]
    sources = tuple(sorted([*others, mine], key=lambda one: (one.classroom, one.source)))
    if not body.answers or all(one.question.id != body.question for one in quiz.asked):
        return replace(quiz, sources=sources)
    where = (body.question, body.classroom)
    before = next((one.answers for one in quiz.sheets if (one.question, one.classroom) == where), ())
    values = {one.pupil: one.value for one in (*before, *body.answers)}
    answers = tuple(Answer(pupil, values[pupil]) for pupil in sorted(values) if values[pupil])
    rest = [one for one in quiz.sheets if (one.question, one.classroom) != where]
    sheets = tuple(sorted([*rest, Sheet(*where, answers)], key=lambda one: (one.question, one.classroom)))
    return replace(quiz, sources=sources, sheets=sheets)
