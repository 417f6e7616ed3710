"""How a receiver's link is spent."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from media.allocator import LayerAllocator
from media.ladder import ALL_TIDS, NOT_LIVE, PAUSED, Choice, Ladder, LayerView, SlotView, nominal_costs

AUDIO_BPS = 57_000
FULL = ALL_TIDS


def layer(rid: str, height: int, bps: int, tids: int = 1, since: float = 0.0) -> LayerView:
    share = bps / nominal_costs(180, 0)[0]
    return LayerView(rid, height, tuple(int(share * cost) for cost in nominal_costs(180, tids - 1)), since)


def camera(*rids: str, flow: float = 0.0, **since: float) -> Ladder:
    layers = {
        "q": layer("q", 180, 100_000, 2, since.get("q", flow)),
        "h": layer("h", 360, 350_000, 3, since.get("h", flow)),
        "f": layer("f", 720, 1_200_000, 3, since.get("f", flow)),
    }
    return Ladder.of([layers[rid] for rid in rids or layers])


SCREEN = Ladder.of([layer("l", 360, 100_000), layer("h", 720, 600_000)])
VOICE = Ladder.of([layer("", 0, 40_000)])


def slot(name: str, ladder: Ladder | None = None, limit: int = 10_000, source: object = "someone") -> SlotView:
    return SlotView(name, name.startswith("audio"), limit, camera() if ladder is None else ladder, source)


LECTURER = [slot("lecturer")]
ALL = [slot("tile0"), slot("guest"), slot("audio0", VOICE), slot("screen", SCREEN), slot("lecturer")]


class Link:
    """A receiver whose link is spent four times a second."""

    def __init__(self, slots: Sequence[SlotView] = LECTURER, audio_bps: int = AUDIO_BPS) -> None:
        self.allocator = LayerAllocator()
        self.slots = slots
        self.audio_bps = audio_bps
        self.now = 100.0
        self.chosen: dict[str, Choice] = {}
        self.changes = 0

    def at(self, estimate_bps: float, seconds: float = 0.25) -> dict[str, Choice]:
        """Let the estimate be this for a while."""
        for _ in range(round(seconds / 0.25)):
            before = self.chosen
            self.chosen = dict(
                self.allocator.choose(estimate_bps, self.slots, self.now, audio_bps=self.audio_bps, rtx_share=0.0)
            )
            self.changes += any(
                before.get(name, PAUSED).rid != choice.rid for name, choice in self.chosen.items() if before
            )
            self.now += 0.25
        return self.chosen

    def lecturer_at(self, estimate_bps: float, seconds: float = 0.25) -> Choice:
        return self.at(estimate_bps, seconds)["lecturer"]

    def until(self, rid: str, estimate_bps: float) -> float:
        """Return how long it takes until the lecturer is seen in `rid`."""
        begin = self.now
        while self.lecturer_at(estimate_bps).rid != rid:
            assert self.now < begin + 60
        return self.now - 0.25 - begin


def test_everything_when_there_is_plenty() -> None:
    chosen = Link(ALL).at(20_000_000)
    assert chosen == {
        "lecturer": Choice("f"),
        "screen": Choice("h"),
        "guest": Choice("f"),
        "tile0": Choice("f"),
        "audio0": Choice(""),
    }


@pytest.mark.parametrize(
    ("estimate_bps", "screen", "lecturer", "guest", "tile"),
    [
        (75_000, None, None, None, None),
        (110_000, None, ("q", 0), None, None),
        (190_000, None, ("q", 0), None, None),
        (210_000, ("l", FULL), ("q", 0), None, None),
        (350_000, ("l", FULL), ("q", FULL), None, None),
        (490_000, ("l", FULL), ("h", 1), None, None),
        (800_000, ("l", FULL), ("h", FULL), ("q", FULL), None),
        (1_000_000, ("h", FULL), ("q", FULL), None, None),
        (1_400_000, ("h", FULL), ("h", FULL), ("q", 0), None),
        (2_600_000, ("h", FULL), ("f", FULL), ("h", 0), ("q", 0)),
        (4_000_000, ("h", FULL), ("f", FULL), ("f", FULL), ("q", FULL)),
    ],
)
def test_the_order_of_what_matters(
    estimate_bps: int,
    screen: tuple[str, int] | None,
    lecturer: tuple[str, int] | None,
    guest: tuple[str, int] | None,
    tile: tuple[str, int] | None,
) -> None:
    chosen = Link(ALL).at(estimate_bps)
    expected = {"screen": screen, "lecturer": lecturer, "guest": guest, "tile0": tile}
    assert {name: (choice.rid, choice.tid) for name, choice in chosen.items() if choice.rid and name in expected} == {
        name: want for name, want in expected.items() if want
    }
    assert chosen["audio0"] == Choice("")


def test_audio_is_paid_for_in_full_before_anything_else() -> None:
    assert Link(audio_bps=40_000).lecturer_at(100_000).rid == "q"
    assert Link(audio_bps=90_000).lecturer_at(100_000) == PAUSED
    assert Link(ALL, audio_bps=90_000).at(50_000)["audio0"] == Choice("")


def test_the_lecturer_stays_while_there_is_any_use_in_it() -> None:
    link = Link()
    assert link.lecturer_at(200_000, 2.0).rid == "q"
    assert link.lecturer_at((AUDIO_BPS + 25_000) / 0.92, 5.0) == Choice("q", 0)
    assert link.lecturer_at(AUDIO_BPS / 0.92, 1.0) == Choice("q", 0), "a dip costs no keyframe"
    assert link.lecturer_at(AUDIO_BPS / 0.92, 20.0) == PAUSED
    assert link.lecturer_at((AUDIO_BPS + 25_000) / 0.92, 1.0) == Choice("q", 0)


def test_limits_of_slots_are_kept() -> None:
    slots = [slot("lecturer", limit=360), slot("guest", limit=0), slot("tile0", limit=50)]
    chosen = Link(slots).at(20_000_000)
    assert chosen == {"lecturer": Choice("h"), "guest": PAUSED, "tile0": Choice("q")}


def test_nothing_to_choose_from_is_nothing() -> None:
    link = Link([slot("lecturer", Ladder()), slot("audio0", Ladder())])
    assert link.at(1_000_000) == {"lecturer": PAUSED, "audio0": PAUSED}
    assert link.allocator.next_bps() == 0


def test_a_data_cap_holds_whatever_the_link_takes() -> None:
    link = Link()
    link.allocator.set_limit(300_000)
    chosen = link.lecturer_at(20_000_000, 20.0)
    assert chosen == Choice("h", 0)
    assert link.allocator.wanted_bps() == 300_000, "nothing is probed for beyond it"
    link.allocator.set_limit(0, video_allowed=False)
    assert link.lecturer_at(20_000_000) == PAUSED
    assert link.allocator.wanted_rids() == {}
    assert link.allocator.wanted_bps() < 100_000
    link.allocator.set_limit(0)
    assert link.lecturer_at(20_000_000, 3.0).rid == "f"


def test_down_at_once_by_pictures_a_second_first() -> None:
    link = Link()
    assert link.lecturer_at(2_000_000, 3.0) == Choice("f")
    assert link.lecturer_at(1_300_000) == Choice("f", 1)
    assert link.lecturer_at(800_000) == Choice("f", 0)
    assert link.lecturer_at(450_000) == Choice("h", 1)
    assert link.lecturer_at(210_000) == Choice("h", 0)
    assert link.lecturer_at(150_000) == Choice("q", 0)


def heavier(factor: float) -> SlotView:
    """Return the lecturer when what is seen makes 360 lines so much dearer."""
    layers = camera().layers
    costs = tuple(int(cost * factor) for cost in layers[1].costs)
    return slot("lecturer", Ladder.of([layers[0], LayerView("h", 360, costs), layers[2]]))


def test_a_layer_may_cost_a_little_too_much_before_its_lines_are_given_up() -> None:
    link = Link()
    link.at(300_000, 3.0)
    assert link.lecturer_at(230_000, 3.0) == Choice("h", 0)
    link.slots = [heavier(1.2)]
    assert link.lecturer_at(230_000, 3.0) == Choice("h", 0)
    link.slots = [heavier(1.5)]
    assert link.lecturer_at(230_000).rid == "q"


def test_a_cap_leaves_nothing_for_what_costs_a_little_too_much() -> None:
    link = Link()
    link.allocator.set_limit(250_000)
    assert link.lecturer_at(20_000_000, 3.0) == Choice("h", 0)
    link.slots = [heavier(1.2)]
    assert link.lecturer_at(20_000_000).rid == "q"


def test_up_needs_a_margin_that_lasts() -> None:
    link = Link()
    assert link.lecturer_at(200_000, 5.0) == Choice("q")
    assert link.lecturer_at(220_000, 10.0) == Choice("q"), "h fits, but without a margin"
    link.at(700_000)
    assert link.lecturer_at(220_000) == Choice("q"), "one good moment climbs nothing"
    assert link.lecturer_at(600_000, 1.0).rid == "h"


def test_a_fresh_link_that_is_good_has_the_full_picture_soon() -> None:
    link = Link()
    assert link.lecturer_at(150_000, 0.5) == Choice("q", 0)
    assert link.until("f", 2_000_000) <= 1.0


def test_what_fell_stays_down_for_a_while() -> None:
    link = Link()
    link.at(2_000_000, 20.0)
    link.at(500_000)
    assert 1.75 <= link.until("f", 1_000_000) <= 3.0


def test_what_failed_is_tried_again_more_and_more_slowly() -> None:
    link = Link()
    link.at(500_000, 10.0)
    waits = []
    for _ in range(6):
        waits.append(link.until("f", 1_250_000))
        link.at(1_250_000, 1.0)
        link.at(500_000)
    assert waits == sorted(waits)
    assert 7 <= waits[-1] <= 9.5


def test_a_link_that_truly_returned_is_climbed_quickly() -> None:
    link = Link()
    for _ in range(3):
        link.until("h", 500_000)
        link.at(500_000, 1.0)
        link.at(150_000)
    assert link.until("f", 4_000_000) <= 6.0


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0])
def test_a_link_that_swings_does_not_swing_the_picture(seconds: float) -> None:
    link = Link()
    link.at(600_000, 10.0)
    link.changes = 0
    for _ in range(round(30 / seconds)):
        link.at(650_000, seconds)
        link.at(430_000, seconds)
    assert link.changes <= 4


def test_who_makes_room_for_another_does_not_hold_the_others() -> None:
    guest = slot("guest")
    link = Link([*LECTURER, slot("tile0", limit=360)])
    link.at(2_000_000, 10.0)
    link.slots = [*LECTURER, guest, slot("tile0", limit=360)]
    assert link.at(2_000_000)["guest"].rid == "h", "called on is seen at once"
    assert link.until("f", 2_000_000) == 0


def test_another_source_of_a_slot_begins_without_a_past() -> None:
    link = Link()
    link.at(2_000_000, 10.0)
    link.at(400_000)
    link.slots = [slot("lecturer", source="another")]
    assert link.lecturer_at(2_000_000, 1.0).rid == "f"


def test_what_would_be_wanted_is_told() -> None:
    link = Link()
    link.at(300_000, 5.0)
    everything = link.allocator.wanted_bps()
    assert 1_500_000 < everything < 1_800_000
    assert 300_000 < link.allocator.next_bps() < 600_000
    assert link.lecturer_at(everything, 3.0) == Choice("f"), "that much is enough"
    assert link.allocator.next_bps() == 0


def test_resends_take_their_share_of_the_link() -> None:
    chosen = [
        LayerAllocator().choose(450_000, LECTURER, 1.0, audio_bps=AUDIO_BPS, rtx_share=share)["lecturer"]
        for share in (0.0, 0.25, 0.9)
    ]
    assert chosen == [Choice("h", 1), Choice("h", 0), Choice("h", 0)]


def test_a_layer_of_one_temporal_layer_is_taken_whole_or_not_at_all() -> None:
    link = Link([slot("lecturer", Ladder.of([layer("", 720, 800_000)]))])
    assert link.lecturer_at(2_000_000) == Choice("")
    assert link.lecturer_at(600_000) == Choice(""), "the lecturer's only picture: it is thinned by its age"
    assert link.lecturer_at(70_000, 3.0) == PAUSED


# --- layers that come and go -------------------------------------------------------------------------------------


def test_a_stopped_layer_is_wished_for_and_taken_as_soon_as_it_flows() -> None:
    link = Link([slot("lecturer", camera(f=NOT_LIVE, h=NOT_LIVE))])
    assert link.lecturer_at(5_000_000, 3.0) == Choice("q")
    assert set(link.allocator.wanted_rids()["lecturer"]) == {"q", "f"}
    link.slots = [slot("lecturer", camera(h=NOT_LIVE, f=link.now))]
    assert link.lecturer_at(5_000_000) == Choice("f")


def test_a_layer_that_is_not_there_takes_nothing_from_others() -> None:
    gone = camera(h=NOT_LIVE, f=NOT_LIVE)
    chosen = Link([slot("lecturer", gone), slot("guest", limit=360)]).at(700_000, 5.0)
    assert chosen == {"lecturer": Choice("q"), "guest": Choice("h")}


def test_the_next_layer_is_wished_for_before_it_is_climbed_to() -> None:
    link = Link()
    link.at(180_000, 5.0)
    assert set(link.allocator.wanted_rids()["lecturer"]) == {"q"}
    link.at(225_000, 5.0)
    assert set(link.allocator.wanted_rids()["lecturer"]) == {"q", "h"}


def test_a_layer_that_vanishes_leaves_the_one_below() -> None:
    link = Link()
    link.at(2_000_000, 5.0)
    link.slots = [slot("lecturer", camera(f=NOT_LIVE))]
    assert link.lecturer_at(2_000_000) == Choice("h")


def test_a_layer_that_comes_and_goes_is_not_followed() -> None:
    link = Link()
    link.at(2_000_000, 5.0)
    link.changes = 0
    for _ in range(30):
        link.slots = [slot("lecturer", camera(f=NOT_LIVE))]
        link.at(2_000_000, 0.5)
        link.slots = [slot("lecturer", camera(f=link.now))]
        assert link.lecturer_at(2_000_000, 0.5).rid == "h"
    assert link.changes == 1
    link.slots = [slot("lecturer", camera(f=link.now))]
    assert link.until("f", 2_000_000) <= 16


def test_a_publisher_that_comes_back_with_all_layers_is_seen_well_at_once() -> None:
    link = Link()
    link.at(2_000_000, 5.0)
    for _ in range(2):  # the second time is no flapping either
        link.slots = [slot("lecturer", Ladder())]
        assert link.lecturer_at(2_000_000, 3.0) == PAUSED
        link.slots = [slot("lecturer", camera(flow=link.now))]
        assert link.lecturer_at(2_000_000) == Choice("f")


# --- settling ------------------------------------------------------------------------------------------------------


def test_what_lasts_settles_on_a_layer_with_room_to_swing() -> None:
    link = Link()
    link.at(2_000_000, 20.0)
    assert link.lecturer_at(700_000, 1.0) == Choice("f", 0), "a dip is only jerky"
    assert link.lecturer_at(700_000, 1.0) == Choice("h")
    link.changes = 0
    assert link.lecturer_at(700_000, 30.0) == Choice("h")
    assert link.changes == 0


def test_a_dip_does_not_cost_the_lines() -> None:
    link = Link()
    link.at(2_000_000, 20.0)
    link.changes = 0
    for _ in range(5):
        link.at(700_000, 0.75)
        link.at(2_000_000, 5.0)
    assert link.changes == 0
    assert link.chosen["lecturer"] == Choice("f")


def test_what_a_tight_slot_would_fall_to_is_kept_flowing() -> None:
    link = Link()
    link.at(1_650_000, 5.0)
    assert set(link.allocator.wanted_rids()["lecturer"]) == {"h", "f"}
    link.at(5_000_000, 5.0)
    assert set(link.allocator.wanted_rids()["lecturer"]) == {"f"}


def test_voices_that_take_more_than_the_link_keep_the_poorest_layer_flowing_and_ask_for_nothing_else() -> None:
    nothing_yet, not_looked_at = slot("tile0", Ladder.of([])), slot("tile1", limit=0)
    link = Link([slot("tile2"), nothing_yet, not_looked_at], audio_bps=170_000)  # three at a table
    assert set(link.at(90_000, 5.0).values()) == {PAUSED}
    assert link.allocator.wanted_rids() == {"tile2": ("q",), "tile0": (), "tile1": ()}
