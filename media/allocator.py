"""Which layer of its source each slot of a receiver gets: how the estimate of its link is spent.

Theory of operation. First the voices are paid for in full, then a reserve for lesson events and page images, then
pictures in strict classes: the shared screen's first step, the lecturer's poorest layer, the whole screen, the
lecturer's middle layer, the guest, … (`media/slot_state.py`). Within a layer the temporal layers are steps of their
own, so a link that loses a little costs pictures a second and not lines.

What a slot holds it keeps while it fits, and loses at once when it does not. A step up needs a margin, and the lowest
budget of a sliding window counts, so one good moment climbs nothing. After a fall nobody climbs for a while; the pause
doubles when what was climbed to did not last, and is short when the budget is far above the need: the link returned.

What a slot is entitled to and what it gets are two things. A layer that does not flow, because nobody took it or its
publisher is short of uplink, can be entitled to: `wanted_rids` tells so, `media/demand.py` has it made, and it is sent
as soon as it flows. Until then the best one below it is. `docs/adaptation.md` has the ladder and its constants.

A receiver with 5 slots costs about 25 µs a choice (`python -m bench.allocation`).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence

from media.ladder import PAUSED, Choice, SlotView
from media.slot_state import SlotState, in_order

BUDGET_SHARE = 0.92  # of the estimate; the rest is for reports and what is measured late (media.md §2.8)
MAX_RTX_SHARE = 0.25  # resends take no more than this of the estimate
RESERVE_SHARE, RESERVE_MAX_BPS = 0.05, 25_000  # for lesson events and page images; 25 kbit/s is media.md §4.3
LECTURER_FLOOR_BPS = 18_000  # with this much left the lecturer is seen, if only at 2 pictures a second
# … and is not given up for less than this time below it: to come back costs a keyframe, which is a second of such a
# link, and meanwhile pacing alone keeps pictures out of the way of the voice.
PAUSE_AFTER_S = 2.0
# The base of a small layer is given up last of all: estimates of narrow links are too low for long while a keyframe
# passes, and what truly cannot pass waits at our side (tests/scenarios/test_weak_link_rates.py has such a link).
SMALL_STEP_BPS, SMALL_PAUSE_AFTER_S = 45_000, 20.0
UP_MARGIN = 1.15  # what a step up needs, against its cost (media.md §2.8)
# The base of a layer is kept while it costs no more than this share of the budget: what it costs swings with what is
# seen, the budget has a reserve, and to give up lines and take them again costs two keyframes.
STAY_FACTOR = 1.2
CLEAR_MARGIN = 1.5  # so far above the need the link is another one: the pause after a fall is cut short
LOW_S, BRIEF_LOW_S = 1.5, 0.5  # the lowest budget of so long counts for lines, and for pictures a second
HOLD_S, MAX_HOLD_S = 2.0, 8.0  # after a fall; mediasoup's 10 s are complained of as too soon and too late at once
CLEAR_HOLD_SHARE = 0.25  # of the hold, when the budget is clear
FAILED_S = 10.0  # a fall within this time of a climb says that the climb was wrong
STEP_HOLD_S = 1.0  # after a lost temporal step, before the next one up


class _Lowest:
    """The lowest of the values of the last `span_s` seconds."""

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._items: deque[tuple[float, float]] = deque()  # rising values

    def add(self, value: float, now: float) -> float:
        """Add a value; return the lowest one. What was before the window counts until it left it."""
        items = self._items
        while items and items[-1][1] >= value:
            items.pop()
        items.append((now, value))
        while items[0][0] < now - self._span_s:
            items.popleft()
        return items[0][1]


class LayerAllocator:
    """Spend the link of one receiver."""

    def __init__(self) -> None:
        self._slots: dict[str, SlotState] = {}
        self._ceiling_bps = 0
        self._video_allowed = True
        self._low = _Lowest(LOW_S)
        self._brief_low = _Lowest(BRIEF_LOW_S)
        self._fell_at = self._rose_at = self._stepped_down_at = -math.inf
        self._hold_s = 0.0
        self._floor_at = -math.inf  # when the lecturer's floor was last there
        self._wanted_bps = self._next_bps = 0
        # of the choice that is being made
        self._now = 0.0
        self._budget = self._most = self._lowest = self._briefly_lowest = 0.0
        self._promised = 0.0  # to steps that only wait for their time
        self._asked = 0.0  # what a climb was tried for

    def set_limit(self, ceiling_bps: int, *, video_allowed: bool = True) -> None:
        """Never spend more than `ceiling_bps` (0: no ceiling), or nothing on video."""
        self._ceiling_bps = ceiling_bps
        self._video_allowed = video_allowed

    def choose(
        self, estimate_bps: float, slots: Sequence[SlotView], now: float, *, audio_bps: float, rtx_share: float = 0.0
    ) -> Mapping[str, Choice]:
        """Return what to send in each of `slots`.

        Args:
            estimate_bps: what the link carries, in bit/s of whole packets.
            slots: the slots that have a source, audio too.
            now: monotonic seconds.
            audio_bps: what the voices cost now, with headers and their repair. It is never cut.
            rtx_share: the share of the estimate that resends take, 0..1.
        """
        share = BUDGET_SHARE * (1 - min(MAX_RTX_SHARE, rtx_share))
        ceiling = self._ceiling_bps or math.inf
        left = min(estimate_bps, ceiling) * share - audio_bps
        self._now = now
        self._budget = _without_reserve(left)
        self._most = min(STAY_FACTOR * self._budget, _without_reserve(ceiling * share - audio_bps))
        self._lowest = self._low.add(self._budget, now)
        self._briefly_lowest = self._brief_low.add(self._budget, now)
        chosen = {view.slot: _voice(view) for view in slots if view.is_audio}
        videos = [self._take(view) for view in slots if not view.is_audio] if self._video_allowed else []
        if len(self._slots) > len(videos) and self._video_allowed:
            names = {view.slot for view in slots}
            self._slots = {name: slot for name, slot in self._slots.items() if name in names}
        refused = self._spend(videos, left)
        self._note_falls(videos)
        for view in slots:
            if not view.is_audio:
                chosen[view.slot] = self._slots[view.slot].conclude(now) if self._video_allowed else PAUSED
        everything = sum(slot.ladder.costs[slot.stop - 1] for slot in videos if slot.stop)
        self._wanted_bps = self._estimate_for(everything, audio_bps, share)
        self._next_bps = self._estimate_for(refused, audio_bps, share) if refused else 0
        return chosen

    def wanted_bps(self) -> int:
        """Return the estimate that would allow everything, for `LinkController.set_wanted`; the ceiling holds."""
        return self._wanted_bps

    def next_bps(self) -> int:
        """Return the estimate that would allow the next step; 0: nothing is refused. The ceiling holds."""
        return self._next_bps

    def wanted_rids(self) -> Mapping[str, Sequence[str]]:
        """Return for each video slot what it gets, is entitled to or may soon climb to: input of the demand."""
        found = {}
        for name, slot in self._slots.items():
            ladder = slot.ladder
            numbers = {ladder.owners[step] for step in (slot.sent, slot.step, slot.soon) if step >= 0}
            if slot.paid * CLEAR_MARGIN > self._budget and slot.stop:
                # It may fall: what it would fall to must flow then. Whoever is not sent anything begins below.
                numbers.add(max(0, ladder.owners[slot.sent] - 1) if slot.sent >= 0 else 0)
            found[name] = tuple(ladder.layers[number].rid for number in numbers)
        return found if self._video_allowed else {}

    # --- one choice ------------------------------------------------------------------------------------------------

    def _take(self, view: SlotView) -> SlotState:
        slot = self._slots.get(view.slot)
        if slot is None:
            slot = self._slots[view.slot] = SlotState(view.slot)
        slot.take(view, self._now)
        return slot

    def _spend(self, slots: Sequence[SlotState], left: float) -> float:
        """Give steps to `slots` in the order of classes; return what the first one refused would need, 0: none."""
        spent = refused = 0.0
        self._promised = 0.0
        for _, _, slot, first, end, is_usable in in_order(slots, self._now):
            if slot.step < first - 1:
                continue
            costs, held = slot.ladder.costs, slot.held
            for step in range(first, end):
                total = spent - slot.paid + costs[step]
                self._asked = 0.0
                fits = self._may_stay(slot, step, total) if step <= held else self._may_rise(slot, step, total)
                if step == 0 and slot.is_lecturer:
                    fits = self._is_seen(left - spent, held, costs[0]) or fits
                if not fits:
                    refused = refused or max(total, self._asked)
                    break
                slot.step = step
                if is_usable:
                    slot.sent, slot.paid, spent = step, costs[step], total
        return refused

    def _may_stay(self, slot: SlotState, step: int, total: float) -> bool:
        """Return whether `slot` may keep a step that it holds, with which `total` would be spent."""
        if total <= self._budget and step == slot.held and self._now >= slot.refuge_until:
            costs = slot.ladder.costs
            total += costs[step + 1] - costs[step]
        return total <= (self._most if slot.is_base(step) else self._budget)

    def _is_seen(self, left: float, held: int, cost: float) -> bool:
        """Return whether the lecturer gets the first step with `left` bit/s, whatever it costs."""
        if left >= LECTURER_FLOOR_BPS * (UP_MARGIN if held < 0 else 1):
            self._floor_at = self._now
            return True
        patience_s = SMALL_PAUSE_AFTER_S if cost <= SMALL_STEP_BPS else PAUSE_AFTER_S
        return held >= 0 and self._now - self._floor_at < patience_s

    def _may_rise(self, slot: SlotState, step: int, total: float) -> bool:
        """Return whether `slot` may climb to `step`, with which `total` would be spent."""
        owners = slot.ladder.owners
        if slot.is_sparse(step):
            # Sharper but jerky is no gain: such a layer is climbed to with its second temporal layer, and left below
            # its first.
            total += slot.ladder.costs[step + 1] - slot.ladder.costs[step]
        self._asked = total
        if total > self._budget:
            return False
        slot.soon = step
        needed = (total + self._promised) * UP_MARGIN
        if needed > self._budget:
            return False
        if slot.is_fresh:
            return True
        if step and owners[step] == owners[step - 1]:
            return needed <= self._briefly_lowest and self._now >= self._stepped_down_at + STEP_HOLD_S
        waits_s = self._fell_at + self._hold_s - self._now
        lowest = self._lowest if self._hold_s else self._briefly_lowest
        if waits_s <= 0 and needed <= lowest:
            return True
        is_clear = (total + self._promised) * CLEAR_MARGIN <= self._briefly_lowest
        if is_clear and self._now >= self._fell_at + CLEAR_HOLD_SHARE * self._hold_s:
            return True
        if waits_s <= HOLD_S:  # it is next: what it will take is not given to others for a moment
            self._promised += slot.ladder.costs[step] - slot.paid
        return False

    def _note_falls(self, slots: Sequence[SlotState]) -> None:
        """Hold after a fall; twice as long when the climb before it did not last."""
        fell = rose = stepped_down = False
        for slot in slots:
            if slot.is_fresh or slot.held == slot.step:
                continue
            owners = slot.ladder.owners
            before = owners[slot.held] if slot.held >= 0 else -1
            after = owners[slot.step] if slot.step >= 0 else -1
            fell = fell or after < before
            rose = rose or after > before
            stepped_down = stepped_down or slot.step < slot.held
        if stepped_down:
            self._stepped_down_at = self._now
        if rose:
            self._rose_at = self._now  # who fell made room for who rose
        elif fell:
            failed = self._now - self._rose_at < FAILED_S
            self._hold_s = min(MAX_HOLD_S, 2 * self._hold_s) if failed and self._hold_s else HOLD_S
            self._fell_at, self._rose_at = self._now, -math.inf

    def _estimate_for(self, video_bps: float, audio_bps: float, share: float) -> int:
        """Return the estimate that lets pictures of `video_bps` be climbed to."""
        needed = video_bps * UP_MARGIN
        left = min(needed / (1 - RESERVE_SHARE), needed + RESERVE_MAX_BPS)
        wanted = math.ceil((left + audio_bps) / share)
        return min(wanted, self._ceiling_bps) if self._ceiling_bps else wanted


def _without_reserve(bps: float) -> float:
    return bps - max(0.0, min(RESERVE_SHARE * bps, RESERVE_MAX_BPS))


def _voice(view: SlotView) -> Choice:
    layers = view.ladder.layers
    return Choice(layers[-1].rid) if layers and view.max_height > 0 else PAUSED
