"""What the finalising steps share: a recording's folder, what is known of it, and files that are whole or not there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from recorder.chapters import Moment, make_chapters, place_turns, taught_pages, told_moments
from recorder.container import write_file
from recorder.control import Chapter
from recorder.edit import Cut, Editor, outages
from recorder.folder import JOURNAL, STEPS
from recorder.journal import JournalRead, read_journal
from recorder.pauses import cut_time, uncut_time
from recorder.resource import MATERIAL, Material, PageFile
from recorder.settings import FinaliseSettings
from recorder.splice.fitting import Fill, fills
from recorder.splice.gap_parts import read_gap_parts
from recorder.step_notes import StepNote, read_note
from recorder.story import Story, cut_story, page_turns, read_story

VERSION = 2  # of the steps: a change makes old notes invalid
FITTED = "fit"  # the step that finds out which parts of browsers fit (recorder.splice)


class NothingRecorded(Exception):
    """There is neither picture nor sound of the lecturer."""


class Workshop:
    """One recording that is being finalised. The caller holds the folder's lock, and closes it."""

    def __init__(self, folder: Path, title: str, settings: FinaliseSettings) -> None:
        self.folder = folder
        self.settings = settings
        self._title = title
        self._editor: Editor | None = None
        (folder / STEPS).mkdir(exist_ok=True)

    def close(self) -> None:
        """Let go of the part files."""
        if self._editor is not None:
            self._editor.close()

    # --- what is known --------------------------------------------------------------------------------------------

    @cached_property
    def journal(self) -> JournalRead:
        """The journal."""
        return read_journal(self.folder / JOURNAL)

    @cached_property
    def whole_story(self) -> Story:
        """What it tells."""
        return read_story(self.journal.lines)

    @cached_property
    def story(self) -> Story:
        """What it tells, on the time of the finished files but for their origin."""
        return cut_story(self.whole_story)

    @property
    def room_ms(self) -> float:
        """Where the room's clock was 0, by the clock on the wall; 0 when that is not known."""
        opened = self.material.opened_wall_ms
        return float(opened - self.story.wall_ms) if opened else 0.0

    @property
    def end_ms(self) -> float:
        """When the lesson ended, pauses counted: by its journal, or when the files end if that is later."""
        files_end = uncut_time(self.story.pauses, self.lecturer.origin_ms + self.lecturer.duration_ms)
        return max(files_end, self.story.end_ms or 0.0)

    @property
    def cut_end_ms(self) -> float:
        """When the lesson ended, on the time without pauses."""
        return cut_time(self.story.pauses, self.end_ms)

    @cached_property
    def material(self) -> Material:
        """What the web process knew of the lesson; little when it wrote nothing."""
        try:
            return msgspec.json.decode((self.folder / MATERIAL).read_bytes(), type=Material)
        except (FileNotFoundError, msgspec.DecodeError):
            return Material("", "", "", "", "")

    @property
    def name(self) -> str:
        """The recording's title."""
        return self._title or self.material.title or self.story.title

    @property
    def editor(self) -> Editor:
        """Cuts the parts."""
        self._editor = self._editor or Editor(self.folder, self.story, self._fills())
        return self._editor

    def _fills(self) -> list[Fill]:
        """Return the parts of browsers that fit, after the step that finds out."""
        shifts = self.facts(FITTED).get("shifts")
        return fills(read_gap_parts(self.folder), shifts) if shifts else []

    @cached_property
    def lecturer(self) -> Cut:
        """The cut of whoever led, whose clock all files have.

        Raises:
            NothingRecorded: there is none.
        """
        cut = self.editor.lecturer()
        if cut is None:
            raise NothingRecorded
        return cut

    @cached_property
    def page_files(self) -> tuple[PageFile, ...]:
        """The pages that were taught, after the step that makes them."""
        return msgspec.convert(self.facts("pages").get("files", ()), tuple[PageFile, ...])

    @cached_property
    def scenes(self) -> tuple[tuple[int, int], ...]:
        """`(start_ms, page)` of what a screen showed, where the lesson had no pages of its own."""
        return msgspec.convert(self.facts("pages").get("scenes", ()), tuple[tuple[int, int], ...])

    @cached_property
    def turns(self) -> list[tuple[int, int, str]]:
        """The page turns on the files' clock, with titles."""
        if self.scenes:
            return [(start, page, f"画面 {page}") for start, page in self.scenes]
        titles = {one.page: one.title for one in self.page_files}
        placed = place_turns(page_turns(self.story), self.lecturer.origin_ms, self.lecturer.duration_ms)
        return [(start, page, title.strip() or titles.get(page, "")) for start, page, title in placed]

    @cached_property
    def chapters(self) -> tuple[Chapter, ...]:
        """The chapters."""
        cut = self.lecturer
        taught = taught_pages(self.turns, cut.duration_ms, "scene" if self.scenes else "page")
        told: list[Moment] = told_moments(self.story, outages(cut), cut.origin_ms, cut.duration_ms)
        return make_chapters([*taught, *told], self.turns, cut.duration_ms)

    # --- steps ----------------------------------------------------------------------------------------------------

    @cached_property
    def media_inputs(self) -> str:
        """A hash of what is recorded."""
        digest = hashlib.sha256(f"{VERSION} {self.journal.last_hash}".encode())
        for part in self.story.parts.values():
            path = self.folder / part.file
            digest.update(f"{part.file} {path.stat().st_size if path.exists() else -1}\n".encode())
        for gap in read_gap_parts(self.folder):
            digest.update(msgspec.json.encode(gap))
        return digest.hexdigest()

    @cached_property
    def inputs(self) -> str:
        """A hash of all that the steps are made from."""
        digest = hashlib.sha256(f"{self.media_inputs} {self._title} {self.settings.words_key()}".encode())
        digest.update(msgspec.json.encode(self.material))
        return digest.hexdigest()

    def note(self, name: str) -> StepNote | None:
        """Return the note of a step whose files are all there."""
        return read_note(self.folder, name)

    def facts(self, name: str) -> dict[str, Any]:
        """Return what a step that is done found out; nothing for one that is not."""
        note = self.note(name)
        return {} if note is None else note.facts

    def set_note(self, name: str, inputs: str, outputs: list[str], facts: Mapping[str, Any]) -> None:
        """Note that a step is done."""
        sizes = {output: (self.folder / output).stat().st_size for output in outputs}
        self.write(f"{STEPS}/{name}.json", msgspec.json.encode(StepNote(inputs, sizes, dict(facts))))

    # --- files ----------------------------------------------------------------------------------------------------

    def write(self, name: str, data: bytes) -> str:
        """Write a file, whole or not at all, and return its name."""
        temporary = self.temporary(name)
        temporary.write_bytes(data)
        return self.commit(temporary, name)

    def temporary(self, name: str) -> Path:
        """Return where a file is made that is not finished."""
        path = self.folder / f"{name}.tmp"
        path.parent.mkdir(exist_ok=True)
        return path

    def commit(self, temporary: Path, name: str) -> str:
        """Put a finished file in its place, so that it is whole or not there, whatever happens."""
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        target = self.folder / name
        temporary.replace(target)
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return name

    def find(self, stem: str) -> Path | None:
        """Return the media file of this name."""
        paths = [self.folder / f"{stem}.webm", self.folder / f"{stem}.mp4"]
        return next((path for path in paths if path.exists()), None)

    def remove(self, stem: str) -> None:
        """Remove the media file of this name: what was made before is made no longer."""
        for suffix in ("webm", "mp4"):
            (self.folder / f"{stem}.{suffix}").unlink(missing_ok=True)

    def write_media(self, stem: str, cut: Cut, *, chapters: tuple[Chapter, ...] = ()) -> str:
        """Mux a cut by copy and return the file's name."""
        video, sample, keyframes, packets = self.editor.packets(cut)
        name = f"{stem}.{'mp4' if video is not None and video.codec == 'h264' else 'webm'}"
        temporary = self.temporary(name)
        write_file(
            temporary, packets, video=video, audio=bool(cut.sounds), sample=sample, title=self.name,
            chapters=chapters, keyframes=keyframes, duration_ms=cut.duration_ms,
        )  # fmt: skip
        other = self.folder / f"{stem}.{'webm' if name.endswith('mp4') else 'mp4'}"
        other.unlink(missing_ok=True)
        return self.commit(temporary, name)
