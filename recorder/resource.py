"""`resource.json`: all that a player needs of a finished recording, with paths relative to itself. Pure.

The same folder is played in three ways: from the site, by a share link, and as an offline pack, which is a subset of
it. So nothing here is an address, and `files_of` says which files belong to it: no other file of the folder is ever
handed out. `Material` is what the recorder cannot know; the web process writes it beside the journal before the
lesson's end.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from recorder.control import Chapter, Rendition

RESOURCE, MATERIAL, EVENTS, CHAPTERS = "resource.json", "material.json", "events.json", "chapters.vtt"
CAPTIONS, PAGES = "captions", "pages"  # folders
_MIMES = {"webp": "image/webp", "svg": "image/svg+xml", "jpg": "image/jpeg", "png": "image/png"}
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")  # of a caption file's name (RFC 5646, its common part)


class PageTurn(msgspec.Struct, frozen=True):
    """A page was turned to."""

    start_ms: int
    page: int


class PageFile(msgspec.Struct, frozen=True):
    """The picture of a page that was taught."""

    page: int
    title: str
    text: str  # what stands on it, for search
    path: str  # "pages/<sha256>.webp", ".svg" for a drawing
    bytes: int
    sha256: str
    width: int  # px; 0: a drawing that is sharp at any size
    mime: str = "image/webp"


class AnswerKey(msgspec.Struct, frozen=True):
    """A question of the lesson, so that it can be answered again."""

    question: str  # its id in the events
    kind: str  # as in `signaling.questions`
    title: str
    options: tuple[str, ...]
    page: int  # 0: of no page
    correct: str  # empty: there is none
    start_ms: int = 0  # when it was asked


class Sprite(msgspec.Struct, frozen=True):
    """Small pictures of the whole recording in one file, row by row."""

    path: str
    columns: int
    rows: int
    width: int  # px of one picture
    height: int
    every_ms: int


class Caption(msgspec.Struct, frozen=True):
    """Subtitles."""

    language: str  # RFC 5646
    label: str
    path: str  # "captions/<language>.vtt"


class Filled(msgspec.Struct, frozen=True):
    """The network lost this, and the sender's own browser brought it later."""

    rendition: str  # "lecturer", which `low`, `audio` and `light` follow, or "guest"
    what: str  # "sound", "picture"
    start_ms: int
    end_ms: int


class Resource(msgspec.Struct, frozen=True):
    """`resource.json`. All times are on the renditions' clock."""

    recording: str
    title: str
    recorded_wall_ms: int  # UTC epoch ms of the files' 0
    duration_ms: int
    poster: str = ""
    renditions: tuple[Rendition, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    pages: tuple[PageTurn, ...] = ()  # every page turn
    lesson: str = ""
    subject: str = ""
    lecturer: str = ""
    school: str = ""
    language: str = "zh-CN"
    gain_db: float = 0.0  # of the lecturer's voice; `Rendition.gain_db` has it too, 0 where it is in the file
    page_files: tuple[PageFile, ...] = ()
    events: str = ""  # path of `Events`
    answers: tuple[AnswerKey, ...] = ()
    sprite: Sprite | None = None
    peaks: str = ""  # path: one byte a tenth of a second, the loudest sample of it, 255 is full scale
    captions: tuple[Caption, ...] = ()
    filled: tuple[Filled, ...] = ()


class PublicEvent(msgspec.Struct, frozen=True):
    """An event of the lesson as everybody may see it."""

    seq: int
    t_ms: int  # on the files' clock: negative before their begin
    body: msgspec.Raw


class Events(msgspec.Struct, frozen=True):
    """`events.json`: the public log of the lesson; `first` + `events` in order is its state at any time."""

    first: msgspec.Raw  # a `signaling.state.Snapshot`, or null: not known
    events: tuple[PublicEvent, ...]
    version: int = 1


class MaterialPage(msgspec.Struct, frozen=True):
    """A page of the lesson's deck."""

    page: int
    title: str
    text: str
    file: str  # from the recording's folder
    mime: str
    width: int


class Material(msgspec.Struct, frozen=True):
    """`material.json`: what only the web process knows of a lesson."""

    lesson: str
    title: str
    subject: str
    lecturer: str
    school: str
    language: str = "zh-CN"
    pages: tuple[MaterialPage, ...] = ()
    answers: dict[str, str] = {}  # of prepared questions, by their ids
    first: msgspec.Raw = msgspec.Raw(b"null")  # the room before its first event, as everybody may see it
    opened_wall_ms: int = 0  # UTC epoch ms of the room's t_ms = 0; 0: not known
    version: int = 1


def files_of(resource: Resource) -> dict[str, str]:
    """Return the path and media type of every file that belongs to the resource, itself among them."""
    files = {RESOURCE: "application/json"}
    files |= {one.path: one.mime for one in resource.renditions}
    files |= {one.path: one.mime for one in resource.page_files}
    files |= {one.path: "text/vtt" for one in resource.captions}
    if resource.poster:
        files[resource.poster] = "image/jpeg"
    if resource.events:
        files[resource.events] = "application/json"
    if resource.sprite is not None:
        files[resource.sprite.path] = "image/webp"
    if resource.peaks:
        files[resource.peaks] = "application/octet-stream"
    if resource.chapters:
        files[CHAPTERS] = "text/vtt"
    return files


def picture_suffix(mime: str) -> str:
    """Return the suffix of a picture's file; of an unknown kind `bin`."""
    return next((suffix for suffix, known in _MIMES.items() if known == mime), "bin")


def shift_times(value: Any, by_ms: int) -> Any:
    """Return JSON data with every time of a lesson's clock (`t_ms`, `…_t_ms`) moved by `by_ms`; durations stay."""
    if isinstance(value, dict):
        return {
            key: part + by_ms
            if isinstance(part, int) and (key == "t_ms" or key.endswith("_t_ms"))
            else shift_times(part, by_ms)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [shift_times(part, by_ms) for part in value]
    return value


decode_resource = msgspec.json.Decoder(Resource).decode
