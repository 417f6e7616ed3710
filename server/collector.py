"""When the web process looks for cyclic garbage: seldom, and at a time of its own.

CPython looks through all objects whenever a quarter more have survived. With 5,000 participants those are a million
objects, and the whole process stood still for 0.3 to 1.7 s, thirteen times while they came in (bench.events). Here
everything that was made by start-up is left out of the count for good, the young are looked through in larger lots, and
all others every ten minutes. Objects without cycles, nearly all, go at once as ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Iterator

YOUNG, MIDDLE = 20_000, 20  # a lot of the young takes about 2 ms
NEVER = 1_000_000  # by itself
ALL_S = 600.0


@contextlib.contextmanager
def seldom_collecting() -> Iterator[None]:
    """Look for garbage seldom inside the block, which runs in an event loop after all has started."""
    before = gc.get_threshold()
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []

    def collect() -> None:
        gc.collect()
        timers[:] = [loop.call_later(ALL_S, collect)]

    collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, NEVER)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        gc.set_threshold(*before)
        gc.unfreeze()
