"""Calendars that phones and computers subscribe to: one of each teacher and classroom, by a secret address.

The address is signed, not stored: its signature covers how often the owner asked for a new one, so that an older one
stops. Events follow RFC 5545: UTC times (form 2 of §3.3.5, right in every time zone), a UID that is the lesson's,
SEQUENCE counted up with each change, and STATUS:CANCELLED for what is off.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Literal

from icalendar import Calendar, Event, vDuration

from server.lessons.timetable.model import PlannedLesson

FeedKind = Literal["teacher", "classroom", "group", "workshop"]  # the last two: server/planning/calendar/feeds.py
ALL_KINDS: tuple[FeedKind, ...] = ("teacher", "classroom", "group", "workshop")
KINDS: tuple[FeedKind, ...] = ("teacher", "classroom")  # of the timetable
PRODUCT = "-//Tongtang//Timetable 1//ZH"
REFRESH = timedelta(hours=1)  # RFC 7986 §5.7: a substitution in the morning is seen before noon
_SIGNATURE = 24  # base-16 digits: 96 bit, guessed by nobody


class FeedAddresses:
    """Makes and reads the addresses of calendars.

    Args:
        secret: the server's own, from which a key of this use alone is derived.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"calendar addresses", "sha256")

    def token(self, kind: FeedKind, owner_id: str, generation: int) -> str:
        """Return the last part of the calendar's address."""
        return f"{kind}-{owner_id}-{self._sign(kind, owner_id, generation)}"

    def owner(self, token: str) -> tuple[FeedKind, str] | None:
        """Return whose calendar the address claims to be; `is_valid` has to say whether it is."""
        kind, _, rest = token.partition("-")
        owner_id, _, _ = rest.partition("-")
        known = next((one for one in ALL_KINDS if one == kind), None)
        return None if known is None or not owner_id else (known, owner_id)

    def is_valid(self, token: str, generation: int) -> bool:
        """Return whether the address is the newest one of its owner."""
        claimed = self.owner(token)
        return claimed is not None and hmac.compare_digest(token.encode(), self.token(*claimed, generation).encode())

    def _sign(self, kind: str, owner_id: str, generation: int) -> str:
        message = f"{kind}/{owner_id}/{generation}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:_SIGNATURE]


def calendar(name: str, lessons: list[PlannedLesson], host: str, base_url: str, teacher_id: str | None = None) -> bytes:
    """Return the calendar as a file.

    Args:
        name: what the calendar is called.
        lessons: in order of their beginning.
        host: of the server: the right side of the events' UIDs.
        base_url: where the lessons' pages are.
        teacher_id: whose calendar it is: a lesson that somebody else gives for them is off for them.
    """
    found = new_calendar(name)
    for one in lessons:
        found.add_component(_event(one, host, base_url, teacher_id))
    packed: bytes = found.to_ical()
    return packed


def new_calendar(name: str) -> Calendar:
    """Return a calendar without events."""
    found = Calendar()
    found.add("prodid", PRODUCT)
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    found.add("name", name)
    found.add("x-wr-calname", name)
    found.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    found.add("x-published-ttl", vDuration(REFRESH))
    return found


def _event(one: PlannedLesson, host: str, base_url: str, teacher_id: str | None) -> Event:
    lesson, plan, event = one.lesson, one.plan, Event()
    is_given_away = teacher_id is not None and lesson.lecturer.id != teacher_id
    is_off = lesson.cancelled is not None or is_given_away
    event.add("uid", f"lesson-{lesson.id}@{host}")
    event.add("dtstamp", utc(plan.changed_ms or lesson.starts_at_ms))
    event.add("last-modified", utc(plan.changed_ms or lesson.starts_at_ms))
    event.add("sequence", plan.revision)
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if is_off else "OPAQUE")
    event.add("dtstart", utc(lesson.starts_at_ms))
    event.add("dtend", utc(one.ends_at_ms))
    event.add("summary", f"{'【取消】' if is_off else ''}{lesson.subject} · {lesson.title}")
    event.add("location", "、".join(f"{room.school.name}{room.name}" for room in lesson.classrooms))
    event.add("description", "\n".join(_lines(one, is_given_away)))
    event.add("url", f"{base_url}/timetable?lesson={lesson.id}")
    return event


def _lines(one: PlannedLesson, is_given_away: bool) -> list[str]:
    lesson, plan = one.lesson, one.plan
    lines = [f"主讲：{lesson.lecturer_school.name} {lesson.lecturer.name}"]
    if lesson.paired_school is not None:
        lines.append(f"结对：{lesson.paired_school.name}")
    if lesson.cancelled is not None:
        lines.append(f"取消：{lesson.cancelled}")
    if plan.planned_lecturer is not None:
        by = f"由{lesson.lecturer.name}代课" if is_given_away else f"代{plan.planned_lecturer.name}上课"
        lines.append(f"{by}：{plan.substitute_reason}")
    if plan.planned_starts_at_ms is not None:
        lines.append(f"已调课：{plan.move_reason}")
    return lines


def utc(epoch_ms: int) -> datetime:
    """Return UTC epoch milliseconds as calendars write them: whole seconds."""
    return datetime.fromtimestamp(epoch_ms // 1000, UTC)
