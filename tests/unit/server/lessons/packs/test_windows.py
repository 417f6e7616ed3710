from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from server.lessons.packs.model import PackPolicy
from server.lessons.packs.windows import When, is_coming, when

CHINA = timezone(timedelta(hours=8))
POLICY = PackPolicy()  # 22:00 to 06:00, four hours ahead


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CHINA)


HOUR = 3600
CLASS = local(24, 10)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (local(23, 15), When(7 * HOUR, None)),  # the night runs until the lead begins
        (local(22, 15), When(7 * HOUR, 8 * HOUR)),
        (local(22, 22), When(0, 8 * HOUR)),
        (local(23, 1), When(0, 5 * HOUR)),
        (local(23, 6), When(16 * HOUR, None)),
        (local(24, 6), When(0, None)),
        (local(24, 9, 59), When(0, None)),
        (local(24, 11), When(0, None)),  # it begins late
    ],
)
def test_a_pack_is_fetched_at_night_or_when_class_is_near(now: datetime, expected: When) -> None:
    assert when(POLICY, "scheduled", CLASS, now) == expected


def test_a_lesson_that_runs_is_fetched_at_once() -> None:
    assert when(POLICY, "live", local(30, 10), local(22, 15)) == When(0, None)


def test_a_lesson_of_this_afternoon_does_not_wait_for_the_night() -> None:
    assert when(POLICY, "scheduled", local(23, 14), local(23, 8)) == When(2 * HOUR, None)


def test_a_night_may_lie_within_one_day_and_may_be_all_day() -> None:
    noon = PackPolicy(night_from_min=12 * 60, night_to_min=13 * 60, lead_hours=0)
    assert when(noon, "scheduled", CLASS, local(23, 10)) == When(2 * HOUR, HOUR)
    always = PackPolicy(night_from_min=0, night_to_min=0, lead_hours=0)
    assert when(always, "scheduled", CLASS, local(22, 10)).in_s == 0


@pytest.mark.parametrize("zone_hours", [-11, 0, 5, 8])
def test_only_the_servers_night_counts_and_lessons_are_moments(zone_hours: int) -> None:
    zone = timezone(timedelta(hours=zone_hours))
    now = datetime(2026, 11, 22, 23, 30, tzinfo=zone)
    assert when(POLICY, "scheduled", CLASS.astimezone(UTC) + timedelta(days=3), now) == When(0, 6.5 * HOUR)


def test_what_classrooms_prepare_for() -> None:
    now = local(22, 12)
    assert is_coming("scheduled", now + timedelta(days=7), now)
    assert not is_coming("scheduled", now + timedelta(days=7, seconds=1), now)
    assert is_coming("scheduled", now - timedelta(hours=12), now)
    assert not is_coming("scheduled", now - timedelta(hours=13), now)
    assert is_coming("live", now - timedelta(hours=13), now)
    assert not is_coming("ended", now, now)
