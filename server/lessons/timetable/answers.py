"""The timetable as docs/http.md has it. Pure.

Days and times of day are given as the region's clocks show them, beside the moments: the clock of a browser, its time
zone too, may be wrong.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from server.accounts.model import Asker
from server.json_http import iso
from server.lessons.timetable.changes import may_change
from server.lessons.timetable.importing import Imported
from server.lessons.timetable.model import Period, PlannedLesson, Series, Term, clock
from server.lessons.timetable.reading import Day
from server.lessons.timetable.service import Outcome, TimetableService
from server.lessons.timetable.weeks import local, weeks_in

MAX_TOLD = 60  # conflicts and problems of one answer


def term_answer(term: Term, today: str) -> dict[str, Any]:
    """Return `Term`."""
    shown = msgspec.to_builtins(term)
    is_current = shown["first_day"] <= today <= shown["last_day"]
    return {**shown, "weeks": weeks_in(term), "is_current": is_current}


def period_answer(period: Period) -> dict[str, Any]:
    """Return `Period`."""
    return {
        "number": period.number,
        "name": period.name,
        "start": clock(period.start_min),
        "end": clock(period.end_min),
    }


def day_answer(day: Day) -> dict[str, Any]:
    """Return `Day`."""
    shown: dict[str, Any] = msgspec.to_builtins(day)
    return shown


def series_answer(series: Series) -> dict[str, Any]:
    """Return `Series`."""
    return {
        "id": series.id,
        "term_id": series.term_id,
        "title": series.title,
        "subject": series.subject,
        "lecturer": msgspec.to_builtins(series.lecturer),
        "lecturer_school": msgspec.to_builtins(series.lecturer_school),
        "paired_school": msgspec.to_builtins(series.paired_school),
        "classrooms": _rooms(series.classrooms),
        "weekday": series.weekday,
        "period": series.period,
        "weeks": series.weeks,
        "open_to_observers": series.open_to_observers,
        "is_ended": series.is_ended,
    }


def outcome_answer(outcome: Outcome, timetable: TimetableService) -> dict[str, Any]:
    """Return `SeriesOutcome`."""
    done = outcome.reconciled
    days = [local(one.start_ms, timetable.zone).date().isoformat() for one in done.stand]
    return {
        "series": series_answer(outcome.series),
        "days": sorted(days),
        "created": len(done.create),
        "changed": len(done.update),
        "called_off": len(done.call_off),
        "skipped": [{"day": one.day.isoformat(), "holiday": one.skipped} for one in done.skipped],
        "conflicts": [timetable.clash_in_words(one) for one in done.clashes[:MAX_TOLD]],
        "notes": list(outcome.notes),
    }


def lesson_answer(one: PlannedLesson, zone: ZoneInfo, asker: Asker | None = None) -> dict[str, Any]:
    """Return `PlannedLesson`."""
    lesson, plan = one.lesson, one.plan
    starts, ends = local(lesson.starts_at_ms, zone), local(one.ends_at_ms, zone)
    return {
        "id": lesson.id,
        "title": lesson.title,
        "subject": lesson.subject,
        "state": lesson.state,
        "starts_at": iso(lesson.starts_at_ms),
        "ends_at": iso(one.ends_at_ms),
        "day": starts.date().isoformat(),
        "start": _clock(starts),
        "end": _clock(ends),
        "planned_minutes": lesson.planned_minutes,
        "lecturer": msgspec.to_builtins(lesson.lecturer),
        "lecturer_school": msgspec.to_builtins(lesson.lecturer_school),
        "paired_school": msgspec.to_builtins(lesson.paired_school),
        "classrooms": _rooms(lesson.classrooms),
        "pages": lesson.pages,
        "series_id": lesson.series_id,
        "cancelled": lesson.cancelled,
        "substitution": _substitution(one),
        "move": _move(one, zone),
        "changed_by": plan.changed_by if plan.revision else "",
        "can_change": asker is not None and lesson.state == "scheduled" and may_change(asker, one),
    }


def imported_answer(done: Imported) -> dict[str, Any]:
    """Return `TimetableImport`."""
    return {
        "added": [series_answer(one) for one in done.added],
        "changed": [series_answer(one) for one in done.changed],
        "kept": done.kept,
        "lessons": done.lessons,
        "notes": list(done.notes),
        "problems": [msgspec.to_builtins(one) for one in done.problems[:MAX_TOLD]],
    }


def _substitution(one: PlannedLesson) -> dict[str, Any] | None:
    planned = one.plan.planned_lecturer
    if planned is None:
        return None
    return {"instead_of": msgspec.to_builtins(planned), "reason": one.plan.substitute_reason}


def _move(one: PlannedLesson, zone: ZoneInfo) -> dict[str, Any] | None:
    planned_ms = one.plan.planned_starts_at_ms
    if planned_ms is None:
        return None
    planned = local(planned_ms, zone)
    return {"from_day": planned.date().isoformat(), "from_start": _clock(planned), "reason": one.plan.move_reason}


def _rooms(rooms: Any) -> list[dict[str, Any]]:
    return [
        {"id": room.id, "name": room.name, "school": {"id": room.school.id, "name": room.school.name}} for room in rooms
    ]


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"
