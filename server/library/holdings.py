"""What access to a recording depends on, read from the database; `resources/desk.py` does it for other resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from server.lessons import tables as lesson_tables
from server.lessons.model import Lesson
from server.library import tables
from server.library.access import Holding
from server.library.model import Recording
from server.library.resources import desk, papers, tables as resource_tables
from server.library.resources.model import Audience, Resource
from server.library.resources.tables import resources
from server.library.sight import Leaves, leaves_for
from server.storage.database import Transaction

_REVIEWED = ("submitted", "in_review", "returned", "approved")


class Held(NamedTuple):
    """A recording with what access to it depends on."""

    recording: Recording
    lesson: Lesson
    holding: Holding
    resource: Resource | None  # as it is handed out; the work while nothing is; None: there is none


async def of_recording(tx: Transaction, recording_id: str) -> Held | None:
    """Return the recording with its holding; None when there is none."""
    recording = await tables.find_recording(tx, recording_id)
    lesson = None if recording is None else await lesson_tables.find_lesson(tx, recording.lesson_id)
    if recording is None or lesson is None:
        return None
    work = await resource_tables.of_recording(tx, recording_id)
    if work is None:
        return Held(recording, lesson, by_lesson(lesson), None)
    shown = await _handed_out(tx, work)
    holding = msgspec.structs.replace(await desk.holding_of(tx, shown), is_reviewed=work.state in _REVIEWED)
    return Held(recording, lesson, holding, shown)


def by_lesson(lesson: Lesson) -> Holding:
    """Return the holding of a recording that nothing but its lesson says anything of."""
    return Holding(lesson.lecturer_school.id, lesson=lesson, makers=frozenset({lesson.lecturer.id}))


async def _handed_out(tx: Transaction, work: Resource) -> Resource:
    """Return the version that was published last, unless it is withdrawn or nothing was published yet."""
    return work if work.state == "withdrawn" else await desk.published(tx, work.id) or work


async def withdrawn_among(tx: Transaction, recording_ids: Sequence[str]) -> dict[str, Holding]:
    """Return the holdings of those recordings whose resource is withdrawn, by recording; without their lessons."""
    is_gone = resources.c.recording_id.in_(recording_ids) & (resources.c.state == "withdrawn")
    found = await resource_tables.where(tx, is_gone, limit=max(1, len(recording_ids)))
    return {
        one.recording_id: Holding(one.school_id, makers=one.makers, state=one.state)
        for one in found
        if one.recording_id
    }


async def leaves_of(tx: Transaction, held: Held, reach: Audience) -> Leaves:
    """Return the rule of which renditions may go as far as `reach`.

    Of what is published only those that were published with it: what was left out then was not reviewed.
    """
    if held.resource is None:
        return lambda rendition: reach == "school"
    leaves = leaves_for(reach, await desk.consents_of(tx, held.resource))
    if held.holding.state != "published":
        return leaves
    files = {one.name for one in await papers.files_of(tx, held.resource.id, held.resource.published)}
    return lambda rendition: rendition.name in files and leaves(rendition)
