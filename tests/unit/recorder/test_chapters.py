"""Where chapters begin: what is taught, asked and marked, neither too close nor too many."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings, strategies as st

from recorder.chapters import (
    LEAST_MOST,
    MERGE_MS,
    MOST_AN_HOUR,
    Kind,
    Moment,
    make_chapters,
    place_turns,
    taught_pages,
    to_vtt,
    told_moments,
)
from recorder.control import Chapter
from recorder.story import cut_story, read_story

Placed = list[tuple[int, int, str]]


def of_pages(placed: Placed, duration_ms: int) -> list[tuple[int, str]]:
    chapters = make_chapters(taught_pages(placed, duration_ms), placed, duration_ms)
    return [(one.start_ms, one.title) for one in chapters]


def test_chapters_are_pages_that_were_taught() -> None:
    placed = [(0, 1, "封面"), (5_000, 2, "叶子"), (60_000, 3, "翻过"), (65_000, 4, "光"), (100_000, 5, "")]
    assert of_pages(placed, 200_000) == [(0, "叶子"), (65_000, "光"), (100_000, "第 5 页")]


def test_a_short_lesson_has_one_chapter_and_an_empty_one_none() -> None:
    assert of_pages([(0, 1, "封面"), (4_000, 2, "二")], 8_000) == [(0, "封面")]
    assert of_pages([], 8_000) == []


def event(t: float, **body: Any) -> dict[str, Any]:
    return {"kind": "event", "t": t, "event": 1, "body": body}


def test_a_lesson_is_told_by_its_marks_questions_and_calls() -> None:
    room = {"peer": "r", "name": "三年级", "school": "红星小学", "role": "classroom"}
    lines = [
        event(-5_000, kind="participant_joined", participant=room),
        event(500, kind="marked", mark={"t_ms": 1, "label": "太早"}),
        event(9_000, kind="marked", mark={"t_ms": 1, "label": ""}),
        event(61_000, kind="question_asked", question={"id": "q", "title": "哪一种\n是蒸发？"}),
        event(70_000, kind="called_on", peer="r"),  # about the question: no chapter of its own
        event(121_000, kind="called_on", peer="r"),
        event(130_000, kind="called_on", peer=None),
        {"kind": "pause", "t": 200_000},
        {"kind": "resume", "t": 320_000},
        event(350_000, kind="page_turned", page=2, title="光"),
        event(990_000, kind="marked", mark={"t_ms": 1, "label": "太晚"}),
    ]
    story = cut_story(read_story(lines))
    told = told_moments(story, [170_500.0], 1_000, 600_000)
    placed = place_turns([(351_000 - 120_000, 2, "光")], 1_000, 600_000)
    chapters = make_chapters([*taught_pages(placed, 600_000), *told], placed, 600_000)
    assert chapters == (
        Chapter(0, "第 1 页", "page", 1),
        Chapter(8_000, "标记", "mark", 1),
        Chapter(60_000, "提问：哪一种 是蒸发？", "question", 1),
        Chapter(120_000, "连线：红星小学 三年级", "hand", 1),
        Chapter(230_000, "光", "page", 2),
    )
    kinds = {one.kind for one in told}
    assert kinds == {"mark", "question", "hand", "resume"}
    assert [one.ms for one in told if one.kind == "resume"] == [199_000, 169_500]


def test_marks_close_together_are_one_with_both_words() -> None:
    marks = [Moment(50_000, "标记：一", "mark"), Moment(62_000, "标记：二", "mark")]
    assert [one.title for one in make_chapters(marks, [], 100_000)] == ["开始", "标记：一；标记：二"]


KINDS: list[Kind] = ["mark", "question", "hand", "page", "resume", "scene"]


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 7_200_000),
    st.lists(st.tuples(st.integers(0, 7_200_000), st.sampled_from(KINDS), st.integers(0, 99)), max_size=90),
)
def test_chapters_are_in_order_apart_and_few(duration_ms: int, shapes: list[tuple[int, Kind, int]]) -> None:
    moments = [Moment(ms, kind, kind, lasts) for ms, kind, lasts in shapes]
    chapters = make_chapters(moments, [], duration_ms)
    starts = [one.start_ms for one in chapters]
    inside = [one for one in moments if one.ms < duration_ms]
    assert bool(chapters) == bool(inside)
    assert starts[:1] == [0] * bool(starts)
    assert all(start < duration_ms for start in starts)
    assert all(b - a >= MERGE_MS for a, b in itertools.pairwise(starts[1:]))
    assert len(chapters) <= max(LEAST_MOST, MOST_AN_HOUR * duration_ms // 3_600_000)
    if len(chapters) < LEAST_MOST:  # none was left out for its number: each moment is a chapter or close to one …
        late = [one for one in inside if one.ms >= 2 * MERGE_MS]  # … but that the first chapter goes back to the begin
        assert all(min(abs(one.ms - start) for start in starts) < MERGE_MS for one in late)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 600_000), st.sampled_from(KINDS)), min_size=1, max_size=12), st.randoms())
def test_the_order_in_which_moments_are_found_does_not_matter(shapes: list[tuple[int, Kind]], random: Any) -> None:
    moments = [Moment(ms, f"{kind} {ms}", kind) for ms, kind in dict.fromkeys(shapes)]
    expected = make_chapters(moments, [], 600_001)
    random.shuffle(moments)
    assert make_chapters(moments, [], 600_001) == expected


def test_chapters_are_written_for_players() -> None:
    text = to_vtt((Chapter(0, "封面"), Chapter(3_605_250, "a <b> & c")), 3_700_000)
    assert text == (
        "WEBVTT\n\n00:00:00.000 --> 01:00:05.250\n封面\n\n01:00:05.250 --> 01:01:40.000\na &lt;b&gt; &amp; c\n"
    )
