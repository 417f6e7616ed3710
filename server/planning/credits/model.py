"""What a credit is to the rest of the server. Amounts are integers in hundredths of a credit."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Act = Literal["lead_plan", "co_author", "dual_lesson", "observation", "close_item"]
AccountClass = Literal["unified", "autonomous", "growth"]  # 统筹 · 自主 · 提升
ClaimState = Literal["pending", "posted", "lapsed", "reversed"]

WHOLE_BP = 10_000
_Amount = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
_Share = Annotated[int, msgspec.Meta(ge=0, le=WHOLE_BP)]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one kind of work earns."""

    act: Act
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    account: AccountClass
    amount: _Amount  # hundredths of a credit, for one act
    term_cap: _Amount  # of one person in one term
    least_share_bp: _Share = 0  # of a plan's surviving characters
    by_share: bool = False  # the amount is that share of `amount`
    least_notes: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0  # with a time, in one review


class BadgeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A badge for so many acts that were posted and not reversed."""

    badge: Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{1,24}$")]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    criteria: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    act: Act
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class RuleSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version of the rules. What was earned under one keeps it for good."""

    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.-]{1,16}$")]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    valid_from: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]  # a day, where the server is
    window_days: Annotated[int, msgspec.Meta(ge=0, le=90)]
    acts: Annotated[tuple[Rule, ...], msgspec.Meta(min_length=1, max_length=20)]
    badges: Annotated[tuple[BadgeRule, ...], msgspec.Meta(max_length=20)] = ()

    def rule(self, act: Act) -> Rule | None:
        """Return what the act earns, or None when these rules do not know it."""
        return next((one for one in self.acts if one.act == act), None)


class Fact(msgspec.Struct, frozen=True):
    """A verified act of one person. The same act always gives the same `key`."""

    key: str
    act: Act
    person_id: str
    happened_ms: int
    title: str
    share_bp: int = WHOLE_BP
    notes: int = 0
    plan_id: str = ""
    lesson_id: str = ""
    evidence: tuple[int, ...] = ()  # entries of the activity log


class Claim(msgspec.Struct, frozen=True):
    """An act that earns something: pending until its window is over, then posted or lapsed."""

    id: str
    key: str
    act: Act
    name: str
    person_id: str
    account: AccountClass
    amount: int  # that it earns; of a posted one: what was posted after the cap
    happened_ms: int
    due_ms: int
    rules: str  # version
    state: ClaimState
    title: str
    reason: str = ""  # why it lapsed or was reversed
    plan_id: str = ""
    lesson_id: str = ""
    evidence: tuple[int, ...] = ()
    entry_id: int | None = None


class Sampled(msgspec.Struct, frozen=True):
    """A credit that a school's audit looks at."""

    name: str  # of the person
    claim: Claim


class Balance(msgspec.Struct, frozen=True):
    """What stands in one account of a person."""

    account: AccountClass
    amount: int


class Badge(msgspec.Struct, frozen=True):
    """A badge that somebody has, or could have."""

    badge: str
    name: str
    criteria: str
    have: int
    need: int
    issued_ms: int | None = None
    id: str = ""


class Statement(msgspec.Struct, frozen=True):
    """Everything about one person's credits."""

    person_id: str
    name: str
    school: str
    balances: tuple[Balance, ...]
    pending: int
    claims: tuple[Claim, ...]  # the newest first
    badges: tuple[Badge, ...]
    rules: RuleSet  # in force
    coming: tuple[RuleSet, ...]  # that are not yet, the soonest first
    next_day: str  # tomorrow where the server is, whatever the reader's clock says: the first day of new rules
