"""The credit bank's rules of business: claims are found, wait for their window, and are posted once."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from server.accounts.model import Person
from server.accounts.rights import Right, has_right, require_right
from server.accounts.service import Clock, epoch_ms, utc_now
from server.accounts.tables import find_school, people, people_by_id
from server.planning.authorship.finals import FinalCounts
from server.planning.credits import tables
from server.planning.credits.badges import Issuer
from server.planning.credits.evidence import authors_in, taught_in
from server.planning.credits.facts import KINDS, facts
from server.planning.credits.model import Badge, BadgeRule, Claim, Fact, RuleSet, Sampled, Statement
from server.planning.credits.rules import (
    DAY_MS,
    capped,
    day_of,
    earned,
    is_sampled,
    rules_at,
    shipped_rules,
    term_of,
)
from server.planning.log import read_in
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused, TongtangError

log = logging.getLogger(__name__)

LOOK_BACK_MS = 180 * DAY_MS  # evidence of half a year ago still counts: a plan is often taught a term later
LESSONS_BACK_MS = 60 * DAY_MS
POSTED_AT_ONCE = 500  # claims in one transaction: the writer is one for all
EVERY_S = 3_600.0
AUDIT_MS = 180 * DAY_MS
LAPSED_EVIDENCE = "复核时依据已不成立（例如教案退回修改、课堂记录更正）。"
LAPSED_CAP = "本学期这一类学分已到上限。"


class CreditService:
    """Claims, entries, statements and badges."""

    def __init__(
        self, database: Database, finals: FinalCounts, zone: ZoneInfo, issuer: Issuer, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._finals = finals
        self.zone = zone
        self._clock = clock
        self.issuer = issuer

    async def sweep(self) -> None:
        """Find what was done since, and post what has waited long enough. To run it twice is to run it once."""
        async with self._database.write() as tx:
            await self._seed_rules(tx)
        now_ms = epoch_ms(self._clock())
        found = await self._facts(now_ms)
        async with self._database.write() as tx:
            await self._claim(tx, found)
        while await self._post_some(now_ms, {one.key: one for one in found}):
            pass
        await self._review_badges()

    async def _seed_rules(self, tx: Transaction) -> None:
        for one in shipped_rules():
            await tables.add_rules(tx, one, "", epoch_ms(self._clock()))

    async def _facts(self, now_ms: int) -> list[Fact]:
        async with self._database.read() as tx:
            entries = await read_in(tx, kinds=KINDS, since_ms=now_ms - LOOK_BACK_MS)
            lessons = await taught_in(tx, now_ms - LESSONS_BACK_MS)
            return facts(entries, await authors_in(tx, self._finals), lessons)

    async def _claim(self, tx: Transaction, found: list[Fact]) -> None:
        versions = await tables.all_rules(tx)
        known = await tables.known_keys(tx, [one.key for one in found])
        people_ = await people_by_id(tx, sorted({one.person_id for one in found}))
        for one in found:
            version = rules_at(versions, one.happened_ms, self.zone)
            rule = None if version is None else version.rule(one.act)
            if version is None or rule is None or one.key in known or one.person_id not in people_:
                continue
            amount = earned(rule, one)
            if amount == 0:
                continue
            claim = Claim(
                new_id(), one.key, one.act, rule.name, one.person_id, rule.account, amount, one.happened_ms,
                one.happened_ms + version.window_days * DAY_MS, version.version, "pending", one.title[:200], "",
                one.plan_id, one.lesson_id, one.evidence,
            )  # fmt: skip
            await tables.add_claim(tx, claim, term_of(one.happened_ms, self.zone))

    async def _post_some(self, now_ms: int, found: dict[str, Fact]) -> bool:
        """Post some of the claims that are due; return whether there may be more."""
        async with self._database.write() as tx:
            due = await tables.due_claims(tx, now_ms, POSTED_AT_ONCE)
            versions = {one.version: one for one in await tables.all_rules(tx)}
            for claim in due:
                await self._post(tx, claim, versions[claim.rules], found.get(claim.key), now_ms)
        return len(due) == POSTED_AT_ONCE

    async def _post(self, tx: Transaction, claim: Claim, version: RuleSet, fact: Fact | None, now_ms: int) -> None:
        rule = version.rule(claim.act)
        assert rule is not None, "the version made this claim"
        # A lesson that was over stays so; what is older than the sweep looks back stands as it was found.
        is_old = claim.happened_ms < now_ms - (LESSONS_BACK_MS if claim.act == "dual_lesson" else LOOK_BACK_MS)
        amount = claim.amount if is_old else 0 if fact is None else min(claim.amount, earned(rule, fact))
        if amount == 0:
            return await tables.set_claim(tx, claim.id, "lapsed", LAPSED_EVIDENCE)
        term = term_of(claim.happened_ms, self.zone)
        amount = capped(rule, amount, await tables.posted_in_term(tx, claim.person_id, claim.act, term))
        if amount == 0:
            return await tables.set_claim(tx, claim.id, "lapsed", LAPSED_CAP)
        await tables.post(tx, "earn", claim, amount, now_ms)
        return await tables.set_claim(tx, claim.id, "posted", amount=amount)

    async def statement(self, person: Person, of_id: str) -> Statement:
        """Return somebody's credits: one's own, those of one's school for its managers, all for the region's.

        Raises:
            Refused: `person_unknown`, also for one that the asker has nothing to do with.
        """
        async with self._database.read() as tx:
            owner = (await people_by_id(tx, (of_id,))).get(of_id)
            if owner is None or not (owner.id == person.id or _may_see(person, owner)):
                raise Refused("person_unknown", "没有找到这位老师，或您不能查看这位老师的学分。")
            claims = await tables.claims_of(tx, of_id)
            now_ms = epoch_ms(self._clock())
            rules, coming = await self._rules_now(tx, now_ms)
            has = {row.badge: row for row in await tables.badges_of(tx, of_id)}
            counts = Counter(one.act for one in claims if one.state == "posted")
            badges = tuple(
                Badge(
                    one.badge, one.name, one.criteria, counts[one.act], one.count,
                    has[one.badge].issued_ms if one.badge in has else None,
                    has[one.badge].id if one.badge in has else "",
                )
                for one in rules.badges
            )  # fmt: skip
            pending = sum(one.amount for one in claims if one.state == "pending")
            school = "" if owner.school is None else owner.school.name
            balances = await tables.balances(tx, of_id)
            next_day = date.fromisoformat(day_of(now_ms, self.zone)) + timedelta(days=1)
            return Statement(
                of_id, owner.name, school, balances, pending, claims, badges, rules, coming, next_day.isoformat()
            )

    async def _rules_now(self, tx: Transaction, now_ms: int) -> tuple[RuleSet, tuple[RuleSet, ...]]:
        """Return what is in force, and what will be."""
        versions = await tables.all_rules(tx) or shipped_rules()
        today = day_of(now_ms, self.zone)
        coming = tuple(one for one in versions if one.valid_from > today)
        return rules_at(versions, now_ms, self.zone) or versions[0], coming

    async def achievement(self, badge: str) -> BadgeRule | None:
        """Return what the badge stands for by the newest rules that know it."""
        async with self._database.read() as tx:
            versions = await tables.all_rules(tx) or shipped_rules()
        return next((one for rules in reversed(versions) for one in rules.badges if one.badge == badge), None)

    async def add_rules(self, person: Person, rules: RuleSet) -> None:
        """Take a new version of the rules; what was earned under older ones keeps them.

        Raises:
            Refused: `not_allowed`; `credit_rules_late` for one that would begin in the past; `credit_rules_known`.
        """
        _require_region(person, Right.MANAGE_CREDITS)
        now_ms = epoch_ms(self._clock())
        if rules.valid_from <= day_of(now_ms, self.zone):
            raise Refused("credit_rules_late", "新规则最早从明天起生效：已经发生的工作按当时的规则计算。")
        async with self._database.write() as tx:
            await self._seed_rules(tx)  # else the first version of one's own would take the place of what came along
            if not await tables.add_rules(tx, rules, person.id, now_ms):
                raise Refused("credit_rules_known", "这个版本号已经有了。规则不能修改，请用新的版本号。")

    async def reverse(self, person: Person, claim_id: str, reason: str) -> None:
        """Take credits back by a second entry; the first one stays.

        Raises:
            Refused: `not_allowed`, `credit_unknown`, or `credit_not_posted`.
        """
        _require_region(person, Right.MANAGE_CREDITS)
        now_ms = epoch_ms(self._clock())
        async with self._database.write() as tx:
            claim = await tables.find_claim(tx, claim_id)
            if claim is None:
                raise Refused("credit_unknown", "没有找到这笔学分。")
            if claim.state == "pending":
                await tables.set_claim(tx, claim.id, "lapsed", reason)
            elif claim.state == "posted":
                await tables.post(tx, "reverse", claim, -claim.amount, now_ms, person.id, reason)
                await tables.set_claim(tx, claim.id, "reversed", reason)
            else:
                raise Refused("credit_not_posted", "这笔学分已经冲回或没有入账，不用再冲回。")
        await self._review_badges(claim.person_id)

    async def audit(self, person: Person, school_id: str) -> list[Sampled]:
        """Return the entries that the school should look at: 5 % of the half year's, nobody chooses which.

        Raises:
            Refused: `not_allowed`, `school_unknown`.
        """
        require_right(person, Right.SEE_CREDITS, school_id, "学分抽查由学校管理员或区域管理员查看。")
        async with self._database.read() as tx:
            if await find_school(tx, school_id) is None:
                raise Refused("school_unknown", "没有找到这所学校。")
            rows = await tx.execute(select(people.c.id, people.c.name).where(people.c.school_id == school_id))
            names = {row.id: row.name for row in rows}
            entries = await tables.posted_entries(tx, list(names), epoch_ms(self._clock()) - AUDIT_MS)
        return [Sampled(names[claim.person_id], claim) for entry, claim in entries if is_sampled(entry)]

    async def issue(self, person: Person, badge: str) -> str:
        """Issue a badge to oneself that one has earned; return its id. A second time gives the same one.

        Raises:
            Refused: `badge_unknown`, `badge_not_earned`.
        """
        statement = await self.statement(person, person.id)
        one = next((each for each in statement.badges if each.badge == badge), None)
        if one is None:
            raise Refused("badge_unknown", "没有这种徽章。")
        if one.have < one.need:
            raise Refused("badge_not_earned", f"还差 {one.need - one.have} 次：{one.criteria}")
        async with self._database.write() as tx:
            has = {row.badge: row.id for row in await tables.badges_of(tx, person.id)}
            if badge in has:
                return str(has[badge])
            values = {"id": new_id(), "person_id": person.id, "badge": badge, "name": one.name}
            values |= {"criteria": one.criteria, "salt": secrets.token_hex(16)}
            await tables.add_badge(tx, {**values, "issued_ms": epoch_ms(self._clock())})
            return values["id"]

    async def credential(self, person: Person, badge_id: str, base_url: str) -> tuple[str, str]:
        """Return the name of a badge of one's own, and the badge as a signed credential.

        Raises:
            Refused: `badge_unknown`, also for one that was taken back.
        """
        async with self._database.read() as tx:
            badge = await tables.find_badge(tx, badge_id)
        if badge is None or badge.person_id != person.id or badge.revoked_ms is not None:
            raise Refused("badge_unknown", "没有找到这枚徽章，它可能已被收回。")
        return badge.name, self.issuer.credential(badge, identity_of(person, base_url), base_url)

    async def status_list(self, base_url: str) -> str:
        """Return which badges were taken back, signed."""
        async with self._database.read() as tx:
            revoked = await tables.revoked_numbers(tx)
        return self.issuer.status_list(revoked, base_url, epoch_ms(self._clock()))

    async def _review_badges(self, person_id: str | None = None) -> None:
        """Take back badges whose credits were reversed."""
        async with self._database.write() as tx:
            rules, _ = await self._rules_now(tx, epoch_ms(self._clock()))
            needs = {one.badge: one for one in rules.badges}
            query = select(tables.credit_badges).where(tables.credit_badges.c.revoked_ms.is_(None))
            if person_id is not None:
                query = query.where(tables.credit_badges.c.person_id == person_id)
            for row in (await tx.execute(query)).all():
                rule = needs.get(row.badge)
                if rule is None:
                    continue  # a badge of older rules: what was given stays given
                claims = await tables.claims_of(tx, row.person_id)
                if sum(one.state == "posted" and one.act == rule.act for one in claims) < rule.count:
                    await tables.revoke_badge(tx, row.id, epoch_ms(self._clock()))


def identity_of(person: Person, base_url: str) -> str:
    """Return what a person is known by in a badge; whoever checks it types the log-in name and the server's address."""
    return f"{person.username}@{base_url.split('://', 1)[-1]}"


def _may_see(person: Person, owner: Person) -> bool:
    return has_right(person, Right.SEE_CREDITS, owner.school_id or "")


def _require_region(person: Person, right: Right) -> None:
    require_right(person, right, "", "学分规则和冲回由区域管理员负责。")


@asynccontextmanager
async def banking(credits: CreditService) -> AsyncIterator[None]:
    """Keep the credit bank's sweeps running inside the block."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(_run(credits), name="credits")
        try:
            yield
        finally:
            running.cancel()


async def _run(credits: CreditService) -> None:
    while True:
        try:
            await credits.sweep()
        except (TongtangError, OSError, msgspec.MsgspecError) as error:
            log.warning("credits were not counted, again in an hour: %s", error)
        await asyncio.sleep(EVERY_S)
