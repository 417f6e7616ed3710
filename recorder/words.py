"""Plug-ins that read pages and write down what is said. None is on by default.

A plug-in is an object with one method, found by its name in an entry point group of any installed package:

    [project.entry-points."tongtang.transcribers"]
    mine = "my_package:transcriber"          # transcribe(audio, language) -> iterable of Segment
    [project.entry-points."tongtang.page_readers"]
    mine = "my_package:reader"               # read_page(picture) -> str

`rapidocr` comes with this program and works when the extra `[ocr]` is installed: its model lies in its package and
nothing leaves the machine. What they write is a suggestion: subtitles are edited by people and never written over.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from recorder.chapters import vtt_text, vtt_time

TRANSCRIBERS, PAGE_READERS = "tongtang.transcribers", "tongtang.page_readers"
MAX_TEXT = 4_000  # characters of a page, as decks keep them
MAX_SEGMENTS = 20_000
MAX_TITLE = 60


class WordsUnknown(Exception):
    """There is no plug-in of this name, or it cannot be loaded. The words are for people."""


class Segment(NamedTuple):
    """Something that was said."""

    start_ms: int
    end_ms: int
    text: str


class Transcriber(Protocol):
    """Write down what is said."""

    def transcribe(self, audio: Path, language: str) -> Iterable[Segment]:
        """Return what is said in a WebM file of Opus, in order; `language` is a tag of RFC 5646."""


class PageReader(Protocol):
    """Read pages."""

    def read_page(self, picture: Path) -> str:
        """Return what stands on the picture of a page, a line a line."""


@lru_cache(maxsize=4)
def transcriber(name: str) -> Transcriber:
    """Return the plug-in of this name.

    Raises:
        WordsUnknown: there is none, or it cannot be loaded.
    """
    return cast("Transcriber", _load(TRANSCRIBERS, name))


@lru_cache(maxsize=4)
def page_reader(name: str) -> PageReader:
    """Return the plug-in of this name.

    Raises:
        WordsUnknown: as `transcriber`.
    """
    if name == "rapidocr":
        from recorder.slide_text import SlideReader  # an extra: loaded only when it is wanted

        return SlideReader()
    return cast("PageReader", _load(PAGE_READERS, name))


def _load(group: str, name: str) -> object:
    for point in entry_points(group=group, name=name):
        try:
            loaded: object = point.load()
        except Exception as error:
            raise WordsUnknown(f"插件 {name} 装载不了：{error}") from error
        return loaded
    raise WordsUnknown(f"没有名为 {name} 的插件（{group}）。请安装它，或者在设置里去掉。")


def first_line(text: str) -> str:
    """Return what may serve as a page's title."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line[:MAX_TITLE]


def write_captions(segments: Iterable[Segment]) -> str:
    """Return WebVTT; what is empty or ends before it begins is left out."""
    cues = ["WEBVTT\n"]
    for segment in segments:
        text = vtt_text(segment.text)
        if text and 0 <= segment.start_ms < segment.end_ms and len(cues) <= MAX_SEGMENTS:
            cues.append(f"{vtt_time(segment.start_ms)} --> {vtt_time(segment.end_ms)}\n{text}\n")
    return "\n".join(cues)
