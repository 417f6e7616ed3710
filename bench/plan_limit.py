"""A plan at its limit of 5 MB: filled over the socket, loaded, stored, begun anew. Part of `bench.planning`.

Half of its 5 MB is words, as if several textbooks had been pasted into it, half the history of letters typed one by
one in the middle of others and deleted, which is what renewing takes out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pycrdt import XmlFragment

from bench.plan_client import PlanClient
from bench.plan_world import PlanWorld, plan_world
from server.planning.document import Node, Text, blank_plan, write_tree
from server.planning.plans import storage
from server.planning.plans.cutting import pieces
from server.planning.plans.structs import look, varint
from server.planning.plans.wire import Sub

PARAGRAPHS, AT_ONCE = 2_000, 90  # of 1.2 kB, so many in one update
STRUCTS = 112_000  # of 24 bytes
CLIENT = (1 << 53) - 111  # a client id as long as there are; nobody else's
_SENTENCE = "没有网络的时候写了很久很久，一天的课都备好了，学生看到的光在水里折了一个角。" * 10
_LETTER = b"\x03\xe5\xad\x97"  # with its length before it


async def write_paragraphs(page: PlanClient, many: int) -> None:
    """Write paragraphs at the plan's end."""
    for begin in range(0, many, AT_ONCE):
        lines = (f"{number}：{_SENTENCE}" for number in range(begin, min(many, begin + AT_ONCE)))
        tree = Node("doc", {}, tuple(Node("paragraph", {}, (Text(line),)) for line in lines))

        def edit(_root: XmlFragment, tree: Node = tree) -> None:
            write_tree(page.doc, tree)

        await page.change(edit)


def history(client: int, structs: int) -> tuple[bytes, bytes]:
    """Return two updates of an editor: letters, each typed between the first and the one before, and all deleted again.

    Written by hand: so many through an editor would take minutes.
    """
    me = varint(client)
    first = me + varint(2)
    made = [b"\x07\x01\x04plan\x03\x09paragraph", b"\x07\x00" + me + b"\x00\x06", b"\x04\x00" + me + b"\x01" + _LETTER]
    made.append(b"\x84" + first + _LETTER)
    made += [b"\xc4" + first + me + varint(clock - 1) + _LETTER for clock in range(4, 2 + structs)]
    typed = b"\x01" + varint(len(made)) + me + b"\x00" + b"".join(made) + b"\x00"
    return typed, b"\x00\x01" + me + b"\x01\x02" + varint(structs)


async def scribble(page: PlanClient, structs: int) -> None:
    """Send a history, and wait until it is stored."""
    typed, deleted = history(CLIENT, structs)
    for part in (*(part for _, part in pieces(look(typed), {}, lambda _: "", "")), deleted):
        page.made += 1
        page.take(part)
        await page.send_update(Sub.UPDATE, part)
    await page.until(lambda: page.unsaved == 0)


async def filled(world: PlanWorld, plan_id: str) -> int:
    """Fill a plan to a little below its limit; return the bytes of its document."""
    pages = [await world.page(name, plan_id) for name in ("王老师", "赵老师")]
    await scribble(pages[1], STRUCTS)
    await write_paragraphs(pages[0], PARAGRAPHS)
    await pages[0].until(lambda: pages[0].unsaved == 0)
    async with world.plans.rooms.using(plan_id) as room:
        size = len(room.core.doc.get_update())
    for page in pages:
        await page.close()
    return size


@asynccontextmanager
async def standstill(worst: list[float]) -> AsyncIterator[None]:
    """Note how long the event loop stood still at the most inside the block, in milliseconds."""
    worst[:] = [0.0]

    async def tick() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.002)
            worst[0] = max(worst[0], (time.perf_counter() - begun - 0.002) * 1000)

    ticking = asyncio.get_running_loop().create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()


async def full_plan(folder: Path) -> dict[str, float]:
    """Return what a plan at its limit takes: milliseconds, and how long each step stops what else the server does."""
    figures: dict[str, float] = {}

    @asynccontextmanager
    async def step(name: str) -> AsyncIterator[None]:
        worst = [0.0]
        async with standstill(worst):
            begun = time.perf_counter()
            yield
            took = (time.perf_counter() - begun) * 1000
            await asyncio.sleep(0.01)
        figures.update({f"full_{name}_ms": round(took), f"full_{name}_stops_ms": round(worst[0])})

    async with plan_world(folder) as world:
        plan = await world.plan(tree=blank_plan({"topic": ["光的折射"]}))
        figures["full_kb"] = round(await filled(world, plan.id) / 1024)
    async with plan_world(folder) as world:
        async with step("load"), world.plans.rooms.using(plan.id):
            pass
        async with step("store"), world.plans.rooms.using(plan.id) as room:
            async with world.database.read() as tx:
                await storage.load(tx, plan.id)
            await room.command(_nothing, snapshot=True)
        lead = await world.person("王老师")
        async with step("version"):
            await world.plans.versions.make(lead, plan.id, "满了", is_final=False)
        page = await world.page("王老师", plan.id)
        await page.write("改坏了")
        await page.until(lambda: page.unsaved == 0)
        async with step("restore"):
            await world.plans.versions.restore(lead, plan.id, 1)
        await page.close()
        async with step("renew"):
            await world.plans.versions.renew(lead, plan.id)
    return figures


async def _nothing(*_: object) -> None:
    """Record nothing beside a snapshot."""
