"""Offline packs of published resources: who gets which, and building them when they are asked for.

A pack goes on a stick, and from there to anybody: only what may leave for everybody is in it, whoever asks. It holds
the version that is published, so a draft has none.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from recorder.pack.build import About, Built, build
from recorder.pack.digests import Kept
from recorder.pack.dsse import Envelope, key_id, public_key
from recorder.resource import RESOURCE, Resource as RecordingResource, decode_resource
from server.accounts.model import Asker, SchoolRef
from server.accounts.service import Clock, epoch_ms, utc_now
from server.library.access import acts, may_take
from server.library.packs import tables
from server.library.packs.contents import FAT32_BYTES, TIERS, Lesson, chosen, pack_sources, read_events
from server.library.packs.keys import KeyRing
from server.library.packs.model import Listed
from server.library.packs.single import MAX_BYTES, SingleFile, single_file
from server.library.resources import desk
from server.library.resources.crate import ro_crate
from server.library.resources.finding import PAGE
from server.library.resources.leaving import cut, cut_events
from server.library.resources.model import TIER_NAMES, FileEntry, Resource
from server.library.resources.service import ResourceService
from server.storage.database import Database
from signaling.errors import Refused, Unavailable

KEPT_PACKS = 16  # built packs that are kept: hashes and headers, about 50 kB each
KEPT_DIGESTS = 2_000  # files whose hashes are kept: 1 GB of media is 64 kB of them
LISTED = 500


class Shape(msgspec.Struct, frozen=True):
    """One form in which a lesson can be taken along."""

    tiers: tuple[str, ...]
    bytes: int
    fits_fat32: bool  # no file in it, nor the ZIP itself, is larger than FAT32 holds


class Shapes(msgspec.Struct, frozen=True):
    """What of a resource can be taken along."""

    id: str
    version: int
    title: str
    packs: tuple[Shape, ...]
    single_bytes: int  # of the file for phones; 0: there is none
    stays: tuple[str, ...]  # renditions that may not leave


class OfflinePacks:
    """Offline packs."""

    def __init__(
        self,
        database: Database,
        resources: ResourceService,
        keys: KeyRing,
        folder: Path,
        player: Path,
        clock: Clock = utc_now,
    ) -> None:
        """Make one.

        Args:
            database: where resources are.
            resources: what may be handed out.
            keys: that sign.
            folder: of all recordings.
            player: the build of the player, `player.js` and `player.css`.
            clock: the wall clock.
        """
        self._database = database
        self._resources = resources
        self.keys = keys
        self._folder = folder
        self._player = player
        self._clock = clock
        self._built: OrderedDict[tuple[object, ...], Built] = OrderedDict()
        self._kept: dict[str, Kept] = {}

    async def shapes(self, asker: Asker, resource_id: str) -> Shapes:
        """Return in which forms the asker can take the resource along, the smallest first.

        Raises:
            Refused: as `pack`, but for `offline_tier`.
        """
        resource, names, whole = await self._leaving(asker, resource_id)
        packs: list[Shape] = []
        for tiers in (("light",), ("light", "low"), ("light", "low", "screen", "original")):
            found = chosen(names, tiers)
            if found and (not packs or found != chosen(names, packs[-1].tiers)):
                packs.append(_shape(tiers, _sizes(whole, found)))
        light = chosen(names, ("light",))
        single = sum(_sizes(whole, light)) * 4 // 3 if light else 0
        return Shapes(
            resource.id,
            resource.version,
            resource.title,
            tuple(packs),
            single if single <= MAX_BYTES else 0,
            tuple(one.name for one in whole.renditions if one.name not in names),
        )

    async def pack(self, asker: Asker, resource_id: str, tiers: Sequence[str]) -> Built:
        """Return the pack of a resource with these tiers, ready to be sent.

        Raises:
            Refused: `resource_unknown`, `not_allowed`, `offline_nothing` or `offline_tier`.
            Unavailable: `offline_unready`: a file is being made again, or the player was not built.
        """
        resource, names = await self._chosen(asker, resource_id, tiers)
        return await asyncio.to_thread(self._build, resource, names)

    async def lesson(self, asker: Asker, resource_id: str, tiers: Sequence[str]) -> tuple[Resource, Lesson]:
        """Return the published resource and what of it leaves with these tiers, for other forms than ours.

        Raises:
            Refused: as `pack`.
            Unavailable: `offline_unready`.
        """
        resource, names = await self._chosen(asker, resource_id, tiers)
        try:
            return resource, await asyncio.to_thread(self._lesson, resource, names)
        except OSError as error:
            raise unready(error) from error

    async def single(self, asker: Asker, resource_id: str) -> tuple[SingleFile, str]:
        """Return the single file for phones, and the lesson's title.

        Raises:
            Refused: as `pack`.
            Unavailable: `offline_unready`.
        """
        resource, names, _ = await self._leaving(asker, resource_id)
        light = chosen(names, ("light",))
        if not light:
            raise Refused("offline_tier", "这一课没有声音，或者它不能离开学校，做不成手机单文件。")
        try:
            made = await asyncio.to_thread(lambda: single_file(self._lesson(resource, light), self._player))
        except OSError as error:
            raise unready(error) from error
        if made.size > MAX_BYTES:
            raise Refused("offline_too_large", "这一课太长，单个文件手机打不开。请改用离线包。")
        return made, resource.title

    async def revocations(self) -> Envelope:
        """Return the signed list of what no longer counts, with every resource that is withdrawn now.

        Raises:
            Unavailable: `storage_unwritable` or `disk_full`.
        """
        async with self._database.read() as tx:
            gone = await tables.withdrawn(tx)
        known = self.keys.revocations.packs
        for pack, version in gone:
            if known.get(pack, 0) < version:
                await asyncio.to_thread(self.keys.withdraw, pack, version)
        return self.keys.signed_revocations()

    async def listed(self, asker: Asker, subject: str) -> list[Listed]:
        """Return the lessons that the asker may take along, the newest first.

        Raises:
            Refused: `not_logged_in`.
        """
        found: list[Listed] = []
        for start in range(0, LISTED, PAGE):
            page = await self._resources.listed(
                asker, "published", subject=subject, grade="", tier="", words="", start=start
            )
            found += [_listed(one) for one in page if one.recording_id is not None]
            if len(page) < PAGE:
                break
        return found

    async def _chosen(self, asker: Asker, resource_id: str, tiers: Sequence[str]) -> tuple[Resource, tuple[str, ...]]:
        """Return the published resource and the names of its renditions of these tiers that may leave."""
        resource, names, _ = await self._leaving(asker, resource_id)
        if not tiers or not set(tiers) <= set(TIERS):
            raise Refused("offline_tier", f"离线包的内容要从 {'、'.join(TIERS)} 里选。请刷新页面重新选择。")
        found = chosen(names, tiers)
        if not found:
            raise Refused("offline_tier", "这一课没有您选的内容，或者它不能离开学校。请换一种离线包。")
        return resource, found

    async def _leaving(self, asker: Asker, resource_id: str) -> tuple[Resource, list[str], RecordingResource]:
        """Return the resource as published, the names of what may leave, and its recording's `resource.json`."""
        async with self._database.read() as tx:
            shown = await desk.require_published(tx, asker, resource_id)
            holding = await desk.holding_of(tx, shown)
        if not may_take(acts(asker, holding), holding):
            raise Refused("not_allowed", "这份资源的许可不允许下载。请和它的学校联系。")
        out = await self._resources.hand_out(resource_id, "public")
        if out is None or out.resource.recording_id is None:
            raise Refused("offline_nothing", "离线包目前只有录像可以做。请直接下载这份资源的文件。")
        whole = await asyncio.to_thread(self._whole, out.resource)
        made = {one.name for one in whole.renditions}  # of the last finalising, which may have left something out
        names = [one.name for one in out.files if one.name in made]
        if not names:
            raise Refused("offline_nothing", "这份资源还没有可以带走的内容：被拍到、听到的人还没有全部同意公开。")
        return out.resource, names, whole

    def _whole(self, resource: Resource) -> RecordingResource:
        try:
            return decode_resource((self._recording(resource) / RESOURCE).read_bytes())
        except (OSError, msgspec.DecodeError) as error:
            raise unready(error) from error

    def _recording(self, resource: Resource) -> Path:
        return self._folder / str(resource.recording_id)

    def _lesson(self, resource: Resource, names: Sequence[str]) -> Lesson:
        """Return what goes into the pack. Blocks for the disk."""
        folder = self._recording(resource)
        left = cut(msgspec.to_builtins(self._whole(resource)), names)
        events = cut_events(read_events(folder, str(left.get("events") or "")), names)
        files = [FileEntry(one["name"], one["path"], one["mime"], one["bytes"]) for one in left["renditions"]]
        shown = msgspec.convert(left, RecordingResource)
        return Lesson(resource.id, resource.version, folder, left, events, ro_crate(resource, files, shown.chapters))

    def _build(self, resource: Resource, names: tuple[str, ...]) -> Built:
        """Return the pack, from what is kept when nothing changed. Blocks for the disk."""
        school: SchoolRef = resource.school
        key = self.keys.school_key(school.id, school.name, epoch_ms(self._clock()))
        signed_by = (key_id(public_key(key.private)), self.keys.revocations.number)
        try:
            made = (self._recording(resource) / RESOURCE).stat()
            player = (self._player / "player.js").stat()
            state = (resource.id, resource.version, names, made.st_mtime_ns, player.st_mtime_ns, signed_by)
            known = self._built.get(state)
            if known is not None:
                return known
            if len(self._kept) > KEPT_DIGESTS:
                self._kept.clear()
            about = About(
                resource.id,
                resource.version,
                resource.title,
                TIER_NAMES[resource.tier],
                resource.licence,
                names,
                resource.subject,
                resource.duration_ms,
            )
            built = build(about, pack_sources(self._lesson(resource, names), self._player), key, self._kept)
        except OSError as error:
            raise unready(error) from error
        self._built[state] = built
        while len(self._built) > KEPT_PACKS:
            self._built.popitem(last=False)
        return built


def _listed(one: Resource) -> Listed:
    tier = TIER_NAMES[one.tier]
    return Listed(one.id, one.version, one.title, one.subject, one.grade, tier, one.school.name, one.duration_ms)


def _sizes(whole: RecordingResource, names: Sequence[str]) -> list[int]:
    media = [one.bytes for one in whole.renditions if one.name in names]
    return [*media, sum(page.bytes for page in whole.page_files)]


def _shape(tiers: tuple[str, ...], sizes: list[int]) -> Shape:
    return Shape(tiers, sum(sizes), sum(sizes) <= FAT32_BYTES)


def unready(error: Exception) -> Unavailable:
    """Return what is said while a file of the lesson, or the player, is not there."""
    return Unavailable("offline_unready", f"这一课的文件正在重新生成，或者播放器没有构建（{error}）。请过几分钟再试。")
