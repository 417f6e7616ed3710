"""A server that is killed while ten people write: `python -m bench.planning_kills`. Prints one JSON line.

Fifty times: the server starts, ten pages connect and bring what it does not have, they type letters (each is another
one) into paragraphs that they share, and after a random moment the server gets SIGKILL. Then the database is read as
it lies there:

- `lost`: letters that a page had an acknowledgement for and that are not in the document. The goal is 0.
- `twice`: letters that stand there more than once.
- `differing`: kills after which the authors, loaded from snapshot and rows as the room does, were not those of a replay
  of every update since the first. Snapshots are taken every few rows here, so that kills hit them too.

In the end all pages connect to a last server, and everybody has every letter that was typed: `missing` is 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from pycrdt import Doc, XmlElement, XmlFragment, XmlText
from sqlalchemy import text

from bench.plan_client import PlanClient
from bench.plan_world import PlanWorld, plan_world
from server.planning.authorship.attribution import Attribution
from server.planning.document import Node, Text, plain_text, read_tree
from server.planning.plans import storage
from server.planning.plans.batches import load
from server.storage.database import Database, open_database, sqlite_url
from tests.ports import free_port

KILLS, WRITERS, LINES = 50, 10, 4
SNAPSHOT_ROWS = 15
FIRST_LETTER = 0x4E00
READY_S, CONNECT_S = 60.0, 30.0

# What a snapshot makes superfluous is kept here all the same, for the replay.
_KEEP = (
    "CREATE TABLE kept (seq INTEGER, author_id TEXT, blob BLOB)",
    "CREATE TRIGGER keep BEFORE DELETE ON plan_updates BEGIN "
    "INSERT INTO kept VALUES (OLD.seq, OLD.author_id, OLD.blob); END",
)


class Writer:
    """Somebody who types, and knows which letters were acknowledged."""

    def __init__(self, page: PlanClient, letters: list[str], chance: random.Random) -> None:
        self.page = page
        self.typed: list[str] = []
        self._letters = letters
        self._chance = chance

    async def type(self) -> None:
        """Type until the server is gone."""
        while self.page.ended is None:
            await self.page.change(self._put)
            await asyncio.sleep(self._chance.uniform(0.005, 0.05))

    def _put(self, root: XmlFragment) -> None:
        line = root.children[self._chance.randrange(LINES)]
        assert isinstance(line, XmlElement)
        shared = line.children[0]
        assert isinstance(shared, XmlText)
        letter = self._letters.pop()
        self.typed.append(letter)
        shared.insert(3 * self._chance.randrange(len(shared) // 3 + 1), letter)  # 3 bytes each

    @property
    def acknowledged(self) -> list[str]:
        """Return the letters that the server has said it has: each was one update."""
        return self.typed[: self.page.saved]


async def _round(folder: Path, port: int, writers: list[Writer], chance: random.Random) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.plan_world", "--data", str(folder), "--port", str(port)),
        *("--snapshot-rows", str(SNAPSHOT_ROWS)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(READY_S):
            assert await process.stdout.readline() == b"ready\n"
        async with asyncio.timeout(CONNECT_S):
            await asyncio.gather(*(writer.page.open() for writer in writers))
        async with asyncio.TaskGroup() as tasks:
            typing = [tasks.create_task(writer.type()) for writer in writers]
            await asyncio.sleep(chance.uniform(0.05, 0.6))
            process.send_signal(signal.SIGKILL)
            await process.wait()
            await asyncio.wait(typing, timeout=CONNECT_S)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _lying(database: Database, plan_id: str, first: bytes) -> tuple[str, dict[str, int], dict[str, int]]:
    """Return the words that are on the disk, their authors as the room loads them, and those of a full replay."""
    async with database.read() as tx:
        stored = await storage.load(tx, plan_id)
        kept = (await tx.execute(text("SELECT seq, author_id, blob FROM kept ORDER BY seq"))).all()
    loaded = load(stored)
    doc: Doc[Any] = Doc()
    doc.apply_update(first)
    replay = Attribution(plain_text(read_tree(doc)))
    rows = [(row.author_id, row.blob) for row in kept] + [(row.author, row.blob) for row in stored.rows]
    for author, blob in rows:
        doc.apply_update(blob)
        replay.step(plain_text(read_tree(doc)), author)
    return plain_text(read_tree(loaded.doc)), _shares(loaded.attribution), _shares(replay)


def _shares(attribution: Attribution) -> dict[str, int]:
    return {str(author): count for author, count in attribution.shares().items()}


async def _main(kills: int, seed: int) -> None:
    chance, port = random.Random(seed), free_port()
    letters = [chr(FIRST_LETTER + at) for at in range(20_000)]
    chance.shuffle(letters)
    with tempfile.TemporaryDirectory(prefix="kills") as name:
        folder = Path(name)
        async with plan_world(folder) as world:
            plan = await world.plan(
                tree=Node("doc", {}, tuple(Node("paragraph", {}, (Text("〇"),)) for _ in range(LINES)))
            )
            names = [f"teacher{number}" for number in range(WRITERS)]
            for one in names:
                await world.person(one)
        lost = twice = differing = acknowledged = 0
        async with open_database(sqlite_url(folder / "tongtang.db")) as database:
            async with database.write() as tx:
                first = (await storage.load(tx, plan.id)).blob
                for statement in _KEEP:
                    await tx.execute(text(statement))
            base = f"http://127.0.0.1:{port}"
            pages = [PlanClient(base, plan.id, PlanWorld.session_of(one)) for one in names]
            writers = [Writer(page, letters, random.Random(f"{seed}{at}")) for at, page in enumerate(pages)]
            for _ in range(kills):
                await _round(folder, port, writers, chance)
                words, loaded, replayed = await _lying(database, plan.id, first)
                counts = Counter(words)
                acknowledged = sum(len(writer.acknowledged) for writer in writers)
                lost += sum(1 for writer in writers for letter in writer.acknowledged if not counts[letter])
                twice += sum(1 for letter, count in counts.items() if count > 1 and letter not in "〇\n")
                differing += loaded != replayed
        async with plan_world(folder, port) as world:
            await asyncio.gather(*(page.open() for page in pages))
            for page in pages:
                await page.until(lambda page=page: page.unsaved == 0)  # type: ignore[misc]
            whole = plain_text(await world.plans.versions.tree_now(await world.person(names[0]), plan.id))
            missing = sum(1 for writer in writers for letter in writer.typed if whole.count(letter) != 1)
            await asyncio.gather(*(page.close() for page in pages))
    figures = {"kills": kills, "writers": WRITERS, "typed": sum(len(one.typed) for one in writers)}
    figures |= {"acknowledged_at_last_kill": acknowledged, "lost": lost, "twice": twice}
    print(json.dumps({"bench": "planning_kills", **figures, "differing": differing, "missing": missing}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=6)
    asked = parser.parse_args()
    asyncio.run(_main(asked.kills, asked.seed))
