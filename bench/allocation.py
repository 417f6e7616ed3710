"""What it costs to choose layers for a receiver: `python -m bench.allocation`. Prints one JSON line, in µs a choice.

Five slots, of which four show pictures in three layers with up to three temporal layers each, as in a lesson with a
guest and a shared screen. The median of many rounds, for links on which all, some or almost nothing fits.
"""

from __future__ import annotations

import json
import statistics
import time

from media.allocator import LayerAllocator
from media.ladder import Ladder, LayerView, SlotView, nominal_costs

ROUNDS, CHOICES = 30, 200
ESTIMATES_BPS = (5_000_000, 900_000, 300_000, 120_000)


def _slots() -> list[SlotView]:
    camera = Ladder.of(
        [
            LayerView(rid, lines, nominal_costs(lines, top))
            for rid, lines, top in (("q", 180, 1), ("h", 360, 2), ("f", 720, 2))
        ]
    )
    screen = Ladder.of([LayerView("l", 360, (100_000,)), LayerView("h", 720, (600_000,))])
    voice = Ladder.of([LayerView("", 0, (40_000,))])
    return [
        SlotView("lecturer", is_audio=False, max_height=720, ladder=camera, source=1),
        SlotView("screen", is_audio=False, max_height=720, ladder=screen, source=2),
        SlotView("guest", is_audio=False, max_height=360, ladder=camera, source=3),
        SlotView("tile0", is_audio=False, max_height=180, ladder=camera, source=4),
        SlotView("audio0", is_audio=True, max_height=1, ladder=voice, source=5),
    ]


def measure(estimate_bps: int) -> float:
    """Return the µs of one choice at an estimate that swings a little."""
    allocator, slots, now = LayerAllocator(), _slots(), 0.0
    rounds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for number in range(CHOICES):
            now += 0.25
            allocator.choose(estimate_bps * (1 + 0.01 * (number % 5)), slots, now, audio_bps=57_000)
        rounds.append((time.perf_counter() - begin) / CHOICES)
    return round(statistics.median(rounds) * 1e6, 1)


def main() -> None:
    """Measure and print."""
    print(json.dumps({"us_per_choice": {str(bps): measure(bps) for bps in ESTIMATES_BPS}}))


if __name__ == "__main__":
    main()
