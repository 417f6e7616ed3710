"""Published lessons in other people's formats: ZIM for Kiwix, cmi5 for learning platforms.

Both hold what the offline pack of the same tiers holds, and are refused by the same rules. Neither is signed: a
school's library takes only packs.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import msgspec

from recorder.pack.cmi5 import STRUCTURE, Course, course_structure
from recorder.pack.digests import Kept, Source, digest_of, kept_digest
from recorder.pack.layout import Layout
from recorder.pack.pieces import Pieces
from recorder.pack.zim import MAX_TITLE, Book, Item, Zim
from recorder.resource import RESOURCE, Resource as RecordingResource, files_of
from server.accounts.model import Asker
from server.library.packs.contents import PAGE, Lesson, Told, pack_sources
from server.library.packs.illustration import illustration
from server.library.packs.service import OfflinePacks, unready
from server.library.resources.crate import LICENCE_NAMES
from server.library.resources.model import Resource
from signaling.errors import Refused

MOST_LESSONS = 60  # in one ZIM: a term of a subject
KEPT = 8  # exports that are kept: names, places and a checksum, no media
KEPT_DIGESTS = 2_000
_LANGUAGES = {"zh": "zho", "en": "eng", "bo": "bod", "ug": "uig", "mn": "mon", "ii": "iii", "za": "zha", "ko": "kor"}
_MIMES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
_LIST = "lessons.html"


class Export(msgspec.Struct, frozen=True):
    """A file that is ready to be sent."""

    made: Pieces
    title: str
    etag: str


class Taken(msgspec.Struct, frozen=True):
    """A lesson that goes into an export."""

    resource: Resource
    lesson: Lesson
    known: RecordingResource


class Exports:
    """Exports of published lessons."""

    def __init__(self, packs: OfflinePacks, player: Path) -> None:
        """Make one; `player` is the build of the player."""
        self._packs = packs
        self._player = player
        self._made: OrderedDict[str, Export] = OrderedDict()
        self._kept: dict[str, Kept] = {}

    async def zim(self, asker: Asker, ids: Sequence[str], tiers: Sequence[str]) -> Export:
        """Return one ZIM of these resources, in their order.

        Raises:
            Refused: as `OfflinePacks.pack`, or `offline_many`.
            Unavailable: `offline_unready`.
        """
        wanted = list(dict.fromkeys(ids))
        if not 1 <= len(wanted) <= MOST_LESSONS:
            raise Refused("offline_many", f"一个 ZIM 文件放 1 到 {MOST_LESSONS} 课。请分成几个文件导出。")
        return await self._export("browser", [await self._take(asker, one, tiers) for one in wanted], self._zim)

    async def cmi5(self, asker: Asker, resource_id: str, tiers: Sequence[str]) -> Export:
        """Return the resource as a cmi5 package.

        Raises:
            Refused: as `OfflinePacks.pack`.
            Unavailable: `offline_unready`.
        """
        return await self._export("lms", [await self._take(asker, resource_id, tiers)], self._cmi5)

    async def _take(self, asker: Asker, resource_id: str, tiers: Sequence[str]) -> Taken:
        resource, lesson = await self._packs.lesson(asker, resource_id, tiers)
        return Taken(resource, lesson, msgspec.convert(lesson.resource, RecordingResource, strict=False))

    async def _export(self, told: Told, lessons: list[Taken], make: Callable[[list[Taken], str], Export]) -> Export:
        try:
            state = await asyncio.to_thread(self._state, told, lessons)
            found = self._made.get(state)
            if found is None:
                found = await asyncio.to_thread(make, lessons, state)
        except OSError as error:
            raise unready(error) from error
        self._made[state] = found
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        return found

    def _state(self, told: Told, lessons: list[Taken]) -> str:
        """Return what an export is made of, as a hash: with the same, it is the same bytes."""
        parts: list[object] = [told, (self._player / "player.js").stat().st_mtime_ns]
        for one in lessons:
            names = [rendition.name for rendition in one.known.renditions]
            changed = (one.lesson.folder / RESOURCE).stat().st_mtime_ns
            parts.append((one.resource.id, one.resource.version, one.resource.title, names, changed))
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def _zim(self, lessons: list[Taken], state: str) -> Export:
        items = [item for one in lessons for item in self._items(one)]
        first = lessons[0]
        if len(lessons) == 1:
            main, title, about = f"{first.resource.id}/index.html", first.resource.title, _about(first)
        else:
            main, title = _LIST, f"同堂课程（{len(lessons)} 课）"
            about = "、".join(one.resource.title for one in lessons)
            items += [
                Item(_LIST, "text/html", Source(_LIST, data=_contents(title, lessons)), title, True),
                Item("start.css", "text/css", Source("start.css", PAGE / "start.css")),
            ]
        recorded_ms = max(one.known.recorded_wall_ms for one in lessons)
        schools = list(dict.fromkeys(one.resource.school.name for one in lessons))
        licences = list(dict.fromkeys(LICENCE_NAMES[one.resource.licence] for one in lessons))
        book = Book(
            name=f"tongtang_{first.resource.id if len(lessons) == 1 else state[:12]}",
            version=state,
            title=title[:MAX_TITLE],
            description=about,
            creator="、".join(list(dict.fromkeys(one.known.lecturer for one in lessons if one.known.lecturer))[:5])
            or "、".join(schools[:5]),
            publisher="、".join(schools[:5]),
            language=_LANGUAGES.get(first.known.language.split("-")[0], "mul"),
            date=datetime.fromtimestamp(recorded_ms / 1000, UTC).date().isoformat(),
            licence="；".join(licences),
            main=main,
            illustration=illustration([one.lesson for one in lessons], [one.known for one in lessons]),
        )
        return Export(Zim(book, items), title, state)

    def _items(self, one: Taken) -> list[Item]:
        mimes = files_of(one.known)
        found = []
        for source in pack_sources(one.lesson, self._player, "browser"):
            is_page = source.path == "index.html"
            mime = mimes.get(source.path) or _MIMES.get(PurePosixPath(source.path).suffix, "application/octet-stream")
            title = one.resource.title if is_page else ""
            found.append(Item(f"{one.resource.id}/{source.path}", mime, source, title, is_page))
        return found

    def _cmi5(self, lessons: list[Taken], state: str) -> Export:
        (one,) = lessons
        course = Course(one.resource.id, one.resource.title, _about(one), one.known.language, "index.html")
        sources = [
            Source(STRUCTURE, data=course_structure(course)),
            *sorted(pack_sources(one.lesson, self._player, "lms"), key=lambda source: source.path),
        ]
        if len(self._kept) > KEPT_DIGESTS:
            self._kept.clear()
        entries = [
            (source, kept_digest(source, self._kept) if source.file else digest_of(source)) for source in sources
        ]
        return Export(Layout(entries), one.resource.title, state)


def _about(one: Taken) -> str:
    told = (one.resource.subject, one.resource.grade, one.known.lecturer, one.resource.school.name)
    return " · ".join(part for part in told if part)


def _contents(title: str, lessons: list[Taken]) -> bytes:
    """Return the first page of a book of several lessons."""
    rows = "".join(
        f'<li><a href="{one.resource.id}/index.html"><strong>{html.escape(one.resource.title)}</strong>'
        f"<span>{html.escape(_about(one))} · {max(1, round(one.known.duration_ms / 60_000))} 分钟</span></a></li>"
        for one in lessons
    )
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{html.escape(title)}</title><link rel="stylesheet" href="start.css"></head>'
        f'<body><header class="head"><h1>{html.escape(title)}</h1></header>'
        f'<ol class="lessons">{rows}</ol></body></html>\n'
    ).encode()
