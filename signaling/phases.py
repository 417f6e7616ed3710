"""What class is doing just now: together or in groups, against a timer; and the moments that somebody marked."""

from __future__ import annotations

from typing import Literal

import msgspec

from signaling.ids import PeerId

Phase = Literal["class", "group_work"]  # group work: local teachers lead, the classrooms get sound only

MAX_MARKS = 200  # one every 12 s of a lesson; older ones stay in the log
MAX_MARK_CHARACTERS = 40
MAX_TIMER_S = 3 * 3600


class Timer(msgspec.Struct, frozen=True):
    """A timer on every screen. It runs out at `ends_t_ms`, or stands still with `left_ms` to go."""

    total_ms: int
    left_ms: int  # when it was last set or stopped
    ends_t_ms: int | None = None


class Mark(msgspec.Struct, frozen=True):
    """A moment of the lesson to find again: a chapter of the recording."""

    t_ms: int
    peer: PeerId
    name: str  # who marked it
    label: str


class PhaseChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="phase_changed"):
    """Class works together, or in groups."""

    phase: Phase


class TimerSet(msgspec.Struct, frozen=True, tag_field="kind", tag="timer_set"):
    """A timer runs, stands still, or (None) is put away."""

    timer: Timer | None


class Marked(msgspec.Struct, frozen=True, tag_field="kind", tag="marked"):
    """Somebody marked this moment."""

    mark: Mark


class SetPhase(msgspec.Struct, frozen=True, tag_field="type", tag="set_phase"):
    """Begin or end group work."""

    id: int
    phase: Phase


class SetTimer(msgspec.Struct, frozen=True, tag_field="type", tag="set_timer"):
    """Start a timer of `total_s`, stop or continue the present one (`total_s` None), or put it away (0)."""

    id: int
    total_s: int | None = None
    run: bool = True


class MarkMoment(msgspec.Struct, frozen=True, tag_field="type", tag="mark_moment"):
    """Mark this moment, with a few words or none."""

    id: int
    label: str = ""


def add_mark(marks: tuple[Mark, ...], mark: Mark) -> tuple[Mark, ...]:
    """Return the marks with one more."""
    return (*marks, mark)[-MAX_MARKS:]
