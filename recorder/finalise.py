"""Make the resource of a recording from its journal and parts: `python -m recorder.finalise FOLDER`.

A list of steps, each re-runnable: it writes `x.tmp`, syncs, renames, and then notes in `steps/<name>.json` what it
was made from and what it made. After a crash, or when a recording went on after it had been finalised, only the steps
whose inputs changed run again. Nothing of a part or the journal is ever changed.

Prints one JSON line a message: `{"progress": 40}`, at the end `{"ready": …}` or `{"failed": "…"}`.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from recorder.chapters import make_chapters, place_turns, with_marks
from recorder.container import probe, write_file, write_poster
from recorder.control import Chapter, Rendition
from recorder.edit import Cut, Editor
from recorder.folder import FAILED, JOURNAL, STEPS, FolderBusy, lock_folder
from recorder.journal import JournalRead, read_journal
from recorder.resource import RESOURCE, PageTurn, Resource, decode_resource
from recorder.space import DISK_FULL
from recorder.story import Story, cut_story, marks, page_turns, read_story

VERSION = 1  # of the steps: a change makes old notes invalid
NICENESS = 19  # finalising never takes the processor from a lesson that goes on
POSTER = "poster.jpg"


class NothingRecorded(Exception):
    """There is neither picture nor sound of the lecturer."""


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of output."""

    progress: int | None = None
    step: str = ""  # what comes next
    ready: Resource | None = None
    failed: str = ""
    full: bool = False  # it failed because the disk is full


class _StepNote(msgspec.Struct, frozen=True):
    inputs: str
    outputs: dict[str, int]  # file name: bytes


class _Step(NamedTuple):
    name: str
    run: Callable[[], list[str]]  # returns the files that it made


class Finaliser:
    """Finalise one recording. The caller holds the folder's lock."""

    def __init__(self, folder: Path, title: str = "") -> None:
        self._folder = folder
        self._title = title
        self._editor: Editor | None = None

    def run(self, report: Callable[[int], None] = lambda percent: None) -> Resource:
        """Make what is missing and return the resource. `report` gets percents.

        Raises:
            NothingRecorded: there is nothing to make a file of.
            OSError: a file could not be written or read.
        """
        (self._folder / STEPS).mkdir(exist_ok=True)
        steps = [
            _Step("lecturer", self._make_lecturer),
            _Step("screen", self._make_screen),
            _Step("audio", self._make_audio),
            _Step("poster", self._make_poster),
            _Step("resource", self._make_resource),
        ]
        try:
            for number, step in enumerate(steps):
                if not self._is_done(step.name):
                    outputs = step.run()
                    self._note(step.name, outputs)
                report(100 * (number + 1) // len(steps))
        finally:
            if self._editor is not None:
                self._editor.close()
        return decode_resource((self._folder / RESOURCE).read_bytes())

    @cached_property
    def _journal(self) -> JournalRead:
        return read_journal(self._folder / JOURNAL)

    @cached_property
    def _story(self) -> Story:
        return cut_story(read_story(self._journal.lines))

    @cached_property
    def _inputs(self) -> str:
        """A hash of what the steps are made from."""
        digest = hashlib.sha256(f"{VERSION} {self._journal.last_hash} {self._title}".encode())
        for part in self._story.parts.values():
            path = self._folder / part.file
            digest.update(f"{part.file} {path.stat().st_size if path.exists() else -1}\n".encode())
        return digest.hexdigest()

    @cached_property
    def _lecturer(self) -> Cut:
        self._editor = self._editor or Editor(self._folder, self._story)
        cut = self._editor.lecturer()
        if cut is None:
            raise NothingRecorded
        return cut

    @cached_property
    def _turns(self) -> list[tuple[int, int, str]]:
        return place_turns(page_turns(self._story), self._lecturer.origin_ms, self._lecturer.duration_ms)

    def _chapters(self) -> tuple[Chapter, ...]:
        cut = self._lecturer
        chapters = make_chapters(self._turns, cut.duration_ms)
        return with_marks(chapters, marks(self._story), cut.origin_ms, cut.duration_ms)

    def _is_done(self, name: str) -> bool:
        try:
            note = msgspec.json.decode((self._folder / STEPS / f"{name}.json").read_bytes(), type=_StepNote)
            sizes = {output: (self._folder / output).stat().st_size for output in note.outputs}
        except (OSError, msgspec.DecodeError):
            return False
        return note.inputs == self._inputs and sizes == note.outputs

    def _note(self, name: str, outputs: list[str]) -> None:
        sizes = {output: (self._folder / output).stat().st_size for output in outputs}
        self._replace(f"{STEPS}/{name}.json", msgspec.json.encode(_StepNote(self._inputs, sizes)))

    def _replace(self, name: str, data: bytes) -> None:
        temporary = self._folder / f"{name}.tmp"
        temporary.write_bytes(data)
        self._commit(temporary, name)

    def _commit(self, temporary: Path, name: str) -> None:
        """Put a finished file in its place, so that it is whole or not there, whatever happens."""
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        target = self._folder / name
        temporary.replace(target)
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _write(self, stem: str, cut: Cut, *, chapters: tuple[Chapter, ...] = ()) -> list[str]:
        assert self._editor is not None
        video, sample, keyframes, packets = self._editor.packets(cut)
        name = f"{stem}.{'mp4' if video is not None and video.codec == 'h264' else 'webm'}"
        temporary = self._folder / f"{name}.tmp"
        write_file(
            temporary, packets, video=video, audio=bool(cut.sounds), sample=sample, title=self._name,
            chapters=chapters, keyframes=keyframes, duration_ms=cut.duration_ms,
        )  # fmt: skip
        self._commit(temporary, name)
        for other in {f"{stem}.mp4", f"{stem}.webm"} - {name}:
            (self._folder / other).unlink(missing_ok=True)
        return [name]

    @property
    def _name(self) -> str:
        return self._title or self._story.title

    def _make_lecturer(self) -> list[str]:
        return self._write("lecturer", self._lecturer, chapters=self._chapters())

    def _make_screen(self) -> list[str]:
        origin = self._lecturer.origin_ms
        assert self._editor is not None
        cut = self._editor.screen(origin)
        return [] if cut is None else self._write("screen", cut)

    def _make_audio(self) -> list[str]:
        return self._write("audio", self._lecturer._replace(pictures=[])) if self._lecturer.sounds else []

    def _make_poster(self) -> list[str]:
        sources = [path for stem in ("lecturer", "screen") if (path := self._find(stem)) is not None]
        temporary = self._folder / f"{POSTER}.tmp"
        if not write_poster(sources, temporary):
            return []
        self._commit(temporary, POSTER)
        return [POSTER]

    def _find(self, stem: str) -> Path | None:
        paths = [self._folder / f"{stem}.webm", self._folder / f"{stem}.mp4"]
        return next((path for path in paths if path.exists()), None)

    def _make_resource(self) -> list[str]:
        cut = self._lecturer
        made = [(stem, path) for stem in ("lecturer", "screen", "audio") if (path := self._find(stem)) is not None]
        resource = Resource(
            recording=self._story.recording,
            title=self._name,
            recorded_wall_ms=self._story.wall_ms + round(cut.origin_ms),
            duration_ms=cut.duration_ms,
            poster=POSTER if (self._folder / POSTER).exists() else "",
            renditions=tuple(_rendition(stem, path) for stem, path in made),
            chapters=self._chapters(),
            pages=tuple(PageTurn(start, page) for start, page, _ in self._turns),
        )
        self._replace(RESOURCE, msgspec.json.encode(resource))
        return [RESOURCE]


def _rendition(stem: str, path: Path) -> Rendition:
    facts = probe(path)
    kind: Literal["video", "audio"] = "video" if facts.has_video else "audio"
    container = "mp4" if path.suffix == ".mp4" else "webm"
    return Rendition(
        stem, path.name, f"{kind}/{container}", path.stat().st_size, facts.duration_ms, facts.width, facts.height
    )


def _print(line: Progress) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


def _die_with_parent() -> None:
    """End this process when its parent has gone: it would hold the folder against the next recorder."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()


def main(arguments: list[str]) -> int:
    """Finalise the folder that the arguments name.

    `--title` is the title to give, `--child` makes the process end when its standard input ends.
    """
    parser = argparse.ArgumentParser(prog="recorder.finalise")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--title", default="")
    parser.add_argument("--child", action="store_true")
    options = parser.parse_args(arguments)
    if options.child:
        _die_with_parent()
    os.nice(NICENESS)
    return finalise_folder(options.folder, options.title)


def finalise_folder(folder: Path, title: str) -> int:
    """Finalise, print what comes of it, and return the exit code."""
    try:
        lock = lock_folder(folder)
    except (FolderBusy, OSError):
        _print(Progress(failed="录制的文件夹正在使用或打不开，稍后再试。"))
        return 1
    try:
        (folder / FAILED).unlink(missing_ok=True)
        resource = Finaliser(folder, title).run(lambda percent: _print(Progress(progress=percent)))
        _print(Progress(ready=resource))
        return 0
    except NothingRecorded:
        return _fail(folder, "这次录制没有收到主讲的画面和声音，没有可以播放的内容。")
    except OSError as error:
        if error.errno in DISK_FULL:
            return _fail(
                folder, "磁盘已满，回放没有生成。录制的内容都还在：请清理磁盘，腾出空间后会自动重新生成。", full=True
            )
        return _fail(folder, f"生成回放时读写文件出错（{error.strerror or error}）。请检查磁盘空间，然后重新生成。")
    except Exception:  # the edge of the process: whatever it was, the recorder must be told
        logging.exception("finalising %s", folder)
        return _fail(folder, "生成回放时出现内部错误，录制的内容都还在。可以重新生成。")
    finally:
        os.close(lock)


def _fail(folder: Path, detail: str, *, full: bool = False) -> int:
    with contextlib.suppress(OSError):
        for unfinished in [*folder.glob("*.tmp"), *folder.glob(f"{STEPS}/*.tmp")]:
            unfinished.unlink()  # on a full disk they would be in the way of the lessons that go on
    try:
        (folder / FAILED).write_bytes(msgspec.json.encode(Progress(failed=detail)))
    except OSError:
        logging.warning("%s: why it failed could not be noted", folder)
    finally:
        _print(Progress(failed=detail, full=full))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
