"""A resource on the desk: loaded for somebody, with everything that decides what they may see and do of it."""

from __future__ import annotations

from sqlalchemy import CompoundSelect, Select, select, union

from server.accounts.model import Asker, Person
from server.accounts.rights import Right, has_right
from server.accounts.tables import classrooms, find_classrooms, schools
from server.lessons import tables as lesson_tables
from server.lessons.model import Lesson
from server.lessons.tables import lesson_classrooms, lessons
from server.library import tables as recording_tables
from server.library.access import Act, Holding, acts
from server.library.resources import life, papers, table_talk, tables
from server.library.resources.drafts import entry_of, known_people, needs_of
from server.library.resources.life import Step
from server.library.resources.model import Consents, FileEntry, Need, Resource, State, Subjected
from server.storage.database import Transaction
from signaling.errors import Refused


async def take(
    tx: Transaction, person: Person, resource_id: str, step: Step, revision: int | None
) -> tuple[Resource, State]:
    """Return the resource and the state that the step leads to.

    Args:
        tx: the transaction that the step is stored in.
        person: who takes it.
        resource_id: of which resource.
        step: what is to be done.
        revision: that the page shows; None: the step stands whatever was changed meanwhile.

    Raises:
        Refused: `resource_unknown`, `resource_changed`, or what `life.require` raises.
    """
    resource = await tables.find(tx, resource_id)
    if resource is None or not await may_see_work(tx, person, resource):
        raise unknown()
    state = life.require(person, resource, step)
    if revision is not None and revision != resource.revision:
        raise Refused("resource_changed", "这份资源刚才被别人改过。请刷新页面看一看，再继续。")
    return resource, state


async def may_see_work(tx: Transaction, person: Person, resource: Resource) -> bool:
    """Return whether the person sees the working version.

    Whoever made it, manages its school or reviews it does; and whoever has a consent to record for it.
    """
    if life.may_look_after(person, resource):
        return True
    return any(may_record(person, need.subject) for need in (await consents_of(tx, resource)).needs)


def may_record(person: Person, subject: Subjected) -> bool:
    """Return whether the person may record that the subject consents, and that the consent is revoked.

    Grown-ups speak for themselves; for a classroom's guardians a teacher of its school does.
    """
    if subject.kind == "person":
        return subject.id == person.id
    return person.school_id == subject.school_id and has_right(person, Right.RECORD_CONSENTS, subject.school_id)


def unknown() -> Refused:
    """Return the error for a resource that is not there, or is none of the asker's business."""
    return Refused("resource_unknown", "没有找到这份资源。它可能还没有发布、已经撤回，或者不对您开放。")


async def require_published(tx: Transaction, asker: Asker, resource_id: str) -> Resource:
    """Return what is handed out of the resource to the asker, as it was published.

    Raises:
        Refused: `resource_unknown`.
    """
    resource = await published(tx, resource_id)
    if resource is None or Act.SEE not in acts(asker, await holding_of(tx, resource)):
        raise unknown()
    return resource


async def published(tx: Transaction, resource_id: str) -> Resource | None:
    """Return what is handed out of the resource, as it was published."""
    found = await tables.published_where(tx, tables.resources.c.id == resource_id, limit=1)
    return found[0] if found else None


async def lesson_of(tx: Transaction, resource: Resource) -> Lesson | None:
    """Return the lesson whose recording the resource is."""
    if resource.recording_id is None:
        return None
    recording = await recording_tables.find_recording(tx, resource.recording_id)
    return None if recording is None else await lesson_tables.find_lesson(tx, recording.lesson_id)


async def files_now(tx: Transaction, resource: Resource) -> tuple[FileEntry, ...]:
    """Return the files of the work: what finalising made of the recording, or the material."""
    if resource.recording_id is None:
        return await papers.files_of(tx, resource.id)
    recording = await recording_tables.find_recording(tx, resource.recording_id)
    return () if recording is None else tuple(entry_of(one) for one in recording.made.renditions)


async def consents_of(tx: Transaction, resource: Resource) -> Consents:
    """Return who is in the resource's work and in what is published of it, and the consents that there are."""
    lesson = await lesson_of(tx, resource)
    files = list(await files_now(tx, resource))
    if resource.published:
        known = {one.name for one in files}
        files += [one for one in await papers.files_of(tx, resource.id, resource.published) if one.name not in known]
    if lesson is not None and lesson.kind == "meeting":
        needs = table_talk.needs(files, await table_talk.speakers_of(tx, lesson))
    elif lesson is not None:
        joined = await papers.participants_of(tx, lesson.id)
        needs = needs_of(lesson, files, joined, await known_people(tx, lesson, joined))
    else:
        needs = await _needs_of_material(tx, files)
    return Consents(needs, await papers.consents_of(tx, resource.id))


async def _needs_of_material(tx: Transaction, files: list[FileEntry]) -> tuple[Need, ...]:
    rooms = await find_classrooms(tx, tuple({room for one in files for room in one.classrooms}))
    return tuple(
        Need(one.name, papers.subject_of(rooms[room])) for one in files for room in one.classrooms if room in rooms
    )


# --- access -------------------------------------------------------------------------------------------------------


async def holding_of(tx: Transaction, resource: Resource) -> Holding:
    """Return what access to the resource depends on (`server/library/access.py`)."""
    return Holding(
        school_id=resource.school_id,
        near_schools=await near_schools(tx, resource.school_id),
        lesson=await lesson_of(tx, resource),
        makers=resource.makers,
        paired_schools=await paired_schools(tx, resource.school_id),
        state=resource.state,
        audience=resource.audience,
        is_free=resource.is_free,
    )


async def near_schools(tx: Transaction, school_id: str) -> frozenset[str]:
    """Return the ids of the schools of the same region, the school's own among them."""
    return frozenset((await tx.execute(near(school_id))).scalars())


async def paired_schools(tx: Transaction, school_id: str) -> frozenset[str]:
    """Return the ids of the schools that this school gives lessons to, or gets them from."""
    return frozenset((await tx.execute(paired(school_id))).scalars())


def near(school_id: str) -> Select[str]:
    """Return the query of `near_schools`, to stand in another one."""
    region = select(schools.c.region).where(schools.c.id == school_id).scalar_subquery()
    return select(schools.c.id).where(schools.c.region == region)


def paired(school_id: str) -> CompoundSelect[str]:
    """Return the query of `paired_schools`, to stand in another one."""
    gives, gets = lessons.c.lecturer_school_id, lessons.c.paired_school_id
    invited = lessons.join(lesson_classrooms, lesson_classrooms.c.lesson_id == lessons.c.id)
    invited = invited.join(classrooms, classrooms.c.id == lesson_classrooms.c.classroom_id)
    return union(
        select(gets).where(gives == school_id, gets.is_not(None), gets != school_id),
        select(gives).where(gets == school_id, gives != school_id),
        select(classrooms.c.school_id).select_from(invited).where(gives == school_id, classrooms.c.school_id != gives),
        select(gives).select_from(invited).where(classrooms.c.school_id == school_id, gives != school_id),
    )
