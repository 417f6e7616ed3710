"""What of a browser's own recording goes where the network brought nothing. Pure.

What the network brought stays as it is: everybody heard and saw it so, and most of a lesson is never touched. Sound is
filled in packet by packet. A picture can only begin at a keyframe, so those of the network that lie between the last
one before a hole and the hole make way for the same pictures of the browser, which are no worse.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

from recorder.pauses import Span
from recorder.timeline import STILL_MS, Candidate, Placed

BESIDE_MS = 500.0  # so near the stretch that a part is for may be taken: it was found before this edit
TOUCH_MS = 10.0  # packets may touch: clocks are fitted to about 5 ms
KEYFRAME_MS = 12_000.0  # browsers record a keyframe at least so often; one that is farther away is not looked for
GO_ON_MS = 6_000.0  # a picture goes on after the hole until the network's next keyframe, which takes a second or two
GAP_RANK = (-1, 0)  # below every layer of the network

Sounding = tuple[Placed, float]  # a packet and how long it sounds in ms


def fill_sound(network: Sequence[Sounding], filling: Iterable[Sounding]) -> list[Placed]:
    """Return the packets of the network with those of `filling` that overlap none, in order of time."""
    starts = [placed.t_ms for placed, _ in network]
    kept = [placed for placed, _ in network]
    last_end = float("-inf")
    for placed, duration_ms in sorted(filling, key=lambda one: one[0].t_ms):
        start, end = placed.t_ms + TOUCH_MS, placed.t_ms + duration_ms - TOUCH_MS
        after = bisect_left(starts, start)
        is_free = after == len(starts) or starts[after] >= end
        if after:
            before, length_ms = network[after - 1]
            is_free = is_free and before.t_ms + length_ms <= start
        if is_free and last_end <= start:
            kept.append(placed)
            last_end = placed.t_ms + duration_ms
    return sorted(kept, key=lambda placed: placed.t_ms)


def sound_for(frames: Iterable[Placed], span: Span) -> list[Placed]:
    """Return the packets of a part that may be heard."""
    since, until = span
    if until <= since:
        return []  # it only helps to place others
    return [frame for frame in frames if since - BESIDE_MS <= frame.t_ms < until + BESIDE_MS]


def pictures_for(frames: Sequence[Placed], span: Span) -> list[Placed]:
    """Return the pictures of a part that may be shown: from the last keyframe before the stretch on."""
    since, until = span
    keys = [frame.t_ms for frame in frames if frame.block.keyframe and frame.t_ms <= since + BESIDE_MS]
    begin = keys[-1] if keys and since - keys[-1] <= KEYFRAME_MS else since
    return [frame for frame in frames if begin <= frame.t_ms < until + GO_ON_MS]


def make_way(network: Sequence[Candidate], filling: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates of the network without pictures that a part must begin before, to fill the hole after."""
    times = sorted(frame.t_ms for candidate in network for frame in candidate.frames)
    dropped = [
        span
        for candidate in filling
        if (span := _way(times, [frame.t_ms for frame in candidate.frames if frame.block.keyframe], candidate))
    ]
    if not dropped:
        return list(network)
    return [
        candidate._replace(frames=[frame for frame in candidate.frames if not _is_within(frame.t_ms, dropped)])
        for candidate in network
    ]


def _way(times: Sequence[float], keys: Sequence[float], candidate: Candidate) -> Span | None:
    """Return from when to when the network makes way for `candidate`, which begins at its first keyframe."""
    if not keys:
        return None
    end = candidate.frames[-1].t_ms
    for before, after in pairwise([*times, float("inf")]):
        if after - before > STILL_MS and keys[0] <= before and after > keys[0] and before < end:
            best = max(key for key in keys if key <= before)
            return (best, before + 1e-6) if before - best <= KEYFRAME_MS else None
    return None


def _is_within(t_ms: float, spans: Sequence[Span]) -> bool:
    return any(since <= t_ms < until for since, until in spans)
