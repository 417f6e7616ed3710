"""The lesson's public log on the clock of the finished files: `events.json`. Pure.

What a player replays is the room's own reducer over the room's own events, numbered anew without those that change
nothing for the public. A log that would be too large is thinned of what nobody sees any more at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from recorder.resource import Events, PublicEvent, shift_times

MAX_EVENTS_BYTES = 6_000_000  # half of a light lesson; an hour of steady writing is about 1 MB
_DOT = "AA"  # the upper left corner, as signaling.board_points writes it
Told = tuple[float, dict[str, Any]]  # time in ms, body


def public_log(told: Sequence[Told], origin_ms: float, room_ms: float, first: msgspec.Raw) -> Events:
    """Return the log.

    Args:
        told: the lesson's public events, on the recording's time, in order.
        origin_ms: where the files begin on that time.
        room_ms: where the room's clock was 0 on that time, unless the events say it better.
        first: the state before the first event, or JSON null.
    """
    zero_ms = round(room_zero(told, room_ms) - origin_ms)
    kept = [(t_ms, body) for t_ms, body in told if body.get("kind") != "withheld"]
    for thin in (_without_old_tallies, _without_lost_ink):
        if sum(len(msgspec.json.encode(body)) for _, body in kept) > MAX_EVENTS_BYTES:
            kept = thin(kept)
    events = tuple(
        PublicEvent(seq, round(t_ms - origin_ms), msgspec.Raw(msgspec.json.encode(shift_times(body, zero_ms))))
        for seq, (t_ms, body) in enumerate(kept, 1)
    )
    begin = shift_times(msgspec.json.decode(first), zero_ms)
    return Events(msgspec.Raw(msgspec.json.encode(begin)), events)


def room_zero(told: Sequence[Told], room_ms: float) -> float:
    """Return where the room's clock was 0: events that hold their own time know it best."""
    for t_ms, body in told:
        inner = {"chat_added": "line", "marked": "mark"}.get(str(body.get("kind")))
        said = body.get(inner) if inner else None
        if isinstance(said, dict) and isinstance(said.get("t_ms"), int):
            return t_ms - int(said["t_ms"])
    return room_ms


def _without_old_tallies(told: Sequence[Told]) -> list[Told]:
    """Leave out counts that a later count of the same question and classrooms replaced."""
    counted: set[tuple[str, str]] = set()
    kept: list[Told] = []
    for t_ms, body in reversed(told):
        if body.get("kind") == "tally_changed":
            keys = {(str(body.get("question")), str(one.get("classroom"))) for one in body.get("tallies") or ()}
            if keys <= counted:
                continue
            counted |= keys
        kept.append((t_ms, body))
    return kept[::-1]


def _without_lost_ink(told: Sequence[Told]) -> list[Told]:
    """Make dots of strokes that were rubbed out one by one and never came back: heights and numbers stay right."""
    removed: set[str] = set()
    restored: set[str] = set()
    for _, body in told:
        if body.get("kind") == "ink_removed":
            removed.update(body.get("ids") or ())
        elif body.get("kind") == "ink_restored":
            restored.update(str(one.get("id")) for one in body.get("objects") or ())
    lost = removed - restored
    kept: list[Told] = []
    for t_ms, body in told:
        ink = body.get("object") or {}
        if body.get("kind") == "ink_added" and ink.get("id") in lost:
            dot = {"points": _DOT, "text": ""} if ink.get("tool") == "text" else {"points": _DOT * 2}
            body = {**body, "object": {**ink, **dot}}
        kept.append((t_ms, body))
    return kept
