"""A lesson laid against its plan: planned and taught minutes of each segment, from the lesson's log. Pure.

The room's own reducer runs over the log again, so that what the lecturer saw in class is what stands here; a lesson
that jumped back has several visits of a segment.
"""

from __future__ import annotations

from collections.abc import Iterable

from server.planning.teaching.model import Comparison, SegmentTime
from signaling.messages import CourseSet, DeckChanged, Event, LessonEnded, LessonStarted, PageTurned, SegmentMoved
from signaling.segments import Course, Segment, begin, end, follow_page, go_to, set_course, spent_at

_LEAST_MS = 1_000  # a page that is turned over on the way to another one is no visit


def laid_against(segments: tuple[Segment, ...], events: Iterable[Event]) -> Comparison:
    """Return the comparison; of a lesson that goes on until its last event.

    Args:
        segments: as the plan has them. The log's own count when it has some: a plan that was taken again after class
            does not change what was taught.
        events: the lesson's log, in order.
    """
    log = [one for one in events if isinstance(one.body, _TELLING)]
    course, page = None, 1
    began_ms = ended_ms = None
    visits: list[tuple[str, int]] = []
    for event in log:
        t_ms = event.t_ms
        match event.body:
            case CourseSet(segments=steps):
                course = set_course(steps, page, t_ms, is_live=began_ms is not None)
            case PageTurned(page=page):
                course = follow_page(course, page, t_ms)
            case DeckChanged():
                page, course = 1, follow_page(course, 1, t_ms)
            case SegmentMoved(segment=segment):
                course = go_to(course, segment, t_ms)
            case LessonStarted():
                began_ms, course = t_ms, begin(course, t_ms)
            case LessonEnded():
                ended_ms, course = t_ms, end(course, t_ms)
        if course is not None and began_ms is not None and (not visits or visits[-1][0] != course.current):
            visits.append((course.current, t_ms))
    until_ms = ended_ms if ended_ms is not None else max((one.t_ms for one in log), default=0)
    zero_ms = until_ms if began_ms is None else began_ms
    times = _times(course, segments, visits, zero_ms, until_ms)
    return Comparison(times, until_ms - zero_ms, ended_ms is not None)


_TELLING = CourseSet | PageTurned | DeckChanged | SegmentMoved | LessonStarted | LessonEnded


def _times(
    course: Course | None, planned: tuple[Segment, ...], visits: list[tuple[str, int]], zero_ms: int, until_ms: int
) -> tuple[SegmentTime, ...]:
    segments = planned if course is None else course.segments
    spent = (0,) * len(segments) if course is None else spent_at(course, until_ms)
    ends = [*(start for _, start in visits[1:]), until_ms]
    stays = [(one, start - zero_ms, stop - zero_ms) for (one, start), stop in zip(visits, ends, strict=False)]
    return tuple(
        SegmentTime(
            segment.id, segment.title, segment.leader, segment.minutes * 60_000, ms,
            tuple((start, stop) for one, start, stop in stays if one == segment.id and stop - start >= _LEAST_MS),
        )
        for segment, ms in zip(segments, spent, strict=True)
    )  # fmt: skip
