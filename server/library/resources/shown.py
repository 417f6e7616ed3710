"""Resources as JSON: docs/http.md, `Resource` and `ResourceSheet`."""

from __future__ import annotations

from typing import Any

import msgspec

from server.accounts.model import Person
from server.json_http import iso
from server.library.resources import desk, life
from server.library.resources.leaving import Missing
from server.library.resources.model import (
    Consent,
    FileEntry,
    Metadata,
    Need,
    Resource,
    Subjected,
    Version,
    metadata_of,
)
from server.library.resources.papers import Note, Review
from server.library.resources.service import Sheet


def told(meta: Metadata) -> dict[str, Any]:
    """Return the metadata."""
    found: dict[str, Any] = msgspec.to_builtins(metadata_of(meta))
    return found


def brief(resource: Resource, person: Person | None) -> dict[str, Any]:
    """Return a resource as lists have it."""
    return told(resource) | {
        "id": resource.id,
        "kind": resource.kind,
        "state": resource.state,
        "version": resource.version,
        "published": resource.published,
        "revision": resource.revision,
        "recording_id": resource.recording_id,
        "school": {"id": resource.school.id, "name": resource.school.name},
        "owner": {"id": resource.owner.id, "name": resource.owner.name},
        "reviewer": {"id": resource.reviewer.id, "name": resource.reviewer.name} if resource.reviewer else None,
        "reason": resource.reason,
        "duration_ms": resource.duration_ms,
        "is_meeting": resource.is_meeting,
        "changed_at": iso(resource.changed_ms),
        "published_at": iso(resource.published_ms) if resource.published_ms else None,
        "may": [] if person is None else [step.value for step in life.steps(person, resource)],
    }


def sheet(found: Sheet, person: Person | None) -> dict[str, Any]:
    """Return everything that the page of a resource shows."""
    steps = person if found.is_work else None  # of what is published only its readers' page is shown
    resource = brief(found.resource, steps)
    lesson = found.lesson
    return resource | {
        "is_work": found.is_work,
        "lesson": {"id": lesson.id, "title": lesson.title} if lesson is not None else None,
        "files": [_file(found.resource, one) for one in found.files],
        "handed_out": _handed_out(found),
        "stays": [_missing(one) for one in found.stays],
        "needs": _needs(found.consents.needs, person),
        "consents": [_consent(one, person) for one in found.consents.given],
        "notes": [_note(one) for one in found.notes],
        "reviews": [_review(one) for one in found.reviews],
        "versions": [_version(one) for one in found.versions],
    }


def _handed_out(found: Sheet) -> dict[str, Any] | None:
    shown = found.published
    if shown is None:
        return None
    return {"version": shown.version, "audience": shown.audience, "at": iso(shown.published_ms)}


def _file(resource: Resource, one: FileEntry) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "mime": one.mime,
        "bytes": one.bytes,
        "sha256": one.sha256,
        "minors": one.minors,
        "url": None if resource.recording_id else f"/api/resources/{resource.id}/files/{one.name}",
    }


def _missing(one: Missing) -> dict[str, Any]:
    return {"rendition": one.rendition, "subject": None if one.subject is None else _subject(one.subject)}


def _subject(one: Subjected) -> dict[str, Any]:
    return {"kind": one.kind, "id": one.id, "name": one.name}


def _needs(needs: tuple[Need, ...], person: Person | None) -> list[dict[str, Any]]:
    """Return who is asked, each with the renditions that need it."""
    subjects = {need.subject.id: need.subject for need in needs}
    return [
        _subject(subject)
        | {
            "renditions": [need.rendition for need in needs if need.subject.id == subject.id],
            "may_record": person is not None and desk.may_record(person, subject),
        }
        for subject in subjects.values()
    ]


def _consent(one: Consent, person: Person | None) -> dict[str, Any]:
    return {
        "id": one.id,
        "subject": _subject(one.subject),
        "renditions": one.renditions,
        "scope": one.scope,
        "given_on": one.given_on,
        "how": one.how,
        "note": one.note,
        "recorded_by": one.recorded_by.name,
        "recorded_at": iso(one.recorded_ms),
        "revoked_at": iso(one.revoked_ms) if one.revoked_ms is not None else None,
        "may_revoke": one.revoked_ms is None and person is not None and desk.may_record(person, one.subject),
    }


def _note(one: Note) -> dict[str, Any]:
    return {
        "id": one.id,
        "version": one.version,
        "by": {"id": one.by.id, "name": one.by.name},
        "at_ms": one.at_ms,
        "text": one.text,
        "answer": one.answer,
        "created_at": iso(one.created_ms),
        "is_done": one.resolved_ms is not None,
    }


def _review(one: Review) -> dict[str, Any]:
    return {
        "id": one.id,
        "version": one.version,
        "reviewer": one.reviewer.name,
        "verdict": one.verdict,
        "standard": one.standard,
        "marks": msgspec.to_builtins(one.marks),
        "remark": one.remark,
        "at": iso(one.done_ms),
    }


def _version(one: Version) -> dict[str, Any]:
    return told(one.meta) | {
        "version": one.version,
        "published_at": iso(one.published_ms),
        "by": one.by.name,
        "files": [
            {"name": file.name, "title": file.title, "bytes": file.bytes, "sha256": file.sha256} for file in one.files
        ],
    }
