"""Writing one plan together: `python -m bench.planning`. Prints one JSON line.

- Thirty people type into one plan for a while, each in a paragraph of their own, four letters a second each; the server
  is a process of its own on loopback, the thirty pages another. `p50_ms`, `p95_ms`, `max_ms`: from the moment that a
  letter is in one page's document until it is in another's, over all pairs. The goal is p95 <= 60.
- Two hundred plans of `OPEN_CHARACTERS` are open in one process, each with a page at it: `open_mb`, the memory of the
  process above nothing (its resident set). The goal is 400.
- A plan of 25,000 characters: `load_ms` from the snapshot to a room that serves; and `load_rows_ms` when a crash left
  the most updates after the snapshot that there can be. Each is the median of 9 loads. The goal is 100.
- A plan at its limit of 5 MB (`bench.plan_limit`): `full_load_ms`, and what storing a snapshot, keeping a version,
  restoring it and renewing the plan take; `full_…_stops_ms`: how long each stopped what else the process does at the
  most. Goal: 100.

All processes look for garbage as the server does (`server/collector.py`): as seldom as that, and not among what was
made before; else every second load has 80 ms more, for looking through the modules.

The time until that plan can be edited in a browser is a figure of `bench.planning_browser`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from bench.plan_client import PlanClient
from bench.plan_limit import full_plan
from bench.plan_world import PlanWorld, plan_world
from server.collector import seldom_collecting
from server.planning.authorship.attribution import Attribution
from server.planning.document import Node, Text, blank_plan, plain_text, read_tree, write_tree
from server.planning.plans.batches import load
from server.planning.plans.core import PlanCore
from server.planning.plans.storage import Row, Stored
from tests.ports import free_port

EDITORS, A_SECOND, SECONDS = 30, 4.0, 12.0
OPEN, OPEN_CHARACTERS = 200, 5_000
LARGE_CHARACTERS, ROWS, LOADS = 25_000, 40, 9  # after so many rows of so long a plan the server takes a snapshot
FIRST_LETTER = 0x4E00  # of 20,992 unified ideographs: each keystroke is another one, and is known again by it
_LETTERS = re.compile("[\u4e00-\u9fff]")
READY_S = 60.0
MB = 1 << 20


def long_plan(characters: int, chance: random.Random) -> Node:
    """Return a plan of so many characters: paragraphs of 50, as plans have them."""
    words = "".join(chr(FIRST_LETTER + chance.randrange(3_000)) for _ in range(characters))
    paragraphs = tuple(Node("paragraph", {}, (Text(words[at : at + 50]),)) for at in range(0, characters, 50))
    tree = blank_plan()
    process = tree.children[5]
    assert isinstance(process, Node)
    filled = Node(process.kind, process.attrs, paragraphs)
    return Node("doc", {}, (*tree.children[:5], filled, *tree.children[6:]))


@contextlib.asynccontextmanager
async def server_process(folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Run the server in a process of its own; yield its address and its process id."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.plan_world", "--data", str(folder), "--port", str(port)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(READY_S):
            assert await process.stdout.readline() == b"ready\n"
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


# --- keystroke to the others ----------------------------------------------------------------------------------------


class _Typing:
    """The moments at which letters were typed, and how long each took to others."""

    def __init__(self) -> None:
        self.typed: dict[str, float] = {}
        self.took: list[float] = []
        self.letters = iter(range(FIRST_LETTER, FIRST_LETTER + 20_000))

    def heard(self, update: bytes) -> None:
        now = time.perf_counter()
        for letter in _LETTERS.findall(update.decode("utf-8", "ignore")):
            if (typed := self.typed.get(letter)) is not None:
                self.took.append((now - typed) * 1000)


async def _type(page: PlanClient, typing: _Typing, place: int, chance: random.Random, seconds: float) -> None:
    await asyncio.sleep(chance.random() / A_SECOND)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        letter = chr(next(typing.letters))
        typing.typed[letter] = time.perf_counter()
        await page.change(lambda root, letter=letter: _append(root, place, letter))  # type: ignore[misc]
        await asyncio.sleep(chance.uniform(0.5, 1.5) / A_SECOND)


def _append(root: XmlFragment, place: int, letter: str) -> None:
    line = root.children[place]
    assert isinstance(line, XmlElement)
    text = line.children[0]
    assert isinstance(text, XmlText)
    text.insert(len(text), letter)


async def keystrokes(folder: Path, seconds: float) -> dict[str, float]:
    """Return how long a keystroke takes to the others."""
    lines = tuple(Node("paragraph", {}, (Text("ABC"),)) for _ in range(EDITORS))
    async with plan_world(folder) as world:
        plan = await world.plan(tree=Node("doc", {}, lines))
        names = [f"teacher{number}" for number in range(EDITORS)]
        for name in names:
            await world.person(name)
    typing = _Typing()
    async with server_process(folder) as (base, _):
        pages = [PlanClient(base, plan.id, PlanWorld.session_of(name)) for name in names]
        await asyncio.gather(*(page.open() for page in pages))
        for page in pages:
            page.on_update = typing.heard
        async with asyncio.TaskGroup() as tasks:
            for number, page in enumerate(pages):
                tasks.create_task(_type(page, typing, number, random.Random(number), seconds))
        for page in pages:
            await page.until(lambda page=page: page.unsaved == 0)  # type: ignore[misc]
        await asyncio.sleep(0.5)
        texts = {page.text for page in pages}
        assert len(texts) == 1, "they do not have the same text"
        await asyncio.gather(*(page.close() for page in pages))
    took = sorted(typing.took)
    return {
        "keystrokes": len(typing.typed),
        "p50_ms": round(took[len(took) // 2], 1),
        "p95_ms": round(took[len(took) * 95 // 100], 1),
        "max_ms": round(took[-1], 1),
    }


# --- many open documents --------------------------------------------------------------------------------------------


async def open_documents(folder: Path) -> dict[str, float]:
    """Return what a process takes with many plans open."""
    chance = random.Random(3)
    async with plan_world(folder) as world:
        plans = [await world.plan(f"plan {at}", long_plan(OPEN_CHARACTERS, chance)) for at in range(OPEN)]
    async with server_process(folder) as (base, process):
        empty = _resident(process)
        pages = [PlanClient(base, plan.id, PlanWorld.session_of("王老师")) for plan in plans]
        for page in pages:
            await page.open()
        for page in pages:
            await page.write("字")
            await page.until(lambda page=page: page.unsaved == 0)  # type: ignore[misc]
        full = _resident(process)
        await asyncio.gather(*(page.close() for page in pages))
    return {"open_documents": OPEN, "empty_mb": round(empty / MB), "open_mb": round(full / MB)}


def _resident(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) << 10  # type: ignore[union-attr]


# --- a large plan ---------------------------------------------------------------------------------------------------


def large_plan() -> dict[str, float]:
    """Return how long a large plan takes to be served."""
    doc: Doc[Any] = Doc()
    write_tree(doc, long_plan(LARGE_CHARACTERS, random.Random(5)))
    runs = Attribution(plain_text(read_tree(doc))).encode()
    snapshot = Stored(0, doc.get_update(), runs, (), {})
    rows: list[Row] = []
    watch = doc.observe(lambda event: rows.append(Row(len(rows) + 1, f"person{len(rows) % 4}", event.update)))
    process = doc.get("plan", type=XmlFragment).children[5]
    assert isinstance(process, XmlElement)
    for number in range(ROWS):
        line = process.children[number]
        assert isinstance(line, XmlElement)
        text = line.children[0]
        assert isinstance(text, XmlText)
        text.insert(0, "新")
    doc.unobserve(watch)
    replayed = Stored(0, snapshot.blob, runs, tuple(rows), {})
    return {
        "snapshot_kb": round(len(snapshot.blob) / 1024),
        "load_ms": _load_ms(snapshot, LOADS),
        "load_rows_ms": _load_ms(replayed, LOADS),
    }


def _load_ms(stored: Stored, times: int) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        core = PlanCore(load(stored), 1)
        core.join("person", {}, 0, 0.0, writes=True)
        core.doc.get_update()
        took.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(took), 1)


async def _main(seconds: float) -> None:
    with seldom_collecting():
        print(json.dumps({"bench": "planning", "editors": EDITORS} | await _figures(seconds)))


async def _figures(seconds: float) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="planning") as name:
        folder = Path(name)
        for part in ("keys", "open"):
            (folder / part).mkdir()
        figures |= await keystrokes(folder / "keys", seconds)
        figures |= await open_documents(folder / "open")
    figures |= large_plan()
    with tempfile.TemporaryDirectory(prefix="planning") as name:
        figures |= await full_plan(Path(name))
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    asyncio.run(_main(parser.parse_args().seconds))
