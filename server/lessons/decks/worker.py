"""The worker of decks: one conversion at a time, page by page into the database, whatever restarts in between.

A job is claimed for `LEASE`, renewed while it runs, and put back when the server stops; a server that was killed lets
it run out. Each page is stored as soon as it is made, so that a conversion that is taken up again goes on behind the
last one. A process that dies without a word is tried again once (memory may have been short); then the page that it
died on is named.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec

from server.accounts.service import Clock, epoch_ms, utc_now
from server.lessons.decks import office, process, tables, wire
from server.lessons.decks.convert import Order
from server.lessons.decks.model import DeckInfo
from server.lessons.decks.refusal import Unconvertible
from server.lessons.decks.service import CONVERT, PURGE, DeckService
from server.lessons.model import Page, PageFile
from server.lessons.page_files import PageFiles
from server.lessons.service import LessonService, deck_of
from server.storage.database import Database
from server.storage.ids import new_id
from server.storage.jobs import Job, claim_job, finish_job, put_back_job, renew_job
from server.uploads.service import UploadService
from signaling.errors import TongtangError, Unavailable
from signaling.messages import Deck, RoomId

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)  # a killed server's jobs go on after this
RENEW_S = 10.0
IDLE_S = 15.0  # jobs of other servers' leases are looked for this often
TRIES = 2
FULL_TRIES = 10  # of a job that finds the disk full
FULL_WAIT = timedelta(seconds=60)
_PDF = "converted.pdf"

Tell = Callable[[RoomId, Deck | None], None]


class _Unwanted(Exception):
    """The deck was removed meanwhile."""


class _At:
    """The page that is being worked on."""

    page: int | None = None


class DeckWorker:
    """Converts decks and clears removed ones away.

    Args:
        tell: is told of lessons that have another deck now.
    """

    def __init__(
        self,
        database: Database,
        decks: DeckService,
        uploads: UploadService,
        lessons: LessonService,
        files: PageFiles,
        tell: Tell,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._decks = decks
        self._uploads = uploads
        self._lessons = lessons
        self._files = files
        self._tell = tell
        self._clock = clock
        self._holder = new_id()

    async def run(self) -> None:
        """Work, until cancelled."""
        while True:
            self._decks.wake.clear()
            try:
                while await self.step():
                    pass
            except* TongtangError as group:
                log.warning("decks: %s", group.exceptions)  # the database is busy or full: later
            except* Exception:
                log.exception("a deck's job failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_S):
                    await self._decks.wake.wait()

    async def step(self) -> bool:
        """Do one job; return whether there was one."""
        for kind, work in ((PURGE, self._purge), (CONVERT, self._convert)):
            async with self._database.write() as tx:
                lease_ms = int(LEASE.total_seconds() * 1000)
                job = await claim_job(tx, kind, self._holder, epoch_ms(self._clock()), lease_ms)
            if job is not None:
                async with self._held(job):
                    await work(job)
                return True
        return False

    @asynccontextmanager
    async def _held(self, job: Job) -> AsyncIterator[None]:
        async def renew() -> None:
            while True:
                await asyncio.sleep(RENEW_S)
                with contextlib.suppress(TongtangError):
                    async with self._database.write() as tx:
                        await renew_job(tx, job, self._holder, epoch_ms(self._clock() + LEASE))

        async with asyncio.TaskGroup() as tasks:
            renewing = tasks.create_task(renew(), name="renew job")
            try:
                yield
            except asyncio.CancelledError:
                async with self._database.write() as tx:
                    await put_back_job(tx, job, self._holder, epoch_ms(self._clock()), is_try=False)
                raise
            finally:
                renewing.cancel()

    # --- converting -----------------------------------------------------------------------------------------------

    async def _convert(self, job: Job) -> None:
        async with self._database.read() as tx:
            deck = await tables.find_deck(tx, job.key)
        if deck is None or deck.state != "converting":
            async with self._database.write() as tx:
                await finish_job(tx, CONVERT, job.key)
            return
        at = _At()
        try:
            if job.tries > FULL_TRIES:
                raise process.Died("again and again")
            await self._take_in(deck)
            async with self._work_folder(deck) as folder:
                await self._pages(deck, folder, at)
        except _Unwanted:
            async with self._database.write() as tx:
                await finish_job(tx, CONVERT, deck.id)
        except Unconvertible as error:
            await self._fail(deck, error.reason, error.page)
        except Unavailable as error:
            await self._later(job, deck, error.detail, FULL_TRIES, FULL_WAIT)
        except process.Died as error:
            await self._later(job, deck, _died(error, at.page), TRIES, timedelta(), at.page)
        else:
            await self._ready(deck)

    async def _take_in(self, deck: DeckInfo) -> None:
        """Move the originals from where they were uploaded to; again after a crash in the middle."""
        if not any(original.upload_id for original in deck.originals):
            return
        for number, original in enumerate(deck.originals, 1):
            await asyncio.to_thread(
                _move, self._uploads.path(original.upload_id), self._decks.original_path(deck, number)
            )
        async with self._database.write() as tx:
            await tables.forget_uploads(tx, deck.id)
        await self._uploads.release([original.upload_id for original in deck.originals])

    @asynccontextmanager
    async def _work_folder(self, deck: DeckInfo) -> AsyncIterator[Path]:
        folder = self._decks.folder(deck.id)
        for left in folder.glob("work-*"):  # by a server that was killed
            await asyncio.to_thread(shutil.rmtree, left, ignore_errors=True)
        work = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="work-", dir=folder.absolute()))
        try:
            yield work
        finally:
            await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)

    async def _pages(self, deck: DeckInfo, folder: Path, at: _At) -> None:
        paths = [self._decks.original_path(deck, number).absolute() for number in range(1, len(deck.originals) + 1)]
        names = tuple((one.name, str(path)) for one, path in zip(deck.originals, paths, strict=True))
        made = self._decks.folder(deck.id).absolute() / _PDF
        order = Order(names, str(folder), deck.done + 1, str(made) if made.is_file() else "", deck.remarks)
        async with aclosing(process.pages(order, folder)) as saying:
            async for said in saying:
                match said:
                    case wire.NeedsOffice(remarks=remarks):
                        order = msgspec.structs.replace(order, pdf=str(made), remarks=remarks)
                    case wire.Plan():
                        await self._plan(deck, said)
                    case wire.Begun(page=page):
                        at.page = page
                    case wire.Made():
                        await self._keep(deck, said, folder)
                    case wire.Failed(reason=reason, page=page):
                        raise Unconvertible(reason, page)
                    case wire.Finished():
                        return
        await self._office(deck, paths[0], folder, made)
        async with self._database.write() as tx:
            await tables.set_plan(tx, deck.id, 0, (), order.remarks)
        again = msgspec.structs.replace(deck, remarks=order.remarks)
        await self._pages(again, folder, at)

    async def _office(self, deck: DeckInfo, source: Path, folder: Path, made: Path) -> None:
        program = office.find_office()
        if program is None:
            raise Unconvertible(office.missing_words())
        try:
            found = await process.to_pdf(program, source, folder)
        except process.Died as error:
            name = deck.originals[0].name
            if str(error) == "timeout":
                raise Unconvertible(f"打开“{name}”用时过长，已经停下。请在电脑上另存为 PDF 再上传。") from error
            raise Unconvertible(f"“{name}”打不开，可能已损坏。请在电脑上另存为 PDF 再上传。") from error
        await asyncio.to_thread(found.replace, made)

    async def _plan(self, deck: DeckInfo, plan: wire.Plan) -> None:
        async with self._database.write() as tx:
            await tables.set_plan(tx, deck.id, plan.pages, plan.outline, plan.remarks)

    async def _keep(self, deck: DeckInfo, made: wire.Made, folder: Path) -> None:
        files = []
        for file in made.files:
            path = folder / file.name
            data = await asyncio.to_thread(path.read_bytes)
            files.append(PageFile(file.width, await self._files.put(data), "image/webp", len(data)))
            await asyncio.to_thread(path.unlink)
        page = Page(made.title, tuple(files), made.ratio, made.text)
        async with self._database.write() as tx:
            if not await tables.add_page(tx, deck.id, made.page, page):
                raise _Unwanted

    # --- how it ends ----------------------------------------------------------------------------------------------

    async def _ready(self, deck: DeckInfo) -> None:
        async with self._database.write() as tx:
            await tables.set_state(tx, deck.id, "ready")
            await finish_job(tx, CONVERT, deck.id)
            lessons = await tables.wishes_for(tx, deck.id)
        for lesson_id in lessons:
            await self._decks.fulfil(lesson_id, deck.id)
            lesson = await self._lessons.find(lesson_id)
            if lesson is not None and lesson.state == "scheduled":
                self._tell(lesson.id, deck_of(lesson, await self._lessons.pages(lesson.id)))

    async def _fail(self, deck: DeckInfo, reason: str, page: int | None) -> None:
        async with self._database.write() as tx:
            await tables.set_state(tx, deck.id, "failed", reason, page)
            await finish_job(tx, CONVERT, deck.id)

    async def _later(
        self, job: Job, deck: DeckInfo, reason: str, tries: int, wait: timedelta, page: int | None = None
    ) -> None:
        if job.tries >= tries:
            await self._fail(deck, reason, page)
            return
        async with self._database.write() as tx:
            await put_back_job(tx, job, self._holder, epoch_ms(self._clock() + wait))

    # --- clearing away --------------------------------------------------------------------------------------------

    async def _purge(self, job: Job) -> None:
        """Remove what is left of a deck. No conversion runs meanwhile, so no page can be about to use its files."""
        async with self._database.read() as tx:
            deck = await tables.find_deck(tx, job.key)
        async with self._database.write() as tx:
            unused = await tables.remove_deck(tx, job.key)
        await asyncio.to_thread(shutil.rmtree, self._decks.folder(job.key), ignore_errors=True)
        if deck is not None:
            await self._uploads.release([one.upload_id for one in deck.originals if one.upload_id])
        for sha256 in unused:
            await asyncio.to_thread(self._files.path(sha256).unlink, missing_ok=True)
        async with self._database.write() as tx:
            await finish_job(tx, CONVERT, job.key)
            await finish_job(tx, PURGE, job.key)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.exists():
        source.replace(target)


def _died(error: process.Died, page: int | None) -> str:
    if page is None:
        return "转换程序打不开这个文件，可能已损坏或太复杂。请重新导出成 PDF 再上传。"
    if str(error) == "timeout":
        return "这一页用时过长，转换停在了这里。请把这一页导出成图片后替换，再上传。"
    return "这一页太复杂，转换程序在这里停下了。请把这一页导出成图片后替换，再上传。"


@asynccontextmanager
async def converting(worker: DeckWorker, uploads: UploadService) -> AsyncIterator[None]:
    """Keep the worker and the clearing away of abandoned uploads running inside the block."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(worker.run(), name="decks"), tasks.create_task(uploads.run(), name="uploads")]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
