"""When a classroom fetches a pack: at night, or at once when class is near. Pure.

Answers are seconds from now, never times of the day: a classroom's clock may be wrong by an hour, and is not asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from server.lessons.packs.model import PackPolicy
from signaling.messages import LessonState

DAYS_AHEAD = 7  # of the timetable: what is planned further ahead still changes
LATE_H = 12  # a lesson that should have begun this long ago and did not is not waited for


class When(NamedTuple):
    """When a pack may be fetched, in seconds from now."""

    in_s: float  # 0: now
    for_s: float | None  # how long it may be fetched from then on; None: until it is done


def is_coming(state: LessonState, starts_at: datetime, now: datetime) -> bool:
    """Return whether the lesson is one that classrooms prepare for."""
    if state == "live":
        return True
    return state == "scheduled" and -timedelta(hours=LATE_H) <= starts_at - now <= timedelta(days=DAYS_AHEAD)


def when(policy: PackPolicy, state: LessonState, starts_at: datetime, now: datetime) -> When:
    """Return when the pack of a lesson may be fetched; `now` is local time with its zone."""
    lead = starts_at - timedelta(hours=policy.lead_hours)
    if state == "live" or now >= lead:
        return When(0, None)
    opens, closes = _night(policy, now)
    if opens <= now:
        return When(0, None if closes >= lead else (closes - now).total_seconds())
    if opens >= lead:
        return When((lead - now).total_seconds(), None)
    for_s = None if closes >= lead else (closes - opens).total_seconds()
    return When((opens - now).total_seconds(), for_s)


def _night(policy: PackPolicy, now: datetime) -> tuple[datetime, datetime]:
    """Return begin and end of the night that is now, or else of the next one."""
    length = timedelta(minutes=(policy.night_to_min - policy.night_from_min) % 1440 or 1440)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    opens = midnight + timedelta(days=-1, minutes=policy.night_from_min)
    while opens + length <= now:
        opens += timedelta(days=1)
    return opens, opens + length
