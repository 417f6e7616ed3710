"""Requests of the quiz as clients may send them: sensible, repeated, late, and wrong."""

from __future__ import annotations

import random

from signaling import messages as m

SINGLE = m.Question(m.QuestionId("question-1"), "single", "折射角____入射角", ("大于", "等于", "小于"), 7)
MULTIPLE = m.Question(m.QuestionId("question-2"), "multiple", "哪些是光源？", ("太阳", "月亮", "萤火虫", "镜子"))
TRUE_FALSE = m.Question(m.QuestionId("question-3"), "true_false", "光在水里走得更慢", exit_ticket=True)
NUMBER = m.Question(m.QuestionId("question-4"), "number", "48 ÷ 5 = ?")
TEXT = m.Question(m.QuestionId("question-5"), "text", "用一个词说说今天学了什么")
PHOTO = m.Question(m.QuestionId("question-6"), "photo", "画出光路图", prepared="prep1")
QUESTIONS = (SINGLE, MULTIPLE, TRUE_FALSE, NUMBER, TEXT, PHOTO)
PICTURE = "0123456789abcdef" * 2
VALUES = ("A", "F", "")
FITTING: dict[m.QuestionKind, tuple[str, ...]] = {
    "single": ("A", "B", "C"),
    "multiple": ("A", "CA", "BD"),
    "true_false": ("A", "B"),
    "number": ("9.60", "-3", "10"),
    "text": ("光的折射", "影子", "水"),
    "photo": (PICTURE,),
}
ROOM = m.ClassroomId("c0")
PHONE, WALL = "phone-source", "wall-source"


def pupil(number: int, classroom: int = 0) -> m.PupilId:
    """Return the id of a pupil."""
    return m.PupilId(f"p{classroom}-{number:02}")


def roster(classroom: int, pupils: int = 4) -> m.Roster:
    """Return the roster of a classroom."""
    seats = tuple(m.Pupil(pupil(n, classroom), n, f"学生{n}", 1, n, n - 1) for n in range(1, pupils + 1))
    return m.Roster(m.ClassroomId(f"c{classroom}"), seats)


def give(
    question: m.Question, revision: int, *answers: tuple[int, str], source: str = PHONE, room: str = ""
) -> m.GiveAnswers:
    """Return a batch of answers of the first classroom, each as number of the pupil and value."""
    values = tuple(m.Answer(pupil(number), value) for number, value in answers)
    return m.GiveAnswers(1, question.id, source, revision, values, m.ClassroomId(room))


def any_request(rng: random.Random, quiz: m.Quiz) -> m.ClientMessage:
    """Return any request of the quiz, more often than not about the question that is on."""
    on = [asked.question for asked in quiz.asked[-1:]]
    question = rng.choice([*on * 12, *QUESTIONS])
    number = rng.randint(0, 1)
    room = m.ClassroomId(rng.choice([f"c{number}", f"c{number}", ""]))
    source, revision = rng.choice([PHONE, WALL]), rng.randint(1, 30)
    values = FITTING[question.kind] * 2 + VALUES
    answers = tuple(m.Answer(pupil(n, number), rng.choice(values)) for n in rng.sample(range(1, 5), 2))
    counts = (3, 2, 0, 1)[: len(question.options) or 1]
    requests: tuple[tuple[int, m.ClientMessage], ...] = (
        (4, m.AskQuestion(1, rng.choice(QUESTIONS))),
        (12, m.GiveAnswers(2, question.id, source, revision, answers, room)),
        (2, m.CountHands(3, question.id, source, revision, counts, 9, room)),
        (2, m.CloseQuestion(4, question.id)),
        (2, m.RevealAnswer(5, question.id, rng.choice(values))),
        (1, m.ShowResults(6, question.id, rng.random() < 0.7, rng.choice(["", PICTURE]))),
        (1, m.PutAway(7, question.id)),
    )
    return rng.choices([one for _, one in requests], [weight for weight, _ in requests])[0]
