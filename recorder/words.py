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

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from recorder.chapters import vtt_text, vtt_time
from recorder.resource import CAPTIONS, LANGUAGE, Caption

TRANSCRIBERS, PAGE_READERS = "tongtang.transcribers", "tongtang.page_readers"
MAX_TEXT = 4_000  # characters of a page, as decks keep them
MAX_SEGMENTS = 20_000
MAX_TITLE = 60
MAX_CAPTION_BYTES = 1 << 20  # two hours of Chinese speech are about 150 kB
_LABELS = {"zh": "中文", "en": "English", "bo": "བོད་ཡིག", "ug": "ئۇيغۇرچە", "mn": "Монгол", "za": "Vahcuengh"}


_TIMING = re.compile(
    r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})[ \t]+-->[ \t]+(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
)
_TAG = re.compile(r"<[^>\n]{0,200}>")


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


def captions_of(folder: Path) -> tuple[Caption, ...]:
    """Return the subtitles that lie in a recording's folder. Blocks for the disk."""
    names = sorted(path.stem for path in (folder / CAPTIONS).glob("*.vtt") if LANGUAGE.fullmatch(path.stem))
    return tuple(Caption(name, _LABELS.get(name.split("-")[0], name), f"{CAPTIONS}/{name}.vtt") for name in names)


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


def read_captions(text: str) -> list[Segment]:
    """Return the cues of WebVTT in order of time; markup, styles and notes are left out.

    Raises:
        ValueError: it is no WebVTT, or a cue's times are wrong; the words are for people.
    """
    blocks = re.split(r"\n{2,}", text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").strip("\n"))
    if not re.match(r"WEBVTT(?:[ \t\n]|$)", blocks[0]):
        raise ValueError("字幕要以 WEBVTT 开头。")
    found = [cue for block in blocks[1:] if (cue := _cue(block)) is not None]
    if len(found) > MAX_SEGMENTS:
        raise ValueError(f"字幕太多，最多 {MAX_SEGMENTS} 条。")
    return sorted(found)


def _cue(block: str) -> Segment | None:
    lines = block.split("\n")
    place = next((number for number, line in enumerate(lines[:2]) if "-->" in line), None)
    if place is None:
        return None  # a note, a style, a region
    times = _TIMING.match(lines[place].strip())
    if times is None:
        raise ValueError(f"字幕的时间写得不对：{lines[place].strip()[:60]}")
    start, end = (
        ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(ms)
        for hours, minutes, seconds, ms in (times.groups()[:4], times.groups()[4:])
    )
    if start >= end:
        raise ValueError(f"字幕结束的时间要在开始之后：{lines[place].strip()[:60]}")
    words = _TAG.sub("", " ".join(lines[place + 1 :]))
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")):
        words = words.replace(entity, character)
    return Segment(start, end, " ".join(words.split()))
