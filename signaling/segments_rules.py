"""Segments: what a request changes."""

from __future__ import annotations

from signaling import messages as m
from signaling.acting import require_may
from signaling.errors import Refused
from signaling.roles import Capability


def decide_segment(
    state: m.Snapshot, actor: m.Participant, request: m.MoveSegment
) -> tuple[m.SegmentMoved | m.PageTurned, ...]:
    """Return the events that carry out `request`: to go on in the plan is to turn its pages.

    Raises:
        Refused: `not_allowed` or `segment_unknown`.
    """
    require_may(state, actor, Capability.TURN_PAGE)
    segments = () if state.course is None else state.course.segments
    segment = next((one for one in segments if one.id == request.segment), None)
    if segment is None or state.course is None:
        raise Refused("segment_unknown", "这节课的教案里没有这个环节，教案可能换过了。")
    if state.course.current == segment.id:
        return ()
    deck = state.deck
    if deck is None or not 1 <= segment.page <= deck.pages or segment.page == state.page:
        return (m.SegmentMoved(segment.id),)
    title = deck.titles[segment.page - 1] if segment.page <= len(deck.titles) else ""
    return (m.SegmentMoved(segment.id), m.PageTurned(segment.page, title))
