"""What stands in a group's calendar, and the pure rules of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.lessons.timetable.weeks import local

Kind = Literal["planning", "observing", "conference", "talk", "other"]
KIND_NAMES: dict[Kind, str] = {
    "planning": "集体备课",
    "observing": "听评课",
    "conference": "联席会议",
    "talk": "讲座",
    "other": "活动",
}
MINUTE_MS = 60_000
MAX_REPEATS = 20  # weeks: a term
MAX_AHEAD = timedelta(days=730)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a gathering by whoever plans it."""

    kind: Kind
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    starts_ms: Annotated[int, msgspec.Meta(ge=0, le=1 << 45)]  # UTC epoch
    minutes: Annotated[int, msgspec.Meta(ge=10, le=600)] = 60
    place: Annotated[str, msgspec.Meta(max_length=80)] = ""
    link: Annotated[str, msgspec.Meta(max_length=300)] = ""  # of a meeting that is held elsewhere
    plan_id: Annotated[str, msgspec.Meta(max_length=16)] = ""  # the plan that it is about: the meeting is held in it
    note: Annotated[str, msgspec.Meta(max_length=1_000)] = ""


class Coming(msgspec.Struct, frozen=True):
    """What somebody answered."""

    person: PersonRef
    school: str
    comes: bool


class Gathering(Draft, frozen=True, kw_only=True):
    """Something that a group does together at a time."""

    id: str
    group_id: str
    group_name: str
    by: PersonRef
    series_id: str = ""  # of those that repeat every week
    revision: int = 0  # counts changes: the SEQUENCE of calendars
    cancelled_ms: int | None = None
    reason: str = ""  # why it is off
    changed_ms: int = 0
    coming: tuple[Coming, ...] = ()

    @property
    def ends_ms(self) -> int:
        """Return when it is planned to end."""
        return self.starts_ms + self.minutes * MINUTE_MS


class Busy(msgspec.Struct, frozen=True):
    """Something that somebody has to do at a time: a lesson to give, or another group's gathering."""

    person: PersonRef
    what: Literal["lesson", "gathering"]
    title: str
    starts_ms: int
    minutes: int


def weekly(starts_ms: int, weeks: int, zone: ZoneInfo) -> tuple[int, ...]:
    """Return the beginnings of something that is held every week at the same time by the clocks of `zone`."""
    first = local(starts_ms, zone)
    return tuple(int((first + timedelta(days=7 * week)).timestamp() * 1000) for week in range(weeks))


def overlapping(starts_ms: int, minutes: int, found: Iterable[Busy]) -> tuple[Busy, ...]:
    """Return what is at the same time; what ends as the other begins is not."""
    ends_ms = starts_ms + minutes * MINUTE_MS
    return tuple(
        one for one in found if one.starts_ms < ends_ms and one.starts_ms + one.minutes * MINUTE_MS > starts_ms
    )


def check(draft: Draft, now: datetime) -> None:
    """Pass when the gathering makes sense.

    Raises:
        FieldInvalid: no title, a time out of reach, or a link that is none.
    """
    if not draft.title.strip():
        raise field_invalid("title", "请写上活动的名称。")
    away_ms = draft.starts_ms - int(now.timestamp() * 1000)
    if abs(away_ms) > MAX_AHEAD // timedelta(milliseconds=1):
        raise field_invalid("starts_ms", "时间要在前后两年以内。")
    if draft.link and not draft.link.startswith(("https://", "http://")):
        raise field_invalid("link", "会议链接要以 https:// 或 http:// 开头。")
