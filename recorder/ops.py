"""What a live session asks its folder to do: plain data, so that the event loop decides and a thread writes."""

from __future__ import annotations

from typing import NamedTuple

from recorder.journal import Fields


class Note(NamedTuple):
    """Write a line to the journal."""

    t_ms: float
    kind: str
    fields: Fields


class OpenPart(NamedTuple):
    """Begin a part. `file` is relative to the recording's folder."""

    part: int
    file: str
    codec: str
    width: int
    height: int
    config: bytes


class WriteFrame(NamedTuple):
    """Append a frame to a part."""

    part: int
    ms: int
    data: bytes
    keyframe: bool
    t_ms: float


class ClosePart(NamedTuple):
    """Finish a part: it is never written again."""

    part: int


Op = Note | OpenPart | WriteFrame | ClosePart
