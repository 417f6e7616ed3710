"""The summary picture, of lessons whose talk is known."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st

from recorder.voices import Voice, Voices
from server.planning.reviews.picture import LoggedEvent, merged, picture_of, shared_ms, total_ms

S = 1000


def _voices(main: list[tuple[int, int]], *rooms: list[tuple[int, int]], seconds: int = 120) -> Voices:
    lecturer = Voice("l", "lecturer", "王老师", "实验小学", tuple((a * S, b * S) for a, b in main))
    others = tuple(
        Voice(f"c{n}", "classroom", "五年级", f"第{n}小学", tuple((a * S, b * S) for a, b in talk))
        for n, talk in enumerate(rooms)
    )
    return Voices(seconds * S, (*others, lecturer))


def _event(t_s: float, kind: str, **body: Any) -> LoggedEvent:
    return LoggedEvent(round(t_s * S), {"kind": kind, **body})


def test_shares_of_both_rooms_stand_apart_and_add_up() -> None:
    found = picture_of(_voices([(0, 60)], [(50, 70)], [(65, 80)]), [])
    assert (found.main_ms, found.remote_ms, found.together_ms) == (60 * S, 30 * S, 10 * S)
    assert found.quiet_ms == 40 * S
    assert [(one.school, one.is_main, one.talk_ms) for one in found.rooms] == [
        ("实验小学", True, 60 * S),
        ("第0小学", False, 20 * S),
        ("第1小学", False, 15 * S),
    ]
    assert [(one.main_ms, one.remote_ms) for one in found.minutes] == [(60 * S, 10 * S), (0, 20 * S)]


def test_waiting_counts_from_the_end_of_the_lecturers_words() -> None:
    voices = _voices([(0, 12)], [(16, 20)], [(13, 14)])
    events = [_event(10, "called_on", peer="c0"), _event(22, "called_on", peer=None)]
    found = picture_of(voices, events)
    assert [(one.what, one.wait_ms) for one in found.waits] == [("call", 4 * S)]
    assert (found.wait_ms, found.calls, found.unanswered) == (4 * S, 1, 0)


def test_who_speaks_into_the_question_was_not_waited_for() -> None:
    found = picture_of(_voices([(0, 20)], [(15, 18)]), [_event(10, "called_on", peer="c0")])
    assert found.wait_ms == 0


def test_nobody_who_answers_is_no_wait_of_zero() -> None:
    found = picture_of(_voices([(0, 5)], [], seconds=200), [_event(5, "called_on", peer="c0")])
    assert (found.wait_ms, found.unanswered) == (None, 1)
    late = picture_of(_voices([(0, 5)], [(90, 95)], seconds=200), [_event(5, "called_on", peer="c0")])
    assert late.unanswered == 1


def test_a_card_answers_a_question_too() -> None:
    asked = _event(10, "question_asked", question={"id": "q"})
    empty = _event(11, "tally_changed", question="q", tallies=[{"answered": 0}])
    other = _event(12, "tally_changed", question="other", tallies=[{"answered": 3}])
    given_ = _event(18, "tally_changed", question="q", tallies=[{"answered": 2}])
    found = picture_of(_voices([(0, 9)], [(40, 41)]), [asked, empty, other, given_])
    assert (found.questions, found.waits[0].wait_ms) == (1, 8 * S)


def test_replies_are_of_the_far_rooms_to_the_main_room_only() -> None:
    found = picture_of(_voices([(0, 10), (30, 40)], [(12, 14), (15, 16), (60, 62)]), [])
    assert (found.replies, found.reply_ms) == (1, 2 * S)  # 15 s goes on with itself, 60 s is a new beginning


def test_hands_are_counted_when_they_go_up() -> None:
    events = [_event(1, "hand_changed", peer="c0", hand=True), _event(2, "hand_changed", peer="c0", hand=False)]
    found = picture_of(_voices([], []), events)
    assert (found.hands, found.rooms[1].hands) == (1, 1)


SPANS = st.lists(st.tuples(st.integers(0, 119), st.integers(1, 30)), max_size=8).map(
    lambda raw: [(start, min(120, start + length)) for start, length in raw]
)


@settings(max_examples=40, deadline=None)
@given(SPANS, SPANS)
def test_any_talk_adds_up(main: list[tuple[int, int]], remote: list[tuple[int, int]]) -> None:
    found = picture_of(_voices(merged(main), merged(remote)), [])
    assert found.main_ms + found.remote_ms - found.together_ms + found.quiet_ms == found.duration_ms
    assert found.quiet_ms >= 0
    assert sum(one.main_ms for one in found.minutes) == found.main_ms
    assert shared_ms(merged(main), merged(remote)) == shared_ms(merged(remote), merged(main))
    assert total_ms(merged(main)) <= 120
