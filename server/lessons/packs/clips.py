"""Clips: pieces of sound or film that belong to a lesson, uploaded once and brought to the classrooms with its pack."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from server.accounts.model import Asker
from server.lessons.access import require_lecturer
from server.lessons.model import Lesson
from server.lessons.packs import tables
from server.lessons.packs.clip_media import Playable, clip_kind, judge, not_a_clip
from server.lessons.packs.clip_probe import probe
from server.lessons.packs.contents import clip_item, lesson_clip
from server.lessons.packs.model import Clip
from server.lessons.page_files import PageFiles
from server.lessons.service import LessonService
from server.storage.database import Database
from server.uploads.service import UploadService
from signaling.clips import Clip as LessonClip
from signaling.errors import Refused
from signaling.ids import RoomId

PURPOSE = "clip"  # of uploads
MAX_CLIP_BYTES = 200 << 20  # 25 minutes of film at 1 Mbit/s: an hour of a night at 512 kbit/s
MAX_CLIPS = 20  # of a lesson
MAX_PROBES = 2  # at a time: live lessons come first
_HEAD_BYTES = 12


class ClipService:
    """The clips of lessons.

    Args:
        tell: tells an open room which clips its lesson has now.
    """

    def __init__(
        self,
        database: Database,
        uploads: UploadService,
        lessons: LessonService,
        files: PageFiles,
        tell: Callable[[RoomId, tuple[LessonClip, ...]], None],
    ) -> None:
        self._database = database
        self._uploads = uploads
        self._lessons = lessons
        self._files = files
        self._tell = tell
        self._probes = asyncio.Semaphore(MAX_PROBES)

    async def of_lesson(self, asker: Asker, lesson_id: str) -> tuple[Clip, ...]:
        """Return the clips of a lesson that the asker may see.

        Raises:
            Refused: `not_logged_in` or `lesson_unknown`.
        """
        await self._lessons.see(asker, lesson_id)
        async with self._database.read() as tx:
            return await tables.clips_of(tx, lesson_id)

    async def attach(self, asker: Asker, lesson_id: str, upload_id: str, title: str) -> tuple[Clip, ...]:
        """Give a lesson the clip that was uploaded; return all of its clips.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown`, `not_allowed`, `lesson_state`, `upload_unknown`,
                `upload_incomplete`, `clip_unsupported`, `clip_broken` or `clips_full`.
        """
        lesson = await self._own(asker, lesson_id)
        assert asker.person is not None, "a lecturer is a person"
        sent = await self._uploads.find(asker.person.id, upload_id)
        if sent.received < sent.bytes:
            raise Refused("upload_incomplete", f"“{sent.name}”还没有传完，请等它传完。")
        media = await self._look(upload_id, sent.name)
        async with self._database.write() as tx:
            (upload,) = await self._uploads.claim(tx, asker.person.id, PURPOSE, [upload_id])
            known = await tables.clips_of(tx, lesson.id)
            sha256 = await asyncio.to_thread(_keep, self._uploads.path(upload_id), self._files)
            if len(known) >= MAX_CLIPS and all(one.sha256 != sha256 for one in known):
                raise Refused("clips_full", f"一节课最多 {MAX_CLIPS} 段音视频。请先去掉不用的。")
            clip = Clip(sha256, title.strip() or upload.name[:80], media.mime, upload.bytes, media.duration_ms)
            await tables.add_clip(tx, lesson.id, clip)
            await tables.offer(tx, lesson.id, [("", clip_item(lesson.id, clip))])  # before anybody reads the pack
            found = await tables.clips_of(tx, lesson.id)
        await self._uploads.release([upload_id])
        self._told(lesson, found)
        return found

    async def _look(self, upload_id: str, name: str) -> Playable:
        path = self._uploads.path(upload_id)
        kind = clip_kind(await asyncio.to_thread(_head, path))
        if kind is None:
            raise not_a_clip(name)
        async with self._probes:
            return judge(name, kind, await probe(path, kind))

    async def detach(self, asker: Asker, lesson_id: str, sha256: str) -> tuple[Clip, ...]:
        """Take a clip off a lesson; classrooms that are fetching or playing it may finish.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown`, `not_allowed`, `lesson_state` or `clip_unknown`.
        """
        lesson = await self._own(asker, lesson_id)
        async with self._database.write() as tx:
            if not await tables.remove_clip(tx, lesson.id, sha256):
                raise Refused("clip_unknown", "这节课没有这段音视频，可能已经去掉了。")
            found = await tables.clips_of(tx, lesson.id)
        self._told(lesson, found)
        return found

    def _told(self, lesson: Lesson, clips: tuple[Clip, ...]) -> None:
        self._tell(RoomId(lesson.id), tuple(lesson_clip(lesson.id, clip) for clip in clips))

    async def _own(self, asker: Asker, lesson_id: str) -> Lesson:
        lesson = await self._lessons.see(asker, lesson_id)
        require_lecturer(asker, lesson)
        if lesson.state == "ended":
            raise Refused("lesson_state", "这节课已经结束，不能再换音视频。")
        return lesson


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _keep(path: Path, files: PageFiles) -> str:
    """Give the file its second name, by its content; the upload's own stays until all is stored."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    kept = files.path(sha256)
    if not files.renew(sha256):
        kept.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, kept)
        files.renew(sha256)  # the link is as old as its upload
    return sha256
