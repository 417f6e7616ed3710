"""Who may enter a lesson as what: the rule behind every lesson, token, page and recording. Pure."""

from __future__ import annotations

import msgspec

from server.accounts.model import Asker, Classroom, Device, Person
from server.lessons.model import Lesson
from server.lessons.ports import Seat
from signaling.errors import Refused
from signaling.roles import Role


class Entry(msgspec.Struct, frozen=True):
    """One way into a lesson; `classroom` for classrooms and their local teachers."""

    role: Role
    classroom: Classroom | None = None


def entries(asker: Asker, lesson: Lesson) -> tuple[Entry, ...]:
    """Return every way in that `asker` has, the most likely first."""
    if isinstance(asker, Device):
        return tuple(Entry(Role.CLASSROOM, room) for room in lesson.classrooms if room.id == _room_of(asker))
    if asker is None:
        return ()
    found: list[Entry] = []
    if asker.id == lesson.lecturer.id or asker.school_id == lesson.lecturer_school.id:
        found.append(Entry(Role.LECTURER))
    own = [room for room in lesson.classrooms if room.school.id == asker.school_id]
    found += [Entry(Role.LOCAL_TEACHER, room) for room in own]
    if not own and lesson.paired_school is not None and asker.school_id == lesson.paired_school.id:
        found.append(Entry(Role.LOCAL_TEACHER))
    found += [Entry(Role.CLASSROOM, room) for room in own]
    if lesson.open_to_observers:
        found.append(Entry(Role.OBSERVER))
    return tuple(found)


def may_see(asker: Asker, lesson: Lesson) -> bool:
    """Return whether `asker` may see the lesson, its pages and its recording."""
    if isinstance(asker, Person):
        schools = {lesson.lecturer_school.id, *(room.school.id for room in lesson.classrooms)}
        if lesson.paired_school is not None:
            schools.add(lesson.paired_school.id)
        if any(asker.manages(school) for school in schools):
            return True
    return bool(entries(asker, lesson))


def require_visible(asker: Asker, lesson: Lesson | None) -> Lesson:
    """Return the lesson when `asker` may see it.

    Raises:
        Refused: `not_logged_in`, or `lesson_unknown`: also for one that exists but is none of the asker's business,
            so that codes cannot be tried out.
    """
    if asker is None:
        raise Refused("not_logged_in", "请先登录。")
    if lesson is None or not may_see(asker, lesson):
        raise Refused("lesson_unknown", "没有找到这节课。请核对课堂代码。")
    return lesson


def require_entry(asker: Asker, lesson: Lesson, role: Role, classroom_id: str | None) -> Entry:
    """Return the way in as `role`, into `classroom_id` when that is given.

    Raises:
        Refused: `not_allowed`.
    """
    for entry in entries(asker, lesson):
        if entry.role is role and (classroom_id is None or (entry.classroom and entry.classroom.id == classroom_id)):
            return entry
    raise Refused("not_allowed", "您不能以这个身份进入这节课。")


def require_lecturer(asker: Asker, lesson: Lesson) -> Person:
    """Return the asker when the lesson is their own.

    Raises:
        Refused: `not_allowed`.
    """
    if not isinstance(asker, Person) or asker.id != lesson.lecturer.id:
        raise Refused("not_allowed", "只有这节课的主讲教师可以这样做。")
    return asker


def seat_for(asker: Person | Device, lesson: Lesson, entry: Entry) -> Seat:
    """Return the seat that a token lets `asker` take.

    The subject names the role too: one person who teaches on the laptop and looks on with the phone has two seats.
    """
    room = entry.classroom
    if isinstance(asker, Device):
        assert room is not None, "a screen enters as its classroom only"
        return Seat(lesson.id, f"device:{asker.id}", entry.role, room.name, room.school.name, room.id)
    school = asker.school.name if asker.school else ""
    if entry.role is Role.CLASSROOM:
        assert room is not None, "a classroom entry has its classroom"
        return Seat(
            lesson.id, f"person:{asker.id}/classroom/{room.id}", entry.role, room.name, room.school.name, room.id
        )
    subject = f"person:{asker.id}" if entry.role is Role.LECTURER else f"person:{asker.id}/{entry.role}"
    return Seat(lesson.id, subject, entry.role, asker.name, school, room.id if room else None)


def _room_of(device: Device) -> str | None:
    return None if device.classroom is None else device.classroom.id
