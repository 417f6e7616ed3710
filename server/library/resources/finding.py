"""Lists of resources: what is open to somebody, what they made, and what waits for them."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, or_, select

from server.accounts.model import Asker, Person
from server.lessons.tables import lessons, with_meetings
from server.library.resources import desk, life, tables
from server.library.resources.life import Part
from server.library.resources.model import Resource
from server.library.resources.tables import resource_versions, resources
from server.library.tables import recordings
from server.storage.database import Transaction
from signaling.errors import Refused

View = Literal["mine", "review", "published", "consent"]
PAGE = 50  # resources of one answer
LOOKED_THROUGH = 500  # that wait for any reviewer, or that a school took part in: the newest ones


class Wanted(msgspec.Struct, frozen=True):
    """What a list is narrowed to; empty: to nothing."""

    subject: str = ""
    grade: str = ""
    tier: str = ""
    words: str = ""
    start: int = 0


async def find(tx: Transaction, asker: Asker, view: View, wanted: Wanted) -> list[Resource]:
    """Return up to `PAGE` resources: what is handed out as it was published, else the work.

    Raises:
        Refused: `not_logged_in` for any view but what is published.
    """
    table = resource_versions if view == "published" else resources
    about = tables.about(table, subject=wanted.subject, grade=wanted.grade, tier=wanted.tier, words=wanted.words)
    if view == "published":
        return await tables.published_where(tx, open_to(asker) & about, PAGE, wanted.start)
    person = asker.person
    if person is None:
        raise Refused("not_logged_in", "请先登录。")
    if view == "mine":
        managed = [person.school_id] if person.is_manager and person.school_id else []
        mine = tables.made_by(person.id, managed, all_schools=False)
        return await tables.where(tx, mine & about, PAGE, wanted.start)
    found = await (_to_review(tx, person, about) if view == "review" else _to_consent(tx, person, about))
    return found[wanted.start : wanted.start + PAGE]


async def _to_review(tx: Transaction, person: Person, about: ColumnElement[bool]) -> list[Resource]:
    waiting = resources.c.state.in_(("submitted", "in_review"))
    found = await tables.where(tx, waiting & about, LOOKED_THROUGH)
    return [one for one in found if Part.REVIEWER in life.parts(person, one)]


async def _to_consent(tx: Transaction, person: Person, about: ColumnElement[bool]) -> list[Resource]:
    """Return resources of lessons that the person's school took part in, where a consent is theirs to record."""
    school = person.school_id
    if school is None:
        return []
    near = resources.c.school_id.in_({school, *await desk.paired_schools(tx, school)})
    found = []
    for one in await tables.where(tx, near & (resources.c.state != "withdrawn") & about, LOOKED_THROUGH):
        needs = (await desk.consents_of(tx, one)).needs
        if any(desk.may_record(person, need.subject) for need in needs):
            found.append(one)
    return found


def open_to(asker: Asker) -> ColumnElement[bool]:
    """Return the condition of what is published for the asker: the table of `access.py`, as a query."""
    audience, school_id = resource_versions.c.audience, resources.c.school_id
    person, device = asker.person, asker.device
    of_lessons = (
        select(recordings.c.id).join(lessons, lessons.c.id == recordings.c.lesson_id).where(with_meetings(asker))
    )
    terms = [audience == "public", resources.c.recording_id.in_(of_lessons)]
    schools = {person.school_id} if person is not None else set()
    if device is not None and device.classroom is not None:
        schools.add(device.classroom.school.id)
    for school in sorted(one for one in schools if one):
        terms += [
            school_id == school,
            (audience == "region") & school_id.in_(desk.near(school)),
            audience.in_(("pairing", "region")) & school_id.in_(desk.paired(school)),
        ]
    if person is not None:
        terms.append(tables.made_by(person.id, [], all_schools=person.is_manager and person.school is None))
    if person is not None and person.school is None:
        terms.append(audience == "region")
    return or_(*terms)
