"""The results of a lesson's questions as a table: a pupil a line, a question a column. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from server.lessons.questions.model import AskedQuestion, HandCount, Results
from signaling.answer_values import LETTERS

MAX_HEADING = 40  # characters of a question in its column's heading
_KINDS = {
    "single": "单选",
    "multiple": "多选",
    "true_false": "判断",
    "number": "填数",
    "text": "简答",
    "photo": "交照片",
}


def result_rows(results: Results) -> list[list[object]]:
    """Return the lines of the table, headings first, then the correct answers, then pupils by classroom."""
    heads = [_heading(n, one) for n, one in enumerate(results.questions, 1)]
    rows: list[list[object]] = [["学校", "教室", "学号", "姓名", *heads, "答题数", "答对数"]]
    rows.append(["", "", "", "正确答案", *(shown(one, one.answer) for one in results.questions), "", ""])
    given = {(one.pupil, one.question): one for one in results.answers}
    for room in results.classrooms:
        for pupil in room.pupils:
            answers = [given.get((pupil.id, one.id)) for one in results.questions]
            cells = [
                "" if answer is None else shown(question, answer.value) + ("（补交）" if answer.late else "")
                for question, answer in zip(results.questions, answers, strict=True)
            ]
            right = sum(
                answer is not None and question.answer != "" and answer.value == question.answer
                for question, answer in zip(results.questions, answers, strict=True)
            )
            answered = sum(answer is not None for answer in answers)
            rows.append([room.school, room.name, pupil.number, pupil.name, *cells, answered, right])
    return rows + _hand_rows(results)


def shown(question: AskedQuestion, value: str) -> str:
    """Return a value as people read it."""
    if value == "":
        return ""
    if question.kind == "true_false":
        return "对" if value == "A" else "错"
    return "已交照片" if question.kind == "photo" else value


def _heading(number: int, question: AskedQuestion) -> str:
    title = question.title[:MAX_HEADING] or (f"第 {question.page} 页" if question.page else "口头提问")
    mark = "，下课题" if question.exit_ticket else ""
    return f"第 {number} 题（{_KINDS[question.kind]}{mark}）{title}"


def _hand_rows(results: Results) -> list[list[object]]:
    counted: dict[str, dict[str, HandCount]] = defaultdict(dict)
    for one in results.hands:
        counted[one.classroom][one.question] = one
    rows: list[list[object]] = []
    for room in results.classrooms:
        hands = counted.get(room.id)
        if hands:
            cells = [_hands(question, hands.get(question.id)) for question in results.questions]
            rows.append([room.school, room.name, "", "举手统计", *cells, "", ""])
    return rows


def _hands(question: AskedQuestion, count: HandCount | None) -> str:
    if count is None:
        return ""
    if not count.counts:
        return f"{count.answered}/{count.of} 人"
    letters: Sequence[str] = ("对", "错") if question.kind == "true_false" else LETTERS
    parts = [f"{letter} {n}" for letter, n in zip(letters, count.counts, strict=False)]
    return f"{' '.join(parts)}（共 {count.of} 人）"
