"""Which encodings a publisher is asked for."""

from __future__ import annotations

from typing import cast

from media.demand import DROP_AFTER_S, EncodingDemand, poll_demand, wanted_encodings
from media.tap_feed import TapFeed
from media.up_track import UpTrack
from tests.unit.media.media_scene import VP8_UP, Scene, line

RIDS = ("q", "h", "f")


def test_everything_is_wanted_at_first_so_nothing_is_told() -> None:
    demand = EncodingDemand()
    assert demand.update(RIDS, (), 0.0) is None
    assert demand.update(RIDS, (), DROP_AFTER_S - 0.1) is None


def test_a_layer_without_a_taker_is_dropped_after_a_while_and_wanted_again_at_once() -> None:
    demand = EncodingDemand()
    demand.update(RIDS, ("f",), 0.0)
    assert demand.update(RIDS, ("f",), 10.0) == ("q", "f")
    assert demand.update(RIDS, (), 12.0) is None
    assert demand.update(RIDS, (), 20.0) == ("q",)
    assert demand.update(RIDS, (), 100.0) is None
    assert demand.update(RIDS, ("h",), 100.25) == ("q", "h")
    assert demand.update(RIDS, ("f",), 100.5) == RIDS


def test_a_taker_that_comes_and_goes_keeps_its_layer() -> None:
    demand = EncodingDemand()
    told = [demand.update(RIDS, ("f", "h") if at % 9 == 0 else (), float(at)) for at in range(100)]
    assert not any(told)


def test_a_source_that_begins_anew_is_told_again() -> None:
    demand = EncodingDemand()
    demand.update(RIDS, (), 0.0)
    assert demand.update(RIDS, (), 11.0) == ("q",)
    demand.restart()
    assert demand.update(RIDS, (), 20.0) == RIDS
    assert demand.update(RIDS, (), 31.0) == ("q",)


def test_the_order_of_layers_is_no_change() -> None:
    demand = EncodingDemand()
    demand.update(RIDS, (), 0.0)
    demand.update(RIDS, ("h",), 11.0)
    assert demand.update(("h", "q", "f"), ("q",), 11.25) is None


def test_a_source_of_one_layer_is_never_asked() -> None:
    assert EncodingDemand().update(("",), (), 100.0) is None


def camera(*rids: str) -> UpTrack:
    track = UpTrack("lecturer", "camera")
    for number, rid in enumerate(RIDS):
        if rid in rids:
            layer = track.add_layer(rid, number, VP8_UP)
            layer.height, layer.last_at = 180 << number, 1.0
    return track


def test_a_layer_that_was_never_seen_is_not_given_up() -> None:
    track = camera("q", "h")
    assert wanted_encodings(track, RIDS, (), 1.0, is_recorded=False) is None
    assert wanted_encodings(track, RIDS, (), 20.0, is_recorded=False) == ("q", "f"), "f waits for uplink"


def test_the_recorder_takes_all() -> None:
    track = camera(*RIDS)
    assert wanted_encodings(track, RIDS, (), 1.0, is_recorded=True) is None
    assert wanted_encodings(track, RIDS, (), 30.0, is_recorded=True) is None
    assert wanted_encodings(track, RIDS, (), 41.0, is_recorded=False) == ("q",)
    assert wanted_encodings(track, RIDS, (), 41.25, is_recorded=True) == RIDS


def test_a_muted_or_absent_source_is_left_alone() -> None:
    assert wanted_encodings(camera(), RIDS, (), 1.0, is_recorded=False) is None
    track = camera(*RIDS)
    wanted_encodings(track, RIDS, (), 1.0, is_recorded=False)
    track.is_muted = True
    assert wanted_encodings(track, RIDS, (), 30.0, is_recorded=False) is None


def test_a_recorded_room_wants_little_of_what_is_only_seen_small() -> None:
    scene = Scene()
    room = scene.room
    scene.publisher("village", {"camera": line("v", "video", VP8_UP, rids=RIDS)})
    track = room.track("village", "camera")
    for number, rid in enumerate(RIDS):
        layer = track.add_layer(rid, number, VP8_UP)
        layer.height, layer.last_at = 180 << number, 1.0
    room.tap = cast(TapFeed, object())
    scene.subscriber("lecturer", tiles=1)
    down = room.subscribers["lecturer"].slots["tile0"]
    down.feed(track)
    assert not poll_demand(room, 100.0)
    assert [news.rids for news in poll_demand(room, 111.0)] == [("q",)]
    room.subscribers["lecturer"].slots["lecturer"].feed(track)
    assert [news.rids for news in poll_demand(room, 111.25)] == [RIDS], "called on, it is recorded whole"
    down.feed(None)
    room.subscribers["lecturer"].slots["lecturer"].feed(None)
    assert not poll_demand(room, 130.0), "nobody watches: the recorder is the only one"
