"""The line between a lecturer and one local teacher: written and spoken. Nobody else reads or hears it.

Its voice is a source of its own, `line`: the microphone that class hears, and that is recorded, never carries it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from signaling.ids import ClassroomId, PeerId

MAX_PRIVATE_LINES = 100  # of one classroom; older ones stay in the log
MAX_PRIVATE_CHARACTERS = 500

LineAct = Literal["ring", "accept", "end"]


class PrivateText(msgspec.Struct, frozen=True):
    """A written line between lecturers and the local teachers of a classroom."""

    t_ms: int
    classroom: ClassroomId
    peer: PeerId
    name: str
    text: str


class VoiceLine(msgspec.Struct, frozen=True):
    """A call between a lecturer and a local teacher: it rings until the other one accepts."""

    lecturer: PeerId
    teacher: PeerId
    caller: PeerId
    is_open: bool = False


class PrivateSaid(msgspec.Struct, frozen=True, tag_field="kind", tag="private_said"):
    """Private to the teachers of the classroom: a line was written."""

    classroom: ClassroomId
    line: PrivateText


class VoiceLineChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="voice_line_changed"):
    """Two teachers ring, speak, or (None) have hung up. Everyone may know that the lecturer is busy."""

    line: VoiceLine | None


class SayPrivately(msgspec.Struct, frozen=True, tag_field="type", tag="say_privately"):
    """Write to the other side. A lecturer names the classroom; a local teacher writes for the own one."""

    id: int
    text: str
    classroom: ClassroomId = ClassroomId("")


class SetLine(msgspec.Struct, frozen=True, tag_field="type", tag="set_line"):
    """Ring `peer` (a local teacher may leave it out: the lead is meant), accept the ringing call, or end it."""

    id: int
    act: LineAct
    peer: PeerId | None = None


def add_line(lines: tuple[PrivateText, ...], line: PrivateText) -> tuple[PrivateText, ...]:
    """Return the lines with one more: each classroom keeps its last `MAX_PRIVATE_LINES`."""
    own = [one for one in lines if one.classroom == line.classroom]
    if len(own) < MAX_PRIVATE_LINES:
        return (*lines, line)
    dropped = own[0]
    return (*(one for one in lines if one is not dropped), line)
