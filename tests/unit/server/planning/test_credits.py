"""What earns credits, and how much."""

from __future__ import annotations

import gzip
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.planning.credits.badges import base58, bitstring
from server.planning.credits.facts import Authors, Taught, facts
from server.planning.credits.model import Fact
from server.planning.credits.rules import capped, earned, is_sampled, rules_at, shipped_rules, term_of
from server.planning.log import Activity

ZONE = ZoneInfo("Asia/Shanghai")
RULES = shipped_rules()[0]
LESSON = Taught("l1", "光的折射", "lin", ("he",), 2_400_000, 2_300_000, 2_000_000, 5_000)
EAST_WEST = Authors("p1", "lin", {"lin": 6_000, "he": 3_600, "wu": 400}, {"东": 6_400, "西": 3_600})


def entry(number: int, kind: str, actor: str, **more: Any) -> Activity:
    data = more.pop("data", {})
    return Activity(id=number, ts_ms=number * 1_000, kind=kind, actor_id=actor, data=data, **more)


FINAL = entry(1, "plan.finalised", "lin", plan_id="p1", data={"title": "光的折射", "number": 2})
USED = entry(2, "plan.taught", "lin", plan_id="p1", lesson_id="l1")


def keys(found: list[Fact]) -> set[str]:
    return {one.key for one in found}


def test_a_plan_that_was_taught_pays_its_lead_and_everybody_who_wrote_it() -> None:
    found = {one.key: one for one in facts([FINAL, USED], {"p1": EAST_WEST}, [LESSON])}
    assert keys(list(found.values())) == {"lead:p1", "co:p1:he", "co:p1:wu", "dual:l1:lin", "dual:l1:he"}
    assert found["lead:p1"].evidence == (1, 2)
    assert found["co:p1:he"].share_bp == 3_600


@pytest.mark.parametrize(
    ("authors", "lesson", "why"),
    [
        (EAST_WEST, None, "never taught"),
        (Authors("p1", "lin", {"lin": 10_000}, {"东": 9_600, "西": 400}), LESSON, "one region"),
        (EAST_WEST, Taught("l1", "课", "lin", ("he",), 2_400_000, 2_300_000, 1_900_000, 5_000), "far end too short"),
        (EAST_WEST, Taught("l1", "课", "lin", ("he",), 0, 0, 0, 5_000), "nothing planned"),
    ],
)
def test_a_lead_is_paid_only_for_a_wide_plan_that_reached_the_far_end(
    authors: Authors, lesson: Taught | None, why: str
) -> None:
    found = facts([FINAL, USED], {"p1": authors}, [] if lesson is None else [lesson])
    assert "lead:p1" not in keys(found), why


def test_a_plan_that_is_a_draft_again_pays_nobody() -> None:
    assert keys(facts([FINAL, USED], {}, [LESSON])) == {"dual:l1:lin", "dual:l1:he"}


def test_a_lesson_without_a_local_teacher_is_not_taught_by_two() -> None:
    alone = Taught("l1", "课", "lin", (), 2_400_000, 2_300_000, 2_300_000, 5_000)
    assert facts([], {}, [alone]) == []


def test_a_note_that_one_accepts_oneself_does_not_make_an_observation() -> None:
    given = entry(3, "review.rated", "he", lesson_id="l1", data={"title": "评课", "notes": 4})
    own = entry(4, "note.accepted", "he", lesson_id="l1", data={"person": "he"})
    other = entry(5, "note.accepted", "lin", lesson_id="l1", data={"person": "he"})
    assert facts([given, own], {}, []) == []
    (one,) = facts([given, own, other], {}, [])
    assert (one.key, one.notes, one.evidence) == ("review:l1:he", 4, (3, 5))


def test_the_same_log_gives_the_same_keys_in_any_order() -> None:
    log = [FINAL, USED, entry(6, "item.closed", "he", object_id="i1", data={"text": "等待时间"})]
    assert facts(log, {"p1": EAST_WEST}, [LESSON]) == facts(log[::-1], {"p1": EAST_WEST}, [LESSON])


@pytest.mark.parametrize(
    ("act", "share", "notes", "amount"),
    [
        ("lead_plan", 3_000, 0, 200),
        ("lead_plan", 2_999, 0, 0),
        ("co_author", 3_600, 0, 72),
        ("co_author", 499, 0, 0),
        ("observation", 10_000, 3, 30),
        ("observation", 10_000, 2, 0),
        ("close_item", 10_000, 0, 50),
    ],
)
def test_amounts_are_those_of_the_rules(act: Any, share: int, notes: int, amount: int) -> None:
    rule = RULES.rule(act)
    assert rule is not None
    assert earned(rule, Fact("k", act, "he", 0, "", share, notes)) == amount


def test_a_cap_lets_through_what_is_left_and_then_nothing() -> None:
    rule = RULES.rule("close_item")
    assert rule is not None
    assert [capped(rule, 50, posted) for posted in (0, 430, 480, 500, 900)] == [50, 50, 20, 0, 0]


@pytest.mark.parametrize(
    ("day", "term"),
    [
        ("2026-01-31", "2025-autumn"),
        ("2026-02-01", "2026-spring"),
        ("2026-07-31", "2026-spring"),
        ("2026-08-01", "2026-autumn"),
    ],
)
def test_terms_have_no_gap(day: str, term: str) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZONE)
    assert term_of(int(noon.timestamp() * 1000), ZONE) == term


def test_the_rules_of_the_day_count() -> None:
    before = int(datetime(2025, 12, 31, 15, 59, tzinfo=UTC).timestamp() * 1000)  # a minute before the new year there
    assert rules_at((RULES,), before, ZONE) is None
    assert rules_at((RULES,), before + 60_000, ZONE) == RULES


def test_the_audit_looks_at_about_one_in_twenty() -> None:
    assert 400 < sum(is_sampled(number) for number in range(10_000)) < 600


def test_a_status_list_has_the_right_bits_from_the_left() -> None:
    text = bitstring([0, 9])
    assert text[0] == "u"
    bits = gzip.decompress(urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4)))
    assert (bits[0], bits[1], len(bits)) == (0x80, 0x40, 16_384)


def test_base58_keeps_leading_zeros() -> None:
    assert base58(b"\0\0\x28\x7f\xb4\xcd") == "11233QC4"  # of draft-msporny-base58 §5
