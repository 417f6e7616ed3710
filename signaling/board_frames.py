"""Ink in flight: the short text frames that carry a stroke while it is drawn, and the pointer.

A stroke is relayed some thirty times a second; as JSON its envelope would be several times its points. These frames
begin with `~`, which no JSON does. From a writer, then as all others get it, with the author's number before the sign:

    ~+<n>;<tool><colour><width>;<surface>;<points>    ~3+57;p01;;<points>     a stroke begins (empty surface: the shown)
    ~:<points>                                        ~3:<points>             it goes on
    ~.<points>                                        an `ink_added` event    the pen is up
    ~-                                                ~3-                     it was nothing, forget it
    ~@<points>                                        ~3@<points>             the pointer is there; no points: off

The points continue those before them (`signaling.board_points`); the pointer's begin at (0, 0) each time.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from signaling.board import InkTool
from signaling.errors import ProtocolViolation

MARK: Final = b"~"
MAX_FRAME_BYTES = 1024  # 40 ms of a pen of 240 Hz are 10 points; a page that stood still for 5 s has 150 to send
LETTERS: Final[dict[str, InkTool]] = {
    "p": "pen",
    "h": "highlighter",
    "l": "line",
    "a": "arrow",
    "r": "rectangle",
    "e": "ellipse",
}
_LETTER_OF: Final = {tool: letter for letter, tool in LETTERS.items()}
_BEGIN = re.compile(r"(\d{1,9});([phlare])([0-7])([0-2]);((?:page:[^;:]{1,64}:\d{1,5}|board:\d{1,3})?);([\w-]*)", re.A)
MAX_WAITING = 60  # messages: two seconds of one writer
_AUTHOR = re.compile(rb"~(\d+)([+:@-])")
_POINTS = re.compile(r"[\w-]*", re.A)


class Begin(msgspec.Struct, frozen=True):
    """A stroke or shape begins."""

    n: int
    tool: InkTool
    colour: int
    width: int
    surface: str
    points: str


class More(msgspec.Struct, frozen=True):
    """It goes on."""

    points: str


class End(msgspec.Struct, frozen=True):
    """The pen is up."""

    points: str


class Cancel(msgspec.Struct, frozen=True):
    """It was nothing."""


class Pointer(msgspec.Struct, frozen=True):
    """Where the pointer is; no points: nowhere."""

    points: str


Frame = Begin | More | End | Cancel | Pointer


def read_frame(data: bytes) -> Frame:
    """Return the frame of a writer in `data`.

    Raises:
        ProtocolViolation: `message_too_large` or `message_malformed`; nothing else.
    """
    if len(data) > MAX_FRAME_BYTES:
        raise ProtocolViolation("message_too_large", "消息太大。")
    text = data.decode("ascii", "replace")
    sign, rest = text[1:2], text[2:]
    if sign == "+" and (found := _BEGIN.fullmatch(rest)):
        n, letter, colour, width, surface, points = found.groups()
        return Begin(int(n), LETTERS[letter], int(colour), int(width), surface, points)
    if _POINTS.fullmatch(rest):
        match sign:
            case ":":
                return More(rest)
            case ".":
                return End(rest)
            case "@":
                return Pointer(rest)
            case "-" if not rest:
                return Cancel()
    raise ProtocolViolation("message_malformed", "消息格式不对。")


def write_frame(author: int, frame: Begin | More | Cancel | Pointer) -> bytes:
    """Return the frame as the others get it."""
    if isinstance(frame, Begin):
        style = f"{_LETTER_OF[frame.tool]}{frame.colour}{frame.width}"
        rest = f"+{frame.n};{style};{frame.surface};{frame.points}"
    elif isinstance(frame, Cancel):
        rest = "-"
    else:
        rest = ("@" if isinstance(frame, Pointer) else ":") + frame.points
    return f"~{author}{rest}".encode()


class InkGate:
    """Keeps ink in flight from a socket that is behind: it gets the finished objects all the same.

    A piece of a stroke says nothing without those before it, so once one is held back all are until the next stroke.
    """

    __slots__ = ("_broken",)

    def __init__(self) -> None:
        self._broken: frozenset[bytes] = frozenset()  # authors

    def passes(self, frame: bytes, waiting: int) -> bool:
        """Return whether `frame` shall be sent on a socket for which so many messages wait already."""
        author, sign = _AUTHOR.match(frame).groups()  # type: ignore[union-attr]  # we wrote it
        if waiting > MAX_WAITING and sign in b"+:":
            self._broken |= {author}
            return False
        if sign == b"+":
            self._broken -= {author}
        return waiting <= MAX_WAITING if sign == b"@" else author not in self._broken
