"""What could be sent in a slot and what it costs: the ladder of a source.

A source's layers are its rungs, its temporal layers the steps between them. A ladder is built once for a source and
shared by all its receivers (`UpTrack.ladder`), so that an allocation a receiver four times a second stays cheap.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

ALL_TIDS = 3  # every temporal layer, also one that was not seen yet: RFC 7741 §4.2 has 2 bits for it
NOT_LIVE = -1.0

# What a layer is taken to cost until it was measured, by lines: the caps that the client gives its encoders
# (web/src/media/simulcast.ts) with 10 % of headers.
_NOMINAL_BPS = ((120, 65_000), (240, 110_000), (480, 390_000), (800, 1_300_000))
_NOMINAL_MAX_BPS = 2_500_000
# How libwebrtc shares a rate among 1, 2 and 3 temporal layers, cumulative (`kLayerRateAllocation` of its VP8 encoder).
_SHARES = ((1.0,), (0.6, 1.0), (0.4, 0.6, 1.0))


def nominal_bps(height: int) -> int:
    """Return what a layer of so many lines is taken to cost before it was measured; 0 lines: not known either."""
    return next((bps for lines, bps in _NOMINAL_BPS if height <= lines), _NOMINAL_MAX_BPS)


def nominal_costs(height: int, top_tid: int) -> tuple[int, ...]:
    """Return the same for each temporal id up to `top_tid`."""
    whole = nominal_bps(height)
    return tuple(int(whole * share) for share in _SHARES[min(top_tid, 2)])


class Choice(msgspec.Struct, frozen=True, gc=False):
    """What to send in a slot: a layer and its highest temporal id (`ALL_TIDS`: whole); `rid` None: paused."""

    rid: str | None
    tid: int = ALL_TIDS


PAUSED = Choice(None, 0)


class LayerView(msgspec.Struct, frozen=True):
    """A layer of a source."""

    rid: str
    height: int  # lines; 0: not known yet
    costs: tuple[int, ...]  # bit/s of whole packets with the temporal ids up to 0, 1, …; never empty
    live_since: float = 0.0  # since when it flows without a break; `NOT_LIVE`: known, but it does not flow now


class Ladder(msgspec.Struct, frozen=True):
    """The layers of a source, poorest first, and the steps that they make."""

    layers: tuple[LayerView, ...] = ()
    costs: tuple[int, ...] = ()  # of each step, by itself; they never fall
    owners: tuple[int, ...] = ()  # of each step: its layer
    ends: tuple[int, ...] = ()  # of each layer: the step behind its last one

    @staticmethod
    def of(layers: Sequence[LayerView]) -> Ladder:
        """Return the ladder of `layers`, poorest first."""
        costs: list[int] = []
        owners: list[int] = []
        ends: list[int] = []
        highest = 0
        for number, layer in enumerate(layers):
            for cost in layer.costs:
                highest = max(highest, cost)
                costs.append(highest)
                owners.append(number)
            ends.append(len(costs))
        return Ladder(tuple(layers), tuple(costs), tuple(owners), tuple(ends))


class SlotView(msgspec.Struct, frozen=True):
    """A slot of a receiver that has a source."""

    slot: str
    is_audio: bool
    max_height: int  # lines; 0: nothing is to be shown
    ladder: Ladder
    source: object = None  # what feeds the slot, told apart by identity: another one begins without a past
