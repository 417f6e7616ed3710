"""Which stretches of a finished recording the network lost, and are worth being sent later. Pure.

Asked for is what the files show and nobody intended: not what was paused or muted, nor the moments in which somebody
came or went. A lost packet now and then is not heard; to ask for each would be to send the lesson a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from recorder.edit import Cut
from recorder.pauses import FOREVER, Span, without
from recorder.splice.gap_parts import GapSource
from recorder.timeline import HOLE_MS, STILL_MS, Placed

LEAST_SOUND_MS = 200.0  # a syllable
EDGE_MS = 5_000.0  # at the ends of somebody's turn: devices are opened, a keyframe is waited for
JOIN_MS = 2_000.0  # holes that are closer are one stretch: the words between help to place it
STRETCH_MS = 300_000.0  # a file of five minutes of 1.5 Mbit/s has 56 MB: longer stretches are several files
MOST_STRETCHES = 60  # of one peer and source; the longest. More is a link that carried no lesson


class Stretch(msgspec.Struct, frozen=True):
    """Something of a peer is missing from here to there, in ms; from where it is until there: it helps to place others.

    A stretch without length is a moment with sound that a picture beside it is placed by.
    """

    peer: str
    source: GapSource
    from_ms: float
    to_ms: float


Turn = tuple[float, float, str]  # from when to when whose media are in the files


def missing(cut: Cut, turns: Iterable[Turn], intended: dict[tuple[str, str], list[Span]]) -> list[Stretch]:
    """Return what a cut lacks of those whose turn it was.

    Args:
        cut: what is in the files.
        turns: whose media are in it; ends are finite.
        intended: spans in which nothing of a peer's source was to be seen or heard.
    """
    heard = _sounding(cut)
    seen = _moving(cut)
    found: list[Stretch] = []
    for since, until, peer in turns:
        for source, there, least_ms in (("mic", heard, LEAST_SOUND_MS), ("camera", seen, STILL_MS)):
            holes = without(_holes((since, until), there), intended.get((peer, source), []))
            lost = [hole for hole in holes if _length(hole) > _least(hole, (since, until), least_ms)]
            found += [Stretch(peer, source, *piece) for piece in _pieces(_joined(lost))]  # type: ignore[arg-type]
    return _with_anchors(_bounded(found))


def muted_spans(events: Iterable[tuple[float, dict[str, Any]]]) -> dict[tuple[str, str], list[Span]]:
    """Return when which source of which peer was muted; the last span is infinite while it is."""
    spans: dict[tuple[str, str], list[Span]] = {}
    for t_ms, body in events:
        if body.get("kind") != "mute_changed":
            continue
        of = spans.setdefault((str(body.get("peer")), str(body.get("source"))), [])
        is_open = bool(of) and of[-1][1] == FOREVER
        if body.get("muted") and not is_open:
            of.append((t_ms, FOREVER))
        elif not body.get("muted") and is_open:
            of[-1] = (of[-1][0], t_ms)
    return spans


def _sounding(cut: Cut) -> list[Span]:
    return _merged([(one.ms, one.ms + one.duration_ms) for one in cut.sounds if one.placed is not None], HOLE_MS)


def _moving(cut: Cut) -> list[Span]:
    return _merged([(one.t_ms, one.t_ms) for one in cut.pictures if isinstance(one, Placed)], STILL_MS)


def _merged(spans: Sequence[Span], within_ms: float) -> list[Span]:
    found: list[Span] = []
    for since, until in spans:
        if found and since - found[-1][1] <= within_ms:
            found[-1] = (found[-1][0], max(until, found[-1][1]))
        else:
            found.append((since, until))
    return found


def _joined(spans: Sequence[Span]) -> list[Span]:
    return _merged(spans, JOIN_MS)


def _holes(turn: Span, there: Sequence[Span]) -> list[Span]:
    cursor, until = turn
    found: list[Span] = []
    for begin, end in there:
        if begin > cursor:
            found.append((cursor, min(begin, until)))
        cursor = max(cursor, end)
        if cursor >= until:
            return found
    return [*found, (cursor, until)]


def _least(hole: Span, turn: Span, least_ms: float) -> float:
    return EDGE_MS if hole[0] <= turn[0] or hole[1] >= turn[1] else least_ms


def _pieces(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for since, until in spans:
        while until - since > STRETCH_MS:
            found.append((since, since + STRETCH_MS))
            since += STRETCH_MS
        found.append((since, until))
    return found


def _bounded(stretches: Sequence[Stretch]) -> list[Stretch]:
    kept: list[Stretch] = []
    for key in dict.fromkeys((one.peer, one.source) for one in stretches):
        of = [one for one in stretches if (one.peer, one.source) == key]
        kept += sorted(of, key=lambda one: one.from_ms - one.to_ms)[:MOST_STRETCHES]
    return kept


def _with_anchors(stretches: list[Stretch]) -> list[Stretch]:
    """Add a moment of sound to each stretch of pictures that has no sound of its own to be placed by."""
    voices = [one for one in stretches if one.source == "mic"]
    anchors = [
        Stretch(one.peer, "mic", one.from_ms, one.from_ms)
        for one in stretches
        if one.source == "camera"
        and not any(v.peer == one.peer and v.from_ms < one.to_ms and v.to_ms > one.from_ms for v in voices)
    ]
    return sorted([*stretches, *anchors], key=lambda one: (one.from_ms, one.source != "mic"))


def _length(span: Span) -> float:
    return span[1] - span[0]
