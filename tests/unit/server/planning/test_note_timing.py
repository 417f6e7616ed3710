"""Where on the recording a note of the live lesson belongs."""

from __future__ import annotations

import pytest

from recorder.control import Chapter
from server.library.model import Made, Recording
from server.planning.reviews.timing import file_time
from signaling import messages as m

S = 1000
BY = m.PeerId("lin")


def _recording(*pages: tuple[int, int]) -> Recording:
    made = Made(pages=tuple(Chapter(start, str(page)) for start, page in pages))
    return Recording("r", m.RoomId("l"), "光的折射", "ready", "", 100, 0, 600 * S, made)


def _log(*told: tuple[int, m.EventBody]) -> list[m.Event]:
    return [m.Event(seq, t_s * S, body) for seq, (t_s, body) in enumerate(told, 1)]


def test_a_lesson_without_page_turns_is_placed_by_its_begin() -> None:
    log = _log((0, m.PageTurned(1)), (100, m.LessonStarted()))
    assert file_time(log, _recording(), 130 * S) == 30 * S


def test_a_page_turn_that_stands_in_both_places_it_better() -> None:
    log = _log((100, m.LessonStarted()), (160, m.PageTurned(2)))
    assert file_time(log, _recording((0, 1), (58 * S, 2)), 170 * S) == 68 * S  # the camera came after two seconds


@pytest.mark.parametrize(("at_s", "place_s"), [(115, 15), (125, 20), (140, 30)])
def test_what_was_paused_is_not_in_the_recording(at_s: int, place_s: int) -> None:
    log = _log((100, m.LessonStarted()), (120, m.RecordingPaused(True, BY)), (130, m.RecordingPaused(False, BY)))
    assert file_time(log, _recording(), at_s * S) == place_s * S


def test_a_note_from_before_or_after_the_recording_stays_at_its_edge() -> None:
    log = _log((100, m.LessonStarted()))
    assert file_time(log, _recording(), 90 * S) == 0
    assert file_time(log, _recording(), 9_000 * S) == 600 * S
