"""Clear away files that nothing refers to: at the start of the server and once a day.

Files are named by their content and shared, so that no single removal can tell whether a file is still wanted. What
refers to them is in the database: pages in `deck_page_files` and `lesson_page_files`, photos in `answer_photos`, clips
in `lesson_clips`, uploaded material in `resource_files`, pictures of plans in `plan_pictures`, files that resolutions
were closed with in their evidence, and pages and clips also in what packs of lessons that have not ended offered.
Rosters and questions of packs are made anew, and renewed on the disk, whenever a manifest names them: one that is old
is in none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Table, select

from server.ground import FileFolders
from server.lessons.decks.tables import deck_page_files
from server.lessons.orphans_plan import Found, candidates, is_credible, plan
from server.lessons.packs.tables import lesson_clips, pack_blobs
from server.lessons.page_files import PageFiles
from server.lessons.questions.tables import answer_photos
from server.lessons.tables import lesson_page_files, lessons
from server.library.resources.tables import resource_files
from server.planning.meetings.tables import evidence_files
from server.planning.plans.tables import plan_pictures
from server.storage.database import Database, Transaction
from signaling.errors import TongtangError

log = logging.getLogger(__name__)

KEEP_FOR = timedelta(days=7)  # since a file was last put: a classroom that was off for a week finishes an older pack
EVERY_S = 86_400.0
MOST = 2_000  # files that one pass removes of a folder; the others with the next: a disk in school has better to do
ASKED = 500  # names in one query: SQLite takes 32,766 parameters, a reader should not be held up by them


@dataclass(frozen=True)
class Folder:
    """A folder of files and what refers to them."""

    name: str
    files: PageFiles
    tables: Sequence[Table] = ()  # each has a column `sha256`
    offered: bool = False  # whether packs of lessons to come refer to its files too
    told: Callable[[Transaction], Awaitable[Set[str]]] | None = None  # names that no column of their own has
    is_made: bool = False  # can be made anew, so that losing one costs nothing


def folders(files: FileFolders) -> tuple[Folder, ...]:
    """Return the folders of a server that are cleared."""
    return (
        Folder("pages", files.pages, (deck_page_files, lesson_page_files), offered=True),
        Folder("photos", files.photos, (answer_photos,)),
        Folder("clips", files.clips, (lesson_clips,), offered=True),
        Folder("packs", files.packs, is_made=True),
        Folder("material", files.material, (resource_files,)),
        Folder("plan_pictures", files.plan_pictures, (plan_pictures,)),
        Folder("evidence", files.evidence, told=evidence_files),
    )


class OrphanSweep:
    """Removes old files that nothing refers to."""

    def __init__(
        self,
        database: Database,
        cleared: Sequence[Folder],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._folders = cleared
        self._clock = clock

    async def run(self) -> None:
        """Sweep now and once a day, until cancelled."""
        while True:
            try:
                await self.sweep()
            except (TongtangError, OSError) as error:
                log.warning("clearing away files was put off: %s", error)
            except Exception:
                log.exception("clearing away files failed")
            await asyncio.sleep(EVERY_S)

    async def sweep(self) -> dict[str, int]:
        """Clear all folders once; return how many files went of each."""
        return {folder.name: await self._clear(folder) for folder in self._folders}

    async def _clear(self, folder: Folder) -> int:
        before_s = (self._clock() - KEEP_FOR).timestamp()
        orphans: list[Found] = []
        found, known, strange = 0, 0, 0
        told = await self._told(folder)
        for shard in await asyncio.to_thread(folder.files.shards):
            here = await asyncio.to_thread(folder.files.found_in, shard)
            one = plan(here, told | await self._referred(folder, candidates(here, before_s)), before_s)
            orphans += one.orphans[: MOST - len(orphans)]
            found, known, strange = found + len(one.orphans), known + one.known, strange + one.strange
        if strange:
            log.info("%d entries of %s/ are none of ours and stay", strange, folder.name)
        if not folder.is_made and not is_credible(found, known):
            log.warning(
                "%d files of %s/ are unknown to this database and only %d known: nothing was removed. "
                "Is it the right database for this folder?",
                *(found, folder.name, known),
            )
            return 0
        removed = [one for one in orphans if await asyncio.to_thread(folder.files.remove_old, one, before_s)]
        if removed:
            size = sum(one.bytes for one in removed)
            log.info("%d files of %s/ that nothing refers to were removed, %d bytes", len(removed), folder.name, size)
        return len(removed)

    async def _told(self, folder: Folder) -> Set[str]:
        """Return what only whole rows tell; who refers to an old file later renews it, so that it stays."""
        if folder.told is None:
            return frozenset()
        async with self._database.read() as tx:
            return await folder.told(tx)

    async def _referred(self, folder: Folder, names: Sequence[str]) -> frozenset[str]:
        """Return those of `names` that the database refers to."""
        found: set[str] = set()
        for first in range(0, len(names), ASKED):
            asked = names[first : first + ASKED]
            queries = [select(table.c.sha256).where(table.c.sha256.in_(asked)) for table in folder.tables]
            if folder.offered:
                offered = select(pack_blobs.c.sha256).join(lessons, lessons.c.id == pack_blobs.c.lesson_id)
                queries.append(offered.where(pack_blobs.c.sha256.in_(asked), lessons.c.state != "ended"))
            async with self._database.read() as tx:
                for query in queries:
                    found.update((await tx.execute(query.distinct())).scalars())
        return frozenset(found)


@asynccontextmanager
async def sweeping(sweep: OrphanSweep) -> AsyncIterator[None]:
    """Keep the clearing away running inside the block."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(sweep.run(), name="orphans")
        try:
            yield
        finally:
            running.cancel()
