"""Prepared questions and results, as the rest of the server knows them. On the wire: `signaling.questions`."""

from __future__ import annotations

import msgspec

from signaling.questions import QuestionKind

MAX_PREPARED = 60  # of a lesson: as many as can be asked
MAX_PHOTO_BYTES = 300_000  # pages make them ≤ 200 kB; another browser's encoder may miss that by a bit
MAX_PHOTO_SIDE = 1_600  # px
MAX_PHOTOS = 600  # of a classroom in a lesson: ten pages of 60 pupils, 120 MB


class PreparedQuestion(msgspec.Struct, frozen=True):
    """A question that waits for class, with its correct answer."""

    id: str
    kind: QuestionKind
    title: str
    options: tuple[str, ...] = ()
    page: int = 0  # 0: of no page
    exit_ticket: bool = False
    answer: str = ""  # empty: there is none


class PreparedList(msgspec.Struct, frozen=True):
    """The prepared questions of a lesson in order, and which version of them this is."""

    version: str
    items: tuple[PreparedQuestion, ...]


class AskedQuestion(msgspec.Struct, frozen=True):
    """A question that was asked in a lesson."""

    id: str
    kind: QuestionKind
    title: str
    options: tuple[str, ...]
    page: int
    exit_ticket: bool
    prepared: str
    answer: str
    t_ms: int


class GivenAnswer(msgspec.Struct, frozen=True):
    """What a pupil answered."""

    question: str
    classroom: str
    pupil: str
    value: str
    late: bool


class HandCount(msgspec.Struct, frozen=True):
    """How many of a classroom raised their hands for each option."""

    question: str
    classroom: str
    counts: tuple[int, ...]
    answered: int
    of: int


class ResultPupil(msgspec.Struct, frozen=True):
    """One who is, or was, in a classroom of the lesson."""

    id: str
    number: int
    name: str


class ResultRoom(msgspec.Struct, frozen=True):
    """A classroom in the results."""

    id: str
    name: str
    school: str
    pupils: tuple[ResultPupil, ...]


class Results(msgspec.Struct, frozen=True):
    """What came of a lesson's questions, as far as the asker may see it."""

    questions: tuple[AskedQuestion, ...]
    classrooms: tuple[ResultRoom, ...]
    answers: tuple[GivenAnswer, ...]
    hands: tuple[HandCount, ...]


class KeptPhoto(msgspec.Struct, frozen=True):
    """A photo of a pupil's work."""

    id: str  # the first half of its SHA-256
    sha256: str
    mime: str
    bytes: int
