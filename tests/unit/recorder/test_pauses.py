"""A pause for privacy: nothing of it is written, handed out or in the finished file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from media.tap import TapTrack
from recorder.edit import Editor
from recorder.folder import Folder, Moment
from recorder.growing import GrowingRecording
from recorder.journal import read_journal
from recorder.ops import Note, WriteFrame
from recorder.pauses import FOREVER, PauseGate, Span, cut_time, is_paused, without
from recorder.session import Session
from recorder.story import Story, cut_story, read_story, resumes
from tests.unit.recorder.test_growing import START, START_NS, Recorded, taught

SECOND = 1_000_000_000


def paused(path: Path, *, pause_s: float = 8.0, more_s: float = 6.0) -> Recorded:
    """Return a recording of 6 s of class, a pause, and class again."""
    recorded = taught(path)
    recorded.run(6)
    recorded.session.on_pause(START_NS + 6 * SECOND, START_NS + 6 * SECOND)
    recorded.event(3, kind="chat_added", line={"text": "小雨最近家里有事"})
    recorded.event(4, kind="page_turned", page=3)
    recorded.run(pause_s)
    now_ns = START_NS + round(recorded.now_s * SECOND)
    recorded.session.on_pause(None, now_ns)
    recorded.run(more_s)
    return recorded


def close(recorded: Recorded) -> Story:
    recorded.session.stop(START_NS + round(recorded.now_s * SECOND))
    recorded.write()
    recorded._folder.close(0.0)
    return read_story(read_journal(recorded.path / "journal.jsonl").lines)


def test_what_arrives_from_the_command_on_is_not_written_though_it_is_heard_later() -> None:
    session = Session("r", "room", 0, 1)
    session.on_opened((1, 1), TapTrack("room", "t", "mic", "opus", "", 2, 111, 48_000), 0)
    recorded = Recorded.sounds(range(100))
    for arrival_ns, packet in recorded:
        session.on_packet((1, 1), packet, arrival_ns)
    session.on_pause(4 * SECOND, 6 * SECOND)
    ops = session.poll_ops()
    written = [op.t_ms for op in ops if isinstance(op, WriteFrame)]
    assert 3_800 < max(written) < 4_000
    assert [op.t_ms for op in ops if isinstance(op, Note) and op.kind == "pause"] == [4_000]


def test_nothing_of_a_pause_is_on_the_disk_and_parts_end_there(tmp_path: Path) -> None:
    recorded = paused(tmp_path)
    story = close(recorded)
    assert story.pauses == [(6_000.0, 14_000.0)]
    lines = read_journal(tmp_path / "journal.jsonl").lines
    assert [line["why"] for line in lines if line["kind"] == "part.close"][:2] == ["paused", "paused"]
    assert sorted(part.opened_ms > 6_000 for part in story.parts.values()) == [False, False, True, True]
    assert not [part for part in story.parts.values() if 6_000 <= part.opened_ms < 14_000]
    recording = GrowingRecording(tmp_path)
    recording.refresh()
    assert recording.missed(6_500, 13_500) == []
    assert {missed.role for missed in recording.missed(0, 20_000)} == {"voice", "camera"}


def test_the_finished_cut_leaps_over_it(tmp_path: Path) -> None:
    recorded = paused(tmp_path, pause_s=9.8)  # a keyframe comes 0.2 s after it, as asked for
    story = cut_story(close(recorded))
    editor = Editor(tmp_path, story)
    cut = editor.lecturer()
    editor.close()
    assert cut is not None
    assert cut.duration_ms == pytest.approx(12_000, abs=300)
    silent = [sound for sound in cut.sounds if sound.placed is None]
    assert len(silent) * 20 < 300, "a pause is no silence"
    times = [picture.t_ms for picture in cut.pictures if not isinstance(picture, float)]
    assert times == sorted(times)
    assert max(after - before for before, after in pairwise(times)) < 1_000
    assert resumes(story) == [6_000.0]
    said = [body for _, body in story.events if body["kind"] in ("chat_added", "withheld")]
    assert said == [{"kind": "withheld"}], "what was said meanwhile stays in class"
    assert (6_000.0, {"kind": "page_turned", "page": 3}) in story.events, "what follows stands on the page of then"


def test_times_inside_of_what_follows_move_with_it() -> None:
    lines: list[dict[str, Any]] = [
        {"t": 0, "kind": "session.start", "wall_ms": 0},
        {"t": 10_000, "kind": "pause"},
        {"t": 11_000, "kind": "event", "body": {"kind": "pupil_called", "called": {"name": "小雨"}}},
        {"t": 40_000, "kind": "resume"},
        {"t": 50_000, "kind": "event", "body": {"kind": "chat_added", "line": {"t_ms": 49_000, "text": "好"}}},
    ]
    events = cut_story(read_story(lines)).events
    assert events[0] == (10_000, {"kind": "withheld"})
    assert events[1] == (20_000, {"kind": "chat_added", "line": {"t_ms": 19_000, "text": "好"}})


def test_a_recorder_that_died_in_a_pause_stays_paused(tmp_path: Path) -> None:
    recorded = taught(tmp_path)
    recorded.run(2)
    recorded.session.on_pause(START_NS + 2 * SECOND, START_NS + 2 * SECOND)
    recorded.run(1)
    recorded.crash()
    folder = Folder(tmp_path, Moment(START_NS + 60 * SECOND, 1_700_000_060_000, "b"), START)
    assert folder.paused_ns == START_NS + 2 * SECOND
    session = Session("r", "room", folder.origin_ns, folder.next_part, 2, folder.paused_ns)
    session.on_opened((1, 1), TapTrack("room", "t", "mic", "opus", "", 2, 111, 48_000), 0)
    for arrival_ns, packet in Recorded.sounds(range(50)):
        session.on_packet((1, 1), packet, START_NS + 60 * SECOND + arrival_ns)
    assert not [op for op in session.poll_ops() if isinstance(op, WriteFrame)]
    session.on_pause(START_NS + 2 * SECOND, START_NS + 62 * SECOND)
    assert session.poll_ops() == [], "it is so already"
    folder.close(0.0)


def test_a_restarted_recorder_learns_of_a_pause_that_it_missed(tmp_path: Path) -> None:
    session = Session("r", "room", 0, 1)
    session.on_pause(5 * SECOND, 9 * SECOND)
    (note,) = session.poll_ops()
    assert isinstance(note, Note)
    assert (note.kind, note.t_ms) == ("pause", 5_000)


def test_twice_is_once() -> None:
    gate = PauseGate()
    gate.resume(1)
    gate.pause(10)
    gate.pause(20)
    assert [gate.shuts_out(ns) for ns in (9, 10, 30)] == [False, True, True]
    gate.resume(30)
    gate.resume(40)
    assert [gate.shuts_out(ns) for ns in (29, 30, 35)] == [True, False, False]
    gate.forget(30 + 61 * SECOND)
    assert not gate.shuts_out(15)


moments = st.lists(st.integers(0, 1_000), min_size=0, max_size=8, unique=True)


@settings(max_examples=40)
@given(moments, st.integers(0, 1_000), st.integers(0, 1_000))
def test_time_without_pauses_never_goes_back_and_stands_still_in_them(marks: list[int], a: int, b: int) -> None:
    ordered = sorted(marks)
    pauses: list[Span] = [(float(s), float(e)) for s, e in zip(ordered[::2], ordered[1::2], strict=False)]
    if len(ordered) % 2:
        pauses.append((float(ordered[-1]), FOREVER))
    low, high = sorted((float(a), float(b)))
    assert 0 <= cut_time(pauses, high) - cut_time(pauses, low) <= high - low
    kept = without([(low, high)], pauses) if low < high else []
    assert sum(end - start for start, end in kept) == cut_time(pauses, high) - cut_time(pauses, low)
    assert not [start for start, _ in kept if is_paused(pauses, start)]
