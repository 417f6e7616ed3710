"""Who would have to be in two lessons at once, and which lesson is in the way. Pure.

Compared are moments, never period numbers: the third period of one school overlaps the fourth of another.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from operator import attrgetter
from zoneinfo import ZoneInfo

import msgspec

from server.accounts.model import Classroom
from server.lessons.model import PersonRef
from server.lessons.timetable.model import Bells, PlannedLesson, clock
from server.lessons.timetable.weeks import day_in_words, local


class Booking(msgspec.Struct, frozen=True):
    """A lesson as it occupies people and rooms: from `start_ms` up to, not with, `end_ms`."""

    lesson_id: str
    title: str
    start_ms: int
    end_ms: int
    lecturer: PersonRef
    rooms: tuple[Classroom, ...]


class Clash(msgspec.Struct, frozen=True):
    """Two bookings that overlap, and what both need: the lecturer, or rooms."""

    wanted: Booking
    other: Booking
    is_lecturer: bool
    rooms: tuple[Classroom, ...]


class Bookings:
    """The bookings of all lessons that will be held, found by whom they occupy."""

    def __init__(self, bookings: Iterable[Booking] = ()) -> None:
        self._by_key: dict[str, list[Booking]] = {}
        for booking in bookings:
            self.add(booking)

    def add(self, booking: Booking) -> None:
        """Note one more lesson."""
        for key in _keys(booking):
            insort(self._by_key.setdefault(key, []), booking, key=attrgetter("start_ms"))

    def remove(self, lesson_ids: frozenset[str]) -> None:
        """Forget these lessons."""
        for key, found in self._by_key.items():
            self._by_key[key] = [one for one in found if one.lesson_id not in lesson_ids]

    def clashes(self, wanted: Booking) -> list[Clash]:
        """Return what is in the way of `wanted`, the earliest first; O(bookings of its lecturer and rooms)."""
        others = {
            one.lesson_id: one
            for key in _keys(wanted)
            for one in self._by_key.get(key, ())
            if one.start_ms < wanted.end_ms and wanted.start_ms < one.end_ms and one.lesson_id != wanted.lesson_id
        }
        return [_clash(wanted, one) for one in sorted(others.values(), key=lambda one: (one.start_ms, one.lesson_id))]


def _keys(booking: Booking) -> list[str]:
    return [f"person:{booking.lecturer.id}", *(f"room:{room.id}" for room in booking.rooms)]


def _clash(wanted: Booking, other: Booking) -> Clash:
    taken = {room.id for room in other.rooms}
    rooms = tuple(room for room in wanted.rooms if room.id in taken)
    return Clash(wanted, other, wanted.lecturer.id == other.lecturer.id, rooms)


def booking_of(planned: PlannedLesson) -> Booking:
    """Return how the lesson occupies people and rooms."""
    lesson = planned.lesson
    return Booking(lesson.id, lesson.title, lesson.starts_at_ms, planned.ends_at_ms, lesson.lecturer, lesson.classrooms)


def in_words(clash: Clash, zone: ZoneInfo) -> str:
    """Return the clash as people are told: who, which lesson, when."""
    who = [f"{clash.wanted.lecturer.name}老师"] if clash.is_lecturer else []
    who += [f"{room.school.name}{room.name}" for room in clash.rooms]
    other = clash.other
    begins, ends = local(other.start_ms, zone), local(other.end_ms, zone)
    when = f"{day_in_words(begins.date())}{begins:%H:%M}–{ends:%H:%M}"
    by = "" if clash.is_lecturer else f"，{other.lecturer.name}主讲"
    return f"{when}，{'、'.join(who)}已有《{other.title}》{by}。"


def fit_notes(start_min: int, end_min: int, bells_of: Sequence[tuple[str, Bells]]) -> list[str]:
    """Return, for each (school name, bells), where a lesson does not fall within one of the school's periods.

    No conflict, but somebody has to know that a class misses its break.
    """
    notes = []
    for school, bells in bells_of:
        touched = [one for one in bells if one.start_min < end_min and start_min < one.end_min]
        if not bells or any(one.start_min <= start_min and end_min <= one.end_min for one in touched):
            continue
        if not touched:
            notes.append(f"{school}这时不在上课时间里（{clock(start_min)}–{clock(end_min)}）。")
        else:
            named = "、".join(f"{one.name}（{clock(one.start_min)}–{clock(one.end_min)}）" for one in touched)
            notes.append(f"{school}的作息不同：这节课占用{named}，请和对方商量。")
    return notes
