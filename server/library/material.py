"""What the recorder cannot know of a lesson, written beside its journal: pages, answers, names, the room's beginning.

It is written before the recorder is told that the lesson is over, and again before a left-over recording is finalised,
so that finalising needs nothing but the folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec.structs import replace

from recorder.resource import MATERIAL, Material, MaterialPage
from server.lessons.model import CLASSROOM_WIDTH, Lesson, Page
from server.lessons.page_files import PageFiles
from server.lessons.questions.model import PreparedQuestion
from server.lessons.service import deck_of, info_of
from server.whole_file import write_whole
from signaling import replica
from signaling.views import PUBLIC, view_snapshot


def material_of(
    lesson: Lesson, pages: tuple[Page, ...], prepared: tuple[PreparedQuestion, ...], files: PageFiles, folder: Path
) -> Material:
    """Return what is to be written into the recording's `folder`."""
    info = replace(info_of(lesson), state="scheduled", started_t_ms=None, ended_t_ms=None)
    first = view_snapshot(replica.initial(info, deck_of(lesson, pages)), PUBLIC)
    return Material(
        lesson=lesson.id,
        title=lesson.title,
        subject=lesson.subject,
        lecturer=lesson.lecturer.name,
        school=lesson.lecturer_school.name,
        pages=tuple(_page(number, page, files, folder) for number, page in enumerate(pages, 1)),
        answers={one.id: one.answer for one in prepared if one.answer},
        first=msgspec.Raw(msgspec.json.encode(first)),
        opened_wall_ms=lesson.opened_wallclock_ms or 0,
    )


def _page(number: int, page: Page, files: PageFiles, folder: Path) -> MaterialPage:
    file = page.file(CLASSROOM_WIDTH)
    path = os.path.relpath(files.path(file.sha256).absolute(), folder.absolute())
    return MaterialPage(number, page.title, page.text, path, file.mime, file.width)


def write_material(folder: Path, material: Material) -> None:
    """Write it, whole or not at all. Blocks for the disk.

    Raises:
        OSError: it could not be written; what was there before stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / MATERIAL, msgspec.json.encode(material))
