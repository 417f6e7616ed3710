"""What a lesson takes from a plan: its segments, the questions of its steps, the deck whose pages it links. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from server.lessons.questions.model import MAX_PREPARED, PreparedQuestion
from server.planning.document import Node, Step, steps, text_of, walk
from signaling.errors import Refused
from signaling.messages import MAX_OPTIONS, MAX_SEGMENTS, Question, QuestionId
from signaling.questions import QuestionKind
from signaling.questions_rules import check_question
from signaling.segments import Segment

OWN = "s-"  # prefix of the ids of questions that came from a plan; no other id has a hyphen
MAX_TITLE = 60  # characters of a segment: one quiet line
UNTITLED = "未命名环节"
_OPTION = re.compile(r"(?:^|\s)([A-F])\s*[.．、)）:：]\s*")
_ANSWER = re.compile(r"[(（]?\s*答案?\s*[:：]\s*([A-F]{1,6})\s*[)）]?\s*$")


class Outline(msgspec.Struct, frozen=True):
    """What a lesson takes from a plan."""

    segments: tuple[Segment, ...]
    questions: tuple[PreparedQuestion, ...]
    deck_id: str  # empty: the plan links no page
    left_out: tuple[str, ...]  # what could not be taken, in words


def outline_of(tree: Node) -> Outline:
    """Return what a lesson takes from the plan."""
    found = steps(tree)
    left_out: list[str] = []
    if len(found) > MAX_SEGMENTS:
        left_out.append(f"教案有 {len(found)} 个环节，只取前 {MAX_SEGMENTS} 个。")
    taken = found[:MAX_SEGMENTS]
    questions: list[PreparedQuestion] = []
    for step in taken:
        if step.question is None or len(questions) == MAX_PREPARED:
            continue
        question = question_of(step)
        if question is None:
            left_out.append(f"“{step.title or UNTITLED}”里的提问太长或格式不对，没有放进题目，请在题目页补上。")
        else:
            questions.append(question)
    decks = Counter(text_of(one.attrs.get("deck")) for one in walk(tree) if one.kind == "pageLink")
    decks.pop("", None)
    if len(decks) > 1:
        left_out.append(f"教案引用了 {len(decks)} 份课件，一节课用一份：取引用最多的，其余请在课件页合并。")
    deck = max(decks, key=lambda one: decks[one]) if decks else ""
    return Outline(_segments(taken), tuple(questions), deck, tuple(left_out))


def _segments(taken: Sequence[Step]) -> tuple[Segment, ...]:
    seen: set[str] = set()
    segments: list[Segment] = []
    for number, step in enumerate(taken, 1):
        # A step that was copied in the editor may have its id twice.
        own = step.id[:40] if step.id and step.id[:40] not in seen else f"step-{number}"
        seen.add(own)
        title = step.title.strip()[:MAX_TITLE] or UNTITLED
        segments.append(Segment(own, title, step.minutes, step.leader, step.page or 0))
    return tuple(segments)


def question_of(step: Step) -> PreparedQuestion | None:
    """Return the step's question as it is prepared; None when a lesson cannot ask it.

    Options stand in the text as `A. …  B. …`, the correct one at its end as `答案：B`. Without options it is answered
    in words.
    """
    text = (step.question or "").strip()
    said = _ANSWER.search(text)
    answer = said.group(1) if said else ""
    text = text[: said.start()].rstrip() if said else text
    title, options = _split(text)
    kind: QuestionKind = "text" if not options else "multiple" if len(answer) > 1 else "single"
    digest = hashlib.sha256(f"{step.id}\n{step.title}".encode()).hexdigest()
    prepared = PreparedQuestion(
        f"{OWN}{digest[:10]}", kind, title, options, step.page or 0, False, answer if options else ""
    )
    try:
        check_question(Question(QuestionId(prepared.id), prepared.kind, title, options, prepared.page, False))
    except Refused:
        return None
    is_known = all(ord(letter) - ord("A") < len(options) for letter in prepared.answer)
    return prepared if is_known else msgspec.structs.replace(prepared, answer="")


def _split(text: str) -> tuple[str, tuple[str, ...]]:
    """Return what stands before the options, and these; letters that do not follow each other are no options."""
    marks = list(_OPTION.finditer(text))
    letters = "".join(mark.group(1) for mark in marks)
    if not 2 <= len(marks) <= MAX_OPTIONS or letters != "ABCDEF"[: len(marks)]:
        return text, ()
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    options = tuple(text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True))
    return text[: marks[0].start()].strip(), options
