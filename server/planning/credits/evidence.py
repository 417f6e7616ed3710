"""What acts are verified by, read from other domains' tables in one transaction."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec
from sqlalchemy import select

from server.accounts.tables import people, people_by_id
from server.lessons.model import Lesson
from server.lessons.playback_tables import playback_of
from server.lessons.tables import lesson_events, lessons, lessons_where
from server.planning.authorship.finals import FinalCounts
from server.planning.credits.facts import Authors, Taught
from server.planning.credits.model import WHOLE_BP
from server.storage.database import Transaction
from signaling.messages import PeerId
from signaling.roles import Role
from signaling.seats import Admission, peer_id

MOST_LESSONS = 5_000  # of one sweep: a region of 500 schools gives about so many in a month
ASKED = 500  # names in one query: SQLite takes 32,766 parameters


async def authors_in(tx: Transaction, finals: FinalCounts) -> dict[str, Authors]:
    """Return who wrote each plan that is finalised now."""
    known = await finals.read(tx)
    everybody = await people_by_id(tx, sorted({one for final in known for one in final.counts}))
    found = {}
    for final in known:
        counts = {one: count for one, count in final.counts.items() if one in everybody}
        regions: Counter[str] = Counter()
        for one, count in counts.items():
            school = everybody[one].school
            if school is not None:
                regions[school.region] += count
        found[final.plan_id] = Authors(final.plan_id, final.lead_id, _shares(counts), _shares(regions))
    return found


def _shares(counts: dict[str, int] | Counter[str]) -> dict[str, int]:
    total = sum(counts.values())
    return {one: count * WHOLE_BP // total for one, count in counts.items()} if total else {}


async def taught_in(tx: Transaction, since_ms: int) -> list[Taught]:
    """Return the lessons that ended and were planned for a time since `since_ms`."""
    over = (lessons.c.state == "ended") & (lessons.c.starts_at_ms >= since_ms) & lessons.c.cancelled.is_(None)
    ended = [one for one in await lessons_where(tx, over, MOST_LESSONS) if one.kind == "lesson"]
    teachers: dict[str, list[str]] = defaultdict(list)
    for row in (await tx.execute(select(people.c.id, people.c.school_id))).all():
        teachers[row.school_id or ""].append(row.id)
    came = await _local_teachers(tx, [one.id for one in ended])
    return [await _taught(tx, one, teachers, came[one.id]) for one in ended if one.started_t_ms is not None]


async def _local_teachers(tx: Transaction, lesson_ids: list[str]) -> dict[str, set[PeerId]]:
    """Return the seats of local teachers that somebody came to; the log is searched, not decoded."""
    found: dict[str, set[PeerId]] = defaultdict(set)
    for start in range(0, len(lesson_ids), ASKED):
        query = select(lesson_events.c.lesson_id, lesson_events.c.body).where(
            lesson_events.c.lesson_id.in_(lesson_ids[start : start + ASKED]),
            lesson_events.c.body.like('%"kind":"participant_joined"%'),
            lesson_events.c.body.like(f'%"role":"{Role.LOCAL_TEACHER}"%'),
        )
        for row in (await tx.execute(query)).all():
            body = msgspec.json.decode(row.body)["body"]
            found[row.lesson_id].add(PeerId(body["participant"]["peer"]))
    return found


async def _taught(tx: Transaction, lesson: Lesson, teachers: dict[str, list[str]], came: set[PeerId]) -> Taught:
    rows = await playback_of(tx, lesson.id)
    begun, ended = lesson.started_t_ms or 0, lesson.ended_t_ms or 0
    return Taught(
        lesson.id,
        lesson.title,
        lesson.lecturer.id,
        tuple(dict.fromkeys(person for peer, person in local_seats(lesson, teachers).items() if peer in came)),
        lesson.planned_minutes * 60_000,
        max(0, ended - begun),
        max((row.audio_ms for row in rows if row.role is Role.CLASSROOM), default=0),
        (lesson.opened_wallclock_ms or lesson.starts_at_ms) + ended,
    )


def local_seats(lesson: Lesson, teachers: dict[str, list[str]]) -> dict[PeerId, str]:
    """Return whose seat each local teacher's seat would be: seats are named by a hash of who sits there."""
    places: list[tuple[str, str | None]] = [(room.school.id, room.id) for room in lesson.classrooms]
    if lesson.paired_school is not None:
        places.append((lesson.paired_school.id, None))
    role = Role.LOCAL_TEACHER
    return {
        peer_id(lesson.id, Admission(f"person:{person}/{role}", role, "", "", room)): person
        for school, room in places
        for person in teachers.get(school, ())
    }
