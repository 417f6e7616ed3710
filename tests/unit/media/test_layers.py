"""The plain layer policy."""

from __future__ import annotations

from media.layers import LayerSelector, LayerView, SlotView, priority

CAMERA = (LayerView("q", 90, 60_000), LayerView("h", 180, 200_000), LayerView("f", 360, 700_000))
SCREEN = (LayerView("l", 360, 100_000), LayerView("h", 720, 600_000))
VOICE = (LayerView("", 0, 40_000),)


def slot(name: str, layers: tuple[LayerView, ...] = CAMERA, limit: int = 10_000) -> SlotView:
    return SlotView(name, name.startswith("audio"), limit, None, layers)


ALL = [slot("tile0"), slot("guest"), slot("audio0", VOICE), slot("screen", SCREEN), slot("lecturer")]


def test_the_order_of_what_matters() -> None:
    names = ["tile1", "guest", "screen", "lecturer", "other"]
    assert sorted(names, key=priority) == ["lecturer", "screen", "guest", "tile1", "other"]


def test_everything_when_there_is_plenty() -> None:
    chosen = LayerSelector().choose(20_000_000, ALL, 10.0)
    assert chosen == {"lecturer": "f", "screen": "h", "guest": "f", "tile0": "f", "audio0": ""}


def test_audio_is_never_given_up_and_the_lecturers_poorest_layer_neither() -> None:
    chosen = LayerSelector().choose(30_000, ALL, 10.0)
    assert chosen == {"lecturer": "q", "screen": None, "guest": None, "tile0": None, "audio0": ""}


def test_everyone_is_seen_poorly_before_anyone_is_seen_well() -> None:
    chosen = LayerSelector().choose(420_000, ALL, 10.0)
    assert chosen == {"lecturer": "q", "screen": "l", "guest": "q", "tile0": "q", "audio0": ""}


def test_limits_are_kept() -> None:
    views = [slot("lecturer", limit=180), slot("guest", limit=0), slot("tile0", limit=50)]
    assert LayerSelector().choose(20_000_000, views, 10.0) == {"lecturer": "h", "guest": None, "tile0": "q"}


def test_nothing_to_choose_from_is_nothing() -> None:
    assert LayerSelector().choose(1_000_000, [slot("lecturer", ()), slot("audio0", ())], 1.0) == {
        "lecturer": None,
        "audio0": None,
    }


def test_down_at_once_up_after_a_while_with_a_margin() -> None:
    selector = LayerSelector()
    views = [slot("lecturer")]
    assert selector.choose(1_000_000, views, 10.0)["lecturer"] == "f"
    assert selector.choose(500_000, views, 10.1)["lecturer"] == "h"
    assert selector.choose(1_000_000, views, 10.2)["lecturer"] == "h"
    assert selector.choose(765_000, views, 15.0)["lecturer"] == "h", "fits, but without a margin"
    assert selector.choose(1_000_000, views, 15.1)["lecturer"] == "f"
    assert selector.unmet_bps() == 0


def test_what_failed_is_tried_again_more_and_more_slowly() -> None:
    selector = LayerSelector()
    views = [slot("lecturer")]
    now, waits = 10.0, []
    for _ in range(6):
        begin = now
        while selector.choose(1_000_000, views, now)["lecturer"] != "f":
            now += 0.25
        waits.append(now - begin)
        now += 0.25
        selector.choose(300_000, views, now)
    assert waits == sorted(waits)
    assert waits[-1] > 10


def test_the_shortfall_is_told() -> None:
    selector = LayerSelector()
    selector.choose(300_000, [slot("lecturer")], 1.0)
    assert selector.unmet_bps() == 500_000


def test_an_unmeasured_layer_is_not_free() -> None:
    fresh = tuple(LayerView(layer.rid, layer.height, 0) for layer in CAMERA)
    assert LayerSelector().choose(300_000, [slot("lecturer", fresh)], 1.0)["lecturer"] == "h"
