"""What one asker, or one link, may have of a recording, down to the file. Pure but for reading its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from recorder.chapters import to_vtt
from recorder.control import Rendition
from recorder.resource import CHAPTERS, RESOURCE, Resource, decode_resource, files_of
from server.library.access import Act, Holding, may_take, playable
from server.library.model import Made, Recording
from server.library.resources.leaving import cut, cut_events, may_leave
from server.library.resources.model import Audience, Consents
from signaling.errors import Refused

Leaves = Callable[[Rendition], bool]
_OLD_FILES = {"poster.jpg": "image/jpeg"}  # of recordings from before resource.json said which files there are


class Sight(NamedTuple):
    """What somebody may have of a recording."""

    recording: Recording  # `made` holds only what they may have
    holding: Holding
    is_whole: bool  # nothing is kept from them
    names: frozenset[str]  # of the renditions
    may_take: bool  # download
    resource_id: str | None = None  # that tells of it; None: nothing does
    may_share: bool = False  # make links to it


class Bytes(NamedTuple):
    """What is answered for a file: its path, or else its content."""

    path: Path | None
    content: bytes
    mime: str


def sight_of(recording: Recording, holding: Holding, granted: frozenset[Act], leaves: Leaves) -> Sight:
    """Return what who was granted these acts may have of the recording."""
    shown = frozenset(one.name for one in playable(granted, recording.made.renditions, leaves))
    return _narrowed(recording, holding, shown, is_whole=Act.WHOLE in granted, takes=may_take(granted, holding))


def link_sight(recording: Recording, holding: Holding, chosen: frozenset[str], leaves: Leaves, *, takes: bool) -> Sight:
    """Return what a link to the chosen renditions gives, as far as they may leave."""
    shown = frozenset(one.name for one in recording.made.renditions if one.name in chosen and leaves(one))
    return _narrowed(recording, holding, shown, is_whole=False, takes=takes and holding.is_free)


def leaves_for(reach: Audience, consents: Consents) -> Leaves:
    """Return the rule of what may go as far as `reach`: within the schools of the lesson all of it."""
    return lambda rendition: reach == "school" or may_leave(rendition, consents, reach)


def observed(rendition: Rendition) -> bool:
    """Return whether who may look on at the lesson sees this before its review, when nobody has been asked yet."""
    return not rendition.minors


def _narrowed(recording: Recording, holding: Holding, shown: frozenset[str], *, is_whole: bool, takes: bool) -> Sight:
    if not is_whole:
        made = msgspec.convert(cut(msgspec.to_builtins(recording.made), shown), Made)
        recording = msgspec.structs.replace(recording, made=made)
    return Sight(recording, holding, is_whole, shown, takes)


def file_of(folder: Path, sight: Sight, name: str) -> Bytes:
    """Return a file that the recording offers to whoever has this sight: no other can be named. Blocks for the disk.

    Raises:
        Refused: `file_unknown`.
    """
    whole = read_resource(folder)
    if whole is None:  # an older recording, or one that is being made again
        types = {one.path: one.mime for one in sight.recording.made.renditions}
        types |= {path: mime for path, mime in _OLD_FILES.items() if path == sight.recording.made.poster}
        return _found(folder, name, types)
    if sight.is_whole:
        return _found(folder, name, files_of(whole))
    left = cut(msgspec.to_builtins(whole), sight.names)
    if name == RESOURCE:
        return Bytes(None, msgspec.json.encode(left), "application/json")
    shown = msgspec.convert(left, Resource)
    types = files_of(shown)
    if name == CHAPTERS and name in types:  # the file in the folder names pupils
        return Bytes(None, to_vtt(shown.chapters, shown.duration_ms).encode(), types[name])
    if name == whole.events and name in types:
        events = msgspec.json.decode(_content(folder / name))
        return Bytes(None, msgspec.json.encode(cut_events(events, sight.names)), types[name])
    return _found(folder, name, types)


def read_resource(folder: Path) -> Resource | None:
    """Return what finalising made of the recording; None when there is nothing whole. Blocks for the disk."""
    try:
        return decode_resource((folder / RESOURCE).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unknown() from error


def _found(folder: Path, name: str, types: dict[str, str]) -> Bytes:
    path = folder / name
    if name not in types or not path.is_file():
        raise _unknown()
    return Bytes(path, b"", types[name])


def _unknown() -> Refused:
    return Refused("file_unknown", "这个录像没有这个文件，可能正在重新生成。请稍后刷新页面。")
