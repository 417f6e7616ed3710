from __future__ import annotations

from collections.abc import Sequence

from server.lessons.catchup import STALE_S, Spare
from server.lessons.packs.pace import BURST_S, MAX_SCHOOLS, PackPaces, lower, page_pace, take_spare

CHUNK = 4096


def sent_bytes(pace_of: object, seconds: float, start: float = 100.0) -> int:
    """Return what leaves in `seconds` when as much is asked for as may leave."""
    assert callable(pace_of)
    now, sent = start, 0
    while now < start + seconds:
        wait_s = pace_of(CHUNK, now)
        if wait_s:
            now += wait_s
        else:
            sent += CHUNK
    return sent


def test_a_school_takes_no_more_than_its_ceiling() -> None:
    pace = PackPaces().pace("s", 400_000, tuple)
    assert 500_000 - CHUNK <= sent_bytes(pace, 10) <= 500_000 + 400_000 / 8 * BURST_S + CHUNK


def test_all_classrooms_of_a_school_share_it() -> None:
    paces = PackPaces()
    first, second = paces.pace("s", 400_000, tuple), paces.pace("s", 400_000, tuple)
    other = paces.pace("t", 400_000, tuple)
    now, sent = 100.0, {first: 0, second: 0, other: 0}
    while now < 110:
        for pace in sent:
            sent[pace] += 0 if pace(CHUNK, now) else CHUNK
        now += 0.05
    assert sent[first] + sent[second] <= 520_000
    assert min(sent[first], sent[second]) > 0
    assert sent[other] >= 490_000


def test_without_a_ceiling_nothing_waits() -> None:
    assert PackPaces().pace("s", 0, tuple)(10**9, 1.0) == 0


def test_in_class_only_what_live_leaves_over_is_taken() -> None:
    full, wide = Spare(100), Spare(100)
    spares: list[Spare] = [full, wide]

    def now_spares() -> Sequence[Spare]:
        return spares

    full.on_report(200_000, 180_000, 100)
    wide.on_report(4_000_000, 500_000, 100)
    pace = PackPaces().pace("s", 2_000_000, now_spares)
    assert sent_bytes(pace, STALE_S) == 0
    assert full.besides_bps(101) > 0, "the estimate must be probed, or it stays as low as live is content with"
    wide.on_report(4_000_000, 500_000, 110)
    full.on_report(400_000, 180_000, 110)
    sent = sent_bytes(pace, 5, 110)
    room = 0.85 * 400_000 - 180_000 - 24_000
    assert 0.7 * room * 5 / 8 <= sent <= 1.2 * room * 5 / 8
    spares.clear()  # class is over
    assert sent_bytes(pace, 5, 200) > 1_000_000


def test_the_page_that_is_shown_goes_ahead_of_everything() -> None:
    full = Spare(100)
    full.on_report(200_000, 180_000, 100)
    shown: list[int | None] = [7]
    current, ahead = (page_pace(page, lambda: shown[0], [full]) for page in (7, 8))
    assert current(10**9, 101) == 0
    assert ahead(CHUNK, 101) > 0
    shown[0] = 8  # the lecturer turns while it is on its way
    assert ahead(10**9, 101) == 0
    assert current(CHUNK, 101) > 0
    shown[0] = None  # class is over
    assert current(10**9, 101) == 0


def test_pages_ahead_take_what_live_leaves_over() -> None:
    spare = Spare(100)
    spare.on_report(400_000, 100_000, 100)
    ahead = page_pace(8, lambda: 7, [spare])
    room = 0.85 * 400_000 - 100_000 - 24_000
    assert 0.7 * room * 5 / 8 <= sent_bytes(ahead, 5) <= 1.2 * room * 5 / 8


def test_a_link_that_nothing_is_heard_of_any_more_is_left_alone() -> None:
    spare = Spare(100)
    spare.on_report(4_000_000, 0, 100)
    assert take_spare([spare], CHUNK, 101) == 0
    assert take_spare([spare], CHUNK, 101 + STALE_S) > 0


def test_the_book_of_schools_is_bounded() -> None:
    paces = PackPaces()
    for number in range(MAX_SCHOOLS + 10):
        paces.pace(str(number), 400_000, tuple)(CHUNK, 1.0 + number)
    assert len(paces._buckets) == MAX_SCHOOLS


def test_the_lower_of_two_ceilings() -> None:
    assert [lower(0, 0), lower(5, 0), lower(0, 5), lower(4, 5)] == [0, 5, 5, 4]
