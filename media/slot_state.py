"""What one video slot of a receiver holds of its source's ladder, while `media/allocator.py` spends the link."""

from __future__ import annotations

import math
from collections.abc import Sequence

from media.ladder import ALL_TIDS, NOT_LIVE, PAUSED, Choice, Ladder, SlotView

REFUGE_S = 1.25  # a sparse layer is kept by its base alone for a dip; what lasts settles where there is room to swing
SIBLING_S = 1.0  # layers that begin within this time of the poorest one begin together
ABSENT_S, MAX_ABSENT_S, FORGIVEN_S = 2.0, 16.0, 60.0  # a layer that vanished must flow so long before it is sent again

LECTURER, SCREEN = "lecturer", "screen"
_NAMES = (LECTURER, SCREEN, "guest", "tile")
_POOREST, _MIDDLE, _FULL = 0, 1, 2
MIDDLE_LINES = 480  # a layer above the poorest with no more lines than this is a middle one
# The order of spending, by slot and kind of layer. A screen's first step comes before everything, what its row says is
# for the rest of it.
_CLASSES: dict[str, tuple[int, int, int]] = {
    LECTURER: (1, 3, 5),
    SCREEN: (2, 2, 2),
    "guest": (4, 6, 8),
    "tile": (7, 9, 10),
    "": (11, 11, 11),
}
_FIRST_OF_SCREEN = 0


class SlotState:
    """What one video slot holds."""

    __slots__ = (
        "absent_at",
        "absent_s",
        "classes",
        "entitled",
        "held",
        "is_fresh",
        "is_lecturer",
        "is_screen",
        "ladder",
        "max_height",
        "paid",
        "refuge_until",
        "sent",
        "sent_before",
        "soon",
        "source",
        "step",
        "stop",
    )

    def __init__(self, name: str) -> None:
        kind = next((prefix for prefix in _NAMES if name.startswith(prefix)), "")
        self.classes = _CLASSES[kind]
        self.is_lecturer = kind == LECTURER
        self.is_screen = kind == SCREEN
        self.begin(None)

    def begin(self, source: object) -> None:
        """Take another source: nothing of the one before counts."""
        self.source = source
        self.ladder = Ladder()
        self.max_height = 0
        self.stop = 0  # the steps that the slot's limit allows
        self.entitled: tuple[str, int, int] | None = None  # rid, tid and number of the layer, once there was one
        self.held = -1  # the step that this is in the ladder of now
        self.step = -1  # … and the one that it becomes
        self.sent = -1  # the step that is sent: the highest one that flows
        self.sent_before = ""  # its layer, the last time
        self.soon = -1  # the first step that is refused only for want of margin or time
        self.paid = 0.0
        self.is_fresh = True
        self.refuge_until = math.inf  # when its layer is given up, of which it has the base only
        self.absent_s, self.absent_at = 0.0, -math.inf

    def take(self, view: SlotView, now: float) -> None:
        """Find what is held in the ladder of now."""
        if view.source is not self.source:
            self.begin(view.source)
        if view.ladder is not self.ladder or view.max_height != self.max_height:
            self.ladder, self.max_height = view.ladder, view.max_height
            self.stop = _stop(view.ladder, view.max_height)
        self.held = min(self._find_held(), self.stop - 1)
        self.step = self.sent = self.soon = -1
        self.paid = 0.0
        if self.sent_before:
            self._note_absence(now)

    def _find_held(self) -> int:
        if self.entitled is None:
            return -1
        rid, tid, old_number = self.entitled
        ladder = self.ladder
        for number, layer in enumerate(ladder.layers):
            if layer.rid == rid:
                start = ladder.ends[number - 1] if number else 0
                return min(start + tid, ladder.ends[number] - 1)
        below = min(old_number, len(ladder.ends))
        return ladder.ends[below - 1] - 1 if below else -1

    def _note_absence(self, now: float) -> None:
        """Let a layer that stopped while it was sent prove itself before it is sent again."""
        for layer in self.ladder.layers:
            if layer.rid == self.sent_before and layer.live_since == NOT_LIVE:
                recent = now - self.absent_at < FORGIVEN_S
                self.absent_s = min(MAX_ABSENT_S, 2 * self.absent_s) if recent else ABSENT_S
                self.absent_at = now
                self.sent_before = ""

    def usable(self, now: float) -> list[bool]:
        """Return for each layer whether it may be sent."""
        needed_s = self.absent_s if now - self.absent_at < FORGIVEN_S else 0.0
        poorest = -1.0
        result = []
        for layer in self.ladder.layers:
            since = layer.live_since
            if since == NOT_LIVE:
                result.append(False)
                continue
            if poorest < 0:
                poorest = since
            result.append(since - poorest <= SIBLING_S or now - since >= needed_s)
        return result

    def is_base(self, step: int) -> bool:
        """Return whether `step` is the base of a layer above the poorest that has more than its base."""
        owners = self.ladder.owners
        return 0 < step < len(owners) - 1 and owners[step - 1] != owners[step] == owners[step + 1]

    def is_sparse(self, step: int) -> bool:
        """Return whether `step` is the base alone of a layer whose lines are not worth the pictures that it costs.

        The first layer above the poorest is worth it: twice 180 lines make a board legible.
        """
        return self.is_base(step) and self.ladder.owners[step] > 1

    def conclude(self, now: float) -> Choice:
        """Remember what was decided and return what to send."""
        ladder = self.ladder
        if ladder.layers:
            self.is_fresh = False
        if not self.is_sparse(self.step):
            self.refuge_until = math.inf
        elif self.refuge_until == math.inf:
            self.refuge_until = now + REFUGE_S
        if self.step >= 0:
            number = ladder.owners[self.step]
            self.entitled = (ladder.layers[number].rid, _tid(ladder, self.step), number)
        elif ladder.layers and self.stop:
            self.entitled = None
        if self.sent < 0:
            return PAUSED
        self.sent_before = rid = ladder.layers[ladder.owners[self.sent]].rid
        return Choice(rid, _tid(ladder, self.sent))


def in_order(slots: Sequence[SlotState], now: float) -> list[tuple[int, int, SlotState, int, int, bool]]:
    """Return the parts of all ladders in the order of spending: class, slot's number, slot, steps, may it be sent."""
    parts = []
    for number, slot in enumerate(slots):
        if not slot.stop:
            continue
        usable = slot.usable(now)
        first = 0
        for layer, (end, is_usable) in enumerate(zip(slot.ladder.ends, usable, strict=True)):
            if end > slot.stop:
                break
            if slot.is_screen and not layer:
                parts.append((_FIRST_OF_SCREEN, number, slot, 0, 1, is_usable))
                first = 1
            height = slot.ladder.layers[layer].height
            kind = _POOREST if not layer else _MIDDLE if height <= MIDDLE_LINES else _FULL
            parts.append((slot.classes[kind], number, slot, first, end, is_usable))
            first = end
    parts.sort(key=_rank)
    return parts


def _rank(part: tuple[int, int, SlotState, int, int, bool]) -> tuple[int, int, int]:
    return part[0], part[1], part[3]


def _stop(ladder: Ladder, max_height: int) -> int:
    """Return how many steps the slot's limit allows: at least the poorest layer's, none for a limit of 0."""
    if max_height <= 0 or not ladder.layers:
        return 0
    fitting = sum(1 for layer in ladder.layers if layer.height <= max_height)
    return ladder.ends[max(fitting, 1) - 1]


def _tid(ladder: Ladder, step: int) -> int:
    """Return the temporal id of a step; the last one of a layer stands for all, also for those still to be seen."""
    number = ladder.owners[step]
    return ALL_TIDS if step == ladder.ends[number] - 1 else step - (ladder.ends[number - 1] if number else 0)
