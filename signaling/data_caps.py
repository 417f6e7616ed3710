"""Data caps: what a school lets a lesson cost it, and which seats that holds down.

A cap belongs to a school and holds for each of its screens and phones by itself. It is told to the media plane, which
keeps it whatever the link allows.
"""

from __future__ import annotations

import msgspec

from signaling import messages as m
from signaling.effects import LimitLink

MIN_CEILING_BPS = 64_000  # a voice with its headers and repair needs about 45 kbit/s
MAX_CEILING_BPS = 10_000_000  # more than all pictures of a lesson together


class DataCap(msgspec.Struct, frozen=True):
    """What a school allows."""

    ceiling_bps: int = 0  # 0: no ceiling
    video_allowed: bool = True

    @property
    def is_open(self) -> bool:
        """Return whether nothing is held down."""
        return not self.ceiling_bps and self.video_allowed

    def most_of(self, estimate_bps: int) -> int:
        """Return what of a link that carries `estimate_bps` may be used: a good link held down is no sharp picture."""
        held_bps = self.ceiling_bps or estimate_bps
        return min(estimate_bps, held_bps if self.video_allowed else min(held_bps, MIN_CEILING_BPS))


OPEN = DataCap()


class DataCaps:
    """The caps that matter in one room."""

    def __init__(self) -> None:
        self._caps: dict[str, DataCap] = {}
        self._schools: dict[m.PeerId, str] = {}

    def seat(self, peer: m.PeerId, school_id: str) -> None:
        """Note to which school a seat belongs; empty: to none."""
        self._schools[peer] = school_id

    def forget(self, peer: m.PeerId) -> None:
        """Drop a seat."""
        self._schools.pop(peer, None)

    def set(self, school_id: str, cap: DataCap) -> list[m.PeerId]:
        """Change a school's cap; return the seats that it now holds down otherwise."""
        if self._caps.get(school_id, OPEN) == cap:
            return []
        self._caps[school_id] = cap
        return self.seats_of(school_id)

    def of(self, peer: m.PeerId) -> DataCap:
        """Return the cap of a seat."""
        return self._caps.get(self._schools.get(peer, ""), OPEN)

    def seats_of(self, school_id: str) -> list[m.PeerId]:
        """Return the seats of a school."""
        return [peer for peer, school in self._schools.items() if school == school_id]

    def limit(self, peer: m.PeerId) -> LimitLink:
        """Return what the media plane must be told of a seat."""
        cap = self.of(peer)
        return LimitLink(peer, cap.ceiling_bps, cap.video_allowed)
