"""A day of the timetable around now, for stories in which lessons open by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.school import Region


def noon_zone() -> str:
    """Return a zone where it is about noon, so that no lesson of this test is on another day."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"  # POSIX: GMT-8 is eight hours ahead


def plan_day(school: Region, starts_in: list[timedelta], rooms: int = 1) -> list[dict[str, Any]]:
    """Plan lessons of 40 minutes for today as a timetable does: term, bells, a series each for the first `rooms`."""
    shown = school.manager.get("/api/terms")
    today = datetime.fromisoformat(shown["today"])
    offset = school.manager.get(f"/api/timetable?from={shown['today']}&to={shown['today']}")["zone_offset_min"]
    here = datetime.now(UTC) + timedelta(minutes=offset)
    term = school.manager.post(
        "/api/terms",
        {"name": "学期", "first_day": shown["today"], "last_day": f"{today + timedelta(days=30):%Y-%m-%d}"},
    )
    me = school.lecturer.get("/api/hello")["me"]
    classrooms = [room["id"] for room in school.rooms[:rooms]]
    periods = [
        {"name": f"第{n}节", "start": f"{here + after:%H:%M}", "end": f"{here + after + timedelta(minutes=40):%H:%M}"}
        for n, after in enumerate(starts_in, 1)
    ]
    school.manager.put(f"/api/schools/{me['school']['id']}/bells", {"periods": periods})
    for period in range(1, len(periods) + 1):
        body = {"title": f"第{period}课", "subject": "科学", "lecturer_id": me["id"], "weekday": today.isoweekday()}
        when = {"term_id": term["id"], "period": period, "weeks": "all", "open_to_observers": True}
        school.lecturer.post("/api/series", {**body, **when, "classroom_ids": classrooms})
    planned = school.manager.get(f"/api/timetable?from={shown['today']}&to={shown['today']}")
    found: list[dict[str, Any]] = planned["lessons"]
    return found
