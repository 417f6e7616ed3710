"""Which layer of its source each slot of a receiver gets: the seam for the controller of weak links.

`Subscriber` describes its slots, a `LayerPolicy` answers. The policy here is the plain one: spend the estimate in the
order of priority, poorest layers first, then better ones; go down at once, up only with a margin that lasted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

AUDIO_BPS = 60_000  # Opus at 32 kbit/s in 20 ms packets with all headers (media.md §3.2: 57 measured)
BUDGET_SHARE = 0.92  # of the estimate; the rest is for reports and resends (media.md §2.8)
UP_MARGIN = 1.15  # media.md §2.8
UP_HOLD_S = 1.0  # after a step down, before the next one up
UP_HOLD_MAX_S = 16.0
_PRIORITIES = ("lecturer", "screen", "guest", "tile")


# What a layer is taken to cost until its rate was measured, by lines (media.md §4.1).
_NOMINAL_BPS = ((120, 60_000), (240, 200_000), (480, 700_000))
_NOMINAL_MAX_BPS = 1_500_000


class LayerView(msgspec.Struct, frozen=True):
    """A layer that could be sent."""

    rid: str
    height: int  # 0: not known yet
    bps: int  # 0: not measured yet

    @property
    def cost_bps(self) -> int:
        """Return what it costs, or is taken to cost."""
        if self.bps or not self.height:
            return self.bps
        return next((bps for height, bps in _NOMINAL_BPS if self.height <= height), _NOMINAL_MAX_BPS)


class SlotView(msgspec.Struct, frozen=True):
    """A slot of a receiver that has a source."""

    slot: str
    is_audio: bool
    max_height: int
    current: str | None  # rid of the layer that is chosen now
    layers: tuple[LayerView, ...]  # live ones, poorest first


class LayerPolicy(Protocol):
    """Choose layers for the slots of one receiver."""

    def choose(self, estimate_bps: int, slots: Sequence[SlotView], now: float) -> Mapping[str, str | None]:
        """Return the rid for each slot; None: send nothing."""

    def unmet_bps(self) -> int:
        """Return by how much the last choice was short of everything that was wanted."""


def priority(slot: str) -> int:
    """Return the rank of a slot by its name, 0 first."""
    for rank, name in enumerate(_PRIORITIES):
        if slot.startswith(name):
            return rank
    return len(_PRIORITIES)


class LayerSelector:
    """The plain policy: what fits the estimate. The lecturer's poorest layer is sent even when it does not fit."""

    def __init__(self) -> None:
        self._spent: dict[str, int] = {}  # slot -> step that it stands on
        self._hold_until = 0.0
        self._hold_s = UP_HOLD_S
        self._stepped_up_at = -100.0
        self._unmet_bps = 0

    def choose(self, estimate_bps: int, slots: Sequence[SlotView], now: float) -> dict[str, str | None]:
        """Return the rid for each slot; None: send nothing."""
        chosen: dict[str, str | None] = {slot.slot: _any(slot) for slot in slots if slot.is_audio}
        left = estimate_bps * BUDGET_SHARE - AUDIO_BPS * sum(1 for rid in chosen.values() if rid is not None)
        videos = sorted((slot for slot in slots if not slot.is_audio), key=lambda slot: priority(slot.slot))
        fitting = {slot.slot: _fitting(slot) for slot in videos}
        steps = self._spend(left, videos, fitting, now)
        wanted = 0
        for slot in videos:
            layers = fitting[slot.slot]
            step = steps[slot.slot]
            chosen[slot.slot] = layers[step].rid if step >= 0 else None
            wanted += (layers[-1].cost_bps if layers else 0) - (layers[step].cost_bps if step >= 0 else 0)
        self._unmet_bps = max(0, wanted)
        return chosen

    def unmet_bps(self) -> int:
        """Return by how much the last choice was short of everything that was wanted."""
        return self._unmet_bps

    def _spend(
        self, left: float, videos: Sequence[SlotView], fitting: Mapping[str, Sequence[LayerView]], now: float
    ) -> dict[str, int]:
        steps = {slot.slot: -1 for slot in videos}
        may_rise = now >= self._hold_until
        fell = rose = False
        depth = max((len(layers) for layers in fitting.values()), default=0)
        for step in range(depth):
            for rank, slot in enumerate(videos):
                layers = fitting[slot.slot]
                if step >= len(layers) or steps[slot.slot] != step - 1:
                    continue
                cost = layers[step].cost_bps - (layers[step - 1].cost_bps if step else 0)
                has_now = self._spent.get(slot.slot, -1) >= step
                fits = cost * (1.0 if has_now else UP_MARGIN) <= left and (has_now or may_rise or step == 0)
                if fits or (step == 0 and rank == 0):
                    steps[slot.slot] = step
                    left -= cost
                    rose = rose or (step > 0 and not has_now)
                elif has_now:
                    fell = True
        self._note(fell, rose, now)
        self._spent = steps
        return steps

    def _note(self, fell: bool, rose: bool, now: float) -> None:
        """Hold after a step down; twice as long when the step up before it did not last."""
        if fell:
            soon = now - self._stepped_up_at < 2 * UP_HOLD_MAX_S
            self._hold_s = min(self._hold_s * 2, UP_HOLD_MAX_S) if soon else UP_HOLD_S
            self._hold_until = now + self._hold_s
        elif rose:
            self._stepped_up_at = now


def _any(slot: SlotView) -> str | None:
    return slot.layers[-1].rid if slot.layers and slot.max_height > 0 else None


def _fitting(slot: SlotView) -> Sequence[LayerView]:
    """Return the layers that the slot's limit allows: at least the poorest one, none for a limit of 0."""
    if slot.max_height <= 0 or not slot.layers:
        return ()
    return [layer for layer in slot.layers if layer.height <= slot.max_height] or slot.layers[:1]
