"""Planned and taught minutes, of lessons that went straight on and of such that jumped back."""

from __future__ import annotations

from server.planning.teaching.taught import laid_against
from signaling import messages as m

SEGMENTS = (
    m.Segment("a", "导入", 5, "lecturer", 1),
    m.Segment("b", "观察", 15, "local", 3),
    m.Segment("c", "汇报", 10, "both"),
)
MIN = 60_000


def _log(*told: tuple[float, m.EventBody]) -> list[m.Event]:
    first: list[tuple[float, m.EventBody]] = [(0, m.CourseSet(SEGMENTS)), (1, m.LessonStarted())]
    return [m.Event(seq, round(t * MIN), body) for seq, (t, body) in enumerate((*first, *told), 1)]


def _minutes(log: list[m.Event]) -> list[float]:
    return [one.taught_ms / MIN for one in laid_against(SEGMENTS, log).segments]


def test_page_turns_tell_segments_and_hands_tell_those_without_a_page() -> None:
    log = _log((5, m.PageTurned(2)), (7, m.PageTurned(3)), (20, m.SegmentMoved("c")), (31, m.LessonEnded()))
    found = laid_against(SEGMENTS, log)
    assert _minutes(log) == [6, 13, 11]
    assert [one.planned_ms / MIN for one in found.segments] == [5, 15, 10]
    assert (found.lasted_ms / MIN, found.is_over) == (30, True)


def test_a_jump_back_is_another_visit_and_adds_up() -> None:
    log = _log((6, m.PageTurned(4)), (10, m.PageTurned(1)), (12, m.PageTurned(3)), (21, m.LessonEnded()))
    found = laid_against(SEGMENTS, log)
    assert _minutes(log) == [7, 13, 0]
    assert [(a // MIN, b // MIN) for a, b in found.segments[0].visits] == [(0, 5), (9, 11)]
    assert sum(one.taught_ms for one in found.segments) == found.lasted_ms


def test_pages_turned_before_class_count_for_nothing() -> None:
    log = [
        m.Event(1, 0, m.CourseSet(SEGMENTS)),
        m.Event(2, 2 * MIN, m.PageTurned(3)),
        m.Event(3, 4 * MIN, m.PageTurned(1)),
        m.Event(4, 5 * MIN, m.LessonStarted()),
        m.Event(5, 9 * MIN, m.LessonEnded()),
    ]
    assert _minutes(log) == [4, 0, 0]


def test_a_lesson_that_goes_on_counts_until_its_last_word() -> None:
    log = _log((3, m.PageTurned(2)))
    found = laid_against(SEGMENTS, log)
    assert (found.is_over, found.lasted_ms / MIN, found.segments[0].taught_ms / MIN) == (False, 2, 2)


def test_a_plan_without_a_lesson_was_not_taught() -> None:
    found = laid_against(SEGMENTS, [])
    assert [one.taught_ms for one in found.segments] == [0, 0, 0]
    assert found.lasted_ms == 0
