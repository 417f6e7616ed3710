"""What a layer is measured to cost."""

from __future__ import annotations

from media.layer_rates import LayerRates
from media.up_track import UpTrack
from tests.unit.media.media_scene import VP8_UP


def feed(
    rates: LayerRates, begin: float, seconds: float, bps: float, *, fps: int = 20, tids: tuple[int, ...] = (0,)
) -> float:
    """Let frames of even size come; return when they end."""
    for number in range(round(seconds * fps)):
        rates.add(round(bps / 8 / fps), tids[number % len(tids)], begin + number / fps, is_key=False)
    return begin + seconds


def test_nothing_is_said_before_it_is_known() -> None:
    rates = LayerRates()
    assert rates.costs() == ()
    feed(rates, 5.0, 0.5, 100_000)
    assert rates.costs() == ()


def test_an_even_rate_is_what_it_is() -> None:
    rates = LayerRates()
    feed(rates, 5.0, 4.0, 400_000)
    [cost] = rates.costs()
    assert 380_000 <= cost <= 440_000


def test_temporal_layers_add_up() -> None:
    rates = LayerRates()
    feed(rates, 5.0, 4.0, 400_000, tids=(0, 2, 1, 2))
    lowest, middle, whole = rates.costs()
    assert 90_000 <= lowest <= 130_000
    assert 180_000 <= middle <= 250_000
    assert 380_000 <= whole <= 440_000


def test_a_burst_counts_at_once_and_is_forgotten_slowly() -> None:
    rates = LayerRates()
    now = feed(rates, 5.0, 5.0, 100_000)
    now = feed(rates, now, 1.0, 800_000)
    now = feed(rates, now, 0.3, 100_000)
    assert rates.costs()[0] >= 700_000
    now = feed(rates, now, 3.0, 100_000)
    assert rates.costs()[0] >= 350_000
    feed(rates, now, 20.0, 100_000)
    assert rates.costs()[0] <= 120_000


def test_a_moment_counts_as_the_half_second_around_it() -> None:
    rates = LayerRates()
    now = feed(rates, 5.0, 5.0, 100_000)
    now = feed(rates, now, 0.15, 800_000)
    feed(rates, now, 0.6, 100_000)
    assert rates.costs()[0] <= 320_000


def test_a_keyframe_is_spread_out() -> None:
    rates = LayerRates()
    now = feed(rates, 5.0, 5.0, 100_000)
    rates.add(12_000, 0, now, is_key=True)
    feed(rates, now, 0.5, 100_000)
    assert 105_000 <= rates.costs()[0] <= 130_000


def test_a_layer_that_was_off_is_expected_to_cost_what_it_did() -> None:
    rates = LayerRates()
    now = feed(rates, 5.0, 5.0, 400_000)
    before = rates.costs()[0]
    for second in range(60):
        rates.add(100, 0, now + 3600 + second / 100, is_key=False)
    assert 0.9 * before <= rates.costs()[0] <= before


def test_a_picture_that_stands_still_gets_cheap() -> None:
    rates = LayerRates()
    now = feed(rates, 5.0, 5.0, 400_000)
    feed(rates, now, 30.0, 2_000, fps=1)
    assert rates.costs()[0] <= 20_000


def test_a_ladder_is_nominal_until_it_is_measured_and_is_shared() -> None:
    track = UpTrack("lecturer", "camera")
    layer = track.add_layer("h", 1, VP8_UP)
    assert not track.ladder(1.0).layers
    track.add_layer("h", 1, VP8_UP)
    layer = track.layers["h"]
    layer.height, layer.top_tid, layer.last_at, layer.live_since = 360, 2, 1.0, 1.0
    ladder = track.ladder(1.0)
    assert ladder.costs == (156_000, 234_000, 390_000)
    assert track.ladder(1.05) is ladder
    assert track.ladder(1.2) is not ladder


def test_a_layer_flows_when_it_keeps_up_with_the_others() -> None:
    track = UpTrack("lecturer", "camera")
    for number, rid in enumerate("qhf"):
        layer = track.add_layer(rid, number, VP8_UP)
        layer.height, layer.last_at, layer.live_since = 180 << number, 10.0, 1.0
    assert [view.live_since for view in track.ladder(60.0).layers] == [1.0, 1.0, 1.0], "the source pauses as a whole"
    track.layers["q"].last_at = 11.0
    assert [view.live_since for view in track.ladder(61.0).layers] == [1.0, -1.0, -1.0]


def test_a_layer_whose_lines_are_unknown_has_no_place_among_others() -> None:
    track = UpTrack("lecturer", "camera")
    for rid, height in (("q", 180), ("f", 0)):
        layer = track.add_layer(rid, 1, VP8_UP)
        layer.height, layer.last_at = height, 10.0
    assert [view.rid for view in track.ladder(10.0).layers] == ["q"]
    track.layers["q"].height = 0
    assert len(track.ladder(11.0).layers) == 2


def test_a_page_that_stands_is_cheap_but_not_for_links_that_could_not_turn_it() -> None:
    track = UpTrack("lecturer", "screen")
    for rid, height in (("l", 360), ("h", 720)):
        layer = track.add_layer(rid, 1, VP8_UP)
        layer.height, layer.last_at = height, 10.0
        feed(layer.rates, 5.0, 5.0, 8_000, fps=4)
    low, high = track.ladder(10.0).costs
    assert low <= 10_000
    assert high == 325_000
