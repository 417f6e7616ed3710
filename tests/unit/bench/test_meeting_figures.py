"""What a meeting's page showed and played, as figures."""

from __future__ import annotations

from typing import Any

from bench.meeting_figures import RATE_HZ, picture_back_s, picture_figures, sound_back_s, voice_figures


def sample(t: float, frames: int = 0, note: str = "", away: str = "", made_up: float = 0.0) -> dict[str, Any]:
    """Return what a page says after `t` seconds of one voice, of which `made_up` seconds were invented."""
    tile = {"frames": frames, "lines": 90, "light": 130, "note": note}
    return {"t": t, "tiles": {"tile0": tile}, "voices": {"1/0": [t * RATE_HZ, made_up * RATE_HZ]}, "away": away}


def test_sound_that_was_made_up_or_missing_is_counted() -> None:
    samples = [sample(0.0), sample(5.0, made_up=0.1), sample(10.0, made_up=0.5)]
    assert voice_figures(samples, 0, 10) == (5.0, 0.0)
    samples[-1]["voices"]["1/0"][0] = 8.0 * RATE_HZ
    assert voice_figures(samples, 0, 10) == (6.25, 2.0)
    assert voice_figures([], 0, 10) == (None, None)


def test_sound_is_back_with_the_first_second_that_was_received() -> None:
    samples = [sample(n / 2, made_up=min(n / 2, 3.0)) for n in range(12)]
    assert sound_back_s(samples, 2.0) == 2.0
    assert sound_back_s(samples[:7], 2.0) is None


def test_a_picture_that_stands_still_must_say_so() -> None:
    still = [sample(float(t), frames=7) for t in range(6)]
    assert picture_figures(still, (0, 5))["unmarked_stills"] == 3  # after 3, 4 and 5 s
    assert picture_figures([sample(float(t), 7, "画面已暂停") for t in range(6)], (0, 5))["unmarked_stills"] == 0
    assert picture_figures([sample(float(t), 7, away="断了") for t in range(6)], (0, 5))["unmarked_stills"] == 0
    moving = [sample(float(t), frames=t) for t in range(6)]
    assert picture_figures(moving, (0, 5)) | {"darkest": 130} == {
        "tiles_moving_pct": 100, "tile_lines": 90, "unmarked_stills": 0, "darkest": 130
    }  # fmt: skip
    assert (picture_back_s(moving, 2.5), picture_back_s(still, 2.5)) == (0.5, None)
