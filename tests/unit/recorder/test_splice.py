"""What the network lost: which stretches are asked for, where a browser's recording lies, and what of it is used."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from recorder.ebml import Block
from recorder.edit import Cut
from recorder.pauses import FOREVER, cut_time, uncut_time
from recorder.splice.filling import GAP_RANK, fill_sound, make_way, pictures_for, sound_for
from recorder.splice.gap_parts import GAPS, GapPart, read_gap_parts
from recorder.splice.likeness import BIN_MS, Levels, can_tell, find_shift, levels
from recorder.splice.missing import STRETCH_MS, Stretch, missing, muted_spans
from recorder.splice.told import filled
from recorder.timeline import Candidate, Placed, Sound, cut_video

NETWORK, BROUGHT = 1, 1 << 30
WHOLE = (0.0, 60_000.0, "teacher")


def frame(t_ms: float, part: int = NETWORK, *, key: bool = False) -> Placed:
    return Placed(t_ms, part, Block(round(t_ms), key, 0, 1))


def cut(sounds: Sequence[tuple[float, float]], pictures: Sequence[tuple[float, float]] = ((0, 60_000),)) -> Cut:
    """Return a cut of a minute with sound and pictures in these spans only."""
    heard = [
        Sound(ms, 20, frame(ms) if any(a <= ms < b for a, b in sounds) else None) for ms in np.arange(0.0, 60_000, 20)
    ]
    shown = [frame(float(ms)) for a, b in pictures for ms in range(int(a), int(b), 40)]
    return Cut(0.0, 60_000, list(shown), heard)


def test_a_lesson_without_loss_asks_for_nothing() -> None:
    assert missing(cut([(0, 60_000)]), [WHOLE], {}) == []


def test_holes_are_asked_for_and_those_near_each_other_together() -> None:
    found = missing(cut([(0, 20_000), (21_000, 22_000), (24_000, 40_000), (40_100, 60_000)]), [WHOLE], {})
    assert found == [Stretch("teacher", "mic", 20_000, 24_000)], "a packet or two at 40 s is not worth it"


def test_a_picture_that_stood_still_brings_a_moment_of_sound_to_be_placed_by() -> None:
    found = missing(cut([(0, 60_000)], [(0, 20_000), (30_000, 60_000)]), [WHOLE], {})
    assert found == [Stretch("teacher", "mic", 19_960, 19_960), Stretch("teacher", "camera", 19_960, 30_000)]


def test_what_was_muted_was_meant_to_be_silent() -> None:
    events = [(9_000.0, {"kind": "mute_changed", "peer": "teacher", "source": "mic", "muted": True}),
              (31_000.0, {"kind": "mute_changed", "peer": "teacher", "source": "mic", "muted": False}),
              (50_000.0, {"kind": "mute_changed", "peer": "teacher", "source": "camera", "muted": True})]  # fmt: skip
    spans = muted_spans(events)
    assert spans == {("teacher", "mic"): [(9_000, 31_000)], ("teacher", "camera"): [(50_000, FOREVER)]}
    assert missing(cut([(0, 9_000), (31_000, 60_000)], [(0, 50_000)]), [WHOLE], spans) == []


def test_only_who_was_to_be_heard_is_asked_and_not_for_the_moments_of_coming_and_going() -> None:
    turns = [(10_000.0, 40_000.0, "class")]
    assert missing(cut([(13_000, 38_000)], [(13_000, 38_000)]), turns, {}) == []
    assert [one.peer for one in missing(cut([(20_000, 40_000)]), turns, {})] == ["class"]


def test_a_long_outage_is_several_files() -> None:
    found = missing(Cut(0.0, 700_000, [], []), [(0.0, 700_000.0, "teacher")], {})
    voices = [one for one in found if one.source == "mic"]
    assert [(one.from_ms, one.to_ms) for one in voices] == [(0, 300_000), (300_000, 600_000), (600_000, 700_000)]
    assert STRETCH_MS == 300_000


def test_times_without_pauses_come_back_to_the_clock() -> None:
    pauses = [(10.0, 30.0), (50.0, 55.0)]
    for t_ms in (0.0, 9.0, 30.0, 49.0, 55.0, 80.0):
        assert uncut_time(pauses, cut_time(pauses, t_ms)) == t_ms


def voice(seed: int, seconds: int = 20) -> Levels:
    """Return syllables of 180 ms."""
    random = np.random.default_rng(seed)
    found: Levels = np.repeat(random.uniform(-55, -10, seconds * 6), 18)
    return found


def test_a_voice_is_found_at_its_place_and_only_there() -> None:
    ours = voice(1)
    for shift in (-137, 0, 42):
        theirs = np.roll(ours, -shift) + np.random.default_rng(2).normal(0, 2, len(ours))
        found = find_shift(ours, theirs)
        assert found is not None and found.ms == pytest.approx(shift * BIN_MS, abs=4)


def test_what_the_network_lost_is_compared_around_it() -> None:
    ours = voice(1)
    ours[500:1_500] = np.nan
    found = find_shift(ours, np.roll(voice(1), -30))
    assert found is not None and found.ms == pytest.approx(300, abs=4)


@pytest.mark.parametrize("theirs", [voice(2), np.full(2_160, -40.0), np.full(2_160, np.nan)])
def test_another_voice_a_hum_and_nothing_are_not_placed(theirs: Levels) -> None:
    assert find_shift(voice(1), theirs) is None


def test_a_beat_that_repeats_fits_at_many_places_and_so_at_none() -> None:
    beat = np.tile(np.repeat([-10.0, -50.0], 25), 40)
    assert find_shift(beat, np.roll(beat, 7)) is None
    assert can_tell(beat, beat) and not can_tell(beat, np.full(2_000, np.nan))


def test_loudness_is_that_of_the_moment() -> None:
    piece = np.full(4_800, 0.1, np.float32)
    found = levels([(40.0, piece)], 0.0, 20)
    assert np.isnan(found[:4]).all() and np.isnan(found[14:]).all()
    assert found[4:14] == pytest.approx(-20.0)


def test_sound_goes_only_where_there_is_none() -> None:
    network = [(frame(ms), 20.0) for ms in (0, 20, 40, 200, 220)]
    brought = [(frame(ms, BROUGHT), 60.0) for ms in (5, 65, 125, 185)]
    assert [(one.t_ms, one.part) for one in fill_sound(network, brought)] == [
        (0, NETWORK), (20, NETWORK), (40, NETWORK), (65, BROUGHT), (125, BROUGHT), (200, NETWORK), (220, NETWORK),
    ]  # fmt: skip


def test_a_part_that_only_helps_to_place_others_is_not_heard() -> None:
    assert sound_for([frame(float(ms)) for ms in range(0, 2_000, 20)], (1_000.0, 1_000.0)) == []


def test_pictures_begin_at_the_keyframe_before_the_hole_and_end_at_the_networks_next() -> None:
    network = Candidate((360, 0), [frame(float(ms), key=ms % 4_000 == 0) for ms in range(0, 60_000, 40)
                                   if not 21_000 <= ms < 30_500])  # fmt: skip
    whole = [frame(float(ms) + 7, BROUGHT, key=ms % 2_000 == 0) for ms in range(10_000, 50_000, 40)]
    brought = Candidate(GAP_RANK, pictures_for(whole, (20_960.0, 30_500.0)))
    shown = list(cut_video([*make_way([network], [brought]), brought], 0.0, 60_000.0))
    changes = [(one.t_ms, one.part) for before, one in itertools.pairwise(shown) if before.part != one.part]
    assert changes == [(20_007, BROUGHT), (32_000, NETWORK)]
    assert max(np.diff([one.t_ms for one in shown])) <= 80


def test_a_picture_without_a_hole_stays_the_networks() -> None:
    network = Candidate((360, 0), [frame(float(ms), key=ms % 4_000 == 0) for ms in range(0, 60_000, 40)])
    brought = Candidate(GAP_RANK, [frame(float(ms), BROUGHT, key=True) for ms in range(20_000, 30_000, 40)])
    assert make_way([network], [brought]) == [network]
    assert {one.part for one in cut_video([network, brought], 0.0, 60_000.0)} == {NETWORK}


def test_what_was_brought_is_told_in_one_piece() -> None:
    whole = cut([(0, 60_000)])
    sounds = [one._replace(placed=frame(one.ms, BROUGHT)) if 5_000 <= one.ms < 9_000 else one for one in whole.sounds]
    (told,) = filled(whole._replace(sounds=sounds), "lecturer")
    assert (told.what, told.start_ms, told.end_ms) == ("sound", 5_000, 9_000)


def test_a_part_without_its_description_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / GAPS).mkdir()
    part = GapPart("a", "p", "mic", "opus", 0, 0, True, "tab", 0, 9, ((0, 5.0), (1_000, 1_004.0)), 1_000)
    (tmp_path / part.file).write_bytes(b"x")
    assert read_gap_parts(tmp_path) == []
    (tmp_path / GAPS / "a.json").write_bytes(msgspec.json.encode(part))
    (tmp_path / GAPS / "b.json").write_bytes(b"{")
    assert read_gap_parts(tmp_path) == [part]
    assert part.record(7, 100.0).opened_ms == 104.0
