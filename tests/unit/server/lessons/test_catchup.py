"""What may be caught up on, and that it never takes what live needs."""

from __future__ import annotations

import random

import pytest

from recorder.growing import Missed, TrackRole
from recorder.part_index import Cluster
from server.lessons.catchup import (
    CHUNK_BYTES,
    MAX_AGE_MS,
    MAX_PEERS,
    MAX_WINDOW_MS,
    RATE,
    RESERVE_BPS,
    STALE_S,
    USABLE,
    WISH_S,
    Spare,
    SpareBook,
    Window,
    check_window,
    choose_offer,
    offer_tracks,
    require_spare,
)
from signaling.errors import Refused, Unavailable
from signaling.messages import PeerId

MINUTE_MS = 60_000


def missed(role: TrackRole, codec: str, kbps: int) -> Missed:
    """Return 10 s of a track."""
    clusters = tuple(Cluster(n * 1000, n * 1000 + 1000, n * kbps * 125, (n + 1) * kbps * 125, True) for n in range(10))
    return Missed(role, "p", 1, codec, 0, 0, 100, 0.0, clusters)


def drained(spare: Spare, begin: float, seconds: float) -> int:
    """Return how many bytes an eager reader gets in so many seconds."""
    now, taken = begin, 0
    while now < begin + seconds:
        delay_s = spare.take(CHUNK_BYTES, now)
        if delay_s == 0.0:
            taken += CHUNK_BYTES
        now += delay_s
    return taken


@pytest.mark.parametrize(("estimate_bps", "sent_bps"), [(2_000_000, 500_000), (400_000, 40_000), (150_000, 40_000)])
def test_catch_up_gets_what_live_leaves_and_no_more(estimate_bps: int, sent_bps: int) -> None:
    spare, now = Spare(0.0), 0.0
    taken = 0
    for _ in range(15):  # the worker reports every 2 s
        spare.on_report(estimate_bps, sent_bps, now)
        taken += drained(spare, now, 2.0)
        now += 2.0
    allowed = (USABLE * estimate_bps - sent_bps - RESERVE_BPS) * now / 8
    assert 0.9 * allowed < taken <= allowed + CHUNK_BYTES * 2


@pytest.mark.parametrize(("estimate_bps", "sent_bps"), [(100_000, 90_000), (30_000, 30_000), (0, 0)])
def test_live_wins_on_a_link_that_it_fills(estimate_bps: int, sent_bps: int) -> None:
    spare = Spare(0.0)
    spare.on_report(estimate_bps, sent_bps, 0.0)
    assert drained(spare, 0.0, STALE_S) == 0
    with pytest.raises(Unavailable, match="catchup_waits"):
        require_spare(spare, 0.0)


def test_nothing_is_sent_on_a_link_that_nobody_reports_of() -> None:
    spare = Spare(0.0)
    assert drained(spare, 0.0, 5.0) == 0
    spare.on_report(1_000_000, 0, 5.0)
    assert drained(spare, 5.0, STALE_S) > 0
    assert drained(spare, 5.0 + STALE_S, 10.0) == 0, "the reports stopped"


def test_what_was_saved_up_does_not_outlive_the_good_link() -> None:
    spare = Spare(0.0)
    spare.on_report(8_000_000, 0, 0.0)
    spare.on_report(8_000_000, 0, 2.0)
    spare.on_report(100_000, 100_000, 4.0)
    assert spare.take(1, 4.0) > 0


def test_a_burst_is_half_a_second_at_most() -> None:
    spare = Spare(0.0)
    for now in (0.0, 2.0, 4.0):
        spare.on_report(1_000_000, 0, now)
    spent = 0
    while spare.take(CHUNK_BYTES, 4.0) == 0.0:
        spent += CHUNK_BYTES
    assert spent <= 1_000_000 * USABLE / 8 * 0.5


def test_both_settle_on_a_shared_bottleneck() -> None:
    """A link of 1 Mbit/s, live of 300 kbit/s: the estimate sees what catch-up leaves, as on the real way."""
    link_bps, live_bps, taken_bps = 1_000_000, 300_000, 0.0
    spare, chance = Spare(0.0), random.Random(7)
    for step in range(40):
        now = step * 2.0
        estimate = (link_bps - taken_bps) * chance.uniform(0.95, 1.05)
        spare.on_report(int(estimate), live_bps, now)
        taken_bps += (spare.rate_bps(now) - taken_bps) * 0.5  # an estimator follows in some seconds
    assert taken_bps == pytest.approx((USABLE * link_bps - live_bps) / (1 + USABLE), rel=0.1)
    assert link_bps - taken_bps > live_bps * 1.5, "live has room to grow"


def test_more_is_probed_for_only_while_a_replay_lacks_it() -> None:
    book, peer = SpareBook(), PeerId("p")
    assert book.on_report(peer, 250_000, 165_000, 0.0) is None, "nobody wants anything"
    book.of(peer, 1.0).wish(600_000, 1.0)
    besides_bps = book.on_report(peer, 250_000, 165_000, 2.0)
    assert besides_bps is not None
    assert USABLE * (165_000 + besides_bps) - 165_000 - RESERVE_BPS == pytest.approx(600_000, abs=2)
    assert book.on_report(peer, 250_000, 165_000, 4.0) == besides_bps, "told again: the transport may be new"
    assert book.on_report(peer, 165_000 + besides_bps + 10, 165_000, 6.0) == 0
    assert book.on_report(peer, 165_000 + besides_bps + 10, 165_000, 8.0) is None


def test_a_wish_ends_with_its_replay() -> None:
    book, peer = SpareBook(), PeerId("p")
    book.of(peer, 0.0).wish(600_000, 0.0)
    assert book.on_report(peer, 250_000, 165_000, WISH_S - 1)
    assert book.on_report(peer, 250_000, 165_000, WISH_S + 1) == 0


def test_a_clock_that_stands_or_goes_back_gives_nothing_for_free() -> None:
    spare = Spare(10.0)
    spare.on_report(1_000_000, 0, 10.0)
    assert [spare.take(CHUNK_BYTES, now) > 0 for now in (10.0, 10.0, 9.0, 3.0)] == [True] * 4


def test_the_book_forgets_the_stalest_peer() -> None:
    book = SpareBook()
    for number in range(MAX_PEERS + 1):
        book.on_report(PeerId(f"p{number}"), 1_000_000, 0, float(number))
    assert book.of(PeerId(f"p{MAX_PEERS}"), float(MAX_PEERS)).rate_bps(float(MAX_PEERS)) > 0
    assert book.of(PeerId("p0"), float(MAX_PEERS)).rate_bps(float(MAX_PEERS)) == 0


@pytest.mark.parametrize(
    ("asked", "now_ms", "begins_ms", "window"),
    [
        ((10_000, 30_000), 40_000, 0.0, Window(10_000, 30_000)),
        ((0, 30_000), 40_000, 8_000.0, Window(8_000, 30_000)),  # before the recording began
        ((0, 900_000), 900_000, 0.0, Window(0, MAX_WINDOW_MS)),  # a minute at a time
        ((30_000, 90_000), 40_000, 0.0, Window(30_000, 40_000)),  # the future is not there yet
        ((50_000, 60_000), 40_000, 0.0, Window(40_000, 40_000)),
        ((30_000, 20_000), 40_000, 0.0, Window(30_000, 30_000)),
        ((0, 40 * MINUTE_MS), 40 * MINUTE_MS, 0.0, Window(10 * MINUTE_MS, 11 * MINUTE_MS)),
    ],
)
def test_a_stretch_is_cut_to_what_there_can_be(
    asked: tuple[int, int], now_ms: int, begins_ms: float, window: Window
) -> None:
    assert check_window(*asked, now_ms, begins_ms) == window


@pytest.mark.parametrize(
    ("asked", "now_ms", "begins_ms", "code"),
    [
        ((0, 1_000), 2_000, None, "catchup_empty"),
        ((0, 5_000), 40_000, 8_000.0, "catchup_too_old"),
        ((0, 60_000), MAX_AGE_MS + 70_000, 0.0, "catchup_too_old"),
    ],
)
def test_what_is_not_there_is_refused(asked: tuple[int, int], now_ms: int, begins_ms: float | None, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_window(*asked, now_ms, begins_ms)
    assert refused.value.code == code


def test_a_weak_link_is_offered_less_and_then_nothing() -> None:
    sound, screen, camera = 32_000, 30_000, 400_000
    everything = int((sound + screen + camera) * RATE) + 1
    assert choose_offer(everything, sound, [screen, camera]) == ("all", 2)
    assert choose_offer(everything - 1000, sound, [screen, camera]) == ("less", 1)
    assert choose_offer(60_000, sound, [screen, camera]) == ("less", 0)
    assert choose_offer(32_000, sound, [camera]) == ("less", 0)
    assert choose_offer(31_999, sound, [camera]) == ("wait", 0)
    assert choose_offer(50_000, sound, []) == ("all", 0)
    assert choose_offer(0, 0, []) == ("wait", 0)


@pytest.mark.parametrize(
    ("spare_bps", "video_allowed", "offer", "roles"),
    [
        (1_000_000, True, "all", ["voice", "guest", "screen", "camera"]),
        (200_000, True, "less", ["voice", "guest", "screen"]),
        (64_000, True, "less", ["voice", "guest"]),
        (40_000, True, "wait", []),
        (1_000_000, False, "all", ["voice", "guest"]),
    ],
)
def test_voices_come_first_then_the_screen_then_the_camera(
    spare_bps: int, video_allowed: bool, offer: str, roles: list[str]
) -> None:
    found = [
        missed("voice", "opus", 32),
        missed("guest", "opus", 32),
        missed("camera", "vp8", 400),
        missed("screen", "vp8", 40),
    ]
    offered = offer_tracks(found, spare_bps, video_allowed=video_allowed)
    assert (offered.offer, [one.role for one in offered.tracks]) == (offer, roles)


def test_a_picture_that_no_browser_takes_in_pieces_is_left_out() -> None:
    offered = offer_tracks([missed("voice", "opus", 32), missed("camera", "h264", 900)], 100_000, video_allowed=True)
    assert (offered.offer, [one.role for one in offered.tracks]) == ("all", ["voice"])
