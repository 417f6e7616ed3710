"""The same program on PostgreSQL: migrations, and the workshop's stories as they are told on SQLite elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from bench.plan_client import PlanClient
from bench.plan_world import serving
from server.app import build_app
from server.asking import SESSION_COOKIE
from server.storage.database import open_database
from server.storage.migrate import revisions, upgrade
from server.storage.schema import metadata
from signaling.errors import Refused, Unavailable
from tests.integration.postgresql.conftest import Postgres
from tests.integration.server.conftest import World
from tests.integration.server.planning import (
    test_credits,
    test_groups,
    test_meetings,
    test_plan_library,
    test_plan_templates,
    test_research_story,
    test_reviews,
    test_search,
    test_shares,
    test_teaching,
)
from tests.integration.server.planning.conftest import Workshop
from tests.ports import free_port

GROUP = {"kind": "jiaoyanzu", "name": "云岭小学科学教研组", "subject": "科学", "stage": "小学"}
WORDS = "光的折射规律研究 社火 唐卡 é abc123"


async def found_group(world: World) -> Workshop:
    answer = await (await world.client("lin")).post("/api/groups", json=GROUP)
    assert answer.status_code == 201, answer.text
    return Workshop(world, answer.json()["group"]["id"])


async def test_migrations_lead_step_by_step_to_the_tables_of_the_program(postgres: Postgres) -> None:
    url = (await postgres.make()).replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url)
    for revision in revisions():
        await upgrade(engine, revision)
    await upgrade(engine)  # a second start changes nothing
    async with engine.connect() as connection:
        found = await connection.run_sync(
            lambda sync: {
                name: {column["name"] for column in inspect(sync).get_columns(name)}
                for name in inspect(sync).get_table_names()
            }
        )
    await engine.dispose()
    for table in metadata.tables.values():
        assert found[table.name] >= {column.name for column in table.columns}, table.name


async def test_a_database_that_does_not_answer_is_told_in_words(postgres: Postgres) -> None:
    with pytest.raises(Unavailable) as caught:
        async with open_database(f"postgresql://tongtang:secret@127.0.0.1:{free_port()}/x"):
            pass
    assert caught.value.code == "storage_unavailable"
    with pytest.raises(Unavailable) as refused:
        async with open_database(postgres.url("nosuchdatabase")):
            pass
    assert refused.value.code == "storage_failed"


async def test_of_two_who_change_the_same_row_one_is_told(postgres: Postgres, migrated: str) -> None:
    async with open_database(await postgres.make(migrated)) as database:
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO schools (id, name, kind, region) VALUES ('s', '甲', 'rural', '乙')"))
        both = asyncio.Barrier(2)

        async def rename(name: str) -> None:
            async with database.write() as tx:
                await tx.execute(text("SELECT name FROM schools"))
                await both.wait()
                await tx.execute(text("UPDATE schools SET name = :name WHERE id = 's'"), {"name": name})

        told = await asyncio.gather(rename("丙"), rename("丁"), return_exceptions=True)
        [refused] = [one for one in told if one is not None]
        assert isinstance(refused, Refused) and refused.code == "conflict"


async def test_two_write_one_plan_over_sockets_and_find_it_by_one_to_eight_characters(world: World) -> None:
    workshop = await found_group(world)
    await workshop.join("he")
    body = {"group_id": workshop.group, "title": "影子的秘密", "subject": "科学"}
    plan = (await workshop.send("lin", "POST", "/api/plans", body, 201))["id"]
    async with serving(build_app(world.services, world.folder / "no-dist"), free_port()) as base:

        async def page(name: str) -> PlanClient:
            cookie = (await world.client(name)).cookies[SESSION_COOKIE]
            return await PlanClient(base, plan, cookie).open()

        one, other = await page("lin"), await page("he")
        await one.write(WORDS)
        await other.until(lambda: WORDS in other.text)
        await other.write("，何老师补充")
        await one.until(lambda: "何老师补充" in one.text and one.text == other.text)
        await other.until(lambda: other.unsaved == 0)
        text_now = one.text
        await one.close()
        await other.close()
        again = await page("lin")
        assert again.text == text_now
        await again.close()
    made = await workshop.send("lin", "POST", f"/api/plans/{plan}/versions", {"name": "初稿"}, 201)
    assert made["number"] == 1
    for length in range(1, 9):
        for typed in (WORDS[:length], "折射规律研究"[-length:]):
            assert ("plan", "影子的秘密") in await test_search.found(workshop, "he", typed), typed
    for typed in ("é", "abc", "社火 唐卡", "何老师"):
        assert ("plan", "影子的秘密") in await test_search.found(workshop, "he", typed), typed
    for typed in ("折光", "射规研", "%", "' OR 1=1", "ma"):
        assert await test_search.found(workshop, "he", typed) == [], typed
    assert await test_search.found(workshop, "yang", "折射") == [], "a stranger reads no draft"


Story = Callable[[Any], Awaitable[None]]


@pytest.mark.parametrize(
    "story",
    [
        test_groups.test_people_join_by_invitation_only_and_the_log_tells_it,
        test_groups.test_the_database_refuses_to_rewrite_the_log,
        test_plan_library.test_open_tasks_wait_for_their_owner_until_done_or_until_they_leave,
        test_plan_templates.test_a_template_is_made_of_a_plan_and_begins_the_next_one,
        test_search.test_members_find_drafts_and_others_only_what_is_final,
        test_search.test_published_resources_are_found_with_the_words_of_their_pages_until_withdrawn,
        test_search.test_an_index_of_another_version_is_made_anew,
        test_shares.test_the_shares_are_what_each_typed,
        test_teaching.test_a_final_version_gives_a_lesson_of_the_timetable_what_it_needs,
    ],
    ids=lambda story: story.__name__,
)
async def test_the_workshop(world: World, story: Story) -> None:
    await story(await found_group(world))


@pytest.mark.parametrize(
    "story",
    [
        test_meetings.test_a_resolution_is_closed_by_evidence_alone,
        test_meetings.test_what_was_held_is_logged_once_with_who_was_there,
    ],
    ids=lambda story: story.__name__,
)
async def test_meetings_are_held(world: World, story: Story) -> None:
    workshop = test_meetings.Workshop(world)
    await workshop.found()
    await story(workshop)


async def test_a_lesson_is_reviewed_and_its_items_are_closed(world: World) -> None:
    workshop = await found_group(world)
    for one in ("he", "ma", "yang"):
        await workshop.join(one)
    lesson = await world.lesson(open_to_observers=True)
    reviewed = test_reviews.Reviewed(workshop, lesson["id"])
    await test_reviews.test_items_are_closed_by_what_comes_after(reviewed)


@pytest.mark.parametrize(
    "story",
    [
        test_credits.test_credits_wait_for_their_window_and_are_posted_once,
        test_credits.test_the_ledger_cannot_be_rewritten,
        test_credits.test_what_is_taken_back_leaves_two_entries_and_no_badge,
    ],
    ids=lambda story: story.__name__,
)
async def test_credits_are_posted(world: World, story: Story) -> None:
    world.clock.ahead = -15 * test_credits.DAY
    await story(world)


async def test_the_demonstration_tells_its_story(world: World) -> None:
    await test_research_story.test_the_story_is_told_once_and_hangs_together(world)
