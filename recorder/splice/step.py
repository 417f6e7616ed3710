"""The finalising steps of what the network lost: which of the browsers' parts fit, and what is still missing."""

from __future__ import annotations

import math

import msgspec

from recorder.pauses import Span, uncut_time, without
from recorder.public_log import room_zero
from recorder.round_table import is_meeting
from recorder.splice.fitting import fit_parts
from recorder.splice.gap_parts import read_gap_parts
from recorder.splice.missing import Stretch, Turn, missing, muted_spans
from recorder.steps.media import Made
from recorder.story import called_spans, lead_spans
from recorder.workshop import Workshop

MISSING = "missing"  # the name of the step


class Missing(msgspec.Struct, frozen=True):
    """What the step `missing` found out. Times are ms on the recording's clock, pauses counted."""

    room_ms: float = 0.0  # where the room's clock was 0
    end_ms: float = 0.0
    stretches: tuple[Stretch, ...] = ()
    pauses: tuple[tuple[float, float | None], ...] = ()  # None: it never went on


def fit(shop: Workshop) -> Made:
    """Find out which parts fit, and where."""
    parts = read_gap_parts(shop.folder)
    if not parts:
        return Made([])
    shifts = fit_parts(shop.folder, shop.whole_story, parts)
    return Made([], {"shifts": shifts, "unfit": [part.name for part in parts if part.name not in shifts]})


def find_missing(shop: Workshop) -> Made:
    """Find out what the files still lack."""
    lecturer, muted = shop.lecturer, muted_spans(shop.story.events)
    guest = shop.editor.guest(lecturer) or lecturer._replace(pictures=[], sounds=[])
    found = missing(lecturer, _lead_turns(shop), muted) + missing(guest, _called_turns(shop), muted)
    pauses = shop.whole_story.pauses
    told = Missing(
        room_zero(shop.whole_story.events, shop.room_ms),
        shop.end_ms,
        tuple(piece for one in found for piece in _uncut(one, pauses)),
        tuple((since, None if math.isinf(until) else until) for since, until in pauses),
    )
    return Made([], msgspec.to_builtins(told))


def missing_of(facts: dict[str, object]) -> Missing:
    """Return what the step noted."""
    return msgspec.convert(facts, Missing)


def _lead_turns(shop: Workshop) -> list[Turn]:
    spans = [] if is_meeting(shop.story) else lead_spans(shop.story)  # at a table nobody is to be heard alone
    if not spans:
        return []
    ends = [*(start for start, _ in spans[1:]), shop.cut_end_ms]
    return [
        (max(0.0, start), min(end, shop.cut_end_ms), peer)
        for (start, peer), end in zip(spans, ends, strict=True)
        if max(0.0, start) < min(end, shop.cut_end_ms)
    ]


def _called_turns(shop: Workshop) -> list[Turn]:
    end = shop.cut_end_ms
    return [(since, min(until, end), peer) for since, until, peer in called_spans(shop.story) if since < end]


def _uncut(stretch: Stretch, pauses: list[Span]) -> list[Stretch]:
    span = uncut_time(pauses, stretch.from_ms), uncut_time(pauses, stretch.to_ms)
    if span[0] >= span[1]:
        return [Stretch(stretch.peer, stretch.source, *span)]
    return [Stretch(stretch.peer, stretch.source, *piece) for piece in without([span], pauses)]
