"""Make the resource of a recording from its journal and parts: `python -m recorder.finalise FOLDER`.

A list of steps, each re-runnable: it writes `x.tmp`, syncs, renames, and then notes in `steps/<name>.json` what it
was made from and what it made. After a crash, or when a recording went on after it had been finalised, only the steps
whose inputs changed run again. Nothing of a part or the journal is ever changed.

Prints one JSON line a message: `{"progress": 40, "step": "light"}`, at the end `{"ready": …}` or `{"failed": "…"}`.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from recorder.folder import FAILED, FolderBusy, lock_folder
from recorder.resource import RESOURCE, Resource, decode_resource
from recorder.settings import FinaliseSettings, decode_settings
from recorder.space import DISK_FULL
from recorder.splice import step as splice
from recorder.splice.step import MISSING
from recorder.steps import lesson, media, night
from recorder.steps.media import Made
from recorder.workshop import FITTED, NothingRecorded, Workshop

NICENESS = 19  # finalising never takes the processor from a lesson that goes on


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of output."""

    progress: int | None = None
    step: str = ""  # what comes next
    ready: Resource | None = None
    failed: str = ""
    full: bool = False  # it failed because the disk is full
    night: bool = False  # it is ready, and there is work left for the night


class Step(NamedTuple):
    """A step, and what it is made from."""

    name: str
    run: Callable[[Workshop], Made]
    needs: Callable[[Workshop], str] = lambda shop: shop.inputs


def _recorded(shop: Workshop) -> str:
    return shop.media_inputs


# In this order: what browsers sent is cut in like what the network brought; pages may come from the screen, titles of
# chapters come from pages, the light voice has the gain.
STEPS_IN_ORDER = (
    Step(FITTED, splice.fit, _recorded),
    Step("screen", media.make_screen),
    Step("pages", lesson.make_pages),
    Step("lecturer", media.make_lecturer),
    Step("guest", media.make_guest, _recorded),
    Step("low", media.make_low, _recorded),
    Step("audio", media.make_audio),
    Step("peaks", media.make_peaks, _recorded),
    Step("light", media.make_light),
    Step("poster", media.make_poster, _recorded),
    Step("sprite", media.make_sheet, _recorded),
    Step("events", lesson.make_events),
    Step("chapters", lesson.make_chapters),
    Step(MISSING, splice.find_missing, _recorded),
)


class Finaliser:
    """Finalise one recording. The caller holds the folder's lock."""

    def __init__(self, folder: Path, title: str = "", settings: FinaliseSettings | None = None) -> None:
        self._folder = folder
        self._title = title
        self._settings = settings or FinaliseSettings()

    def run(self, report: Callable[[int, str], None] = lambda percent, step: None) -> Resource:
        """Make what is missing and return the resource. `report` gets percents and what comes next.

        Raises:
            NothingRecorded: there is nothing to make a file of.
            OSError: a file could not be written or read.
        """
        with contextlib.closing(Workshop(self._folder, self._title, self._settings)) as shop:
            for number, step in enumerate(STEPS_IN_ORDER):
                report(100 * number // len(STEPS_IN_ORDER), step.name)
                _carry_out(shop, step)
            lesson.make_captions(shop)
            lesson.make_resource(shop)
        return decode_resource((self._folder / RESOURCE).read_bytes())

    def run_night(self) -> Resource:
        """Do what was left for the night, and return the resource with it.

        Raises:
            NothingRecorded: as `run`.
            OSError: as `run`.
        """
        with contextlib.closing(Workshop(self._folder, self._title, self._settings)) as shop:
            _carry_out(shop, Step("night", night.encode_low, _recorded))
            lesson.make_resource(shop)
        return decode_resource((self._folder / RESOURCE).read_bytes())

    def has_night_work(self) -> bool:
        """Return whether something is left for the night."""
        with contextlib.closing(Workshop(self._folder, self._title, self._settings)) as shop:
            return night.is_wanted(shop)


def _carry_out(shop: Workshop, step: Step) -> None:
    inputs, note = step.needs(shop), shop.note(step.name)
    if note is None or note.inputs != inputs:
        made = step.run(shop)
        shop.set_note(step.name, inputs, made.files, made.facts)


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

    `--title` is the title to give, `--settings` the settings as JSON, `--night` does what was left for the night,
    `--child` makes the process end when its standard input ends.
    """
    parser = argparse.ArgumentParser(prog="recorder.finalise")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--title", default="")
    parser.add_argument("--settings", type=lambda text: decode_settings(text.encode()), default=FinaliseSettings())
    parser.add_argument("--night", action="store_true")
    parser.add_argument("--child", action="store_true")
    options = parser.parse_args(arguments)
    if options.child:
        _die_with_parent()
    os.nice(NICENESS)
    return finalise_folder(options.folder, options.title, options.settings, at_night=options.night)


def finalise_folder(
    folder: Path, title: str, settings: FinaliseSettings | None = None, *, at_night: bool = False
) -> int:
    """Finalise, print what comes of it, and return the exit code."""
    try:
        lock = lock_folder(folder)
    except (FolderBusy, OSError):
        _print(Progress(failed="录制的文件夹正在使用或打不开，稍后再试。"))
        return 1
    try:
        finaliser = Finaliser(folder, title, settings)
        if at_night:
            _print(Progress(ready=finaliser.run_night()))
            return 0
        (folder / FAILED).unlink(missing_ok=True)
        resource = finaliser.run(lambda percent, step: _print(Progress(progress=percent, step=step)))
        _print(Progress(ready=resource, night=finaliser.has_night_work()))
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
        for unfinished in [*folder.glob("*.tmp"), *folder.glob("*/*.tmp")]:
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
