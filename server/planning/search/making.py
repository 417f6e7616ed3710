"""Making the index: all of it anew when it is missing or of another version, and the words of recordings as they come.

Every entry is put in a transaction of its own with what it was read from, so that a change that is made meanwhile is
never overwritten by what was read before it. A process that dies in between starts over: the version is noted last.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import select

from server.library.resources import desk, papers
from server.library.resources.leaving import leaving_names
from server.planning.authorship import origins
from server.planning.search import index, keeping
from server.planning.search.tables import entries
from server.planning.search.terms import VERSION
from server.planning.search.words import words_of
from server.storage.database import Database
from signaling.errors import TongtangError

log = logging.getLogger("tongtang.search")

EVERY_S = 20.0  # until the pages of a lesson that was just published can be found
MAX_READ = 50  # recordings of one pass


class IndexMaker:
    """Makes what is missing of the index."""

    def __init__(self, database: Database, recordings: Path) -> None:
        self._database = database
        self._recordings = recordings
        self.is_whole = False  # everything that there is can be found

    async def run(self) -> None:
        """Make what is missing for as long as it is not cancelled."""
        while True:
            try:
                await self.step()
            except TongtangError as error:  # the disk is full, or the writer busy: the next pass tries again
                log.warning("the search index was not brought up to date: %s", error.detail)
            await asyncio.sleep(EVERY_S)

    async def step(self) -> None:
        """Make everything that is missing now."""
        if not self.is_whole:
            async with self._database.read() as tx:
                self.is_whole = await index.version(tx) == VERSION
        if not self.is_whole:
            await self.rebuild()
        await self.read_words()

    async def rebuild(self) -> int:
        """Forget the index and make it anew; return how many entries it has."""
        self.is_whole = False
        async with self._database.write() as tx:
            await index.clear(tx)
        async with self._database.read() as tx:
            plans, published = await keeping.all_plans(tx), await keeping.all_published(tx)
        for plan_id in plans:
            await self._make_plan(plan_id)
        for resource_id in published:
            async with self._database.write() as tx:
                await keeping.resource_changed(tx, resource_id)
        async with self._database.write() as tx:
            await index.set_made(tx)
        self.is_whole = True
        if plans or published:
            log.info("the search index was made anew: %d plans, %d resources", len(plans), len(published))
        return len(plans) + len(published)

    async def _make_plan(self, plan_id: str) -> None:
        async with self._database.write() as tx:
            updates, last = await keeping.stored_plan(tx, plan_id)
            text = await asyncio.to_thread(keeping.words_of_updates, updates)
            final = "" if last is None else await asyncio.to_thread(keeping.words_of_updates, [last])
            await keeping.plan_changed(tx, plan_id, text, final)

    async def read_words(self) -> int:
        """Read the pages and subtitles of recordings that were published or changed since; return of how many."""
        waiting = (entries.c.kind == "resource") & entries.c.is_whole.is_(False)
        async with self._database.read() as tx:
            found = (await tx.execute(select(entries.c.object_id).where(waiting).limit(MAX_READ))).scalars().all()
        for resource_id in found:
            await self._read_words(resource_id)
        return len(found)

    async def _read_words(self, resource_id: str) -> None:
        async with self._database.write() as tx:
            found = await desk.published(tx, resource_id)
            if found is None:
                await index.remove(tx, "resource", resource_id)
                return
            files = await papers.files_of(tx, found.id, found.version)
            names = leaving_names(files, await desk.consents_of(tx, found), found.audience)
            words = ""
            if found.recording_id is not None:
                words = await asyncio.to_thread(words_of, self._recordings / found.recording_id, names)
            await index.put(tx, keeping.entry_of(found, words))
            await origins.note(tx, "resource", resource_id, words)


@asynccontextmanager
async def making(maker: IndexMaker) -> AsyncIterator[None]:
    """Make what is missing of the index while the block runs."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(maker.run(), name="search")
        try:
            yield
        finally:
            running.cancel()
