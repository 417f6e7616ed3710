"""Who may enter a lesson as what: the rule behind every lesson, token, page and recording. Pure."""

from __future__ import annotations

import msgspec

from server.accounts.model import Asker, Classroom, Device, Person
from server.accounts.rights import Right, has_right
from server.lessons.model import Lesson
from server.lessons.ports import Seat
from signaling.errors import Refused
from signaling.messages import PeerId
from signaling.roles import Role
from signaling.seats import Admission, peer_id


class Entry(msgspec.Struct, frozen=True):
    """One way into a lesson; `classroom` for classrooms and their local teachers."""

    role: Role
    who: Person | Device
    classroom: Classroom | None = None


def entries(asker: Asker, lesson: Lesson) -> tuple[Entry, ...]:
    """Return every way in that `asker` has, the most likely first."""
    found: list[Entry] = []
    device, person = asker.device, asker.person
    if lesson.kind == "meeting":
        return () if person is None else tuple(_way_to_table(person, lesson))
    if device is not None and device.classroom is not None:
        own_id = device.classroom.id
        found += [Entry(Role.CLASSROOM, device, room) for room in lesson.classrooms if room.id == own_id]
    if person is not None:
        found += _entries_of_person(person, lesson)
    return tuple(found)


def _entries_of_person(person: Person, lesson: Lesson) -> list[Entry]:
    found: list[Entry] = []
    if person.id == lesson.lecturer.id or person.school_id == lesson.lecturer_school.id:
        found.append(Entry(Role.LECTURER, person))
    own = [room for room in lesson.classrooms if room.school.id == person.school_id]
    found += [Entry(Role.LOCAL_TEACHER, person, room) for room in own]
    if not own and lesson.paired_school is not None and person.school_id == lesson.paired_school.id:
        found.append(Entry(Role.LOCAL_TEACHER, person))
    found += [Entry(Role.CLASSROOM, person, room) for room in own]
    if lesson.open_to_observers:
        found.append(Entry(Role.OBSERVER, person))
    return found


def _way_to_table(person: Person, meeting: Lesson) -> list[Entry]:
    """Return how the person may sit down in a meeting; whether they still may is asked at its door."""
    if person.id == meeting.lecturer.id:
        return [Entry(Role.CONVENER, person)]
    found = (one for one in meeting.people if one.person_id == person.id)
    return [Entry(Role.CONVENER if one.convenes else Role.MEMBER, person) for one in found]


def seats_at_table(meeting: Lesson) -> dict[PeerId, str]:
    """Return whose seats there can be in a meeting: the person's id by the seat's."""
    ids = {meeting.lecturer.id, *(one.person_id for one in meeting.people)}
    return {
        peer_id(meeting.id, Admission(f"person:{person}/{role}", role, "", "")): person
        for person in ids
        for role in (Role.CONVENER, Role.MEMBER)
    }


def may_see(asker: Asker, lesson: Lesson) -> bool:
    """Return whether `asker` may see the lesson, its pages and its recording."""
    is_class = lesson.kind == "lesson"  # what teachers say among themselves is not their managers'
    if is_class and asker.person is not None and any(asker.person.manages(school) for school in _schools(lesson)):
        return True
    return bool(entries(asker, lesson))


def _schools(lesson: Lesson) -> set[str]:
    """Return the ids of the schools that take part."""
    schools = {lesson.lecturer_school.id, *(room.school.id for room in lesson.classrooms)}
    if lesson.paired_school is not None:
        schools.add(lesson.paired_school.id)
    return schools


def require_visible(asker: Asker, lesson: Lesson | None) -> Lesson:
    """Return the lesson when `asker` may see it.

    Raises:
        Refused: `not_logged_in`, or `lesson_unknown`: also for one that exists but is none of the asker's business,
            so that codes cannot be tried out.
    """
    if not asker.is_known:
        raise Refused("not_logged_in", "请先登录。")
    if lesson is None or not may_see(asker, lesson):
        raise Refused("lesson_unknown", "没有找到这节课。请核对课堂代码。")
    return lesson


def may_see_figures(asker: Asker, lesson: Lesson) -> bool:
    """Return whether `asker` may see how the lesson played, at least at one school."""
    person = asker.person
    return person is not None and any(has_right(person, Right.SEE_FIGURES, school) for school in _schools(lesson))


def require_figures(asker: Asker, lesson: Lesson) -> frozenset[str] | None:
    """Return the ids of the schools whose figures of the lesson `asker` may see; None: of everybody.

    Whoever belongs to the school that gives the lesson sees all of it, others what concerns their own school.

    Raises:
        Refused: `not_logged_in` or `not_allowed`.
    """
    person = asker.person
    if person is None:
        raise Refused("not_logged_in", "请先登录。")
    if has_right(person, Right.SEE_FIGURES, lesson.lecturer_school.id):
        return None
    own = frozenset(school for school in _schools(lesson) if has_right(person, Right.SEE_FIGURES, school))
    if not own:
        raise Refused("not_allowed", "只有参加这节课的学校可以查看上课情况。")
    return own


def require_entry(asker: Asker, lesson: Lesson, role: Role, classroom_id: str | None) -> Entry:
    """Return the way in as `role`, into `classroom_id` when that is given.

    Raises:
        Refused: `lesson_cancelled` or `not_allowed`.
    """
    if lesson.cancelled is not None:
        raise Refused("lesson_cancelled", f"这节课取消了：{lesson.cancelled}")
    for entry in entries(asker, lesson):
        if entry.role is role and (classroom_id is None or (entry.classroom and entry.classroom.id == classroom_id)):
            return entry
    raise Refused("not_allowed", "您不能以这个身份进入这节课。")


def require_lecturer(asker: Asker, lesson: Lesson) -> Person:
    """Return the asker when the lesson is their own.

    Raises:
        Refused: `not_allowed`.
    """
    if asker.person is None or asker.person.id != lesson.lecturer.id:
        raise Refused("not_allowed", "只有这节课的主讲教师可以这样做。")
    return asker.person


def seat_for(entry: Entry, lesson: Lesson) -> Seat:
    """Return the seat that a token for this way in lets take.

    The subject names the role too: one person who teaches on the laptop and looks on with the phone has two seats.
    """
    who, room = entry.who, entry.classroom
    if entry.role is Role.CLASSROOM:
        assert room is not None, "a classroom's entry has its classroom"
        subject = f"device:{who.id}" if isinstance(who, Device) else f"person:{who.id}/classroom/{room.id}"
        return Seat(lesson.id, subject, entry.role, room.name, room.school.name, room.id, room.school.id)
    assert isinstance(who, Person), "a screen enters as its classroom only"
    subject = f"person:{who.id}" if entry.role is Role.LECTURER else f"person:{who.id}/{entry.role}"
    school = who.school.name if who.school else ""
    return Seat(lesson.id, subject, entry.role, who.name, school, room.id if room else None, who.school_id or "")
