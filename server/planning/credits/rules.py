"""What an act earns under a version of the rules: pure integer arithmetic that anybody can run again."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec

from server.planning.credits.model import WHOLE_BP, Fact, Rule, RuleSet

DAY_MS = 86_400_000
SAMPLED = 20  # one entry of so many is looked at by the school: 5 %
_SHIPPED = ("rules-2026-1.json",)


def shipped_rules() -> tuple[RuleSet, ...]:
    """Return the versions that come with the program, the oldest first."""
    folder = files("server.planning.credits")
    return tuple(msgspec.json.decode(folder.joinpath(name).read_bytes(), type=RuleSet) for name in _SHIPPED)


def rules_at(versions: tuple[RuleSet, ...], happened_ms: int, zone: ZoneInfo) -> RuleSet | None:
    """Return the version that was in force, or None before the first one."""
    day = day_of(happened_ms, zone)
    valid = [one for one in versions if one.valid_from <= day]
    return max(valid, key=lambda one: (one.valid_from, one.version), default=None)


def day_of(ms: int, zone: ZoneInfo) -> str:
    """Return the day where the server is, as ISO 8601."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).date().isoformat()


def earned(rule: Rule, fact: Fact) -> int:
    """Return what the fact earns before the term's cap, in hundredths; 0: not enough for this rule."""
    if fact.share_bp < rule.least_share_bp or fact.notes < rule.least_notes:
        return 0
    return rule.amount * fact.share_bp // WHOLE_BP if rule.by_share else rule.amount


def capped(rule: Rule, amount: int, posted_in_term: int) -> int:
    """Return what of `amount` still fits under the term's cap."""
    return max(0, min(amount, rule.term_cap - posted_in_term))


def term_of(ms: int, zone: ZoneInfo) -> str:
    """Return the school term of a moment: autumn from August to January, spring from February to July.

    The timetable's terms have gaps (holidays, in which plans are written too), so they are not asked.
    """
    day = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)
    if 2 <= day.month <= 7:
        return f"{day.year}-spring"
    return f"{day.year - (day.month == 1)}-autumn"


def is_sampled(entry_id: int) -> bool:
    """Return whether the school's audit looks at this entry. Nobody can choose: the number comes after the deed."""
    return hashlib.sha256(f"credit-audit:{entry_id}".encode()).digest()[0] % SAMPLED == 0
