"""Plans of megabytes over real sockets: a document at its limit and beyond it, a day's writing without a network."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from websockets import ConnectionClosed

from bench.plan_client import PlanClient
from bench.plan_limit import CLIENT, filled, history, write_paragraphs
from bench.plan_world import PlanWorld, plan_world
from server.planning.document import Node, blank_plan, plain_text, read_tree
from server.planning.plans.core import MAX_DOCUMENT_BYTES
from server.planning.plans.cutting import pieces
from server.planning.plans.structs import look
from server.planning.plans.wire import MAX_FRAME_BYTES, Close, Sub, sync_frame


def goals(page: PlanClient) -> int:
    """Return which of the plan's blocks is the field of goals: paragraphs stand before and behind the fields here."""
    blocks = read_tree(page.doc).children
    return next(at for at, one in enumerate(blocks) if isinstance(one, Node) and one.attrs.get("field") == "goals")


async def test_five_megabytes_are_opened_written_to_the_last_and_renewed(folder: Path) -> None:
    async with plan_world(folder) as world:
        plan = await world.plan(tree=blank_plan({"topic": ["光的折射"]}))
        size = await filled(world, plan.id)
        assert 0.85 * MAX_DOCUMENT_BYTES < size <= MAX_DOCUMENT_BYTES
    async with plan_world(folder) as world:
        lead, other = await world.person("王老师"), await world.page("赵老师", plan.id)
        page = await world.page("王老师", plan.id)
        await page.write("，近满了", goals(page))
        await other.until(lambda: "近满了" in other.text)
        words = "装不下的话" * 5_000
        for _ in range(15):
            await page.write(words, goals(page))
        assert await page.closed() == Close.DOCUMENT_FULL and page.unsaved > 0
        assert words in page.text and "整理历史" in (page.ended or (0, ""))[1]
        await world.plans.versions.make(lead, plan.id, "满了", is_final=False)  # after what was under way
        shares = await world.plans.versions.written(plan.id)
        before = plain_text(await world.plans.versions.tree_now(lead, plan.id))
        await world.plans.versions.renew(lead, plan.id)
        assert await other.closed() == Close.GENERATION
        fresh = await world.page("赵老师", plan.id)
        assert fresh.text == before and await world.plans.versions.written(plan.id) == shares
        assert len(fresh.doc.get_update()) < 0.8 * size
        await fresh.write("，又能写了", goals(fresh))
        await fresh.until(lambda: fresh.unsaved == 0)
        for one in (page, other, fresh):
            await one.close()


async def test_a_day_without_a_network_comes_over_in_pieces_and_goes_on_after_a_drop(world: PlanWorld) -> None:
    plan = await world.plan()
    page, other = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)
    await page.close()
    await write_paragraphs(page, 1_350)
    missing = len(page.doc.get_update(other.doc.get_state()))
    assert missing > 1_500_000
    await page.resume()
    await page.until(lambda: "100：" in other.text)  # some of it is there
    await page.close()
    kept = other.doc.get_state()
    assert 0 < len(page.doc.get_update(kept)) < missing
    await page.resume()
    await page.until(lambda: page.unsaved == 0)
    await other.until(lambda: other.text == page.text)
    mine = (await world.person("王老师")).id
    assert (await world.plans.versions.written(plan.id)).keys() == {mine}
    await page.close()
    await other.close()


async def test_pieces_out_of_order_too_large_or_of_somebody_else_are_not_taken(world: PlanWorld) -> None:
    plan = await world.plan()
    quiet = await world.page("王老师", plan.id)
    await quiet.write("照")
    await quiet.until(lambda: quiet.unsaved == 0)

    async def sends(frames: list[bytes]) -> int:
        hostile = await world.page("赵老师", plan.id)
        for frame in frames:
            with suppress(ConnectionClosed):
                await hostile.send(frame)
        code = await hostile.closed()
        await hostile.close()
        return code

    typed, _ = history(CLIENT, 30_000)
    parts = [part for _, part in pieces(look(typed), {}, lambda _: "", "")]
    assert len(parts) > 5 and max(map(len, parts)) < MAX_FRAME_BYTES
    assert await sends([sync_frame(Sub.STEP_2, part) for part in reversed(parts)]) == Close.COME_AGAIN
    assert await sends([sync_frame(Sub.STEP_2, typed)]) == 1009
    forged, _ = history(quiet.doc.client_id, 100)
    assert await sends([sync_frame(Sub.UPDATE, forged)]) == Close.FORBIDDEN
    await quiet.write("常")
    await quiet.until(lambda: quiet.unsaved == 0)
    tree = await world.plans.versions.tree_now(await world.person("王老师"), plan.id)
    assert plain_text(tree).startswith("光的折射照常")
    await quiet.close()
