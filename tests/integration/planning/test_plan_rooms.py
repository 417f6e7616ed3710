"""Writing a plan together over real sockets and a real database, and everything that goes wrong there."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import msgspec
import pytest
from pycrdt import Doc, XmlFragment
from sqlalchemy import select, text

from bench.plan_client import PlanClient
from bench.plan_world import PlanWorld, plan_world
from server.accounts import tables as account_tables
from server.accounts.service import digest, epoch_ms, utc_now
from server.planning.document import blank_plan, plain_text, read_tree, write_tree
from server.planning.plans import core, room, rooms
from server.planning.plans.tables import plan_snapshots, plan_updates
from server.planning.plans.tickets import Ticket
from server.planning.plans.wire import Close, Sub, sync_frame
from tests.ports import free_port


async def leave(*pages: PlanClient) -> None:
    for page in pages:
        await page.close()


async def test_what_two_write_is_stored_told_and_theirs_after_a_restart(folder: Path) -> None:
    async with plan_world(folder) as world:
        plan = await world.plan()
        one, other = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)
        await one.write("与反射")
        await other.until(lambda: "反射" in other.text)
        await other.write("现象观察")
        await one.until(lambda: "现象观察" in one.text)
        await other.until(lambda: other.unsaved == 0)
        shares = await world.plans.versions.written(plan.id)
        await leave(one, other)
    async with plan_world(folder) as world:
        again = await world.page("王老师", plan.id)
        assert again.text == other.text
        assert await world.plans.versions.written(plan.id) == shares
        assert sorted(shares.values()) == [3, 4]
        await leave(again)


async def test_thirty_who_write_lose_nothing_when_the_server_restarts(folder: Path) -> None:
    port, chance = free_port(), random.Random(30)
    async with plan_world(folder, port) as world:
        plan = await world.plan(tree=blank_plan({"topic": ["开头"]}))
        for number in range(30):
            await world.person(f"老师{number:02}")
        pages = await asyncio.gather(*(world.page(f"老师{number:02}", plan.id) for number in range(30)))
        for page in chance.sample(pages, 30):
            await page.write(f"〔{pages.index(page):02}甲〕")
    assert all(page.ended is not None for page in pages) or await asyncio.gather(*(page.closed() for page in pages))
    for page in pages:
        await page.write(f"〔{pages.index(page):02}乙〕")  # without a server
    async with plan_world(folder, port) as world:
        await asyncio.gather(*(page.resume() for page in pages))
        for page in pages:
            await page.until(lambda page=page: page.unsaved == 0)  # type: ignore[misc]
        last = await world.page("老师00", plan.id)
        for number in range(30):
            assert last.text.count(f"〔{number:02}甲〕") == 1 and last.text.count(f"〔{number:02}乙〕") == 1
        await leave(last, *pages)


async def test_hostile_frames_end_in_a_clean_close_and_the_others_go_on(world: PlanWorld) -> None:
    plan = await world.plan()
    writer = await world.page("王老师", plan.id)
    chance = random.Random(1)
    doc: Doc[dict[str, XmlFragment]] = Doc()  # type: ignore[type-var]
    write_tree(doc, blank_plan())
    update = doc.get_update()
    frames = [
        b"",
        b"\xff" * 40,
        bytes((0, 9, 0)),
        sync_frame(Sub.UPDATE, b"\x01" + b"\xff" * 9),
        sync_frame(Sub.UPDATE, update[: len(update) // 2]),
        sync_frame(Sub.STEP_1, b"\xff\xff\xff\xff\x7f"),
        bytes((1, 200)) + chance.randbytes(199),
    ]
    for frame in frames:
        hostile = await world.page("赵老师", plan.id)
        await hostile.send(frame)
        assert await hostile.closed() == Close.MALFORMED
        await hostile.close()
    large = await world.page("赵老师", plan.id)
    await large.send(bytes((0, 2)) + bytes(1 << 20))
    assert await large.closed() == 1009
    await writer.write("还在写")
    await writer.until(lambda: writer.unsaved == 0)
    assert writer.ended is None and len(world.plans.rooms) == 1
    await leave(large, writer)


class Panic(BaseException):
    """What the library raises when it fails inside."""


@pytest.mark.parametrize("where", ["on_frame", "taking"])
async def test_a_panic_of_the_library_ends_the_room_and_nothing_else(
    world: PlanWorld, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    plan, other = await world.plan(), await world.plan("另一份")
    writer, reader = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)
    elsewhere = await world.page("王老师", other.id)

    def panic(*_: object) -> None:
        raise Panic("unreachable")

    with monkeypatch.context() as patch:
        async with world.plans.rooms.using(plan.id) as open_room:
            patch.setattr(open_room.core, where, panic)
        await writer.write("不会丢")
        await writer.closed()
        assert await reader.closed() == Close.COME_AGAIN
    await writer.resume()
    await writer.until(lambda: writer.unsaved == 0)
    await elsewhere.write("照常")
    await elsewhere.until(lambda: elsewhere.unsaved == 0)
    assert "不会丢" in plain_text(await world.plans.versions.tree_now(await world.person("王老师"), plan.id))
    await leave(writer, reader, elsewhere)


async def test_nobody_writes_as_another_and_readers_do_not_write(world: PlanWorld) -> None:
    plan = await world.plan()
    writer, forger = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)
    await writer.write("春")
    await forger.until(lambda: "春" in forger.text)
    await writer.tell(1, {"user": {"name": "别人", "school": "别的学校"}})
    await forger.until(lambda: writer.doc.client_id in forger.others)
    user = msgspec.json.decode(forger.others[writer.doc.client_id])["user"]
    assert (user["name"], user["school"]) == ("王老师", "河口小学")
    forged: Doc[dict[str, XmlFragment]] = Doc(client_id=writer.doc.client_id)  # type: ignore[type-var]
    forged.apply_update(writer.doc.get_update())
    before = forged.get_state()
    write_tree(forged, blank_plan({"topic": ["冒名"]}))
    await forger.send(sync_frame(Sub.UPDATE, forged.get_update(before)))
    assert await forger.closed() == Close.FORBIDDEN
    await world.person("来宾", "guest")
    guest = await world.page("来宾", plan.id)
    assert guest.hello["read_only"] and "春" in guest.text
    await guest.send(sync_frame(Sub.STEP_2, forged.get_update(before)))
    assert await guest.closed() == Close.FORBIDDEN
    assert "冒名" not in plain_text(await world.plans.versions.tree_now(await world.person("王老师"), plan.id))
    await leave(writer, forger, guest)


async def test_a_ticket_is_good_for_the_person_who_is_logged_in_only(world: PlanWorld) -> None:
    plan = await world.plan()
    for name in ("王老师", "赵老师"):
        await world.person(name)
    first = (await PlanClient(world.base, plan.id, world.session_of("王老师")).ticket())["ticket"]
    second_tab = PlanClient(world.base, plan.id, world.session_of("赵老师"))
    await second_tab.resume(first)
    assert await second_tab.closed() == Close.SIGNED_OUT
    other = await world.plan("另一份")
    strayed = PlanClient(world.base, other.id, world.session_of("王老师"))
    await strayed.resume(first)
    assert await strayed.closed() == Close.SIGNED_OUT
    stranger = world.plans.tickets.issue(Ticket(plan.id, "nobody"))
    await strayed.resume(stranger)
    assert await strayed.closed() == Close.SIGNED_OUT
    await leave(second_tab, strayed)


async def test_a_server_with_too_many_plans_open_asks_to_come_later(
    world: PlanWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, other = await world.plan(), await world.plan("另一份")
    first = await world.page("王老师", plan.id)
    with monkeypatch.context() as patch:
        patch.setattr(rooms, "MAX_ROOMS", 1)
        late = PlanClient(world.base, other.id, world.session_of("王老师"))
        await late.resume()
        assert await late.closed() == Close.TRY_LATER  # not 4507: nobody need look at the disk
    await late.open()
    await leave(first, late)


async def test_a_log_in_that_runs_out_in_a_sentence_loses_no_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "CHECK_S", 0.05)
    async with plan_world(folder) as short:
        plan = await short.plan()
        page = await short.page("王老师", plan.id)
        await page.write("前半句")
        await page.until(lambda: page.unsaved == 0)
        session, person = digest(short.session_of("王老师")), await short.person("王老师")
        async with short.database.write() as tx:
            await account_tables.remove_session(tx, session)
        assert await page.closed() == Close.SIGNED_OUT
        await page.write("，后半句")
        async with short.database.write() as tx:
            await account_tables.add_session(tx, session, person.id, epoch_ms(utc_now()) + 60_000)
        await page.resume()
        await page.until(lambda: page.unsaved == 0)
        assert "前半句，后半句" in plain_text(await short.plans.versions.tree_now(person, plan.id))
        await page.close()


async def test_a_full_disk_acknowledges_nothing_and_takes_all_when_there_is_room(world: PlanWorld) -> None:
    plan = await world.plan()
    page, reader = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)
    async with world.database.write() as tx:
        pages = (await tx.execute(text("PRAGMA page_count"))).scalar_one()
        await tx.execute(text(f"PRAGMA max_page_count = {pages}"))
    words = "写满为止" * 8_000  # more than what is free in the last pages
    await page.write(words)
    assert await page.closed() == Close.STORAGE_FAILED and page.unsaved == 1
    assert "磁盘已满" in (page.ended or (0, ""))[1]
    assert words not in reader.text
    async with world.database.write() as tx:
        await tx.execute(text("PRAGMA max_page_count = 1073741823"))
    await page.resume()
    await page.until(lambda: page.unsaved == 0)
    await reader.resume()
    await reader.until(lambda: words in reader.text)
    await leave(page, reader)


async def test_a_document_that_has_its_size_takes_no_more_until_its_history_is_put_in_order(
    world: PlanWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "MAX_DOCUMENT_BYTES", 20_000)
    plan = await world.plan()
    page = await world.page("王老师", plan.id)
    for number in range(2):
        await page.write(f"{number}" * 9_000)
    await page.until(lambda: page.unsaved == 0)
    await page.write("多" * 1_000)
    assert await page.closed() == Close.DOCUMENT_FULL and page.unsaved == 1
    lead = await world.person("王老师")
    shares = await world.plans.versions.written(plan.id)
    await world.plans.versions.renew(lead, plan.id)
    await page.resume()
    assert await page.closed() == Close.GENERATION
    fresh = await world.page("王老师", plan.id)
    assert fresh.hello["generation"] == 2 and "1" * 9_000 in fresh.text
    assert await world.plans.versions.written(plan.id) == shares
    await leave(page, fresh)


async def test_an_edit_on_what_is_restored_meanwhile_survives_beside_it(world: PlanWorld) -> None:
    plan = await world.plan(tree=blank_plan({"topic": ["光的折射"], "goals": ["说出折射"]}))
    lead = await world.person("王老师")
    one, other = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)
    await world.plans.versions.make(lead, plan.id, "初稿", is_final=False)
    await one.write("，改坏了", field=3)
    await other.until(lambda: "改坏了" in other.text)
    await other.close()
    await other.write("与反射")  # on what is being restored, without a network
    await world.plans.versions.restore(lead, plan.id, 1)
    await other.resume()
    await other.until(lambda: other.unsaved == 0 and "改坏了" not in other.text)
    await one.until(lambda: one.text == other.text)
    assert one.text.split("\n")[0] == "光的折射与反射" and "说出折射" in one.text
    versions = await world.plans.versions.listed(lead, plan.id)
    assert [version.number for version in versions] == [2, 1]
    kept = await world.plans.versions.see(lead, plan.id, 2)
    assert "改坏了" in kept.text
    await leave(one, other)


async def test_a_version_is_restored_between_two_letters_of_somebody_who_types(world: PlanWorld) -> None:
    plan = await world.plan(tree=blank_plan({"topic": ["光的折射"], "goals": ["说出折射"]}))
    lead = await world.person("王老师")
    one, other = await world.page("王老师", plan.id), await world.page("赵老师", plan.id)
    await world.plans.versions.make(lead, plan.id, "初稿", is_final=False)
    await one.write("，改坏了", field=3)
    await one.until(lambda: one.unsaved == 0)
    begun, typed = asyncio.Event(), asyncio.Event()

    async def hold(*_: object) -> None:
        begun.set()
        await typed.wait()

    async def restore() -> None:
        await world.plans.versions.restore(lead, plan.id, 1)

    async with world.plans.rooms.using(plan.id) as open_room, asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(open_room.command(hold))
        await begun.wait()
        tasks.create_task(restore())
        for letter in "与反射":
            await other.write(letter)
        while open_room.core.next_timeout() is None:  # until the server has them
            await asyncio.sleep(0.005)
        typed.set()
        while "改坏了" in other.text:
            await other.write("！")  # one of these comes while those before it are being stored
            await asyncio.sleep(0.001)
    await other.until(lambda: other.unsaved == 0)
    await one.until(lambda: one.text == other.text)
    assert one.ended is None and other.ended is None and one.text.startswith("光的折射")
    before = await world.plans.versions.see(lead, plan.id, 2)
    assert "改坏了" in before.text and "光的折射与反射" in before.text  # what was typed before is in the version before
    await leave(one, other)


async def test_a_final_plan_is_read_only_until_somebody_begins_a_revision(world: PlanWorld) -> None:
    plan = await world.plan()
    lead = await world.person("王老师")
    page = await world.page("赵老师", plan.id)
    await world.plans.versions.make(lead, plan.id, "", is_final=True)
    assert await page.closed() == Close.COME_AGAIN
    await page.write("来晚了的话")
    await page.resume()
    await page.until(lambda: bool(page.hello))
    assert page.hello["read_only"] and page.unsaved == 1
    cover = (await world.plans.service.see(lead, plan.id)).plan
    await world.plans.service.change(await world.person("赵老师"), plan.id, cover.revision, world.change(state="draft"))
    assert await page.closed() == Close.COME_AGAIN
    await page.resume()
    await page.until(lambda: page.unsaved == 0)
    await leave(page)


async def test_a_room_that_nobody_needs_leaves_memory_with_a_snapshot(
    world: PlanWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "IDLE_S", 0.05)
    plan = await world.plan()
    page = await world.page("王老师", plan.id)
    await page.write("与反射")
    await page.until(lambda: page.unsaved == 0)
    await page.close()
    async with asyncio.timeout(10):
        while len(world.plans.rooms):  # the room's own timer
            await asyncio.sleep(0.02)
    async with world.database.read() as tx:
        rows = (await tx.execute(select(plan_updates.c.seq))).all()
        snapshot = (await tx.execute(select(plan_snapshots.c.seq, plan_snapshots.c.runs))).one()
    assert rows == [] and snapshot.seq == 1 and snapshot.runs
    again = await world.page("王老师", plan.id)
    assert "与反射" in again.text
    assert list((await world.plans.versions.written(plan.id)).values()) == [3]
    await leave(again)


async def test_the_text_of_the_room_is_what_the_pages_show(world: PlanWorld) -> None:
    plan = await world.plan()
    pages = [await world.page(name, plan.id) for name in ("王老师", "赵老师", "孙老师")]
    for turn in range(5):
        await asyncio.gather(*(page.write(f"{turn}{index}。", field=index) for index, page in enumerate(pages)))
    for page in pages:
        await page.until(lambda page=page: page.unsaved == 0)  # type: ignore[misc]
    async with world.plans.rooms.using(plan.id) as open_room:
        whole = plain_text(read_tree(open_room.core.doc))
    for page in pages:
        await page.until(lambda page=page: page.text == whole)  # type: ignore[misc]
    await leave(*pages)
