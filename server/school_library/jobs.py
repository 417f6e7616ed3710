"""What the library is doing: one fetch, import or export at a time, shown on its page while it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from recorder.pack.dsse import PublicKey, public_key
from recorder.pack.layout import Layout
from server.accounts.model import SchoolRef
from server.library.packs.model import Listed, Use
from server.school_library import links, sticks, uses
from server.school_library.fetcher import Fetcher, Stopped
from server.school_library.links import Link, hub_link
from server.school_library.model import Hub, Progress
from server.school_library.night import is_open
from server.school_library.shelf import Lesson, Shelf
from server.school_library.uses import UseLog
from signaling.errors import Refused, TongtangError, Unavailable

log = logging.getLogger("tongtang.library")

LIGHT, LOW = ("light",), ("light", "low")
LOOK_S = 60.0  # between two looks at the clock
MAX_ASKED = 100  # lessons that wait to be fetched because somebody asked for them
REPORT_EVERY = 60  # looks: an hour


class Paired(msgspec.Struct, frozen=True):
    """What a platform answers when a library is paired."""

    id: str
    name: str
    school: SchoolRef
    secret: str
    root: PublicKey


class Jobs:
    """The library's work."""

    def __init__(self, shelf: Shelf, use_log: UseLog) -> None:
        self.shelf = shelf
        self.uses = use_log
        self.key = uses.load_key(shelf.folder)
        self.progress: Progress | None = None
        self.last = ""  # what went wrong, or was done, last; for people
        self._busy = asyncio.Lock()
        self._asked: asyncio.Queue[tuple[Link, str, bool]] = asyncio.Queue(MAX_ASKED)
        self._without_low: set[tuple[str, int]] = set()  # lessons, by version, that have no small picture to fetch
        self._fetcher = Fetcher(shelf, self._tell)

    def _tell(self, progress: Progress | None) -> None:
        self.progress = progress

    @property
    def hub(self) -> Link:
        """Return the link to the platform.

        Raises:
            Refused: `library_unpaired`.
        """
        hub = self.shelf.state.hub
        if not hub.secret:
            raise Refused("library_unpaired", "这台资源库还没有和平台配对。请先输入平台地址和配对码。")
        return hub_link(hub.url, hub.secret)

    def stop(self) -> None:
        """Stop the fetch that runs; what came is kept."""
        self._fetcher.stop.set()

    async def fetch(self, link: Link, pack: str, *, with_low: bool) -> Lesson:
        """Fetch a lesson: the light form first, which is listed at once, then the small picture when it is wanted.

        Raises:
            Refused, Unavailable: as `Fetcher.fetch`; `library_busy`.
        """
        ceiling = self.shelf.state.plan.ceiling_kbps if link.is_hub else 0

        def run() -> Lesson:
            lesson = self._fetcher.fetch(link, pack, LIGHT, ceiling)
            if with_low and link.is_hub and "low" not in lesson.manifest.renditions:
                try:
                    lesson = self._fetcher.fetch(link, pack, LOW, ceiling)
                except Refused as error:  # it may not leave any more: the light one is here
                    log.info("no small picture of %s: %s", pack, error.code)
                if "low" not in lesson.manifest.renditions:
                    self._without_low.add((pack, lesson.manifest.version))
            return lesson

        async with self._busy:
            lesson = await self._work(run)
        self.last = f"“{lesson.manifest.title}”已经下载完成。"
        return lesson

    async def _alone(self, work: Callable[[], Lesson]) -> Lesson:
        if self._busy.locked():
            raise Refused("library_busy", "资源库正在忙着下载或拷贝，请等它完成或先停止，再试一次。")
        async with self._busy:
            return await self._work(work)

    async def _work(self, work: Callable[[], Lesson]) -> Lesson:
        self._fetcher.stop.clear()
        try:
            return await asyncio.to_thread(work)
        finally:
            self._fetcher.stop.set()  # a thread outlives the task that was cancelled: it ends at its next piece
            self.progress = None

    def ask(self, link: Link, pack: str, *, with_low: bool) -> None:
        """Fetch a lesson as soon as what runs is done.

        Raises:
            Refused: `library_busy`: too many wait.
        """
        try:
            self._asked.put_nowait((link, pack, with_low))
        except asyncio.QueueFull:
            raise Refused("library_busy", "已经有很多课在排队下载，请等它们完成，再试一次。") from None

    async def take_zip(self, path: Path) -> Lesson:
        """Import a pack from a ZIP.

        Raises:
            Refused, Unavailable: as `Shelf.take_zip`; `library_busy`.
        """

        def run() -> Lesson:
            with path.open("rb") as file:
                return self.shelf.take_zip(file, self._reporter("import", path.name))

        return await self._alone(run)

    async def take_folder(self, path: Path) -> Lesson:
        """Import a pack from a folder on a stick.

        Raises:
            Refused, Unavailable: as `Shelf.take_folder`; `library_busy`.
        """
        return await self._alone(lambda: self.shelf.take_folder(path, self._reporter("import", path.name)))

    async def export(self, stick: sticks.Stick, packs: tuple[str, ...], *, as_zip: bool) -> None:
        """Bring lessons to a stick, one after the other.

        Raises:
            Refused: `offline_fat32`, `stick_full`, `lesson_unknown` or `library_busy`.
            Unavailable: `stick_gone`.
        """
        for pack in packs:
            lesson = self.lesson(pack)
            sticks.require_fits(lesson.manifest, stick, as_zip=as_zip)
            report = self._reporter("export", lesson.manifest.title)
            write = partial(sticks.export_zip if as_zip else sticks.export_folder, self.shelf, lesson)
            await self._alone(partial(_done, lesson, partial(write, Path(stick.path), report)))
        self.last = f"{len(packs)} 节课已经写到 U 盘，可以拔出了。"

    @property
    def waiting(self) -> int:
        """Return how many lessons wait to be fetched because somebody asked for them."""
        return self._asked.qsize()

    async def pair(self, url: str, code: str) -> None:
        """Pair with a platform, and trust it from now on.

        Raises:
            Refused: what the platform says; `library_other_platform`.
            Unavailable: `hub_unreachable`.
        """
        link = Link(f"{url}/api", is_hub=True)
        body = {"code": code, "public_key": public_key(self.key)}
        found = await asyncio.to_thread(links.post_json, link, "/libraries/pair", body)
        try:
            paired = msgspec.convert(found, Paired)
        except msgspec.ValidationError as error:
            raise Unavailable("hub_unreachable", "平台的回答读不懂，请检查平台地址，或升级本机的同堂。") from error
        self.trust_root(paired.root)
        hub = Hub(url, paired.secret, paired.id, paired.school.name)
        self.shelf.change(hub=hub, name=paired.name)
        self.last = f"已经和平台配对：{paired.school.name}。"

    def trust_root(self, root: str) -> None:
        """Trust a platform's key from now on.

        Raises:
            Refused: `library_other_platform`: another one is trusted.
        """
        trust = self.shelf.state.trust
        if trust.root not in ("", root):
            raise Refused(
                "library_other_platform",
                "这台资源库已经信任另一个平台，它的课都来自那里。要换平台，请用新的数据目录重新安装。",
            )
        self.shelf.change(trust=msgspec.structs.replace(trust, root=root))

    async def note(self, use: Use) -> None:
        """Keep that something was played."""
        await asyncio.to_thread(self.uses.note, use)

    async def drop(self, pack: str) -> None:
        """Take a lesson off the shelf and free its room.

        Raises:
            Refused: `library_busy`.
        """
        if self._busy.locked():
            raise Refused("library_busy", "资源库正在忙着下载或拷贝，请等它完成或先停止，再试一次。")
        async with self._busy:
            self.shelf.remove(pack)
            await asyncio.to_thread(self.shelf.tidy)

    async def layout(self, lesson: Lesson) -> Layout:
        """Return a lesson as a ZIP."""
        return await asyncio.to_thread(sticks.layout_of, self.shelf, lesson)

    async def lessons_of(self, link: Link) -> object:
        """Return what a neighbour has.

        Raises:
            Refused, Unavailable
        """
        return await asyncio.to_thread(links.get_json, link, "")

    def lesson(self, pack: str) -> Lesson:
        """Return a lesson that is here.

        Raises:
            Refused: `lesson_unknown`.
        """
        found = self.shelf.lessons.get(pack)
        if found is None:
            raise Refused("lesson_unknown", "这里没有这一课，它可能被移除或撤回了。请刷新页面。")
        return found

    def _reporter(self, what: str, title: str) -> Callable[[int, int], None]:
        return lambda done, total: self._tell(Progress(what, title, done, total))

    # --- by itself ------------------------------------------------------------------------------------------------

    async def run(self, local_time: Callable[[], datetime]) -> None:
        """Fetch what is wanted, and report what was played, until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._serve_asked(), name="asked")
            tasks.create_task(self._watch(local_time), name="night")

    async def _serve_asked(self) -> None:
        while True:
            link, pack, with_low = await self._asked.get()
            await self._told(self.fetch(link, pack, with_low=with_low))

    async def _watch(self, local_time: Callable[[], datetime]) -> None:
        looks = 0
        while True:
            await self._told(self._step(local_time(), is_hour=looks % REPORT_EVERY == 0))
            looks += 1
            await asyncio.sleep(LOOK_S)

    async def _told(self, work: Coroutine[None, None, object]) -> None:
        """Do the work; what goes wrong is shown on the page, and tried again when its time comes."""
        try:
            await work
        except Stopped:
            self.last = "下载已经停止，下到的部分都留着。"
        except TongtangError as error:
            self.last = error.detail
            log.info("%s", error)
        except OSError as error:
            self.last = f"读写磁盘出错（{error.strerror}），稍后会再试。"
            log.warning("%s", error)

    async def _step(self, now: datetime, *, is_hour: bool) -> None:
        if not self.shelf.state.hub.secret:
            return
        plan = self.shelf.state.plan
        if is_hour and self.uses.waiting():
            await self.report()
        if self._busy.locked() or not is_open(plan.from_minute, plan.to_minute, now.hour * 60 + now.minute):
            return
        await asyncio.to_thread(self._fetcher.refresh_trust, self.hub)
        for with_low in (False, True) if plan.with_low else (False,):
            for one in await self.wanted():
                if self._lacks(one, with_low=with_low):
                    await self.fetch(self.hub, one.id, with_low=with_low)
        async with self._busy:
            await asyncio.to_thread(self.shelf.tidy)  # of versions that were replaced

    async def wanted(self) -> list[Listed]:
        """Return what the platform has of what this library wants.

        Raises:
            Refused, Unavailable
        """
        plan = self.shelf.state.plan
        return [one for one in await self.offered() if one.subject in plan.subjects or one.id in plan.lessons]

    async def offered(self) -> list[Listed]:
        """Return what the platform offers to this school.

        Raises:
            Refused, Unavailable
        """
        link = self.hub
        found = await asyncio.to_thread(links.get_json, link, "")
        try:
            return msgspec.convert(found["items"], list[Listed])
        except (KeyError, TypeError, msgspec.ValidationError) as error:
            raise Unavailable("hub_unreachable", "平台的回答读不懂，请检查平台地址，或升级本机的同堂。") from error

    def _lacks(self, one: Listed, *, with_low: bool) -> bool:
        here = self.shelf.lessons.get(one.id)
        if here is None or here.manifest.version < one.version:
            return True
        has_tried = (one.id, one.version) in self._without_low
        return with_low and "low" not in here.manifest.renditions and not has_tried

    async def report(self) -> int:
        """Tell the platform what was played; return how many records it counted anew.

        Raises:
            Refused, Unavailable
        """
        link, added = self.hub, 0
        for envelope, some in uses.reports(self.shelf.state.hub.library, self.uses.waiting(), self.key):
            answer = await asyncio.to_thread(links.post_json, link, "/uses", {"signed": envelope})
            added += int(answer["added"])
            await asyncio.to_thread(self.uses.reported, some)
        return added


def _done(lesson: Lesson, work: Callable[[], object]) -> Lesson:
    work()
    return lesson
