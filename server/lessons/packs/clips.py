"""Clips: pieces of sound or film that belong to a lesson, uploaded once and brought to the classrooms with its pack."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from server.accounts.model import Asker
from server.lessons.access import require_lecturer
from server.lessons.model import Lesson
from server.lessons.packs import tables
from server.lessons.packs.model import Clip
from server.lessons.page_files import PageFiles
from server.lessons.service import LessonService
from server.storage.database import Database
from server.uploads.service import UploadService
from signaling.errors import Refused

PURPOSE = "clip"  # of uploads
MAX_CLIP_BYTES = 200 << 20  # 25 minutes of film at 1 Mbit/s: an hour of a night at 512 kbit/s
MAX_CLIPS = 20  # of a lesson
_HEAD_BYTES = 12


def clip_kind(head: bytes) -> str | None:
    """Return the media type by a file's first bytes; None: nothing that every classroom's browser plays."""
    if head[4:8] == b"ftyp":
        return "audio/mp4" if head[8:11] == b"M4A" else "video/mp4"  # ISO/IEC 14496-12 §4.3
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"  # RFC 8794 §11.2.1
    if head.startswith(b"OggS"):
        return "audio/ogg"  # RFC 3533 §6
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "audio/wav"
    if head.startswith(b"ID3") or head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"):
        return "audio/mpeg"
    return None


class ClipService:
    """The clips of lessons."""

    def __init__(self, database: Database, uploads: UploadService, lessons: LessonService, files: PageFiles) -> None:
        self._database = database
        self._uploads = uploads
        self._lessons = lessons
        self._files = files

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
                `upload_incomplete`, `clip_unsupported` or `clips_full`.
        """
        lesson = await self._own(asker, lesson_id)
        assert asker.person is not None, "a lecturer is a person"
        async with self._database.write() as tx:
            (upload,) = await self._uploads.claim(tx, asker.person.id, PURPOSE, [upload_id])
            if len(await tables.clips_of(tx, lesson.id)) >= MAX_CLIPS:
                raise Refused("clips_full", f"一节课最多 {MAX_CLIPS} 段音视频。请先去掉不用的。")
            path = self._uploads.path(upload_id)
            mime = clip_kind(await asyncio.to_thread(_head, path))
            if mime is None:
                raise Refused("clip_unsupported", f"“{upload.name}”不是能播放的音视频，请用 MP4、WebM 或 MP3。")
            sha256 = await asyncio.to_thread(_keep, path, self._files)
            await tables.add_clip(tx, lesson.id, Clip(sha256, title.strip() or upload.name[:80], mime, upload.bytes))
            found = await tables.clips_of(tx, lesson.id)
        await self._uploads.release([upload_id])
        return found

    async def detach(self, asker: Asker, lesson_id: str, sha256: str) -> tuple[Clip, ...]:
        """Take a clip off a lesson; classrooms that are fetching it may finish.

        Raises:
            Refused: `not_logged_in`, `lesson_unknown`, `not_allowed`, `lesson_state` or `clip_unknown`.
        """
        lesson = await self._own(asker, lesson_id)
        async with self._database.write() as tx:
            if not await tables.remove_clip(tx, lesson.id, sha256):
                raise Refused("clip_unknown", "这节课没有这段音视频，可能已经去掉了。")
            return await tables.clips_of(tx, lesson.id)

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
