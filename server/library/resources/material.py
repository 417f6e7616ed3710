"""Other material: documents, videos and kits, uploaded file by file, told by their content, kept by it."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from server.accounts.model import Asker, Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.accounts.tables import find_classrooms
from server.fields import field_invalid
from server.lessons.packs.clip_media import clip_kind
from server.lessons.page_files import PageFiles
from server.library.access import REACH, acts, may_take, playable, standing
from server.library.resources import desk, life, papers, tables
from server.library.resources.leaving import may_leave
from server.library.resources.life import Step
from server.library.resources.model import FileEntry, Kind, Resource
from server.library.resources.service import store
from server.storage.database import Database, Transaction
from server.uploads.service import UploadService
from signaling.errors import Refused

PURPOSE = "resource"  # of uploads
MAX_FILE_BYTES = 1 << 30  # 1 GiB: 45 minutes at 3 Mbit/s; FAT32 sticks take up to 4 GiB
MAX_FILES = 30  # of a kit
HEAD_BYTES = 4096
MAX_ENTRIES = 5_000  # of an office file's archive: it is only listed, never unpacked
_OFFICE = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ppt/presentation.xml": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_OLD_OFFICE = {
    ".doc": "application/msword",
    ".ppt": "application/vnd.ms-powerpoint",
    ".xls": "application/vnd.ms-excel",
    ".wps": "application/vnd.ms-works",
}
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_PICTURES: Mapping[bytes, str] = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_TEXTS = (".txt", ".md", ".csv", ".srt", ".vtt")
SHOWN = ("video/", "audio/", "image/")  # what a browser may show in place; all else is only saved


def material_kind(path: Path, name: str) -> str | None:
    """Return the media type of an uploaded file by its content; None: nothing that is taken. Blocks for the disk."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if (media := clip_kind(head)) is not None:
        return media
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    for magic, mime in _PICTURES.items():
        if head.startswith(magic):
            return mime
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path)
    suffix = PurePosixPath(name.lower()).suffix
    if head.startswith(bytes.fromhex("d0cf11e0a1b11ae1")):
        return _OLD_OFFICE.get(suffix)
    return "text/plain" if suffix in _TEXTS and _is_text(head) else None


def _zipped(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if len(entries) > MAX_ENTRIES:
                return None
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
                mime = archive.read("mimetype").decode("ascii", "replace")
                return mime if mime.startswith(_OPEN_DOCUMENT) else None
            return next((mime for part, mime in _OFFICE.items() if part in names), None)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError):
        return None


def _is_text(head: bytes) -> bool:
    for encoding in ("utf-8", "gb18030"):
        try:
            return "\0" not in head[: HEAD_BYTES - 4].decode(encoding)
        except UnicodeDecodeError as error:
            if error.start > len(head) - 8:
                return True  # only its last character is cut
    return False


class MaterialService:
    """The files of resources that are no recordings.

    Args:
        files: where they lie, named by their content.
    """

    def __init__(self, database: Database, uploads: UploadService, files: PageFiles, clock: Clock = utc_now) -> None:
        self._database = database
        self._uploads = uploads
        self._files = files
        self._clock = clock

    async def add(
        self, person: Person, resource_id: str, revision: int, upload_id: str, classrooms: Sequence[str]
    ) -> Resource:
        """Give the work the file that was uploaded.

        Args:
            person: who does.
            resource_id: of which resource.
            revision: that the page shows.
            upload_id: of a whole upload of theirs.
            classrooms: ids of the classrooms whose pupils are seen or heard in it.

        Raises:
            Refused: `upload_unknown`, `upload_incomplete`, `material_unsupported`, `files_full`, `field_invalid`, or
                what `desk.take` raises.
        """
        async with self._database.write() as tx:
            resource, _ = await desk.take(tx, person, resource_id, Step.EDIT, revision)
            if resource.kind == "lesson":
                raise Refused("resource_state", "录像的文件由录制生成。其他材料请新建一份资源。")
            (upload,) = await self._uploads.claim(tx, person.id, PURPOSE, [upload_id])
            known = await papers.files_of(tx, resource_id)
            if len(known) >= (MAX_FILES if resource.kind == "kit" else 1):
                raise Refused("files_full", _full(resource.kind))
            if len(await find_classrooms(tx, tuple(classrooms))) != len(set(classrooms)):
                raise field_invalid("classrooms", "有的班级已经不在了，请刷新页面。")
            path = self._uploads.path(upload_id)
            mime = await asyncio.to_thread(material_kind, path, upload.name)
            if mime is None or (resource.kind == "video" and not mime.startswith(("video/", "audio/"))):
                raise Refused("material_unsupported", _unsupported(upload.name, resource.kind))
            sha256 = await asyncio.to_thread(self._files.adopt, path)
            name = f"{max((int(one.name) for one in known), default=0) + 1:02d}"
            file = FileEntry(
                name, "", mime, upload.bytes, sha256, upload.name, bool(classrooms), tuple(dict.fromkeys(classrooms))
            )
            await papers.add_file(tx, resource_id, papers.WORK, file)
            saved = await store(tx, resource, epoch_ms(self._clock()))
        await self._uploads.release([upload_id])
        return saved

    async def remove(self, person: Person, resource_id: str, revision: int, name: str) -> Resource:
        """Take a file off the work; versions that were published keep it.

        Raises:
            Refused: `file_unknown`, or what `desk.take` raises.
        """
        async with self._database.write() as tx:
            resource, _ = await desk.take(tx, person, resource_id, Step.EDIT, revision)
            if not await papers.remove_file(tx, resource_id, name):
                raise _no_file()
            return await store(tx, resource, epoch_ms(self._clock()))

    async def file(self, asker: Asker, resource_id: str, name: str) -> tuple[Path, FileEntry]:
        """Return where a file lies that the asker may have: of the work for its makers and reviewers, else published.

        Raises:
            Refused: `resource_unknown`, `file_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            work = await tables.find(tx, resource_id)
            if work is not None and asker.person is not None and life.has_work(asker.person, work):
                found = await papers.files_of(tx, resource_id)
                found += await papers.files_of(tx, resource_id, work.published) if work.published else ()
            else:
                found = await self._open(tx, asker, resource_id, name)
        for one in found:
            if one.name == name and (path := self._files.path(one.sha256)).is_file():
                return path, one
        raise _no_file()

    async def _open(self, tx: Transaction, asker: Asker, resource_id: str, name: str) -> tuple[FileEntry, ...]:
        shown = await desk.require_published(tx, asker, resource_id)
        holding = await desk.holding_of(tx, shown)
        granted = acts(asker, holding)
        consents = await desk.consents_of(tx, shown)
        files = [one for one in await papers.files_of(tx, resource_id, shown.version) if one.name == name]
        if files and not files[0].mime.startswith(SHOWN) and not may_take(granted, holding):
            raise Refused("not_allowed", "这份资源的许可不允许下载。要使用，请联系发布它的学校。")
        reach = REACH[standing(asker, holding)]
        return tuple(playable(granted, files, lambda one: may_leave(one, consents, reach)))


def _no_file() -> Refused:
    return Refused("file_unknown", "没有这个文件，可能已经换掉，或者缺少出镜人的同意。")


def _full(kind: Kind) -> str:
    if kind == "kit":
        return f"一个资源包最多 {MAX_FILES} 个文件。"
    return "这份资源只放一个文件。要换，请先去掉原来的；要放几个，请新建“资源包”。"


def _unsupported(name: str, kind: Kind) -> str:
    if kind == "video":
        return f"“{name}”不是能播放的音视频。请用 MP4、WebM 或 MP3。"
    return f"“{name}”的内容不是能用的材料。请上传 PDF、Word、PPT、Excel、ODF、图片、文本或音视频。"
