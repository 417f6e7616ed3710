"""The rules of recordings, and where the recorder's news goes (`RecordingStore` of server/lessons/ports.py)."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from recorder.control import RecordingChanged
from recorder.resource import Resource
from recorder.step_notes import is_left_for_night
from server.accounts.model import Asker
from server.accounts.service import Clock, epoch_ms, utc_now
from server.lessons import tables as lesson_tables
from server.lessons.access import may_see
from server.lessons.model import Lesson
from server.lessons.page_files import PageFiles
from server.lessons.questions.tables import prepared_of
from server.library import holdings, tables
from server.library.access import REACH, Act, Stage, acts, may_share, stage_of, standing
from server.library.delivery import Delivery
from server.library.material import material_of, write_material
from server.library.model import Recording
from server.library.resources.drafts import make_draft, make_missing
from server.library.sight import Bytes, Leaves, Sight, file_of, observed, read_resource, sight_of
from server.storage.database import Database
from server.storage.ids import new_id
from signaling.errors import Refused
from signaling.messages import RoomId

log = logging.getLogger(__name__)

LISTED_LESSONS = 1000  # a school's lessons of some years; their recordings are listed


class LibraryService:
    """Recordings: whose they are, where they lie, and what can be played."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        pages: PageFiles,
        clock: Clock = utc_now,
        delivery: Delivery | None = None,
    ) -> None:
        self.delivery = delivery or Delivery()
        self._database = database
        self._folder = folder.absolute()
        self._pages = pages
        self._clock = clock

    # --- RecordingStore -------------------------------------------------------------------------------------------

    async def begin(self, lesson: RoomId, title: str) -> tuple[str, str]:
        """Return `(recording id, folder)` for the lesson, the same again when it already has one."""
        async with self._database.write() as tx:
            found = await tables.recordings_of(tx, [lesson])
            if found:
                return found[0].id, str(self._folder / found[0].id)
            recording = new_id()
            await tables.add_recording(tx, recording, lesson, title, epoch_ms(self._clock()))
        return recording, str(self._folder / recording)

    async def describe(self, lesson: RoomId) -> None:
        """Write beside the lesson's recording what only the database knows of it; nothing when it has none.

        Raises:
            OSError: it could not be written.
        """
        async with self._database.read() as tx:
            recordings = await tables.recordings_of(tx, [lesson])
            found = await lesson_tables.find_lesson(tx, lesson)
            if not recordings or found is None:
                return
            pages = await lesson_tables.pages_of(tx, lesson)
            prepared = await prepared_of(tx, lesson)
        folder = self._folder / recordings[0].id
        material = material_of(found, pages, prepared, self._pages, folder)
        await asyncio.to_thread(write_material, folder, material)

    async def changed(self, change: RecordingChanged) -> None:
        """Store what the recorder said of a recording; one that becomes ready makes its draft resource by itself."""
        async with self._database.write() as tx:
            await tables.set_state(tx, change)
            if change.state == "ready":
                await make_draft(tx, change.recording, epoch_ms(self._clock()))

    async def draft_missing(self) -> None:
        """Make the draft resources of recordings from before there were any."""
        async with self._database.write() as tx:
            await make_missing(tx, epoch_ms(self._clock()))

    async def unfinished(self) -> list[tuple[str, str, str]]:
        """Return `(recording id, folder, title)` of what a crash left: to be finalised, the oldest first.

        Each is described before (`describe`); one whose description cannot be written is finalised with the older one.

        Recordings of live lessons are not among them: their rooms go on with them.
        """
        async with self._database.read() as tx:
            found = await tables.left_over(tx)
        left = [one for one in found if (self._folder / one.id).is_dir()]
        for one in left:
            try:
                await self.describe(one.lesson_id)
            except OSError:
                log.exception("the description of recording %s was not written", one.id)
        return [(one.id, str(self._folder / one.id), one.title) for one in left]

    async def night_work(self) -> list[tuple[str, str, str]]:
        """Return `(recording id, folder, title)` of what is ready and has work left for the night."""
        async with self._database.read() as tx:
            ready = await tables.recordings_in(tx, "ready")
        folders = [(one, self._folder / one.id) for one in ready]
        left = await asyncio.to_thread(lambda: [pair for pair in folders if is_left_for_night(pair[1])])
        return [(one.id, str(folder), one.title) for one, folder in left]

    # --- people ---------------------------------------------------------------------------------------------------

    async def ids_by_lesson(self, lessons: tuple[RoomId, ...]) -> dict[str, str]:
        """Return the recording's id for those lessons that have one."""
        async with self._database.read() as tx:
            return {one.lesson_id: one.id for one in await tables.recordings_of(tx, lessons)}

    async def visible(self, asker: Asker) -> list[tuple[Sight, Lesson]]:
        """Return the recordings of the lessons that the asker may see, the newest first."""
        async with self._database.read() as tx:
            near = await lesson_tables.lessons_near(tx, asker, LISTED_LESSONS, epoch_ms(self._clock()), meetings=True)
            lessons = {lesson.id: lesson for lesson in near if may_see(asker, lesson)}
            found = await tables.recordings_of(tx, list(lessons))
            gone = await holdings.withdrawn_among(tx, [one.id for one in found])
        seen: list[tuple[Sight, Lesson]] = []
        for recording in found:
            lesson = lessons[recording.lesson_id]
            holding = gone.get(recording.id) or holdings.by_lesson(lesson)
            granted = acts(asker, holding)
            if Act.SEE in granted:
                seen.append((sight_of(recording, holding, granted, observed), lesson))
        return seen

    async def see(self, asker: Asker, recording_id: str) -> tuple[Sight, Lesson]:
        """Return what the asker may have of the recording, and its lesson.

        Raises:
            Refused: `not_logged_in`, or `recording_unknown`, also for one that is none of the asker's business.
        """
        async with self._database.read() as tx:
            held = await holdings.of_recording(tx, recording_id)
            granted = frozenset[Act]() if held is None else acts(asker, held.holding)
            if held is None or Act.SEE not in granted:
                if not asker.is_known:
                    raise Refused("not_logged_in", "请先登录。")
                raise Refused("recording_unknown", "没有找到这个课堂录像。它可能已经删除，或者不属于您的学校。")
            leaves: Leaves = observed
            if Act.WHOLE not in granted and stage_of(held.holding) is not Stage.BEFORE:
                leaves = await holdings.leaves_of(tx, held, REACH[standing(asker, held.holding)])
        sight = sight_of(held.recording, held.holding, granted, leaves)
        keeps = held.resource is not None and asker.person is not None and may_share(asker.person, held.holding)
        resource_id = None if held.resource is None else held.resource.id
        return sight._replace(resource_id=resource_id, may_share=keeps), held.lesson

    def resource(self, recording: Recording) -> Resource | None:
        """Return what finalising made of the recording; None when there is nothing whole. Blocks for the disk."""
        return read_resource(self._folder / recording.id)

    def folder(self, recording_id: str) -> Path:
        """Return where the recording's files lie."""
        return self._folder / recording_id

    def file(self, sight: Sight, name: str) -> Bytes:
        """Return a file that the recording offers to whoever has this sight. Blocks for the disk.

        Raises:
            Refused: `file_unknown`: also for every other file of the folder.
        """
        return file_of(self._folder / sight.recording.id, sight, name)
