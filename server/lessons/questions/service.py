"""The rules of prepared questions, results and photos: who prepares, who sees which answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from server.accounts.limits import AttemptLimit
from server.accounts.model import Asker
from server.accounts.service import epoch_ms
from server.fields import field_invalid
from server.lessons import tables as lesson_tables
from server.lessons.access import entries, require_visible
from server.lessons.model import Lesson
from server.lessons.page_files import PageFiles
from server.lessons.pictures import inspect
from server.lessons.questions import tables
from server.lessons.questions.late import LateBatch, keep_late, may_answer
from server.lessons.questions.model import (
    MAX_PHOTO_BYTES,
    MAX_PHOTO_SIDE,
    MAX_PHOTOS,
    MAX_PREPARED,
    KeptPhoto,
    PreparedList,
    PreparedQuestion,
    ResultRoom,
    Results,
)
from server.lessons.rosters.service import readable_rooms
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling import messages as m
from signaling.answer_values import clean_value
from signaling.errors import Refused
from signaling.questions_rules import check_question
from signaling.roles import Role

LATE_BATCHES, LATE_S = 240, 60.0  # of one who answers: whatever a phone may hold (outbox.ts: 200), at once


class QuestionService:
    """Prepared questions of lessons, their results, and photos of pupils' work."""

    def __init__(
        self, database: Database, files: PageFiles, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._files = files
        self._clock = clock
        self._late = AttemptLimit(LATE_BATCHES, LATE_S)

    # --- prepared -------------------------------------------------------------------------------------------------

    async def prepared(self, asker: Asker, lesson: Lesson, *, acts: bool) -> PreparedList:
        """Return the prepared questions: with the correct answers for lecturers and whoever `acts` for one.

        Local teachers see them without, so that they can go through the lesson before class.

        Raises:
            Refused: `not_allowed`.
        """
        roles = {entry.role for entry in entries(asker, lesson)}
        knows = Role.LECTURER in roles or (acts and Role.LOCAL_TEACHER in roles)
        if not knows and Role.LOCAL_TEACHER not in roles:
            raise Refused("not_allowed", "准备好的题目只给上这节课的教师看。")
        found = await self.prepared_of(lesson.id)
        if knows:
            return found
        return PreparedList(found.version, tuple(msgspec.structs.replace(one, answer="") for one in found.items))

    async def prepared_of(self, lesson_id: str) -> PreparedList:
        """Return the prepared questions of a lesson, whoever asks."""
        async with self._database.read() as tx:
            return _listed(await tables.prepared_of(tx, lesson_id))

    async def prepare(
        self, asker: Asker, lesson_id: str, questions: Sequence[PreparedQuestion], version: str
    ) -> PreparedList:
        """Replace the prepared questions, from `version` on; questions without id are new.

        Raises:
            Refused: `lesson_unknown`, `not_allowed`, `field_invalid`, `question_invalid`, `answer_invalid`,
                `text_too_long`, or `conflict`: it is another version by now.
        """
        async with self._database.write() as tx:
            await _own_lesson(tx, asker, lesson_id)
            before = _listed(await tables.prepared_of(tx, lesson_id))
            if before.version != version:
                raise Refused("conflict", "这些题目刚才被别人改过，您的改动没有保存。请刷新后再改。")
            known = {one.id for one in before.items}
            items = tuple(_clean(one, known) for one in questions)
            return await _keep(tx, lesson_id, items)

    async def copy(self, asker: Asker, lesson_id: str, source_id: str) -> PreparedList:
        """Append the prepared questions of another lesson of one's own; pages that this lesson lacks are left out.

        Raises:
            Refused: `lesson_unknown`, `not_allowed` or `field_invalid`.
        """
        async with self._database.write() as tx:
            lesson = await _own_lesson(tx, asker, lesson_id)
            await _own_lesson(tx, asker, source_id)
            before = await tables.prepared_of(tx, lesson_id)
            added = tuple(
                msgspec.structs.replace(one, id=new_id(), page=one.page if one.page <= lesson.pages else 0)
                for one in await tables.prepared_of(tx, source_id)
            )
            return await _keep(tx, lesson_id, (*before, *added))

    async def give(self, tx: Transaction, lesson_id: str, questions: Sequence[PreparedQuestion], prefix: str) -> None:
        """Put questions in place of those whose ids have this prefix; the caller has checked who asks.

        Raises:
            Refused: `question_invalid`, `answer_invalid`, `text_too_long` or `field_invalid`.
        """
        own = {one.id for one in questions}
        kept = (one for one in await tables.prepared_of(tx, lesson_id) if not one.id.startswith(prefix))
        await _keep(tx, lesson_id, (*kept, *(_clean(one, own) for one in questions)))

    # --- results --------------------------------------------------------------------------------------------------

    async def results(self, asker: Asker, lesson: Lesson) -> Results:
        """Return what came of the questions: of all classrooms for lecturers, of their own for its teachers.

        Raises:
            Refused: `not_allowed`.
        """
        rooms = readable_rooms(asker, lesson) if asker.person is not None else []
        if not rooms:
            raise Refused("not_allowed", "作答结果只给主讲教师和教室自己的教师看。")
        ids = [room.id for room in rooms]
        async with self._database.read() as tx:
            questions = await tables.asked_of(tx, lesson.id)
            answers = await tables.answers_of(tx, lesson.id, ids)
            hands = await tables.hands_of(tx, lesson.id, ids)
            pupils = await tables.pupils_with_answers(tx, ids, {one.pupil for one in answers})
        shown = tuple(ResultRoom(room.id, room.name, room.school.name, pupils.get(room.id, ())) for room in rooms)
        return Results(questions, shown, answers, hands)

    async def give_late(self, asker: Asker, lesson: Lesson, batch: LateBatch, now: float) -> bool:
        """Take in answers that lay on a device until the lesson was over; return whether they were news.

        Raises:
            Refused: `too_many_attempts`, or what `keep_late` refuses.
        """
        who = asker.person or asker.device
        key = who.id if who is not None else ""
        if not self._late.is_allowed(key, now):
            raise Refused("too_many_attempts", "提交得太快了，剩下的答案过一分钟会自动再交。")
        self._late.count(key, now)
        async with self._database.write() as tx:
            return await keep_late(tx, asker, lesson.id, batch, epoch_ms(self._clock()))

    # --- photos ---------------------------------------------------------------------------------------------------

    async def keep_photo(self, asker: Asker, lesson: Lesson, classroom_id: str, data: bytes) -> KeptPhoto:
        """Keep a photo of a pupil's work.

        Raises:
            Refused: `not_allowed`, `photos_full`, `picture_unsupported`, `picture_broken` or `picture_too_large`.
            Unavailable: `disk_full` or `storage_failed`.
        """
        require_answering(asker, lesson, classroom_id)
        mime = check_photo(data)
        async with self._database.read() as tx:
            await self._require_room(tx, lesson.id, classroom_id)
        sha256 = await self._files.put(data)
        photo = KeptPhoto(sha256[:32], sha256, mime, len(data))
        async with self._database.write() as tx:
            await self._require_room(tx, lesson.id, classroom_id)
            await tables.add_photo(tx, lesson.id, classroom_id, photo, epoch_ms(self._clock()))
        return photo

    async def photo(self, asker: Asker, lesson: Lesson, photo_id: str, *, is_shown: bool) -> KeptPhoto:
        """Return a photo: of the own classroom, of any for lecturers, and for everybody while the walls show it.

        Raises:
            Refused: `photo_unknown`.
        """
        is_open = is_shown or any(entry.role is Role.LECTURER for entry in entries(asker, lesson))
        rooms = None if is_open else [room.id for room in readable_rooms(asker, lesson)]
        async with self._database.read() as tx:
            found = await tables.find_photo(tx, lesson.id, photo_id, rooms)
        if found is None or not self._files.path(found.sha256).is_file():
            raise Refused("photo_unknown", "没有找到这张照片。")
        return found

    def photo_path(self, photo: KeptPhoto) -> Path:
        """Return where a photo lies."""
        return self._files.path(photo.sha256)

    async def _require_room(self, tx: Transaction, lesson_id: str, classroom_id: str) -> None:
        if await tables.count_photos(tx, lesson_id, classroom_id) >= MAX_PHOTOS:
            raise Refused("photos_full", f"这间教室这节课已经交了 {MAX_PHOTOS} 张照片，不能再多了。")


def require_answering(asker: Asker, lesson: Lesson, classroom_id: str) -> None:
    """Pass when the asker may answer for a classroom of the lesson.

    Raises:
        Refused: `not_allowed`.
    """
    if not may_answer(asker, lesson, classroom_id):
        raise Refused("not_allowed", "只能提交自己教室的照片。")


def check_photo(data: bytes) -> str:
    """Return the type of a photo that pages of ours may have made.

    Raises:
        Refused: `picture_unsupported`, `picture_broken` or `picture_too_large`.
    """
    if len(data) > MAX_PHOTO_BYTES:
        raise Refused("picture_too_large", f"照片最大 {MAX_PHOTO_BYTES // 1000} KB，请重新拍一张。")
    try:
        picture = inspect(data)
    except Refused as error:
        raise Refused(error.code, "这不是一张完整的照片，请重新拍一张。") from error
    if picture.mime == "image/png":
        raise Refused("picture_unsupported", "照片只能是 JPEG 或 WebP。")
    if max(picture.width, picture.height) > MAX_PHOTO_SIDE:
        raise Refused("picture_too_large", f"照片每边最多 {MAX_PHOTO_SIDE} 像素，请重新拍一张。")
    return picture.mime


async def _own_lesson(tx: Transaction, asker: Asker, lesson_id: str) -> Lesson:
    lesson = require_visible(asker, await lesson_tables.find_lesson(tx, lesson_id))
    if not any(entry.role is Role.LECTURER for entry in entries(asker, lesson)):
        raise Refused("not_allowed", "只有主讲教师和同校的教师可以准备题目。")
    return lesson


async def _keep(tx: Transaction, lesson_id: str, items: tuple[PreparedQuestion, ...]) -> PreparedList:
    if len(items) > MAX_PREPARED:
        raise field_invalid("items", f"一节课最多准备 {MAX_PREPARED} 道题。")
    if len({one.id for one in items}) != len(items):
        raise field_invalid("items", "同一道题出现了两次。")
    await tables.set_prepared(tx, lesson_id, items)
    return _listed(items)


def _clean(one: PreparedQuestion, known: set[str]) -> PreparedQuestion:
    """Return a question as it is kept, checked by the rules of the live lesson."""
    question_id = one.id if one.id in known else new_id()
    question = check_question(
        m.Question(m.QuestionId(question_id), one.kind, one.title, one.options, one.page, one.exit_ticket)
    )
    answer = "" if one.kind == "photo" else clean_value(question, one.answer)
    return PreparedQuestion(
        question_id, one.kind, question.title, question.options, question.page, question.exit_ticket, answer
    )


def _listed(items: tuple[PreparedQuestion, ...]) -> PreparedList:
    return PreparedList(hashlib.sha256(msgspec.json.encode(items)).hexdigest()[:16], items)
