"""Queries on what belongs to a resource: versions, files, reviews, notes and consents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import delete, func, insert, select, update

from server.accounts.model import Classroom
from server.accounts.tables import people
from server.lessons.model import PersonRef
from server.lessons.tables import lesson_events
from server.library.resources.model import Consent, FileEntry, Metadata, Resource, Subjected, Version
from server.library.resources.standard import Mark
from server.library.resources.tables import (
    resource_consents,
    resource_files,
    resource_notes,
    resource_reviews,
    resource_versions,
    resources,
    searched,
)
from server.storage.database import Transaction
from signaling.messages import Event, LeadChanged, Participant, ParticipantJoined, PeerId

WORK = 0  # the "version" of the files that are worked on

_decode_meta = msgspec.json.Decoder(Metadata).decode
_decode_marks = msgspec.json.Decoder(tuple[Mark, ...]).decode
_decode_names = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_event = msgspec.json.Decoder(Event).decode


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, with the form that it was given by."""

    id: str
    version: int
    reviewer: PersonRef
    verdict: Literal["returned", "approved"]
    standard: str
    marks: tuple[Mark, ...]
    remark: str
    done_ms: int


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer noticed, at a moment of the recording or about the whole, and what its maker did about it."""

    id: str
    version: int
    by: PersonRef
    at_ms: int | None
    text: str
    answer: str = ""
    created_ms: int
    resolved_ms: int | None = None


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def remove_resource(tx: Transaction, resource_id: str) -> None:
    """Forget a resource that was never published."""
    await tx.execute(delete(resources).where(resources.c.id == resource_id))


# --- versions -----------------------------------------------------------------------------------------------------


async def add_version(tx: Transaction, resource: Resource, by_id: str, files: Sequence[FileEntry], now_ms: int) -> None:
    """Store what is published now."""
    own = {"resource_id": resource.id, "version": resource.version}
    await tx.execute(
        insert(resource_versions).values(own | searched(resource) | {"by_id": by_id, "published_ms": now_ms})
    )
    for one in files:
        await add_file(tx, resource.id, resource.version, one)


async def versions_of(tx: Transaction, resource_id: str) -> tuple[Version, ...]:
    """Return what was published, the newest first."""
    query = (
        select(resource_versions, people.c.name.label("by_name"))
        .join(people, people.c.id == resource_versions.c.by_id)
        .where(resource_versions.c.resource_id == resource_id)
        .order_by(resource_versions.c.version.desc())
    )
    rows = (await tx.execute(query)).all()
    return tuple(
        [
            Version(
                row.version,
                _decode_meta(row.meta),
                await files_of(tx, resource_id, row.version),
                row.published_ms,
                PersonRef(row.by_id, row.by_name),
            )
            for row in rows
        ]
    )


async def last_version(tx: Transaction, resource_id: str) -> int:
    """Return the number of the newest version that was ever published; 0: none."""
    query = select(func.coalesce(func.max(resource_versions.c.version), 0))
    return int((await tx.execute(query.where(resource_versions.c.resource_id == resource_id))).scalar_one())


# --- files --------------------------------------------------------------------------------------------------------


async def add_file(tx: Transaction, resource_id: str, version: int, file: FileEntry) -> None:
    """Store a file of a version, or of the work."""
    values = {name: getattr(file, name) for name in FileEntry.__struct_fields__}
    values |= {"resource_id": resource_id, "version": version, "classrooms": _json(file.classrooms)}
    await tx.execute(insert(resource_files).values(values))


async def files_of(tx: Transaction, resource_id: str, version: int = WORK) -> tuple[FileEntry, ...]:
    """Return the files of a version, or of the work."""
    table = resource_files
    query = select(table).where(table.c.resource_id == resource_id, table.c.version == version).order_by(table.c.name)
    return tuple(
        FileEntry(
            row.name, row.path, row.mime, row.bytes, row.sha256, row.title, row.minors, _decode_names(row.classrooms)
        )
        for row in (await tx.execute(query)).all()
    )


async def remove_file(tx: Transaction, resource_id: str, name: str) -> bool:
    """Take a file off the work; return whether it was there."""
    table = resource_files
    where = (table.c.resource_id == resource_id) & (table.c.version == WORK) & (table.c.name == name)
    return bool((await tx.execute(delete(table).where(where))).rowcount)


# --- reviews and notes --------------------------------------------------------------------------------------------


async def add_review(tx: Transaction, resource_id: str, review: Review) -> None:
    """Store a verdict."""
    await tx.execute(
        insert(resource_reviews).values(
            id=review.id,
            resource_id=resource_id,
            version=review.version,
            reviewer_id=review.reviewer.id,
            verdict=review.verdict,
            standard=review.standard,
            marks=_json(review.marks),
            remark=review.remark,
            done_ms=review.done_ms,
        )
    )


async def reviews_of(tx: Transaction, resource_id: str) -> tuple[Review, ...]:
    """Return all verdicts, the newest first."""
    query = (
        select(resource_reviews, people.c.name.label("by_name"))
        .join(people, people.c.id == resource_reviews.c.reviewer_id)
        .where(resource_reviews.c.resource_id == resource_id)
        .order_by(resource_reviews.c.done_ms.desc(), resource_reviews.c.id)
    )
    return tuple(
        Review(
            id=row.id,
            version=row.version,
            reviewer=PersonRef(row.reviewer_id, row.by_name),
            verdict=row.verdict,
            standard=row.standard,
            marks=_decode_marks(row.marks),
            remark=row.remark,
            done_ms=row.done_ms,
        )
        for row in (await tx.execute(query)).all()
    )


async def add_note(tx: Transaction, resource_id: str, note: Note) -> None:
    """Store a note."""
    await tx.execute(
        insert(resource_notes).values(
            id=note.id,
            resource_id=resource_id,
            version=note.version,
            by_id=note.by.id,
            at_ms=note.at_ms,
            text=note.text,
            answer=note.answer,
            created_ms=note.created_ms,
            resolved_ms=note.resolved_ms,
        )
    )


async def notes_of(tx: Transaction, resource_id: str) -> tuple[Note, ...]:
    """Return the notes in the order of the recording, those about the whole first."""
    table = resource_notes
    query = (
        select(table, people.c.name.label("by_name"))
        .join(people, people.c.id == table.c.by_id)
        .where(table.c.resource_id == resource_id)
        .order_by(func.coalesce(table.c.at_ms, -1), table.c.created_ms, table.c.id)
    )
    return tuple(
        Note(
            id=row.id,
            version=row.version,
            by=PersonRef(row.by_id, row.by_name),
            at_ms=row.at_ms,
            text=row.text,
            answer=row.answer,
            created_ms=row.created_ms,
            resolved_ms=row.resolved_ms,
        )
        for row in (await tx.execute(query)).all()
    )


async def set_resolved(tx: Transaction, note_id: str, answer: str, resolved_ms: int | None) -> None:
    """Note what was done about a note; None: it is open again."""
    values = {"answer": answer, "resolved_ms": resolved_ms}
    await tx.execute(update(resource_notes).where(resource_notes.c.id == note_id).values(values))


async def remove_note(tx: Transaction, note_id: str) -> None:
    """Forget a note."""
    await tx.execute(delete(resource_notes).where(resource_notes.c.id == note_id))


# --- consents -----------------------------------------------------------------------------------------------------


async def add_consent(tx: Transaction, resource_id: str, consent: Consent) -> None:
    """Store a consent."""
    await tx.execute(
        insert(resource_consents).values(
            id=consent.id,
            resource_id=resource_id,
            subject_kind=consent.subject.kind,
            subject_id=consent.subject.id,
            subject_name=consent.subject.name,
            school_id=consent.subject.school_id,
            renditions=_json(consent.renditions),
            scope=consent.scope,
            given_on=consent.given_on,
            how=consent.how,
            note=consent.note,
            recorded_by_id=consent.recorded_by.id,
            recorded_ms=consent.recorded_ms,
            revoked_ms=consent.revoked_ms,
        )
    )


async def consents_of(tx: Transaction, resource_id: str) -> tuple[Consent, ...]:
    """Return all consents, also revoked ones, the newest first."""
    table = resource_consents
    query = (
        select(table, people.c.name.label("by_name"))
        .join(people, people.c.id == table.c.recorded_by_id)
        .where(table.c.resource_id == resource_id)
        .order_by(table.c.recorded_ms.desc(), table.c.id)
    )
    return tuple(
        Consent(
            id=row.id,
            subject=Subjected(row.subject_kind, row.subject_id, row.subject_name, row.school_id),
            renditions=_decode_names(row.renditions),
            scope=row.scope,
            given_on=row.given_on,
            how=row.how,
            note=row.note,
            recorded_by=PersonRef(row.recorded_by_id, row.by_name),
            recorded_ms=row.recorded_ms,
            revoked_ms=row.revoked_ms,
        )
        for row in (await tx.execute(query)).all()
    )


async def set_revoked(tx: Transaction, consent_id: str, revoked_ms: int) -> None:
    """Revoke a consent; the first time counts."""
    table = resource_consents
    where = (table.c.id == consent_id) & table.c.revoked_ms.is_(None)
    await tx.execute(update(table).where(where).values(revoked_ms=revoked_ms))


# --- who was in the lesson ----------------------------------------------------------------------------------------


async def participants_of(tx: Transaction, lesson_id: str) -> list[Participant]:
    """Return everybody who was ever in the lesson, in the order in which they came."""
    table = lesson_events
    joined = table.c.body.like('%"participant_joined"%')  # a lesson has 10,000 events of ink beside a few of these
    query = select(table.c.body).where(table.c.lesson_id == lesson_id, joined).order_by(table.c.seq)
    bodies = [_decode_event(row.body).body for row in (await tx.execute(query)).all()]
    return [body.participant for body in bodies if isinstance(body, ParticipantJoined)]


async def leads_of(tx: Transaction, lesson_id: str) -> frozenset[PeerId]:
    """Return the seats that ever had the lead of the lesson."""
    table = lesson_events
    changed = table.c.body.like('%"lead_changed"%')
    query = select(table.c.body).where(table.c.lesson_id == lesson_id, changed)
    bodies = [_decode_event(row.body).body for row in (await tx.execute(query)).all()]
    return frozenset(body.peer for body in bodies if isinstance(body, LeadChanged) and body.peer is not None)


async def people_named(tx: Transaction, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the ids of those of `(name, school id)` that one person and no other has."""
    query = select(people.c.id, people.c.name, people.c.school_id).where(people.c.name.in_({name for name, _ in names}))
    found: dict[tuple[str, str], list[str]] = {}
    for row in (await tx.execute(query)).all():
        found.setdefault((row.name, row.school_id or ""), []).append(row.id)
    return {key: ids[0] for key, ids in found.items() if len(ids) == 1 and key in set(names)}


def subject_of(room: Classroom) -> Subjected:
    """Return a classroom as those whose guardians consent."""
    return Subjected("classroom", room.id, f"{room.school.name} {room.name}", room.school.id)
