"""What a lesson plan is to the rest of the server. What `service.py` and its neighbours return."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from server.accounts.model import SchoolRef
from server.lessons.model import PersonRef

State = Literal["draft", "finalised", "archived"]
CommentKind = Literal["comment", "suggestion"]

MAX_TITLE = 80  # characters; what fits into one line of every list
MAX_QUOTE = 500
MAX_REPLACEMENT = 4_000
MAX_REMARK = 2_000  # of a comment or an answer

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TITLE)]
Short = Annotated[str, msgspec.Meta(max_length=20)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]  # ISO 8601, as the calendar on the wall says it


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A lesson plan of a group. Its words are in the document of the same id."""

    id: str
    group_id: str
    title: str
    subject: str
    grade: str
    edition: str
    lead: PersonRef  # 主备人
    state: State = "draft"
    generation: int = 1  # of the document: a copy of another generation shares no history with this one
    revision: int = 1  # of what stands here, not of the words
    template_id: str | None = None
    lesson_ids: tuple[str, ...] = ()  # lessons that were made of it, the first one first
    previous_plan_id: str | None = None  # the plan that it continues
    created_ms: int = 0  # UTC epoch
    changed_ms: int = 0  # the words too

    @property
    def is_open(self) -> bool:
        """Return whether its words may be changed."""
        return self.state == "draft"


class Writer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at a plan, as the others see them."""

    person: PersonRef
    school: SchoolRef | None = None  # None: a person of the region


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A named state of a plan, in lists."""

    plan_id: str
    number: int  # from 1
    name: str
    by: PersonRef
    made_ms: int
    is_final: bool
    sha256: str  # of `text`
    characters: int


class PlanVersion(Version, frozen=True, kw_only=True):
    """A named state of a plan with everything that it takes to show and to restore it."""

    text: str  # Markdown
    update: bytes  # the whole document as one Yjs update
    runs: bytes  # who wrote what: `Attribution.encode`


class Anchor(msgspec.Struct, frozen=True):
    """Where a comment stands: two Yjs relative positions (base64 of their encoding), and the words between them."""

    start: Annotated[str, msgspec.Meta(max_length=200)]
    end: Annotated[str, msgspec.Meta(max_length=200)]
    quote: Annotated[str, msgspec.Meta(max_length=MAX_QUOTE)]


class Reply(msgspec.Struct, frozen=True):
    """An answer to a comment."""

    id: str
    by: PersonRef
    text: str
    made_ms: int


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A remark at a place of the plan, or a suggestion of other words for it."""

    id: str
    plan_id: str
    kind: CommentKind
    by: PersonRef
    text: str
    anchor: Anchor | None  # None: of the whole plan
    replacement: str | None = None  # of a suggestion
    made_ms: int = 0
    resolved_ms: int | None = None
    resolved_by: PersonRef | None = None
    outcome: Literal["", "accepted", "declined"] = ""  # of a suggestion
    replies: tuple[Reply, ...] = ()


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody does for the plan until a day."""

    id: str
    plan_id: str
    text: str
    owner: PersonRef
    due: str | None  # ISO 8601 day
    by: PersonRef
    made_ms: int
    done_ms: int | None = None
    done_by: PersonRef | None = None


class Picture(msgspec.Struct, frozen=True):
    """A picture of a plan, by the hash of its content."""

    plan_id: str
    sha256: str
    mime: str
    bytes: int
    width: int  # px
    height: int
