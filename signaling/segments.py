"""The segments of a lesson as its plan has them: which one class is in, and how long it was in each. Pure.

Theory of operation. No event says that a segment begins or ends as long as the pages tell it: a segment covers the
pages from its own to before that of the next one, so a page turn is a step forward, or back, by itself. What pages
cannot tell, a segment without a page of its own or two on one page, whoever leads says by hand: `SegmentMoved`. Time
is counted from the lesson's begin to its end, each visit added to those before. The plan's minutes laid against these
sums are what comes of a lesson, so the same rules run again over the stored log (server/planning/teaching).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

SegmentLeader = Literal["lecturer", "local", "both"]

MAX_SEGMENTS = 40  # one a minute of a lesson


class Segment(msgspec.Struct, frozen=True):
    """A step of the plan's teaching process."""

    id: str
    title: str
    minutes: int  # planned; 0: not said
    leader: SegmentLeader  # who leads in the classrooms
    page: int = 0  # of the lesson's deck, where it begins; 0: of no page


class Course(msgspec.Struct, frozen=True):
    """The segments, and where class is in them."""

    segments: tuple[Segment, ...]
    current: str  # the segment's id
    spent_ms: tuple[int, ...]  # of each segment, in the visits that are over
    since_t_ms: int | None = None  # when this visit began; None: class has not begun, or is over


class CourseSet(msgspec.Struct, frozen=True, tag_field="kind", tag="course_set"):
    """The lesson has these segments now; none: it is taught without a plan."""

    segments: tuple[Segment, ...]


class SegmentMoved(msgspec.Struct, frozen=True, tag_field="kind", tag="segment_moved"):
    """Class goes on with this segment, said by hand."""

    segment: str


class MoveSegment(msgspec.Struct, frozen=True, tag_field="type", tag="move_segment"):
    """Go on with a segment; one with a page of its own turns to it."""

    id: int
    segment: str


def set_course(segments: tuple[Segment, ...], page: int, t_ms: int, *, is_live: bool) -> Course | None:
    """Return the course at its beginning; None when there are no segments."""
    if not segments:
        return None
    course = Course(segments, segments[0].id, (0,) * len(segments), t_ms if is_live else None)
    return follow_page(course, page, t_ms)


def follow_page(course: Course | None, page: int, t_ms: int) -> Course | None:
    """Return the course after a page turn: the first segment that covers the page, unless the present one does."""
    if course is None:
        return None
    pages = covered_pages(course.segments)
    wanted = max((one for one in pages if one <= page), default=0)
    if pages[_place(course)] == wanted:
        return course
    found = next((place for place, one in enumerate(pages) if one == wanted), None)
    return course if found is None else go_to(course, course.segments[found].id, t_ms)


def covered_pages(segments: Sequence[Segment]) -> list[int]:
    """Return from which page on each segment stands: its own, or that of the last one before it that has one."""
    pages: list[int] = []
    for one in segments:
        pages.append(one.page or (pages[-1] if pages else 0))
    return pages


def go_to(course: Course | None, segment: str, t_ms: int) -> Course | None:
    """Return the course in a segment from `t_ms` on; one that it does not have changes nothing."""
    if course is None or segment == course.current or all(one.id != segment for one in course.segments):
        return course
    since = None if course.since_t_ms is None else t_ms
    return replace(course, current=segment, spent_ms=spent_at(course, t_ms), since_t_ms=since)


def begin(course: Course | None, t_ms: int) -> Course | None:
    """Return the course when class begins."""
    return None if course is None else replace(course, since_t_ms=t_ms)


def end(course: Course | None, t_ms: int) -> Course | None:
    """Return the course when class is over."""
    return None if course is None else replace(course, spent_ms=spent_at(course, t_ms), since_t_ms=None)


def spent_at(course: Course, t_ms: int) -> tuple[int, ...]:
    """Return for how long class was in each segment until `t_ms`."""
    if course.since_t_ms is None:
        return course.spent_ms
    now_ms, place = max(0, t_ms - course.since_t_ms), _place(course)
    return tuple(ms + now_ms if index == place else ms for index, ms in enumerate(course.spent_ms))


def _place(course: Course) -> int:
    return next(place for place, one in enumerate(course.segments) if one.id == course.current)
