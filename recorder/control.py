"""What the web process and the recorder process say to each other.

Length-prefixed msgpack over one local stream socket, framed like `media.control`. The web process owns the truth about
lessons; the recorder owns the truth about files. After either restarts, the web process sends `StartRecording`
again for each live lesson;
the recorder answers with `RecordingOpened.last_seq`, and the web process repeats the lesson events after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from media.control import FrameReader

RecordingState = Literal["recording", "ended", "finalising", "ready", "failed"]


class StartRecording(msgspec.Struct, frozen=True, tag=True):
    """Record the lesson into `folder` (made when missing; continued with new parts when it holds a recording)."""

    recording: str
    room: str
    title: str
    folder: str
    lead_role: str = "lecturer"
    paused_ns: int | None = None  # CLOCK_MONOTONIC since when it is paused; None: it is not


class RecordEvent(msgspec.Struct, frozen=True, tag=True):
    """Journal a lesson event.

    `mono_ns` is CLOCK_MONOTONIC when it happened (negative when it was before the machine's start); `body` the JSON
    text of its `signaling.messages.EventBody`, kept as it is.
    """

    recording: str
    seq: int
    mono_ns: int
    body: bytes


class NamePeer(msgspec.Struct, frozen=True, tag=True):
    """Tell who a peer is, so that tracks carry role and name (classrooms show minors)."""

    recording: str
    peer: str
    role: str
    name: str
    school: str


class PauseRecording(msgspec.Struct, frozen=True, tag=True):
    """Write no media that arrives from `since_ns` (CLOCK_MONOTONIC) on, or (None) go on."""

    recording: str
    since_ns: int | None


class StopRecording(msgspec.Struct, frozen=True, tag=True):
    """The lesson is over: close the parts and finalise."""

    recording: str


class Finalise(msgspec.Struct, frozen=True, tag=True):
    """Finalise a recording that is not live: what the sweep at start found, or a failed one again."""

    recording: str
    folder: str
    title: str
    night: bool = False  # it is ready: only what was left for the night is to be done, when it is night


Command = StartRecording | RecordEvent | NamePeer | PauseRecording | StopRecording | Finalise


class RecorderReady(msgspec.Struct, frozen=True, tag=True):
    """The recorder listens for taps at this path. Sent once, first."""

    pid: int
    tap_path: str


class RecordingOpened(msgspec.Struct, frozen=True, tag=True):
    """The journal is open; it holds lesson events up to `last_seq`."""

    recording: str
    last_seq: int


class Chapter(msgspec.Struct, frozen=True):
    """A chapter of a recording."""

    start_ms: int
    title: str
    kind: Literal["page", "mark", "question", "hand", "resume", "scene"] = "page"
    page: int = 0  # that is shown from here on, 0: not known


class Rendition(msgspec.Struct, frozen=True):
    """A file of the resource, relative to the recording's folder."""

    name: str  # "lecturer", "low", "screen", "guest", "audio", "light"
    path: str
    mime: str
    bytes: int
    duration_ms: int
    width: int = 0
    height: int = 0
    sha256: str = ""
    minors: bool = False  # pupils are seen or heard: it leaves the school only with their consent
    gain_db: float = 0.0  # that whoever plays it adds, so that all lessons are equally loud


class RecordingChanged(msgspec.Struct, frozen=True, tag=True):
    """A recording changed its state. `ready` carries everything that a player needs."""

    recording: str
    state: RecordingState
    detail: str = ""  # for people, when failed
    progress_pct: int = 0
    duration_ms: int = 0
    poster: str = ""
    renditions: tuple[Rendition, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    pages: tuple[Chapter, ...] = ()  # every page turn on the recording's time: title holds the page number
    step: str = ""  # what is being made, while finalising: a name of recorder.finalise's steps


class DiskLow(msgspec.Struct, frozen=True, tag=True):
    """Free space is short: `refused` recordings were not started, running ones go on at a lower tier."""

    free_bytes: int
    refused: str = ""


class RecordingStalled(msgspec.Struct, frozen=True, tag=True):
    """The disk takes nothing of a running recording just now, or does again."""

    recording: str
    stalled: bool


Message = RecorderReady | RecordingOpened | RecordingChanged | RecordingStalled | DiskLow

decode_command: Callable[[bytes], Command] = msgspec.msgpack.Decoder(Command).decode
decode_message: Callable[[bytes], Message] = msgspec.msgpack.Decoder(Message).decode

__all__ = ["FrameReader", "decode_command", "decode_message"]
