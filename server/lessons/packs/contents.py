"""What goes into a pack, and where each file of it lies."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from server.lessons.model import CLASSROOM_WIDTH, Lesson, Page
from server.lessons.packs.model import Clip, Item, Kind, blob_url
from server.lessons.page_files import PageFiles
from signaling.clips import Clip as LessonClip


class Prepared(NamedTuple):
    """Something small that is made for a pack: the questions of a lesson, the roster of a classroom."""

    kind: Kind
    data: bytes  # canonical: the same content is the same bytes
    classroom_id: str  # empty: for everybody who may enter


class PackSource(Protocol):
    """A part of the server that adds to packs."""

    async def prepared(self, lesson: Lesson, classroom_id: str | None) -> Prepared | None:
        """Return what it adds for a classroom, or, for None, for whoever else may enter; None: nothing."""


class PackFiles:
    """The folders that files of packs lie in, each file by the SHA-256 of its content."""

    def __init__(self, pages: PageFiles, clips: PageFiles, made: PageFiles) -> None:
        self.clips = clips
        self.made = made
        self._folders = (pages, clips, made)

    def path(self, sha256: str) -> Path | None:
        """Return where the file is, or None when it is not there any more."""
        paths = (folder.path(sha256) for folder in self._folders)
        return next((path for path in paths if path.is_file()), None)


def page_item(lesson_id: str, number: int, page: Page) -> Item:
    """Return a page as packs have it."""
    file = page.file(CLASSROOM_WIDTH)
    return Item("page", file.sha256, file.bytes, file.mime, blob_url(lesson_id, file.sha256), number, file.width)


def clip_item(lesson_id: str, clip: Clip) -> Item:
    """Return a clip as packs have it."""
    return Item("clip", clip.sha256, clip.bytes, clip.mime, blob_url(lesson_id, clip.sha256), title=clip.title)


def lesson_clip(lesson_id: str, clip: Clip) -> LessonClip:
    """Return a clip as its lesson knows it in class."""
    url = blob_url(lesson_id, clip.sha256)
    return LessonClip(clip.sha256, clip.title, clip.mime, clip.duration_ms, clip.bytes, url)


def made_item(lesson_id: str, sha256: str, one: Prepared) -> Item:
    """Return something that was made for the pack."""
    return Item(one.kind, sha256, len(one.data), "application/json", blob_url(lesson_id, sha256))
