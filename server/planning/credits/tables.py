"""The tables of the credit bank, and every query on them. Triggers keep entries and postings from being changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)

from server.planning.credits.model import AccountClass, Act, Balance, Claim, ClaimState, RuleSet
from server.storage.database import Transaction
from server.storage.schema import EpochMs, metadata

ISSUED = "issued"  # the bank's own account: what all people have, taken together, stands there below zero

credit_rules = Table(
    "credit_rules",
    metadata,
    Column("version", String(16), primary_key=True),
    Column("valid_from", String(10), nullable=False),
    Column("data", Text, nullable=False),  # JSON of a RuleSet
    Column("by_id", String(16), nullable=False),  # empty: came with the program
    Column("made_ms", EpochMs, nullable=False),
)

credit_claims = Table(
    "credit_claims",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("key", String(80), nullable=False, unique=True),
    Column("act", String(16), nullable=False),
    Column("name", String(40), nullable=False),
    Column("person_id", String(16), ForeignKey("people.id"), nullable=False, index=True),
    Column("account", String(12), nullable=False),
    Column("amount", Integer, nullable=False),
    Column("happened_ms", EpochMs, nullable=False),
    Column("due_ms", EpochMs, nullable=False, index=True),
    Column("rules", String(16), ForeignKey("credit_rules.version"), nullable=False),
    Column("term", String(12), nullable=False),
    Column("state", String(8), nullable=False),
    Column("title", String(200), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("plan_id", String(16), nullable=False),
    Column("lesson_id", String(16), nullable=False),
    Column("evidence", Text, nullable=False),  # JSON list of ids of the activity log
)

credit_entries = Table(
    "credit_entries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ts_ms", EpochMs, nullable=False),
    Column("kind", String(8), nullable=False),  # earn | reverse
    Column("claim_id", String(16), ForeignKey("credit_claims.id"), nullable=False),
    Column("by_id", String(16), nullable=False),  # who reversed; empty: the rules
    Column("reason", String(500), nullable=False),
    UniqueConstraint("claim_id", "kind"),  # earned once, reversed once
)

credit_postings = Table(
    "credit_postings",
    metadata,
    Column("entry_id", Integer, ForeignKey("credit_entries.id"), primary_key=True),
    Column("account", String(32), primary_key=True),  # ISSUED, or class:person
    Column("amount", Integer, nullable=False),
)

credit_badges = Table(
    "credit_badges",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),  # its bit in the status list
    Column("person_id", String(16), ForeignKey("people.id"), nullable=False, index=True),
    Column("badge", String(24), nullable=False),
    Column("name", String(40), nullable=False),
    Column("criteria", String(200), nullable=False),
    Column("salt", String(32), nullable=False),
    Column("issued_ms", EpochMs, nullable=False),
    Column("revoked_ms", EpochMs),
)


def account_of(kind: AccountClass, person_id: str) -> str:
    """Return the name of a person's account."""
    return f"{kind}:{person_id}"


async def all_rules(tx: Transaction) -> tuple[RuleSet, ...]:
    """Return every version, the oldest first."""
    rows = (await tx.execute(select(credit_rules.c.data).order_by(credit_rules.c.valid_from))).scalars()
    return tuple(msgspec.json.decode(row, type=RuleSet) for row in rows)


async def add_rules(tx: Transaction, rules: RuleSet, by_id: str, now_ms: int) -> bool:
    """Store a version; return False when there is one of this name."""
    known = select(credit_rules.c.version).where(credit_rules.c.version == rules.version)
    if (await tx.execute(known)).first() is not None:
        return False
    values = {"version": rules.version, "valid_from": rules.valid_from, "by_id": by_id, "made_ms": now_ms}
    await tx.execute(insert(credit_rules).values(data=msgspec.json.encode(rules).decode(), **values))
    return True


async def known_keys(tx: Transaction, keys: Sequence[str]) -> set[str]:
    """Return which of these keys have a claim."""
    found: set[str] = set()
    for start in range(0, len(keys), 500):  # SQLite takes 32,766 parameters; a reader should not be held up by them
        query = select(credit_claims.c.key).where(credit_claims.c.key.in_(keys[start : start + 500]))
        found |= set((await tx.execute(query)).scalars())
    return found


async def add_claim(tx: Transaction, claim: Claim, term: str) -> None:
    """Store a claim."""
    values = {name: getattr(claim, name) for name in _CLAIM}
    values["evidence"] = msgspec.json.encode(claim.evidence).decode()
    await tx.execute(insert(credit_claims).values(term=term, **values))


async def due_claims(tx: Transaction, now_ms: int, limit: int) -> list[Claim]:
    """Return pending claims whose window is over, the oldest first."""
    query = select(credit_claims).where(credit_claims.c.state == "pending", credit_claims.c.due_ms <= now_ms)
    rows = (await tx.execute(query.order_by(credit_claims.c.due_ms, credit_claims.c.id).limit(limit))).all()
    return [_claim(row) for row in rows]


async def find_claim(tx: Transaction, claim_id: str) -> Claim | None:
    """Return the claim."""
    row = (await tx.execute(select(credit_claims).where(credit_claims.c.id == claim_id))).first()
    return None if row is None else _claim(row)


async def set_claim(
    tx: Transaction, claim_id: str, state: ClaimState, reason: str = "", amount: int | None = None
) -> None:
    """Say what became of a claim."""
    values: dict[str, Any] = {"state": state, "reason": reason}
    if amount is not None:
        values["amount"] = amount
    await tx.execute(update(credit_claims).where(credit_claims.c.id == claim_id).values(values))


async def posted_in_term(tx: Transaction, person_id: str, act: Act, term: str) -> int:
    """Return how much of this kind was posted to the person in the term and not reversed."""
    query = select(func.coalesce(func.sum(credit_claims.c.amount), 0)).where(
        credit_claims.c.person_id == person_id,
        credit_claims.c.act == act,
        credit_claims.c.term == term,
        credit_claims.c.state == "posted",
    )
    return int((await tx.execute(query)).scalar_one())


async def post(
    tx: Transaction, kind: str, claim: Claim, amount: int, now_ms: int, by_id: str = "", reason: str = ""
) -> int:
    """Write an entry with its two postings, which add up to nothing; return its number.

    Args:
        tx: the caller's transaction.
        kind: "earn" or "reverse".
        claim: whose account it goes to.
        amount: for the person's account; below zero for a reversal.
        now_ms: when.
        by_id: who reversed.
        reason: why.
    """
    values = {"ts_ms": now_ms, "kind": kind, "claim_id": claim.id, "by_id": by_id, "reason": reason}
    done = await tx.execute(insert(credit_entries).values(values))
    (entry_id,) = done.inserted_primary_key or (0,)
    rows = [
        {"entry_id": entry_id, "account": account_of(claim.account, claim.person_id), "amount": amount},
        {"entry_id": entry_id, "account": ISSUED, "amount": -amount},
    ]
    await tx.execute(insert(credit_postings), rows)
    return int(entry_id)


async def balances(tx: Transaction, person_id: str) -> tuple[Balance, ...]:
    """Return what the postings of the person's accounts add up to."""
    kinds: tuple[AccountClass, ...] = ("unified", "autonomous", "growth")
    names = {account_of(kind, person_id): kind for kind in kinds}
    query = (
        select(credit_postings.c.account, func.sum(credit_postings.c.amount))
        .where(credit_postings.c.account.in_(tuple(names)))
        .group_by(credit_postings.c.account)
    )
    found = {names[row[0]]: int(row[1]) for row in (await tx.execute(query)).all()}
    return tuple(Balance(kind, found.get(kind, 0)) for kind in kinds)


async def total(tx: Transaction) -> int:
    """Return what all postings add up to; anything but 0 is a mistake of ours."""
    return int((await tx.execute(select(func.coalesce(func.sum(credit_postings.c.amount), 0)))).scalar_one())


async def claims_of(tx: Transaction, person_id: str, limit: int = 500) -> tuple[Claim, ...]:
    """Return a person's claims, the newest first, with the entry that posted each."""
    query = (
        select(credit_claims, credit_entries.c.id.label("entry"))
        .outerjoin(
            credit_entries, (credit_entries.c.claim_id == credit_claims.c.id) & (credit_entries.c.kind == "earn")
        )
        .where(credit_claims.c.person_id == person_id)
        .order_by(credit_claims.c.happened_ms.desc(), credit_claims.c.id)
        .limit(limit)
    )
    return tuple(_claim(row, row.entry) for row in (await tx.execute(query)).all())


async def posted_entries(tx: Transaction, person_ids: Sequence[str], since_ms: int) -> list[tuple[int, Claim]]:
    """Return the entries that posted something to these people since a moment, the newest first."""
    query = (
        select(credit_claims, credit_entries.c.id.label("entry"))
        .join(credit_entries, (credit_entries.c.claim_id == credit_claims.c.id) & (credit_entries.c.kind == "earn"))
        .where(credit_claims.c.person_id.in_(person_ids), credit_entries.c.ts_ms >= since_ms)
        .order_by(credit_entries.c.id.desc())
    )
    return [(row.entry, _claim(row, row.entry)) for row in (await tx.execute(query)).all()]


async def badges_of(tx: Transaction, person_id: str) -> list[Any]:
    """Return the rows of a person's badges that are not revoked."""
    mine = (credit_badges.c.person_id == person_id, credit_badges.c.revoked_ms.is_(None))
    return list((await tx.execute(select(credit_badges).where(*mine))).all())


async def find_badge(tx: Transaction, badge_id: str) -> Any | None:
    """Return the row of a badge."""
    return (await tx.execute(select(credit_badges).where(credit_badges.c.id == badge_id))).first()


async def add_badge(tx: Transaction, values: dict[str, Any]) -> None:
    """Store a badge under the next number."""
    last = (await tx.execute(select(func.max(credit_badges.c.number)))).scalar_one_or_none()
    await tx.execute(insert(credit_badges).values(number=0 if last is None else last + 1, **values))


async def revoke_badge(tx: Transaction, badge_id: str, now_ms: int) -> None:
    """Take a badge back."""
    await tx.execute(update(credit_badges).where(credit_badges.c.id == badge_id).values(revoked_ms=now_ms))


async def revoked_numbers(tx: Transaction) -> list[int]:
    """Return the numbers of the badges that were taken back."""
    query = select(credit_badges.c.number).where(credit_badges.c.revoked_ms.is_not(None))
    return list((await tx.execute(query)).scalars())


_CLAIM = tuple(name for name in Claim.__struct_fields__ if name not in ("entry_id", "evidence"))


def _claim(row: Any, entry_id: int | None = None) -> Claim:
    values = {name: getattr(row, name) for name in _CLAIM}
    return Claim(evidence=tuple(msgspec.json.decode(row.evidence)), entry_id=entry_id, **values)
