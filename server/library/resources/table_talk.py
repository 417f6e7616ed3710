"""Who is seen and heard in the recording of a meeting: grown-ups, each of whom consents in person."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import select

from server.accounts.tables import people, schools
from server.lessons.access import seats_at_table
from server.lessons.model import Lesson
from server.lessons.tables import lesson_events
from server.library.resources.model import Contributor, FileEntry, Need, Subjected
from server.storage.database import Transaction
from signaling.messages import Event, SourcePublished

_decode_event = msgspec.json.Decoder(Event).decode


class Speaker(msgspec.Struct, frozen=True):
    """Somebody who sent voice, picture or screen in a meeting."""

    subject: Subjected
    school: str


async def speakers_of(tx: Transaction, meeting: Lesson) -> list[Speaker]:
    """Return who is seen or heard in the meeting, by name."""
    sent = select(lesson_events.c.body).where(
        lesson_events.c.lesson_id == meeting.id, lesson_events.c.body.like('%"source_published"%')
    )
    bodies = [_decode_event(row.body).body for row in (await tx.execute(sent)).all()]
    seats = seats_at_table(meeting)
    ids = {seats[body.peer] for body in bodies if isinstance(body, SourcePublished) and body.peer in seats}
    query = (
        select(people.c.id, people.c.name, people.c.school_id, schools.c.name.label("school"))
        .outerjoin(schools, schools.c.id == people.c.school_id)
        .where(people.c.id.in_(ids))
        .order_by(people.c.name, people.c.id)
    )
    rows = (await tx.execute(query)).all()
    return [Speaker(Subjected("person", row.id, row.name, row.school_id or ""), row.school or "") for row in rows]


def contributors(speakers: Collection[Speaker], shares: Iterable[int]) -> tuple[Contributor, ...]:
    """Propose everybody who spoke as an author of the meeting's recording: it belongs to them all."""
    return tuple(
        Contributor(one.subject.name, "author", share, one.school, one.subject.id)
        for one, share in zip(speakers, shares, strict=True)
    )


def needs(files: Iterable[FileEntry], speakers: Collection[Speaker]) -> tuple[Need, ...]:
    """Return whose consent each rendition needs: of everybody, also a shared screen shows who shares it."""
    return tuple(Need(file.name, one.subject) for file in files for one in speakers)
