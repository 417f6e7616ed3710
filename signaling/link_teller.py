"""Which links are worth telling to whom: a room in which nothing happens is to say nothing.

Whoever watches links is told all of them once for each socket, and then those that look different. What people read as
words (the rung, the sound, the state of the way, a band of loss or delay that has a word of its own) is told with the
next notice; what they read as figures at most every 10 s, and only when the figure has really changed. The notices of
an idle room went from 1.2 kbit/s for a classroom and 3 kbit/s for a lecturer of 20 to nothing (bench.events).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

import msgspec

from signaling import messages as m

FIGURES_S = 10.0  # what is read as a figure is read seldom
LOSS_BANDS_PCT = (1.0, 3.0, 8.0, 20.0)  # pictures are held back from 1 % (playout.ts), 3 % is said in words
SLOW_MS = 600  # said in words (linkRemark.ts)
NOTICEABLE = 0.25  # of a delay or a rate: less is noise of the estimate
RTT_NOISE_MS = 20
LOSS_NOISE_PCT = 0.5
BYTES_STEP, BYTES_SHARE = 1_000_000, 0.05  # megabytes are shown with one decimal, from 10 on with none


class _Told(msgspec.Struct):
    link: m.Link
    at: float  # seconds


class LinkTeller:
    """What each viewer was told of each link on its present socket."""

    def __init__(self) -> None:
        self._told: dict[m.PeerId, dict[m.PeerId, _Told]] = {}

    def forget(self, viewer: m.PeerId) -> None:
        """Begin anew with `viewer`: it has another socket, or left."""
        self._told.pop(viewer, None)

    def keep(self, viewers: Iterable[m.PeerId]) -> None:
        """Forget everyone but `viewers`: who is away is told everything on coming back."""
        for viewer in self._told.keys() - set(viewers):
            del self._told[viewer]

    def tell(self, viewer: m.PeerId, seen: Mapping[m.PeerId, m.Link], now: float) -> m.Links | None:
        """Return what `viewer` must be told of the links that it may see; None: nothing."""
        told = self._told.get(viewer)
        if told is None:
            if not seen:
                return None
            self._told[viewer] = {peer: _Told(link, now) for peer, link in seen.items()}
            return m.Links(tuple(seen.values()))
        gone = tuple(peer for peer in told if peer not in seen)
        for peer in gone:
            del told[peer]
        changed = tuple(link for peer, link in seen.items() if _is_news(told.get(peer), link, now))
        for link in changed:
            told[link.peer] = _Told(link, now)
        return m.Links(changed, whole=False, gone=gone) if changed or gone else None


def _is_news(told: _Told | None, link: m.Link, now: float) -> bool:
    if told is None:
        return True
    if told.link is link:
        return False
    if _words(told.link) != _words(link):
        return True
    return now - told.at >= FIGURES_S and _have_figures_changed(told.link, link)


def _words(link: m.Link) -> tuple[object, ...]:
    """Return what is read as words."""
    loss, uplink_loss = (bisect_right(LOSS_BANDS_PCT, pct) for pct in (link.loss_pct, link.uplink_loss_pct))
    slow = link.rtt_ms >= SLOW_MS
    return link.rung, link.audio_ok, link.path, link.state, link.limited, loss, uplink_loss, slow


def _have_figures_changed(before: m.Link, after: m.Link) -> bool:
    return (
        abs(after.rtt_ms - before.rtt_ms) > max(RTT_NOISE_MS, NOTICEABLE * before.rtt_ms)
        or abs(after.down_bps - before.down_bps) > NOTICEABLE * before.down_bps
        or abs(after.loss_pct - before.loss_pct) > max(LOSS_NOISE_PCT, NOTICEABLE * before.loss_pct)
        or abs(after.uplink_loss_pct - before.uplink_loss_pct)
        > max(LOSS_NOISE_PCT, NOTICEABLE * before.uplink_loss_pct)
        or after.bytes_down - before.bytes_down > max(BYTES_STEP, BYTES_SHARE * before.bytes_down)
    )
