"""From frames and samples to the figures of a run."""

from __future__ import annotations

from typing import Any

from bench.link_figures import (
    Frame,
    audio_figures,
    outage_figures,
    return_figures,
    rung_figures,
    settle_figures,
    stalls,
    video_figures,
)
from bench.link_trace import parse_trace


def frames(*spans: tuple[float, float, int], late_s: float = 0.0) -> list[Frame]:
    """Return ten frames a second in each `(begin, end, height)`, shown `late_s` after their time."""
    found = []
    for begin, end, height in spans:
        for index in range(round((end - begin) * 10)):
            t = begin + index / 10
            found.append(Frame(t + late_s, height, round(t * 90_000) % (1 << 32)))
    return found


def test_gap_to_the_end_of_the_lesson_is_a_stall() -> None:
    seen = frames((2, 5, 360))
    assert [(round(stall.begin, 1), stall.end) for stall in stalls(seen, 10)] == [(4.9, 10)]
    figures = video_figures(seen, 10)
    assert figures["video_stall_pct"] == 63.75
    assert figures["first_frame_s"] == 2
    assert figures["to_720_s"] is None


def test_lesson_without_a_picture_stalls_all_the_time() -> None:
    assert video_figures([], 10)["video_stall_pct"] == 100


def sound(t: float, total: int, concealed: int, connection: int = 1) -> dict[str, Any]:
    """Return a sample in which the lecturer's slot has had these samples, beside one that nobody speaks in."""
    base = {"of": connection, "way": "in", "kind": "audio", "silentConcealedSamples": 0}
    lead = {**base, "mid": "0", "packetsReceived": total, "totalSamplesReceived": total, "concealedSamples": concealed}
    idle = {**base, "mid": "1", "packetsReceived": 0, "totalSamplesReceived": total, "concealedSamples": total}
    return {"t": t, "streams": [lead, idle]}


def test_sound_that_was_made_up_is_a_share_of_all_sound() -> None:
    samples = [sound(t, 48_000 * t, 4_800 if t > 3 else 0) for t in range(11)]
    assert audio_figures(samples, 0, 10)["audio_stall_pct"] == 1.0


def test_time_without_any_sample_is_missing_sound_and_a_new_connection_counts_on() -> None:
    samples = [sound(t, 48_000 * t, 0) for t in range(5)] + [sound(t, 48_000 * (t - 6), 0, 2) for t in range(6, 11)]
    figures = audio_figures(samples, 0, 10)
    assert figures["audio_missing_s"] == 2.0
    assert figures["audio_stall_pct"] == 20.0


def test_live_edge_is_not_the_first_old_picture_out_of_the_queue() -> None:
    trace = parse_trace("one", [{"t": t, "down": {"rate_kbps": rate}} for t, rate in ((0, 500), (5, 0), (8, 500))])
    stale = [Frame(8.1 + index / 100, 360, round((5 + index / 10) * 90_000)) for index in range(5)]
    seen = [*frames((0, 5, 360), late_s=0.1), *stale, *frames((8.5, 12, 360), late_s=0.1)]
    (outage,) = outage_figures(trace, seen, 12)
    assert outage == {"at_s": 5.0, "outage_s": 3.0, "first_frame_s": 0.1, "live_edge_s": 0.6}


def test_step_has_settled_when_the_height_no_longer_changes() -> None:
    trace = parse_trace("step", [{"t": 0, "down": {"rate_kbps": 900}}, {"t": 10, "down": {"rate_kbps": 200}}])
    seen = frames((0, 11, 720), (11, 11.5, 360), (11.5, 20, 180))
    assert settle_figures(trace, seen, 20) == [
        {"at_s": 10.0, "from_kbps": 900, "to_kbps": 200, "settle_s": 1.5, "height": 180}
    ]


def test_mean_rung_counts_from_sound_only_to_high_definition() -> None:
    samples = [{"t": t, "link": {"rung": rung}} for t, rung in enumerate(("audio", "hd", "hd", "clear"))]
    assert rung_figures(samples, 10) == {"mean_rung": 2.75, "rungs": {"hd": 0.5, "clear": 0.25, "audio": 0.25}}


def test_returned_sound_counts_from_when_the_classroom_spoke() -> None:
    quiet = [{"t": t, "streams": []} for t in range(5)]
    picture = {"of": 1, "way": "in", "kind": "video", "framesPerSecond": 5, "frameHeight": 180}
    spoken = [sound(t, 48_000 * (t - 5), 2_400 if t > 8 else 0) for t in range(5, 11)]
    for sample in spoken:
        sample["streams"] += [picture, {**picture, "framesPerSecond": None}]
    assert return_figures([*quiet, *spoken], 10) == {
        "return_frames_per_s": 2.7,
        "return_mean_height": 180,
        "return_audio_stall_pct": 1.0,
    }
