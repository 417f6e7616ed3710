"""A plan on a full disk: versions, restoring, renewing, snapshots. Writing itself is in `test_plan_rooms.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select, text

from bench.plan_client import PlanClient
from bench.plan_world import PlanWorld
from server.planning.document import blank_plan, plain_text
from server.planning.plans import room
from server.planning.plans.core import PlanCore
from server.planning.plans.tables import plan_snapshots
from server.planning.plans.wire import Close
from server.storage.database import Transaction
from signaling.errors import Unavailable

WORDS = "没有地方放的话" * 8_000  # 168 kB: more than what is free in the last pages
UNLIMITED = 1_073_741_823


async def limit(tx: Transaction, left: int = 0) -> None:
    """Let the database grow by so many pages of 4 kB, and no further."""
    pages = (await tx.execute(text("PRAGMA page_count"))).scalar_one()
    await tx.execute(text(f"PRAGMA max_page_count = {pages + left}"))


@asynccontextmanager
async def full_disk(world: PlanWorld, left: int = 0) -> AsyncIterator[None]:
    async with world.database.write() as tx:
        await limit(tx, left)
    yield
    async with world.database.write() as tx:
        await tx.execute(text(f"PRAGMA max_page_count = {UNLIMITED}"))


async def written(page: PlanClient, words: str) -> None:
    await page.write(words)
    await page.until(lambda: page.unsaved == 0)


def is_told(error: pytest.ExceptionInfo[Unavailable]) -> bool:
    """Return whether a person is told what is, what happens, and what to do."""
    return error.value.code == "disk_full" and "没有保存" in error.value.detail and "请管理员清理" in error.value.detail


async def test_a_version_that_has_no_room_is_refused_and_the_writing_goes_on(world: PlanWorld) -> None:
    plan, lead = await world.plan(), await world.person("王老师")
    page, reader = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)
    await written(page, WORDS)
    for is_final in (False, True):
        async with full_disk(world):
            with pytest.raises(Unavailable) as error:
                await world.plans.versions.make(lead, plan.id, "初稿", is_final=is_final)
        assert is_told(error)
    assert await world.plans.versions.listed(lead, plan.id) == ()
    assert (await world.plans.service.see(lead, plan.id)).plan.state == "draft"
    await written(page, "接着写")
    await reader.until(lambda: reader.text == page.text)
    assert page.ended is None and reader.ended is None
    made = await world.plans.versions.make(lead, plan.id, "初稿", is_final=False)
    assert made.number == 1 and WORDS + "接着写" in (await world.plans.versions.see(lead, plan.id, 1)).text
    await page.close()
    await reader.close()


async def test_whoever_asks_for_a_version_is_answered_when_what_was_typed_before_has_no_room(world: PlanWorld) -> None:
    plan, lead = await world.plan(), await world.person("王老师")
    page = await world.page("王老师", plan.id)
    begun, typed = asyncio.Event(), asyncio.Event()

    async def fill(tx: Transaction, _core: PlanCore) -> None:
        begun.set()
        await typed.wait()
        await limit(tx)

    async with world.plans.rooms.using(plan.id) as open_room, asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(open_room.command(fill))
        await begun.wait()
        version = tasks.create_task(refused(world.plans.versions.make(lead, plan.id, "初稿", is_final=False)))
        await page.write(WORDS)
        while open_room.core.next_timeout() is None:  # until the server has it
            await asyncio.sleep(0.005)
        typed.set()
        assert (await version).code == "disk_full"
    assert await page.closed() == Close.STORAGE_FAILED and page.unsaved == 1
    async with world.database.write() as tx:
        await tx.execute(text(f"PRAGMA max_page_count = {UNLIMITED}"))
    await page.resume()
    await page.until(lambda: page.unsaved == 0)
    await page.close()


async def refused(command: Awaitable[object]) -> Unavailable:
    with pytest.raises(Unavailable) as error:
        await command
    return error.value


async def test_restoring_without_room_changes_nothing_and_can_be_done_again(world: PlanWorld) -> None:
    plan = await world.plan(tree=blank_plan({"topic": ["光的折射"], "goals": ["说出折射"]}))
    lead = await world.person("王老师")
    page, other = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)
    await world.plans.versions.make(lead, plan.id, "初稿", is_final=False)
    await written(page, WORDS)
    shares = await world.plans.versions.written(plan.id)
    async with full_disk(world):
        with pytest.raises(Unavailable) as error:
            await world.plans.versions.restore(lead, plan.id, 1)
        assert is_told(error)
        assert await page.closed() == await other.closed() == Close.STORAGE_FAILED
        await other.write("，没有断", field=3)  # typed while nothing can be stored
        await page.resume()
        await page.until(lambda: bool(page.hello))
        assert WORDS in plain_text(await world.plans.versions.tree_now(lead, plan.id))
        assert await world.plans.versions.written(plan.id) == shares
    assert [one.number for one in await world.plans.versions.listed(lead, plan.id)] == [1]
    await other.resume()
    await other.until(lambda: other.unsaved == 0)
    await world.plans.versions.restore(lead, plan.id, 1)
    await page.until(lambda: WORDS not in page.text)
    before = await world.plans.versions.see(lead, plan.id, 2)
    assert WORDS in before.text and "，没有断" in before.text
    await page.close()
    await other.close()


async def test_clearing_the_history_without_room_leaves_the_plan_as_it_is(world: PlanWorld) -> None:
    plan, lead = await world.plan(), await world.person("王老师")
    page = await world.page("王老师", plan.id)
    await written(page, WORDS)
    async with full_disk(world):
        with pytest.raises(Unavailable) as error:
            await world.plans.versions.renew(lead, plan.id)
    assert is_told(error) and page.ended is None
    assert await world.plans.versions.listed(lead, plan.id) == ()
    await written(page, "接着写")
    await world.plans.versions.renew(lead, plan.id)
    assert await page.closed() == Close.GENERATION
    fresh = await world.page("王老师", plan.id)
    assert fresh.hello["generation"] == 2 and WORDS + "接着写" in fresh.text
    await page.close()
    await fresh.close()


async def test_a_snapshot_that_has_no_room_disturbs_nobody_and_is_taken_later(
    world: PlanWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("SNAPSHOT_ROWS", 2), ("TIDY_AGAIN_S", 0.0), ("IDLE_S", 0.05)):
        monkeypatch.setattr(room, name, value)
    plan = await world.plan()
    page, reader = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)

    async def snapshot() -> int:
        async with world.database.read() as tx:
            return int((await tx.execute(select(plan_snapshots.c.seq))).scalar_one())

    await written(page, WORDS)
    async with full_disk(world, left=8):  # for letters, not for a snapshot
        for letter in "接着写":
            await written(page, letter)
        await reader.until(lambda: reader.text == page.text)
        assert page.ended is None and reader.ended is None and await snapshot() == 0
        await page.close()
        await reader.close()
        async with asyncio.timeout(10):
            while len(world.plans.rooms):  # the room's own timer
                await asyncio.sleep(0.02)
        page = await world.page("王老师", plan.id)
        assert WORDS + "接着写" in page.text and await snapshot() == 0
    await written(page, "下去")
    async with asyncio.timeout(10):
        while await snapshot() != 5:
            await asyncio.sleep(0.02)
    await page.close()
