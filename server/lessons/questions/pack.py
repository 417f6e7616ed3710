"""The prepared questions of a lesson as its packs have them: without the correct answers."""

from __future__ import annotations

import msgspec

from server.lessons.model import Lesson
from server.lessons.packs.contents import Prepared
from server.lessons.questions.service import QuestionService


class QuestionSource:
    """Adds the prepared questions to the packs of classrooms."""

    def __init__(self, questions: QuestionService) -> None:
        self._questions = questions

    async def prepared(self, lesson: Lesson, classroom_id: str | None) -> Prepared | None:
        """Return the questions for a classroom, nothing for observers, and nothing when none are prepared."""
        found = (await self._questions.prepared_of(lesson.id)).items if classroom_id is not None else ()
        if classroom_id is None or not found:
            return None
        shown = [msgspec.structs.replace(one, answer="") for one in found]
        return Prepared("quiz", msgspec.json.encode({"questions": shown}), classroom_id)
