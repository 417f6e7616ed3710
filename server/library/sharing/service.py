"""The rules of links: who makes one, what it gives, and when it ends."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

from server.accounts.limits import AttemptLimit
from server.accounts.model import Asker, Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.accounts.tables import find_school
from server.fields import FieldInvalid, field_invalid
from server.lessons.model import Lesson, PersonRef
from server.library import holdings
from server.library.access import is_let_in, link_reach, may_link, may_share
from server.library.holdings import Held
from server.library.resources import desk, tables as resource_tables
from server.library.resources.model import Audience, Resource
from server.library.sharing import tables
from server.library.sharing.model import (
    ID,
    ID_BYTES,
    MAX_SHARES,
    NewShare,
    Share,
    ShareState,
    is_site,
    plays_on,
    state_of,
)
from server.library.sharing.signing import derive, is_pass, make_pass
from server.library.sight import Sight, link_sight
from server.storage.database import Database, Transaction
from signaling.errors import Refused

MISSES, MISSES_S = 30, 60.0  # wrong links an address may try in a minute: a school behind one address has old ones too
DAY_MS = 86_400_000


class Shelf(NamedTuple):
    """What a keeper sees of a resource's links."""

    resource: Resource
    held: Held
    shares: list[tuple[Share, ShareState]]
    leaving: dict[Audience, frozenset[str]]  # names of the renditions that may go that far now


class Opened(NamedTuple):
    """What a link gives to who opened it."""

    share: Share
    resource: Resource
    lesson: Lesson
    sight: Sight


class SharingService:
    """Links to the recordings of resources."""

    def __init__(
        self, database: Database, secret: bytes, clock: Clock = utc_now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._key = derive(secret, "passes")
        self._clock = clock
        self._monotonic = monotonic
        self._misses = AttemptLimit(MISSES, MISSES_S)

    # --- its keepers ----------------------------------------------------------------------------------------------

    async def shelf(self, by: Person, resource_id: str) -> Shelf:
        """Return the resource's links, the newest first, and what links could give.

        Raises:
            Refused: `resource_unknown`, also to everybody but its keepers.
        """
        async with self._database.read() as tx:
            held = await self._kept(tx, by, resource_id)
            assert held.resource is not None, "it was found by its resource"
            shares = await tables.shares_of(tx, resource_id)
            leaving: dict[Audience, frozenset[str]] = {}
            reaches: tuple[Audience, ...] = ("school", "region", "public")
            for reach in reaches:
                leaves = await holdings.leaves_of(tx, held, reach)
                leaving[reach] = frozenset(one.name for one in held.recording.made.renditions if leaves(one))
        now_ms = epoch_ms(self._clock())
        return Shelf(held.resource, held, [(one, state_of(one, now_ms)) for one in shares], leaving)

    async def make(self, by: Person, resource_id: str, wanted: NewShare) -> Share:
        """Make a link.

        Raises:
            Refused: `resource_unknown`, `share_state`, `shares_full`, `school_unknown` or `field_invalid`.
        """
        now_ms = epoch_ms(self._clock())
        async with self._database.write() as tx:
            held = await self._kept(tx, by, resource_id)
            if not may_link(wanted.scope, held.holding):
                raise Refused(
                    "share_state",
                    "没有发布的资源只能分享给一所学校，撤回的资源不能分享。请先提交审核并发布。",
                )
            school_name = await _check(tx, wanted, {one.name for one in held.recording.made.renditions})
            if await tables.count_shares(tx, resource_id) >= MAX_SHARES:
                await tables.remove_finished(tx, resource_id, now_ms)
                if await tables.count_shares(tx, resource_id) >= MAX_SHARES:
                    raise Refused("shares_full", f"这份资源已经有 {MAX_SHARES} 个有效链接。请先收回一些不用的。")
            share = Share(
                id=secrets.token_urlsafe(ID_BYTES),
                resource_id=resource_id,
                renditions=tuple(dict.fromkeys(wanted.renditions)),
                scope=wanted.scope,
                school_id=wanted.school_id if wanted.scope == "school" else None,
                school_name=school_name,
                note=wanted.note.strip(),
                may_take=wanted.may_take,
                frames=tuple(dict.fromkeys(wanted.frames)),
                expires_ms=now_ms + wanted.days * DAY_MS,
                max_uses=wanted.max_uses,
                made_by=PersonRef(by.id, by.name),
                made_ms=now_ms,
            )
            await tables.add_share(tx, share)
        return share

    async def revoke(self, by: Person, share_id: str) -> None:
        """Take a link back: it ends at once, also for who is playing.

        Raises:
            Refused: `share_unknown`, also to everybody but the keepers of its resource.
        """
        async with self._database.write() as tx:
            await self._own(tx, by, share_id)
            await tables.revoke(tx, share_id, epoch_ms(self._clock()))

    async def own(self, by: Person, share_id: str) -> Share:
        """Return a link of a resource that the person keeps.

        Raises:
            Refused: `share_unknown`.
        """
        async with self._database.read() as tx:
            return await self._own(tx, by, share_id)

    async def _own(self, tx: Transaction, by: Person, share_id: str) -> Share:
        share = await tables.find_share(tx, share_id)
        held = None if share is None else await self._found(tx, share.resource_id)
        if share is None or held is None or not may_share(by, held.holding):
            raise unknown()
        return share

    async def _kept(self, tx: Transaction, by: Person, resource_id: str) -> Held:
        held = await self._found(tx, resource_id)
        if held is None or not may_share(by, held.holding):
            raise desk.unknown()
        return held

    async def _found(self, tx: Transaction, resource_id: str) -> Held | None:
        resource = await resource_tables.find(tx, resource_id)
        if resource is None or resource.recording_id is None:
            return None
        return await holdings.of_recording(tx, resource.recording_id)

    # --- who has the link -----------------------------------------------------------------------------------------

    async def open(self, asker: Asker, share_id: str, address: str) -> tuple[Opened, str]:
        """Return what the link gives and a pass for it; counts as one use.

        Raises:
            Refused: `share_unknown` alike for what was guessed, revoked, is over or used up, or was withdrawn;
                `not_logged_in`, `share_elsewhere`, `too_many_attempts`.
        """
        if not self._misses.is_allowed(address, self._monotonic()):
            raise Refused("too_many_attempts", "打不开的链接试得太多了。请等一分钟，核对链接后再试。")
        try:
            async with self._database.write() as tx:
                opened = await self._opened(tx, asker, share_id)
                if not await tables.use(tx, share_id, epoch_ms(self._clock())):
                    raise unknown()
        except Refused as error:
            if error.code == "share_unknown":
                self._misses.count(address, self._monotonic())
            raise
        return opened, make_pass(self._key, share_id, int(self._clock().timestamp()))

    async def enter(self, asker: Asker, share_id: str, given: str) -> Opened:
        """Return what the link still gives to who holds a pass for it.

        Raises:
            Refused: as `open`.
        """
        if not is_pass(self._key, share_id, given, int(self._clock().timestamp())):
            raise unknown()
        async with self._database.read() as tx:
            return await self._opened(tx, asker, share_id)

    async def frames(self, share_id: str) -> tuple[str, ...]:
        """Return which sites may show the link's player: none for a link that is no good."""
        async with self._database.read() as tx:
            share = await tables.find_share(tx, share_id) if ID.fullmatch(share_id) else None
        return share.frames if share is not None and plays_on(share, epoch_ms(self._clock())) else ()

    async def _opened(self, tx: Transaction, asker: Asker, share_id: str) -> Opened:
        share = await tables.find_share(tx, share_id) if ID.fullmatch(share_id) else None
        if share is None or not plays_on(share, epoch_ms(self._clock())):
            raise unknown()
        held = await self._found(tx, share.resource_id)
        if held is None or held.resource is None or not may_link(share.scope, held.holding):
            raise unknown()
        _let_in(asker, share)
        reach = link_reach(share.scope, held.holding, share.school_id)
        leaves = await holdings.leaves_of(tx, held, reach)
        sight = link_sight(held.recording, held.holding, frozenset(share.renditions), leaves, takes=share.may_take)
        return Opened(share, held.resource, held.lesson, sight)


def unknown() -> Refused:
    """Return the one answer to every link that is no good: a guesser learns nothing from it."""
    return Refused(
        "share_unknown", "这个链接打不开：可能已经过期、被收回、次数用完，或者抄错了。请向分享给您的人要一个新链接。"
    )


def _let_in(asker: Asker, share: Share) -> None:
    if is_let_in(asker, share.scope, share.school_id):
        return
    if not asker.is_known:
        raise Refused("not_logged_in", "这个链接要登录后才能看。请先登录。")
    raise Refused("share_elsewhere", f"这个链接是分享给{share.school_name}的，您的账号不属于这所学校。")


async def _check(tx: Transaction, wanted: NewShare, names: set[str]) -> str:
    """Return the name of the school that the link is for; empty: for no certain one."""
    if not wanted.renditions or not set(wanted.renditions) <= names:
        raise FieldInvalid("renditions", "请至少选一个这份资源有的版本。")
    if not all(is_site(one) for one in wanted.frames):
        raise field_invalid("frames", "请写网站的地址，例如 https://school.example.cn，每行一个。")
    if wanted.frames and wanted.scope != "anyone":
        raise field_invalid("frames", "嵌入别的网站时，浏览器不带登录信息，所以只有“任何人”的链接可以嵌入。")
    if wanted.scope != "school":
        return ""
    school = await find_school(tx, wanted.school_id or "")
    if school is None:
        raise field_invalid("school_id", "请选一所学校。")
    return school.name
