"""What the teaching of a plan is to the rest of the server."""

from __future__ import annotations

import msgspec

from signaling.segments import SegmentLeader


class SegmentTime(msgspec.Struct, frozen=True):
    """A segment as it was planned, and as it was taught."""

    id: str
    title: str
    leader: SegmentLeader
    planned_ms: int
    taught_ms: int
    visits: tuple[tuple[int, int], ...]  # (from, to) in ms since class began, in order


class Comparison(msgspec.Struct, frozen=True):
    """A lesson laid against its plan."""

    segments: tuple[SegmentTime, ...]
    lasted_ms: int  # from the lesson's begin to its end, or until now
    is_over: bool
