"""The rules of recordings, and where the recorder's news goes (`RecordingStore` of server/lessons/ports.py)."""

from __future__ import annotations

from pathlib import Path

from recorder.control import RecordingChanged
from server.accounts.model import Asker
from server.accounts.service import Clock, epoch_ms, utc_now
from server.lessons import tables as lesson_tables
from server.lessons.access import may_see
from server.lessons.model import Lesson
from server.library import tables
from server.library.model import Recording
from server.storage.database import Database
from server.storage.ids import new_id
from signaling.errors import Refused
from signaling.messages import RoomId

LISTED_LESSONS = 1000  # a school's lessons of some years; their recordings are listed


class LibraryService:
    """Recordings: whose they are, where they lie, and what can be played."""

    def __init__(self, database: Database, folder: Path, clock: Clock = utc_now) -> None:
        self._database = database
        self._folder = folder.absolute()
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

    async def changed(self, change: RecordingChanged) -> None:
        """Store what the recorder said of a recording."""
        async with self._database.write() as tx:
            await tables.set_state(tx, change)

    async def unfinished(self) -> list[tuple[str, str, str]]:
        """Return `(recording id, folder, title)` of what a crash left: to be finalised, the oldest first.

        Recordings of live lessons are not among them: their rooms go on with them.
        """
        async with self._database.read() as tx:
            found = await tables.left_over(tx)
        folders = [(recording, self._folder / recording.id) for recording in found]
        return [(one.id, str(folder), one.title) for one, folder in folders if folder.is_dir()]

    # --- people ---------------------------------------------------------------------------------------------------

    async def ids_by_lesson(self, lessons: tuple[RoomId, ...]) -> dict[str, str]:
        """Return the recording's id for those lessons that have one."""
        async with self._database.read() as tx:
            return {one.lesson_id: one.id for one in await tables.recordings_of(tx, lessons)}

    async def visible(self, asker: Asker) -> list[tuple[Recording, Lesson]]:
        """Return the recordings of the lessons that the asker may see, the newest first."""
        async with self._database.read() as tx:
            near = await lesson_tables.lessons_near(tx, asker, LISTED_LESSONS, epoch_ms(self._clock()))
            lessons = {lesson.id: lesson for lesson in near if may_see(asker, lesson)}
            found = await tables.recordings_of(tx, list(lessons))
        return [(recording, lessons[recording.lesson_id]) for recording in found]

    async def see(self, asker: Asker, recording_id: str) -> tuple[Recording, Lesson]:
        """Return the recording and its lesson when the asker may see the lesson.

        Raises:
            Refused: `not_logged_in`, or `recording_unknown`, also for one that is none of the asker's business.
        """
        if not asker.is_known:
            raise Refused("not_logged_in", "请先登录。")
        async with self._database.read() as tx:
            recording = await tables.find_recording(tx, recording_id)
            lesson = None if recording is None else await lesson_tables.find_lesson(tx, recording.lesson_id)
        if recording is None or lesson is None or not may_see(asker, lesson):
            raise Refused("recording_unknown", "没有找到这个课堂录像。它可能已经删除，或者不属于您的学校。")
        return recording, lesson

    def file(self, recording: Recording, name: str) -> tuple[Path, str]:
        """Return path and media type of a file that the recording offers: no other can be named.

        Raises:
            Refused: `file_unknown`.
        """
        types = {one.path: one.mime for one in recording.made.renditions}
        if recording.made.poster:
            types[recording.made.poster] = "image/jpeg"
        path = self._folder / recording.id / name
        if name not in types or not path.is_file():
            raise Refused("file_unknown", "这个录像没有这个文件，可能正在重新生成。请稍后刷新页面。")
        return path, types[name]
