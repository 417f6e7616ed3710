"""How often a group really worked together: substantive sessions by month and school. Pure, over the activity log.

A *session* is a meeting that was held, or a gathering of the calendar that was not called off; those that overlap are
one. It is *substantive* when people of at least two schools did something in it and something came of it. Being there
is not doing: only entries of `ACTS` count, written from shortly before the session's beginning until a day after its
end (notes of an observed lesson are written in the evening), each for the session that began last before it. Clicks,
log-ins and time on a page are not in the log at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import msgspec

from server.lessons.timetable.weeks import local
from server.planning.calendar.model import MINUTE_MS
from server.planning.log import Activity

EARLY_MS = 15 * MINUTE_MS  # people begin before the hour
LATE_MS = 24 * 60 * MINUTE_MS
MIN_SCHOOLS = 2
OUTPUTS = frozenset(
    {
        "plan.version",
        "plan.finalised",
        "resolution.made",
        "minutes.made",
        "review.rated",
        "note.accepted",
        "item.closed",
    }
)
ACTS = OUTPUTS | {"comment.made", "suggestion.accepted", "task.made", "task.done", "review.given", "resolution.closed"}
SESSIONS = frozenset({"gathering.planned", "gathering.changed", "gathering.cancelled", "meeting.held"})
KINDS = ACTS | SESSIONS  # what the figures need of the log


class Session(msgspec.Struct, frozen=True):
    """One session: when, and what was done in it."""

    starts_ms: int
    ends_ms: int
    acts: tuple[Activity, ...] = ()

    @property
    def schools(self) -> frozenset[str]:
        """Return the ids of the schools that did something."""
        return frozenset(one.school_id for one in self.acts if one.school_id)

    @property
    def is_substantive(self) -> bool:
        """Return whether several schools worked, and something came of it."""
        return len(self.schools) >= MIN_SCHOOLS and any(one.kind in OUTPUTS for one in self.acts)


class SchoolFigure(msgspec.Struct, frozen=True):
    """In how many substantive sessions of a month a school did something."""

    school_id: str
    school: str
    sessions: int


class MonthFigure(msgspec.Struct, frozen=True):
    """The sessions of one month."""

    month: str  # "2026-11"
    held: int
    substantive: int
    schools: tuple[SchoolFigure, ...]


def sessions(entries: Iterable[Activity], now_ms: int) -> tuple[Session, ...]:
    """Return the sessions that began before `now_ms`, the first one first, with what was done in each."""
    found = sorted(entries, key=lambda one: (one.ts_ms, one.id))
    spans = _merged(span for span in _spans(found) if span[0] <= now_ms)
    acts: list[list[Activity]] = [[] for _ in spans]
    for entry in found:
        if entry.kind not in ACTS:
            continue
        number = max((n for n, (starts, _) in enumerate(spans) if starts - EARLY_MS <= entry.ts_ms), default=None)
        if number is not None and entry.ts_ms <= spans[number][1] + LATE_MS:
            acts[number].append(entry)
    return tuple(Session(starts, ends, tuple(done)) for (starts, ends), done in zip(spans, acts, strict=True))


def _spans(found: Iterable[Activity]) -> list[tuple[int, int]]:
    """Return when sessions were: gatherings as they stood at last, and meetings as they were."""
    planned: dict[str, tuple[int, int] | None] = {}
    met: list[tuple[int, int]] = []
    for entry in found:
        data = entry.data
        if entry.kind == "gathering.cancelled":
            planned[entry.object_id] = None
        elif entry.kind in ("gathering.planned", "gathering.changed"):
            planned[entry.object_id] = (data["starts_ms"], data["starts_ms"] + data["minutes"] * MINUTE_MS)
        elif entry.kind == "meeting.held":
            met.append((data["started_ms"], data["ended_ms"]))
    return [span for span in planned.values() if span is not None] + met


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for starts, ends in sorted(spans):
        if merged and starts < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ends, merged[-1][1]))
        else:
            merged.append((starts, ends))
    return merged


def by_month(found: Iterable[Session], zone: ZoneInfo, months: Iterable[str]) -> tuple[MonthFigure, ...]:
    """Return the figures of these months ("2026-11"), in the order given."""
    wanted: dict[str, list[Session]] = {month: [] for month in months}
    for one in found:
        month = local(one.starts_ms, zone).strftime("%Y-%m")
        if month in wanted:
            wanted[month].append(one)
    return tuple(_month(month, held) for month, held in wanted.items())


def _month(month: str, held: list[Session]) -> MonthFigure:
    good = [one for one in held if one.is_substantive]
    names = {act.school_id: act.school for one in good for act in one.acts if act.school_id}
    counted = [SchoolFigure(one, name, sum(one in held.schools for held in good)) for one, name in names.items()]
    return MonthFigure(month, len(held), len(good), tuple(sorted(counted, key=lambda one: (-one.sessions, one.school))))


def last_months(now_ms: int, many: int, zone: ZoneInfo) -> tuple[str, ...]:
    """Return the names of the last months, this one first."""
    day = local(now_ms, zone)
    year, month, names = day.year, day.month, []
    for _ in range(many):
        names.append(f"{year}-{month:02}")
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return tuple(names)
