"""Where frames are put: clocks, cuts, silence, chapters, leads."""

from __future__ import annotations

from typing import Any

import pytest

from recorder.chapters import place_turns
from recorder.ebml import Block
from recorder.part_clock import PartClock, align_clocks
from recorder.space import GIB, Tier, choose_tier
from recorder.story import Epoch, PartRecord, SenderReport, lead_spans, page_turns, read_story
from recorder.timeline import Candidate, Placed, Sound, cut_audio, cut_video, merge_audio, place_part


def part(maps: list[tuple[int, float]], number: int = 1, source: str = "mic", rate: int = 1000) -> PartRecord:
    return PartRecord(number, "f", "p", source, "opus", "", 0, 0, rate, 0.0, [Epoch(0, 0, maps)])


def test_a_steady_delay_is_taken_as_the_clock() -> None:
    clock = PartClock(part([(ms, ms + 70.0) for ms in range(0, 60_000, 5_000)]))
    assert clock.place(31_234) == pytest.approx(31_304)


def test_a_queue_that_goes_away_moves_nothing() -> None:
    maps = [(ms, ms + (900.0 if 20_000 <= ms < 40_000 else 50.0)) for ms in range(0, 120_000, 5_000)]
    clock = PartClock(part(maps))
    assert [clock.place(ms) - ms for ms in (10_000, 30_000, 50_000)] == pytest.approx([50, 50, 50])


def test_a_stall_keeps_its_step_exactly_where_it_was() -> None:
    before = [(ms, ms + 50.0) for ms in range(0, 30_000, 5_000)] + [(29_980, 30_030.0)]
    after = [(30_000, 48_100.0)] + [(ms, ms + 18_050.0) for ms in range(35_000, 200_000, 5_000)]
    clock = PartClock(part(before + after))
    assert clock.place(29_980) == pytest.approx(30_030)
    assert clock.place(30_000) == pytest.approx(48_050)


def test_drift_is_followed() -> None:
    clock = PartClock(part([(ms, ms * 1.0001 + 50) for ms in range(0, 3_600_000, 5_000)]))
    assert clock.place(1_800_000) == pytest.approx(1_800_230, abs=1)


def test_another_origin_of_stamps_begins_an_epoch() -> None:
    record = part([(0, 50.0)])
    record.epochs.append(Epoch(10_000, 777_000, [(777_000, 12_050.0)]))
    clock = PartClock(record)
    assert clock.place(9_990) == pytest.approx(10_040)
    assert clock.place(10_020) == pytest.approx(12_070)


def test_reports_bring_sound_and_picture_of_a_peer_together() -> None:
    voice, camera = part([(0, 20.0)]), part([(0, 95.0)], 2, "camera")
    for record in (voice, camera):
        record.reports = [SenderReport(0, ms, 1e9 + ms, ms + 25.0) for ms in range(0, 60_000, 5_000)]
    clocks = align_clocks([voice, camera])
    assert clocks[1].place(10_000) == pytest.approx(clocks[2].place(10_000))


def test_reports_of_a_wrong_clock_are_not_believed() -> None:
    voice, camera = part([(0, 20.0)]), part([(0, 20.0)], 2, "camera")
    voice.reports = [SenderReport(0, 0, 1e9, 25.0)]
    camera.reports = [SenderReport(0, 0, 1e9 + 60_000, 25.0)]
    clocks = align_clocks([voice, camera])
    assert abs(clocks[1].place(0) - clocks[2].place(0)) < 100


def run(number: int, start: int, end: int, rank: int, *, key_every: int = 1000, step: int = 40) -> Candidate:
    placed = [
        Placed(float(ms), number, Block(ms - start, (ms - start) % key_every == 0, 0, 1))
        for ms in range(start, end, step)
    ]
    return Candidate((rank, 0), placed)


def shown(candidates: list[Candidate], start: float = 0, end: float = float("inf")) -> list[tuple[int, float]]:
    """Return the changes of part: (part, when)."""
    changes: list[tuple[int, float]] = []
    for frame in cut_video(candidates, start, end):
        if not changes or changes[-1][0] != frame.part:
            assert frame.block.keyframe, "a change of part is a keyframe"
            changes.append((frame.part, frame.t_ms))
    return changes


def test_the_best_layer_is_shown_and_a_smaller_one_fills_its_hole() -> None:
    high = run(1, 0, 20_000, 720)
    holed = Candidate(high.rank, [frame for frame in high.frames if not 6_000 <= frame.t_ms < 12_000])
    middle = run(2, 0, 20_000, 360)
    assert shown([middle, holed])[-3:] == [(1, 0.0), (2, 6_000.0), (1, 12_000.0)]


def test_of_two_layers_that_begin_at_one_instant_the_better_is_shown() -> None:
    """What each was mapped at differs, and so the rounding of its clock: 1 of 15 begins had the small one first."""
    begin_ms = 2546.506
    candidates: list[Candidate] = []
    for number, height, mapped in ((1, 360, (0, 1_000, 14_000)), (2, 180, (0, 1_000, 6_000))):
        record = part([(ms, round(begin_ms + ms, 3)) for ms in mapped], number, "camera")
        record.height = height
        candidates.append(place_part(record, PartClock(record), [Block(0, True, 0, 1), Block(40, False, 1, 1)]))
    assert candidates[0].frames[0].t_ms == candidates[1].frames[0].t_ms
    assert shown(candidates) == shown(candidates[::-1]) == [(1, begin_ms)]


def test_a_better_layer_that_flickers_is_not_taken() -> None:
    assert shown([run(1, 0, 20_000, 360), run(2, 5_000, 6_000, 720)]) == [(1, 0.0)]


def test_a_picture_that_stands_still_goes_on_without_a_keyframe() -> None:
    still = run(1, 0, 30_000, 720, key_every=1_000_000, step=5_000)
    assert [frame.t_ms for frame in cut_video([still], 0, float("inf"))] == [0, 5_000, 10_000, 15_000, 20_000, 25_000]


def test_the_cut_begins_at_a_keyframe_and_ends_before_its_end() -> None:
    times = [frame.t_ms for frame in cut_video([run(1, 0, 10_000, 720)], 1_500, 3_000)]
    assert (times[0], times[-1]) == (2_000, 2_960)


def packets(times: list[float], duration: float = 20) -> list[tuple[Placed, float]]:
    return [(Placed(ms, 1, Block(0, True, 0, 1)), duration) for ms in times]


def heard(times: list[float], cursor: float = 0) -> list[Sound]:
    return list(cut_audio(packets(times), float("-inf"), float("inf"), cursor))


def test_sounds_follow_each_other_without_gap() -> None:
    sounds = heard([number * 20 + (number * 7) % 13 for number in range(50)])
    assert [sound.ms for sound in sounds] == [number * 20 for number in range(50)]


def test_a_hole_is_filled_with_silence_and_time_stands() -> None:
    sounds = heard([0, 20, 1_040, 1_060])
    assert sum(sound.placed is None for sound in sounds) == 50
    assert [round(sound.ms) for sound in sounds if sound.placed] == [0, 20, 1_040, 1_060]


def test_a_small_hole_is_jitter() -> None:
    assert all(sound.placed for sound in heard([0, 20, 95, 115]))


def test_a_lost_packet_is_filled_at_once_and_the_voice_does_not_run_ahead() -> None:
    """Stamps say what is missing; of two in a row both, though the clock is a little off."""
    numbers = [number for number in range(400) if number % 40 not in (7, 20, 21)]
    frames = [(Placed(n * 19.999, 1, Block(n * 20, True, 0, 1)), 20.0) for n in numbers]
    sounds = list(cut_audio(frames, float("-inf"), float("inf"), 0))
    assert len(sounds) == 400
    assert [sound.ms for sound in sounds] == [number * 20 for number in range(400)]
    assert [number % 40 for number, sound in enumerate(sounds) if sound.placed is None] == [7, 20, 21] * 10


def test_overlapping_sounds_are_left_out() -> None:
    sounds = heard([0, 20, 40, 0, 20, 40, 60, 80])
    assert sum(1 for sound in sounds if sound.placed) <= 7
    assert max(abs(sound.ms - sound.placed.t_ms) for sound in sounds if sound.placed) <= 40


def test_a_late_begin_is_silence() -> None:
    sounds = heard([500, 520], cursor=0)
    assert [sound.placed is None for sound in sounds] == [True] * 25 + [False] * 2


def test_of_two_parts_that_overlap_the_later_is_heard() -> None:
    merged = [frame.part for frame in merge_audio([run(1, 0, 400, 0, step=20), run(2, 200, 600, 0, step=20)])]
    assert merged == [1] * 10 + [2] * 20


# --- chapters and leads -------------------------------------------------------------------------------------------


def test_pages_shown_before_the_begin_are_the_first_page() -> None:
    turns = [(-9_000.0, 1, "封面"), (-1_000.0, 2, "叶子"), (30_000.0, 3, "光"), (99_000.0, 4, "晚")]
    assert place_turns(turns, 0.0, 60_000) == [(0, 2, "叶子"), (30_000, 3, "光")]


def test_a_lesson_begins_at_its_first_page() -> None:
    assert place_turns([(20_000.0, 2, "光")], 0.0, 60_000) == [(0, 1, ""), (20_000, 2, "光")]
    assert place_turns([], 0.0, 60_000) == []


def event(t: float, **body: Any) -> dict[str, Any]:
    return {"kind": "event", "t": t, "event": 1, "body": body}


def opened(number: int, peer: str, at: float) -> dict[str, Any]:
    fields = {
        "file": "f",
        "source": "camera",
        "codec": "vp8",
        "layer": "",
        "width": 2,
        "height": 2,
        "clock_rate": 90_000,
    }
    return {"kind": "part.open", "t": at, "part": number, "peer": peer, "rtp": 0, "at": at, **fields}


def test_the_lead_is_whom_the_events_name() -> None:
    story = read_story([event(9.0, kind="lead_changed", peer="b"), event(1.0, kind="lead_changed", peer="a"),
                        event(5.0, kind="lead_changed", peer=None)])  # fmt: skip
    assert lead_spans(story) == [(float("-inf"), "a"), (9.0, "b")]


def test_without_events_the_first_lecturer_leads() -> None:
    names = [
        {"kind": "peer", "t": 0, "peer": "c", "role": "classroom"},
        {"kind": "peer", "t": 0, "peer": "l", "role": "lecturer"},
    ]
    assert lead_spans(read_story([*names, opened(1, "c", 1.0), opened(2, "l", 2.0)])) == [(float("-inf"), "l")]
    assert lead_spans(read_story([opened(1, "x", 1.0)])) == [(float("-inf"), "x")]
    assert lead_spans(read_story([])) == []


def test_page_titles_come_from_the_deck_when_the_event_has_none() -> None:
    deck = {"id": "d", "titles": ["封面", "叶子"]}
    story = read_story([event(0.0, kind="deck_changed", deck=deck), event(5.0, kind="page_turned", page=2, title="")])
    assert page_turns(story) == [(0.0, 1, "封面"), (5.0, 2, "叶子")]


def test_less_is_recorded_as_the_disk_fills_and_more_only_with_room_to_spare() -> None:
    total = 20 * GIB
    assert choose_tier(Tier.ALL, 3 * GIB, total) is Tier.ALL
    assert choose_tier(Tier.ALL, 19 * GIB // 10, total) is Tier.SMALL
    assert choose_tier(Tier.ALL, GIB // 2, total) is Tier.SOUND
    assert choose_tier(Tier.SMALL, 21 * GIB // 10, total) is Tier.SMALL
    assert choose_tier(Tier.SMALL, 3 * GIB, total) is Tier.ALL
    assert choose_tier(Tier.ALL, 6 * GIB, 4000 * GIB) is Tier.ALL
