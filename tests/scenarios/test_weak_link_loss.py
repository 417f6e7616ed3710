"""Loss that has nothing to do with load: what repair keeps from being seen and heard, in virtual time."""

from __future__ import annotations

from tests.scenarios.twin.links import link
from tests.scenarios.twin.run import run

CHEAP = ("q", "h")  # a camera of fewer lines: the third layer costs most of the time and has no part in this


def test_ten_per_cent_of_loss_are_hardly_seen() -> None:
    figures = run(link((0, 900), loss_pct=10, delay_ms=60), 16.0, seed=1, rids=CHEAP)
    assert figures.video_stall_pct <= 4, "of 16 s, in which the delay is still being learned; 1 of a lesson"
    assert figures.audio_stall_pct <= 1.5
    assert figures.mean_height >= 300
    assert figures.corrupt == 0


def test_three_per_cent_of_loss_on_a_long_path_are_hardly_seen() -> None:
    figures = run(link((0, 1200), loss_pct=3, delay_ms=150), 12.0, seed=3, rids=CHEAP)
    assert figures.video_stall_pct <= 5
    assert figures.audio_stall_pct <= 3
    assert figures.mean_height >= 300


def test_loss_of_what_the_receiver_says_changes_little() -> None:
    """One in five of its packets is lost: feedback, NACKs and reports."""
    figures = run(link((0, 900), up_loss_pct=20), 10.0, seed=4, rids=CHEAP)
    assert figures.video_stall_pct == 0
    assert figures.audio_stall_pct <= 0.8, "one packet is 0.2"
    assert figures.mean_height >= 300
