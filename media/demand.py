"""Which encodings of its sources a publisher should make: those that somebody takes, or soon may.

A layer that nobody takes costs its publisher uplink and processor, which a village classroom and a hotel room are
short of. It is stopped after 10 s without a taker (`encoding.active = false` in the browser: no renegotiation), and
wanted again at once: the browser begins it with a keyframe. Receivers keep what they get until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from media.control import EncodingsWanted

if TYPE_CHECKING:
    from media.forwarder import Room
    from media.up_track import UpTrack

DROP_AFTER_S = 10.0  # most falls are over by then (media/allocator.py holds 2 to 16 s); a called-on guest stays longer


class EncodingDemand:
    """What is wanted of one source."""

    def __init__(self) -> None:
        self._taken_at: dict[str, float] = {}
        self._told: frozenset[str] | None = None  # None: nothing, so the publisher makes everything

    def restart(self) -> None:
        """Forget who took what: the source begins anew, and all of it is wanted for a while."""
        self._taken_at.clear()

    def update(self, rids: Sequence[str], taken: Iterable[str], now: float) -> tuple[str, ...] | None:
        """Return the rids to make from now on, poorest first, when that changed; else None.

        Args:
            rids: the source's layers, poorest first. The poorest one is always wanted: it is what everybody falls
                back to and joins with.
            taken: what receivers get or may soon climb to, and the recorder.
            now: monotonic seconds.
        """
        if len(rids) < 2:
            return None
        taken_at = self._taken_at
        for rid in (rids[0], *taken):
            taken_at[rid] = now
        wanted = tuple(rid for rid in rids if now - taken_at.setdefault(rid, now) < DROP_AFTER_S)
        if frozenset(wanted) == (frozenset(rids) if self._told is None else self._told):
            return None
        self._told = frozenset(wanted)
        return wanted


def wanted_encodings(
    track: UpTrack, rids: Sequence[str], taken: Iterable[str], now: float, *, is_recorded: bool
) -> tuple[str, ...] | None:
    """Return which of the negotiated `rids` the publisher of `track` should make, when that changed; else None.

    A layer that was not seen yet, or not with a keyframe, counts as taken: nobody could choose it, and a weak uplink
    may be all that keeps it away. A recorded source is wanted whole, as the recorder takes all but its poorest layer.
    """
    if track.is_muted or not track.is_active or not track.layers:
        return None
    known = [layer.rid for layer in track.ladder(now).layers]
    unseen = [rid for rid in rids if rid not in known]
    order = [*(rid for rid in known if rid in rids), *unseen]
    return track.demand.update(order, order if is_recorded else {*taken, *unseen}.intersection(rids), now)


def poll_demand(room: Room, now: float) -> list[EncodingsWanted]:
    """Return what the publishers of a room must be told; call it about four times a second."""
    taken: dict[UpTrack, set[str]] = {}
    for subscriber in room.subscribers.values():
        for slot, rids in subscriber.policy.wanted_rids().items():
            track = subscriber.slots[slot].track
            if track is not None:
                taken.setdefault(track, set()).update(rids)
    news = []
    for publisher in room.publishers.values():
        for line in publisher.lines:
            track = line.track
            if len(line.media.rids) > 1:
                is_recorded = room.tap is not None and not _is_aside(track)
                wanted = wanted_encodings(track, line.media.rids, taken.get(track, ()), now, is_recorded=is_recorded)
                if wanted is not None:
                    news.append(EncodingsWanted(room.name, track.peer, track.source, wanted))
    return news


def _is_aside(track: UpTrack) -> bool:
    """Return whether a source is seen in small pictures only: then the recorder is content with what they take.

    A village's way up is not to be filled with lines that nobody sees.
    """
    return bool(track.downs) and all(down.slot.startswith("tile") for down in track.downs)
