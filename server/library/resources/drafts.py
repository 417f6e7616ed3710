"""The draft that a recording makes by itself, filled in from its lesson, and who is in the recording.

Pure but for `make_draft` and `make_missing`, which store it, and `known_people`, which looks them up.
"""

from __future__ import annotations

import typing
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import select

from recorder.control import Rendition
from server.lessons import tables as lesson_tables
from server.lessons.model import Lesson
from server.library import tables as recording_tables
from server.library.resources import papers, table_talk, tables
from server.library.resources.model import (
    WHOLE_BP,
    Contributor,
    ContributorRole,
    FileEntry,
    Grade,
    Need,
    Resource,
    Subject,
    Subjected,
)
from server.library.resources.tables import resources
from server.library.tables import recordings
from server.storage.database import Transaction
from server.storage.ids import new_id
from signaling.messages import Participant, PeerId
from signaling.roles import Role

SUBJECTS: tuple[Subject, ...] = typing.get_args(Subject)
GRADES: tuple[Grade, ...] = typing.get_args(Grade)
# What else timetables call them.
_ALSO: dict[str, Subject] = {
    "体育": "体育与健康", "信息技术": "信息科技", "思想品德": "道德与法治", "政治": "道德与法治", "品德": "道德与法治",
    "外语": "英语", "综合实践活动": "综合实践", "自然": "科学",
}  # fmt: skip
VOICELESS = frozenset({"screen"})  # renditions in which nobody is seen or heard


def subject_in(text: str) -> Subject:
    """Return the subject that a lesson's free text names: "五年级科学" is 科学."""
    names: dict[str, Subject] = {one: one for one in SUBJECTS} | _ALSO
    return next((one for name, one in names.items() if name in text), "其他")


def grade_in(texts: Iterable[str]) -> Grade:
    """Return the grade that the first of these texts names."""
    for text in texts:
        for grade in GRADES:
            if grade in text:
                return grade
    return "不分年级"


def equal_shares(count: int) -> list[int]:
    """Return `count` shares in basis points that add up to the whole; the first ones are larger where it must be."""
    share, rest = divmod(WHOLE_BP, count)
    return [share + (1 if number < rest else 0) for number in range(count)]


def contributors_of(
    lesson: Lesson, joined: Sequence[Participant], leads: Collection[PeerId], ids: Mapping[tuple[str, str], str]
) -> tuple[Contributor, ...]:
    """Propose who made the lesson, with equal shares: its lecturer, who led it instead, and its local teachers.

    `leads` are the seats that had the lead, `ids` are of people, by name and school id.
    """
    schools = {lesson.lecturer_school.name: lesson.lecturer_school.id}
    schools |= {room.school.name: room.school.id for room in lesson.classrooms}
    if lesson.paired_school is not None:
        schools[lesson.paired_school.name] = lesson.paired_school.id
    found: list[tuple[str, ContributorRole, str, str]] = [
        (lesson.lecturer.name, "lecturer", lesson.lecturer_school.name, lesson.lecturer.id)
    ]
    for one in joined:
        person = ids.get((one.name, schools.get(one.school, "")), "")
        known = {(name, school) for name, _, school, _ in found}
        if (one.name, one.school) in known:
            continue
        if one.role is Role.LECTURER and one.peer in leads:
            found.append((one.name, "lecturer", one.school, person))
        elif one.role is Role.LOCAL_TEACHER:
            found.append((one.name, "local_teacher", one.school, person))
    shares = equal_shares(len(found))
    return tuple(
        Contributor(name, role, share, school, person)
        for (name, role, school, person), share in zip(found, shares, strict=True)
    )


def needs_of(
    lesson: Lesson, files: Iterable[FileEntry], joined: Sequence[Participant], ids: Mapping[tuple[str, str], str]
) -> tuple[Need, ...]:
    """Return whose consent each rendition of a lesson's recording needs.

    Pupils: every classroom that was in the lesson, since any of them may have been called on; all that were invited
    when the log says nothing. Voice and picture of the lecturer: whoever had the lecturer's seat.
    """
    came = {one.classroom for one in joined if one.role is Role.CLASSROOM}
    rooms = [room for room in lesson.classrooms if room.id in came] or list(lesson.classrooms)
    school = lesson.lecturer_school.id
    leads = {lesson.lecturer.id: Subjected("person", lesson.lecturer.id, lesson.lecturer.name, school)}
    for one in joined:
        person = ids.get((one.name, school))
        if one.role is Role.LECTURER and person is not None:
            leads[person] = Subjected("person", person, one.name, school)
    found: list[Need] = []
    for file in files:
        if file.minors:
            found += [Need(file.name, papers.subject_of(room)) for room in rooms]
        elif file.name not in VOICELESS:
            found += [Need(file.name, lead) for lead in leads.values()]
    return tuple(found)


def entry_of(rendition: Rendition) -> FileEntry:
    """Return a rendition as a file of a resource."""
    return FileEntry(
        rendition.name,
        rendition.path,
        rendition.mime,
        rendition.bytes,
        rendition.sha256,
        minors=rendition.minors,
    )


async def known_people(tx: Transaction, lesson: Lesson, joined: Sequence[Participant]) -> dict[tuple[str, str], str]:
    """Return the ids of the teachers who joined, by name and school id."""
    schools = {lesson.lecturer_school.id, *(room.school.id for room in lesson.classrooms)}
    if lesson.paired_school is not None:
        schools.add(lesson.paired_school.id)
    return await papers.people_named(tx, [(one.name, school) for one in joined for school in schools])


async def _makers_of(tx: Transaction, lesson: Lesson) -> tuple[Contributor, ...]:
    if lesson.kind == "meeting":
        speakers = await table_talk.speakers_of(tx, lesson)
        return table_talk.contributors(speakers, equal_shares(len(speakers))) if speakers else ()
    joined = await papers.participants_of(tx, lesson.id)
    leads = await papers.leads_of(tx, lesson.id)
    return contributors_of(lesson, joined, leads, await known_people(tx, lesson, joined))


async def make_missing(tx: Transaction, now_ms: int) -> int:
    """Make the drafts of recordings that became ready before there were resources; return how many."""
    told = select(resources.c.recording_id).where(resources.c.recording_id.is_not(None))
    left = select(recordings.c.id).where(recordings.c.state == "ready", recordings.c.id.not_in(told))
    found = [row.id for row in (await tx.execute(left)).all()]
    for recording_id in found:
        await make_draft(tx, recording_id, now_ms)
    return len(found)


async def make_draft(tx: Transaction, recording_id: str, now_ms: int) -> None:
    """Store the draft of a recording that became ready; one that has a resource keeps it as it is."""
    if await tables.of_recording(tx, recording_id) is not None:
        return
    recording = await recording_tables.find_recording(tx, recording_id)
    lesson = None if recording is None else await lesson_tables.find_lesson(tx, recording.lesson_id)
    if recording is None or lesson is None:
        return
    await tables.add_resource(
        tx,
        Resource(
            id=new_id(),
            kind="lesson",
            school=lesson.lecturer_school,
            owner=lesson.lecturer,
            state="draft",
            version=1,
            recording_id=recording_id,
            title=recording.title or lesson.title,
            subject=subject_in(lesson.subject),
            grade=grade_in((lesson.subject, lesson.title, *(room.name for room in lesson.classrooms))),
            contributors=await _makers_of(tx, lesson),
            audience="pairing" if lesson.classrooms or lesson.paired_school else "school",
            created_ms=now_ms,
            changed_ms=now_ms,
        ),
    )
