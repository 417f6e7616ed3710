"""What a participant's link allows, in words, and what its slots show: the notices `Links` and `Slots`.

Notices are not part of the room's state: nobody stores them, and a new socket is told everything again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from signaling import messages as m
from signaling.slots import Assignment

LOWER_AFTER = 2  # reports (2 s each) in a row before a link is called worse: a single gap is not worth a word
HD_LINES, CLEAR_LINES = 720, 360  # look.md: 高清 and 清晰
HD_BPS, CLEAR_BPS, SMOOTH_BPS = 1_000_000, 300_000, 120_000  # rungs of an idle link: what the publisher's layers need
_ORDER: tuple[m.Rung, ...] = ("audio", "slides_audio", "smooth", "clear", "hd")
_LARGE = ("lecturer", "screen", "guest")
_STATES: dict[str, m.LinkState] = {"normal": "ok", "recover": "ok", "suspect": "suspect", "outage": "outage"}


class SlotReception(msgspec.Struct, frozen=True):
    """What flows in one slot."""

    slot: m.Slot
    height: int
    bps: int
    paused: bool


class Reception(msgspec.Struct, frozen=True):
    """What the media plane reports of one participant, every 2 s."""

    rtt_ms: int
    loss_pct: float
    estimate_bps: int
    uplink_loss_pct: float
    slots: tuple[SlotReception, ...]
    sent_bytes: int = 0  # by its present connection, grows from 0
    state: Literal["normal", "suspect", "outage", "recover"] = "normal"


class LinkBoard:
    """The last known link of each participant."""

    def __init__(self) -> None:
        self._links: dict[m.PeerId, m.Link] = {}
        self._worse: dict[m.PeerId, int] = {}
        self._lost: set[m.PeerId] = set()
        self._paths: dict[m.PeerId, m.MediaPath] = {}

    def on_report(self, peer: m.PeerId, report: Reception, rung: m.Rung, audio_ok: bool) -> m.Rung:
        """Take in a report and the rung that it amounts to; return the rung that is told."""
        self._links[peer] = m.Link(
            peer=peer,
            rung=self._steady(peer, rung),
            rtt_ms=report.rtt_ms,
            loss_pct=round(report.loss_pct, 1),
            down_bps=report.estimate_bps,
            audio_ok=audio_ok and peer not in self._lost,
            path=self._path(peer),
            uplink_loss_pct=round(report.uplink_loss_pct, 1),
            state=self._state(peer, _STATES[report.state]),
        )
        return self._links[peer].rung

    def on_bill(self, peer: m.PeerId, bytes_down: int, *, limited: bool) -> None:
        """Take in what the lesson has cost `peer` so far, and whether a data cap holds it down."""
        link = self._links.get(peer)
        if link is not None:
            self._links[peer] = msgspec.structs.replace(link, bytes_down=bytes_down, limited=limited)

    def on_path(self, peer: m.PeerId, state: Literal["connected", "lost"]) -> None:
        """Take in that the media path of `peer` was lost or is back."""
        if state == "lost":
            self._lost.add(peer)
        else:
            self._lost.discard(peer)
        link = self._links.get(peer)
        if link is not None:
            self._links[peer] = msgspec.structs.replace(
                link,
                path=self._path(peer),
                audio_ok=link.audio_ok and peer not in self._lost,
                state=self._state(peer, "ok"),
            )

    def on_way(self, peer: m.PeerId, path: m.MediaPath) -> None:
        """Take in which way media takes, as the client says."""
        self._paths[peer] = path

    def forget(self, peer: m.PeerId) -> None:
        """Drop what is known of `peer`: it left, or its media was closed."""
        self._links.pop(peer, None)
        self._worse.pop(peer, None)
        self._lost.discard(peer)
        self._paths.pop(peer, None)

    def state(self, peer: m.PeerId) -> m.LinkState:
        """Return how the link of `peer` is; one that nothing is known of is well."""
        link = self._links.get(peer)
        return "ok" if link is None else link.state

    def all(self) -> m.Links:
        """Return all links."""
        return m.Links(tuple(self._links.values()))

    def by_peer(self) -> Mapping[m.PeerId, m.Link]:
        """Return all links by whose they are; to be read only."""
        return self._links

    def _path(self, peer: m.PeerId) -> m.MediaPath | Literal["none"]:
        return "none" if peer in self._lost else self._paths.get(peer, "unknown")

    def _state(self, peer: m.PeerId, told: m.LinkState) -> m.LinkState:
        return "outage" if peer in self._lost else told

    def _steady(self, peer: m.PeerId, rung: m.Rung) -> m.Rung:
        """Return `rung`, or the better one of before until it was worse for `LOWER_AFTER` reports."""
        before = self._links.get(peer)
        if before is None or _ORDER.index(rung) >= _ORDER.index(before.rung):
            self._worse[peer] = 0
            return rung
        self._worse[peer] = self._worse.get(peer, 0) + 1
        if self._worse[peer] < LOWER_AFTER:
            return before.rung
        self._worse[peer] = 0
        return rung


def rung_of(report: Reception, feeds: Assignment, limits: Mapping[m.Slot, int], has_pages: bool) -> m.Rung:
    """Return the rung of a receiver: the tallest large picture that flows, of those that it wants.

    A receiver that wants only small pictures, or none, is judged by the estimate of its link.
    """
    wanted = {slot for slot, feed in feeds.items() if feed is not None and limits.get(slot, 1) > 0}
    large = [one for one in report.slots if one.slot in _LARGE and one.slot in wanted]
    if large:
        height = max(one.height for one in large)
        if height >= HD_LINES:
            return "hd"
        if height >= CLEAR_LINES:
            return "clear"
        if height > 0:
            return "smooth"
        return "slides_audio" if has_pages else "audio"
    for rung, floor_bps in (("hd", HD_BPS), ("clear", CLEAR_BPS), ("smooth", SMOOTH_BPS)):
        if report.estimate_bps >= floor_bps:
            return rung  # type: ignore[return-value]  # the tuple's strings are rungs
    return "slides_audio" if has_pages else "audio"


def slots_notice(report: Reception | None, feeds: Assignment) -> m.Slots:
    """Return what the pictures and voices of a receiver show now, in the order of its slots."""
    flowing = {one.slot: one for one in report.slots} if report is not None else {}
    fills: list[m.SlotFill] = []
    for slot, feed in feeds.items():
        seen = flowing.get(slot)
        if feed is None:
            fills.append(m.SlotFill(slot))
        else:
            height, paused = (seen.height, seen.paused) if seen is not None else (0, False)
            fills.append(m.SlotFill(slot, feed.peer, feed.source, height, paused))
    return m.Slots(tuple(fills))
