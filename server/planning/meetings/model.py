"""What a meeting is to the rest of the server: its agenda, its minutes, what was resolved. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from server.accounts.model import SchoolRef
from server.lessons.model import Lesson, PersonRef

Kind = Literal["plan", "joint"]  # beside a lesson plan; 联席会议, of what is bigger than one plan
EvidenceKind = Literal["plan_version", "lesson", "resource", "file"]
State = Literal["open", "late", "done"]

MAX_ITEMS = 20  # of an agenda: at three minutes each, an hour
MAX_MINUTES = 20_000  # characters: ten printed pages
MAX_RESOLUTIONS = 50  # of one meeting
MAX_GUESTS = 20  # of one meeting
FORGOTTEN_MS = 6 * 3_600_000  # a meeting that nobody came to for so long will not be held
MAX_FILE_BYTES = 10 << 20  # a scanned report; what is larger is a resource

Id = Annotated[str, msgspec.Meta(max_length=16)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]  # ISO 8601
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class AgendaItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to talk about."""

    id: Id = ""  # empty: a new one
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=240)]
    person: Annotated[str, msgspec.Meta(max_length=40)] = ""  # who speaks to it, as it was typed


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a meeting by whoever calls it."""

    title: str
    kind: Kind = "plan"
    plan_id: str | None = None
    group_id: str = ""  # empty: the plan's
    starts_at: datetime | None = None  # None: now
    minutes: int = 60
    agenda: tuple[AgendaItem, ...] = ()
    guests: tuple[str, ...] = ()


class Minutes(msgspec.Struct, frozen=True):
    """The minutes as somebody stored them last."""

    text: str
    revision: int  # 0: nothing was written yet
    by: PersonRef | None
    ms: int  # UTC epoch


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting of a group. `room` is its live side: title, times, state, who called it and who was let in."""

    id: str
    group_id: str
    plan_id: str | None
    kind: Kind
    room: Lesson
    guests: frozenset[str] = frozenset()  # ids of people who are let in without being of the group
    agenda: tuple[AgendaItem, ...] = ()
    item_id: str = ""
    item_since_ms: int = 0
    agenda_revision: int = 1
    minutes: Minutes = Minutes("", 0, None, 0)

    def is_ahead(self, now_ms: int) -> bool:
        """Return whether it runs, or is to come, at `now_ms` (UTC epoch)."""
        if self.room.cancelled is not None:
            return False
        is_to_come = self.room.state == "scheduled" and self.room.starts_at_ms > now_ms - FORGOTTEN_MS
        return is_to_come or self.room.state == "live"


class Seated(msgspec.Struct, frozen=True):
    """Somebody of a meeting with their school; None: of the region."""

    person: PersonRef
    school: SchoolRef | None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What shows that a resolution was carried out. `title` is what it was called when it was given."""

    kind: EvidenceKind
    id: str  # of the plan, lesson or resource; the SHA-256 of the file
    number: int = 0  # of the plan's version
    title: str = ""
    mime: str = ""  # of a file
    bytes: int = 0


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """What a meeting resolved: who does it until when, and what shows that it was done."""

    id: str
    meeting_id: str
    meeting: str = ""  # its title
    group_id: str = ""
    text: str
    owner: PersonRef
    due: str  # ISO 8601 day
    made_by: PersonRef
    made_ms: int
    evidence: Evidence | None = None
    closed_by: PersonRef | None = None
    closed_ms: int | None = None

    def state(self, today: str) -> State:
        """Return how it stands on a day (ISO 8601)."""
        if self.evidence is not None:
            return "done"
        return "late" if self.due < today else "open"
